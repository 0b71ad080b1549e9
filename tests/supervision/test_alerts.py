"""What instruments say enters the loop of people: once, on the open case of the same subject, or not at all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lantian.kernel.accounts import Account, Grant, NotPermitted
from lantian.observations import alerts
from lantian.observations.alerts import Alert
from lantian.supervision import alerts as bridge
from lantian.supervision.events import CaseError
from lantian.supervision.service import Supervision

ALL = ((None, None),)


@pytest.fixture
def dust(platform, desk) -> Alert:
    now = platform.clock.now()
    return Alert(
        "exceedance", "site-01", "2016-12-16T18", "示例工地", "110105", now, "PM10 高于区均值 95", "PM10 95 above",
        "housing", {"pm10": 210, "county": 115}, "/construction/site-01", "construction", 116.5, 39.9, example=True,
    )  # fmt: skip


def officer(*permissions: str, region: str = "110105") -> Account:
    return Account(7, "county", "朝阳", grants=(Grant("county", frozenset(permissions), region=region),))


def raise_(platform, *given: Alert) -> list[int]:
    return alerts.raised(platform.engine, given, platform.clock.now(), "test")


@pytest.mark.requirement("V1", part="an exceedance enters as a case")
@pytest.mark.requirement("M7", part="an exceedance becomes a case")
def test_an_alert_of_a_work_line_becomes_one_case(platform, dust):
    assert len(raise_(platform, dust, dust)) == 1
    assert raise_(platform, dust) == []
    (number,) = bridge.report_standing(platform)
    case = Supervision(platform).case(number).case
    assert (case.finding["source"], case.finding["category"], case.finding["region"]) == (
        "exceedance", "construction", "110105",
    )  # fmt: skip
    assert "PM10 高于区均值 95" in case.finding["detail"]
    assert case.finding["example"] is True
    assert bridge.report_standing(platform) == []


def test_a_further_alert_is_noted_on_the_open_case(platform, dust):
    raise_(platform, dust)
    (number,) = bridge.report_standing(platform)
    raise_(platform, replace(dust, key="2016-12-17T09", zh="PM10 高于区均值 130"))
    assert bridge.report_standing(platform) == [number]
    record = Supervision(platform).case(number)
    assert record.case.events == 2
    standing = alerts.listed(platform.engine, ALL, as_of=platform.clock.now())
    assert {one.case_number for one in standing} == {number}
    other = replace(dust, subject="site-02", key="2016-12-17T09", name="示例二号工地")
    raise_(platform, other)
    assert bridge.report_standing(platform) != [number]


def test_what_names_no_work_line_waits_for_a_person(platform, dust):
    (number,) = raise_(platform, replace(dust, category=None))
    assert bridge.report_standing(platform) == []
    with pytest.raises(NotPermitted):
        bridge.take_up(platform, number, "construction", officer("alerts.decide", "cases.report", region="110108"))
    with pytest.raises(CaseError, match="category"):
        bridge.take_up(platform, number, "weather", officer("alerts.decide", "cases.report"))
    case = bridge.take_up(platform, number, "construction", officer("alerts.decide", "cases.report"))
    assert Supervision(platform).case(case).case.finding["subject"] == "示例工地"
    with pytest.raises(LookupError):
        bridge.take_up(platform, number, "construction", officer("alerts.decide", "cases.report"))


def test_what_was_dismissed_or_ended_becomes_no_case(platform, dust):
    first, _ = raise_(platform, dust, replace(dust, key="later", subject="site-09"))
    with pytest.raises(ValueError, match="reason"):
        alerts.dismiss(platform.engine, first, platform.clock.now(), "county", " ")
    alerts.dismiss(platform.engine, first, platform.clock.now(), "county", "对照监测无异常")
    assert alerts.end(platform.engine, "exceedance", ["site-09"], platform.clock.now(), "test") == 1
    assert bridge.report_standing(platform) == []
    with pytest.raises(LookupError):
        alerts.dismiss(platform.engine, first, platform.clock.now(), "county", "再一次")


def test_alerts_are_shown_within_a_readers_scope_and_as_of_a_moment(platform, dust):
    raise_(platform, dust, replace(dust, subject="x", region="130104", department="ecology"))
    now, engine = platform.clock.now(), platform.engine

    def seen(*scopes, **more):
        return [one.alert.subject for one in alerts.listed(engine, scopes, as_of=more.pop("as_of", now), **more)]

    assert seen(("110000", None)) == ["site-01"]
    assert seen((None, "ecology")) == ["x"]
    assert seen(("110000", "ecology")) == []
    assert seen(("130100", None)) == ["x"]
    assert seen() == []
    assert seen((None, None), as_of=now - timedelta(minutes=1)) == []
    assert alerts.tally(engine, ALL, as_of=now) == {"exceedance": 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "noise"}, "kind 'noise': expected one of exceedance"),
        ({"department": "x"}, "department 'x': expected one of"),
        ({"zh": " "}, "zh: missing"),
    ],
)
def test_an_alert_that_cannot_be_is_refused(dust, change, message):
    with pytest.raises(ValueError, match=message):
        replace(dust, **change)
