"""The course of the day 日变化: how the hours of a place lie around its daily value, by month."""

from __future__ import annotations

import numpy as np

from lantian.forecast.history import Array, History
from lantian.standards.codes import POLLUTANTS


def shape(history: History, place: str) -> Array:
    """Mean course of the day over its daily value: (month, hour of the day, item)."""
    hours = history.hourly(place).reshape(-1, 24, len(POLLUTANTS))
    course = hours / history.daily[place][:, None, :]
    months = np.array([day.month for day in history.dates])
    with np.errstate(all="ignore"):
        found = np.stack([_medians(course[np.isin(months, _around(m))]) for m in range(1, 13)])
        means = found.mean(1, keepdims=True)
    means[..., 3] = 1.0
    return np.asarray(found / means)


def _medians(course: Array) -> Array:
    return np.asarray(np.nanmean(course, axis=0)) if len(course) else np.full(course.shape[1:], np.nan)


def _around(month: int) -> list[int]:
    return [(month - 2) % 12 + 1, month, month % 12 + 1]
