"""Features of a plant: what its numbers say about one another. Oxygen, flow, totals, marks, electricity. Pure.

Formulas (11.3 of our facts; HJ 212-2017 appendix D): C_ref = C (21 - O2_ref) / (21 - O2). What an hour emits is its
concentration times its flow times one hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lantian.observations.fraud.days import BESIDE, FLOW, LEAST, OXYGEN, USUAL, Array, Fleet, before, last_digit, median
from lantian.observations.fraud.features import when_bad
from lantian.observations.hj212.codes import POLLUTANTS
from lantian.standards.codes import ITEMS

TOLERANCE = 0.02
"""Converted against recomputed: allowed deviation (own start value, docs/fraud.md)."""

STEADY = 0.4
"""Percent of oxygen that a stack varies by at the least, however steady it was."""

BALANCE = 0.30
"""Reported totals against concentration times flow: allowed deviation (start value of one open collection, LOW)."""

MOVED = 0.03
"""The same against what the device's own ratio was before: a reported total follows from the same two numbers."""

NO_FLOW = 0.05
"""Share of the usual flow below which nothing flows (own start value)."""

FAITHFUL = 0.03
"""Logarithm by which the ratio of flow to electricity varies at the least."""

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


def flow(fleet: Fleet, item: str) -> Array:
    """Share of the hours in which next to nothing flows and the pollutant shows half its usual or more; hours marked
    stopped are another matter.
    """
    values, flows = fleet.values[item], fleet.values[FLOW]
    still = np.zeros(values.shape, bool) if fleet.marks is None else fleet.marks == "F"
    usual = before(_daily(np.where(still, np.nan, flows)), USUAL, LEAST)
    level = before(_daily(np.where(still, np.nan, values)), USUAL, LEAST)
    known = ~(np.isnan(flows) | np.isnan(values) | still | np.isnan(usual + level)[:, :, None])
    return _share((flows < NO_FLOW * usual[:, :, None]) & (values >= 0.5 * level[:, :, None]), known)


def mass(fleet: Fleet, item: str) -> Array:
    """Share of hours whose reported total is not concentration times flow times an hour (of the flow itself: flow
    times an hour): 30 % off, or 3 % off what the device's totals were to it before.
    """
    apart, known = balance(fleet, item)
    usual = before(_daily(apart), USUAL, LEAST)[:, :, None]
    slack = 1.5 * last_digit(fleet.totals[item]) / np.maximum(fleet.totals[item], 1e-12)
    off = (np.abs(apart) > np.log(1 + BALANCE) + slack) | (np.abs(apart - usual) > MOVED + slack)
    return _share(off & known, known)


def balance(fleet: Fleet, item: str) -> tuple[Array, np.ndarray]:
    """Logarithm of the reported total over what concentration and flow give, and where both are known."""
    right = emitted(fleet, item)
    known = ~np.isnan(right) & ~np.isnan(fleet.totals[item]) & (right > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.log(np.maximum(fleet.totals[item], 1e-3 * right) / right)
    return np.where(known, apart, np.nan), known


def emitted(fleet: Fleet, item: str) -> Array:
    """What each hour emits, kg: concentration times flow; of the flow itself m3."""
    flows = fleet.values[FLOW]
    if item == FLOW:
        return flows
    unit = ITEMS[item].unit if item in ITEMS else POLLUTANTS[item].item_unit
    return fleet.values[item] * flows * {"ug/m3": 1e-9, "mg/m3": 1e-6}[unit]


def load(fleet: Fleet, item: str) -> Array:
    """How far the ratio of flow to the electricity of production departs from the 30 days before, in robust
    deviations of its days; hours in which production stood still do not count.
    """
    return loads(fleet, item)[0]


def loads(fleet: Fleet, item: str) -> tuple[Array, Array]:
    """The feature `load`, and the logarithm by which the day's ratio departs from the usual one."""
    assert fleet.load is not None
    ran = ~np.isnan(fleet.values[item]) & (fleet.load > 0)
    if fleet.running is not None:
        ran &= fleet.running > 0.5
    flows = np.where(ran, fleet.values[item], 0.0).sum(axis=2)
    drawn = np.where(ran, fleet.load, 0.0).sum(axis=2)
    usual = before(_daily(np.where(ran, fleet.values[item] / fleet.load, np.nan)), USUAL, LEAST)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.log(np.maximum(flows / drawn, 0.01 * usual) / usual)
    apart = np.where(ran.sum(axis=2) >= 6, apart, np.nan)
    spread = 1.4826 * before(np.abs(apart), USUAL, LEAST)
    return np.abs(apart) / np.maximum(np.nan_to_num(spread), FAITHFUL), apart


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
    "flow": flow,
    "mass": mass,
    "load": load,
    "calibration": calibration,
    "stopped": stopped,
    "power": power,
}
"""The features of a plant's numbers together, by name."""


def can(fleet: Fleet, item: str, name: str) -> bool:
    """Whether the fleet has what the feature needs, and the feature is one of this item."""
    if name == "load":
        return item == FLOW and fleet.load is not None
    if name == "mass":
        return item in fleet.totals and FLOW in fleet.values and item != OXYGEN
    if item in BESIDE:
        return False
    needs = {
        "conversion": item in fleet.converted and OXYGEN in fleet.values,
        "oxygen": OXYGEN in fleet.values,
        "flow": FLOW in fleet.values,
        "power": fleet.running is not None,
    }
    return needs.get(name, fleet.marks is not None)
