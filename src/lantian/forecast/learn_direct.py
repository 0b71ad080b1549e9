"""Days of regions forecast at once 直接预报: boosted trees from the last hours and the weather straight to the day.

They know nothing of how the air goes on from hour to hour, which the recurrent network has learnt; but they err
otherwise than it does, so a mean of both is better than either. It is drawn out a little: what is learnt by
logarithms lies too near to the middle. Stations are moved as their region is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lantian.forecast import features, features_days
from lantian.forecast.features import LEADS, Columns, Indices
from lantian.forecast.history import ITEMS, Array, History
from lantian.forecast.learn_trees import Booster, Growth, Table, logarithm, table_of

GROUPS: Final = (range(1, 2), range(2, 3), range(3, LEADS.stop))
"""Leads that share their trees: what was measured at the issue counts for two days, then all days are alike."""
SHARES: Final = (0.5, 0.4, 0.3)
"""Of the trees in the mean, by group: what they have over the network is what the last hours say of tomorrow."""
STRETCH: Final = 1.05
"""How far the mean is drawn out from the middle of what was learnt. This and `SHARES` were chosen on the days that
docs/forecast/statistics.md names.
"""
Key = tuple[int, int]
"""Number of the group of leads, and of the item of `ITEMS`."""


@dataclass(frozen=True)
class Direct:
    """Trees of all regions.

    Attributes:
        regions: codes, in the order of their numbers.
        names: of the predictors.
        perfect: whether the weather ahead is given.
        hour: of Beijing, of the issues that were learnt: what the trees know of.
        trees: one a share of the days left out, used together.
        middle: mean logarithm of the days that were learnt.
    """

    regions: tuple[str, ...]
    names: tuple[str, ...]
    perfect: bool
    hour: int
    trees: Mapping[Key, tuple[Booster, ...]]
    middle: Mapping[Key, float]

    def shift(self, history: History, region: str, issues: Indices, days: Array) -> Array:
        """What is added to logarithms of a region's days (issue, lead, item) that the network forecast."""
        found = np.zeros_like(days)
        for lead in range(1, days.shape[1] + 1):
            group = group_of(lead)
            table = table_of(self._columns(history, region, issues, lead), self.names)
            for k in range(len(ITEMS)):
                if (group, k) not in self.trees:
                    continue
                own = np.mean([one.predict(table) for one in self.trees[group, k]], axis=0)
                network = logarithm(days[:, lead - 1, k], k)
                found[:, lead - 1, k] = joined(network, own, SHARES[group], self.middle[group, k]) - network
        return found

    def _columns(self, history: History, region: str, issues: Indices, lead: int) -> Columns:
        return columns_of(
            history, region, self.regions.index(region), issues, np.full(len(issues), lead), perfect=self.perfect
        )


def group_of(lead: int) -> int:
    """The number of the group in `GROUPS` that a lead is of."""
    return next(number for number, leads in enumerate(GROUPS) if lead in leads)


def joined(network: Array, own: Array, share: float, middle: float) -> Array:
    """Logarithms of both ways joined, with a ``share`` of the trees."""
    return middle + STRETCH * ((1 - share) * network + share * own - middle)


def columns_of(history: History, region: str, number: int, issues: Indices, lead: Indices, *, perfect: bool) -> Columns:
    """Predictors of cases of a region."""
    found = features_days.of_region(history, region, issues, lead, perfect=perfect)
    return found | {"region": np.full(len(issues), float(number))}


def learn(
    history: History,
    issues: Indices,
    allowed: NDArray[np.bool_],
    honest: Array,
    *,
    perfect: bool,
    iterations: int,
) -> tuple[Direct, Array]:
    """Learn the days of all regions of a history.

    Args:
        history: what is known.
        issues: hour indices, all at one hour of the day.
        allowed: (member, day): whether the trees of a number may learn a day; each allowed day is left out by at most
            one of them.
        honest: forecasts of the network by the member that did not learn the day: (region, issue, lead, item).
        perfect: whether the weather of the day is given.
        iterations: of the trees.

    Returns:
        The trees, and what to add to the logarithms of ``honest``: of the trees that did not learn the day either.
    """
    regions = tuple(history.members)
    random = np.random.default_rng(11)
    growth = Growth(iterations, rate=0.1, leaves=15, share=0.2, loss="squared_error", bins=64)
    trees: dict[Key, tuple[Booster, ...]] = {}
    middle: dict[Key, float] = {}
    shift = np.zeros_like(honest)
    names: tuple[str, ...] = ()
    for group, leads in enumerate(GROUPS):
        every = [(n, lead) for n in range(len(regions)) for lead in leads]
        parts = [
            columns_of(history, regions[n], n, issues, np.full(len(issues), lead), perfect=perfect) for n, lead in every
        ]
        names = tuple(parts[0])
        table = np.concatenate([table_of(part, names) for part in parts])
        day = np.concatenate([issues // 24 + lead for _, lead in every])
        # One lead of an issue is enough to learn from; all of them are forecast.
        drawn = random.integers(len(leads), size=(len(regions), 1, len(issues)))
        chosen = (drawn == np.arange(len(leads))[:, None]).ravel()
        learnt = features.take(allowed.any(0).astype(float), day) == 1
        for k in range(len(ITEMS)):
            seen = [features.take(history.daily[regions[n]], issues // 24 + lead)[:, k] for n, lead in every]
            target = np.where(learnt, logarithm(np.concatenate(seen), k), np.nan)
            if np.isnan(target[chosen]).all():
                continue
            trees[group, k], own = _grow(growth, table, target, chosen, day, allowed)
            network = logarithm(np.concatenate([honest[n, :, lead - 1, k] for n, lead in every]), k)
            middle[group, k] = float(np.nanmean(target))
            moved = (joined(network, own, SHARES[group], middle[group, k]) - network).reshape(len(every), -1)
            for (n, lead), one in zip(every, moved, strict=True):
                shift[n, :, lead - 1, k] = one
    return Direct(regions, names, perfect, int(issues[0] % 24), trees, middle), shift


def _grow(
    growth: Growth, table: Table, target: Array, chosen: NDArray[np.bool_], day: Indices, allowed: NDArray[np.bool_]
) -> tuple[tuple[Booster, ...], Array]:
    """Trees of every member, and what those that did not learn the day say of each case."""
    day = np.minimum(day, allowed.shape[1] - 1)
    grown = tuple(
        growth.booster(number).fit(table[chosen & own[day]], target[chosen & own[day]])
        for number, own in enumerate(allowed)
    )
    who = np.argmin(allowed, axis=0)[day]
    said = np.empty(len(table))
    for number, one in enumerate(grown):
        if (who == number).any():
            said[who == number] = one.predict(table[who == number])
    return grown, said
