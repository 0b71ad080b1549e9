"""The limits of GB 3838 and the rules of judging, read from ``gb3838.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import yaml

SHIPPED: Final = Path(__file__).with_name("gb3838.yaml")
WORSE: Final = 6
"""The class worse than V 劣V."""

CLASSES: Final = (1, 2, 3, 4, 5)
_ROMAN: Final = {1: "I", 2: "II", 3: "III", 4: "IV", 5: "V"}

Body = Literal["river", "lake"]
Rule = Literal["ceiling", "floor", "range"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item with its limits.

    Attributes:
        code: for example ``nh3n``; ``zh``, ``en``, ``symbol``, ``unit``: how it is written.
        rule: ``ceiling`` (at most), ``floor`` (at least: dissolved oxygen), ``range`` (pH: within, or worse than V).
        limits: of the classes I to V in rivers; of a range the lowest and the highest value.
        lake: those in lakes and reservoirs.
        decimals: places to which a mean is kept.
    """

    code: str
    zh: str
    en: str
    symbol: str
    unit: str
    rule: Rule
    limits: tuple[Decimal, ...]
    lake: tuple[Decimal, ...]
    decimals: int

    def of(self, body: Body) -> tuple[Decimal, ...]:
        """The limits in a kind of water."""
        return self.lake if body == "lake" else self.limits


@dataclass(frozen=True, slots=True)
class Law:
    """An edition of the standard with the method by which sections are judged.

    Attributes:
        edition, confidence: of the limits; method, method_confidence: of the way of judging.
        items: every item by code, in the standard's order.
        saturation: item and percent of the alternative for oxygen of class I.
        not_judged: items that do not count for the class.
        main, good: so many main pollutants, among the items worse than class ``good``.
        no_multiple: items without a multiple.
        below_detection: what part of the detection limit stands for a value below it.
        multiple_decimals: places of a multiple.
        words: class -> Chinese and English word for the quality.
    """

    edition: str
    confidence: str
    items: Mapping[str, Item]
    saturation: tuple[str, Decimal]
    method: str
    method_confidence: str
    not_judged: frozenset[str]
    main: int
    good: int
    no_multiple: frozenset[str]
    below_detection: Decimal
    multiple_decimals: int
    words: Mapping[int, tuple[str, str]]

    def word(self, grade: int, language: str) -> str:
        """The word for the quality of a class."""
        return self.words[grade][0 if language == "zh" else 1]


def roman(grade: int, language: str = "zh") -> str:
    """A class as it is written.

    Example:
        >>> roman(3), roman(6), roman(6, "en")
        ('III', '劣V', 'worse than V')
    """
    return _ROMAN.get(grade, "劣V" if language == "zh" else "worse than V")


@cache
def law(path: Path = SHIPPED) -> Law:
    """The limits and the method of a file.

    Raises:
        ValueError: naming file, entry, value and what would be right.
    """
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        items = {code: _item(path.name, code, entry) for code, entry in value["items"].items()}
        method, saturation = value["method"], value["saturation"]
        words = {int(grade): (entry["zh"], entry["en"]) for grade, entry in method["words"].items()}
        if set(words) != {*CLASSES, WORSE}:
            raise ValueError(f"{path.name}, method.words: {sorted(words)}; expected the classes 1 to 6")
        found = Law(
            edition=str(value["edition"]),
            confidence=str(value["confidence"]),
            items=MappingProxyType(items),
            saturation=(str(saturation["item"]), _number(path.name, "saturation.percent", saturation["percent"])),
            method=str(method["edition"]),
            method_confidence=str(method["confidence"]),
            not_judged=frozenset(method["not_judged"]),
            main=int(method["main"]),
            good=int(method["good"]),
            no_multiple=frozenset(method["no_multiple"]),
            below_detection=_number(path.name, "method.below_detection", method["below_detection"]),
            multiple_decimals=int(method["multiple_decimals"]),
            words=MappingProxyType(words),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: {error} is missing or not of the right form") from error
    if unknown := sorted((found.not_judged | found.no_multiple) - items.keys()):
        raise ValueError(f"{path.name}, method: {unknown[0]!r}; expected one of {', '.join(items)}")
    return found


def _item(file: str, code: str, entry: Mapping[str, Any]) -> Item:
    where, rule = f"{file}, items.{code}", entry.get("rule", "ceiling")
    if rule not in ("ceiling", "floor", "range"):
        raise ValueError(f"{where}.rule: {rule!r}; expected ceiling, floor or range")
    limits: tuple[Decimal, ...]
    if rule == "range":
        limits = (_number(where, "low", entry["low"]), _number(where, "high", entry["high"]))
        lake: tuple[Decimal, ...] = limits
    else:
        limits = tuple(_number(where, "limits", each) for each in entry["limits"])
        lake = tuple(_number(where, "lake", each) for each in entry.get("lake", entry["limits"]))
    for row in (limits, lake):
        if rule != "range" and len(row) != len(CLASSES):
            raise ValueError(f"{where}.limits: {len(row)} values; expected those of the classes I to V")
        if any(a < b if rule == "floor" else a > b for a, b in pairwise(row)):
            raise ValueError(f"{where}.limits: {', '.join(map(str, row))}; expected from the strictest to the mildest")
    texts = {name: str(entry[name]) for name in ("zh", "en", "symbol", "unit")}
    return Item(code=code, rule=rule, limits=limits, lake=lake, decimals=int(entry["decimals"]), **texts)


def _number(where: str, name: str, value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{where}, {name}: {value!r}; expected a decimal number") from None
