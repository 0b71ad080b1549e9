"""Profiles 分配系数: when, how high, where and of what a sector emits, from a table that a city may replace.

The table is ``profiles.toml`` beside this file; its head says what each line means and where the numbers are from.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from lantian.emissions.sectors import SECTORS, lineage

_SHIPPED: Final = Path(__file__).with_name("profiles.toml")
_DEFAULT: Final = "other"


class StackDefault(NamedTuple):
    """A chimney of which no more is known."""

    height: float
    """m"""
    diameter: float
    """m"""
    temperature: float
    """K"""
    velocity: float
    """m s-1"""


@dataclass(frozen=True)
class Profile:
    """Of one sector; the table's head says what each field means."""

    months: tuple[float, ...]
    """12 weights, any sum"""
    hours: tuple[float, ...]
    """24 weights, any sum"""
    rest: float
    festival: float
    heating: float
    heights: tuple[tuple[float, float, float], ...]
    """(bottom m, top m, share), shares adding up to 1"""
    stack: StackDefault
    proxy: str
    no2: float
    sulfate: float
    roc: float


@dataclass(frozen=True)
class Climate:
    """What heating follows where no weather is given, and the heating season."""

    temperature: tuple[float, ...]
    """12 means of the months, degC"""
    base: float
    """degC, of the degree days"""
    season: tuple[tuple[int, int], tuple[int, int]]
    """(month, day) of the first and the last day"""

    def heats(self, day: dt.date) -> bool:
        """Whether the day lies in the heating season, which may reach over the turn of the year."""
        first, last = self.season
        today = (day.month, day.day)
        return first <= today <= last if first <= last else today >= first or today <= last

    def normal(self, day: dt.date) -> float:
        """The usual mean temperature of a day, degC: linear between the middles of the months."""
        middle = dt.date(day.year, day.month, 15)
        beside = middle + dt.timedelta(days=30 if day >= middle else -30)
        here, there = self.temperature[middle.month - 1], self.temperature[beside.month - 1]
        return here + (there - here) * abs((day - middle).days) / 30


@dataclass(frozen=True)
class Profiles:
    """The profiles of all sectors."""

    sectors: Mapping[str, Profile]
    heating_hours: tuple[float, ...]
    """24 weights of the part that follows the degree days"""
    climate: Climate
    edition: str
    """the files from which they were read"""

    def with_months(self, months: Mapping[str, Sequence[float]]) -> Profiles:
        """The same, but for the course of the year of some sectors: 12 weights each."""
        changed = {code: replace(self.sectors[code], months=tuple(map(float, w))) for code, w in months.items()}
        return replace(self, sectors={**self.sectors, **changed})


def load(path: Path | None = None) -> Profiles:
    """The shipped profiles, with the entries of the table at ``path`` over them.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the table is no TOML, or an entry is unknown or wrong; the message names it and what is expected.
    """
    return _shipped() if path is None else _made(path)


@cache
def _shipped() -> Profiles:
    return _made(None)


def _made(path: Path | None) -> Profiles:
    table = _read(_SHIPPED)
    if path is not None:
        table = _over(table, _read(path), str(path))
    where = str(path or _SHIPPED.name)
    shapes = table["shapes"]
    for kind, length in (("months", 12), ("hours", 24)):
        for name, weights in shapes[kind].items():
            if len(weights) != length or min(weights) < 0 or sum(weights) <= 0:
                raise ValueError(f"{where}: shapes.{kind}.{name}: expected {length} weights of 0 or more, not all 0")
    sectors = {code: _profile(code, table, where) for code in SECTORS}
    return Profiles(sectors, tuple(shapes["hours"]["heating"]), _climate(table["climate"], where), where)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not TOML in UTF-8 ({error})") from error


def _over(table: dict[str, Any], own: dict[str, Any], where: str) -> dict[str, Any]:
    """The shipped table with a city's own entries in place of those of the same name."""
    if unknown := sorted(own.keys() - table.keys()):
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; expected {', '.join(table)}")
    if unknown := sorted(own.get("sector", {}).keys() - SECTORS.keys()):
        raise ValueError(f"{where}: unknown sectors {', '.join(unknown)}; known are {', '.join(SECTORS)}")
    merged = {**table, "climate": {**table["climate"], **own.get("climate", {})}}
    merged["shapes"] = {k: {**table["shapes"][k], **own.get("shapes", {}).get(k, {})} for k in ("months", "hours")}
    both = table["sector"].keys() | own.get("sector", {}).keys()
    merged["sector"] = {c: {**table["sector"].get(c, {}), **own.get("sector", {}).get(c, {})} for c in both}
    return merged


def _profile(code: str, table: dict[str, Any], where: str) -> Profile:
    entries = [(c, table["sector"][c]) for c in (*lineage(code), _DEFAULT) if c in table["sector"]]
    found: dict[str, Any] = {}
    names = {field.name for field in fields(Profile)}
    for owner, entry in entries:
        if unknown := sorted(entry.keys() - names):
            raise ValueError(f"{where}: sector.{owner}: unknown {', '.join(unknown)}; expected {', '.join(names)}")
        found = {**entry, **found}
    for kind in ("months", "hours"):
        if isinstance(found[kind], str):
            shapes = table["shapes"][kind]
            if found[kind] not in shapes:
                raise ValueError(f"{where}: sector.{code}: {kind} {found[kind]!r}; expected one of {', '.join(shapes)}")
            found[kind] = shapes[found[kind]]
    for kind, length in (("months", 12), ("hours", 24), ("stack", 4)):
        if len(found[kind]) != length:
            raise ValueError(f"{where}: sector.{code}: {kind}: expected {length} numbers, got {len(found[kind])}")
    shares = sum(share for _, _, share in found["heights"])
    if abs(shares - 1) > 1e-9 or any(low >= high or low < 0 for low, high, _ in found["heights"]):
        raise ValueError(f"{where}: sector.{code}: heights: expected bottom < top and shares that add up to 1")
    for name in ("heating", "no2", "sulfate"):
        if not 0 <= found[name] <= 1:
            raise ValueError(f"{where}: sector.{code}: {name} = {found[name]}; expected 0 to 1")
    return Profile(
        **{
            **found,
            "months": tuple(map(float, found["months"])),
            "hours": tuple(map(float, found["hours"])),
            "heights": tuple((float(a), float(b), float(c)) for a, b, c in found["heights"]),
            "stack": StackDefault(*map(float, found["stack"])),
        }
    )


def _climate(entry: dict[str, Any], where: str) -> Climate:
    try:
        first, last = ((int(d[:2]), int(d[3:])) for d in entry["season"])
    except (ValueError, TypeError) as error:
        raise ValueError(f'{where}: climate.season {entry["season"]!r}; expected two days such as "11-15"') from error
    if len(entry["temperature"]) != 12:
        raise ValueError(f"{where}: climate.temperature: expected 12 months")
    return Climate(tuple(map(float, entry["temperature"])), float(entry["base"]), (first, last))
