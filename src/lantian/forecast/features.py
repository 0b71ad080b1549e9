"""Predictors 预报因子 of a day, from history, the calendar and the weather: never later than the issue.

A predictor is looked up for many cases at once. A case is an issue and a lead: ``hours`` holds the hour index in a
`History` of the hour that begins at each issue, so only what stands before the index is known; ``lead`` the days from
its day to the day that is forecast. With ``perfect`` weather the weather alone may be looked up later. Missing is NaN,
which the trees take as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lantian.forecast.history import Array, History, mean
from lantian.standards import workdays
from lantian.standards.codes import POLLUTANTS

Indices = NDArray[np.int64]
"""Hour indices of a history, or leads."""
Columns = dict[str, Array]
"""Predictors by name, each (case,)."""

YEAR: Final = 365.2425
LEADS: Final = range(1, 8)
NAMES: Final = ("temperature", "pressure", "dew point", "rain", "eastward", "northward", "speed", "humidity")
"""Weather of a place, in the order of its columns: `history.WIND` and relative humidity in %."""
MOTION: Final = ("from north", "from south", "still")
"""What `motion` makes of the wind."""
STILL: Final = 1.5
"""m/s below which air hardly moves: 小风 hours. Judgement."""


@dataclass(frozen=True)
class Windows:
    """Means of any stretch of a series (hour, column) in constant time; NaN counts as missing."""

    total: Array
    count: Array

    @classmethod
    def of(cls, series: Array) -> Windows:
        """Sums up to every hour."""
        there = ~np.isnan(series)
        start = np.zeros((1, series.shape[1]))
        total = np.concatenate([start, np.cumsum(np.where(there, series, 0.0), axis=0)])
        return cls(total, np.concatenate([start, np.cumsum(there, axis=0)]))

    def mean(self, begin: Indices, end: Indices) -> Array:
        """Means over begin <= hour < end, clipped to the series: (case, column); NaN where nothing is."""
        last = len(self.total) - 1
        begin, end = np.clip(begin, 0, last), np.clip(end, 0, last)
        total, count = self.total[end] - self.total[begin], self.count[end] - self.count[begin]
        return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def take(series: Array, index: Indices) -> Array:
    """Rows of a series; NaN off its ends."""
    inside = (index >= 0) & (index < len(series))
    found = np.full((len(index), *series.shape[1:]), np.nan)
    found[inside] = series[index[inside]]
    return found


def known_air(hourly: Array, hours: Indices) -> Columns:
    """The last hours of a place (hour, item): levels over spans, slopes, the change since yesterday, in logarithms."""
    windows = Windows.of(hourly)
    spans = {"3h": (3, 0), "24h": (24, 0), "3d": (72, 0)}
    levels = {name: np.log1p(windows.mean(hours - a, hours - b)) for name, (a, b) in spans.items()}
    before = np.log1p(windows.mean(hours - 9, hours - 6))
    yesterday = np.log1p(windows.mean(hours - 27, hours - 24))
    found: Columns = {}
    for k, item in enumerate(POLLUTANTS):
        found |= {f"{item} {name}": level[:, k] for name, level in levels.items()}
        found[f"{item} slope"] = levels["3h"][:, k] - before[:, k]
        found[f"{item} since yesterday"] = levels["3h"][:, k] - yesterday[:, k]
    return found


def neighbours(history: History, hours: Indices) -> Columns:
    """Mean logarithm of PM2.5 and ozone over the published cities on the last day that was public."""
    if not history.cities:
        return {}
    values = np.log1p(np.stack([take(days, last_published(hours)) for days in history.days]))
    return {"cities pm25": mean(values[:, :, 5], axis=0), "cities o3_8h": mean(values[:, :, 3], axis=0)}


def last_published(hours: Indices) -> Indices:
    """The last day whose values of cities are public: they come at 12:00 of the day after."""
    return np.asarray((hours - 12) // 24 - 1)


def calendar(history: History, hours: Indices, lead: Indices) -> Columns:
    """Season, week, holiday and heating season of the day that is forecast."""
    days = [history.first + timedelta(days=int(day)) for day in hours // 24 + lead]
    angle = 2 * np.pi * np.array([float(day.timetuple().tm_yday) for day in days]) / YEAR
    return {
        "lead": lead.astype(float),
        "season sine": np.sin(angle),
        "season cosine": np.cos(angle),
        "weekday": np.array([float(day.weekday()) for day in days]),
        "workday": np.array([float(calendar_of().is_workday(day)) for day in days]),
        "heating": np.array([float(heating(day)) for day in days]),
    }


@cache
def calendar_of() -> workdays.Calendar:
    """The calendar of working days."""
    return workdays.load()


def heating(day: date) -> bool:
    """Whether the day lies in Beijing's heating season 采暖季, 15 November to 15 March."""
    return (day.month, day.day) >= (11, 15) or (day.month, day.day) <= (3, 15)


