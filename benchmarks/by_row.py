"""The same evaluation, row by row in Python with the `aqi-hub` package for every index: the named reference.

It is written as one would write it with care: running sums for the moving means, one pass over the hours. What
aqi-hub does not have (means, percentiles, the composite index) is plain Python, without the exact rounding of
`lantian.standards`, which would only be slower. Its breakpoints are those of HJ 633-2026.
"""

import warnings
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeAlias

import polars as pl
from aqi_hub.aqi_cn.aqi import AQI  # type: ignore[import-untyped]

from lantian.standards.codes import POLLUTANTS

Value: TypeAlias = float | None
Hour: TypeAlias = tuple[datetime, Value, Value, Value, Value, Value, Value]
"""Time and `POLLUTANTS` in their order."""
Index: TypeAlias = tuple[int | None, int | None, list[str]]

EAST = timedelta(hours=8)
LIMITS = {"so2": 60, "no2": 40, "pm10": 70, "pm25": 35, "co": 4, "o3": 160}


class Moving:
    """Mean of the last `hours` values, None under `least` of them."""

    def __init__(self, hours: int, least: int) -> None:
        self.values: deque[Value] = deque([None] * hours, hours)
        self.least, self.total, self.count = least, 0.0, 0

    def add(self, value: Value) -> Value:
        """Take the next hour's value, give the mean that ends with it."""
        oldest = self.values[0]
        if oldest is not None:
            self.total -= oldest
            self.count -= 1
        if value is not None:
            self.total += value
            self.count += 1
        self.values.append(value)
        return self.total / self.count if self.count >= self.least else None


@contextmanager
def quiet() -> Iterator[None]:
    """Without aqi-hub's warning for every missing value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def index(kind: str, so2: Value, no2: Value, co: Value, o3: Value, pm10: Value, pm25: Value) -> Index:
    """Index, level and primary pollutants by aqi-hub."""
    found = AQI(pm25, pm10, so2, no2, co, o3, kind)
    return found.AQI, None if found.AQI is None else found.aqi_level, found.primary_pollutant


def hours_of(rows: Iterable[Hour]) -> Iterator[Index]:
    """The index of every hour of one station, particles by their moving 24-hour mean."""
    pm10_24h, pm25_24h = Moving(24, 20), Moving(24, 20)
    for _, so2, no2, co, o3, pm10, pm25 in rows:
        yield index("hourly", so2, no2, co, o3, pm10_24h.add(pm10), pm25_24h.add(pm25))


def days_of(rows: Iterable[Hour]) -> list[dict[str, Value]]:
    """Daily means and the largest 8-hour mean of one place."""
    o3_8h = Moving(8, 6)
    days: dict[int, list[list[float]]] = defaultdict(lambda: [[] for _ in POLLUTANTS])
    for time, *values in rows:
        local = time + EAST
        lists = days[local.toordinal()]
        for item, value, into in zip(POLLUTANTS, values, lists, strict=True):
            if item == "o3":
                mean = o3_8h.add(value)
                if mean is not None and local.hour >= 7:
                    into.append(mean)
            elif value is not None:
                into.append(value)
    return [
        {
            item: (max(found) if len(found) >= 14 else None)
            if item == "o3"
            else (sum(found) / len(found) if len(found) >= 20 else None)
            for item, found in zip(POLLUTANTS, lists, strict=True)
        }
        for lists in days.values()
    ]


def city_hours(stations: Iterable[list[Hour]]) -> list[Hour]:
    """Hourly means of the stations of a city."""
    sums: dict[datetime, list[list[float]]] = defaultdict(lambda: [[] for _ in POLLUTANTS])
    for rows in stations:
        for time, *values in rows:
            for value, into in zip(values, sums[time], strict=True):
                if value is not None:
                    into.append(value)
    means = ([sum(found) / len(found) if found else None for found in lists] for lists in sums.values())
    return [(time, *mean) for time, mean in zip(sums, means, strict=True)]  # type: ignore[misc]


def composite(days: list[dict[str, Value]]) -> float:
    """The composite index of a year of days."""
    total = 0.0
    for item, limit in LIMITS.items():
        values = sorted(value for day in days if (value := day[item]) is not None)
        percent = {"co": 0.95, "o3": 0.90}.get(item)
        total += (sum(values) / len(values) if percent is None else _percentile(values, percent)) / limit
    return total


def evaluate(hours: pl.DataFrame, members: Mapping[str, list[str]]) -> list[tuple[float, str]]:
    """Hours, days and year of every station and city; the cities in the order of their composite index."""
    ranking = []
    with quiet():
        for city, codes in members.items():
            parts = [hours.filter(place=code).sort("time").select("time", *POLLUTANTS).rows() for code in codes]
            for rows in parts:
                _ = list(hours_of(rows))
                _ = [index("daily", **day) for day in days_of(rows)]
            days = days_of(city_hours(parts))
            _ = [index("daily", **day) for day in days]
            ranking.append((composite(days), city))
    return sorted(ranking)


def _percentile(ordered: list[float], share: float) -> float:
    position = (len(ordered) - 1) * share
    low = int(position)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (position - low)
