"""Days of places with hours: the network's hours made days, corrected by boosted trees, with their quantiles.

The trees learn what is left of ln(observed) - ln(network) from honest forecasts of the network, those of the member
that had not seen the day. Each half of the blocks of days grows trees of its own; errors come from the other half's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lantian.forecast import features, learn_spread
from lantian.forecast.features import LEADS, Columns, Indices
from lantian.forecast.history import ITEMS, Array, History
from lantian.forecast.learn_spread import Spread
from lantian.forecast.learn_trees import Growth, Table, Trees, concentration, graded, grown, logarithm, table_of
from lantian.standards.codes import POLLUTANTS

GROWTH: Final = Growth(rate=0.08, leaves=8, least=30)
SHARE: Final = 0.5
"""Of the trees' correction that is applied. Cross-validation on the winters of 2013 and 2014 and the summer of 2014:
all of it made the second winter's days worse, half of it lessened the errors of the first and of ozone.
"""
OZONE: Final = ITEMS.index("o3_8h")
WINDOW: Final = 8
"""Hours of ozone's moving mean."""


def days_of(hours: Array) -> Array:
    """Daily values of whole natural days (..., hour, item of `POLLUTANTS`): (..., day, item of `ITEMS`).

    24-hour means, and of ozone the largest 8-hour mean wholly inside the day.
    """
    parts = hours.reshape(*hours.shape[:-2], -1, 24, len(POLLUTANTS))
    days = parts.mean(-2)
    sums = np.cumsum(parts[..., OZONE], axis=-1)
    sums = np.concatenate([np.zeros_like(sums[..., :1]), sums], axis=-1)
    days[..., OZONE] = ((sums[..., WINDOW:] - sums[..., :-WINDOW]) / WINDOW).max(-1)
    return np.asarray(days)


@dataclass(frozen=True)
class Corrector:
    """Trees and spreads by item of `ITEMS`; ``places``: those that it knows, in the order of their numbers."""

    places: tuple[str, ...]
    trees: Mapping[str, Trees]
    spreads: Mapping[str, Spread]

    def correct(self, columns: Columns, days: Array) -> tuple[Array, Array]:
        """Values and quantiles of cases of one place.

        Args:
            columns: predictors, without the network's.
            days: the network's values (case, item).

        Returns:
            (case, item) and (case, item, quantile), ug/m3, CO mg/m3.
        """
        values, quantiles = np.empty(days.shape), np.empty((*days.shape, len(learn_spread.QUANTILES)))
        together = columns | of_network(days)
        for k, item in enumerate(ITEMS):
            made = logarithm(days[:, k], k) + SHARE * self.trees[item].predict(together)
            errors = self.spreads[item].around(_situation(together, made, k), columns["lead"])
            values[:, k] = concentration(made, k)
            quantiles[:, k] = concentration(made[:, None] + errors, k)
        return values, quantiles


def of_network(days: Array) -> Columns:
    """The network's values (case, item) as predictors."""
    return {f"network {item}": logarithm(days[:, k], k) for k, item in enumerate(ITEMS)}


def _situation(columns: Columns, made: Array, k: int) -> Table:
    last = columns[f"{POLLUTANTS[k]} 24h"]
    return learn_spread.situation(columns["lead"], made, last, (columns["season sine"], columns["season cosine"]))


@dataclass(frozen=True)
class Lesson:
    """Cases to learn from, of all places: predictors, network's values and observations (case, item).

    ``place``: its number; ``half``: 0 or 1, which half of the blocks of days the case belongs to.
    """

    place: Indices
    columns: Columns
    network: Array
    observed: Array
    half: Indices


def lesson(
    history: History, places: tuple[str, ...], issues: Indices, honest: Array, observed: Array, *, perfect: bool
) -> Lesson:
    """Every lead of the regions, and one lead, drawn at random, of each issue of the stations: enough, in less time.

    Args:
        places: regions first.
        honest: forecasts of the network (place, issue, lead, item); observed: (place, day, item), NaN where a day must
            not be learnt from.
    """
    random = np.random.default_rng(3)
    parts: list[Columns] = []
    numbers, made, seen, halves = [], [], [], []
    for number, place in enumerate(places):
        if place in history.members:
            which, lead = np.repeat(np.arange(len(issues)), len(LEADS)), np.tile(LEADS, len(issues))
        else:
            which, lead = np.arange(len(issues)), random.integers(LEADS.start, LEADS.stop, len(issues))
        day = issues[which] // 24 + lead
        columns = features.of_place(history, place, issues[which], lead, perfect=perfect)
        parts.append(columns)
        numbers.append(np.full(len(which), number))
        made.append(honest[number, which, lead - 1])
        seen.append(features.take(observed[number], day))
        halves.append(day // BLOCK_DAYS % 2)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Lesson(np.concatenate(numbers), columns, np.concatenate(made), np.concatenate(seen), np.concatenate(halves))


BLOCK_DAYS: Final = 40
"""Days that are learnt from, or left out, together."""


def learn(places: tuple[str, ...], given: Lesson, regions: int, iterations: int) -> tuple[Corrector, Array]:
    """Grow trees and find the spreads; with the honest forecasts (case, item) that the spreads come from.

    The trees learn from the regions, whose means are less noisy than stations, where there are any.
    """
    together = given.columns | of_network(given.network)
    names = tuple(together)
    table = graded(table_of(together, names))
    own = given.place < (regions or len(places))
    trees, spreads = {}, {}
    honest = np.full(given.network.shape, np.nan)
    growth = replace(GROWTH, iterations=iterations)
    for k, item in enumerate(ITEMS):
        made = logarithm(given.network[:, k], k)
        seen = logarithm(given.observed[:, k], k)
        rest, weight = seen - made, np.sqrt(np.nan_to_num(given.observed[:, k]) + 1e-3)
        trees[item], rests = grown(growth, names, table, np.where(own, rest, np.nan), weight, given.half)
        corrected = made + SHARE * rests
        honest[:, k] = concentration(corrected, k)
        lead = together["lead"]
        spreads[item] = learn_spread.learn(_situation(together, corrected, k), seen - corrected, lead)
    return Corrector(places, trees, spreads), honest


def scores(given: Lesson, honest: Array, *, regions: int) -> dict[str, float]:
    """1 - NME of honest forecasts of regions and of stations, all seasons, by item, for the first lead and the last."""
    found: dict[str, float] = {}
    for name, own in (("region", given.place < regions), ("station", given.place >= regions)):
        for lead in (LEADS[0], LEADS[-1]):
            rows = own & (given.columns["lead"] == lead)
            for k, item in enumerate(ITEMS):
                made, seen = honest[rows, k], given.observed[rows, k]
                there = ~np.isnan(seen)
                if there.any():
                    error = np.abs(made - seen)[there].sum() / seen[there].sum()
                    found[f"{name} {item} lead {lead} accuracy"] = round(float(1 - error), 4)
    return found
