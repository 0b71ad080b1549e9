"""Outlines of regions from GeoJSON, with the approval number 审图号 that a map made from them must show."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from lantian.places.geo import Box, Polygon, polygon_holds, snap_polygon
from lantian.places.regions import level_of

SKETCH: Final = "示意图，非标准地图 Sketch only, not an official map"
"""What a map says whose outlines carry no approval number."""


@dataclass(frozen=True)
class Outline:
    """The outline of one region: its polygons in WGS-84 degrees.

    Raises:
        ValueError: the code is no region's code, there is no polygon, or a ring has fewer than three points.
    """

    code: str
    name: str
    polygons: tuple[Polygon, ...]

    def __post_init__(self) -> None:
        level_of(self.code)
        if not self.polygons or not all(self.polygons) or any(len(ring) < 3 for p in self.polygons for ring in p):
            raise ValueError(f"outline of {self.code} {self.name}: expected at least one ring of three points or more")

    @cached_property
    def box(self) -> Box:
        """The box around all polygons."""
        return Box.around(point for polygon in self.polygons for point in polygon[0])

    def holds(self, lon: float, lat: float) -> bool:
        """Whether a point lies in the region."""
        return self.box.holds(lon, lat) and any(polygon_holds(polygon, lon, lat) for polygon in self.polygons)

    def geometry(self, step: float = 0.0) -> dict[str, Any]:
        """The GeoJSON geometry, on a grid of ``step`` degrees if that is not 0 (0.01 is about 1 km).

        A region smaller than the grid keeps its full outline, so none disappears from a map.
        """
        polygons = self.polygons
        if step:
            snapped = tuple(found for polygon in polygons if (found := snap_polygon(polygon, step)) is not None)
            polygons = snapped or polygons
        rings = [[[list(point) for point in ring] for ring in polygon] for polygon in polygons]
        return (
            {"type": "Polygon", "coordinates": rings[0]}
            if len(rings) == 1
            else {"type": "MultiPolygon", "coordinates": rings}
        )


@dataclass(frozen=True)
class OutlineSet:
    """Outlines from one source.

    Attributes:
        id: short name of the set, for example ``counties``.
        outlines: by region code.
        source: where they come from; shown with the map.
        licence: under which terms.
        approval_number: 审图号; empty means that none was given.
    """

    id: str
    outlines: Mapping[str, Outline] = field(repr=False)
    source: str = ""
    licence: str = ""
    approval_number: str = ""

    @property
    def caption(self) -> str:
        """What stands under every map drawn with this set: the approval number, or that the map is a sketch."""
        return caption(self.approval_number)

    @property
    def box(self) -> Box:
        """The box around all outlines.

        Raises:
            ValueError: the set is empty.
        """
        boxes = [outline.box for outline in self.outlines.values()]
        return Box.around([(b.west, b.south) for b in boxes] + [(b.east, b.north) for b in boxes])

    def locate(self, lon: float, lat: float) -> str | None:
        """The code of the region in which a point lies; None where it lies in none."""
        return next((code for code, outline in self.outlines.items() if outline.holds(lon, lat)), None)

    def geojson(self, step: float = 0.0, codes: Iterable[str] | None = None) -> dict[str, Any]:
        """A FeatureCollection with ``code``, ``name`` and ``kind`` of each region; caption and source stand beside it.

        Args:
            step: grid in degrees on which the outlines are simplified; 0 leaves them as they are.
            codes: the regions wanted; None means all. Codes without an outline are left out.
        """
        wanted = self.outlines if codes is None else [code for code in codes if code in self.outlines]
        features = [
            {
                "type": "Feature",
                "id": code,
                "properties": {"code": code, "name": self.outlines[code].name, "kind": level_of(code)},
                "geometry": self.outlines[code].geometry(step),
            }
            for code in wanted
        ]
        return {"type": "FeatureCollection", "features": features, "caption": self.caption, "source": self.source}


def caption(approval_number: str) -> str:
    """What stands under a map whose outlines have this approval number; empty means a sketch."""
    return f"审图号：{approval_number}" if approval_number else SKETCH


def read_geojson(
    path: Path,
    *,
    set_id: str | None = None,
    code: str = "code",
    name: str = "name",
    source: str = "",
    licence: str = "",
    approval_number: str = "",
) -> OutlineSet:
    """Read outlines from a GeoJSON FeatureCollection (plain or ``.gz``), coordinates in WGS-84.

    Args:
        path: the file.
        set_id: name of the set; None takes the file's name.
        code: property that holds the region's code (text or number).
        name: property that holds its name.
        source: where the outlines come from.
        licence: under which terms.
        approval_number: 审图号, empty if there is none.

    Raises:
        ValueError: the file is not such a collection; a feature lacks a property, has no polygon, coordinates off the
            globe, or a code twice. The message names file, feature and field.
    """
    outlines: dict[str, Outline] = {}
    for number, feature in enumerate(_features(path), start=1):
        where = f"{path}, feature {number}"
        outline = _outline(where, feature, code, name)
        if outline.code in outlines:
            raise ValueError(f"{where}, {code}: {outline.code} stands in the file twice; expected each region once")
        outlines[outline.code] = outline
    return OutlineSet(set_id or path.name.split(".")[0], outlines, source, licence, approval_number)


def polygons_of(geometry: Mapping[str, Any]) -> tuple[Polygon, ...]:
    """The polygons of a GeoJSON geometry of type Polygon or MultiPolygon.

    Raises:
        ValueError: it is of another type, or its coordinates are not longitude and latitude in degrees.
    """
    parts = {"Polygon": lambda c: [c], "MultiPolygon": list}.get(str(geometry.get("type")))
    if parts is None:
        raise ValueError(f"geometry type {geometry.get('type')!r}; expected Polygon or MultiPolygon")
    try:
        polygons = tuple(
            tuple(tuple((float(p[0]), float(p[1])) for p in ring) for ring in polygon)
            for polygon in parts(geometry["coordinates"])
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError("coordinates are not lists of [lon, lat]") from error
    for lon, lat in (point for polygon in polygons for ring in polygon for point in ring):
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise ValueError(f"coordinates {lon}, {lat}; expected WGS-84 degrees, longitude first")
    return polygons


def _features(path: Path) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    try:
        document = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except ValueError as error:
        raise ValueError(f"{path}: not GeoJSON ({error})") from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise ValueError(f"{path}: expected a GeoJSON FeatureCollection")
    features: list[dict[str, Any]] = document.get("features", [])
    return features


def _outline(where: str, feature: Mapping[str, Any], code: str, name: str) -> Outline:
    properties = feature.get("properties") or {}
    for wanted in (code, name):
        if properties.get(wanted) in (None, ""):
            raise ValueError(
                f"{where}: property {wanted!r} is missing; the feature has {', '.join(properties) or 'none'}"
            )
    try:
        return Outline(str(properties[code]), str(properties[name]), polygons_of(feature.get("geometry") or {}))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
