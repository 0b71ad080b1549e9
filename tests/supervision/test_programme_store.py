"""The programme in the database: kept as written, as of any moment; each may only what is theirs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lantian.assessment.periods import parse
from lantian.kernel import audit
from lantian.kernel.accounts import NotPermitted
from lantian.supervision.programme import store
from lantian.supervision.programme.service import Programme
from lantian.supervision.programme.store import Plan
from lantian.supervision.programme.task import TaskError

from .conftest import person
from .programme_made import CITY, child, steps

OFFICE = person("office", {"programme.read", "programme.edit"})
COUNTY = person("county", {"programme.read", "cases.handle"}, "110105")
HOUSING = person("housing", {"programme.read", "cases.handle"}, "110105", "housing")
OTHER = person("other", {"programme.read", "cases.handle", "programme.edit"}, "130100")
READER = person("reader", {"programme.read"})
PROOF = ["c" * 64]
MAY = date(2016, 5, 1)


@pytest.fixture
def plan(platform) -> Programme:
    platform.clock.set_simulated(datetime(2016, 4, 5, 2, tzinfo=UTC), paused=True)
    return Programme(platform)


@pytest.fixture
def tree(plan) -> Programme:
    plan.add_task(CITY, OFFICE)
    plan.add_task(child("B", 60), OFFICE)
    return plan


@pytest.mark.requirement("V7", part="kept as events")
def test_what_was_known_then_is_known_again(tree, platform):
    platform.clock.jump(datetime(2016, 6, 3, 2, tzinfo=UTC))
    tree.report("B", MAY, Decimal(20), COUNTY, evidence=PROOF)
    then = platform.clock.now()
    platform.clock.jump(datetime(2016, 6, 20, 2, tzinfo=UTC))
    tree.report("B", MAY, Decimal("12.5"), COUNTY, evidence=PROOF, reason="重复计数")
    tree.change_task(replace(tree.task("B"), quantity=Decimal(50)), OFFICE, "核减")
    now = {one.task.number: one for one in tree.standings()}
    assert (now["B"].done, now["A"].own) == (Decimal("12.5"), 50)
    old = {one.task.number: one for one in tree.standings(then)}
    assert (old["B"].done, old["A"].own) == (20, 40)
    assert len(now["B"].reports) == 2
    assert [(one.seq, one.actor, one.task.quantity, one.why) for one in tree.versions("B")] == [
        (1, "office", 60, ""),
        (2, "office", 50, "核减"),
    ]
    assert tree.standings(datetime(2016, 4, 4, tzinfo=UTC)) == []
    assert audit.verify(platform.engine) == []


@pytest.mark.requirement("V7", part="kept as events")
@pytest.mark.parametrize("table", ["programme_task", "programme_report", "programme"])
def test_nothing_is_ever_changed_or_removed(tree, platform, table):
    platform.clock.jump(datetime(2016, 6, 3, 2, tzinfo=UTC))
    tree.report("B", MAY, Decimal(20), COUNTY, evidence=PROOF)
    tree.add_plan(Plan("2016", "示例方案", "Example", "thirty_two", parse("2016"), "110000", True), OFFICE)
    for statement in (
        f"delete from {table}",
        f"update {table} set example = true" if table != "programme_report" else f"update {table} set done = 1",
    ):
        with pytest.raises(DBAPIError, match="never changed"), audit.act(platform.engine, "x") as connection:
            connection.execute(text(statement))


@pytest.mark.requirement("K1", part="programme")
def test_each_may_only_what_is_theirs(tree, platform):
    platform.clock.jump(datetime(2016, 6, 3, 2, tzinfo=UTC))
    for stranger in (HOUSING, OTHER, READER):  # another department, another city, somebody who only reads
        with pytest.raises(NotPermitted):
            tree.report("B", MAY, Decimal(1), stranger, evidence=PROOF)
    for stranger in (COUNTY, OTHER, READER):
        with pytest.raises(NotPermitted):
            tree.add_task(child("C", 1), stranger)
        with pytest.raises(NotPermitted):
            tree.withdraw("B", stranger, "不要了")
        with pytest.raises(NotPermitted):
            tree.import_tasks([child("B", 1)], stranger)
        with pytest.raises(NotPermitted):
            tree.add_plan(Plan("x", "x", "x", "thirty_two", parse("2016"), "110000"), stranger)
    with pytest.raises(NotPermitted):  # nobody takes a task of another city by moving it to his own
        tree.change_task(replace(tree.task("B"), region="130100", parent=None), OTHER, "移交")
    tree.report("B", MAY, Decimal(1), COUNTY, evidence=PROOF)
    tree.report("A", MAY, Decimal(1), OFFICE, evidence=PROOF)
    seen = tree.standings(scopes=(("110105", None),))
    assert [one.task.number for one in seen] == ["B"]
    assert tree.standings(scopes=(("110000", "housing"),)) == []


def test_a_list_is_brought_in_whole_or_not_at_all(tree):
    whole = [
        replace(tree.task("A"), quantity=Decimal(80)),
        replace(child("C", 20), steps=steps((date(2016, 8, 1), 100))),
    ]
    found = tree.import_tasks([*whole, tree.task("B"), replace(CITY, number="", title="另一项")], OFFICE)
    assert (found.changed, found.same) == (("A",), ("B",))
    assert found.added[0] == "C"
    assert found.added[1].startswith("T2016-")
    before = tree.tasks()
    with pytest.raises(TaskError, match="1 more than its quantity"):
        tree.import_tasks([child("D", 1), replace(CITY, number="E")], OFFICE)
    with pytest.raises(TaskError, match="programme '2018': expected one of"):
        tree.import_tasks([replace(CITY, number="F", programme="2018")], OFFICE)
    assert tree.tasks() == before
    assert tree.import_tasks(before, OFFICE).same == tuple(task.number for task in before)


def test_a_unit_that_was_reported_in_stays(plan, platform):
    plan.add_task(CITY, OFFICE)
    plan.change_task(replace(plan.task("A"), unit="家"), OFFICE, "更正")
    platform.clock.jump(datetime(2016, 6, 3, 2, tzinfo=UTC))
    plan.report("A", MAY, Decimal(1), OFFICE, evidence=PROOF)
    with pytest.raises(TaskError, match="unit '台': expected '家', 1 report"):
        plan.change_task(replace(plan.task("A"), unit="台"), OFFICE, "更正")


def test_a_withdrawn_task_stays_in_the_record(tree, platform):
    with pytest.raises(TaskError, match="withdraw those first"):
        tree.withdraw("A", OFFICE, "取消")
    platform.clock.jump(platform.clock.now() + timedelta(days=1))
    tree.withdraw("B", OFFICE, "取消")
    assert [one.task.number for one in tree.standings()] == ["A"]
    assert tree.versions("B")[-1].task.withdrawn
    with pytest.raises(LookupError):
        tree.report("B", MAY, Decimal(1), OFFICE)
    with pytest.raises(TaskError, match="not taken"):
        tree.add_task(child("B", 1), OFFICE)


@pytest.mark.requirement("V7", part="tasks of other rooms")
def test_another_room_adds_a_task_inside_its_own_act(plan, platform):
    promised = replace(CITY, number="", item="", source="interview", reference="2016-003")
    with audit.act(platform.engine, "mayor", "约谈") as connection:
        number = store.add_task(connection, promised, actor="mayor", at=platform.clock.now(), reason="约谈承诺")
        again = store.add_task(connection, promised, actor="mayor", at=platform.clock.now())
    assert (number, again) == ("T2016-0001", "T2016-0002")
    assert plan.task(number) == replace(promised, number=number, entered_on=date(2016, 4, 5))
    assert len(plan.tasks()) == 2
