"""How much cloud there is where nobody looks up: from humidity, the day's range of temperature, and rain."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]

DAY: Final = 24
"""hours"""
WIDEST: Final = 12.0
"""K, the range of temperature of a clear dry day; judgement after Beijing."""


def cloud(temperature: Field, humidity: Field, rain: Field) -> Field:
    """Cloud cover 0..1 (T, ...) from hourly temperature K, relative humidity 0..1 and rain kg m-2 s-1, each (T, ...).

    A wide range of temperature within the day around an hour says clear; moist air says cloud; rain says overcast.
    Judgement: n = (1.25 - range / 12 K) (RH - 0.3) / 0.6 of the day's range and its mean humidity, both factors held
    within 0 and 1; at least 0.9 in rain.
    """
    wide = _around(temperature, np.max) - _around(temperature, np.min)
    dull = np.clip(1.25 - wide / WIDEST, 0, 1)
    moist = np.clip((_around(humidity, np.mean) - 0.3) / 0.6, 0, 1)
    covered: Field = np.where(rain > 0, np.maximum(dull * moist, 0.9), dull * moist)
    return covered


def _around(values: Field, what: object) -> Field:
    """max, min or mean (T, ...) over the 24 hours around each hour, as far as there are."""
    count = len(values)
    out = np.empty_like(values)
    for t in range(count):
        near = values[max(0, t - DAY // 2) : t + DAY // 2 + 1]
        out[t] = what(near, axis=0)  # type: ignore[operator]
    return out
