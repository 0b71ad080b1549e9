"""The names of places as the file readers ask for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import lantian
from lantian.places.names import Gazetteer, Place, PlaceLookupError
from lantian.places.store import PlaceStore


class Names(Mapping[str, str]):
    """Every name that a place goes by -> its code, as the readers ask for it; `regions` gives for every code the region
    that the place belongs to, a region to itself.
    """

    def __init__(self, gazetteer: Gazetteer, regions: Mapping[str, str], fingerprint: str) -> None:
        self._gazetteer = gazetteer
        self.regions = regions
        self.fingerprint = fingerprint

    @classmethod
    def of(cls, places: PlaceStore) -> Names:
        """The names of all places in a store. Raises LookupError where it is empty."""
        regions, stations, aliases = places.regions(), places.stations(), places.aliases()
        known: list[Place] = [*regions, *stations]
        if not known:
            raise LookupError("no places are loaded, so no value can be put anywhere; load them first (docs/places.md)")
        # The version too: a newer reader may understand the same file otherwise.
        told = repr((lantian.__version__, known, sorted(aliases.items())))
        inside = {region.code: region.code for region in regions} | {each.code: each.region for each in stations}
        return cls(Gazetteer(regions, stations, aliases), inside, hashlib.sha256(told.encode()).hexdigest())

    def __getitem__(self, name: str) -> str:
        try:
            return self._gazetteer.resolve(name).code
        except PlaceLookupError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.regions)

    def __len__(self) -> int:
        return len(self.regions)
