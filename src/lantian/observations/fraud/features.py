"""Features of a series: what days have in common that were made rather than measured. Pure.

Each is a function (fleet, item) -> [days, devices]; the more, the stranger; NaN: cannot be said. None is a verdict:
how strange is rare is learned from the fleet (`thresholds`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lantian.observations.fraud.days import LEAST, USUAL, Array, Fleet, before, median

ENOUGH = 12
"""Hours of a day that must be known."""

LAGS = range(1, 31)
"""Days back in which a copied day is looked for."""

STEPS = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Multiples of the last digit that are looked for in numbers that were made or shortened."""

TOP = 0.97
"""An hour stands at the top of its day from this share of the day's highest on."""


def constant(fleet: Fleet, item: str) -> Array:
    """The longest run of one value, in hours, weighted by how much the expected values moved meanwhile.

    A run in still air counts little and one at the instrument's floor nothing; one through which all others moved by
    half or more counts whole, and so does every run where there are no peers.
    """
    values, expected, small = fleet.values[item], fleet.expected(item), fleet.small(item)
    floor = fleet.floor(item)
    best = np.zeros(values.shape[:2])
    length = np.zeros(values.shape[:2])
    low, high = expected[:, :, 0].copy(), expected[:, :, 0].copy()
    for h in range(1, 24):
        same = (values[:, :, h] == values[:, :, h - 1]) & (values[:, :, h] > floor)
        length = np.where(same, length + 1, 0)
        now = expected[:, :, h]
        low = np.where(same, np.fmin(low, now), now)
        high = np.where(same, np.fmax(high, now), now)
        if fleet.peers:
            moved = np.nan_to_num((high - low) / (high + low + 2 * small))
            weight = np.clip(4 * moved, 0.0, 1.0)
        else:
            weight = np.ones_like(length)
        best = np.maximum(best, (length + 1) * weight * (length > 0))
    return _where_known(best, values)


def quantised(fleet: Fleet, item: str) -> Array:
    """How much better multiples of a coarse step explain the day's values than the device's last digit does.

    The logarithm of the ratio of likelihoods (98 % multiples of g steps against one in g), for the best g of `STEPS`;
    only hours that differ from the hour before count.
    """
    values, step = fleet.values[item], fleet.step(item)
    whole = np.round(values / step)
    changed = np.zeros(values.shape, bool)
    changed[:, :, 0] = ~np.isnan(values[:, :, 0])
    changed[:, :, 1:] = ~np.isnan(values[:, :, 1:]) & (values[:, :, 1:] != values[:, :, :-1])
    n = changed.sum(axis=2)
    best = np.full(values.shape[:2], -np.inf)
    for g in STEPS:
        k = (changed & (np.mod(whole, g) == 0)).sum(axis=2)
        # Where all lies within two steps there is nothing to tell.
        told = k * np.log(0.98 * g) + (n - k) * np.log(0.02 * g / (g - 1))
        best = np.maximum(best, told)
    return _where_known(best, values)


def clipped(fleet: Fleet, item: str) -> Array:
    """A flat top: hours that share the day's highest value, and hours near it while more was expected.

    Ties beyond the first count by how far the top stands above the day's median; an hour near the top counts with the
    logarithm of what is missing to the expected value (with peers only).
    """
    values, noise = fleet.values[item], fleet.noise(item)
    highest = np.fmax.reduce(values, axis=2)
    middle = median(values.transpose(2, 0, 1), least=ENOUGH)
    tied = (values >= highest[:, :, None] - 0.5 * fleet.step(item)).sum(axis=2) - 1
    found = tied * np.clip((highest - middle) / (3 * noise), 0.0, 1.0)
    if fleet.peers:
        at_top = values >= TOP * highest[:, :, None]
        more = np.log(np.maximum(fleet.expected(item), 1e-9) / (1.1 * np.maximum(highest, 1e-9))[:, :, None])
        counted = np.where(at_top & ~np.isnan(more), np.clip(more, 0.0, 1.0), 0.0).sum(axis=2)
        several = (at_top.sum(axis=2) >= 3) & (highest > 3 * fleet.floor(item))
        found = found + np.where(several, counted, 0.0)
    return _where_known(found, values)


def low_variance(fleet: Fleet, item: str) -> Array:
    """How much less the day swings than usual, logarithm of the ratio; with peers: than the stillest of the others,
    each against its own past.
    """
    values, small = fleet.values[item], fleet.small(item)
    own = _spread(np.log(np.maximum(values, 0) + small))
    away = own - before(own, USUAL, LEAST)
    if fleet.peers and away.shape[1] > 2:
        ordered = np.sort(away, axis=1)  # NaN goes last
        still = np.where(away <= ordered[:, :1], ordered[:, 1:2], ordered[:, :1])
        return _where_known(still - away, values)
    return _where_known(-away, values)


def copied_day(fleet: Fleet, item: str) -> Array:
    """How near the day is to the most similar of the 30 days before: see `likeness`."""
    return _where_known(_over_days(fleet, item)[0], fleet.values[item])


def copied_neighbour(fleet: Fleet, item: str) -> Array:
    """How near the day is to the same day of the most similar other device: see `likeness`."""
    return _where_known(_over_others(fleet, item)[0], fleet.values[item])


