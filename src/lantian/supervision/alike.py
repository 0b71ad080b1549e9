"""One like it, all like it 举一反三: a problem is found at one place; where else should one look, and why there?

Every reason adds its points; the list says them all. The points are an order of looking, not a probability: they are
data of the office (`Points`), and nothing here says that a site does wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lantian.supervision import identity
from lantian.supervision.rebound_levels import person_level, phone_level
from lantian.supervision.routes import distance_km
from lantian.supervision.sites import Site


@dataclass(frozen=True)
class Points:
    """What each reason counts (own choice; an office sets its own).

    ``within_km``: how near is near; nearness counts in full at 0 km and nothing at that distance.
    """

    owner: float = 5
    equipment: float = 4
    industry: float = 3
    park: float = 2
    near: float = 2
    region: float = 1
    within_km: float = 5

    def __post_init__(self) -> None:
        """Refuse points below 0."""
        if min(self.owner, self.equipment, self.industry, self.park, self.near, self.region) < 0 or self.within_km <= 0:
            raise ValueError(f"{self}: expected points of 0 or more and within_km above 0")


@dataclass(frozen=True)
class Problem:
    """Where a problem was found: what a case and its site tell. Empty fields ask for nothing."""

    category: str
    region: str = ""
    industry: str = ""
    equipment: str = ""
    person: str = ""
    phone: str = ""
    park: str = ""
    lon: float | None = None
    lat: float | None = None
    site: str = ""


@dataclass(frozen=True)
class Reason:
    """Why a site is like it, Chinese and English."""

    key: str
    points: float
    zh: str
    en: str


@dataclass(frozen=True)
class Similar:
    """A site to look at, with every reason, the weightiest first."""

    site: Site
    reasons: tuple[Reason, ...]

    @property
    def points(self) -> float:
        """The sum of the reasons."""
        return sum(reason.points for reason in self.reasons)


STRONG: Final = frozenset({"owner", "equipment", "industry", "park"})
"""Reasons of which one at least is needed: what is only near, or in the same county, is not alike."""


def of_site(category: str, site: Site) -> Problem:
    """A problem at a site of the register."""
    fields = ("region", "industry", "equipment", "person", "phone", "park", "lon", "lat")
    return Problem(category, **{name: getattr(site, name) for name in fields}, site=site.id)


def similar(problem: Problem, sites: Iterable[Site], points: Points | None = None, most: int = 50) -> list[Similar]:
    """Active sites that are like the one with the problem, the most alike first, equal ones by id.

    Raises:
        ValueError: ``most`` under 1.
    """
    if most < 1:
        raise ValueError(f"most = {most}: expected at least 1")
    points = points or Points()
    found = []
    for site in sites:
        if site.status != "active" or site.id == problem.site:
            continue
        reasons = tuple(sorted(_reasons(problem, site, points), key=lambda reason: (-reason.points, reason.key)))
        if any(reason.key in STRONG for reason in reasons):
            found.append(Similar(site, reasons))
    return sorted(found, key=lambda one: (-one.points, one.site.id))[:most]


def _reasons(problem: Problem, site: Site, points: Points) -> list[Reason]:
    found = []
    if owner := _owner(problem, site):
        found.append(Reason("owner", points.owner, *owner))
    types = {m.type: m for m in identity.equipment(problem.equipment)}
    shared = sorted(types.keys() & {m.type for m in identity.equipment(site.equipment)})
    if shared:
        words = [identity.TABLES["equipment_names"][kind] for kind in shared]
        share = points.equipment * len(shared) / len(types)
        found.append(Reason("equipment", share, f"同有{'、'.join(words)}", f"also has {', '.join(shared)}"))
    if problem.industry and identity.plain(problem.industry) == identity.plain(site.industry):
        found.append(Reason("industry", points.industry, f"同行业：{site.industry}", f"same industry: {site.industry}"))
    if problem.park and identity.plain(problem.park) == identity.plain(site.park):
        found.append(Reason("park", points.park, f"同在{site.park}", f"also in {site.park}"))
    if problem.lon is not None and problem.lat is not None and site.lon is not None and site.lat is not None:
        apart = distance_km(problem.lon, problem.lat, site.lon, site.lat)
        if apart < points.within_km:
            near = points.near * (1 - apart / points.within_km)
            found.append(Reason("near", near, f"相距 {apart:.1f} 公里", f"{apart:.1f} km away"))
    if problem.region and problem.region[:6] == site.region[:6]:
        found.append(Reason("region", points.region, "同县（市、区）", "same county"))
    return [reason for reason in found if reason.points > 0]


def _owner(problem: Problem, site: Site) -> tuple[str, str] | None:
    phone = phone_level(identity.phones(problem.phone), identity.phones(site.phone))
    if phone == "same":
        return "联系电话相同", "the same telephone"
    if person_level(identity.person(problem.person), identity.person(site.person)) == "same":
        return "负责人同名", "an owner of the same name"
    return None
