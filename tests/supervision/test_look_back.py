"""Looking back: closed cases are visited again, troublesome ones more; who owed does not look; found is reopened."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lantian.supervision.events import CaseError
from lantian.supervision.look_back import FIRST, LAST, plan

from .test_service import FINDING, PROOF, handed

DAY = date(2016, 12, 16)


def row(number: int, closed: date | None, **more):
    found = {
        "number": f"2016-{number:06d}", "title": "示例", "region": f"1101{number % 16:02d}", "category": "construction",
        "source": "inspection", "lon": None, "lat": None, "failures": 0, "reopened": 0, "closed_on": closed,
        "looked_back_on": None,
    }  # fmt: skip
    return {**found, **more}


@pytest.mark.requirement("V5", part="look-back of closed cases")
def test_only_what_is_due_is_drawn_and_the_same_seed_draws_the_same():
    rows = [row(k, DAY - timedelta(days=k)) for k in range(1, 250)]
    made = plan(rows, 20, "2016-12", DAY)
    assert made.due == LAST - FIRST + 1
    days = [(DAY - one["closed_on"]).days for one, _ in made.rows]
    assert all(FIRST <= days_ago <= LAST for days_ago in days)
    assert plan(reversed(rows), 20, "2016-12", DAY).rows == made.rows
    assert plan(rows, 20, "2017-01", DAY).rows != made.rows


def test_trouble_has_its_share_and_a_visit_since_the_closing_counts():
    rows = [row(k, DAY - timedelta(days=60), failures=int(k <= 12)) for k in range(1, 101)]
    strata = [stratum for _, stratum in plan(rows, 20, "x", DAY).rows]
    assert strata.count("elevated_record") == 7
    seen = [replace_visit(one, DAY - timedelta(days=30)) for one in rows]
    assert plan(seen, 20, "x", DAY).due == 0
    before = [replace_visit(one, DAY - timedelta(days=70)) for one in rows]
    assert plan(before, 20, "x", DAY).due == 100
    assert plan([], 5, "x", DAY).rows == ()


def replace_visit(one, day):
    return {**one, "looked_back_on": day}


@pytest.mark.requirement("V5", part="a visit that finds nothing is kept, one that finds it again reopens")
def test_a_visit_is_kept_and_counts(desk, people, platform):
    number = handed(desk, people)
    desk.move(number, "report", people["housing"], "完成", evidence=PROOF)
    with pytest.raises(CaseError, match="only a closed case"):
        desk.act(number, "look_back", people["patrol"], "看过", evidence=PROOF)
    desk.move(number, "pass", people["patrol"], "到位", evidence=PROOF)
    platform.clock.jump(datetime(2017, 1, 10, 2, tzinfo=UTC))
    assert desk.look_back(people["patrol"], 5, "s").due == 1
    with pytest.raises(CaseError, match="acted for the owner"):
        desk.act(number, "look_back", replace(people["everything"], login="housing"), "看过", evidence=PROOF)
    with pytest.raises(CaseError, match="1 file"):
        desk.act(number, "look_back", people["patrol"], "看过")
    assert desk.act(number, "look_back", people["patrol"], "未见反弹", evidence=PROOF).case.looked_back_on is not None
    assert desk.look_back(people["patrol"], 5, "s").due == 0
    assert desk.look_back(people["elsewhere"], 5, "s").due == 0
    found = desk.move(number, "reopen", people["patrol"], "反弹", evidence=PROOF, days=5)
    assert (found.case.looked_back_on, found.case.unfinished(date(2017, 1, 11))) == (None, True)
    assert FINDING.title == found.case.finding["title"]
