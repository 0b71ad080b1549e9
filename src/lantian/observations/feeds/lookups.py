"""What a value may refer to: regions, stations, records of other feeds, and the region in which a point lies. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import polars as pl

from lantian.places.names import Gazetteer, PlaceLookupError
from lantian.places.outlines import OutlineSet
from lantian.places.stations import Station

_NEAR = 3


@dataclass(frozen=True)
class Known:
    """The records of another feed: id to region, and name to id where each name stands for one."""

    regions: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def find(self, text: str) -> str | None:
        """The id that a text means: itself, or that of the record so named."""
        return text if text in self.regions else self.names.get(text)

    def near(self, text: str) -> list[str]:
        """Ids that look like a text, the nearest first."""
        alike = difflib.get_close_matches(text, self.regions, n=_NEAR, cutoff=0.4)
        return alike or sorted(self.regions)[:_NEAR]


@dataclass(frozen=True)
class Lookups:
    """All that validation asks of the world.

    Attributes:
        gazetteer: regions and stations by code or name; None: none are known, and any code is taken.
        references: feed to its records.
        outlines: by which a point's region is found.
    """

    gazetteer: Gazetteer | None = None
    references: Mapping[str, Known] = field(default_factory=lambda: MappingProxyType({}))
    outlines: OutlineSet | None = None

    def place(self, text: str, kind: str) -> tuple[str | None, str | None, str]:
        """Code, region and, where there is no such place, what would be right, of a text that names a region or a
        station.
        """
        if self.gazetteer is None:
            return text, text if kind == "region" else None, ""
        try:
            found = self.gazetteer.resolve(text)
        except PlaceLookupError as error:
            near = [
                f"{one.code} {one.name}" for one in error.candidates if isinstance(one, Station) == (kind != "region")
            ]
            return None, None, ", ".join(near[:_NEAR])
        if isinstance(found, Station):
            return (found.code, found.region, "") if kind == "station" else (None, None, found.region)
        return (found.code, found.code, "") if kind == "region" else (None, None, "")


def resolve(texts: pl.Series, find: Callable[[str], tuple[str | None, str | None, str]]) -> tuple[pl.Series, ...]:
    """Answer for each text, asked once for each that differs: code, region, hint."""
    answers = {text: find(text) for text in texts.drop_nulls().unique()}
    columns = []
    for at in range(3):
        mapping = {text: answer[at] for text, answer in answers.items()}
        found = (
            texts.replace_strict(mapping, default=None, return_dtype=pl.String) if mapping else texts.clear(len(texts))
        )
        columns.append(found.cast(pl.String))
    return tuple(columns)


def locate(lon: pl.Series, lat: pl.Series, outlines: OutlineSet) -> pl.Series:
    """The code of the region in which each point lies; null where it lies in none. Each place is asked once."""
    points = pl.DataFrame({"lon": lon, "lat": lat}).unique().drop_nulls()
    x, y = points["lon"].to_numpy(), points["lat"].to_numpy()
    found = np.full(len(x), None, dtype=object)
    open_ = np.ones(len(x), dtype=bool)
    for code, outline in outlines.outlines.items():
        box = outline.box
        near = np.flatnonzero(open_ & (x >= box.west) & (x <= box.east) & (y >= box.south) & (y <= box.north))
        if near.size:
            inside = near[_held(outline.polygons, x[near], y[near])]
            found[inside], open_[inside] = code, False
    codes = points.with_columns(pl.Series("code", found.tolist(), dtype=pl.String))
    asked = pl.DataFrame({"lon": lon, "lat": lat})
    return asked.join(codes, on=["lon", "lat"], how="left", maintain_order="left")["code"]


def _held(polygons: Iterable[tuple[tuple[tuple[float, float], ...], ...]], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points lie in one of the polygons: an odd number of edges to the east, holes included
    (`places.geo.ring_holds` for many points).
    """
    inside = np.zeros(len(x), dtype=bool)
    for polygon in polygons:
        odd = np.zeros(len(x), dtype=bool)
        for ring in polygon:
            x2, y2 = np.asarray(ring, dtype=float).T
            x1, y1 = np.roll(x2, 1), np.roll(y2, 1)
            for at in range(0, len(x), 2000):
                px, py = x[at : at + 2000, None], y[at : at + 2000, None]
                crosses = (y1 > py) != (y2 > py)
                with np.errstate(divide="ignore", invalid="ignore"):
                    east = px < (x2 - x1) * (py - y1) / (y2 - y1) + x1
                odd[at : at + 2000] ^= (np.count_nonzero(crosses & east, axis=1) % 2).astype(bool)
        inside |= odd
    return inside
