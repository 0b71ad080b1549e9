"""The model behind weather normalisation: an additive spline model of the logarithm, and boosted trees on the rest.

Trees alone pull every response towards the mean, and with it the weather's part of a change towards zero; splines
alone know no interplay of, say, wind and humidity. Beyond the 1st and 99th percentile of what is known a response
stays what it is there, so that rare weather is never answered with an absurd value.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.preprocessing import SplineTransformer
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

KNOTS = 5
SHRINKAGE = 3.0
"""Of the ridge regression; on the splines of some 10 000 hours it only keeps the sum solvable."""
YEAR_SCALE = 3.0
"""The column of a year is this large, so its level is shrunk nine times less than a spline."""
EDGES = (1.0, 99.0)
"""Percentiles between which a response has a shape."""

Array = NDArray[np.float64]


def shapes(x: Array) -> Array:
    """Cubic splines of each feature: (n, columns) for (n, k); NaN stands for the median, a constant has none."""
    known = np.where(np.isnan(x).all(axis=0), 0.0, x)
    low, high = np.nanpercentile(known, EDGES, axis=0)
    shaped = high - low > 1e-9
    if not shaped.any():
        return np.empty((len(x), 0))
    filled = np.clip(np.where(np.isnan(known), np.nanmedian(known, axis=0), known), low, high)[:, shaped]
    splines = SplineTransformer(n_knots=KNOTS, include_bias=False)
    found: Array = splines.fit(np.stack([low[shaped], high[shaped]])).transform(filled)
    return found


def rhythm(hour: Array, season_day: Array, year: Array) -> Array:
    """The calendar as columns: the hour on a circle (two harmonics), splines of the day, each year alone."""
    angle = 2 * np.pi * hour[:, None] / 24
    day = [np.sin(angle), np.cos(angle), np.sin(2 * angle), np.cos(2 * angle)]
    return np.hstack([*day, shapes(season_day[:, None]), YEAR_SCALE * (year[:, None] == np.unique(year))])


class Model:
    """The logarithm ``y`` (n,) from features ``x`` (n, k; NaN where missing) and their columns ``basis`` (n, m).

    Settings by trial: see docs/deweather.md.
    """

    def __init__(self, x: Array, basis: Array, y: Array) -> None:
        self._additive: Any = Ridge(alpha=SHRINKAGE).fit(basis, y)
        self._trees: Any = HistGradientBoostingRegressor(
            learning_rate=0.15,
            max_iter=25,
            max_leaf_nodes=8,
            max_bins=63,
            min_samples_leaf=40,
            l2_regularization=1.0,
            early_stopping=False,
            random_state=0,
        ).fit(x, y - self._additive.predict(basis))

    def predict(self, x: Array, basis: Array) -> Array:
        """(n,)."""
        found: Array = self._additive.predict(basis) + self._trees.predict(x)
        return found


def one_thread() -> AbstractContextManager[Any]:
    """Inside it the model uses one thread: the same digits on every machine, and the other cores are left alone."""
    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits
