"""Dustfall as the feeds hold it: sites, jars, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from lantian.kernel.bootstrap import Platform
from lantian.observations.dustfall.values import Jar, Ranked, Site, SiteMonth, counties, site_months
from lantian.observations.dustfall.weights import Exposure
from lantian.observations.feeds import Feeds, Reader
from lantian.observations.invented import marked
from lantian.standards.rounding import as_decimal


@dataclass(frozen=True, slots=True)
class DustfallYear:
    """Sites that a reader may see with their months; ``example``: ids of the invented sites."""

    sites: Mapping[str, Site]
    months: tuple[SiteMonth, ...]
    example: frozenset[str]

    def of(self, month: date) -> list[SiteMonth]:
        """What was weighed for a month, by site."""
        return [one for one in self.months if one.month == month]

    def ranked(self, month: date) -> list[Ranked]:
        """The counties of a month, the least dusty first."""
        return counties(self.of(month))

    @property
    def newest(self) -> date | None:
        """The newest month of which anything was weighed."""
        return max((one.month for one in self.months), default=None)


def read(
    platform: Platform, reader: Reader, start: date, end: date, *, region: str | None = None, as_of: datetime
) -> DustfallYear:
    """The months with ``start`` <= first day < ``end``; as it was known ``as_of``, of what the reader may see."""
    feeds = Feeds(platform)
    rows = marked(platform.engine, feeds.read("dustfall_site", reader, region=region, as_of=as_of))
    sites = {
        row["site"]: Site(row["site"], row["name"], row["region"], bool(row["dusty"]), row["lon"], row["lat"])
        for row in rows.iter_rows(named=True)
    }
    weighed = feeds.read("dustfall", reader, start=start, end=end, region=region, as_of=as_of)
    names = ("gain", "blank", "area", "days")
    jars = [
        Jar(row["site"], row["month"], row["jar"], Exposure(*(as_decimal(row[name]) for name in names)))
        for row in weighed.iter_rows(named=True)
    ]
    return DustfallYear(sites, tuple(site_months(jars, sites)), frozenset(rows.filter("example")["site"]))
