"""What the cells of two grids share: pieces with their area on the map and their middle.

Cells of grids with the same projection overlap in rectangles. All others are drawn as polygons on the target's map,
their edges bent as finely as the target can see; neighbours have the same points on their common edge, so that no slits
appear.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from lantian.places.grid import Field, Grid

Index = NDArray[np.intp]
ToLonLat = Callable[[Field, Field], tuple[Field, Field]]
"""Coordinates to longitude and latitude, or back."""

_DUST: Final = 1e-9  # of the target's spacing: thinner slivers come from rounding
_BEND: Final = 1e-3  # of the target's spacing: how far a drawn edge may lie from the true one
_FINEST: Final = 64  # parts of an edge, and of a side of the target when its outline is followed
_SAMPLE: Final = 32  # rows and columns of cells in which the bend of the edges is measured
_BLOCK: Final = 200_000  # cells drawn at once, to bound the memory


class Pieces(NamedTuple):
    """What source and target cells share: their numbers, the area on the map in m2, and its middle in m on the map."""

    source: Index
    target: Index
    area: Field
    x: Field
    y: Field


def rectangles(source: Grid, target: Grid) -> Pieces:
    """Pieces of two grids with the same projection, from the common intervals of their rows and columns."""
    i_s, i_t, width, x = _intervals(source.x_faces, target.x_faces)
    j_s, j_t, height, y = _intervals(source.y_faces, target.y_faces)
    return Pieces(
        (j_s[:, None] * source.nx + i_s).ravel(),
        (j_t[:, None] * target.nx + i_t).ravel(),
        (height[:, None] * width).ravel(),
        np.tile(x, y.size),
        np.repeat(y, x.size),
    )


def _intervals(source: Field, target: Field) -> tuple[Index, Index, Field, Field]:
    """The common intervals of two rising lists of faces: their numbers in both, lengths and middles."""
    cuts = np.unique(np.concatenate([source, target]))
    length, middle = np.diff(cuts), (cuts[1:] + cuts[:-1]) / 2
    s, t = (np.searchsorted(faces, middle) - 1 for faces in (source, target))
    shared = (s >= 0) & (s < source.size - 1) & (t >= 0) & (t < target.size - 1)
    shared &= length > _DUST * (target[1] - target[0])
    return s[shared], t[shared], length[shared], middle[shared]


def outline(grid: Grid) -> tuple[Field, Field]:
    """Longitudes, in the turn around the central meridian, and latitudes of points along the edge of a grid."""
    x = np.linspace(grid.x_faces[0], grid.x_faces[-1], max(grid.nx, _FINEST) + 1)
    y = np.linspace(grid.y_faces[0], grid.y_faces[-1], max(grid.ny, _FINEST) + 1)
    along = np.concatenate([x, x, np.full(y.size, x[0]), np.full(y.size, x[-1])])
    across = np.concatenate([np.full(x.size, y[0]), np.full(x.size, y[-1]), y, y])
    lon, lat = grid.projection.inverse(along, across)
    return _turned(lon, grid), lat


def _turned(lon: Field, grid: Grid) -> Field:
    """Longitudes in the turn around the central meridian of a grid's map."""
    middle = grid.projection.lon_0
    turned: Field = lon - 360 * np.rint((lon - middle) / 360)
    return turned


def polygons(u: Field, v: Field, to_lonlat: ToLonLat, from_lonlat: ToLonLat, target: Grid) -> tuple[Pieces, Field]:
    """Pieces of the cells ``u`` (nx, 2) by ``v`` (ny, 2), given by their edges in coordinates of their own.

    The second result (ny, nx) is the area of each cell on the target's map, infinite for cells that lie nowhere near.
    """
    reach = from_lonlat(*outline(target))
    columns, rows = (_near(edges, at) for edges, at in zip((u, v), reach, strict=True))
    drawn = np.full((v.shape[0], u.shape[0]), np.inf)
    found: list[Pieces] = []
    if columns.size and rows.size:
        p, q = _ring(u[columns], v[rows], to_lonlat, target)
        for some in np.array_split(rows, math.ceil(rows.size * columns.size / _BLOCK)):
            cells = np.ix_(some, columns)
            lon, lat = _mesh(u[columns] @ np.stack([1 - p, p]), v[some] @ np.stack([1 - q, q]), to_lonlat)
            # a cell across the cut on the far side of the map, where the target cannot be, has no outline on it
            lon = _turned(lon, target)
            whole = np.ptp(lon, axis=-1) < 180
            number = np.arange(drawn.size).reshape(drawn.shape)[cells][whole]
            x, y = target.projection.forward(lon[whole], lat[whole])
            x, y = x - target.x0, y - target.y0
            area = _shoelace(x, y)
            drawn.ravel()[number] = area
            found.extend(_cut(number, x, y, area, target))
    parts = [np.concatenate(part) for part in zip(*found, strict=True)] if found else [np.zeros(0)] * 5
    source, at, area, x, y = parts
    return Pieces(source.astype(np.intp), at.astype(np.intp), area, x + target.x0, y + target.y0), drawn


