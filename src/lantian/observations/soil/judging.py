"""The level of each item of a sample of soil, and of the whole. Pure; decimals, no floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Literal

from lantian.observations.soil.law import FARMLAND, ITEMS, Law
from lantian.standards.rounding import half_even

Level = Literal["low", "screening", "intervention", "unjudged"]

LEVELS: Final[Mapping[Level, tuple[str, str]]] = MappingProxyType(
    {
        "intervention": ("高于管制值", "above the intervention value"),
        "screening": ("高于筛选值", "above the screening value"),
        "low": ("不高于筛选值", "not above the screening value"),
        "unjudged": ("未评价", "not judged"),
    }
)
"""Levels, the worst first: Chinese, English. At the value itself is not above it."""

_ORDER: Final[Mapping[str, int]] = MappingProxyType({"unjudged": 0, "low": 1, "screening": 2, "intervention": 3})


@dataclass(frozen=True, slots=True)
class Found:
    """One item: its value, both limits (None: there is none), its level; ``multiple``: value over the screening value
    less 1, two decimals, where it is above it.
    """

    item: str
    value: Decimal
    screening: Decimal | None
    intervention: Decimal | None
    level: Level
    multiple: Decimal | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A sample: ``items`` with the worst first, the ``level`` of the worst; ``lacks_ph``: farmland without a pH."""

    items: tuple[Found, ...]
    level: Level
    lacks_ph: bool

    @property
    def exceeding(self) -> tuple[Found, ...]:
        """What is above its screening value."""
        return tuple(one for one in self.items if one.level in ("screening", "intervention"))


def judge(values: Mapping[str, Decimal], use: str, by: Law) -> Judgement:
    """Judge a sample.

    Args:
        values: item -> mg/kg; ``ph`` without unit. Other items than those of the law have no level.
        use: how the land is used, a code of ``law.Use``.
        by: the values.

    Example:
        >>> from lantian.observations.soil import load
        >>> made = judge({"ph": Decimal("7.9"), "cd": Decimal("0.9"), "pb": Decimal("30")}, "field", load())
        >>> made.level, [(one.item, str(one.multiple)) for one in made.exceeding]
        ('screening', [('cd', '0.50')])
    """
    ph = values.get("ph")
    found = [_found(item, value, use, ph, by) for item, value in values.items() if item in ITEMS]
    found.sort(key=lambda one: (-_ORDER[one.level], -(one.multiple or 0), one.item))
    level: Level = found[0].level if found else "unjudged"
    return Judgement(tuple(found), level, use in FARMLAND and ph is None)


def _found(item: str, value: Decimal, use: str, ph: Decimal | None, by: Law) -> Found:
    screening, intervention = by.values(item, use, ph)
    if screening is None:
        return Found(item, value, None, intervention, "unjudged", None)
    if value <= screening:
        return Found(item, value, screening, intervention, "low", None)
    level: Level = "intervention" if intervention is not None and value > intervention else "screening"
    return Found(item, value, screening, intervention, level, half_even(value / screening - 1, 2))
