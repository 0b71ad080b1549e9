"""The values of GB 15618 and GB 36600, read from ``soil.yaml``; an office's own at ``<home>/soil.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import yaml

FILE: Final = "soil.yaml"
SHIPPED: Final = Path(__file__).with_name(FILE)

Use = Literal["paddy", "orchard", "field", "first", "second"]
FARMLAND: Final = ("paddy", "orchard", "field")
BUILDING: Final = ("first", "second")
ITEMS: Final = ("cd", "hg", "as", "pb", "cr", "cr6", "cu", "ni", "zn")
"""Items that may have values; pH decides the column and is not judged."""

Rows = Mapping[str, Mapping[str, tuple[Decimal, ...]]]
"""Item -> use (or ``any``) -> values by column, mg/kg."""


class SoilError(ValueError):
    """A file of values that cannot be used; the message names file, entry, value and what would be right."""


@dataclass(frozen=True, slots=True)
class Law:
    """Screening and intervention values.

    Attributes:
        confidence: of all values; farmland, building: the editions.
        ph: upper ends of the columns of farmland but the last one.
        screening, intervention: values, mg/kg; of farmland a column by pH, of land to build on a single one.
    """

    confidence: str
    farmland: str
    building: str
    ph: tuple[Decimal, ...]
    screening: Rows
    intervention: Rows

    def values(self, item: str, use: str, ph: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
        """The screening and the intervention value of an item; None where there is none, or a pH would be needed."""
        column = 0
        if use in FARMLAND:
            if ph is None:
                return None, None
            column = sum(ph > end for end in self.ph)
        return _of(self.screening, item, use, column), _of(self.intervention, item, use, column)

    def edition(self, use: str) -> str:
        """The standard by which a use is judged."""
        return self.farmland if use in FARMLAND else self.building


def load(home: Path | None = None) -> Law:
    """The values of an office (``<home>/soil.yaml``), else the shipped ones. Raises SoilError."""
    own = home / FILE if home is not None else None
    path = own if own is not None and own.is_file() else SHIPPED
    return parse(path.read_text(encoding="utf-8"), str(path) if path is own else path.name)


def parse(text: str, where: str) -> Law:
    """The values of a YAML text; ``where`` names it in errors. Raises SoilError."""
    try:
        value = yaml.safe_load(text)
        farmland, building = value["farmland"], value["building"]
        ph = tuple(_number(where, "farmland.ph", each) for each in farmland["ph"])
        if any(a >= b for a, b in pairwise(ph)):
            raise SoilError(f"{where}, farmland.ph: {', '.join(map(str, ph))}; expected rising ends")
        rows = {}
        for kind in ("screening", "intervention"):
            of_farm = {item: _farm(where, kind, item, given, len(ph) + 1) for item, given in farmland[kind].items()}
            of_land = {item: _land(where, kind, item, given) for item, given in building[kind].items()}
            if strange := sorted({*of_farm, *of_land} - set(ITEMS)):
                raise SoilError(f"{where}, {kind}.{strange[0]}: expected one of {', '.join(ITEMS)}")
            rows[kind] = MappingProxyType(
                {item: MappingProxyType({**of_farm.get(item, {}), **of_land.get(item, {})}) for item in ITEMS}
            )
        texts = [str(given).strip() for given in (value["confidence"], farmland["edition"], building["edition"])]
    except yaml.YAMLError as error:
        raise SoilError(f"{where}: not YAML: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise SoilError(f"{where}: {error} is missing or not as in the shipped file") from None
    law = Law(texts[0], texts[1], texts[2], ph, rows["screening"], rows["intervention"])
    _agree(law, where)
    return law


def _farm(where: str, kind: str, item: str, given: Mapping[str, Any], columns: int) -> dict[str, tuple[Decimal, ...]]:
    made = {}
    for use, row in given.items():
        place = f"farmland.{kind}.{item}.{use}"
        if use not in ("any", *FARMLAND):
            raise SoilError(f"{where}, {place}: expected any, {', '.join(FARMLAND)}")
        made[use] = tuple(_number(where, place, each) for each in row)
        if len(made[use]) != columns:
            raise SoilError(f"{where}, {place}: {len(made[use])} values; expected {columns}, one a column of pH")
    return {use: made[use] if use in made else made["any"] for use in FARMLAND}


def _land(where: str, kind: str, item: str, given: Any) -> dict[str, tuple[Decimal, ...]]:
    place = f"building.{kind}.{item}"
    row = [_number(where, place, each) for each in given]
    if len(row) != len(BUILDING):
        raise SoilError(f"{where}, {place}: {len(row)} values; expected two, of the first and the second class")
    return {use: (value,) for use, value in zip(BUILDING, row, strict=True)}


def _agree(law: Law, where: str) -> None:
    """A value from which something must be done lies above the one from which it must be looked at."""
    for item in ITEMS:
        for use, upper in law.intervention[item].items():
            lower = law.screening[item].get(use, ())
            if any(high <= low for low, high in zip(lower, upper, strict=False)):
                raise SoilError(f"{where}, {item} ({use}): expected intervention values above the screening values")


def _of(rows: Rows, item: str, use: str, column: int) -> Decimal | None:
    row = rows.get(item, {}).get(use)
    return None if row is None else row[column]


def _number(where: str, name: str, value: object) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal(-1)
    if isinstance(value, bool) or not found.is_finite() or found <= 0:
        raise SoilError(f"{where}, {name}: {value!r}; expected a number above 0")
    return found