def place_weather(history: History, place: str) -> Array:
    """The mean weather of a region's stations, or that of a station: (hour, `NAMES`)."""
    if place in history.members:
        rows = [history.stations.index(code) for code in history.members[place]]
        weather = mean(history.weather[rows], axis=0)
    else:
        weather = history.weather[history.stations.index(place)]
    return np.column_stack([weather, humidity(weather[:, 0], weather[:, 2])])


def humidity(temperature: Array, dew_point: Array) -> Array:
    """Relative humidity in % of degC, by the Magnus formula (Bolton 1980, equation 10)."""
    excess = 17.67 * (dew_point / (dew_point + 243.5) - temperature / (temperature + 243.5))
    return np.asarray(100.0 * np.exp(excess))


def past_weather(weather: Array, hours: Indices) -> Columns:
    """The weather up to the issue."""
    windows = Windows.of(weather)
    level = windows.mean(hours - 24, hours)
    change = take(weather, hours - 1) - take(weather, hours - 25)
    found: Columns = {}
    for k, name in enumerate(NAMES):
        found |= {f"{name} 24h": level[:, k], f"{name} change": change[:, k]}
    return found


def coming_weather(weather: Array, hours: Indices, lead: Indices) -> Columns:
    """The weather between the issue and the day, of the day, and of the six hours after it; wind runs
    from the north and from the south, still hours, and the hour of the day when the wind turns to the north.
    """
    windows = Windows.of(np.column_stack([weather, motion(weather)]))
    names = (*NAMES, *MOTION)
    start = (hours // 24 + lead) * 24
    spans = {
        "between": windows.mean(hours, start),
        "day before": windows.mean(start - 24, start),
        "day": windows.mean(start, start + 24),
        "after": windows.mean(start + 24, start + 30),
    }
    found = {f"{name} {span}": values[:, k] for span, values in spans.items() for k, name in enumerate(names)}
    low, high = range_of_day(weather, start)
    for k, name in enumerate(NAMES):
        found[f"{name} highest"], found[f"{name} lowest"] = high[:, k], low[:, k]
    northerly = np.stack([take(weather[:, 5], start + hour) for hour in range(24)], axis=1) < -STILL
    found["north wind since"] = np.where(northerly.any(1), northerly.argmax(1), 24.0)
    return found


def range_of_day(weather: Array, start: Indices) -> tuple[Array, Array]:
    """The lowest and the highest of every column in the day that begins at an hour: (case, column), NaN if unknown."""
    of_day = np.stack([take(weather, start + hour) for hour in range(24)], axis=1)
    missing = np.isnan(of_day)
    low = np.where(missing, np.inf, of_day).min(1)
    high = np.where(missing, -np.inf, of_day).max(1)
    unknown = missing.all(1)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def motion(weather: Array) -> Array:
    """Wind from the north and from the south, m/s, and still hours, 0 or 1: (hour, 3)."""
    north, speed = weather[:, 5], weather[:, 6]
    still = np.where(np.isnan(speed), np.nan, speed < STILL)
    return np.column_stack([np.maximum(-north, 0.0), np.maximum(north, 0.0), still])


def of_place(history: History, place: str, hours: Indices, lead: Indices, *, perfect: bool) -> Columns:
    """All predictors of a place with hours."""
    weather = place_weather(history, place)
    found = known_air(history.hourly(place), hours) | neighbours(history, hours) | calendar(history, hours, lead)
    found |= past_weather(weather, hours)
    return found | coming_weather(weather, hours, lead) if perfect else found


def of_city(history: History, code: str, hours: Indices) -> Columns:
    """Predictors of a city of which only published days are known: its last days, and their means."""
    days, day = history.days[history.cities.index(code)], last_published(hours)
    past = {k: np.log1p(take(days, day - k)) for k in range(3)}
    week = np.log1p(Windows.of(days).mean(day - 6, day + 1))
    found: Columns = {}
    for j, item in enumerate(POLLUTANTS):
        found |= {f"own {item} {k} days before": values[:, j] for k, values in past.items()}
        found[f"own {item} week"] = week[:, j]
    return found
