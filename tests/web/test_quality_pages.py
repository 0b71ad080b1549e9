"""数据审核与弄虚作假筛查: the answer first, a picture beside the neighbours, decisions and their undoing, evidence."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.kernel.jobs import Progress
from lantian.observations.fraud import example
from lantian.observations.gateway import example_fleet
from lantian.observations.gateway.register import Register
from lantian.observations.quality.service import Quality
from lantian.observations.store import ObservationStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

from .layout import assert_well_laid

NOW = datetime(2016, 12, 16, 12, tzinfo=UTC)
BAD = datetime(2016, 12, 14, 2, tzinfo=UTC)  # 10:00 in Beijing
HOUR = timedelta(hours=1)
STACKS = tuple(one.mn for one in example_fleet.FLEET if one.kind == "cems")
OURS = {"origin": "http://testserver"}
DECISION = {"place": "1901A", "item": "pm25", "first": "2016-12-14T10:00", "last": "2016-12-14T12:00"}


@pytest.fixture
def judged(fresh):
    """Four stations, one of which shows three hours that no other does; three stacks of which two cheat."""
    places = PlaceStore(fresh.engine)
    places.put_regions(
        [
            *(
                Region(code, name, en)
                for code, name, en in (
                    ("110000", "北京市", "Beijing"),
                    ("110107", "石景山区", "Shijingshan"),
                    ("110114", "昌平区", "Changping"),
                    ("110113", "顺义区", "Shunyi"),
                )
            ),
            Region("130100", "石家庄市", "Shijiazhuang"),
        ],
        "test",
        "test",
    )
    places.put_stations(
        [
            Station(
                f"190{k}A",
                f"示例{k}号站",
                "state",
                "110000" if k < 5 else "130100",
                116.3 + 0.04 * k,
                39.9,
                example=True,
            )
            for k in range(1, 6)
        ],
        "test",
        "test",
    )
    hours = [NOW - HOUR * k for k in range(45 * 24, 0, -1)]
    random, course = np.random.default_rng(4), 80 + 40 * np.sin(np.arange(45 * 24) / 17)
    frames = []
    for k in range(1, 6):
        values = np.round(course * np.exp(random.normal(0, 0.08, len(hours))))
        if k == 1:
            values[[hours.index(BAD + HOUR * n) for n in range(3)]] = 740
        frames.append(
            pl.DataFrame(
                {"place": f"190{k}A", "time": hours, "pm25": values},
                schema_overrides={"time": pl.Datetime("us", "UTC")},
            )
        )
    ObservationStore(fresh).append(pl.concat(frames), "hour", "test", actor="test")
    Register(fresh).put([one for one in example_fleet.devices(NOW) if one.kind == "cems"], "test")
    example.install(fresh, {"devices": True}, "test", Progress())
    Quality(fresh).run(NOW - timedelta(days=7), NOW, "test")
    return fresh


def pm25(platform):
    return (
        ObservationStore(platform)
        .hourly(["1901A"], BAD, BAD + 3 * HOUR, ["pm25"], as_of=NOW + HOUR)
        .collect()
        .sort("time")["pm25"]
        .to_list()
    )


@pytest.mark.requirement("M4", part="review page")
def test_the_analyst_sees_decides_and_takes_back(judged, fresh_client):
    page = fresh_client.get("/review").text
    assert "近 7 天 1 段可疑数据待审，涉及 1 个站点" in page
    assert "示例1号站" in page
    assert "按附近站点应约为" in page
    assert page.count('class="line near"') == 4
    assert page.count('class="point suspect"') == 3
    refused = fresh_client.post("/review", data=DECISION | {"decision": "reject", "reason": " "}, headers=OURS)
    assert (refused.status_code, "reason: missing" in refused.text) == (422, True)
    done = fresh_client.post("/review", data=DECISION | {"decision": "reject", "reason": "采样管漏气"}, headers=OURS)
    assert done.status_code == 303
    assert pm25(judged) == [None, None, None]
    after = fresh_client.get(done.headers["location"]).text
    assert "已剔除" in after
    assert "采样管漏气" in after
    assert 'class="line before"' in after
    later = fresh_client.get("/review").text
    assert "没有待审的可疑数据" in later
    assert "设备标记 C（校准）" in later
    assert "示例·昌平水泥厂窑尾" in later
    (decision,) = fresh_client.get("/api/v1/quality/decisions").json()
    assert (decision["decision"], decision["reason"]) == ("reject", "采样管漏气")
    undone = fresh_client.post(f"/review/{decision['id']}/undo", data={"reason": "核实为真实过程"}, headers=OURS)
    assert undone.status_code == 303
    assert pm25(judged) == [740.0, 740.0, 740.0]
    assert "核实为真实过程" in fresh_client.get(undone.headers["location"]).text


@pytest.mark.requirement("M4", part="who may review where")
def test_nobody_decides_about_another_city_or_a_region(judged, fresh_client):
    for place, status in (("1909A", 404), ("110000", 404), ("1905A", 303)):
        answer = fresh_client.post(
            "/review", data=DECISION | {"place": place, "decision": "accept", "reason": "看过"}, headers=OURS
        )
        assert answer.status_code == status, place
    for address in ("/review?place=1901A&item=pm25&at=never", "/review?place=1901A&item=nothing&at=2016-12-14T10:00"):
        assert fresh_client.get(address).status_code in (404, 422)
    assert fresh_client.get("/review?place=1901A&item=pm25&at=0001-01-01T00:00").status_code == 422
    assert fresh_client.post("/review/99/undo", data={"reason": "x"}, headers=OURS).status_code == 404


@pytest.mark.requirement("M5", part="list with evidence, thresholds shown")
def test_the_fraud_page_ranks_days_and_shows_evidence_and_thresholds(judged, fresh_client):
    page = fresh_client.get("/fraud").text
    assert "个“设备日”超过阈值" in page
    assert "连续 24 小时都是" in page
    assert 'class="line own"' in page
    assert "示例" in page
    one = fresh_client.get(f"/fraud?device={STACKS[2]}&day=2016-12-11").text
    assert "氧含量" in one
    english = fresh_client.get("/fraud?lang=en").text
    assert "device-days of the last 14 days are over the limit" in english
    limits = fresh_client.get("/fraud/thresholds?lang=zh").text
    assert "2016-10-25 至 2016-12-01，3 台设备" in limits
    assert "削顶" in limits


def test_the_interface_tells_the_same(judged, fresh_client):
    flags = fresh_client.get("/api/v1/quality/flags?first=2016-12-14&last=2016-12-14&place=1901A").json()
    assert {(row["place"], row["check"]) for row in flags} == {("1901A", "neighbour")}
    marked = fresh_client.get("/api/v1/quality/flags?first=2016-12-10&last=2016-12-10&item=nox").json()
    assert {row["place"] for row in marked} == set(STACKS)
    assert {row["check"] for row in marked} == {"flagged", "validity"}  # five hours of calibration leave 19
    scores = fresh_client.get("/api/v1/fraud/scores?first=2016-12-01&least=50").json()
    assert (STACKS[1], "2016-12-12") in {(row["device"], row["day"]) for row in scores}
    assert all(row["score"] >= 50 for row in scores)
    (version,) = [one for one in fresh_client.get("/api/v1/fraud/thresholds").json() if one["kind"] == "cems"]
    assert version["rate"] == 0.01
    for wrong in ("/api/v1/quality/flags?first=0001-01-01&last=9999-12-31", "/api/v1/fraud/scores?last=0001-01-01"):
        assert fresh_client.get(wrong).status_code == 200
    assert fresh_client.get("/api/v1/quality/flags?day=2016-12-14").status_code == 422


def test_both_pages_are_well_laid_in_both_languages(judged, visit_fresh):
    window = visit_fresh("/review")
    for language in ("zh", "en"):
        for path in ("/review", "/fraud", "/fraud/thresholds"):
            window.page.goto(
                f"{window.page.url.split('/', 3)[0]}//{window.page.url.split('/', 3)[2]}{path}?lang={language}"
            )
            assert_well_laid(window.page, f"{path} {language}")
