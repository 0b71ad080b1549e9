"""A wide or long frame as arrays, and back: which rows are one series, and what was written into them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["Injected", "Mask", "Series", "Values"]

Values: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Injected:
    """A frame with a fault in it.

    ``truth`` is true for each row that the fault governs (for ``spike``, ``clipped``, ``gap_when_bad`` and
    ``calibration_abuse`` the rows that it struck, for the others all rows of the item and period that had a value), in
    long frames also for the rows of other items that it moved. ``changed`` is true where the value is another than
    before: a value that happened to be stuck at itself is true in the one and false in the other. Rows that are false
    in ``truth`` are as they were.
    """

    frame: pl.DataFrame
    truth: pl.Series
    changed: pl.Series


class Series:
    """A wide or long frame as arrays: times, places, and the values of each item."""

    def __init__(self, frame: pl.DataFrame, place: str | None) -> None:
        if "time" not in frame.columns:
            raise ValueError(f"the frame has no column time; it has {', '.join(frame.columns)}")
        self.frame = frame
        self.long = {"item", "value"} <= set(frame.columns)
        self.times: Values = frame["time"].cast(pl.Datetime("us")).dt.timestamp("us").to_numpy().astype(float)
        self.aware = getattr(frame.schema["time"], "time_zone", None)
        where = next((name for name in ("place", "device") if name in frame.columns), None)
        self.places = np.array(frame[where].cast(pl.String).to_list()) if where else np.array([""] * frame.height)
        self.place = self._one(place)
        self.items = np.array(frame["item"].to_list()) if self.long else None
        self._before: dict[str, Values] = {}
        self._now: dict[str, Values] = {}
        self._touched = np.zeros(frame.height, dtype=bool)

    def _one(self, place: str | None) -> str:
        there = sorted(set(self.places.tolist()))
        if place is None and len(there) <= 1:
            return there[0] if there else ""
        if place is None or place not in there:
            raise ValueError(f"place {place!r} is not in the frame; it has {', '.join(map(str, there[:8]))}")
        return place

    def has(self, item: str) -> bool:
        """Is there such an item?"""
        return item in self.items if self.items is not None else item in self.frame.columns

    def values(self, item: str) -> Values:
        """All values of an item (of a long frame: of all items), NaN where missing."""
        column = "value" if self.long else item
        if not self.has(item):
            raise ValueError(f"the frame has no item {item!r}")
        if column not in self._now:
            self._before[column] = self.frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
            self._now[column] = self._before[column].copy()
        return self._now[column]

    def rows(self, item: str, start: datetime | None, end: datetime | None, place: str | None = None) -> Any:
        """Rows of one item and place in a period, in the order of time."""
        wanted = self.places == (self.place if place is None else place)
        if self.items is not None:
            wanted &= self.items == item
        if start is not None and end is not None:
            wanted &= (self.times >= self._stamp(start)) & (self.times < self._stamp(end))
        found = np.flatnonzero(wanted)
        return found[np.argsort(self.times[found], kind="stable")]

    def _stamp(self, when: datetime) -> float:
        if (when.tzinfo is None) != (self.aware is None):
            raise ValueError(f"{when} and the frame's time: one has a time zone, the other has not")
        naive = pl.Series([when]).dt.timestamp("us") if when.tzinfo is None else pl.Series([when.timestamp() * 1e6])
        return float(naive[0])

    def _looked_up(self, item: str, rows: NDArray[np.int64], back: float, place: str) -> Values:
        self.values(item)
        column = self._before["value" if self.long else item]
        source = self.rows(item, None, None, place)
        by_time = dict(zip(self.times[source].tolist(), column[source].tolist(), strict=True))
        return np.array([by_time.get(when - back, np.nan) for when in self.times[rows].tolist()])

    def at(self, item: str, rows: NDArray[np.int64], back: timedelta) -> Values:
        """What the series itself said so much earlier."""
        return self._looked_up(item, rows, back.total_seconds() * 1e6, self.place)

    def beside(self, item: str, rows: NDArray[np.int64], other: str | None, random: np.random.Generator) -> Values:
        """What another place said at the same times; drawn where none is named."""
        there = sorted(set(self.places.tolist()) - {self.place})
        if not there or (other is not None and other not in there):
            raise ValueError(f"no neighbour {other or ''} in the frame; it has {', '.join(there) or 'one place only'}")
        return self._looked_up(item, rows, 0.0, other or str(random.choice(there)))

    def write(self, item: str, rows: NDArray[np.int64], values: Values, struck: Mask) -> None:
        """Put values where the fault struck, in the digits of the series."""
        now = self.values(item)
        before = now[self.rows(item, None, None)]
        before = before[~np.isnan(before)]
        rounded = np.round(values, _decimals(before))
        if before.size and before.min() >= 0:
            rounded = np.where(rounded < 0, 0.0, rounded)
        now[rows[struck]] = rounded[struck]
        self._touched[rows[struck]] = True

    def injected(self, rows: NDArray[np.int64], flag: str | None) -> Injected:
        """Give the frame back with what was written."""
        changed = np.zeros(self.frame.height, dtype=bool)
        frame = self.frame
        for column, now in self._now.items():
            before = self._before[column]
            changed |= ~((now == before) | (np.isnan(now) & np.isnan(before)))
            frame = frame.with_columns(pl.Series(column, now, dtype=pl.Float64).fill_nan(None))
        if flag is not None and "flag" in frame.columns:
            marks = frame["flag"].cast(pl.String).to_list()
            for row in rows:
                marks[row] = flag
            frame = frame.with_columns(pl.Series("flag", marks, dtype=pl.String))
        return Injected(frame, pl.Series("truth", self._touched), pl.Series("changed", changed))


def _decimals(values: Values) -> int:
    """The fewest decimals, up to six, that give all values exactly."""
    for decimals in range(7):
        if np.array_equal(np.round(values, decimals), values):
            return decimals
    return 6
