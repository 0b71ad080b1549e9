"""Verification 预报评估 from end to end: what was issued, what came, and by which definition a goal is met."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import polars as pl
import pytest

from lantian.assessment.service import Assessment
from lantian.disclosure.verification_bulletin import verification
from lantian.forecast import runner, scores
from lantian.forecast.clearing import events
from lantian.forecast.duty import Correction
from lantian.forecast.peers_store import PeerStore
from lantian.forecast.service import Forecasts
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.web import create_app
from lantian.web.security import COOKIE
from tests.forecast import made, statistics_made
from tests.forecast.test_peers import cams, cmaq, wrfchem

from . import test_forecast
from .beijing import token
from .conftest import TestClient

town = test_forecast.town
CITY = statistics_made.REGION
FIRST = statistics_made.FIRST + timedelta(days=2 * statistics_made.DAYS - 12)


def text_of(platform: Platform, path: str) -> str:
    """A page as an analyst sees it, without its tags."""
    with TestClient(create_app(platform)) as client:
        client.cookies.set(COOKIE, token(platform, "analyst"))
        answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def rows_of(text: str, first: str, last: str) -> str:
    """What stands between two headings."""
    return text.split(first, 1)[1].split(last, 1)[0]


@pytest.fixture
def issued(fresh: Platform) -> Platform:
    """Three evenings' forecasts by statistics that had learnt nothing of them; on the first the duty forecaster
    corrected a day. Now all their days are over.
    """
    statistics_made.load(fresh, later=timedelta(days=statistics_made.DAYS), days=60)
    calibrator, forecasts = statistics_made.calibrator("history", statistics_made.UNLEARNT), Forecasts(fresh)
    assert calibrator.ends < FIRST
    for number in range(3):
        day = FIRST + timedelta(days=number)
        fresh.clock.set_simulated(statistics_made.moment(day, 20), paused=True)
        run = runner.issue_forecast(
            fresh, statistics_made.moment(day, 20), "history", calibrator, actor="test", progress=Progress()
        )
        if number == 0:
            said = Correction(CITY, day + timedelta(days=1), 210, 260, "inversion", ("pm25",))
            forecasts.correct(run, said, "test")
    fresh.clock.set_simulated(statistics_made.moment(FIRST + timedelta(days=11), 20), paused=True)
    return fresh


@pytest.mark.requirement("F5", part="clearing windows of what was issued are held against what came, on the page")
def test_when_dirty_air_cleared_is_measured_too(issued: Platform) -> None:
    evening = statistics_made.moment(FIRST + timedelta(days=4), 20)
    end = issued.clock.now()
    issued.clock.set_simulated(evening, paused=True)
    calibrator, job = statistics_made.calibrator("history", statistics_made.UNLEARNT), {"actor": "test"}
    run = runner.issue_forecast(issued, evening, "history", calibrator, progress=Progress(), **job)
    issued.clock.set_simulated(end, paused=True)
    said = Forecasts(issued).clearing(run, [CITY], ["lantian"]).row(0, named=True)
    hourly = Assessment(issued).air.hourly([CITY], evening - timedelta(days=9), end)
    (spell,) = events(hourly).filter(pl.col("dirty") < evening, pl.col("clear") >= evening).to_dicts()
    error = abs((said["begins"] - spell["clear"]) / timedelta(hours=1))
    text = text_of(issued, f"/verification?place={CITY}&days=30")
    assert f"转清：1 次起报时空气污染，转清时刻平均差 {error:.0f} 小时" in text
    assert f"报的概率平均 {100 * said['probability']:.0f} %" in text
    (row,) = Forecasts(issued).clearing_scores("history", hourly, [CITY], run.day, run.day).to_dicts()
    assert row["error"] == error


@pytest.mark.requirement("F5")
def test_what_was_issued_is_measured_by_lead_against_the_goals(issued: Platform) -> None:
    forecasts = Forecasts(issued)
    runs = forecasts.runs()
    days = pl.concat([forecasts.published(run, [CITY]) for run in runs])
    assert sorted(days["lead"]) == sorted([1, 2, 3, 4, 5, 6, 7] * 3)
    assert (days["aqi_low"] <= days["aqi_high"]).all()
    assert (days["level_low"] <= days["level_high"]).all()
    assert days.filter(pl.col("aqi") > 50)["primary"].list.len().min() >= 1
    assert days.select(pl.sum_horizontal(f"p{k}" for k in range(1, 7)))["p1"].to_list() == pytest.approx([1.0] * 21)
    corrected = days.filter(source="duty").row(0, named=True)
    assert (corrected["date"], corrected["aqi_low"], corrected["aqi_high"]) == (FIRST + timedelta(days=1), 210, 260)
    ours = forecasts.outlook(runs[-1], [CITY], ["lantian"]).filter(date=corrected["date"])
    assert ours["aqi_low"].item() != 210  # what the system said stays beside it

    observed = Assessment(issued).air.daily([CITY], FIRST, FIRST + timedelta(days=10))
    said = pl.concat([forecasts.values(run, [CITY], ["lantian"]) for run in runs])
    text = text_of(issued, f"/verification?place={CITY}&days=30")
    table = rows_of(text, "24 小时（提前 1 天）", "AQI、级别与首要污染物")
    paper = " ".join(verification(issued, f"{FIRST}..{FIRST + timedelta(days=10)}", place=CITY).summary)
    for item, symbol, goal in (("pm25", "PM2.5", 85), ("o3_8h", "O3-8h", 80)):
        pairs = said.filter(item=item).join(observed.select("date", pl.col(item).alias("seen")), on="date")
        for name in ("accuracy", "within_25"):
            reached = []
            for lead in range(1, 8):
                cases = pairs.filter(lead=lead)
                error = (cases["value"] - cases["seen"]).abs()
                share = 1 - error.sum() / cases["seen"].sum()
                reached.append(share if name == "accuracy" else (error <= 0.25 * cases["value"]).mean())
            verdict = "达到" if reached[0] >= goal / 100 else "未达到"
            printed = " ".join(f"{100 * share:.0f} %" for share in reached)
            counted = "1 − Σ|F − O| / ΣO" if name == "accuracy" else "|F − O| ≤ 0.25 F 的天数比例"
            assert f"{symbol} ≥ {goal} % {counted} 3 {printed} {'✓' if verdict == '达到' else '✗'} {verdict}" in table
            assert scores.DEFINITIONS[name].formula in text
            counted = "1−NME" if name == "accuracy" else "误差25%以内的天数"
            assert f"{symbol}按{counted}为{100 * reached[0]:.0f}%（3例" in paper.replace("−0%", "0%")
            assert f"，目标{goal}%，{verdict}；提前2天" in paper
    assert "没有查到官方定义" in text
    assert "石家庄市逐日" in text_of(issued, "/forecast?place=130100")  # of it only days are known
    places = rows_of(text, "各地，提前 1 天", "概率可靠吗")
    assert [name for name in ("北京市", *statistics_made.STATIONS, "石家庄市") if f" {name} 3 " in places] == [
        "北京市",
        *statistics_made.STATIONS,
        "石家庄市",
    ]


@pytest.mark.requirement("F6")
def test_files_of_three_other_models_stand_beside_ours_in_one_table(town: Platform, tmp_path: Path) -> None:
    peers = PeerStore(town)
    for name, make in (("CMAQ", cmaq), ("WRF-Chem", wrfchem), ("CAMS", cams)):
        peers.add([make(tmp_path / f"{name}.nc")], name, made.ISSUE, actor="test")
    consult = text_of(town, "/forecast/consult?place=110000&issue=2016-12-16T20")
    assert "系统 模式 统计 持续性 CAMS CMAQ WRF-Chem 实况" in consult
    town.clock.jump(made.ISSUE + timedelta(days=4))
    text = text_of(town, "/verification?place=110000&days=30&item=pm25")
    table = rows_of(text, "PM2.5 日值", "概率可靠吗")
    first = table[table.index(" 1 天 ") : table.index(" 2 天 ")]
    assert re.findall(r"1 天 (\S+)", table) == [
        "系统",
        "模式",
        "统计",
        "CAMS",
        "CMAQ",
        "WRF-Chem",
        "持续性",
    ]
    observed = Assessment(town).air.daily(["110000"], test_forecast.DAY, test_forecast.DAY)["pm25"].item()
    run = Forecasts(town).runs()[0]
    for name in ("CAMS", "CMAQ", "WRF-Chem"):
        value = Forecasts(town).values(run, ["110000"], [name]).filter(item="pm25", lead=1)["value"].item()
        assert f"1 天 {name} 1 {100 * (1 - abs(value - observed) / observed):.0f} % " in first
