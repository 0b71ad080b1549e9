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
"""An office's own limits, in the data directory: whatever of the shipped file it states otherwise, or in addition."""

FUELS = ("petrol", "diesel", "gas", "electric", "other")
"""Fuels as the feed `vehicle_passing` has them."""

CONFIDENCES = ("HIGH", "MEDIUM", "LOW", "MEMORY", "示例")
"""How sure a figure is; MEMORY: not read in the standard's own text."""

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
    """The shipped limits, with what an office states in ``<home>/vehicles.yaml``; ``example``: also those of the
    example only. What it states of a fuel's pollutant stands in place of all shipped limits of that pair. Raises
    LimitError.
    """
    shipped = files("lantian.observations.vehicles").joinpath("limits.yaml").read_text("utf-8")
    held = parse(shipped, "limits.yaml")
    own = home / FILE if home is not None else None
    if own is not None and own.is_file():
        held = parse(own.read_text(encoding="utf-8"), str(own), over=shipped)
    return replace(held, limits=tuple(one for one in held.limits if example or not one.example))


def parse(text: str, where: str, *, over: str | None = None) -> Limits:
    """Limits of a YAML text; ``where`` names it in errors; ``over``: a whole file, of which it changes or adds
    entries. Raises LimitError.
    """
    stated = _entries(text, where)
    limits = tuple(_limit(entry, f"{where}, limit {number}") for number, entry in enumerate(stated["limits"] or [], 1))
    if over is not None:
        base = _entries(over, "limits.yaml")
        own = {(one.fuel, one.pollutant) for one in limits}
        shipped = (_limit(entry, "limits.yaml") for entry in base["limits"])
        limits = (*(one for one in shipped if (one.fuel, one.pollutant) not in own), *limits)
        stated = base | stated
    if lacking := [name for name in Limits.__dataclass_fields__ if name not in stated]:
        raise LimitError(f"{where}: {lacking[0]} is missing; expected {', '.join(Limits.__dataclass_fields__)}")
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


def _entries(text: str, where: str) -> dict[str, Any]:
    try:
        stated = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise LimitError(f"{where}: not YAML: {error}") from None
    known = tuple(Limits.__dataclass_fields__)
    if not isinstance(stated, dict):
        raise LimitError(f"{where}: expected entries of {', '.join(known)}")
    if strange := [name for name in stated if name not in known]:
        raise LimitError(f"{where}: {strange[0]}: expected one of {', '.join(known)}")
    if not isinstance(stated.setdefault("limits", []) or [], list):
        raise LimitError(f"{where}: limits {stated['limits']!r}: expected a list, an entry a limit")
    return stated


def _limit(entry: Any, where: str) -> Limit:
    if not isinstance(entry, dict) or set(entry) | {"example"} != set(Limit.__dataclass_fields__):
        raise LimitError(f"{where}: expected {', '.join(Limit.__dataclass_fields__)} (example may be left out)")
    pollutant = "no" if entry["pollutant"] is False else entry["pollutant"]  # YAML reads a bare no so
    known = {"fuel": FUELS, "pollutant": tuple(POLLUTANTS), "role": ("decides", "screens"), "confidence": CONFIDENCES}
    for name, words in known.items():
        given = pollutant if name == "pollutant" else entry[name]
        if given not in words:
            raise LimitError(f"{where}: {name} {given!r}: expected one of {', '.join(words)}")
    if entry["unit"] != POLLUTANTS[pollutant][2]:
        raise LimitError(f"{where}: unit {entry['unit']!r}: {pollutant} is measured in {POLLUTANTS[pollutant][2]}")
    if not str(entry["source"] or "").strip():
        raise LimitError(f"{where}: source: missing; expected the standard or order that states the limit")
    if isinstance(entry["value"], bool) or not isinstance(entry["value"], int | float) or entry["value"] <= 0:
        raise LimitError(f"{where}: value {entry['value']!r}: expected a number above 0")
    if not isinstance(entry["since"], date):
        raise LimitError(f"{where}: since {entry['since']!r}: expected a day such as 2017-07-27")
    return Limit(**{**entry, "pollutant": pollutant, "value": float(entry["value"])})
