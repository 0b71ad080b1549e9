"""Predictors 预报因子 of a day, from history, the calendar and the weather: never later than the issue.

A predictor is looked up at many issues at once: ``hours`` is an array of hour indices of a `History`, each the hour
that begins at its issue, so only what stands before the index is known. With ``perfect`` weather the weather alone may
be looked up later. Missing is NaN, which the trees take as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lantian.forecast.history import Array, History, mean
from lantian.standards import workdays
from lantian.standards.codes import POLLUTANTS

Indices = NDArray[np.int64]
"""Hour indices of a history."""

YEAR = 365.2425
LEADS = range(1, 8)


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
        """Means over begin <= hour < end, clipped to the series: (index, column); NaN where nothing is."""
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


Columns = dict[str, Array]
"""Predictors by name, each (issue,)."""


def known_air(hourly: Array, hours: Indices) -> Columns:
    """The last hours of a place (hour, item): levels over spans, slopes, the change since yesterday, in logarithms."""
    windows = Windows.of(hourly)
    spans = {"last": (1, 0), "3h": (3, 0), "6h": (6, 0), "24h": (24, 0), "day_before": (48, 24), "3d": (72, 0)}
    levels = {name: np.log1p(windows.mean(hours - a, hours - b)) for name, (a, b) in spans.items()}
    before = np.log1p(windows.mean(hours - 9, hours - 6))
    yesterday = np.log1p(windows.mean(hours - 27, hours - 24))
    found: Columns = {}
    for k, item in enumerate(POLLUTANTS):
        found |= {f"{item} {name}": level[:, k] for name, level in levels.items()}
        found[f"{item} slope"] = levels["3h"][:, k] - before[:, k]
        found[f"{item} since yesterday"] = levels["3h"][:, k] - yesterday[:, k]
    return found


def region(history: History, hours: Indices) -> Columns:
    """PM2.5 and ozone of the published cities on the last day that was public: 12:00 of the day after."""
    day = (hours - 36) // 24
    found: Columns = {}
    for code, days in zip(history.cities, history.days, strict=True):
        values = take(days, day)
        found |= {f"{code} pm25": values[:, 5], f"{code} o3_8h": values[:, 3]}
    return found


def calendar(history: History, hours: Indices, lead: int) -> Columns:
    """Season, sun, week, holiday and heating season of the day ``lead`` days after that of the issue."""
    days = [history.first + timedelta(days=int(hour) // 24 + lead) for hour in hours]
    of_year = np.array([day.timetuple().tm_yday for day in days], float)
    return {
        "lead": np.full(len(hours), float(lead)),
        "season sine": np.sin(2 * np.pi * of_year / YEAR),
        "season cosine": np.cos(2 * np.pi * of_year / YEAR),
        "weekday": np.array([float(day.weekday()) for day in days]),
        "workday": np.array([float(_calendar().is_workday(day)) for day in days]),
        "heating": np.array([float(heating(day)) for day in days]),
    }


@cache
def _calendar() -> workdays.Calendar:
    return workdays.load()


def heating(day: date) -> bool:
    """Whether the day lies in Beijing's heating season 采暖季, 15 November to 15 March."""
    return (day.month, day.day) >= (11, 15) or (day.month, day.day) <= (3, 15)


def city_weather(history: History, place: str) -> Array:
    """The mean weather of a region's stations, or that of a station: (hour, `WIND` and relative humidity in %)."""
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


NAMES = ("temperature", "pressure", "dew point", "rain", "eastward", "northward", "speed", "humidity")


def past_weather(weather: Array, hours: Indices) -> Columns:
    """The weather up to the issue."""
    windows = Windows.of(weather)
    short, long = windows.mean(hours - 6, hours), windows.mean(hours - 24, hours)
    change = take(weather, hours - 1) - take(weather, hours - 25)
    found: Columns = {}
    for k, name in enumerate(NAMES):
        found |= {f"{name} 6h": short[:, k], f"{name} 24h": long[:, k], f"{name} change": change[:, k]}
    return found


def coming_weather(weather: Array, hours: Indices, lead: int) -> Columns:
    """The weather between the issue and the day, of the day by its quarters, and of the six hours after it."""
    windows = Windows.of(weather)
    start = (hours // 24 + lead) * 24
    spans = {
        "between": windows.mean(hours, start),
        "day before": windows.mean(start - 24, start),
        "day": windows.mean(start, start + 24),
        "after": windows.mean(start + 24, start + 30),
        **{f"quarter {q + 1}": windows.mean(start + 6 * q, start + 6 * q + 6) for q in range(4)},
    }
    found = {f"{name} {span}": values[:, k] for span, values in spans.items() for k, name in enumerate(NAMES)}
    of_day = np.stack([take(weather, start + h) for h in range(24)])
    with np.errstate(all="ignore"):
        high, low = (np.where(np.isnan(of_day), fill, of_day) for fill in (-np.inf, np.inf))
    for k, name in enumerate(NAMES):
        found[f"{name} highest"], found[f"{name} lowest"] = high.max(0)[:, k], low.min(0)[:, k]
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in found.items()}


def of_place(history: History, place: str, hours: Indices, lead: int, *, perfect: bool) -> Columns:
    """All predictors of a place with hours for the day ``lead`` days after the issues."""
    weather = city_weather(history, place)
    found = known_air(history.hourly(place), hours) | region(history, hours) | calendar(history, hours, lead)
    found |= past_weather(weather, hours)
    return found | coming_weather(weather, hours, lead) if perfect else found


def of_city(history: History, code: str, hours: Indices, near: Columns) -> Columns:
    """Predictors of a city of which only published days are known: its own days, its neighbours', and ``near``, those
    of a place with hours.
    """
    days, day = history.days[history.cities.index(code)], (hours - 36) // 24
    past = {k: np.log1p(take(days, day - k)) for k in range(3)}
    week = np.log1p(Windows.of(days).mean(day - 6, day + 1))
    found: Columns = {}
    for j, item in enumerate(POLLUTANTS):
        found |= {f"own {item} {k} days ago": values[:, j] for k, values in past.items()}
        found[f"own {item} week"] = week[:, j]
    return found | near


def matrix(columns: Mapping[str, Array], names: tuple[str, ...]) -> NDArray[np.float32]:
    """Columns in the order of names, (issue, name); those that are absent are missing."""
    size = len(next(iter(columns.values())))
    nothing = np.full(size, np.nan)
    return np.column_stack([columns.get(name, nothing) for name in names]).astype(np.float32)


def of_station(history: History, station: str, home: str, hours: Indices, item: int) -> Columns:
    """How a station has stood to its region of late, by one item."""
    own, whole = Windows.of(history.hourly(station)[:, [item]]), Windows.of(history.hourly(home)[:, [item]])
    number = history.stations.index(station)
    found: Columns = {"station": np.full(len(hours), float(number))}
    for name, span in {"6h": 6, "24h": 24, "3d": 72, "week": 168, "month": 720}.items():
        ratio = np.log1p(own.mean(hours - span, hours)) - np.log1p(whole.mean(hours - span, hours))
        found[f"difference {name}"] = ratio[:, 0]
    return found
