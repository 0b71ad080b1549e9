"""Duties of disclosure 公开职责: what happened makes what must be told, by whom, until which day.

Pure: events, what was done, a day and the rules give the duties with where each stands. Days are natural days of
Asia/Shanghai; a duty is overdue from the day after its due day on.
"""

from __future__ import annotations

import calendar as months
import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lantian.disclosure import rules as rulebook
from lantian.disclosure.rules import Rule, Rules, Unit
from lantian.standards import workdays
from lantian.standards.workdays import Calendar, Deadline

State = Literal["done", "late", "overdue", "due"]
AHEAD = dt.timedelta(days=14)
"""How far ahead the next weekly and monthly duties are listed."""
SPAN = dt.timedelta(days=3660)
"""A deadline lies within ten years."""
_TERM = re.compile(r"\+?(\d{1,4})(wd|d)")


@dataclass(frozen=True)
class Event:
    """Something that happened and makes duties; ``id`` and ``note`` come along, ``example``: it is invented."""

    kind: str
    region: str
    happened_on: dt.date
    note: str = ""
    example: bool = False
    id: int | None = None


@dataclass(frozen=True)
class Done:
    """That a duty was done: which (kind, region, trigger day), when, with which document, by whom."""

    kind: str
    region: str
    trigger: dt.date
    done_on: dt.date
    document: int | None = None
    who: str = ""
    note: str = ""


@dataclass(frozen=True)
class Duty:
    """A duty as of a day.

    Attributes:
        kind, region, trigger: which it is; ``trigger`` is the day of the event, of a weekly duty its week's day, of a
            monthly one the first day of the month that is told of.
        owed_by: ``region`` or ``inspection``, as `rules.Rule`.
        due: the last day; provisional where no holiday notice settles it yet.
        event: what made it; None for a duty made by one that was done.
        done: how it was done.
        state: done in time, done late, overdue, or still due; ``days``: how many days late, over or left.
        warned: still due, and so near that one is warned.
    """

    kind: str
    zh: str
    en: str
    region: str
    trigger: dt.date
    owed_by: rulebook.Owner
    due: Deadline
    clause: str
    confidence: str
    document: str
    state: State
    days: int
    warned: bool
    event: Event | None = None
    done: Done | None = None
    example: bool = False


@dataclass(frozen=True)
class Term:
    """A deadline with the days that were counted."""

    start: dt.date
    n: int
    unit: Unit
    due: Deadline
    counted: tuple[dt.date, ...]


def deadline(start: dt.date, n: int, unit: Unit, calendar: Calendar | None = None) -> Deadline:
    """The last day of a term; the starting day does not count.

    A term in calendar days ends on a calendar day, also on a holiday: the published rules know no postponement.
    """
    used = calendar or workdays.load()
    if unit == "working_days":
        return workdays.add(start, n, used)
    return Deadline(start + dt.timedelta(days=n), False, used.name)


def term(start: dt.date, text: str, calendar: Calendar | None = None) -> Term:
    """A term as people write it: ``+2wd`` working days, ``+15d`` calendar days. Raises ValueError, saying the forms."""
    found = _TERM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"term {text!r}: expected +2wd (working days) or +15d (calendar days)")
    n, unit = int(found[1]), "working_days" if found[2] == "wd" else "days"
    if dt.timedelta(days=n) > SPAN or start.year > dt.MAXYEAR - 20:
        raise ValueError(f"term {text!r} from {start}: expected at most {SPAN.days} days")
    used = calendar or workdays.load()
    due = deadline(start, n, "working_days" if unit == "working_days" else "days", used)
    days = (start + dt.timedelta(days=k) for k in range(1, (due.date - start).days + 1))
    counted = tuple(day for day in days if unit == "days" or used.is_workday(day))
    return Term(start, n, "working_days" if unit == "working_days" else "days", due, counted)


def on(
    events: Sequence[Event],
    done: Sequence[Done],
    day: dt.date,
    rules: Rules | None = None,
    calendar: Calendar | None = None,
) -> list[Duty]:
    """Every duty as it stands on the evening of ``day``, by due day.

    Events and deeds of later days are not known yet. A weekly or monthly duty is listed from two weeks before its due
    day on. An event of the same kind, region and day counts once.
    """
    table, used = rules or rulebook.load(), calendar or workdays.load()
    known = [event for event in events if event.happened_on <= day]
    deeds = {(one.kind, one.region, one.trigger): one for one in done if one.done_on <= day}
    found: dict[tuple[str, str, dt.date], Duty] = {}
    # A duty that is done may be an event itself, which makes further duties.
    waiting = list(known)
    while waiting:
        event = waiting.pop(0)
        for rule in table.rules:
            for trigger, start in _starts(rule, event, known, day):
                key = (rule.kind, event.region, trigger)
                if key in found:
                    continue
                deed = deeds.get(key)
                found[key] = _duty(rule, event, trigger, deadline(start, rule.n, rule.unit, used), deed, day)
                if deed and rule.causes:
                    waiting.append(Event(rule.causes, event.region, deed.done_on, deed.note, event.example))
    return sorted(found.values(), key=lambda duty: (duty.due.date, duty.region, duty.kind, duty.trigger))


def _starts(rule: Rule, event: Event, events: Sequence[Event], day: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    """The duties that an event makes by a rule: the day that names each, and the day from which its term counts."""
    if rule.trigger == event.kind:
        yield event.happened_on, event.happened_on
    elif rule.begins == event.kind:
        over = [one.happened_on for one in events if one.kind == rule.ends and one.region == event.region]
        last = min((one for one in over if one >= event.happened_on), default=dt.date.max)
        yield from _recurring(rule, event.happened_on, last, day + AHEAD)


def _recurring(rule: Rule, first: dt.date, last: dt.date, until: dt.date) -> Iterator[tuple[dt.date, dt.date]]:
    if rule.trigger == "weekly":
        one = first + dt.timedelta(days=(rule.weekday - first.weekday()) % 7)
        while one <= min(last, until):
            yield one, one
            one += dt.timedelta(days=7)
        return
    # A month is told of when it is over; it counts where the campaign saw its last day.
    month = first.replace(day=1)
    while True:
        end = month.replace(day=months.monthrange(month.year, month.month)[1])
        if end > last or end + dt.timedelta(days=rule.n) > until:
            return
        yield month, end
        month = end + dt.timedelta(days=1)


def _duty(rule: Rule, event: Event, trigger: dt.date, due: Deadline, deed: Done | None, day: dt.date) -> Duty:
    late = ((deed.done_on if deed else day) - due.date).days
    state: State = ("late" if late > 0 else "done") if deed else ("overdue" if late > 0 else "due")
    return Duty(
        kind=rule.kind,
        zh=rule.zh,
        en=rule.en,
        region=event.region,
        trigger=trigger,
        owed_by=rule.owed_by,
        due=due,
        clause=rule.clause,
        confidence=rule.confidence,
        document=rule.document,
        state=state,
        days=abs(late),
        warned=state == "due" and -late <= rule.warn,
        event=event,
        done=deed,
        example=event.example,
    )
