"""Coverage of the network as the database holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import Feeds, Reader
from lantian.observations.invented import marked
from lantian.observations.network.coverage import CityNeed, CountyNeed, Size, cities, counties
from lantian.places.store import PlaceStore


@dataclass(frozen=True, slots=True)
class Coverage:
    """What counties and cities need and have on a day."""

    day: date
    counties: tuple[CountyNeed, ...]
    cities: tuple[CityNeed, ...]

    @property
    def gaps(self) -> list[CountyNeed]:
        """Counties that need more, those that miss most first."""
        return sorted((one for one in self.counties if one.missing), key=lambda one: (-one.missing, one.region.code))

    @property
    def short(self) -> list[CityNeed]:
        """Cities that need more by HJ 664, those that miss most first."""
        return sorted(
            (one for one in self.cities if one.missing), key=lambda one: (-(one.missing or 0), one.region.code)
        )

    @property
    def unknown(self) -> list[CityNeed]:
        """Cities whose size nobody has given."""
        return [one for one in self.cities if one.needed is None]


def coverage(platform: Platform, reader: Reader, day: date, *, within: str | None = None, as_of: datetime) -> Coverage:
    """What is needed and there on a day, in a region or everywhere.

    Counties are those that have an outline or were loaded; the newest size of each city by that day counts.
    """
    places = PlaceStore(platform.engine)
    regions = places.regions(within=within)
    stations = places.stations(within=within, on=day)
    rows = marked(platform.engine, Feeds(platform).read("city_size", reader, region=within, as_of=as_of))
    sizes = {
        row["region"]: Size(row["region"], row["population"], row["area"], row["counted_on"].year, row["example"])
        for row in rows.sort("counted_on").iter_rows(named=True)
        if row["counted_on"] <= day
    }
    return Coverage(day, tuple(counties(regions, stations, day)), tuple(cities(regions, stations, sizes, day)))
