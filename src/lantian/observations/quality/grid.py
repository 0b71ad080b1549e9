"""Hours of many places as arrays, one a item, and what the stations nearby say beside them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from math import asin, cos, radians, sin, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

ASIDE = 2
"""Hours before and after in which a neighbour may have shown the same: a front needs that long to cross a city."""


@dataclass(frozen=True)
class Grid:
    """Complete hours x places of each item; NaN where there is no value.

    Attributes:
        start: the first hour (UTC).
        places: the columns.
        values: item -> [hours, places].
    """

    start: datetime
    places: tuple[str, ...]
    values: Mapping[str, Array]

    @classmethod
    def of(cls, frame: pl.DataFrame, items: Sequence[str], start: datetime, end: datetime) -> Grid:
        """From a wide frame `place, time, <items>`; hours outside of [start, end) are left out."""
        hours = int((end - start) / timedelta(hours=1))
        places = tuple(sorted(frame["place"].unique()))
        at = {place: column for column, place in enumerate(places)}
        inside = frame.filter(pl.col("time").is_between(start, end, closed="left"))
        row = ((inside["time"] - start).dt.total_seconds() // 3600).to_numpy()
        column = inside["place"].replace_strict(at, return_dtype=pl.Int64).to_numpy() if inside.height else row
        values = {}
        for item in items:
            if item in frame.columns:
                array = np.full((hours, len(places)), np.nan)
                array[row, column] = inside[item].cast(pl.Float64).fill_null(float("nan")).to_numpy()
                values[item] = array
        return cls(start, places, values)

    @property
    def hours(self) -> int:
        """Number of hours."""
        return next(iter(self.values.values())).shape[0] if self.values else 0

    def time(self, row: int) -> datetime:
        """The beginning of an hour."""
        return self.start + timedelta(hours=int(row))


@dataclass(frozen=True)
class Nearby:
    """What the stations near one place show of one item, hour by hour; NaN where fewer than two say anything.

    Attributes:
        values: [hours, stations nearby].
    """

    values: Array

    @cached_property
    def count(self) -> NDArray[np.int64]:
        """How many have a value."""
        return np.asarray(np.sum(~np.isnan(self.values), axis=1), np.int64)

    @cached_property
    def middle(self) -> Array:
        """Their median."""
        ordered = np.sort(self.values, axis=1)  # NaN goes last
        n, rows = self.count, np.arange(len(ordered))
        if not ordered.shape[1]:
            return np.full(len(ordered), np.nan)
        found = (ordered[rows, np.maximum(n - 1, 0) // 2] + ordered[rows, np.minimum(n // 2, ordered.shape[1] - 1)]) / 2
        return np.where(n >= 2, found, np.nan)

    @cached_property
    def low(self) -> Array:
        """The lowest of any of them from `ASIDE` hours before to as many after."""
        return self._around(np.fmin)

    @cached_property
    def high(self) -> Array:
        """The highest, likewise."""
        return self._around(np.fmax)

    def moved(self, first: int, last: int) -> float:
        """By how much they moved from row `first` to row `last`: the median of their ranges; NaN: none is known."""
        part = self.values[first : last + 1]
        if not part.shape[1]:
            return float("nan")
        ranges = np.fmax.reduce(part, axis=0) - np.fmin.reduce(part, axis=0)
        known = ranges[~np.isnan(ranges)]
        return float(np.median(known)) if len(known) else float("nan")

    def _around(self, pick: np.ufunc) -> Array:
        if not self.values.shape[1]:
            return np.full(len(self.values), np.nan)
        each = pick.reduce(self.values, axis=1)
        found = each.copy()
        for step in range(1, ASIDE + 1):
            found[step:] = pick(found[step:], each[:-step])
            found[:-step] = pick(found[:-step], each[step:])
        return np.where(self.count >= 2, found, np.nan)


def rolling_median(values: Array, hours: int, least: int) -> Array:
    """The median of the last `hours` values, the present one included; NaN where fewer than `least` are there."""
    series = pl.Series(values).fill_nan(None)
    return series.rolling_median(hours, min_samples=least).fill_null(float("nan")).to_numpy()


def shifted(values: Array, hours: int) -> Array:
    """The values of so many hours before."""
    found = np.full_like(values, np.nan)
    found[hours:] = values[:-hours] if hours < len(values) else values[:0]
    return found


def neighbours(positions: Mapping[str, tuple[float, float]], stations: int, km: float) -> dict[str, tuple[str, ...]]:
    """Of each place the nearest others, at most `stations` within `km` kilometres, the nearest first.

    `positions`: place -> longitude, latitude in degrees.

    Example:
        >>> neighbours({"a": (116.0, 40.0), "b": (116.1, 40.0), "c": (117.9, 40.0)}, 3, 60)
        {'a': ('b',), 'b': ('a',), 'c': ()}
    """
    found: dict[str, tuple[str, ...]] = {}
    for place, here in positions.items():
        far = sorted((distance(here, there), other) for other, there in positions.items() if other != place)
        found[place] = tuple(other for length, other in far[:stations] if length <= km)
    return found


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres between two points on the sphere (haversine, radius 6371 km); longitude and latitude in degrees."""
    (x1, y1), (x2, y2) = one, other
    a = sin(radians(y2 - y1) / 2) ** 2 + cos(radians(y1)) * cos(radians(y2)) * sin(radians(x2 - x1) / 2) ** 2
    return 2 * 6371.0 * asin(sqrt(a))
