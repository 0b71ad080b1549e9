"""Boosted trees of one daily item: what forecasts cities without hours, and what tells how large errors are.

Absolute error of logarithms is what they mostly lessen, so their value is a median, which is what NME asks for; days
weigh more the more there is in the air, as they do in NME. The logarithm is of c + `FLOOR`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from lantian.forecast.history import Array

Table = NDArray[np.float32]
"""(row, predictor); NaN is missing."""
FLOOR: Final = np.array([2.0, 2.0, 0.1, 4.0, 5.0, 3.0])
"""By item of `history.ITEMS`, ug/m3 and mg/m3."""
GRADES: Final = 128
"""Values of a predictor that trees tell apart."""


class Booster(HistGradientBoostingRegressor):  # type: ignore[misc]
    """Boosted trees that pass over predictors of which nothing is known."""

    def fit(self, table: Table, target: Array, weight: Array | None = None) -> Booster:
        """Learn; columns that are missing throughout are not used, nor rows without a target."""
        there = ~np.isnan(target)
        self.used_ = ~np.isnan(table[there]).all(0)
        super().fit(table[np.ix_(there, self.used_)], target[there], None if weight is None else weight[there])
        return self

    def predict(self, table: Table) -> Array:
        """Predict from all columns."""
        return np.asarray(super().predict(table[:, self.used_]))


@dataclass(frozen=True)
class Growth:
    """How trees are grown; chosen by cross-validation inside the training data.

    Attributes:
        iterations: trees; ``rate``: how much each of them adds; ``leaves`` of a tree, each of ``least`` cases at least.
        share: of the predictors that a split may choose from, drawn anew.
        loss: "absolute_error" or "squared_error", of logarithms.
        bins: values of a predictor that are told apart.
    """

    iterations: int = 150
    rate: float = 0.05
    leaves: int = 10
    least: int = 20
    share: float = 0.3
    loss: str = "absolute_error"
    bins: int = 255

    def booster(self, seed: int = 0) -> Booster:
        """Trees yet to be grown."""
        return Booster(
            loss=self.loss,
            max_bins=self.bins,
            max_iter=self.iterations,
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least,
            l2_regularization=1.0,
            max_features=self.share,
            early_stopping=False,
            random_state=seed,
        )


@dataclass(frozen=True)
class Trees:
    """Trees that were grown, with the names of their predictors."""

    names: tuple[str, ...]
    models: tuple[Any, ...]

    def predict(self, columns: Mapping[str, Array]) -> Array:
        """The mean of the models; a predictor that is absent counts as missing."""
        table = table_of(columns, self.names)
        return np.asarray(np.mean([model.predict(table) for model in self.models], axis=0))


def grown(
    growth: Growth, names: tuple[str, ...], table: Table, target: Array, weight: Array, half: NDArray[np.int64]
) -> tuple[Trees, Array]:
    """Trees of each half of the cases, used together, and what those of the other half say of each case.

    The second is honest: no case was learnt from by the trees that speak of it.
    """
    models = [growth.booster(one).fit(table[half == one], target[half == one], weight[half == one]) for one in (0, 1)]
    honest = np.empty(len(target))
    for one in (0, 1):
        honest[half == one] = models[1 - one].predict(table[half == one])
    return Trees(names, tuple(models)), honest


def graded(table: Table) -> Table:
    """A table to learn from, each predictor on `GRADES` of its own values, the nearest: trees sort so few at once.

    Weighted quantiles of every column for every tree would take longer than the trees themselves.
    """
    found = table.copy()
    for column in found.T:
        there = ~np.isnan(column)
        marks = np.unique(np.quantile(column[there], np.linspace(0, 1, GRADES))) if there.any() else column[there]
        if len(marks) > 1:
            column[there] = marks[np.searchsorted((marks[1:] + marks[:-1]) / 2, column[there])]
    return found


def table_of(columns: Mapping[str, Array], names: Sequence[str]) -> Table:
    """Columns (row,) in the order of names."""
    nothing = np.full(len(next(iter(columns.values()))), np.nan)
    return np.column_stack([columns.get(name, nothing) for name in names]).astype(np.float32)


def logarithm(concentration: Array, item: int) -> Array:
    """ln(c + `FLOOR`) of an item of `history.ITEMS`."""
    return np.asarray(np.log(np.maximum(concentration, 0.0) + FLOOR[item]))


def concentration(logarithm: Array, item: int) -> Array:
    """The concentration of a logarithm; never negative."""
    return np.asarray(np.maximum(np.exp(logarithm) - FLOOR[item], 0.0))
