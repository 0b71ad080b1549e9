"""Thresholds 阈值: learned from the fleet's own untouched history at a stated rate of false alarms. Pure.

Each feature of each item is turned into how rare it is (the share of the fleet's days that reach it); a device's day
scores by its rarest feature. The threshold of that score is where the stated share of the history lies above it, so it
counts all features and items together, and the threshold of each feature follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from lantian.observations.fraud import minutes
from lantian.observations.fraud.catalogue import FEATURES
from lantian.observations.fraud.days import BESIDE, Array, Fleet, Scale
from lantian.observations.fraud.features import SERIES
from lantian.observations.fraud.process import PLANT, can
from lantian.observations.fraud.weeks import WEEKS

RATE = 0.01
"""False alarms per device-day that are accepted: one in a hundred."""

SHARES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)
"""Shares of the history that reach a value: the table that is kept of each feature."""

OF_BESIDE = ("constant", "low_variance", "copied_day")
"""Features of a series that are looked at in oxygen and flow."""

OF_HOURS = ("calibration", "flow", "power", "stopped")
"""Features of a device's hours, the same for each of its items: said once."""

NEVER = 8.0
"""Rarity of a value that the whole history, which knows one value only, never showed."""

MINUTE = "minute:"
"""Before an item: the scale of its minutes."""

MOST_EVIDENCE = 6
"""Pieces of evidence kept of a day."""


@dataclass(frozen=True)
class Tail:
    """How rare values of one feature of one item are: the values that each of `SHARES` of `days` reach."""

    values: tuple[float, ...]
    days: int

    @classmethod
    def of(cls, found: Array) -> Tail | None:
        """From all known values; None: too few to say anything."""
        known = np.sort(found[~np.isnan(found)])
        if known.size < 50:
            return None
        return cls(tuple(float(np.quantile(known, 1.0 - share, method="higher")) for share in SHARES), int(known.size))

    def rarity(self, found: Array) -> Array:
        """-log10 of the share of the history that reaches a value; beyond the table the last slope goes on.

        0 for values that are common or not known.
        """
        values, steps, slope = self._course()
        known = np.nan_to_num(found, nan=-np.inf)
        if len(values) == 1:
            return np.where(known > values[0], NEVER, 0.0)
        inside = np.interp(known, values, steps, left=0.0)
        reached = np.where(known >= values[-1], steps[-1] + (known - values[-1]) * slope, inside)
        return np.asarray(np.minimum(np.where(known <= values[0], 0.0, reached), 12.0))

    def value_at(self, rare: float) -> float:
        """The value that is so rare: the feature's threshold."""
        values, steps, slope = self._course()
        if len(values) == 1 or rare <= steps[-1]:
            return float(np.interp(rare, steps, values))
        return float(values[-1] + (rare - steps[-1]) / slope)

    def _course(self) -> tuple[Array, Array, float]:
        """The values of the table, each once, how rare each is, and by how much rarity grows beyond the last."""
        # Where several shares have the same value, the value is as common as the commonest of them.
        values, first = np.unique(np.asarray(self.values), return_index=True)
        steps = -np.log10(np.asarray(SHARES))[first]
        back = max(0, len(values) - 4)
        width = max(values[-1] - values[back], 0.05 * abs(values[-1]), 1e-9)
        return values, steps, float((steps[-1] - steps[back]) / width)


@dataclass(frozen=True)
class Learned:
    """Thresholds of one kind: `tails` by feature and item, the `limit` of the score, the items' scales, and what they
    were learned from.
    """

    kind: str
    rate: float
    limit: float
    tails: Mapping[tuple[str, str], Tail]
    scales: Mapping[str, Scale]
    first: date
    last: date
    devices: int
    days: int

    @property
    def minute_steps(self) -> dict[str, float]:
        """The last digit of each item's minutes."""
        return {name.removeprefix(MINUTE): one.step for name, one in self.scales.items() if name.startswith(MINUTE)}

    def as_json(self) -> dict[str, Any]:
        """What is kept in the database; `threshold` is for people to read."""
        return {
            "limit": self.limit,
            "scales": {item: asdict(scale) for item, scale in sorted(self.scales.items())},
            "tails": [
                {"feature": feature, "item": item, "days": tail.days, "values": list(tail.values)}
                | {"threshold": round(threshold(feature, tail, self.limit), 4)}
                for (feature, item), tail in sorted(self.tails.items())
            ],
        }

    @classmethod
    def of_json(cls, stated: Mapping[str, Any], **rest: Any) -> Learned:
        """Read what `as_json` wrote; `rest`: the other fields."""
        tails = {(one["feature"], one["item"]): Tail(tuple(one["values"]), one["days"]) for one in stated["tails"]}
        scales = {item: Scale(**one) for item, one in stated["scales"].items()}
        return cls(tails=tails, limit=float(stated["limit"]), scales=scales, **rest)


