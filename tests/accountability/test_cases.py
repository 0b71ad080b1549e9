"""From a case in the ledger to a proposal: two problems not rectified in time are the deputy county head's."""

from datetime import UTC, date, datetime

import pytest

from lantian.accountability import packs, service
from lantian.accountability.evaluate import Result, evaluate
from lantian.accountability.store import Evaluations, replay
from lantian.assessment.periods import parse
from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.supervision.events import Party
from lantian.supervision.findings import Finding
from lantian.supervision.service import Supervision

START = datetime(2016, 12, 1, 1, tzinfo=UTC)
PERMISSIONS = frozenset(f"cases.{word}" for word in ("read", "report", "assign", "handle", "verify", "lead"))
OFFICER = Account(1, "officer", "officer", None, None, grants=(Grant("role", PERMISSIONS),))


def judged(platform: Platform, day: date) -> Result:
    return evaluate(packs.load("2017-18"), service.facts(platform, parse("2016AW"), day))


@pytest.mark.requirement("C1", part="from cases to proposals")
def test_cases_past_their_day_are_counted_as_they_stood(platform: Platform) -> None:
    PlaceStore(platform.engine).put_regions([Region("110000", "北京市"), Region("110105", "朝阳区")], "test")
    platform.clock.set_simulated(START, paused=True)
    desk = Supervision(platform)
    for number in range(5):
        finding = Finding(f"示例问题{number}", "construction", "inspection", "110105")
        opened = desk.open(finding, OFFICER)
        days = 7 if number < 2 else 30
        owner = Party("110105", "housing")
        desk.move(opened, "hand_over", OFFICER, "交办", owner=owner, days=days, requirement="整改")
        desk.move(opened, "accept", OFFICER, "签收")
    platform.clock.jump(datetime(2016, 12, 20, 4, tzinfo=UTC))

    early, late = judged(platform, date(2016, 12, 5)), judged(platform, date(2016, 12, 20))
    county = service.facts(platform, parse("2016AW"), date(2016, 12, 20)).counties
    assert [(each.code, each.name, each.parent, each.unfinished, each.new) for each in county] == [
        ("110105", "朝阳区", "110000", 2, 5)
    ]
    assert [(each.rule, each.post) for each in early.proposals] == [("task-new", "deputy_head")]
    assert [(each.rule, each.also, each.post) for each in late.proposals] == [
        ("task-unfinished", ("task-new",), "deputy_head")
    ]
    kept = Evaluations(platform.engine).keep(
        packs.load("2017-18"),
        service.facts(platform, parse("2016AW"), date(2016, 12, 20)),
        "officer",
        platform.clock.now(),
    )
    assert replay(kept).same
    assert kept.result == late
