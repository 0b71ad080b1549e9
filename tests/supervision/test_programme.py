"""Decomposition is exact; progress, lateness and silence follow rules that hold at their edges."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.findings import categories
from lantian.supervision.programme import rollup, rules, templates
from lantian.supervision.programme.decompose import check, divide, faults
from lantian.supervision.programme.progress import enough_until, expected, owed_months, report_due, stand
from lantian.supervision.programme.task import Task, TaskError, check_report, units

from .programme_made import CITY, DUE, START, child, report, steps

DAY = timedelta(days=1)
AMOUNTS = st.decimals(min_value="0.001", max_value="5000", places=3, allow_nan=False)


@pytest.mark.requirement("V7", part="templates")
def test_the_plan_has_eleven_headings_and_thirty_two_items_and_the_lines_are_twelve():
    plan, lines = templates.load("thirty_two"), templates.load("work_lines")
    assert (len(plan.headings), len(plan.items)) == (11, 32)
    assert set(lines.items) == set(categories())
    for one in (plan, lines):
        assert "自拟" in one.note[0]
        assert "own" in one.note[1]
        for item in one.items.values():
            assert item.unit in units()
            assert item.department in DEPARTMENTS
            made = templates.schedule(item, START, DUE)
            assert made[-1].due == DUE
            Task(item.zh, "110000", item.department, Decimal(1), item.unit, START, DUE, item=item.code, steps=made)


@pytest.mark.requirement("V7", part="decomposition")
@given(st.lists(AMOUNTS, min_size=1, max_size=8))
def test_parts_sum_exactly_and_what_is_left_is_named(parts):
    whole = replace(CITY, quantity=sum(parts) + Decimal("0.001"))
    given_down = [child(f"A{k}", part) for k, part in enumerate(parts)]
    found = divide(whole, given_down)
    assert found.given + found.rest == whole.quantity
    assert found.rest == Decimal("0.001")
    assert found.faults == ()
    over = divide(whole, [*given_down, child("B", "0.002")])
    assert "0.001 more than its quantity" in over.faults[-1]
    assert faults([whole, *given_down]) == []
    assert len(faults([whole, *given_down, child("B", "0.002")])) == 1


@pytest.mark.requirement("V7", part="decomposition")
@pytest.mark.parametrize(
    ("part", "word"),
    [
        (child("B", 10, unit="家"), "unit '家': expected '台'"),
        (child("B", 10, due=DUE + DAY), "due 2017-01-01: expected 2016-12-31 or earlier"),
        (child("B", 10, region="130102"), "region 130102: expected one in 110000"),
        (child("B", 101), "1 more than its quantity"),
        (child("B", 10, parent="C"), "parent 'C': expected the number of a task that holds"),
        (child("B", 10, programme="2017"), "programme '2017': expected ''"),
    ],
)
def test_a_part_that_does_not_fit_is_refused_with_what_would(part, word):
    with pytest.raises(TaskError) as error:
        check(part, {"A": CITY})
    assert word in str(error.value)
    check(child("B", 100, due=DUE), {"A": CITY})


@pytest.mark.requirement("V7", part="decomposition")
def test_a_task_goes_down_to_the_enterprise_and_never_in_a_circle():
    county, town = child("B", 60), child("C", 40, "110105001", parent="B")
    firm = child("D", 25, "110105001", parent="C", enterprise="示例热力公司")
    tree = {task.number: task for task in (CITY, county, town, firm)}
    assert faults(tree.values()) == []
    assert divide(town, [firm]).rest == 15
    with pytest.raises(TaskError, match="below the task itself"):
        check(replace(CITY, parent="C"), tree)
    assert any("below the task itself" in fault for fault in faults([replace(CITY, parent="D"), county, town, firm]))
    with pytest.raises(TaskError, match="withdraw those first"):
        check(replace(county, withdrawn=True), tree)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("region", "99"),
        ("department", "nobody"),
        ("unit", "斗"),
        ("quantity", Decimal(0)),
        ("quantity", Decimal("nan")),
        ("due", START - DAY),
        ("parent", "A"),
        ("source", "rumour"),
        ("steps", steps((START, 50), (DUE, 90))),
        ("steps", steps((START, 50), (DUE, None))),
        ("steps", steps((DUE, 50), (START, 100))),
        ("steps", steps((DUE + DAY, 100))),
    ],
)
def test_a_task_that_cannot_be_is_refused_by_name(field, value):
    with pytest.raises(TaskError) as error:
        replace(CITY, **{field: value})
    assert field.split("_")[0] in str(error.value)
    assert "expected" in str(error.value) or "own parent" in str(error.value)


@pytest.mark.requirement("V7", part="reverse schedule")
def test_what_is_owed_follows_the_steps():
    even = replace(CITY, start=date(2016, 1, 1), due=date(2016, 4, 10))  # 100 days
    assert [expected(even, even.start + DAY * n) for n in (-5, 0, 25, 100, 140)] == [
        *(0, 0, Fraction(1, 4)),
        *(1, 1),
    ]
    stepped = replace(even, steps=steps((date(2016, 1, 31), None), (date(2016, 4, 10), None)))
    assert expected(stepped, date(2016, 1, 16)) == Fraction(1, 4)
    assert expected(stepped, date(2016, 1, 31)) == Fraction(1, 2)
    assert enough_until(stepped, Fraction(1, 2)) == date(2016, 1, 31)
    shared = replace(even, steps=steps((date(2016, 2, 1), 0), (date(2016, 3, 1), 60), (date(2016, 4, 10), 100)))
    assert [expected(shared, day) for day in (date(2016, 2, 29), date(2016, 3, 1))] == [0, Fraction(3, 5)]
    assert enough_until(shared, Fraction(0)) == date(2016, 3, 1)  # the step's own day is still in time
    assert enough_until(shared, Fraction(3, 5)) == date(2016, 4, 10)


@pytest.mark.requirement("V7", part="reverse schedule")
@given(
    st.lists(st.integers(0, 200), max_size=5),
    st.booleans(),
    st.integers(1, 250),
    st.fractions(0, 1, max_denominator=400),
)
def test_the_schedule_never_falls_and_its_inverse_agrees(days, shared, length, share):
    due = START + DAY * length
    ordered = sorted(min(day, length) for day in days)
    rows = [
        (START + DAY * day, round(100 * (k + 1) / len(ordered)) if shared else None) for k, day in enumerate(ordered)
    ]
    task = replace(CITY, due=due, steps=steps(*rows))
    values = [expected(task, START + DAY * n) for n in range(-1, length + 2)]
    assert values == sorted(values)
    assert 0 <= values[0] <= values[-1] == 1
    last = enough_until(task, share)
    if share < 1:
        assert expected(task, last - DAY) <= share
        assert expected(task, last + DAY) > share


@pytest.mark.requirement("V7", part="reports")
def test_reports_are_due_on_the_fifth_working_day():
    assert report_due(date(2016, 9, 1)).date == date(
        2016, 10, 12
    )  # the national holiday runs to the 7th, 8th and 9th worked
    assert report_due(date(2016, 11, 1)).date == date(2016, 12, 7)
    assert report_due(date(2017, 1, 1)).date == date(2017, 2, 8)  # Spring Festival ends on the 2nd; the 4th is worked
    assert report_due(date(2016, 11, 1), replace(rules.shipped(), report_workday=1)).date == date(2016, 12, 1)


@pytest.mark.requirement("V7", part="missing reports")
def test_a_report_is_missing_from_the_day_after_it_was_due():
    task = replace(CITY, start=date(2016, 11, 20), due=date(2017, 3, 31))
    on_the_day, after = date(2016, 12, 7), date(2016, 12, 8)
    assert stand([task], [], on_the_day)["A"].missing == ()
    assert stand([task], [], after)["A"].missing == (date(2016, 11, 1),)
    there = report("A", date(2016, 11, 1), 0, evidence=())
    assert stand([task], [there], after)["A"].missing == ()
    entered = replace(task, entered_on=date(2016, 12, 8))
    assert stand([entered], [], date(2017, 1, 5))["A"].missing == ()  # nobody owes what was over before he knew
    assert stand([replace(task, entered_on=date(2016, 12, 7))], [], after)["A"].missing == (date(2016, 11, 1),)


@pytest.mark.requirement("V7", part="missing reports")
def test_nothing_is_owed_once_all_is_done_or_handed_down():
    done = [report("A", date(2016, 5, 1), 100)]
    assert owed_months(CITY, Decimal(100), done, date(2016, 12, 20)) == [date(2016, 4, 1), date(2016, 5, 1)]
    assert owed_months(CITY, Decimal(0), [], date(2016, 12, 20)) == []
    found = stand([CITY, child("B", 100)], [], date(2016, 6, 20))
    assert (found["A"].missing, len(found["B"].missing)) == ((), 2)
    assert [len(one.missing) for one in stand([CITY, child("B", 99)], [], date(2016, 6, 20)).values()] == [2, 2]


@pytest.mark.requirement("V7", part="states")
def test_a_task_is_late_from_the_day_after_the_margin_and_very_late_after_the_second():
    task = replace(CITY, start=date(2016, 1, 1), due=date(2016, 12, 26), entered_on=date(2016, 7, 1))

    def state(behind: int, base: Task = task):
        judged = date(2016, 6, 30)
        enough = (judged - base.start).days - behind
        done = report("A", date(2016, 6, 1), Decimal(enough * 100) / 360 + Decimal("0.0001"))
        return stand([base], [done], date(2016, 7, 4))["A"]

    assert (state(10).state, state(10).behind_days) == ("on_time", 10)
    assert (state(11).state, state(11).behind_days) == ("late", 11)
    assert (state(30).state, state(31).state) == ("late", "severe")
    assert state(31).behind_points == Decimal("8.7")  # 31/360, rounded up


@pytest.mark.requirement("V7", part="states")
def test_a_short_task_is_very_late_by_points():
    task = replace(CITY, start=date(2016, 6, 1), due=date(2016, 6, 29))
    judged = stand([task], [report("A", date(2016, 6, 1), 74)], date(2016, 6, 29))
    assert judged["A"].state == "on_time"  # the month is not over
    assert stand([task], [report("A", date(2016, 6, 1), 74)], date(2016, 6, 30))["A"].state == "severe"
    assert stand([task], [report("A", date(2016, 6, 1), 76)], date(2016, 6, 30))["A"].state == "late"
    assert stand([task], [report("A", date(2016, 6, 1), 100)], date(2016, 6, 30))["A"].state == "done"


@pytest.mark.requirement("V7", part="states")
def test_not_begun_on_time_silent_done():
    assert stand([CITY], [], START - DAY)["A"].state == "not_started"
    assert stand([CITY], [], date(2016, 5, 9))["A"].state == "not_started"  # April is owed on 9 May, which is not over
    later = replace(CITY, steps=steps((date(2016, 11, 30), 10), (DUE, 100)))
    assert stand([later], [], date(2016, 5, 11))["A"].state == "missing"
    assert stand([CITY], [], date(2016, 5, 11))["A"].state == "late"  # silence does not hide lateness
    assert (
        stand([later], [report("A", date(2016, 4, 1), 0, evidence=())], date(2016, 5, 11))["A"].state == "not_started"
    )
    assert stand([later], [report("A", date(2016, 4, 1), 1)], date(2016, 5, 11))["A"].state == "on_time"
    done = stand([later], [report("A", date(2016, 4, 1), 120, reason="多做")], date(2016, 12, 31))["A"]
    assert (done.state, done.percent, done.finished_on) == ("done", 100, date(2016, 4, 30))


@pytest.mark.requirement("V7", part="progress with proof")
def test_a_later_report_corrects_and_both_are_kept():
    wrong = report("A", date(2016, 5, 1), 50)
    right = report("A", date(2016, 5, 1), 40, datetime(2016, 6, 20, tzinfo=UTC), reason="重复计数", id=2)
    found = stand([CITY], [right, wrong], date(2016, 6, 25))["A"]
    assert (found.done, found.reports) == (40, (wrong, right))
    assert stand([CITY], [wrong], date(2016, 6, 15))["A"].done == 50


@pytest.mark.requirement("V7", part="progress with proof")
@pytest.mark.parametrize(
    ("new", "word"),
    [
        (report("A", date(2016, 6, 1), 29), "less than the 30 台 reported before"),
        (report("A", date(2016, 5, 1), 29), "less than the 30 台 reported before"),
        (report("A", date(2016, 4, 1), 31), "2016-05 has only 30 台"),
        (report("A", date(2016, 6, 1), 101), "more than the 100 台 to be done"),
        (report("A", date(2016, 6, 1), 31, evidence=()), "needs proof"),
        (report("A", date(2016, 3, 1), 1), "month 2016-03: expected 2016-04 to"),
        (report("A", date(2016, 8, 1), 40, datetime(2016, 7, 30, tzinfo=UTC)), "month 2016-08"),
        (report("A", date(2016, 6, 1), -1), "done -1: expected a quantity from 0"),
        (report("A", date(2016, 6, 1), "nan"), "expected a quantity"),
    ],
)
def test_a_report_that_cannot_stand_is_refused(new, word):
    before = [report("A", date(2016, 5, 1), 30)]
    with pytest.raises(TaskError) as error:
        check_report(CITY, CITY.quantity, before, new)
    assert word in str(error.value)


def test_progress_falls_only_with_a_reason():
    before = [report("A", date(2016, 5, 1), 30)]
    check_report(CITY, CITY.quantity, before, report("A", date(2016, 6, 1), 29, reason="核减", evidence=()))
    check_report(CITY, CITY.quantity, before, report("A", date(2016, 6, 1), 30, evidence=()))
    with pytest.raises(TaskError, match="handed down"):
        check_report(CITY, Decimal(0), [], report("A", date(2016, 6, 1), 1))


@pytest.mark.requirement("V7", part="decomposition")
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 80)), min_size=1, max_size=6), st.integers(0, 20))
def test_a_task_is_as_far_as_its_parts_and_none_pays_for_another(parts, own):
    whole = replace(CITY, quantity=Decimal(sum(size for size, _ in parts) + own))
    tasks = [whole, *(child(f"A{k}", size) for k, (size, _) in enumerate(parts))]
    reports = [report(f"A{k}", date(2016, 5, 1), done) for k, (_, done) in enumerate(parts)]
    found = stand(tasks, reports, date(2016, 6, 20))
    assert found["A"].own == own
    assert found["A"].done == sum(min(size, done) for size, done in parts)
    assert (found["A"].state == "done") == (own == 0 and all(done >= size for size, done in parts))


def test_the_end_is_foretold_by_the_pace():
    task = replace(CITY, start=date(2016, 6, 1))
    found = stand([task], [report("A", date(2016, 6, 1), 25)], date(2016, 7, 4))["A"]
    assert found.forecast == date(2016, 6, 30) + 90 * DAY  # a quarter took 30 days
    assert stand([task], [], date(2016, 7, 4))["A"].forecast is None


@pytest.mark.requirement("V7", part="roll-up")
def test_each_branch_counts_once_in_each_group():
    town = child("C", 20, "110105001", parent="B", department="government")
    other = child("X", 5, "110108", parent=None, item="10.1", department="industry")
    found = stand([CITY, child("B", 60), town, other], [report("X", date(2016, 4, 1), 5)], date(2016, 8, 20)).values()
    assert [(one.key, one.total) for one in rollup.group(found, "item")] == [("2.1", 1), ("10.1", 1)]
    assert [(one.key, one.total) for one in rollup.group(found, "county")] == [
        *(("110000", 1), ("110105", 1), ("110108", 1)),
    ]
    assert [(one.key, one.total) for one in rollup.group(found, "department")] == [
        *(("ecology", 1), ("government", 1), ("industry", 1)),
    ]
    whole = rollup.total("", found)
    assert (whole.total, whole.states["done"], whole.late, whole.latest.task.number) == (2, 1, 1, "A")
    listed = rollup.missing(found)
    assert [one.month for one in listed] == sorted(one.month for one in listed)
    assert {one.standing.task.number for one in listed} == {"A", "B", "C"}


def test_rules_that_cannot_be_are_refused(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text("late_days: soon\n")
    with pytest.raises(ValueError, match="late_days 'soon': expected a whole number"):
        rules.read(file)
    file.write_text("later_days: 3\n")
    with pytest.raises(ValueError, match="later_days"):
        rules.read(file)
    file.write_text("late_days: 3\nagenda: {failed: 1}\n")
    assert (rules.read(file).late_days, rules.read(file).agenda.failed) == (3, 1)
