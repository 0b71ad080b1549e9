"""Names and lists of places as pages show them: what a code is called, which places are ranked or listed together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lantian.places.regions import ancestors_of, level_of
from lantian.places.store import PlaceStore

STATIONS = "stations:"
"""Begins the id of a list of stations: `stations:110000` are the state-controlled stations of Beijing."""


@dataclass(frozen=True)
class Name:
    """What a place is called; `example` says that it is invented (示例). `region` is itself, or a station's county."""

    zh: str
    en: str
    region: str
    example: bool = False

    def text(self, language: str) -> str:
        """The name in a language; Chinese where no English name is known."""
        return self.zh if language == "zh" else self.en or self.zh

    def short(self, language: str) -> str:
        """The name for a narrow place: 北京 for 北京市."""
        text = self.text(language)
        return text.removesuffix("市") if language == "zh" and len(text) > 2 else text


@dataclass(frozen=True)
class Listing:
    """Places that are ranked together, in the order in which the office lists them."""

    id: str
    zh: str
    en: str
    places: tuple[str, ...]

    def text(self, language: str) -> str:
        """The list's name in a language."""
        return self.zh if language == "zh" else self.en or self.zh


class Atlas:
    """All places by code, and the lists in which they stand."""

    def __init__(self, places: PlaceStore) -> None:
        stations = places.stations()
        self.names = {
            region.code: Name(region.name, region.name_en, region.code, region.example) for region in places.regions()
        }
        self.names |= {each.code: Name(each.name, "", each.region, each.example) for each in stations}
        self.groups = tuple(Listing(each.id, each.name, each.name_en, each.members) for each in places.groups())
        self._stations: dict[str, list[str]] = {}
        for station in stations:
            if station.kind == "state":
                for code in (station.region, *ancestors_of(station.region)):
                    self._stations.setdefault(code, []).append(station.code)

    def name(self, code: str, language: str) -> str:
        """What a place is called; its code where it has no name."""
        return self.names[code].text(language) if code in self.names else code

    def short(self, code: str, language: str) -> str:
        """What a place is called where there is little room."""
        return self.names[code].short(language) if code in self.names else code

    def region(self, code: str) -> str:
        """The region that a permission about a place is asked for: itself, or the county of a station.

        Raises:
            LookupError: no such place.
        """
        if code not in self.names:
            raise LookupError(f"there is no place {code!r}")
        return self.names[code].region

    def stations_in(self, measured: Iterable[str]) -> list[Listing]:
        """Lists of the stations of each city in which at least two of those `measured` stand, by code."""
        alive = set(measured)
        cities = [
            code for code, codes in self._stations.items() if level_of(code) == "city" and len(alive & set(codes)) > 1
        ]
        return [self.listing(STATIONS + code) for code in sorted(cities)]

    def listing(self, listing_id: str) -> Listing:
        """A list by its id: a group's, or `stations:` and a region's code.

        Raises:
            LookupError: there is none; the message lists the groups.
        """
        plain = listing_id.replace(
            " ", "+"
        )  # in an address, a plus sign that was not written as %2B arrives as a blank
        for group in self.groups:
            if group.id in (listing_id, plain):
                return group
        code = listing_id.removeprefix(STATIONS)
        if listing_id != code and code in self._stations:
            zh, en = self.name(code, "zh"), self.name(code, "en")
            return Listing(listing_id, f"{zh}国控站点", f"State stations of {en}", tuple(self._stations[code]))
        known = ", ".join(group.id for group in self.groups) or "no group is loaded"
        raise LookupError(
            f"no list is called {listing_id!r}; expected one of {known}, or {STATIONS} and a region's code"
        )

    def counties_of(self, listing: Listing) -> Listing:
        """With whose mean a list is compared: zones with the group of counties around them, others with themselves."""
        codes = set(listing.places)
        if all(code.startswith("Z") for code in codes):
            cities = {above for code in codes for above in ancestors_of(code)}
            for group in self.groups:
                if group.id != listing.id and all(set(ancestors_of(code)) & cities for code in group.places):
                    return group
        return listing