def periodic(fleet: Fleet, item: str) -> Array:
    """How near the day is to itself moved by 2 to 12 hours: see `likeness`."""
    values, step = fleet.values[item], fleet.noise(item)
    best = np.full(values.shape[:2], -np.inf)
    moved = _motion(values)
    for lag in range(2, 13):
        best = np.fmax(best, likeness(values[:, :, lag:], values[:, :, :-lag], moved, step, least=10))
    return _where_known(best, values)


def likeness(one: Array, other: Array, moved: Array, step: float, least: int = ENOUGH) -> Array:
    """-log10 of the mean difference of two stretches over the mean change from hour to hour; NaN: too few hours.

    `step`: a difference that means nothing. A fifth of it is added above and a whole one below, so that two still
    stretches are not alike: what does not move cannot be recognised.
    """
    apart = np.abs(one - other)
    n = (~np.isnan(apart)).sum(axis=2)
    mean = np.nansum(apart, axis=2) / np.maximum(n, 1)
    return np.where(n >= least, -np.log10((mean + 0.2 * step) / (moved + step)), np.nan)


def when_bad(chosen: np.ndarray, expected: Array) -> Array:
    """Whether chosen hours are those with high expectation: the normal score of their ranks (Mann-Whitney) times the
    square root of a quarter of their number; 0 with fewer than two.
    """
    known = ~np.isnan(expected)
    filled = np.where(known, expected, -np.inf)
    rank = np.argsort(np.argsort(filled, axis=2), axis=2) - (~known).sum(axis=2)[:, :, None] + 1.0
    picked = chosen & known
    m, n = picked.sum(axis=2), known.sum(axis=2)
    rest = n - m
    total = np.where(picked, rank, 0.0).sum(axis=2)
    spread = np.sqrt(np.maximum(m * rest * (n + 1) / 12.0, 1e-9))
    score = (total - m * (n + 1) / 2.0) / spread
    return np.where((m >= 2) & (rest >= 4), np.maximum(score, 0.0) * np.sqrt(np.minimum(m, 8) / 4.0), 0.0)


def _over_days(fleet: Fleet, item: str) -> tuple[Array, np.ndarray]:
    values, step = fleet.values[item], fleet.noise(item)
    best, lag_of = np.full(values.shape[:2], -np.inf), np.zeros(values.shape[:2], np.int64)
    moved = _motion(values)
    for lag in LAGS:
        if lag >= values.shape[0]:
            break
        alike = likeness(values[lag:], values[:-lag], moved[lag:], step)
        better = alike > best[lag:]
        best[lag:] = np.where(better, alike, best[lag:])
        lag_of[lag:] = np.where(better, lag, lag_of[lag:])
    return best, lag_of


def _over_others(fleet: Fleet, item: str) -> tuple[Array, np.ndarray]:
    values, step = fleet.values[item], fleet.noise(item)
    best, of = np.full(values.shape[:2], -np.inf), np.full(values.shape[:2], -1, np.int64)
    moved = _motion(values)
    for s in range(values.shape[1]):
        for other in range(values.shape[1]):
            if other != s:
                alike = likeness(values[:, s : s + 1], values[:, other : other + 1], moved[:, s : s + 1], step)[:, 0]
                better = alike > best[:, s]
                best[:, s] = np.where(better, alike, best[:, s])
                of[:, s] = np.where(better, other, of[:, s])
    return best, of


def nearest_day(fleet: Fleet, item: str, day: int, device: int) -> int:
    """Days back to the most similar day."""
    start = max(0, day - LAGS[-1])
    part = Fleet(
        fleet.kind, (fleet.devices[device],), fleet.first, {item: fleet.values[item][start : day + 1, [device]]}
    )
    return int(_over_days(part, item)[1][-1, 0])


def nearest_other(fleet: Fleet, item: str, day: int, device: int) -> int:
    """Number of the most similar other device."""
    values, step = fleet.values[item][day : day + 1], fleet.noise(item)
    moved = _motion(values)[:, [device]]
    alike = [
        -np.inf if other == device else likeness(values[:, [device]], values[:, [other]], moved, step)[0, 0]
        for other in range(values.shape[1])
    ]
    return int(np.argmax(np.nan_to_num(alike, nan=-np.inf)))


def _motion(values: Array) -> Array:
    """Mean change from hour to hour of each day."""
    change = np.abs(np.diff(values, axis=2))
    n = (~np.isnan(change)).sum(axis=2)
    return np.asarray(np.nansum(change, axis=2) / np.maximum(n, 1))


def _spread(values: Array) -> Array:
    """Logarithm of the standard deviation over each day; NaN: too few hours."""
    n = (~np.isnan(values)).sum(axis=2)
    mean = np.nansum(values, axis=2) / np.maximum(n, 1)
    square = np.nansum((values - mean[:, :, None]) ** 2, axis=2) / np.maximum(n, 1)
    return np.where(n >= ENOUGH, np.log(np.sqrt(square) + 0.01), np.nan)


def _where_known(found: Array, values: Array) -> Array:
    known = (~np.isnan(values)).sum(axis=2) >= ENOUGH
    return np.where(known & np.isfinite(found), found, np.nan)


SERIES: Mapping[str, Callable[[Fleet, str], Array]] = {
    "constant": constant,
    "quantised": quantised,
    "clipped": clipped,
    "low_variance": low_variance,
    "copied_day": copied_day,
    "copied_neighbour": copied_neighbour,
    "periodic": periodic,
}
"""The features of one item of one series, by name."""
