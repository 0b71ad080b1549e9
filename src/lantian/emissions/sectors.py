"""The sectors 行业 of an inventory as a tree, and the species that inventories hold.

An amount may stand at any node of the tree: a national inventory knows only "industry", a city's knows the kilns.
What a node does not say of itself (profile, height, proxy) is that of the node above.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sector:
    """One node: ``code``, the code of its ``parent`` (empty at the top), its names."""

    code: str
    parent: str
    zh: str
    en: str


SECTORS: Final = {
    code: Sector(code, parent, zh, en)
    for code, parent, zh, en in (
        ("power", "", "电力热力", "power"),
        ("industry", "", "工业", "industry"),
        ("steel", "industry", "钢铁", "steel"),
        ("cement", "industry", "水泥", "cement"),
        ("coking", "industry", "焦化", "coking"),
        ("chemicals", "industry", "石化化工", "chemicals"),
        ("glass_bricks", "industry", "玻璃砖瓦", "glass and bricks"),
        ("other_industry", "industry", "其他工业", "other industry"),
        ("residential", "", "民用", "residential"),
        ("residential_coal", "residential", "民用散煤", "residential coal"),
        ("heating_boilers", "residential", "采暖锅炉", "heating boilers"),
        ("transport", "", "移动源", "transport"),
        ("road", "transport", "道路机动车", "road vehicles"),
        ("non_road", "transport", "非道路移动源", "non-road machinery"),
        ("dust", "", "扬尘", "dust"),
        ("construction_dust", "dust", "施工扬尘", "construction dust"),
        ("road_dust", "dust", "道路扬尘", "road dust"),
        ("soil_dust", "dust", "土壤与堆场扬尘", "soil and stockpile dust"),
        ("solvents", "", "溶剂使用", "solvents"),
        ("gas_stations", "", "加油与油气储运", "gas stations and fuel storage"),
        ("agriculture", "", "农业", "agriculture"),
        ("fertiliser", "agriculture", "氮肥施用", "fertiliser"),
        ("livestock", "agriculture", "畜禽养殖", "livestock"),
        ("open_burning", "", "露天焚烧", "open burning"),
        ("catering", "", "餐饮油烟", "catering"),
        ("other", "", "其他", "other"),
    )
}
"""Code -> sector, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Pollutant:
    """A species of an inventory: its names and what its mass counts."""

    code: str
    zh: str
    en: str
    as_: str = ""


SPECIES: Final = {
    code: Pollutant(code, zh, en, as_)
    for code, zh, en, as_ in (
        ("SO2", "二氧化硫", "sulfur dioxide", ""),
        ("NOX", "氮氧化物", "nitrogen oxides", "NO2"),
        ("CO", "一氧化碳", "carbon monoxide", ""),
        ("NMVOC", "挥发性有机物", "volatile organic compounds", ""),
        ("NH3", "氨", "ammonia", ""),
        ("PM10", "PM10", "PM10", ""),
        ("PM25", "PM2.5", "PM2.5", ""),
        ("BC", "黑碳", "black carbon", ""),
        ("OC", "有机碳", "organic carbon", "C"),
        ("PMC", "粗颗粒物", "coarse particles", ""),
    )
}
"""Code -> species. BC and OC are part of PM25, PM25 of PM10; PMC is PM10 without PM25, for files that give it so."""

_ALIASES: Final = {"PM2.5": "PM25", "PM2_5": "PM25", "VOC": "NMVOC", "VOCS": "NMVOC", "PMCOARSE": "PMC"}


def species_of(name: str) -> str | None:
    """The code that a name stands for (``NOx``, ``PM2.5``, ``VOCs``); None for none."""
    code = name.strip().upper()
    code = _ALIASES.get(code, code)
    return code if code in SPECIES else None


def sector_of(name: str) -> str | None:
    """The code that a code or a Chinese or English name stands for; None for none."""
    given = name.strip()
    if given.lower() in SECTORS:
        return given.lower()
    return next((s.code for s in SECTORS.values() if given in (s.zh, s.en)), None)


def lineage(code: str) -> tuple[str, ...]:
    """The sector and those above it, itself first.

    Raises:
        KeyError: no such sector.
    """
    found = [SECTORS[code]]
    while found[-1].parent:
        found.append(SECTORS[found[-1].parent])
    return tuple(sector.code for sector in found)


def branch(codes: Iterable[str]) -> tuple[str, ...]:
    """The sectors named and all below them, in the order of the tree.

    Raises:
        ValueError: no such sector; the message names those there are.
    """
    wanted = set(codes)
    if unknown := sorted(wanted - SECTORS.keys()):
        raise ValueError(f"unknown sectors {', '.join(unknown)}; known are {', '.join(SECTORS)}")
    return tuple(code for code in SECTORS if wanted & set(lineage(code)))
