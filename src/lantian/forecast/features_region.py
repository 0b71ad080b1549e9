"""The air of the region 区域背景 as the network reads it: a few numbers made of the published days of many cities.

Whether a south wind brings much or little depends on what lies in the south. The last days that are public are reduced
to what they mostly have in common and differ in, their leading principal components; places need not be known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lantian.forecast.features import last_published, take
from lantian.forecast.features_hours import FLOOR, Single
from lantian.forecast.history import ITEMS, Array, History

PARTS: Final = (("pm25", 4, 0), ("o3_8h", 2, 0), ("pm25", 2, 1))
"""Item, how many components of it, and how many days before the last that is public."""
SIZE: Final = sum(count for _, count, _ in PARTS)


@dataclass(frozen=True)
class Region:
    """How days of cities become numbers of about one.

    Attributes:
        cities: codes.
        mean, deviation: of ln(c + `FLOOR`) by item of `ITEMS` and city.
        components: item -> (component, city), each over its own standard deviation.
    """

    cities: tuple[str, ...]
    mean: Array
    deviation: Array
    components: dict[str, Array]

    def __call__(self, history: History) -> Single:
        """What is public of the region when each hour begins: (hour, `SIZE`); 0 where nothing is known."""
        where = [history.cities.index(code) if code in history.cities else -1 for code in self.cities]
        absent = np.full((1, *history.days.shape[1:]), np.nan)
        days = np.concatenate([history.days, absent])[where]
        last = last_published(np.arange(history.hours))
        parts = []
        for item, count, before in PARTS:
            k = ITEMS.index(item)
            unusual = _unusual(_logarithms(days, k), self.mean[k], self.deviation[k])
            parts.append(np.nan_to_num(take(unusual @ self.components[item][:count].T, last - before)))
        return np.concatenate(parts, axis=1).astype(np.float32)


def learn(history: History, out: NDArray[np.bool_]) -> Region:
    """Find the components on the days that are not held ``out``."""
    count = len(ITEMS), len(history.cities)
    mean, deviation = np.zeros(count), np.ones(count)
    components: dict[str, Array] = {}
    for item, size, _ in PARTS:
        k = ITEMS.index(item)
        logs = _logarithms(history.days, k)[~out]
        for city in range(count[1]):
            known = logs[~np.isnan(logs[:, city]), city]
            if len(known) > 1 and known.std() > 0:
                mean[k, city], deviation[k, city] = known.mean(), known.std()
        components.setdefault(item, _principal(_unusual(logs, mean[k], deviation[k]), size))
    return Region(history.cities, mean, deviation, components)


def _logarithms(days: Array, k: int) -> Array:
    """(day, city)."""
    return np.asarray(np.log(days[:, :, k].T + FLOOR[k]))


def _unusual(logs: Array, mean: Array, deviation: Array) -> Array:
    return np.nan_to_num((logs - mean) / deviation)


def _principal(unusual: Array, count: int) -> Array:
    """The first components of (day, city), (component, city); nothing where there are fewer."""
    found = np.zeros((count, unusual.shape[1]))
    if unusual.size:
        directions = np.linalg.svd(unusual, full_matrices=False)[2][:count]
        size = (unusual @ directions.T).std(0)
        found[: len(directions)] = directions / np.where(size > 1e-9, size, np.inf)[:, None]
    return found
