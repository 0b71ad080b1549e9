"""Rebound 反弹: a banned enterprise that works again elsewhere, found and explained; proposed, never merged.

For each pair that shares a blocking key (`rebound_levels.keys`) every field gives a level of agreement, and every level
a weight ``ln(m / u)``: m is how often a true return shows it, u how often two unrelated sites do (Fellegi and Sunter
1969, doi:10.1080/01621459.1969.10501049). Their sum and the prior are the log-odds that both are the same; each part is
said in words. The weights are data (rebound_weights.yaml; `rebound_learn` estimates them).

Fields are taken as independent once it is known whether the pair is the same. They are not quite: neighbours share a
trade and equipment. Equipment is therefore weighed against unrelated sites of the same industry.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import exp, log
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from lantian.supervision.rebound_levels import (
    BOUNDS,
    CENTRES,
    FIELDS,
    UNKNOWN,
    Frequencies,
    Profile,
    distance,
    keys,
    levels,
    name_level,
    person_level,
    phone_level,
    plain_level,
    profile,
)
from lantian.supervision.rebound_words import said
from lantian.supervision.sites import Site

Class = Literal["certain", "likely", "possible"]

CLASSES: Final[dict[Class, tuple[float, str, str]]] = {
    "certain": (log(0.99 / 0.01), "基本确定", "certain"),
    "likely": (log(0.9 / 0.1), "很可能", "likely"),
    "possible": (0.0, "可能", "possible"),
}
"""Log-odds from which a proposal has a class, Chinese and English: probabilities 0.99, 0.9 and 0.5 under the model."""

QUICK: Final = ("phone", "code", "person", "name")
"""Fields by which a pair is first judged; what is left can add `Weights.slow` at most."""

FULL_BLOCK: Final = 400
"""Sites under one key from which on the key tells nothing and is not followed; narrower keys of the same field are."""


@dataclass(frozen=True)
class Weights:
    """What each level says.

    Attributes:
        m: by field and level, how often a true return shows it.
        u: how often two unrelated sites do.
        returning: of the banned, which part is expected to work again somewhere in the register (own assumption; it
            moves all scores alike).
    """

    m: Mapping[str, Mapping[str, float]]
    u: Mapping[str, Mapping[str, float]]
    returning: float = 0.1

    def __post_init__(self) -> None:
        """Check that every level of every field has both probabilities."""
        for side, table in (("m", self.m), ("u", self.u)):
            for field, names in FIELDS.items():
                found = table.get(field, {})
                if set(found) != set(names) or not all(0 < value < 1 for value in found.values()):
                    raise ValueError(
                        f"weights, {side}, {field}: {dict(found)}; expected a number between 0 and 1 for each of "
                        f"{', '.join(names)}"
                    )
        if not 0 < self.returning < 1:
            raise ValueError(f"weights, returning: {self.returning}; expected a number between 0 and 1")

    def weight(self, field: str, level: str) -> float:
        """``ln(m / u)``; 0 for an unknown one."""
        return 0.0 if level == UNKNOWN else self._logs[field][level]

    @cached_property
    def _logs(self) -> dict[str, dict[str, float]]:
        return {
            field: {level: log(self.m[field][level] / self.u[field][level]) for level in names}
            for field, names in FIELDS.items()
        }

    @cached_property
    def slow(self) -> float:
        """The most that the fields not in `QUICK` can add."""
        return sum(max(0.0, *row.values()) for field, row in self._logs.items() if field not in QUICK)


@lru_cache(maxsize=1)
def usual() -> Weights:
    """The weights that come with the platform."""
    return weights_of(yaml.safe_load(Path(__file__).with_name("rebound_weights.yaml").read_text(encoding="utf-8")))


def weights_of(table: Mapping[str, Any]) -> Weights:
    """Weights as a file states them.

    Raises:
        ValueError: a level is missing, or a number is no probability.
    """
    return Weights(table["m"], table["u"], float(table["returning"]))


@dataclass(frozen=True)
class Part:
    """What one field adds to the score, and why, Chinese and English."""

    field: str
    level: str
    weight: float
    zh: str
    en: str


@dataclass(frozen=True)
class Score:
    """Log-odds that two sites are the same, with its parts: the prior first, then every field."""

    parts: tuple[Part, ...]

    @property
    def total(self) -> float:
        """The sum of the parts."""
        return sum(part.weight for part in self.parts)

    @property
    def probability(self) -> float:
        """The same as a probability under the model."""
        return 1 / (1 + exp(-max(-500.0, min(500.0, self.total))))

    @property
    def rating(self) -> Class | None:
        """The class; None below all of them."""
        return next((name for name, (least, _, _) in CLASSES.items() if self.total >= least), None)


@dataclass(frozen=True)
class Proposal:
    """A banned site and one that may be its return; a person decides. ``notes``: what speaks against it or is odd."""

    banned: Site
    other: Site
    score: Score
    notes: tuple[tuple[str, str], ...] = ()


def score(one: Profile, other: Profile, frequencies: Frequencies, weights: Weights | None = None) -> Score:
    """Weigh two sites; the order of the two does not matter.

    ``frequencies``: of the register in which the other is looked for; its size gives the prior.
    """
    weights = weights or usual()
    prior = log(weights.returning / max(frequencies.size, 1))
    parts = [Part("prior", "", prior, *said("prior", "", one, other))]
    for field, level in levels(one, other).items():
        value = _weight(field, level, one, other, frequencies, weights)
        parts.append(Part(field, level, value, *said(field, level, one, other)))
    return Score(tuple(parts))


def _weight(field: str, level: str, one: Profile, other: Profile, frequencies: Frequencies, weights: Weights) -> float:
    if level in (UNKNOWN, "different"):
        return weights.weight(field, level)
    if field == "place" and level in CENTRES:
        return _decayed(distance(one, other), level, weights)
    if level == "same" and field in ("name", "person"):
        chances = [chance for each in (one, other) if (chance := frequencies.chance(field, each)) is not None]
        if chances:
            floor = min(weights.u[field]["same"], 1e-4)
            return log(weights.m[field]["same"] / max(*chances, floor))
    return weights.weight(field, level)


def _sum(one: Profile, other: Profile, frequencies: Frequencies, weights: Weights) -> float:
    """The score without its words."""
    return log(weights.returning / max(frequencies.size, 1)) + sum(
        _weight(field, level, one, other, frequencies, weights) for field, level in levels(one, other).items()
    )


def _most(one: Profile, other: Profile, frequencies: Frequencies, weights: Weights) -> float:
    """A bound on the score from the fields that are compared fastest; nearly all pairs end here."""
    total = log(weights.returning / max(frequencies.size, 1)) + weights.slow
    for field, level in (
        ("phone", phone_level(one.phones, other.phones)),
        ("code", plain_level(one.site.credit_code, other.site.credit_code)),
        ("person", person_level(one.person, other.person)),
        ("name", name_level(one.name, other.name)),
    ):
        total += _weight(field, level, one, other, frequencies, weights)
    return total


def _decayed(apart: float | None, level: str, weights: Weights) -> float:
    """The weight of a distance, interpolated in its logarithm between the centres of the classes."""
    if apart is None:
        return weights.weight("place", level)
    points = list(CENTRES.items())
    apart = min(max(apart, points[0][1]), points[-1][1])
    for (near, a), (far, b) in itertools.pairwise(points):
        if apart <= b:
            share = log(apart / a) / log(b / a)
            return (1 - share) * weights.weight("place", near) + share * weights.weight("place", far)
    return weights.weight("place", points[-1][0])


class Index:
    """A register in which returns are looked for: its sites under their keys."""

    def __init__(self, sites: Iterable[Site], frequencies: Frequencies | None = None) -> None:
        self.profiles = [profile(site) for site in sites]
        self.frequencies = frequencies or Frequencies(self.profiles)
        self.blocks: dict[str, list[int]] = {}
        for number, one in enumerate(self.profiles):
            for key in set(keys(one)):
                self.blocks.setdefault(key, []).append(number)

    def near(self, one: Profile) -> list[int]:
        """Numbers of the sites that share a key with one, itself left out; keys with too many are not followed."""
        found: set[int] = set()
        for key in keys(one, around=True):
            block = self.blocks.get(key, ())
            if len(block) <= FULL_BLOCK:
                found.update(block)
        return sorted(number for number in found if self.profiles[number].site.id != one.site.id)

    def returns(self, banned: Site, weights: Weights | None = None, least: Class = "possible") -> list[Proposal]:
        """Proposals for one banned site, the best first."""
        one = profile(banned)
        return rank(one, (self.profiles[number] for number in self.near(one)), self.frequencies, weights, least)


def rank(
    one: Profile,
    others: Iterable[Profile],
    frequencies: Frequencies,
    weights: Weights | None = None,
    least: Class = "possible",
) -> list[Proposal]:
    """Those of some sites that reach a class, the best first; equal ones by id."""
    weights = weights or usual()
    wanted = CLASSES[least][0]
    found = []
    for other in others:
        if _most(one, other, frequencies, weights) < wanted:
            continue  # whatever the other fields say
        if _sum(one, other, frequencies, weights) < wanted - 1e-9:
            continue  # without the words
        made = score(one, other, frequencies, weights)
        if made.total >= wanted:
            found.append(Proposal(one.site, other.site, made, _notes(one.site, other.site)))
    return sorted(found, key=lambda proposal: (-proposal.score.total, proposal.other.id))


def propose(
    banned: Sequence[Site], register: Sequence[Site], weights: Weights | None = None, least: Class = "possible"
) -> Iterator[Proposal]:
    """Look for every banned site in a register; see `Index`. Sites of the register that are banned are not proposed."""
    index = Index(site for site in register if site.status != "banned")
    for site in banned:
        yield from index.returns(site, weights, least)


def _notes(banned: Site, other: Site) -> tuple[tuple[str, str], ...]:
    notes = []
    if other.since is not None and banned.status_on is not None and other.since < banned.status_on:
        notes.append(
            (
                f"取缔（{banned.status_on}）之前（{other.since}）已存在，可能是同一业主的另一处",
                f"was there on {other.since}, before the ban of {banned.status_on}: perhaps another yard of the owner",
            )
        )
    return tuple(notes)


def bounds() -> str:
    """The classes of distance in words, for documents."""
    return ", ".join(f"{name} < {bound:g} km" for name, bound in BOUNDS)
