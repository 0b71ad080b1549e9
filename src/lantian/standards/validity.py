"""Data validity (数据有效性): how many values a statistic must rest on. GB 3095 table 4 (2012 and 2026 alike), HJ 663.

The counts stand here as data with their clause; :mod:`~lantian.standards.windows` and
:mod:`~lantian.standards.periods` apply them. A statistic that rests on too little is not hidden: daily values become
null beside their count, period values stay and carry a flag.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Minimum:
    """The least number of values below a statistic: ``least`` of ``of``, with its clause and how sure we are of it."""

    statistic: str
    least: int
    of: int
    clause: str
    confidence: str


DAY_MEAN = Minimum("24-hour mean", 20, 24, "GB 3095-2012 and -2026 table 4", "HIGH")
EIGHT_HOURS = Minimum("8-hour mean of O3", 6, 8, "GB 3095-2012 and -2026 table 4", "HIGH")
MDA8 = Minimum("largest 8-hour mean of the day", 14, 17, "HJ 663 6.1.2, or the result exceeds the limit", "HIGH")
LARGEST_HOUR = Minimum("largest hour of O3", 20, 24, "as the 24-hour mean, or the result exceeds the limit", "LOW")
MONTH = Minimum("monthly statistic", 27, 31, "GB 3095-2012 and -2026 table 4", "HIGH")
FEBRUARY = Minimum("monthly statistic of February", 25, 29, "GB 3095-2012 and -2026 table 4", "HIGH")
YEAR = Minimum("annual statistic", 324, 366, "GB 3095-2012 and -2026 table 4, every month valid too", "HIGH")
# Other whole months, such as a quarter or half-year, have no rule of their own: every month must be valid (LOW).


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a period asks of its daily values: ``months`` (first day, days needed) and a total of ``days``."""

    months: tuple[tuple[date, int], ...]
    days: int


def days_of_month(first: date) -> int:
    """Valid daily values that the month beginning on ``first`` needs: 27, February 25 (in leap years too)."""
    return FEBRUARY.least if first.month == 2 else MONTH.least


def requirement(start: date, end: date) -> Requirement | None:
    """The validity rule for the days ``start`` to ``end``, both counted; None where no rule exists (parts of
    months).
    """
    whole = start.day == 1 and end.day == calendar.monthrange(end.year, end.month)[1]
    if not whole or end < start:
        return None
    months = []
    first = start
    while first <= end:
        months.append((first, days_of_month(first)))
        first = (first + timedelta(days=31)).replace(day=1)
    is_year = (start.month, end.month) == (1, 12) and start.year == end.year
    return Requirement(tuple(months), YEAR.least if is_year else sum(days for _, days in months))
