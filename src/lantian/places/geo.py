"""Plane geometry on longitude and latitude (WGS-84 degrees): boxes, point in polygon, simplification.

Rings may be closed or open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

Point = tuple[float, float]
Ring = tuple[Point, ...]
Polygon = tuple[Ring, ...]
"""An outer ring and the rings of its holes."""


class Box(NamedTuple):
    """A bounding box in degrees: ``west, south, east, north``, the order of GeoJSON."""

    west: float
    south: float
    east: float
    north: float

    def holds(self, lon: float, lat: float) -> bool:
        """Whether a point lies in the box, its edge included."""
        return self.west <= lon <= self.east and self.south <= lat <= self.north

    @classmethod
    def around(cls, points: Iterable[Point]) -> Box:
        """The smallest box around points.

        Raises:
            ValueError: there are no points.
        """
        lons, lats = zip(*points, strict=True)
        return cls(min(lons), min(lats), max(lons), max(lats))


def ring_holds(ring: Sequence[Point], lon: float, lat: float) -> bool:
    """Whether a point lies in a ring, by counting the edges to its east.

    Points on an edge belong to one side only: a point on a common border falls in one of two neighbours, not in both.
    """
    inside = False
    previous = ring[-1]
    for point in ring:
        (x1, y1), (x2, y2) = previous, point
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            inside = not inside
        previous = point
    return inside


def polygon_holds(polygon: Polygon, lon: float, lat: float) -> bool:
    """Whether a point lies in the outer ring and in none of the holes."""
    outer, *holes = polygon
    return ring_holds(outer, lon, lat) and not any(ring_holds(hole, lon, lat) for hole in holes)


def snap_polygon(polygon: Polygon, step: float) -> Polygon | None:
    """A polygon with its points moved to a grid of ``step`` degrees and repeats left out; None where nothing is left.

    A point is moved without regard to the line it is on, so neighbours keep their common border: no slits and no
    overlaps appear, which thinning each line by itself would make.
    """
    outer, *holes = (_snap_ring(ring, step) for ring in polygon)
    if outer is None:
        return None
    return (outer, *(hole for hole in holes if hole is not None))


def _snap_ring(ring: Ring, step: float) -> Ring | None:
    points: list[Point] = []
    for lon, lat in ring:
        # the second rounding takes off the tail that the product leaves (116.30000000000001)
        point = (round(round(lon / step) * step, 6), round(round(lat / step) * step, 6))
        if not points or point != points[-1]:
            points.append(point)
    if points[0] != points[-1]:
        points.append(points[0])
    # a closed ring needs four points to have an inside
    return tuple(points) if len(points) >= 4 else None
