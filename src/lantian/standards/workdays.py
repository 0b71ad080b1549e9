"""Working days 工作日, and deadlines that are counted in them.

The calendar is chinesecalendar (the yearly notices of the State Council on holidays) with a table of dated overrides
over it. A year whose notice is not known yet is counted by weekends alone and the result is marked provisional:
never a silent guess.
"""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

import chinese_calendar

from lantian.standards.frames import StandardsError

_SHIPPED = Path(__file__).with_name("workday_overrides.toml")
_FIELDS = {"date": dt.date, "workday": bool, "notice": dt.date, "source": str}

# The notice for a year also moves days at the end of the year before; since 2004 never before 29 December (2007, 2018).
_MOVED_FROM = (12, 29)


@dataclass(frozen=True, slots=True)
class Override:
    """One day that the notices settle otherwise than chinesecalendar has it; ``notice`` is the date of the notice."""

    date: dt.date
    workday: bool
    notice: dt.date
    source: str


@dataclass(frozen=True)
class Calendar:
    """A calendar edition: chinesecalendar, the overrides over it, and the further years that the overrides complete."""

    name: str
    overrides: Mapping[dt.date, Override] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    years: frozenset[int] = frozenset()

    def knows(self, day: dt.date) -> bool:
        """Whether notices settle the day, so that it cannot change any more by one that is still to come."""
        if day in self.overrides:
            return True
        if (day.month, day.day) >= _MOVED_FROM and not self._complete(day.year + 1):
            return False
        return self._complete(day.year)

    def is_workday(self, day: dt.date) -> bool:
        """Whether people work on the day; in a year that is not known, whether it is Monday to Friday."""
        if day in self.overrides:
            return self.overrides[day].workday
        if day.year in _library_years():
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5

    def _complete(self, year: int) -> bool:
        return year in self.years or year in _library_years()


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of a term; ``provisional`` when no notice settles some day of it; ``calendar``: the edition used."""

    date: dt.date
    provisional: bool
    calendar: str


def add(start: dt.date, n: int, calendar: Calendar | None = None) -> Deadline:
    """The day on which a term of ``n`` working days ends.

    The starting day does not count (民法典 article 201), so ``n`` = 1 is the next working day; ``n`` = 0 is ``start``
    itself, or the next working day when it is none (article 203). ``calendar`` None is the shipped edition,
    `load()`.

    Raises `StandardsError` for a negative ``n`` and for a ``start`` that is no plain date (a moment in time belongs
    to a day only in a time zone).
    """
    if isinstance(start, dt.datetime) or not isinstance(start, dt.date):
        raise StandardsError(f"start is {start!r}, expected a date (the natural day of Asia/Shanghai)")
    if isinstance(n, bool) or not isinstance(n, int) or n < 0:
        raise StandardsError(f"n is {n!r}, expected a whole number of working days >= 0")
    used = calendar or load()
    # The starting day matters only when the term may end on it.
    day = start if n == 0 else start + dt.timedelta(days=1)
    left, provisional = max(n, 1), not used.knows(day)
    while True:
        left -= used.is_workday(day)
        if left == 0:
            return Deadline(day, provisional, used.name)
        day += dt.timedelta(days=1)
        provisional = provisional or not used.knows(day)


def load(*paths: str | Path) -> Calendar:
    """The shipped calendar, with the override tables at ``paths`` over it, later ones first.

    The form of a table is described at the head of ``workday_overrides.toml`` in this folder. Raises
    `StandardsError` that names the file, the entry, the field and what is expected.
    """
    return _load(_SHIPPED, *map(Path, paths)) if paths else _shipped()


@cache
def _shipped() -> Calendar:
    return _load(_SHIPPED)


def _load(*paths: Path) -> Calendar:
    tables = [_read(path) for path in paths]
    overrides = {override.date: override for _, _, entries in tables for override in entries}
    editions = ", ".join(edition for edition, _, _ in tables)
    name = f"chinesecalendar {version('chinesecalendar')}, overrides {editions}"
    return Calendar(name, MappingProxyType(overrides), frozenset().union(*(years for _, years, _ in tables)))


@cache
def _library_years() -> range:
    days = chinese_calendar.holidays
    return range(min(days).year, max(days).year + 1)


def _read(path: Path) -> tuple[str, frozenset[int], list[Override]]:
    """Edition, completed years and overrides of one table."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StandardsError(f"{path}: cannot be read as a table of working days: {error}") from None
    unknown = sorted(table.keys() - {"edition", "years", "override"})
    if unknown:
        raise StandardsError(f"{path}: unknown keys {unknown}, expected edition, years, override")
    edition, years = table.get("edition"), table.get("years", [])
    if not isinstance(edition, str):
        raise StandardsError(f'{path}: edition is {edition!r}, expected a text such as "2027-01"')
    if not isinstance(years, list) or not all(type(year) is int for year in years):
        raise StandardsError(f"{path}: years is {years!r}, expected a list of years such as [2027]")
    return edition, frozenset(years), [_override(path, k, row) for k, row in enumerate(table.get("override", []), 1)]


def _override(path: Path, number: int, row: dict[str, Any]) -> Override:
    unknown = sorted(row.keys() - _FIELDS.keys())
    if unknown:
        raise StandardsError(f"{path}: override {number}: unknown fields {unknown}, expected {list(_FIELDS)}")
    for name, kind in _FIELDS.items():
        if type(row.get(name)) is not kind:
            raise StandardsError(f"{path}: override {number}: {name} is {row.get(name)!r}, expected a {kind.__name__}")
    return Override(**row)
