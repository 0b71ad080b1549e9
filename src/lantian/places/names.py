"""From words to places: what a person types, a file writes or a link carries, turned into a region or a station."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from lantian.places.outlines import OutlineSet
from lantian.places.regions import KINDS, Region, is_within
from lantian.places.stations import Station

Place = Region | Station

# longest first, so that 自治县 is not read as 县
_ENDINGS = (
    *("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "自治州"),
    *("满族蒙古族自治县", "蒙古族自治县", "满族自治县", "回族自治县", "自治县", "回族区"),
    *("新区", "地区", "林区", "省", "市", "区", "县", "旗", "盟", "镇", "乡"),
)


class PlaceLookupError(LookupError):
    """A text names no place, or several. ``candidates`` are the places that may be meant, best first."""

    def __init__(self, text: str, candidates: list[Place], *, ambiguous: bool = False) -> None:
        self.text, self.candidates, self.ambiguous = text, candidates, ambiguous
        listed = ", ".join(f"{place.name} ({place.code})" for place in candidates)
        fault = f"{text!r} names several places" if ambiguous else f"no place is called {text!r}"
        hint = f"; did you mean {listed}?" if listed else "; expected a name, an English name or a code"
        super().__init__(f"{fault}: {listed}; give the code or write the city before it" if ambiguous else fault + hint)


class Gazetteer:
    """All places by every name they go by.

    A text is tried as a code, as a full name, as a short name (``北京`` for ``北京市``), as an English name and as an
    alias of a station. It may be preceded by a larger region, with or without a blank: ``石家庄 桥西区``,
    ``北京朝阳区``. Where a name fits several places the full name goes before the short one, then a region before a
    station and a larger region before a smaller.

    Example:
        >>> gazetteer = Gazetteer([Region("110000", "北京市", "Beijing")], [])
        >>> [gazetteer.resolve(text).code for text in ("北京", "北京市", "beijing", "110000")]
        ['110000', '110000', '110000', '110000']
    """

    def __init__(
        self, regions: Iterable[Region], stations: Iterable[Station], aliases: Mapping[str, str] | None = None
    ) -> None:
        self._by_code: dict[str, Place] = {region.code: region for region in regions}
        self._by_code |= {station.code: station for station in stations}
        # every key leads to (how good the match is, place)
        self._by_key: dict[str, list[tuple[int, Place]]] = defaultdict(list)
        for place in self._by_code.values():
            for worth, name in enumerate(names_of(place)):
                self._by_key[_key(name)].append((worth, place))
        for alias, code in (aliases or {}).items():
            if code in self._by_code:
                self._by_key[_key(alias)].append((1, self._by_code[code]))

    def resolve(self, text: str) -> Place:
        """The place that a text names.

        Raises:
            PlaceLookupError: none or several; the message lists near matches.
        """
        code = text.strip()
        if code in self._by_code:
            return self._by_code[code]
        found = self._best(self._by_key.get(_key(text), [])) or self._qualified(text)
        if len(found) == 1:
            return found[0]
        if found:
            raise PlaceLookupError(text, found, ambiguous=True)
        raise PlaceLookupError(text, self._near(text))

    def _qualified(self, text: str) -> list[Place]:
        """Places of a text that begins with the name of a larger region: the longest such beginning decides."""
        key = _key(text)
        for cut in range(len(key) - 1, 1, -1):
            larger = [p for p in self._best(self._by_key.get(key[:cut], [])) if isinstance(p, Region)]
            if len(larger) != 1:
                continue
            inside = [(worth, p) for worth, p in self._by_key.get(key[cut:], []) if _lies_in(p, larger[0])]
            if inside:
                return self._best(inside)
        return []

    def _best(self, matches: list[tuple[int, Place]]) -> list[Place]:
        if not matches:
            return []
        first = min((worth, _rank(place)) for worth, place in matches)
        return list({p.code: p for worth, p in matches if (worth, _rank(p)) == first}.values())

    def _near(self, text: str, limit: int = 5) -> list[Place]:
        key = _key(text)
        keys = [known for known in self._by_key if key and (key in known or (len(known) > 1 and known in key))]
        keys = sorted(keys, key=len)[: limit - 1] + difflib.get_close_matches(key, self._by_key, n=limit, cutoff=0.5)
        codes = difflib.get_close_matches(text.strip(), self._by_code, n=limit, cutoff=0.8)
        places = [place for known in keys for place in self._best(self._by_key[known])]
        places += [self._by_code[code] for code in codes]
        return list({place.code: place for place in places}.values())[:limit]


class Locator:
    """Finds the region of a station from the names a list gives and from its coordinates.

    First the county by its name within the city; then the outline, of a county of that city if it is known, that holds
    the point; then the city itself. Where the name was no county's, ``notes`` says what was done: such names are mostly
    development zones (``高新区``), which have no code of their own.
    """

    def __init__(self, regions: Iterable[Region], counties: OutlineSet | None = None) -> None:
        self._regions = {region.code: region for region in regions}
        self._counties = counties
        self.notes: list[str] = []

    def __call__(self, station: str, city: str, county: str, lon: float, lat: float) -> str | None:
        """The code of the smallest region found; None if none was. ``station`` is named in the note."""
        home = next((r for r in self._regions.values() if r.kind == "city" and _goes_by(r, city)), None)
        # some lists repeat the city: 郑州市管城回族区
        name = county.removeprefix(home.name) if home else county
        for region in self._regions.values():
            if home and region.kind == "county" and region.name == name and is_within(region.code, home.code):
                return region.code
        held = self._counties.locate(lon, lat) if self._counties else None
        if held is not None and home is not None and not is_within(held, home.code):
            held = None
        found = held or (home.code if home else None)
        if found in self._regions and county:
            placed = self._regions[found]
            self.notes.append(f"station {station}: {city} has no county {county!r}; placed in {placed.name} ({found})")
        return found


def names_of(place: Place) -> list[str]:
    """The names a place goes by, the fullest first: full, short, English."""
    names = [place.name]
    if isinstance(place, Region):
        names += [short_name(place.name), *([place.name_en] if place.name_en else [])]
    return list(dict.fromkeys(names))


def short_name(name: str) -> str:
    """A region's name without its ending 省, 市, 区, 县 and the like; two characters at least stay.

    Example:
        >>> short_name("北京市"), short_name("东城区"), short_name("郊区"), short_name("管城回族区")
        ('北京', '东城', '郊区', '管城')
    """
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) - len(ending) >= 2:
            return name[: -len(ending)]
    return name


def _goes_by(region: Region, name: str) -> bool:
    return _key(name) in {_key(known) for known in names_of(region)}


def _key(text: str) -> str:
    return "".join(text.split()).replace("/", "").casefold()


def _rank(place: Place) -> int:
    """Regions before stations, larger before smaller; a zone after every other region."""
    return KINDS.index(place.kind) if isinstance(place, Region) else len(KINDS)


def _lies_in(place: Place, region: Region) -> bool:
    code = place.code if isinstance(place, Region) else place.region
    return is_within(code, region.code)
