"""Duties of disclosure: deadlines around the National Day holiday of 2017, chains of events, rules as data."""

import datetime as dt
from pathlib import Path

import pytest
import yaml

from lantian.disclosure import duties, rules
from lantian.disclosure.duties import Done, Event

REGION = "130100"
D = dt.date


def of(found: list[duties.Duty], kind: str) -> duties.Duty:
    return next(duty for duty in found if duty.kind == kind)


@pytest.mark.requirement("P1")
def test_two_working_days_after_a_round_that_ended_before_the_holiday() -> None:
    """29 September 2017 is a Friday, the 30th a working Saturday; the holiday ends on 8 October."""
    ended = Event("round_ended", REGION, D(2017, 9, 29))
    duty = of(duties.on([ended], [], D(2017, 9, 30)), "inspection_letter")
    assert (duty.due.date, duty.due.provisional, duty.state) == (D(2017, 10, 9), False, "due")
    assert (duty.days, duty.warned) == (9, False)
    assert of(duties.on([ended], [], D(2017, 10, 8)), "inspection_letter").warned
    assert of(duties.on([ended], [], D(2017, 10, 9)), "inspection_letter").state == "due"
    late = of(duties.on([ended], [], D(2017, 10, 12)), "inspection_letter")
    assert (late.state, late.days) == ("overdue", 3)


@pytest.mark.requirement("P1")
def test_the_letter_when_published_makes_the_duties_of_the_city() -> None:
    ended = Event("round_ended", REGION, D(2017, 9, 29), example=True)
    assert {duty.kind for duty in duties.on([ended], [], D(2017, 10, 20))} == {"inspection_letter"}
    letter = Done("inspection_letter", REGION, D(2017, 9, 29), D(2017, 10, 10), who="a")
    found = duties.on([ended], [letter], D(2017, 10, 10))
    assert (of(found, "inspection_letter").state, of(found, "inspection_letter").days) == ("late", 1)
    assert of(found, "problem_list").due.date == D(2017, 10, 12)
    results = of(found, "rectification_results")
    assert (results.due.date, results.trigger, results.owed_by, results.example) == (
        D(2017, 10, 25),
        D(2017, 10, 10),
        "region",
        True,
    )
    # A deed that lies in the future is not known yet.
    assert of(duties.on([ended], [letter], D(2017, 10, 9)), "inspection_letter").done is None


@pytest.mark.requirement("P1")
def test_thursdays_and_months_of_a_campaign() -> None:
    began, over = Event("campaign_started", REGION, D(2017, 9, 1)), Event("campaign_ended", REGION, D(2017, 10, 20))
    deed = Done("television_item", REGION, D(2017, 9, 7), D(2017, 9, 7))
    found = [duty for duty in duties.on([began], [deed], D(2017, 9, 20)) if duty.kind == "television_item"]
    assert [duty.due.date.day for duty in found] == [7, 14, 21, 28]
    assert all(duty.due.date.weekday() == 3 for duty in found)
    assert [duty.state for duty in found] == ["done", "overdue", "due", "due"]
    assert [duty.warned for duty in found] == [False, False, True, False]
    ended = duties.on([began, over], [], D(2017, 12, 1))
    assert max(duty.due.date for duty in ended if duty.kind == "television_item") == D(2017, 10, 19)
    months = [duty for duty in ended if duty.kind == "monthly_ranking"]
    assert [(duty.trigger, duty.due.date) for duty in months] == [(D(2017, 9, 1), D(2017, 10, 10))]


def test_the_same_event_told_twice_is_one_duty() -> None:
    ended = Event("round_ended", REGION, D(2017, 9, 29))
    other = Event("round_ended", "130200", D(2017, 9, 29))
    assert len(duties.on([ended, ended, other], [], D(2017, 9, 30))) == 2


@pytest.mark.requirement("P1")
def test_a_year_without_a_holiday_notice_is_provisional() -> None:
    due = duties.deadline(D(2031, 9, 29), 2, "working_days")
    assert due.provisional
    assert duties.deadline(D(2031, 9, 29), 15, "days") == duties.Deadline(D(2031, 10, 14), False, due.calendar)


def test_terms_as_people_write_them() -> None:
    two = duties.term(D(2017, 9, 29), "+2wd")
    assert (two.due.date, two.counted) == (D(2017, 10, 9), (D(2017, 9, 30), D(2017, 10, 9)))
    assert duties.term(D(2017, 9, 29), "15d").due.date == D(2017, 10, 14)
    assert len(duties.term(D(2017, 9, 29), "+15d").counted) == 15
    for wrong in ("2", "+2 wd", "-1d", "+9999d", ""):
        with pytest.raises(ValueError, match="expected"):
            duties.term(D(2017, 9, 29), wrong)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"trigger": "round_over"},
            r"entry 1 \(inspection_letter\): trigger is 'round_over', expected one of round_en",
        ),
        ({"n": -1}, "n is -1, expected a whole number"),
        ({"n": True}, "n is True, expected a whole number"),
        ({"unit": "weeks"}, "unit is 'weeks', expected one of working_days, days"),
        ({"owed_by": "me"}, "owed_by is 'me', expected one of region, inspection"),
        ({"document": "poem"}, "document is 'poem', expected one of monthly_bulletin"),
        ({"clause": " "}, "clause is ' ', expected a text"),
        ({"colour": "red"}, r"unknown fields \['colour'\]"),
        ({"kind": "problem_list"}, "entry 2: kind 'problem_list' stands there twice"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    table = yaml.safe_load(rules.SHIPPED.read_text("utf-8"))
    table["rules"][0] |= change
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(table, allow_unicode=True), encoding="utf-8")
    with pytest.raises(rules.RuleError, match=said):
        rules.load(file)


def test_an_office_may_change_a_term(tmp_path: Path) -> None:
    table = yaml.safe_load(rules.SHIPPED.read_text("utf-8"))
    table["rules"][0]["n"] = 5
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(table, allow_unicode=True), encoding="utf-8")
    ended = Event("round_ended", REGION, D(2017, 9, 4))
    assert duties.on([ended], [], D(2017, 9, 4), rules.load(file))[0].due.date == D(2017, 9, 11)
