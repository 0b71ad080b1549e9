"""Regridding that conserves: amounts, means and fluxes from one set of cells to another by the area that both share.

A shared area is a true one: each piece is divided by the square of the map factor in its middle, so that a uniform flux
stays uniform however coarse the source is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse  # type: ignore[import-untyped]

from lantian.places.grid import EARTH_RADIUS, Field, Grid
from lantian.places.overlap import Pieces, outline, polygons, rectangles

_WHOLE: Final = 1 - 1e-7  # of a cell's area on the map: covered wholly but for rounding


class Sheet(Protocol):
    """Values on a regular grid of longitude and latitude, such as `lantian.places.terrain.Terrain`."""

    @property
    def lon(self) -> Field:
        """(nx,) degrees east of the centres, rising or falling."""

    @property
    def lat(self) -> Field:
        """(ny,) degrees north of the centres, rising or falling."""

    @property
    def height(self) -> Field:
        """(ny, nx) metres above the sea; NaN where unknown, at sea."""


@dataclass(frozen=True, eq=False)
class Regridder:
    """Weights from source cells to the cells of a target grid; made by `between`, `from_lonlat` and `from_points`.

    ``overlap`` (target cells, source cells): true m2 that both share. ``source_area`` in the shape of the source and
    ``target_area`` (ny, nx): true m2. Of points, which have no area, each counts as one: ``overlap`` is then 0 or 1 and
    ``target_area`` the number of points in each cell. The methods take arrays (..., *source shape), two dimensions for
    cells and one for points, and give float64 (..., ny, nx).
    """

    overlap: sparse.csr_array
    source_area: Field
    target_area: Field

    @classmethod
    def between(cls, source: Grid, target: Grid) -> Regridder:
        """From one grid to another, of the same projection or not, finer or coarser, aligned or not."""
        area = source.cell_area
        if source.projection == target.projection:
            return cls._build(rectangles(source, target), np.full(area.shape, source.spacing**2), area, target)
        u, v = (np.stack([faces[:-1], faces[1:]], axis=1) for faces in (source.x_faces, source.y_faces))
        pieces, drawn = polygons(u, v, source.projection.inverse, source.projection.forward, target)
        return cls._build(pieces, drawn, area, target)

    @classmethod
    def from_lonlat(cls, lon_edges: ArrayLike, lat_edges: ArrayLike, target: Grid) -> Regridder:
        """From cells between edges of longitude and latitude in degrees, rising or falling; longitudes in any turn.

        Raises:
            ValueError: edges that are not one rising or falling list, latitudes beyond 90, or more than one turn.
        """
        lon, lat = _edges(lon_edges, "lon_edges"), _edges(lat_edges, "lat_edges")
        if abs(lon[-1] - lon[0]) > 360 * (1 + 1e-9) or np.abs(lat).max() > 90 + 1e-9:
            raise ValueError("expected lon_edges within one turn and lat_edges within 90 degrees")
        lat = np.clip(lat, -90, 90)
        u, v = np.stack([lon[:-1], lon[1:]], axis=1), np.stack([lat[:-1], lat[1:]], axis=1)
        # each cell in the turn that is nearest to the map's middle
        u = u - 360 * np.rint((u.mean(axis=1, keepdims=True) - target.projection.lon_0) / 360)
        area = EARTH_RADIUS**2 * np.abs(np.diff(np.sin(np.radians(v)))) @ np.abs(np.diff(np.radians(u))).T
        pieces, drawn = polygons(u, v, lambda u, v: (u, v), lambda lon, lat: (lon, lat), target)
        return cls._build(pieces, drawn, area, target)

    @classmethod
    def from_points(cls, lon: ArrayLike, lat: ArrayLike, target: Grid) -> Regridder:
        """From n points, degrees east and north, each into the cell that holds it."""
        x, y = target.projection.forward(np.ravel(lon), np.ravel(lat))
        i = np.floor((x - target.x0) / target.spacing).astype(np.intp)
        j = np.floor((y - target.y0) / target.spacing).astype(np.intp)
        inside = np.flatnonzero((i >= 0) & (i < target.nx) & (j >= 0) & (j < target.ny))
        cell = j[inside] * target.nx + i[inside]
        shape = target.ny * target.nx, x.size
        overlap = sparse.csr_array((np.ones(inside.size), (cell, inside)), shape=shape)
        number = np.bincount(cell, minlength=shape[0]).astype(np.float64).reshape(target.ny, target.nx)
        return cls(overlap, np.ones(x.size), number)

    @classmethod
    def _build(cls, pieces: Pieces, drawn: Field, source_area: Field, target: Grid) -> Regridder:
        """Weights of which those of a source cell that lies wholly inside add up to its area.

        ``drawn``: the area of each source cell on the map; infinite for cells nowhere near.
        """
        s, t, area, x, y = pieces
        true = area / target.projection.map_factor(x, y) ** 2
        n = source_area.size
        shared = np.bincount(s, true, n)
        whole = np.bincount(s, area, n) >= _WHOLE * drawn.ravel()
        # a cell partly inside keeps its true shared area, but no more than it has
        full = np.where(whole, shared, np.maximum(shared, source_area.ravel()))
        scale = np.divide(source_area.ravel(), full, out=np.zeros(n), where=full > 0)
        shape = target.ny * target.nx, n
        return cls(sparse.csr_array((true * scale[s], (t, s)), shape=shape), source_area, target.cell_area)

    @property
    def _points(self) -> bool:
        return self.source_area.ndim == 1

    @cached_property
    def inside(self) -> Field:
        """The share 0..1 of each source cell that lies inside the target, in the shape of the source."""
        share = np.asarray(self.overlap.sum(axis=0)).reshape(self.source_area.shape) / self.source_area
        share[np.abs(share - 1) < 1e-12] = 1.0
        return share

    @cached_property
    def coverage(self) -> Field:
        """(ny, nx) the share of each target cell that source cells cover; of points, their number."""
        known = np.asarray(self.overlap.sum(axis=1)).reshape(self.target_area.shape)
        return known if self._points else known / self.target_area

    def amount(self, values: ArrayLike) -> Field:
        """Amounts in each cell, such as kg s-1: each source cell is shared out by area.

        Raises:
            ValueError: the shape is not the source's, or a value is missing: fill it first, as an unknown
                amount is not 0.
        """
        return self._apply(self._complete(values) / self.source_area)

    def flux(self, values: ArrayLike) -> Field:
        """Amounts per area, such as kg m-2 s-1, over the true areas of source and target: their product is conserved.

        Raises:
            ValueError: as `amount`; and for points, which have no area.
        """
        if self._points:
            raise ValueError("points have no area: regrid amounts, and divide them by the area of the target's cells")
        return self._apply(self._complete(values)) / self.target_area

    def mean(self, values: ArrayLike, least: float = 0.5) -> Field:
        """Means by area (of points, over points) of what does not add up, such as a temperature or a height.

        A missing (NaN) source value counts for nothing. A target cell is NaN where less than the share ``least`` of it,
        0 to 1, is known (of points, of those in the cell), and where nothing is.
        """
        given = self._shaped(values)
        present = np.isfinite(given)
        known = self._apply(present)
        total = self._apply(np.where(present, given, 0.0))
        enough = (known > 0) & (known >= least * self.target_area * (1 - 1e-6))
        return np.where(enough, total / np.where(known > 0, known, 1.0), np.nan)

    def lost(self, values: ArrayLike) -> Field:
        """The sum of the amounts that fall outside the target, (...); with the sum of `amount` it gives all of them."""
        given = self._complete(values) * (1 - self.inside)
        return np.asarray(given.sum(axis=tuple(range(-self.source_area.ndim, 0))))

    def _shaped(self, values: ArrayLike) -> Field:
        given = np.asarray(values, np.float64)
        shape = self.source_area.shape
        if given.shape[-len(shape) :] != shape:
            raise ValueError(f"values of shape {given.shape}: expected (..., {', '.join(map(str, shape))})")
        return given

    def _complete(self, values: ArrayLike) -> Field:
        given = self._shaped(values)
        missing = int(given.size - np.count_nonzero(np.isfinite(given)))
        if missing:
            raise ValueError(
                f"{missing} of {given.size} values are missing or infinite; amounts must be known everywhere"
            )
        return given

    def _apply(self, values: ArrayLike) -> Field:
        given = np.asarray(values, np.float64)
        lead = given.shape[: given.ndim - self.source_area.ndim]
        flat = self.overlap @ given.reshape(math.prod(lead), self.source_area.size).T
        return np.asarray(flat.T.reshape(*lead, *self.target_area.shape))


def ground_height(sheet: Sheet, target: Grid, beyond: float | None = None) -> Field:
    """(ny, nx) mean height of a sheet over the cells of a grid, m above the sea; the sea itself (NaN) counts as 0.

    ``beyond``: the height to take where the sheet ends.

    Raises:
        ValueError: the sheet does not cover the grid and ``beyond`` is not given; the message says what is needed.
    """
    lon, lat = (_between(_edges(at, f"the sheet's {name}")) for name, at in (("lon", sheet.lon), ("lat", sheet.lat)))
    regridder = Regridder.from_lonlat(lon, np.clip(lat, -90, 90), target)
    coverage = np.clip(regridder.coverage, 0, 1)
    mean = regridder.mean(np.nan_to_num(sheet.height), least=0)
    bare = coverage < 1 - 1e-3  # less is the difference between an edge and its drawing
    if beyond is None and np.any(bare):
        east, north = outline(target)
        raise ValueError(
            f"grid {target.name!r}: {np.count_nonzero(bare)} of {bare.size} cells lie beyond the sheet, which covers "
            f"{lon.min():.3f} to {lon.max():.3f} E and {lat.min():.3f} to {lat.max():.3f} N; needed are "
            f"{east.min():.3f} to {east.max():.3f} E and {north.min():.3f} to {north.max():.3f} N"
        )
    return np.where(bare, coverage * np.nan_to_num(mean) + (1 - coverage) * (beyond or 0.0), mean)


def _edges(values: ArrayLike, name: str) -> Field:
    edges = np.asarray(values, np.float64)
    steps = np.diff(edges)
    if edges.ndim != 1 or edges.size < 2 or not (np.all(steps > 0) or np.all(steps < 0)):
        raise ValueError(f"{name}: expected two or more numbers that rise or fall")
    return edges


def _between(centres: Field) -> Field:
    """The edges of cells of which the centres are given: half-way, and as far beyond the first and the last."""
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])