def _near(edges: Field, reach: Field) -> Index:
    """The cells whose edges come within reach, or 1 % of it more."""
    margin = 0.01 * np.ptp(reach)
    return np.flatnonzero((edges.max(1) >= reach.min() - margin) & (edges.min(1) <= reach.max() + margin))


def _mesh(u: Field, v: Field, to_lonlat: ToLonLat) -> tuple[Field, Field]:
    """Longitude and latitude (ny, nx, points) of the outlines of cells; ``u`` (nx, points), ``v`` (ny, points)."""
    shape = v.shape[0], u.shape[0], u.shape[1]
    return to_lonlat(np.broadcast_to(u[None], shape), np.broadcast_to(v[:, None], shape))


def _ring(u: Field, v: Field, to_lonlat: ToLonLat, target: Grid) -> tuple[Field, Field]:
    """The points of a cell's outline as shares of its width and height, as many as the bend of the edges asks for.

    In n parts a curve lies n^2 times nearer to its chords than in one, to leading order; own.
    """
    u, v = (edges[:: math.ceil(len(edges) / _SAMPLE)] for edges in (u, v))
    ends, middle = np.array([[1, 0.5, 0], [0, 0.5, 1]]), np.array([[1, 1, 1], [0, 0, 0]])
    parts = []
    for along_u, along_v in ((ends, middle), (middle, ends)):
        lon, lat = _mesh(u @ along_u, v @ along_v, to_lonlat)
        x, y = target.projection.forward(lon, lat)
        dx, dy = x[..., 1:] - x[..., :1], y[..., 1:] - y[..., :1]
        length = np.hypot(dx[..., 1], dy[..., 1])
        aside = np.abs(dx[..., 0] * dy[..., 1] - dx[..., 1] * dy[..., 0]) / np.where(length > 0, length, 1)
        # across the cut an edge seems to bend without end; such cells are left out later
        bend = np.max(aside, where=np.ptp(_turned(lon, target), axis=-1) < 180, initial=0)
        parts.append(min(_FINEST, max(1, math.ceil(math.sqrt(bend / (_BEND * target.spacing))))))
    p, q = (np.arange(n) / n for n in parts)
    right, left = (np.concatenate(side) for side in ((p, np.ones_like(q), 1 - p, 0 * q), (0 * p, q, 0 * p + 1, 1 - q)))
    return right, left


def _shoelace(x: Field, y: Field) -> Field:
    """The area of polygons by Gauss's formula, from the coordinates of their points along the last axis."""
    x, y = x - x[..., :1], y - y[..., :1]  # near the origin, where no digits are lost
    twice: Field = np.abs(np.sum(x * np.roll(y, -1, -1) - y * np.roll(x, -1, -1), axis=-1))
    return twice / 2


def _cut(number: Index, x: Field, y: Field, area: Field, target: Grid) -> list[Pieces]:
    """The pieces of polygons (n, points), from the target's corner, by the target's cells."""
    size = target.spacing
    i, j = (np.floor(np.stack([at.min(-1), at.max(-1)]) / size).astype(np.intp) for at in (x, y))
    near = (i[1] >= 0) & (i[0] < target.nx) & (j[1] >= 0) & (j[0] < target.ny)
    # most small cells lie in one cell of the target, and need no scissors
    single = near & (i[0] == i[1]) & (j[0] == j[1])
    inner = Pieces(
        number[single], (j[0] * target.nx + i[0])[single], area[single], x[single].mean(-1), y[single].mean(-1)
    )
    many = near & ~single
    i, j = np.clip(i[:, many], 0, target.nx - 1), np.clip(j[:, many], 0, target.ny - 1)
    wide, high = i[1] - i[0] + 1, j[1] - j[0] + 1
    of = np.repeat(np.arange(wide.size), wide * high)
    step = np.arange(of.size) - np.repeat(np.cumsum(wide * high) - wide * high, wide * high)
    i, j = i[0][of] + step % wide[of], j[0][of] + step // wide[of]
    shapes = shapely.polygons(np.stack([x[many], y[many]], axis=-1))
    shared = shapely.intersection(shapes[of], shapely.box(i * size, j * size, (i + 1) * size, (j + 1) * size))
    shared_area = shapely.area(shared)
    some = shared_area > (_DUST * size) * size
    middle = shapely.centroid(shared[some])
    cells = (j * target.nx + i)[some]
    return [
        inner,
        Pieces(number[many][of[some]], cells, shared_area[some], shapely.get_x(middle), shapely.get_y(middle)),
    ]
