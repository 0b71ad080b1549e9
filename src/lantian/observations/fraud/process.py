"""Features of a plant: what its numbers say about one another. Oxygen and conversion, marks, electricity. Pure.

Formulas (11.3 of our facts; HJ 212-2017 appendix D): C_ref = C (21 - O2_ref) / (21 - O2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lantian.observations.fraud.days import LEAST, OXYGEN, USUAL, Array, Fleet, before, median
from lantian.observations.fraud.features import when_bad

TOLERANCE = 0.02
"""Converted against recomputed: allowed deviation (own start value, docs/fraud.md)."""

STEADY = 0.4
"""Percent of oxygen that a stack varies by at the least, however steady it was."""

AIR = 20.9
"""Percent of oxygen in air; there the conversion has no meaning."""


def conversion(fleet: Fleet, item: str) -> Array:
    """Share of hours whose converted value departs by more than 2 % from what oxygen and the device's own usual
    reference oxygen give.

    The reference is what its converted values of the days before imply: nobody needs to have written it down.
    """
    values, converted, oxygen = fleet.values[item], fleet.converted[item], fleet.values[OXYGEN]
    with np.errstate(invalid="ignore", divide="ignore"):
        implied = 21.0 - converted * (21.0 - oxygen) / values
        usual = before(_daily(implied), USUAL, LEAST)
        right = values * (21.0 - usual[:, :, None]) / (21.0 - oxygen)
        off = np.abs(converted - right) > TOLERANCE * np.abs(right) + 1.5 * fleet.step(item)
    known = ~np.isnan(right) & ~np.isnan(converted) & (oxygen < AIR)
    return _share(off & known, known)


def oxygen(fleet: Fleet, item: str) -> Array:
    """Dilution: oxygen high and the pollutant not, both against the 30 days before.

    The mean over the day of oxygen's robust departure and what the pollutant lies below its own usual; hours with
    usual oxygen count 0, a low pollutant alone says nothing; hours marked stopped are left out.
    """
    still = np.zeros(fleet.values[item].shape, bool) if fleet.marks is None else fleet.marks == "F"
    up = _departure(np.where(still, np.nan, fleet.values[OXYGEN]), STEADY)
    down = -_departure(np.where(still, np.nan, fleet.values[item]), fleet.noise(item))
    both = np.where(up > 0, np.minimum(up, 8.0) + np.clip(down, -1.0, 3.0), 0.0)
    known = ~np.isnan(up) & ~np.isnan(down)
    n = known.sum(axis=2)
    total = np.where(known, both, 0.0).sum(axis=2)
    return np.where(n >= 6, total / np.maximum(n, 1), np.nan)


def calibration(fleet: Fleet, item: str) -> Array:
    """Marks of calibration and maintenance: hours beyond what is usual for the device, more where they fall into hours
    in which much was expected.
    """
    if fleet.marks is None:
        return np.full(fleet.shape, np.nan)
    marked = np.isin(fleet.marks, ("C", "M"))
    count = marked.sum(axis=2).astype(float)
    usual = np.nan_to_num(before(count, USUAL, LEAST))
    bad = when_bad(marked & ~np.isnan(fleet.expected(item)), fleet.expected(item))
    return np.asarray(np.maximum(count - usual, 0.0) * (1.0 + bad))


def stopped(fleet: Fleet, item: str) -> Array:
    """Share of the hours marked F (stopped) that show half the usual concentration or more."""
    if fleet.marks is None:
        return np.full(fleet.shape, np.nan)
    marked = fleet.marks == "F"
    usual = before(_daily(np.where(fleet.marks == "F", np.nan, fleet.values[item])), USUAL, LEAST)
    shows = marked & (fleet.values[item] >= 0.5 * usual[:, :, None])
    n = marked.sum(axis=2)
    return np.where(n >= 3, shows.sum(axis=2) / np.maximum(n, 1), 0.0)


def power(fleet: Fleet, item: str) -> Array:
    """Share of the hours in which production ran by its electricity and the device said stopped, or less than a
    fiftieth of the usual. Hours without any word count for nothing: lines break too, and a silent device has its own
    alarm.
    """
    if fleet.running is None:
        return np.full(fleet.shape, np.nan)
    values = fleet.values[item]
    usual = before(_daily(values), USUAL, LEAST)
    ran = fleet.running > 0.5
    silent = values < 0.02 * usual[:, :, None]
    if fleet.marks is not None:
        silent = silent | (fleet.marks == "F")
    n = ran.sum(axis=2)
    known = (n >= 4) & ~np.isnan(usual)
    return np.where(known, (ran & silent).sum(axis=2) / np.maximum(n, 1), np.nan)


def _departure(values: Array, least: float) -> Array:
    """By how many robust deviations (`least` at the least) each hour departs from the 30 days before."""
    middle, spread = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    for d in range(LEAST, values.shape[0]):
        past = values[max(0, d - USUAL) : d].transpose(0, 2, 1).reshape(-1, values.shape[1])
        centre = median(past, least=24 * LEAST // 2)
        middle[d] = centre[:, None]
        spread[d] = (1.4826 * median(np.abs(past - centre), least=24 * LEAST // 2))[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((values - middle) / np.maximum(spread, least))


def _daily(values: Array) -> Array:
    return median(values.transpose(2, 0, 1), least=6)


def _share(hits: np.ndarray, known: np.ndarray) -> Array:
    n = known.sum(axis=2)
    return np.where(n >= 6, hits.sum(axis=2) / np.maximum(n, 1), np.nan)


PLANT: Mapping[str, Callable[[Fleet, str], Array]] = {
    "conversion": conversion,
    "oxygen": oxygen,
    "calibration": calibration,
    "stopped": stopped,
    "power": power,
}
"""The features of a plant's numbers together, by name."""


def can(fleet: Fleet, item: str, name: str) -> bool:
    """Whether the fleet has what the feature needs."""
    if name == "conversion":
        return item in fleet.converted and OXYGEN in fleet.values and item != OXYGEN
    if name == "oxygen":
        return OXYGEN in fleet.values and item != OXYGEN
    return fleet.running is not None if name == "power" else fleet.marks is not None
