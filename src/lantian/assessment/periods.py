"""Periods of evaluation: month, quarter, half-year, year, autumn-winter, or any first and last day.

The written forms are the ones offices use in file names and the CLI: ``2016-12``, ``2016Q4``, ``2016H2``, ``2016``,
``2016AW`` (autumn-winter 秋冬季: 1 October to 31 March of the next year) and ``2016-11-15..2016-12-16``.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Kind = Literal["month", "quarter", "half-year", "year", "autumn-winter", "days"]

FORMS = "2016-12, 2016Q4, 2016H2, 2016, 2016AW, 2016-12-16 or 2016-11-15..2016-12-16"

MONTHS_IN: dict[Kind, int] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12, "autumn-winter": 6}
"""Length of the kinds of period that have a name."""


@dataclass(frozen=True)
class Period:
    """A span of whole days, first and last included.

    ``kind`` decides which validity rules and which index practice apply; ``days`` is any other span.
    """

    start: date
    end: date
    kind: Kind = "days"

    def __post_init__(self) -> None:
        """Refuse a span that ends before it begins."""
        if self.end < self.start:
            raise ValueError(f"period ends before it begins: {self.start}..{self.end}")

    @property
    def days(self) -> int:
        """Number of calendar days."""
        return (self.end - self.start).days + 1

    @property
    def label(self) -> str:
        """The written form, which :func:`parse` reads back."""
        year = self.start.year
        return {
            "month": f"{year}-{self.start.month:02d}",
            "quarter": f"{year}Q{(self.start.month + 2) // 3}",
            "half-year": f"{year}H{1 if self.start.month == 1 else 2}",
            "year": f"{year}",
            "autumn-winter": f"{year}AW",
            "days": f"{self.start}..{self.end}",
        }[self.kind]

    @property
    def label_zh(self) -> str:
        """The period in the words of a bulletin."""
        year, quarter = self.start.year, (self.start.month + 2) // 3
        return {
            "month": f"{year}年{self.start.month}月",
            "quarter": f"{year}年第{'一二三四'[quarter - 1]}季度",
            "half-year": f"{year}年{'上' if self.start.month == 1 else '下'}半年",
            "year": f"{year}年",
            "autumn-winter": f"{year}—{year + 1}年秋冬季",
            "days": f"{self.start}至{self.end}" if self.days > 1 else f"{self.start}",
        }[self.kind]

    def year_before(self) -> Period:
        """The same span one year earlier (29 February becomes 28)."""
        if self.kind == "days":
            return Period(_back(self.start), _back(self.end))
        return parse(self.label.replace(str(self.start.year), str(self.start.year - 1), 1))

    def until(self, last: date) -> Period:
        """The part known by ``last``: cut there, as ``days``, when the period is still running."""
        return self if self.end <= last else Period(self.start, max(self.start, last))

    def step(self, count: int) -> Period:
        """The period of the same kind ``count`` further on; negative: back. Other spans move by their length."""
        if self.kind == "days":
            move = timedelta(days=count * self.days)
            return Period(self.start + move, self.end + move)
        months = self.start.year * 12 + self.start.month - 1 + count * MONTHS_IN[self.kind]
        if self.kind == "autumn-winter":
            months = self.start.year * 12 + 9 + count * 12
        return _months(months // 12, months % 12 + 1, MONTHS_IN[self.kind], self.kind)

    def months(self) -> list[Period]:
        """The calendar months that the span touches, each cut to the span."""
        out, first = [], self.start
        while first <= self.end:
            last = date(first.year, first.month, monthrange(first.year, first.month)[1])
            whole = first.day == 1 and last <= self.end
            out.append(Period(first, min(last, self.end), "month" if whole else "days"))
            first = last + timedelta(days=1)
        return out


def parse(text: str) -> Period:
    """Read a written period.

    Raises
    ------
    ValueError
        The text is none of the known forms, or names a day that does not exist; the message lists the forms.
    """
    text = text.strip()
    try:
        if found := re.fullmatch(r"(\d{4})-(\d{1,2})", text):
            return _months(int(found[1]), int(found[2]), 1, "month")
        if found := re.fullmatch(r"(\d{4})[Qq]([1-4])", text):
            return _months(int(found[1]), 3 * int(found[2]) - 2, 3, "quarter")
        if found := re.fullmatch(r"(\d{4})[Hh]([12])", text):
            return _months(int(found[1]), 6 * int(found[2]) - 5, 6, "half-year")
        if found := re.fullmatch(r"(\d{4})", text):
            return _months(int(found[1]), 1, 12, "year")
        if found := re.fullmatch(r"(\d{4})[Aa][Ww]", text):
            return _months(int(found[1]), 10, 6, "autumn-winter")
        if found := re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?", text):
            return Period(date.fromisoformat(found[1]), date.fromisoformat(found[2] or found[1]))
    except ValueError as error:
        raise ValueError(f"period {text!r}: {error}; expected one of {FORMS}") from error
    raise ValueError(f"period {text!r} is not understood; expected one of {FORMS}")


def holding(day: date, kind: Kind) -> Period:
    """The period of a kind in which a day lies; of autumn and winter in summer the last one, of ``days`` the day."""
    if kind == "days":
        return Period(day, day)
    if kind == "autumn-winter":
        return _months(day.year if day.month >= 10 else day.year - 1, 10, 6, kind)
    length = MONTHS_IN[kind]
    return _months(day.year, (day.month - 1) // length * length + 1, length, kind)


def _months(year: int, month: int, count: int, kind: Kind) -> Period:
    last = month - 1 + count - 1
    end_year, end_month = year + last // 12, last % 12 + 1
    return Period(date(year, month, 1), date(end_year, end_month, monthrange(end_year, end_month)[1]), kind)


def _back(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
