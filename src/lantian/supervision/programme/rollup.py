"""Roll-up 汇总 of standings by item, county or department: the topmost task of each branch counts, once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Literal

from lantian.places.regions import level_of
from lantian.supervision.programme.progress import LATE, STATES, Standing, State

By = Literal["item", "county", "department"]
BYS: tuple[By, ...] = ("item", "county", "department")


@dataclass(frozen=True)
class Group:
    """Tasks of one item, county or department.

    Attributes:
        key: code of it.
        tasks: standings that count, those that were handed down within the group left out.
        states: how many in each state.
        share: mean share done, each task counting the same.
        missing: reports owed and not there, of these tasks and all below them in the group.
        latest: the one furthest behind, None where none is late.
    """

    key: str
    tasks: tuple[Standing, ...]
    states: Mapping[State, int]
    share: Fraction
    missing: int
    latest: Standing | None

    @property
    def total(self) -> int:
        """How many tasks count."""
        return len(self.tasks)

    @property
    def late(self) -> int:
        """How many are 滞后 or 严重滞后."""
        return sum(self.states[state] for state in LATE)

    @property
    def percent(self) -> Decimal:
        """The mean share in percent, one decimal, rounded down."""
        return Decimal(floor(self.share * 1000)) / 10


def county_of(region: str) -> str:
    """The county that a region lies in, its city where it is none; a zone's parent."""
    plain = region[1:7] if region.startswith("Z") else region
    return plain[:6] if level_of(plain) == "township" else plain


def group(standings: Iterable[Standing], by: By) -> list[Group]:
    """Standings in groups, in the order of their keys."""
    found: dict[str, list[Standing]] = {}
    for one in standings:
        found.setdefault(_KEYS[by](one), []).append(one)
    return [total(key, members) for key, members in sorted(found.items(), key=lambda pair: _order(pair[0]))]


def total(key: str, standings: Iterable[Standing]) -> Group:
    """All standings as one group."""
    members = list(standings)
    numbers = {one.task.number for one in members}
    tops = tuple(one for one in members if one.task.parent not in numbers)
    late = [one for one in tops if one.late]
    return Group(
        key,
        tops,
        {state: sum(one.state == state for one in tops) for state in STATES},
        sum((one.share for one in tops), Fraction(0)) / len(tops) if tops else Fraction(0),
        sum(len(one.missing) for one in members),
        max(late, key=lambda one: (one.behind_days, one.task.number), default=None),
    )


@dataclass(frozen=True)
class Missing:
    """A report that is owed and not there 缺报."""

    standing: Standing
    month: date


def missing(standings: Iterable[Standing]) -> list[Missing]:
    """Every report that is owed and not there, the oldest first."""
    found = [Missing(one, month) for one in standings for month in one.missing]
    return sorted(found, key=lambda one: (one.month, one.standing.task.region, one.standing.task.number))


_KEYS: Mapping[By, Callable[[Standing], str]] = {
    "item": lambda one: one.task.item or one.task.source,
    "county": lambda one: county_of(one.task.region),
    "department": lambda one: one.task.department,
}


def _order(key: str) -> tuple[object, ...]:
    """Items by their numbers, 2.1 before 10.1; other keys by their letters."""
    parts = key.split(".")
    return (0, *map(int, parts)) if all(part.isdigit() for part in parts) else (1, key)
