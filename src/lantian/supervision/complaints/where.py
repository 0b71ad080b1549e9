"""Which place a text speaks of: names of regions, long and short, found in it; ambiguous ones settled by the city."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lantian.places.regions import MUNICIPALITIES

_ENDS: Final = re.compile(r"(?:自治县|县级市|市|区|县|旗)$")
_STREETS: Final = frozenset("路街道巷里园村站桥门大胡广小中商医师宾饭厂公钢")
"""A short name before one of these names a street, a school or a firm, no region: 和平路, 新华书店."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A region that a text names: its code, and where in the text."""

    code: str
    start: int
    end: int


class Names:
    """Names of regions; `regions` maps codes to full names."""

    def __init__(self, regions: Mapping[str, str]) -> None:
        self._words: dict[str, set[str]] = {}
        short: dict[str, set[str]] = {}
        for code, name in regions.items():
            self._words.setdefault(name, set()).add(code)
            stem = _ENDS.sub("", name)
            if stem != name and len(stem) > 1:
                short.setdefault(stem, set()).add(code)
        self._short = {stem for stem in short if stem not in self._words}
        for stem in self._short:
            self._words[stem] = short[stem]
        self._starts: dict[str, list[str]] = {}
        for word in sorted(self._words, key=len, reverse=True):
            self._starts.setdefault(word[:2], []).append(word)

    def find(self, text: str, home: str = "") -> list[Hit]:
        """Every region named, in order, the longest name at each place.

        An ambiguous name (桥西区 lies in two cities) is the one of a city named in the text, else of ``home`` (a
        region's code); else it is left out.
        """
        raw = list(self._raw(text))
        cities = {_city(code) for codes, _, _ in raw if len(codes) == 1 for code in codes}
        found = []
        for codes, start, end in raw:
            for near in (cities, {_city(home)} if home else set()):
                if len(codes) > 1 and (inside := {code for code in codes if _city(code) in near}):
                    codes = inside
            if len(codes) == 1:
                found.append(Hit(next(iter(codes)), start, end))
        return found

    def region(self, text: str, home: str = "") -> str | None:
        """The region that a text is about: the smallest of the first one named; None where none is."""
        hits = self.find(text, home)
        if not hits:
            return None
        first = hits[0].code
        inside = [hit.code for hit in hits if not hit.code.endswith("00") and _city(hit.code) == _city(first)]
        return inside[0] if inside else first

    def _raw(self, text: str) -> Iterable[tuple[set[str], int, int]]:
        at = 0
        while at < len(text) - 1:
            for word in self._starts.get(text[at : at + 2], ()):
                end = at + len(word)
                if text.startswith(word, at) and not (word in self._short and self._street(text, end)):
                    yield self._words[word], at, end
                    at = end
                    break
            else:
                at += 1

    def _street(self, text: str, at: int) -> bool:
        """Whether what goes on there makes a short name one of a street or a firm, and is no region's name itself."""
        return (
            bool(text[at : at + 1])
            and text[at] in _STREETS
            and not any(text.startswith(word, at) for word in self._starts.get(text[at : at + 2], ()))
        )


def _city(code: str) -> str:
    """What the codes of a city and of all in it begin with."""
    plain = code.removeprefix("Z")
    return plain[:2] if f"{plain[:2]}0000" in MUNICIPALITIES else plain[:4]
