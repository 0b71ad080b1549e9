"""Monthly dispatch from the platform: tasks of the programme on schedule, the air against the county's target."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lantian.accountability import dispatch, letters
from lantian.accountability.letters import Month
from lantian.assessment.periods import parse
from lantian.assessment.records import Records
from lantian.assessment.targets import Target
from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.store import PlaceStore
from lantian.supervision.programme.service import Programme
from lantian.supervision.programme.task import Task

from .test_service import days

OFFICE = Account(
    1, "office", "office", None, None, grants=(Grant("role", frozenset({"programme.read", "programme.edit"})),)
)
DECEMBER = parse("2016-12")


@pytest.fixture
def county(platform: Platform) -> Platform:
    """A county 10 % below the year before, with a target of -20 %; a task done late, one not due before spring."""
    regions = [
        Region("130000", "河北省"),
        Region("130100", "石家庄市"),
        Region("130102", "长安区"),
        Region("130104", "桥西区"),
    ]
    PlaceStore(platform.engine).put_regions(regions, "test")
    store = open_store(platform)
    platform.clock.set_simulated(datetime(2017, 1, 5, 4, tzinfo=UTC), paused=True, actor="test")
    for year, pm25 in ((2015, 100.0), (2016, 90.0)):
        store.append(days("130102", year, pm25), "day", "published")
    Records(platform.engine).put_target(Target("130102", "pm25", parse("2016"), limit=80, base=100), "test")
    platform.clock.jump(datetime(2016, 10, 5, 4, tzinfo=UTC))
    programme = Programme(platform)
    for number, (region, due) in enumerate(
        (("130102", date(2016, 11, 30)), ("130102", date(2017, 3, 31)), ("130104", date(2017, 3, 31)))
    ):
        programme.add_task(
            Task("示例任务", region, "housing", Decimal(10), "项", date(2016, 10, 10), due, number=f"T{number}"), OFFICE
        )
    platform.clock.jump(datetime(2017, 1, 12, 4, tzinfo=UTC))
    for number in (1, 2):
        for month, done in ((10, 2), (11, 4), (12, 6)):
            programme.report(f"T{number}", date(2016, month, 1), Decimal(done), OFFICE, evidence=["a" * 64])
    return platform


@pytest.mark.requirement("C2", part="monthly ranking from tasks and air")
def test_a_month_counts_tasks_on_schedule_and_the_air_against_its_target(county: Platform) -> None:
    found = {each.place: each for each in dispatch.months(county, DECEMBER, date(2017, 1, 12))}
    assert found["130102"].completion == Decimal("50.0")  # -10 % of -20 %
    assert found["130104"].completion is None  # no target, said as unranked
    assert (found["130102"].tasks_due, found["130102"].period) == (2, DECEMBER)
    assert found["130102"].tasks_done < 2  # nothing was reported of the one due in November
    scores = letters.assess(letters.load(), found.values())
    assert [(each.place, each.rank) for each in scores] == [("130102", 1), ("130104", None)]


def test_months_that_have_not_begun_are_not_given(county: Platform) -> None:
    found = dispatch.months(county, parse("2016Q4"), date(2016, 11, 15))
    assert {each.period.label for each in found} == {"2016-10", "2016-11"}
    assert all(isinstance(each, Month) and each.completion is None for each in found)  # the air of these is not known
