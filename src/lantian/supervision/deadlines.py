"""Deadlines 时限: a pure function of the day a term began, its length, its unit and its pauses.

A day counts if it lies after the first one, no pause covers it, and, for working days, people work on it. A pause
covers the days after the one it began on, up to the one it ends on. The last day of a term in calendar days that is no
working day moves to the next one (民法典 articles 201 and 203).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lantian.standards import workdays
from lantian.standards.workdays import Calendar, Deadline

Unit = Literal["day", "workday"]
UNITS = ("day", "workday")

_LONGEST = 3660
"""Days after which a term that never ends (pauses without end) is an error."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Days that do not count: after ``start``, up to and with ``end``."""

    start: dt.date
    end: dt.date

    def covers(self, day: dt.date) -> bool:
        """Whether the day does not count."""
        return self.start < day <= self.end


def due(
    start: dt.date, n: int, unit: Unit = "workday", pauses: Sequence[Pause] = (), calendar: Calendar | None = None
) -> Deadline:
    """The last day of a term of ``n`` days that began on ``start``.

    Raises ValueError for a negative ``n`` or an unknown unit.
    """
    if unit not in UNITS:
        raise ValueError(f"unit {unit!r}: expected one of {', '.join(UNITS)}")
    if n < 0:
        raise ValueError(f"{n} days: expected 0 or more")
    used = calendar or workdays.load()
    if not pauses and unit == "workday":
        return workdays.add(start, n, used)
    day, left, provisional = start, n, False
    while left > 0 or not used.is_workday(day) or any(pause.covers(day) for pause in pauses):
        day += dt.timedelta(days=1)
        if (day - start).days > _LONGEST:
            raise ValueError(f"a term of {n} days from {start} does not end within {_LONGEST} days")
        provisional = provisional or not used.knows(day)
        if not any(pause.covers(day) for pause in pauses):
            left -= 1 if unit == "day" or used.is_workday(day) else 0
    return Deadline(day, provisional, used.name)


def left(today: dt.date, last: dt.date, unit: Unit = "workday", calendar: Calendar | None = None) -> int:
    """How many days remain after today up to the last one; negative: how many have passed since it.

    Working days where the term is in working days, so that a term that ends on Monday has 1 left on Friday.
    """
    if unit == "day":
        return (last - today).days
    used = calendar or workdays.load()
    first, end = min(today, last), max(today, last)
    between = sum(used.is_workday(first + dt.timedelta(days=k)) for k in range(1, (end - first).days + 1))
    if today <= last:
        return between
    return -max(between, 1)  # overdue even where only days off have passed
