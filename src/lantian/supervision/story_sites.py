"""The invented sites 示例 of the example's campaign: who could be inspected, who was banned, who came back."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from lantian.places.outlines import Outline
from lantian.supervision.findings import categories
from lantian.supervision.sites import Site

MARK: Final = "示例"
STUCK: Final = 0.85
"""Slowness beyond which nothing moves."""
_KINDS = {
    "loose_coal": ("村", "煤炭销售点"),
    "boilers": ("洗浴中心", "热力站"),
    "industry": ("铸造厂", "建材有限公司", "化工有限公司"),
    "scattered": ("木器加工点", "小塑料厂", "石材加工点"),
    "construction": ("住宅项目工地", "管线改造工地", "学校扩建工地"),
    "roads": ("路段", "村道"),
    "muck": ("渣土运输车队",),
    "vehicles": ("机动车检验站", "物流园"),
    "fuel": ("加油站", "汽修喷漆店"),
    "catering": ("饭店", "烧烤店"),
    "burning": ("村地块",),
    "response": ("钢铁有限公司", "水泥粉磨站"),
}
_NAMES = (
    *("永兴", "恒通", "盛源", "宏达", "金石", "顺发", "天合", "润丰", "华远", "东升"),
    *("福田", "清河", "柳林", "高庄", "南苑", "北关", "西营", "新桥", "双井", "大寺"),
)
_EQUIPMENT = {
    "scattered": "破碎机2台、注塑机3台",
    "industry": "中频炉2台、抛丸机1台",
    "boilers": "4蒸吨燃煤锅炉1台",
    "fuel": "加油机4台",
    "response": "烧结机1台",
}


def sites(counties: Sequence[Outline], seed: int, each: int = 7) -> Iterator[Site]:
    """Invented sites, about ``each`` a county, more where the county has more problems; inside its outline."""
    for county in counties:
        chance = random.Random(f"{seed} sites {county.code}")  # noqa: S311 (a story, not a secret)
        for number in range(1, each + round(6 * burden(county.code, seed)) + 1):
            kind = chance.choice(sorted(_KINDS))
            lon, lat = _inside(county, chance)
            name = f"{MARK}{chance.choice(_NAMES)}{chance.choice(_KINDS[kind])}"
            tags: dict[Any, float] = {}
            if chance.random() < 0.15:
                tags["hot_cell"] = 1.0
            if chance.random() < 0.12:
                tags["complaint"] = 1.0
            if kind in ("industry", "response", "boilers") and chance.random() < 0.3:
                tags["elevated_record"] = 1.0
            yield Site(
                f"S{county.code}-{number:02d}",
                name,
                county.code,
                address=f"{MARK}{chance.choice(_NAMES)}路{chance.randint(1, 300)}号",
                lon=lon,
                lat=lat,
                industry=categories()[kind].zh,
                person=f"{MARK}{chance.choice('赵钱孙李周吴郑王')}{chance.choice('一二三四五六七八九')}",
                phone=f"139{chance.randrange(10**8):08d}",
                equipment=_EQUIPMENT.get(kind, ""),
                tags=tags,
                example=True,
            )


def banned(known: Iterable[Site], counties: Sequence[Outline], seed: int, since: date) -> Iterator[Site]:
    """The register after bans 取缔: one scattered workshop in four is banned, and one of three such comes back.

    Who comes back has another name, another place in the county, and the same person, telephone or equipment.
    """
    outlines = {county.code: county for county in counties}
    for site in known:
        chance = random.Random(f"{seed} ban {site.id}")  # noqa: S311
        if site.industry != categories()["scattered"].zh or chance.random() > 0.25:
            yield site
            continue
        day = since + timedelta(days=chance.randrange(60))
        yield replace(site, status="banned", status_on=day, since=since - timedelta(days=400))
        lon, lat = _inside(outlines[site.region], chance)
        if chance.random() < 0.35:
            keeps = chance.choice(("person", "phone", "both"))
            other = f"{MARK}{chance.choice('冯陈褚卫')}{chance.choice('甲乙丙丁')}"
            yield replace(
                site,
                id=f"{site.id}-B",
                name=f"{MARK}{chance.choice(_NAMES)}{chance.choice(_KINDS['scattered'])}",
                address=f"{MARK}{chance.choice(_NAMES)}村北{chance.randint(1, 9)}00米院内",
                lon=lon,
                lat=lat,
                person=site.person if keeps != "phone" else other,
                phone=site.phone if keeps != "person" else f"138{chance.randrange(10**8):08d}",
                since=day + timedelta(days=chance.randint(20, 90)),
                tags={},
            )


def burden(county: str, seed: int) -> float:
    """How many problems a county has, 0 to 1; most have few."""
    return max(random.Random(f"{seed} burden {county}").random() ** 3, 0.9 * stuck(county, seed))  # noqa: S311


def slowness(county: str, seed: int) -> float:
    """How slowly a county mends, 0 to 1; most are quick."""
    return max(random.Random(f"{seed} slow {county}").random() ** 4, 0.9 * stuck(county, seed))  # noqa: S311


def stuck(county: str, seed: int) -> bool:
    """Whether it is one of the few counties, one in twenty-five, where nothing moves."""
    return random.Random(f"{seed} stuck {county}").random() < 0.04  # noqa: S311


def _inside(county: Outline, chance: random.Random) -> tuple[float, float]:
    box = county.box
    for _ in range(400):
        lon, lat = chance.uniform(box.west, box.east), chance.uniform(box.south, box.north)
        if county.holds(lon, lat):
            return round(lon, 5), round(lat, 5)
    return county.polygons[0][0][0]
