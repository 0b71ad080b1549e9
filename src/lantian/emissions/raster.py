"""Regions on a grid of longitude and latitude: which outline holds the middle of each cell; points along a path."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lantian.places.geo import Box, Polygon
from lantian.places.grid import EARTH_RADIUS, Field
from lantian.places.outlines import Outline

Labels = NDArray[np.int32]

NOWHERE: Final = -1
"""The label of a cell in no region."""


@dataclass(frozen=True)
class Lattice:
    """Cells of ``step`` degrees; ``west``, ``south`` is the lower left corner of ``ny`` x ``nx`` of them."""

    west: float
    south: float
    step: float
    ny: int
    nx: int

    @classmethod
    def around(cls, box: Box, step: float) -> Lattice:
        """The lattice whose lines are multiples of ``step`` and which holds a box."""
        i, j = math.floor(box.west / step), math.floor(box.south / step)
        nx, ny = math.ceil(box.east / step) - i, math.ceil(box.north / step) - j
        return cls(i * step, j * step, step, ny, nx)

    def coarser(self, ratio: int) -> Lattice:
        """Blocks of ``ratio`` x ``ratio`` cells from the lower left corner; the last ones reach beyond."""
        return Lattice(self.west, self.south, self.step * ratio, -(-self.ny // ratio), -(-self.nx // ratio))

    @property
    def lon_edges(self) -> Field:
        """(nx + 1,) degrees east."""
        return np.asarray(self.west + self.step * np.arange(self.nx + 1), np.float64)

    @property
    def lat_edges(self) -> Field:
        """(ny + 1,) degrees north."""
        return np.asarray(self.south + self.step * np.arange(self.ny + 1), np.float64)

    @property
    def lon(self) -> Field:
        """(nx,) degrees east, of the middles."""
        return np.asarray(self.west + self.step * (np.arange(self.nx) + 0.5), np.float64)

    @property
    def lat(self) -> Field:
        """(ny,) degrees north, of the middles."""
        return np.asarray(self.south + self.step * (np.arange(self.ny) + 0.5), np.float64)

    @property
    def spacing(self) -> float:
        """Height of a cell, m."""
        return EARTH_RADIUS * math.radians(self.step)

    @property
    def row_area(self) -> Field:
        """(ny,) m2 of a cell of each row, on the sphere of the model."""
        return EARTH_RADIUS**2 * math.radians(self.step) * np.diff(np.sin(np.radians(self.lat_edges)))


def rasterise(lattice: Lattice, outlines: Sequence[Outline]) -> Labels:
    """(ny, nx) the number of the outline in which the middle of each cell lies, `NOWHERE` in none.

    Where outlines overlap the later one counts.
    """
    labels = np.full((lattice.ny, lattice.nx), NOWHERE, np.int32)
    for number, outline in enumerate(outlines):
        for polygon in outline.polygons:
            _fill(labels, lattice, polygon, number)
    return labels


def _fill(labels: Labels, lattice: Lattice, polygon: Polygon, number: int) -> None:
    """Each edge turns inside into outside for all middles to its east; holes turn it again."""
    rings = [_in_cells(lattice, ring) for ring in polygon]
    every = np.concatenate(rings)
    i0, j0 = np.clip(np.floor(every.min(axis=0)).astype(int), 0, (lattice.nx, lattice.ny))
    i1, j1 = np.clip(np.ceil(every.max(axis=0)).astype(int), 0, (lattice.nx, lattice.ny))
    if i0 >= i1 or j0 >= j1:
        return
    turns = np.zeros((j1 - j0, i1 - i0 + 1), np.int32)
    for ring in rings:
        x1, y1 = ring.T
        x2, y2 = np.roll(ring, -1, axis=0).T
        first = np.clip(np.ceil(np.minimum(y1, y2) - 0.5).astype(int), j0, j1)
        last = np.clip(np.ceil(np.maximum(y1, y2) - 0.5).astype(int), j0, j1)  # rows whose middle the edge crosses
        count = last - first
        edge = np.repeat(np.arange(count.size), count)
        row = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[edge]
        share = (row + 0.5 - y1[edge]) / (y2 - y1)[edge]
        crossing = x1[edge] + share * (x2 - x1)[edge]
        column = np.clip(np.ceil(crossing - 0.5).astype(int), i0, i1)
        np.add.at(turns, (row - j0, column - i0), 1)
    inside = np.cumsum(turns[:, :-1], axis=1) % 2 == 1
    labels[j0:j1, i0:i1][inside] = number


def _in_cells(lattice: Lattice, ring: Sequence[tuple[float, float]]) -> Field:
    """A ring, open, in cells from the lower left corner."""
    points = (np.array(ring) - (lattice.west, lattice.south)) / lattice.step
    return points[:-1] if np.array_equal(points[0], points[-1]) else points


def along(path: Field, step: float) -> tuple[Field, Field, Field]:
    """Points along a path (n, 2) of degrees, no farther apart than ``step`` m: lon, lat, and the share of its length.

    The shares add up to one.
    """
    lon, lat = np.radians(path).T
    # short pieces: the plane at their middle is good to 1e-4
    east = np.diff(lon) * np.cos((lat[1:] + lat[:-1]) / 2)
    length = EARTH_RADIUS * np.hypot(east, np.diff(lat))
    pieces = np.maximum(np.ceil(length / step).astype(int), 1)
    leg = np.repeat(np.arange(length.size), pieces)
    at = (np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 0.5) / pieces[leg]
    points = path[leg] + at[:, None] * np.diff(path, axis=0)[leg]
    share = (length / pieces)[leg]
    total = share.sum()
    return points[:, 0], points[:, 1], share / total if total > 0 else np.full(share.size, 1 / share.size)


def points_of(path: str) -> Field:
    """(n, 2) degrees of a path ``lon lat; lon lat; ...``.

    Raises:
        ValueError: it is not two or more pairs of degrees.
    """
    try:
        found = np.array([[float(part) for part in pair.split()] for pair in path.split(";") if pair.strip()])
    except ValueError:
        found = np.empty(0)
    if found.ndim != 2 or found.shape[0] < 2 or found.shape[1] != 2 or np.any(np.abs(found) > (180, 90)):
        raise ValueError(f"path {path[:60]!r}: expected two or more points as 'lon lat; lon lat'")
    return np.asarray(found, np.float64)
