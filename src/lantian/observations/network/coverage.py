"""How many stations a county and a city need, and how many are missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import yaml

from lantian.places.regions import Region, ancestors_of, level_of
from lantian.places.stations import STATION_KINDS, Station

SHIPPED: Final = Path(__file__).with_name("network.yaml")

CountyKind = Literal["county", "district"]
KIND_NAMES: Final[Mapping[CountyKind, tuple[str, str]]] = MappingProxyType(
    {"county": ("县（市）", "county"), "district": ("区", "district")}
)
"""Chinese and English names of the two kinds of county-level region."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The file ``network.yaml``: stations that a county and a district need, which kinds count, and HJ 664's steps."""

    county: int
    district: int
    counted: frozenset[str]
    county_source: str
    county_confidence: str
    city_counted: frozenset[str]
    steps: tuple[tuple[float, float, int], ...]
    beyond: tuple[int, float]
    city_source: str
    city_confidence: str


@dataclass(frozen=True, slots=True)
class CountyNeed:
    """What a county-level region needs and has; ``stations``: codes of those that count."""

    region: Region
    kind: CountyKind
    needed: int
    stations: tuple[str, ...]

    @property
    def missing(self) -> int:
        """How many more it needs."""
        return max(0, self.needed - len(self.stations))


@dataclass(frozen=True, slots=True)
class Size:
    """A city's urban population, 10^4 people, and built-up area, km2; None: not known. ``year`` they are of.

    ``example``: they are invented.
    """

    region: str
    population: float | None
    area: float | None
    year: int
    example: bool = False


@dataclass(frozen=True, slots=True)
class CityNeed:
    """What HJ 664 asks of a city; ``needed`` None: neither population nor area is known (``size`` None)."""

    region: Region
    size: Size | None
    needed: int | None
    stations: tuple[str, ...]

    @property
    def missing(self) -> int | None:
        """How many more it needs; None where nobody knows."""
        return None if self.needed is None else max(0, self.needed - len(self.stations))


def kind_of(region: Region) -> CountyKind:
    """Whether a county-level region is a district 区 or a county 县, 县级市, 旗: by the last character of its name.

    Example:
        >>> (
        ...     kind_of(Region("110105", "朝阳区")),
        ...     kind_of(Region("130181", "辛集市")),
        ...     kind_of(Region("130123", "正定县")),
        ... )
        ('district', 'county', 'county')
    """
    name = region.name.removesuffix("（示例）")
    return "district" if name.endswith("区") else "county"


def counties(
    regions: Iterable[Region], stations: Iterable[Station], day: date, *, by: Rules | None = None
) -> list[CountyNeed]:
    """What every county needs and has on a day, by code; a station counts in the county in which it lies."""
    chosen = by or rules()
    there = _by_region(stations, day, chosen.counted, evaluation=False)
    found = []
    for region in sorted(regions, key=lambda one: one.code):
        if region.kind != "county":
            continue
        kind = kind_of(region)
        needed = chosen.district if kind == "district" else chosen.county
        found.append(CountyNeed(region, kind, needed, tuple(there.get(region.code, ()))))
    return found


def cities(
    regions: Iterable[Region],
    stations: Iterable[Station],
    sizes: Mapping[str, Size],
    day: date,
    *,
    by: Rules | None = None,
) -> list[CityNeed]:
    """What HJ 664 asks of every city, by code.

    ``sizes``: by code of the city. Stations anywhere in the city count where they are evaluation stations.
    """
    chosen = by or rules()
    there = _by_region(stations, day, chosen.city_counted, evaluation=True)
    found = []
    for region in sorted(regions, key=lambda one: one.code):
        if region.kind == "city":
            size = sizes.get(region.code)
            needed = None if size is None else minimum(size.population, size.area, by=chosen)
            found.append(CityNeed(region, size, needed, tuple(there.get(region.code, ()))))
    return found


def minimum(population: float | None, area: float | None, *, by: Rules | None = None) -> int | None:
    """The smallest number of urban evaluation stations, HJ 664-2013: the larger of what people and area ask.

    Args:
        population: urban, 10^4 people; area: built-up, km2. None: not known; both None give None.
        by: the rules; None: the shipped ones.

    Example:
        >>> minimum(24, 21), minimum(300, 90), minimum(None, 1401)
        (2, 10, 24)
    """
    chosen = by or rules()
    needs = []
    for value, column in ((population, 0), (area, 1)):
        if value is None:
            continue
        step = next((row[2] for row in chosen.steps if value < row[column]), None)
        needs.append(chosen.beyond[0] if step is None else step)
    if area is not None and area >= chosen.steps[-1][1]:
        needs.append(ceil(area / chosen.beyond[1]))
    return max(needs, default=None)


def _by_region(
    stations: Iterable[Station], day: date, counted: frozenset[str], *, evaluation: bool
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in sorted(stations, key=lambda each: each.code):
        if one.kind in counted and one.runs(day) and (one.evaluation or not evaluation):
            for code in (one.region, *ancestors_of(one.region)):
                if level_of(code) in ("county", "city"):
                    found.setdefault(code, []).append(one.code)
    return found


@cache
def rules(path: Path = SHIPPED) -> Rules:
    """The rules of a file. Raises ValueError naming file, entry, value and what would be right."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))

    def at(*names: str) -> Any:
        found: Any = value
        for name in names:
            if not isinstance(found, dict) or name not in found:
                raise ValueError(f"{path.name}, {'.'.join(names)}: missing")
            found = found[name]
        return found

    def number(given: Any, where: str) -> float:
        if isinstance(given, bool) or not isinstance(given, int | float) or given <= 0:
            raise ValueError(f"{path.name}, {where}: {given!r}; expected a number above 0")
        return given

    for part in ("counties", "cities"):
        if unknown := sorted(set(at(part, "counted")) - STATION_KINDS.keys()):
            raise ValueError(f"{path.name}, {part}.counted: {unknown[0]!r}; expected {', '.join(STATION_KINDS)}")
    steps = tuple(
        (number(row.get("population"), "cities.steps.population"), number(row.get("area"), "cities.steps.area"),
         int(number(row.get("stations"), "cities.steps.stations")))
        for row in at("cities", "steps")
    )  # fmt: skip
    if list(steps) != sorted(steps):
        raise ValueError(f"{path.name}, cities.steps: expected from the smallest city to the largest")
    return Rules(
        county=int(number(at("counties", "county"), "counties.county")),
        district=int(number(at("counties", "district"), "counties.district")),
        counted=frozenset(at("counties", "counted")),
        county_source=str(at("counties", "source")),
        county_confidence=str(at("counties", "confidence")),
        city_counted=frozenset(at("cities", "counted")),
        steps=steps,
        beyond=(
            int(number(at("cities", "beyond", "stations"), "cities.beyond.stations")),
            number(at("cities", "beyond", "km2_each"), "cities.beyond.km2_each"),
        ),
        city_source=str(at("cities", "source")),
        city_confidence=str(at("cities", "confidence")),
    )
