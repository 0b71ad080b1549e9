"""Limits of remote sensing 遥感检测 as data, with source and how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

FILE = "vehicles.yaml"
"""An office's own limits, in the data directory."""

POLLUTANTS: Mapping[str, tuple[str, str, str]] = {
    "co": ("一氧化碳", "CO", "%"),
    "hc": ("碳氢", "HC", "ppm"),
    "no": ("一氧化氮", "NO", "ppm"),
    "opacity": ("不透光度", "Opacity", "%"),
    "blackness": ("林格曼黑度", "Ringelmann blackness", "级"),
}
"""What remote sensing measures: Chinese, English, unit."""


class LimitError(ValueError):
    """A file of limits that cannot be used; the message names file, entry, field, value and what would be right."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of a fuel's vehicles; ``role``: `decides`, or `screens` (shown, but confirms nobody);
    ``example``: holds in the example only.
    """

    fuel: str
    pollutant: str
    value: float
    unit: str
    role: str
    since: date
    source: str
    confidence: str
    example: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """When a vehicle is a confirmed high emitter: so many exceedances of one pollutant within so many calendar months,
    ``consecutive``: with none within the limit between.
    """

    exceedances: int
    months: int
    consecutive: bool
    confidence: str


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits; ``fuel_use`` in kg a vehicle and km by class, ``journey_gap`` minutes, ``days`` looked back at."""

    limits: tuple[Limit, ...]
    confirmed: Confirmed
    journey_gap: int
    fuel_use: Mapping[str, float]
    days: int


def load(home: Path | None = None, *, example: bool = False) -> Limits:
    """The limits of an office (``<home>/vehicles.yaml``), else the shipped ones; ``example``: also those of the example
    only. Raises LimitError.
    """
    held = _load(home)
    return replace(held, limits=tuple(one for one in held.limits if example or not one.example))


def _load(home: Path | None) -> Limits:
    own = home / FILE if home is not None else None
    if own is not None and own.is_file():
        return parse(own.read_text(encoding="utf-8"), str(own))
    return parse(files("lantian.observations.vehicles").joinpath("limits.yaml").read_text("utf-8"), "limits.yaml")


def parse(text: str, where: str) -> Limits:
    """Limits of a YAML text; ``where`` names it in errors. Raises LimitError."""
    try:
        stated = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LimitError(f"{where}: not YAML: {error}") from None
    if not isinstance(stated, dict) or set(stated) != set(Limits.__dataclass_fields__):
        raise LimitError(f"{where}: expected exactly {', '.join(Limits.__dataclass_fields__)}")
    limits = tuple(_limit(entry, f"{where}, limit {number}") for number, entry in enumerate(stated["limits"] or [], 1))
    try:
        confirmed = Confirmed(**stated["confirmed"])
        use = {str(name): float(value) for name, value in stated["fuel_use"].items()}
        gap, days = int(stated["journey_gap"]), int(stated["days"])
    except (TypeError, ValueError, AttributeError) as error:
        raise LimitError(f"{where}: {error}; expected the fields of the shipped file") from None
    if confirmed.exceedances < 1 or confirmed.months < 1 or gap < 1 or not 1 <= days <= 366:
        raise LimitError(f"{where}: exceedances, months, journey_gap: expected at least 1; days: 1 to 366")
    if bad := [name for name, value in use.items() if not 0 < value < 10]:
        raise LimitError(f"{where}: fuel_use {bad[0]}: expected kg a km, above 0, below 10")
    return Limits(limits, confirmed, gap, use, days)


def _limit(entry: Any, where: str) -> Limit:
    if not isinstance(entry, dict) or set(entry) | {"example"} != set(Limit.__dataclass_fields__):
        raise LimitError(f"{where}: expected {', '.join(Limit.__dataclass_fields__)} (example may be left out)")
    if entry["pollutant"] not in POLLUTANTS:
        raise LimitError(f"{where}: pollutant {entry['pollutant']!r}: expected one of {', '.join(POLLUTANTS)}")
    if entry["role"] not in ("decides", "screens"):
        raise LimitError(f"{where}: role {entry['role']!r}: expected decides or screens")
    if not isinstance(entry["value"], int | float) or entry["value"] <= 0:
        raise LimitError(f"{where}: value {entry['value']!r}: expected a number above 0")
    if not isinstance(entry["since"], date):
        raise LimitError(f"{where}: since {entry['since']!r}: expected a day such as 2017-07-27")
    return Limit(**{**entry, "value": float(entry["value"])})