@dataclass(frozen=True)
class Evidence:
    """One reason: the feature and item, its value, the threshold, and how rare it is (-log10 of a share)."""

    feature: str
    item: str
    value: float
    threshold: float
    rarity: float


@dataclass(frozen=True)
class Scored:
    """Scores of a fleet.

    Attributes:
        score: [days, devices], 0 to 100; 50 is the limit, above it is an alarm; NaN: nothing can be said.
        evidence: (day, device) -> reasons above their thresholds, the rarest first; of alarms only.
    """

    score: Array
    evidence: Mapping[tuple[int, int], tuple[Evidence, ...]]


def measured(fleet: Fleet) -> Iterator[tuple[str, str, Array]]:
    """Every feature that the fleet has what it needs for: feature, item, [days, devices].

    Hours marked stopped say nothing of a series. Of oxygen and flow only what no pollutant explains is looked at.
    """
    worked = fleet
    if fleet.marks is not None:
        still = fleet.marks == "F"
        worked = replace(fleet, values={item: np.where(still, np.nan, one) for item, one in fleet.values.items()})
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for item in fleet.values:
            for name, feature in SERIES.items():
                alone = name == "copied_neighbour" and len(fleet.devices) == 1
                if not alone and (item not in BESIDE or name in OF_BESIDE):
                    yield name, item, feature(worked, item)
            for name, feature in WEEKS.items():
                if item not in BESIDE:
                    yield name, item, feature(fleet, item)
            for name, feature in PLANT.items():
                if can(fleet, item, name):
                    yield name, item, feature(fleet, item)
        yield from minutes.measured(fleet)


def threshold(name: str, tail: Tail, limit: float) -> float:
    """The value from which on a feature is evidence: learned, and never below its `least`."""
    return max(tail.value_at(limit), FEATURES[name].least)


def rarities(name: str, tail: Tail, found: Array) -> Array:
    """How rare values of a feature are; 0 below its `least` (words.yaml), NaN where nothing is known."""
    rare = np.where(found < FEATURES[name].least, 0.0, tail.rarity(found))
    return np.where(np.isnan(found), np.nan, rare)


def learn(fleet: Fleet, *, rate: float = RATE) -> Learned:
    """Learn from a fleet's history that is taken as untouched.

    Raises ValueError where there are too few days to learn from, or the rate is no share.
    """
    if not 0 < rate < 0.5:
        raise ValueError(f"rate {rate}: expected false alarms per device-day, such as 0.01")
    tails, rarest = {}, np.full(fleet.shape, np.nan)
    for name, item, found in measured(fleet):
        tail = Tail.of(found)
        if tail is not None:
            tails[(name, item)] = tail
            rarest = np.fmax(rarest, rarities(name, tail, found))
    known = rarest[~np.isnan(rarest)]
    if known.size < 100:
        raise ValueError(f"{known.size} device-days of kind {fleet.kind}: expected at least 100 to learn from")
    limit = max(float(np.quantile(known, 1 - rate, method="higher")), -float(np.log10(rate)))
    days, devices = fleet.shape
    scales = {item: fleet.scale(item) for item in fleet.values}
    if fleet.minutes is not None:
        scales |= {f"{MINUTE}{item}": Scale(step, 0.0, 0.0) for item, step in fleet.minutes.steps.items()}
    return Learned(fleet.kind, rate, limit, tails, scales, fleet.first, fleet.day(days - 1), devices, int(known.size))


def scores(fleet: Fleet, learned: Learned) -> Scored:
    """Score every day of every device. Features that were not learned are silent."""
    fleet = replace(fleet, scales=learned.scales)
    found = {(name, item): values for name, item, values in measured(fleet) if (name, item) in learned.tails}
    rarest = np.full(fleet.shape, np.nan)
    rare = {}
    for key, values in found.items():
        rare[key] = rarities(key[0], learned.tails[key], values)
        rarest = np.fmax(rarest, rare[key])
    score = np.minimum(50.0 * rarest / max(learned.limit, 1e-9), 100.0)
    limits = {
        key: threshold(key[0], learned.tails[key], learned.limit) for key in found if np.any(rare[key] > learned.limit)
    }
    evidence = {}
    for day, device in np.argwhere(rarest > learned.limit):
        reasons = [
            Evidence(*key, float(found[key][day, device]), limit, float(rare[key][day, device]))
            for key, limit in limits.items()
            if rare[key][day, device] > learned.limit
        ]
        reasons.sort(key=lambda one: -one.rarity)
        said = [one for at_, one in enumerate(reasons) if one.feature not in OF_HOURS or _first(reasons, at_)]
        evidence[(int(day), int(device))] = tuple(said[:MOST_EVIDENCE])
    return Scored(score, evidence)


def _first(reasons: list[Evidence], at: int) -> bool:
    """Whether no reason of the same feature stands before this one."""
    return all(one.feature != reasons[at].feature for one in reasons[:at])
