"""Cities of which only published days are known: boosted trees on their last days and on what is known nearby.

What is known nearby is the weather, the air and the forecast of a place with hours, where there is one. All cities
and leads are learnt together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lantian.forecast import features, learn_spread
from lantian.forecast.features import LEADS, Columns, Indices
from lantian.forecast.history import ITEMS, Array, History
from lantian.forecast.learn_days import BLOCK_DAYS, of_network
from lantian.forecast.learn_spread import Spread
from lantian.forecast.learn_trees import Growth, Table, Trees, concentration, graded, grown, logarithm, table_of
from lantian.standards.codes import POLLUTANTS

GROWTH: Final = Growth(rate=0.08, leaves=16)
EVERY: Final = 2
"""Every which issue is learnt from, each city beginning with another: neighbours in time hold little that is new."""


@dataclass(frozen=True)
class CityTrees:
    """Trees and spreads by item; ``codes``: the cities, in the order of their numbers."""

    codes: tuple[str, ...]
    trees: Mapping[str, Trees]
    spreads: Mapping[str, Spread]

    def forecast(self, columns: Columns) -> tuple[Array, Array]:
        """Values (case, item) and quantiles (case, item, quantile) of cases, NaN where nothing is known of an item."""
        count = len(columns["lead"])
        values = np.full((count, len(ITEMS)), np.nan)
        quantiles = np.full((count, len(ITEMS), len(learn_spread.QUANTILES)), np.nan)
        for item, trees in self.trees.items():
            k = ITEMS.index(item)
            made = _last(columns, k) + trees.predict(columns)
            errors = self.spreads[item].around(_situation(columns, made, k), columns["lead"])
            values[:, k], quantiles[:, k] = concentration(made, k), concentration(made[:, None] + errors, k)
        return values, quantiles


def cases(
    history: History, code: str, number: int, issues: Indices, lead: Indices, near: Columns, network: Array | None
) -> Columns:
    """Predictors of a city: its own days, and ``near``, those of a place with hours, with its forecast (case, item)."""
    found = near | (of_network(network) if network is not None else {}) | features.of_city(history, code, issues)
    return found | features.calendar(history, issues, lead) | {"city": np.full(len(issues), float(number))}


def learn(
    history: History,
    issues: Indices,
    home: str | None,
    honest: Array | None,
    out: Array,
    *,
    perfect: bool,
    iterations: int,
) -> CityTrees:
    """Learn all cities of a history.

    Args:
        history: what is known.
        issues: hour indices.
        home: the place with hours that is near, and ``honest`` its forecasts (issue, lead, item); None: there is none.
        out: (day,) whether a day must not be learnt from.
        perfect: whether the weather of the day is given.
        iterations: of the trees.
    """
    random = np.random.default_rng(5)
    parts: list[Columns] = []
    seen, halves = [], []
    for number, code in enumerate(history.cities):
        which = np.arange(number % EVERY, len(issues), EVERY)
        lead = random.integers(LEADS.start, LEADS.stop, len(which))
        near = features.of_place(history, home, issues[which], lead, perfect=perfect) if home else {}
        made = honest[which, lead - 1] if honest is not None else None
        day = issues[which] // 24 + lead
        observed = np.where(out[:, None], np.nan, history.days[number])
        parts.append(cases(history, code, number, issues[which], lead, near, made))
        seen.append(features.take(observed, day))
        halves.append(day // BLOCK_DAYS % 2)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
    trees: dict[str, Trees] = {}
    spreads: dict[str, Spread] = {}
    table = graded(table_of(columns, tuple(columns))) if parts else None
    growth = replace(GROWTH, iterations=iterations)
    for k, item in enumerate(ITEMS):
        observed = np.concatenate(seen)[:, k] if parts else np.empty(0)
        if table is not None and not np.isnan(observed).all():
            trees[item], spreads[item] = _grow(columns, table, observed, np.concatenate(halves), k, growth)
    return CityTrees(history.cities, trees, spreads)


def _grow(
    columns: Columns, table: Table, observed: Array, half: Indices, k: int, growth: Growth
) -> tuple[Trees, Spread]:
    last = _last(columns, k)
    target = logarithm(observed, k) - last
    weight = np.sqrt(np.nan_to_num(observed) + 1e-3)
    trees, rests = grown(growth, tuple(columns), table, target, weight, half)
    made = last + rests
    errors = logarithm(observed, k) - made
    return trees, learn_spread.learn(_situation(columns, made, k), errors, columns["lead"])


def _last(columns: Columns, k: int) -> Array:
    """The logarithm of the last day that is known; the week's mean where it is missing, else 0: trees do the rest."""
    day, week = (columns[f"own {POLLUTANTS[k]} {name}"] for name in ("0 days before", "week"))
    return np.asarray(np.nan_to_num(np.where(np.isnan(day), week, day)))


def _situation(columns: Columns, made: Array, k: int) -> Table:
    season = columns["season sine"], columns["season cosine"]
    return learn_spread.situation(columns["lead"], made, _last(columns, k), season)
