"""Features of habits: what weeks have in common in which somebody hid the worst hours or turned a factor. Pure.

Each is a function (fleet, item) -> [days, devices], as in `features`, but gives one verdict a device a week, on its
Sunday; on other days it is 0, so that one verdict counts as one day in seven.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lantian.observations.fraud.days import Array, Fleet, median

SUNDAY = 6
HIDDEN = (7, 14, 28)
"""Days up to the verdict in which a habit of hiding hours is looked for; the clearest counts."""

SHARED = 1 / 3
"""A gap that so large a share of the other devices has too is the line's or the network's."""

SHIFTED = (14, 28)
"""Days up to the verdict that are compared with the days before them."""

PAST = 56
"""Days that they are compared with."""

LOOK_BACK = PAST + max(SHIFTED)
"""Days before a day that these features look at."""

STILL = 0.07
"""Logarithm by which a ratio to neighbours varies at the least: one of them that turns moves the others too."""


@dataclass(frozen=True)
class Hiding:
    """What is missing of the days up to a verdict, of each device.

    Attributes:
        score: kappa times the square root of the number of gaps; NaN: nothing can be said.
        days: how many days were looked at.
        gaps: separate gaps that the fleet does not share.
        missing: hours in them.
        worst: how many of these are among the worst hours, of which as many are counted as are missing.
    """

    score: Array
    days: np.ndarray
    gaps: np.ndarray
    missing: np.ndarray
    worst: np.ndarray


def missing_when_bad(fleet: Fleet, item: str) -> Array:
    """Whether the hours that are missing are those in which most was to be expected: see `hiding`."""
    expected = guessed(fleet, item)
    return _on_sundays(fleet, item, lambda d: hiding(fleet, item, d, expected).score)


def shift(fleet: Fleet, item: str) -> Array:
    """How far the ratio to the other devices departs from what it was, in the spread of its days: see `shifted`."""
    if not fleet.peers:
        return np.full(fleet.shape, np.nan)
    apart = ratio(fleet, item)
    return _on_sundays(fleet, item, lambda d: np.fmax.reduce([shifted(apart, d, days)[0] for days in SHIFTED]))


def guessed(fleet: Fleet, item: str) -> Array:
    """What each hour would have shown, told without it: by the other devices where they measure the same air, else
    the mean of the known hours next before and next after it.
    """
    if fleet.peers:
        return fleet.expected(item)
    values = fleet.values[item]
    series = values.transpose(1, 0, 2).reshape(values.shape[1], -1)
    sides = (_carried(series), _carried(series[:, ::-1])[:, ::-1])
    between = np.asarray((sides[0] + sides[1]) / 2).reshape(values.shape[1], values.shape[0], 24)
    return between.transpose(1, 0, 2)


def hiding(fleet: Fleet, item: str, day: int, expected: Array) -> Hiding:
    """Whether the hours missing in the 7, 14 or 28 days up to a day are the worst ones.

    Kappa (Cohen's) between "is missing" and "is one of the worst hours by what was to be expected", of which as many
    are taken as are missing: 1 where just the worst are missing, 0 where they are as many among them as anywhere.
    Times the square root of the number of separate gaps: one long outage says little however bad its hours were. Gaps
    that a third of the other devices share do not count. NaN where less than half of the hours can be judged.
    """
    devices = fleet.shape[1]
    found = Hiding(np.full(devices, np.nan), *(np.zeros(devices, np.int64) for _ in range(4)))
    for days in HIDDEN:
        first = day - days + 1
        if first < 0:
            continue
        gone = np.isnan(fleet.values[item][first : day + 1])
        others = (gone.sum(axis=1, keepdims=True) - gone) / max(devices - 1, 1)
        own = _long(gone & (others < SHARED))
        wanted = _long(expected[first : day + 1])
        judged = ~np.isnan(wanted) & (own | ~_long(gone))
        own &= judged
        n, m = judged.sum(axis=1), own.sum(axis=1)
        gaps = (own[:, 1:] & ~own[:, :-1]).sum(axis=1) + own[:, 0]
        rank = np.argsort(np.argsort(np.where(judged, wanted, np.inf), axis=1), axis=1)
        worst = (own & (rank >= (n - m)[:, None])).sum(axis=1)
        chance = m * m / np.maximum(n, 1)
        kappa = (worst - chance) / np.maximum(m - chance, 1e-9)
        score = np.where((m >= 4) & (gaps >= 2), np.maximum(kappa, 0.0) * np.sqrt(gaps), 0.0)
        told = (n >= 12 * days) & (m <= n // 2)
        better = told & ~(score <= found.score)
        found.score[better] = score[better]
        for kept, now in ((found.days, days), (found.gaps, gaps), (found.missing, m), (found.worst, worst)):
            kept[better] = np.broadcast_to(now, devices)[better]
    return found


def ratio(fleet: Fleet, item: str) -> Array:
    """Logarithm of the ratio to the median of the others, the middle of each day: [days, devices]."""
    values, small = fleet.values[item], fleet.small(item)
    found = np.full(fleet.shape, np.nan)
    for s in range(fleet.shape[1]):
        middle = median(np.delete(values, s, axis=1).transpose(1, 0, 2), least=2)
        found[:, s] = median(np.log((values[:, s] + small) / (middle + small)).T, least=12)
    return found


def shifted(apart: Array, day: int, days: int) -> tuple[Array, Array, Array]:
    """By how many spreads of single days the middle of the last `days` departs from that of the `PAST` before, and
    the logarithm of the ratio now and before; the greater spread of the two counts. NaN: too few days.
    """
    nothing = np.full(apart.shape[1], np.nan)
    if day - days - PAST + 1 < 0:
        return nothing, nothing, nothing
    now, past = apart[day - days + 1 : day + 1], apart[day - days - PAST + 1 : day - days + 1]
    middles = median(now, least=days * 2 // 3), median(past, least=PAST // 2)
    spreads = [1.4826 * median(np.abs(part - middle)) for part, middle in zip((now, past), middles, strict=True)]
    away = np.abs(middles[0] - middles[1]) / np.maximum(np.fmax(*spreads), STILL)
    return away, middles[0], middles[1]


def _on_sundays(fleet: Fleet, item: str, verdict: Callable[[int], Array]) -> Array:
    found = np.where(np.isnan(fleet.values[item]).all(axis=2), np.nan, 0.0)
    for d in range(fleet.shape[0]):
        if fleet.day(d).weekday() == SUNDAY:
            found[d] = verdict(d)
    return found


def _carried(series: Array) -> Array:
    """The last known value before each hour; NaN before the first."""
    known = np.where(np.isnan(series), -1, np.arange(series.shape[1]))
    last = np.maximum.accumulate(known, axis=1)
    last = np.concatenate([np.full((len(series), 1), -1), last[:, :-1]], axis=1)
    return np.where(last < 0, np.nan, np.take_along_axis(series, np.maximum(last, 0), axis=1))


def _long(part: np.ndarray) -> np.ndarray:
    """[days, devices, 24] as [devices, hours]."""
    return np.asarray(part.transpose(1, 0, 2).reshape(part.shape[1], -1))


WEEKS: Mapping[str, Callable[[Fleet, str], Array]] = {"missing_when_bad": missing_when_bad, "shift": shift}
"""The features of weeks, by name."""
