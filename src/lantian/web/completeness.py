"""Completeness 完整性 as a table: the store's coverage by station and item, with each day of a month beside it."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.coverage import only_due
from lantian.observations.selection import Selection
from lantian.observations.statements import STAMP, Resolution
from lantian.observations.store import ObservationStore

_SHADES = (100.0, 98.0, 95.0, 90.0, 75.0)
"""From so many percent on a cell is shaded 0, 1, ... 4; below it is 5, and 6 where nothing is there."""

LEGEND = ("100", "≥ 98", "≥ 95", "≥ 90", "≥ 75", "< 75", "0")
"""What each shade means, in percent."""


@dataclass(frozen=True)
class Share:
    """How much of what was due is there."""

    observed: int
    expected: int

    @property
    def percent(self) -> float | None:
        """In percent; None where nothing was due."""
        return self.observed * 100 / self.expected if self.expected else None

    @property
    def text(self) -> str:
        """In percent with one decimal, cut and never rounded up, so that 100 means that none is missing."""
        if not self.expected:
            return "–"
        tenths = self.observed * 1000 // self.expected
        return "100" if tenths == 1000 else f"{tenths // 10}.{tenths % 10}"

    @property
    def shade(self) -> int | None:
        """0 (nothing missing) to 6 (nothing there); None where nothing was due."""
        if self.percent is None:
            return None
        if not self.observed:
            return 6
        return next((shade for shade, least in enumerate(_SHADES) if self.percent >= least), 5)

    def plus(self, other: Share) -> Share:
        """Both together."""
        return Share(self.observed + other.observed, self.expected + other.expected)


NOTHING = Share(0, 0)


@dataclass(frozen=True)
class Row:
    """One place: a share for each item, for all of them, and for each day of the month."""

    place: str
    items: Mapping[str, Share]
    whole: Share
    days: Mapping[date, Share]


@dataclass(frozen=True)
class Completeness:
    """A month of several places.

    Attributes:
        items: columns, in the order asked for.
        days: every day of the month.
        rows: places that have at least one row in the month, by code.
        totals: all places together, by item.
        whole: everything together.
    """

    items: tuple[str, ...]
    days: tuple[date, ...]
    rows: tuple[Row, ...]
    totals: Mapping[str, Share]
    whole: Share

    @property
    def worst(self) -> tuple[Row, str] | None:
        """The emptiest cell, place and item; None where nothing is missing."""
        cells = [(row, item) for row in self.rows for item in self.items if row.items[item].expected]
        found = min(cells, key=lambda cell: cell[0].items[cell[1]].percent or 0.0, default=None)
        if found is None or found[0].items[found[1]].shade == 0:
            return None
        return found


def of_month(
    platform: Platform, month: date, items: Sequence[str], resolution: Resolution, as_of: datetime
) -> Completeness:
    """Look at one month.

    Args:
        platform: the platform.
        month: any day of it.
        items: columns.
        resolution: hourly values, or published days.
        as_of: only what was known and due then counts.
    """
    store = ObservationStore(platform)
    first = month.replace(day=1)
    days = tuple(first + timedelta(days=n) for n in range(calendar.monthrange(first.year, first.month)[1]))
    after = days[-1] + timedelta(days=1)
    table = store.coverage(start=first, end=after, items=items, resolution=resolution, as_of=as_of)
    due = only_due(Selection.of(resolution, None, first, after, as_of)).end
    assert due is not None
    read = store.hourly if resolution == "hour" else store.daily
    seen = _by_day(read(None, first, after, items, as_of), items, resolution)
    rows = []
    for (place,), part in table.group_by("place", maintain_order=True):
        shares = {row["item"]: Share(row["observed"], row["expected"]) for row in part.iter_rows(named=True)}
        expected = max(share.expected for share in shares.values())
        observed = seen.get(str(place), {})
        by_day = {
            day: Share(observed.get(day, 0), stamps * len(items))
            for day, stamps in _due_by_day(days, due, expected, resolution).items()
        }
        rows.append(Row(str(place), shares, _sum(shares.values()), by_day))
    totals = {item: _sum(row.items[item] for row in rows) for item in items}
    return Completeness(tuple(items), days, tuple(rows), totals, _sum(totals.values()))


def _sum(shares: Iterable[Share]) -> Share:
    return reduce(Share.plus, shares, NOTHING)


def _by_day(view: pl.LazyFrame, items: Sequence[str], resolution: Resolution) -> dict[str, dict[date, int]]:
    """Values that are there, by place and day of Beijing."""
    stamp = pl.col(STAMP[resolution])
    day = stamp.dt.convert_time_zone(TIMEZONE.key).dt.date() if resolution == "hour" else stamp
    counts = view.group_by("place", day.alias("day")).agg(pl.sum_horizontal(pl.col(items).count()).alias("n")).collect()
    found: dict[str, dict[date, int]] = {}
    for place, when, count in counts.iter_rows():
        found.setdefault(place, {})[when] = count
    return found


def _due_by_day(days: Sequence[date], due: datetime, expected: int, resolution: Resolution) -> dict[date, int]:
    """Stamps due on each day where `expected` of them, the last ones before `due`, were due in the month."""
    step, zone = (timedelta(hours=1), TIMEZONE) if resolution == "hour" else (timedelta(days=1), UTC)
    begin = due - expected * step
    shares = {}
    for day in days:
        opens = datetime(day.year, day.month, day.day, tzinfo=zone)
        span = min(due, opens + timedelta(days=1)) - max(begin, opens)
        shares[day] = max(0, span // step)
    return shares
