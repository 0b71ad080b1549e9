"""The checks and their thresholds per kind of instrument, read from a YAML file: a city may keep its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lantian.standards.codes import ITEMS, WEATHER

OURS = Path(__file__).parent / "checks.yaml"
"""The platform's own file."""

ITEM_CHECKS = ("range", "zero", "stuck", "stuck_alone", "spike", "neighbour", "shift")
"""What may stand under an item."""


class BookError(ValueError):
    """The file of checks is wrong: names file, entry, value, and what would be right."""


@dataclass(frozen=True)
class Words:
    """The same in Chinese and English."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """The words of a language, `zh` or `en`."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Check:
    """What one check is: its short name, why it is made, where it comes from, and how it says what it found."""

    name: str
    words: Words
    why: Words
    source: str
    says: Words


@dataclass(frozen=True)
class Stuck:
    """The same value for `hours` or more, above `above`, while stations nearby moved by `moved` or more."""

    hours: int
    above: float
    moved: float


@dataclass(frozen=True)
class Spike:
    """`times` as high as the hours before and after (or as low), and by `least` at least."""

    times: float
    least: float


@dataclass(frozen=True)
class Neighbour:
    """`times` the usual robust difference, `factor` beyond the neighbours' range, and by `least` at least."""

    times: float
    factor: float
    least: float


@dataclass(frozen=True)
class Limits:
    """Thresholds of one item, in its unit; None: the check is not made."""

    low: float
    high: float
    zero: int | None = None
    stuck: Stuck | None = None
    stuck_alone: int | None = None
    spike: Spike | None = None
    neighbour: Neighbour | None = None
    shift: float | None = None


@dataclass(frozen=True)
class Order:
    """`part` may not exceed `times` x `whole` + `plus`."""

    part: str
    whole: str
    times: float
    plus: float


@dataclass(frozen=True)
class Kind:
    """A kind of instrument: which station kinds it covers, hours a day and minutes an hour that must be valid, how many
    stations within how many kilometres are its neighbours, and the thresholds by item.
    """

    code: str
    words: Words
    of: tuple[str, ...]
    day_hours: int
    hour_minutes: int
    order: tuple[Order, ...]
    near_stations: int
    near_km: float
    items: Mapping[str, Limits]


@dataclass(frozen=True)
class Book:
    """All checks by name, all kinds by code, and what the flags of devices mean."""

    checks: Mapping[str, Check]
    kinds: Mapping[str, Kind]
    flags: Mapping[str, Words]

    def of_station(self, station_kind: str) -> Kind | None:
        """The kind that covers stations of a kind; None: there is none."""
        return next((kind for kind in self.kinds.values() if station_kind in kind.of), None)


@cache
def book(path: Path | None = None) -> Book:
    """Read a file of checks; None: the platform's own. Raises BookError."""
    path = path or OURS
    try:
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))
        return Book(
            {name: _check(name, one) for name, one in stated["checks"].items()},
            {code: _kind(code, one, path) for code, one in stated["kinds"].items()},
            {flag: Words(one["zh"], one["en"]) for flag, one in stated["flags"].items()},
        )
    except (KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise BookError(f"{path}: {error}: expected the form of {OURS.name} (docs/quality.md)") from error


def book_of(home: Path) -> Book:
    """The book of a platform: `<home>/quality.yaml` where a city has its own, else ours."""
    own = home / "quality.yaml"
    return book(own) if own.exists() else book()


def _check(name: str, one: Mapping[str, Any]) -> Check:
    return Check(
        name,
        Words(one["zh"], one["en"]),
        Words(one["why"]["zh"], one["why"]["en"]),
        one["source"],
        Words(one["says"]["zh"], one["says"]["en"]),
    )


def _kind(code: str, one: Mapping[str, Any], path: Path) -> Kind:
    return Kind(
        code,
        Words(one["zh"], one["en"]),
        tuple(one["of"]),
        int(one["day_hours"]),
        int(one["hour_minutes"]),
        tuple(Order(**entry) for entry in one["order"]),
        int(one["near"]["stations"]),
        float(one["near"]["km"]),
        {item: _limits(item, entry, f"{path}: kinds.{code}.items.{item}") for item, entry in one["items"].items()},
    )


def _limits(item: str, entry: Mapping[str, Any], where: str) -> Limits:
    if item not in ITEMS and item not in WEATHER and not item[:1] == "a":
        raise BookError(f"{where}: unknown item; expected a name of the register of items or a code such as a19001")
    if unknown := sorted(entry.keys() - set(ITEM_CHECKS)):
        raise BookError(f"{where}.{unknown[0]}: unknown; expected {', '.join(ITEM_CHECKS)}")
    low, high = entry["range"]
    if not low < high:
        raise BookError(f"{where}.range: [{low}, {high}]: expected the lower bound first")
    return Limits(
        float(low),
        float(high),
        entry.get("zero"),
        _part(Stuck, entry.get("stuck"), f"{where}.stuck"),
        entry.get("stuck_alone"),
        _part(Spike, entry.get("spike"), f"{where}.spike"),
        _part(Neighbour, entry.get("neighbour"), f"{where}.neighbour"),
        None if "shift" not in entry else float(entry["shift"]["factor"]),
    )


def _part(form: type[Any], entry: Mapping[str, Any] | None, where: str) -> Any:
    if entry is None:
        return None
    names = [field.name for field in fields(form)]
    if sorted(entry) != sorted(names):
        raise BookError(f"{where}: {dict(entry)}: expected {', '.join(names)}")
    return form(**entry)
