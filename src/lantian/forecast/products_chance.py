"""The chances of an index from the quantiles of its pollutants.

One pollutant: between its five quantiles the logarithm of the concentration is a straight line over the normal score;
beyond the outer ones it goes on with the spread between median and decile, so both tails are lognormal.

Several pollutants, the stated dependence: particles, SO2, NO2 and CO rise and fall together (the same stagnation holds
them all), so the index stays up to x when the one that most threatens to pass it does not; ozone, which has another
weather, is independent of them: P(AQI <= x) = min over {so2 no2 co pm10 pm25} of P_i(x) x P_o3(x).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]

from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.standards.subindices import Edition, SubIndex

LEVELS = (0.10, 0.25, 0.50, 0.75, 0.90)
"""The quantiles that are given."""
TOP = 500
"""The largest index."""
NARROWEST = 0.002
"""Two quantiles are at least this far apart in ln, 0.2 %: lines stay finite however sure a forecast is."""

Array = NDArray[np.float64]
_SCORES = ndtri(np.array(LEVELS))
_APART = "o3"


def below(quantiles: Array, limit: Array) -> Array:
    """P(concentration <= limit).

    Parameters
    ----------
    quantiles
        (n, 5): q10, q25, q50, q75, q90, ug/m3 (CO mg/m3), >= 0; crossing ones are put in order.
    limit
        (n,), the same unit; inf gives 1, below 0 gives 0.

    Returns
    -------
    (n,), 0 to 1.
    """
    knots = _knots(quantiles)
    with np.errstate(divide="ignore"):
        x = np.log(np.maximum(limit, 0.0))
    spread_low = (knots[:, 2] - knots[:, 0]) / -_SCORES[0]
    spread_high = (knots[:, 4] - knots[:, 2]) / _SCORES[-1]
    score = np.where(x < knots[:, 0], _SCORES[0] + (x - knots[:, 0]) / spread_low, 0.0)
    score = np.where(x > knots[:, 4], _SCORES[-1] + (x - knots[:, 4]) / spread_high, score)
    for k in range(len(LEVELS) - 1):
        low, high = knots[:, k], knots[:, k + 1]
        line = _SCORES[k] + (x - low) / (high - low) * (_SCORES[k + 1] - _SCORES[k])
        score = np.where((x >= low) & (x <= high), line, score)
    return np.where(limit < 0, 0.0, ndtr(score))


def index_below(quantiles: dict[str, Array], index: NDArray[np.int64], edition: Edition) -> Array:
    """P(AQI <= index), by the dependence that the module states.

    Parameters
    ----------
    quantiles
        Daily item -> (n, 5), NaN throughout where a case does not have the item; at least one item a case is there.
    index
        (n,), 0 to 500.
    edition
        Whose breakpoints hold.
    """
    together, apart = np.ones(len(index)), np.ones(len(index))
    for item, given in quantiles.items():
        limit = edges(item, edition.year)[index]
        chance = np.where(np.isnan(given).any(axis=1), 1.0, below(given, limit))
        if item.partition("_")[0] == _APART:
            apart = apart * chance
        else:
            together = np.minimum(together, chance)
    return together * apart


def index_quantile(quantiles: dict[str, Array], share: float, edition: Edition) -> NDArray[np.int64]:
    """The smallest index (n,) up to which the AQI stays with at least this probability; by halving 0 to 500."""
    number = len(next(iter(quantiles.values())))
    low, high = np.zeros(number, np.int64), np.full(number, TOP, np.int64)
    while (low < high).any():
        middle = (low + high) // 2
        enough = index_below(quantiles, middle, edition) >= share
        low, high = np.where(enough | (low == high), low, middle + 1), np.where(enough, middle, high)
    return low


def level_chances(quantiles: dict[str, Array], edition: Edition) -> Array:
    """Probability of each level, (n, 6); a row adds up to 1."""
    number = len(next(iter(quantiles.values())))
    bounds = [level.high for level in aqi.LEVELS[:-1]]
    up_to = [index_below(quantiles, np.full(number, bound), edition) for bound in bounds]
    cumulated = np.column_stack([np.zeros(number), *up_to, np.ones(number)])
    return np.diff(cumulated, axis=1)


@cache
def edges(item: str, year: int) -> Array:
    """The concentration up to which the sub-index of a daily item is at most x, for x = 0 .. 500; inf above its row.

    It lies half a published digit above the last digit that still gives x, as the law rounds before it looks up.
    """
    sub = _sub_index(item, year)
    table = sub.row.table.fill_null(sub.row.iaqi(sub.row.last)).to_numpy()
    last = np.searchsorted(table, np.arange(TOP + 1), side="right") - 1
    digit = 10.0 ** -ITEMS[item].decimals
    found: Array = ((last + 0.5) * digit).astype(float)
    found[last == len(table) - 1] = np.inf
    return found


def _sub_index(item: str, year: int) -> SubIndex:
    edition = next(one for one in aqi.EDITIONS if one.year == year)
    return next(sub for sub in edition.daily if sub.item == item)


def _knots(quantiles: Array) -> Array:
    """The logarithms of the quantiles, rising by at least `NARROWEST`; zero becomes a hundredth of a unit."""
    knots: Array = np.log(np.maximum(np.sort(quantiles, axis=1), 0.01))
    for k in range(1, knots.shape[1]):
        knots[:, k] = np.maximum(knots[:, k], knots[:, k - 1] + NARROWEST)
    return knots
