"""Quantiles 分位数 around a forecast, made from honest errors: conformal, so that they are as wide as errors were.

An error is ln(observed + floor) - ln(forecast + floor) of a day that the model had not learnt from. A small model
says how large errors are in a situation (lead, season, level, change); the quantiles of the errors over that size are
the same everywhere and are taken by lead (Lei et al. 2018, J. Am. Stat. Assoc. 113: 1094, section 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lantian.forecast.features import LEADS
from lantian.forecast.history import Array
from lantian.forecast.learn_trees import Growth, Table

QUANTILES: Final = (10, 25, 50, 75, 90)
_GROWTH: Final = Growth(iterations=40, rate=0.15, leaves=6, least=50, share=1.0)
_SMALLEST: Final = 0.02
"""The least size of an error, so that no quantile collapses."""


@dataclass(frozen=True)
class Spread:
    """Errors of one item. ``size``: model of their size; ``standard``: lead -> quantiles of error over size."""

    size: Any
    standard: dict[int, Array]

    def around(self, situation: Table, lead: Array) -> Array:
        """Quantiles of the error: (row, one of `QUANTILES`), ascending."""
        standard = np.stack([self.standard[int(one)] for one in lead])
        return np.sort(standard * _sizes(self.size, situation)[:, None], axis=1)


def situation(lead: Array, predicted: Array, last: Array, season: tuple[Array, Array]) -> Table:
    """What the size of an error depends on: lead, logarithm predicted, its change against the last day's, season."""
    return np.column_stack([lead, predicted, predicted - last, *season]).astype(np.float32)


def learn(situations: Table, errors: Array, lead: Array) -> Spread:
    """Errors (row,) of days not learnt from, NaN where nothing was observed."""
    size = _GROWTH.booster().fit(situations, np.log(np.abs(errors) + _SMALLEST))
    over = errors / _sizes(size, situations)
    share = np.array(QUANTILES) / 100
    standard = {one: over[(lead == one) & ~np.isnan(over)] for one in LEADS}
    return Spread(size, {one: np.quantile(found, _finite(share, len(found))) for one, found in standard.items()})


def _finite(share: Array, count: int) -> Array:
    """Shares a little farther out, so that the quantiles hold for one more case of so few; (n + 1) / n as Lei et al."""
    return np.asarray(np.clip(0.5 + (share - 0.5) * (1 + 1 / max(count, 1)), 0, 1))


def _sizes(size: Any, situations: Table) -> Array:
    return np.asarray(np.exp(size.predict(situations)))
