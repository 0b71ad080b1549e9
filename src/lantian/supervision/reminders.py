"""Reminders 提醒 before a day and escalations after it: what falls due on a day, computed from the case alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from lantian.standards.workdays import Calendar
from lantian.supervision.case import Case
from lantian.supervision.deadlines import left


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder.

    Attributes:
        kind: ``before`` the last day or on it, or ``overdue``.
        desk: who is told.
        days: left until the last day, in the term's unit; passed since it, where overdue.
        propose: name of the move that is proposed to them.
    """

    kind: Literal["before", "overdue"]
    desk: str
    days: int
    propose: str | None = None


def due_on(case: Case, day: date, calendar: Calendar | None = None) -> tuple[Reminder, ...]:
    """The reminders that fall on a day; none while the case is over or its term stands still."""
    if case.due is None or case.running is None or case.at.desk is None or case.paused(day):
        return ()
    remaining = left(day, case.due.date, case.running.unit, calendar)
    if remaining >= 0:
        told = remaining in case.at.remind and _counts(case, day, remaining, calendar)
        return (Reminder("before", case.at.desk, remaining),) if told else ()
    return tuple(
        Reminder("overdue", step.to, step.n, step.propose)
        for step in case.at.escalate
        if -left(day, case.due.date, step.unit, calendar) == step.n and _reached(case, day, step.unit, calendar)
    )


def raised(case: Case, day: date, calendar: Calendar | None = None) -> tuple[Reminder, ...]:
    """The escalations that stand on a day: every one whose time has come, the farthest last."""
    if case.due is None or not case.overdue(day):
        return ()
    return tuple(
        Reminder("overdue", step.to, step.n, step.propose)
        for step in case.at.escalate
        if -left(day, case.due.date, step.unit, calendar) >= step.n
    )


def _counts(case: Case, day: date, remaining: int, calendar: Calendar | None) -> bool:
    """Whether it is the first day with so many left: over days off a count in working days stands still."""
    before = date.fromordinal(day.toordinal() - 1)
    if case.due is None or case.running is None:
        return False
    return before < case.since or left(before, case.due.date, case.running.unit, calendar) != remaining


def _reached(case: Case, day: date, unit: Literal["day", "workday"], calendar: Calendar | None) -> bool:
    """Whether the day is the first one so far behind the last: days off repeat the count of the day before."""
    before = date.fromordinal(day.toordinal() - 1)
    if case.due is None:
        return False
    return left(before, case.due.date, unit, calendar) != left(day, case.due.date, unit, calendar)
