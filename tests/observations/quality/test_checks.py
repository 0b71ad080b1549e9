"""The checks over hours: what each finds, what it leaves alone, what it says."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from lantian.observations.quality import BookError, book, checks
from lantian.observations.quality.grid import neighbours
from lantian.observations.quality.kinds import OURS

from .conftest import END, PLACES, spoiled

NEAR = {place: tuple(other for other in PLACES if other != place) for place in PLACES}
FROM = END - timedelta(days=8)
DAY = datetime(2016, 12, 10, 16, tzinfo=UTC)  # a midnight in Beijing


def flags(frame: pl.DataFrame, now: datetime = END) -> pl.DataFrame:
    return checks.run(frame, book().kinds["state"], NEAR, start=FROM, end=END, now=now)


def named(found: pl.DataFrame, check: str) -> pl.DataFrame:
    return found.filter(pl.col("check") == check)


@pytest.mark.requirement("M4", part="an episode that all stations share is no fault")
def test_an_episode_that_all_share_raises_no_flag(clean):
    assert clean["pm25"].max() > 200
    whole = checks.run(clean, book().kinds["state"], NEAR, start=datetime(2016, 11, 20, tzinfo=UTC), end=END, now=END)
    assert whole.to_dicts() == []


@pytest.mark.requirement("M4", part="range, stuck, spike, order, neighbour, validity hours")
def test_each_fault_is_found_where_it_is_and_told_with_its_figures(clean):
    late = DAY + timedelta(hours=30)
    faults = {
        "range": (spoiled(clean, "A1", DAY, DAY, pm25=1400.0), "PM2.5 为 1400 μg/m³，量程为 0–1000"),
        "stuck": (spoiled(clean, "A2", DAY, DAY + timedelta(hours=11), pm25=57.0), "连续 12 小时都是 57 μg/m³"),
        "spike": (spoiled(clean, "A3", DAY, DAY, pm25=640.0, pm10=950.0), "PM2.5 为 640 μg/m³，前后一小时"),
        "order": (spoiled(clean, "A4", DAY, DAY, pm25=150.0, pm10=40.0), "PM2.5 150 μg/m³ 高于 PM10 40 μg/m³"),
        "neighbour": (spoiled(clean, "A5", DAY, DAY + timedelta(hours=2), pm25=640.0, pm10=900.0), "按附近站点应约为"),
        "zero": (spoiled(clean, "A1", DAY, DAY + timedelta(hours=2), so2=0.0), "连续 3 小时不大于零"),
        "validity": (
            spoiled(clean, "A1", DAY, DAY + timedelta(hours=4), so2=None),
            "有效数据 19 小时，至少需要 20 小时",
        ),
        "shift": (
            spoiled(clean, "A2", DAY - timedelta(hours=30), late, pm25=1.0, pm10=2.0),
            "近三天是附近站点推算值的",
        ),
    }
    judged: dict[str, pl.DataFrame] = {}
    for check, (frame, said) in faults.items():
        judged[check] = flags(frame)
        found = named(judged[check], check)
        assert found.height, check
        place = {"range": "A1", "stuck": "A2", "spike": "A3", "order": "A4", "neighbour": "A5"}.get(check)
        assert place is None or set(found["place"]) == {place}
        assert any(said in text for text in found["zh"]), (check, found["zh"].to_list())
        assert all(text and "{" not in text for text in found["en"])
        assert found["time"].min() >= DAY - timedelta(hours=1)
    assert named(judged["stuck"], "stuck").height == 12
    figures = json.loads(named(judged["range"], "range")["figures"][0])
    assert figures == {"value": 1400.0, "low": 0.0, "high": 1000.0}


def test_a_station_without_neighbours_is_stuck_only_after_longer(clean):
    alone = spoiled(clean.filter(pl.col("place") == "A1"), "A1", DAY, DAY + timedelta(hours=5), pm25=57.0)
    kind = book().kinds["state"]
    assert named(checks.run(alone, kind, {}, start=FROM, end=END, now=END), "stuck").is_empty()
    longer = spoiled(alone, "A1", DAY, DAY + timedelta(hours=8), pm25=57.0)
    assert named(checks.run(longer, kind, {}, start=FROM, end=END, now=END), "stuck").height == 9


def test_an_hour_that_is_not_over_is_named(clean):
    found = named(flags(clean, now=END - timedelta(hours=1, minutes=30)), "stamp")
    assert set(found["time"]) == {END - timedelta(hours=1), END - timedelta(hours=2)}
    assert "2016-12-16 07:00" in found.sort("time")["zh"][-1]


def test_what_the_device_marks_and_hours_with_too_few_minutes():
    frame = pl.DataFrame(
        {
            "place": ["D1"] * 4,
            "time": [DAY + timedelta(hours=k) for k in range(4)],
            "item": ["so2"] * 4,
            "value": [30.0, 31.0, None, 33.0],
            "flag": ["N", "C", "D", "S"],
            "minutes": [60, 45, 44, 0],
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    assert checks.flagged(frame)["zh"].to_list() == [
        "设备标记 C（校准），SO2 为 31 μg/m³",
        "设备标记 D（故障），SO2 为 – μg/m³",
    ]
    short = checks.short_hours(frame, book().kinds["cems"])
    assert short["time"].to_list() == [DAY + timedelta(hours=2), DAY + timedelta(hours=3)]
    assert "有效数据 44 分钟，至少需要 45 分钟" in short["zh"][0]


def test_neighbours_are_the_nearest_within_reach():
    positions = {"a": (116.0, 40.0), "b": (116.2, 40.0), "c": (116.1, 40.0), "d": (120.0, 40.0)}
    assert neighbours(positions, 2, 60)["a"] == ("c", "b")
    assert neighbours(positions, 1, 60)["a"] == ("c",)
    assert neighbours(positions, 2, 60)["d"] == ()


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("stuck: {hours: 5, above: 8, moved: 8}", "stuck: {hours: 5, above: 8}", "expected hours, above, moved"),
        ("range: [0, 1000]", "range: [1000, 0]", "expected the lower bound first"),
        ("shift: {factor: 1.9}", "shifft: {factor: 1.9}", "shifft: unknown"),
    ],
)
def test_a_wrong_file_of_checks_says_where_and_what_would_be_right(tmp_path: Path, wrong, right, says):
    file = tmp_path / "quality.yaml"
    file.write_text(OURS.read_text(encoding="utf-8").replace(wrong, right, 1), encoding="utf-8")
    with pytest.raises(BookError, match=says) as caught:
        book(file)
    assert "kinds.state.items.pm25" in str(caught.value)
