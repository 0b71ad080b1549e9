"""From weights to dustfall. Pure, and exact until the one rounding of what is published.

HJ 1221-2021 as far as known: ``M = (W1 - W2) / (S n) * 30 * 10^4``, in t/(km2 30 d), with the sample's gain ``W1`` and
the blank's ``W2`` in g, the mouth ``S`` in cm2 and ``n`` days (1 g/cm2 is 10^4 t/km2).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation, localcontext
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

SHIPPED: Final = Path(__file__).with_name("dustfall.yaml")
_SCALE: Final = Decimal(30 * 10**4)


@dataclass(frozen=True, slots=True)
class Rules:
    """Limits in plain and dusty terrain, t/km2 in 30 days; places of a value; bounds of days and of the mouth, cm2."""

    plain: Decimal
    dusty: Decimal
    decimals: int
    days: tuple[Decimal, Decimal]
    area: tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Exposure:
    """One jar that stood out: gains of sample and blank in g, mouth in cm2, days."""

    gain: Decimal
    blank: Decimal
    area: Decimal
    days: Decimal


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a weighing cannot be right: the field, and what would be right in Chinese and English."""

    field: str
    zh: str
    en: str


def dustfall(exposure: Exposure) -> Decimal:
    """Dustfall in t/(km2 30 d), not rounded.

    Raises:
        ValueError: a mouth or a number of days that is not above 0.

    Example:
        >>> dustfall(Exposure(Decimal("0.1700"), Decimal("0.0110"), Decimal("176.71"), Decimal(30))).quantize(
        ...     Decimal("0.1")
        ... )
        Decimal('9.0')
    """
    if exposure.area <= 0 or exposure.days <= 0:
        raise ValueError(f"area {exposure.area} cm2, days {exposure.days}: expected both above 0")
    with localcontext(prec=40):
        return (exposure.gain - exposure.blank) * _SCALE / (exposure.area * exposure.days)


def faults(exposure: Exposure, *, by: Rules | None = None) -> list[Fault]:
    """What is wrong with a weighing; empty where nothing is."""
    chosen = by or rules()
    found = []
    if exposure.blank < 0 or exposure.gain < 0:
        found.append(Fault("gain", "增重不能小于 0", "a gain below 0"))
    elif exposure.blank >= exposure.gain:
        zh = f"空白增重 {exposure.blank} g 不小于样品 {exposure.gain} g"
        found.append(
            Fault("blank", zh, f"the blank gained {exposure.blank} g, not less than the sample's {exposure.gain} g")
        )
    for name, value, (low, high), zh, en in (
        ("days", exposure.days, chosen.days, "采样天数", "days"),
        ("area", exposure.area, chosen.area, "缸口面积 cm²", "mouth in cm²"),
    ):
        if not low <= value <= high:
            found.append(Fault(name, f"{zh} {value}，应在 {low} 至 {high}", f"{en} {value}; expected {low} to {high}"))
    return found


@cache
def rules(path: Path = SHIPPED) -> Rules:
    """The rules of a file. Raises ValueError naming file, entry, value and what would be right."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))

    def number(*names: str) -> Decimal:
        at: Any = value
        try:
            for name in names:
                at = at[name]
            found = Decimal(str(at))
        except (KeyError, TypeError, InvalidOperation):
            raise ValueError(f"{path.name}, {'.'.join(names)}: {at!r}; expected a number") from None
        if found <= 0:
            raise ValueError(f"{path.name}, {'.'.join(names)}: {at!r}; expected a number above 0")
        return found

    pairs = {name: (number(name, "low"), number(name, "high")) for name in ("days", "area")}
    return Rules(
        number("limits", "plain", "value"), number("limits", "dusty", "value"), int(number("decimals")), **pairs
    )
