"""Predictors of a day for trees that go straight from an issue to it: what air and weather were, and what comes.

Finer than `features.of_place`: the last hours over more spans, and the weather of the day by its quarters.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lantian.forecast import features
from lantian.forecast.features import NAMES, Columns, Indices, Windows
from lantian.forecast.features_hours import FLOOR
from lantian.forecast.history import History
from lantian.standards.codes import POLLUTANTS

PAST: Final = {"1h": (1, 0), "3h": (3, 0), "6h": (6, 0), "12h": (12, 0), "24h": (24, 0), "eve": (48, 24), "3d": (72, 0)}
"""Hours before the issue, from and to."""
COMING: Final = {
    "day before": (-24, 0),
    "before": (-4, 0),
    "night": (0, 6),
    "morning": (6, 12),
    "afternoon": (12, 18),
    "evening": (18, 24),
    "day": (0, 24),
    "night after": (24, 30),
    "day after": (30, 48),
}
"""Hours of the day that is forecast, from and to."""


def of_region(history: History, region: str, issues: Indices, lead: Indices, *, perfect: bool) -> Columns:
    """Predictors of cases (issue, lead) of a place with hours, (case,) each; NaN where nothing is known.

    Args:
        history: what is known; nothing at or after an issue is looked at, but for weather.
        region: whose hours.
        issues: hour indices; ``lead``: days from their day on.
        perfect: whether the weather ahead is given.
    """
    weather = features.place_weather(history, region)
    logs = np.log(np.maximum(history.hourly(region), 0.0) + FLOOR)
    known = Windows.of(np.column_stack([logs, weather]))
    found = features.calendar(history, issues, lead)
    for span, (begin, end) in PAST.items():
        values = known.mean(issues - begin, issues - end)
        found |= {f"{name} {span}": values[:, k] for k, name in enumerate((*POLLUTANTS, *NAMES))}
    if not perfect:
        return found
    start = (issues // 24 + lead) * 24
    ahead = Windows.of(np.column_stack([weather, features.motion(weather)]))
    for part, (begin, end) in COMING.items():
        values = ahead.mean(start + begin, start + end)
        found |= {f"{name} {part}": values[:, k] for k, name in enumerate((*NAMES, *features.MOTION))}
    low, high = features.range_of_day(weather, start)
    for k, name in enumerate(NAMES):
        found[f"{name} lowest"], found[f"{name} highest"] = low[:, k], high[:, k]
    return found
