"""Model grids: nested square cells on a Lambert conformal map, with their true lengths, areas and volumes.

Arrays are float64, read-only, with y to the north, x to the east (in the sense of the map) and z from the ground up:
(z, y, x). Lengths on the map are divided by the map factor to give true ones; see `lantian.places.projection`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from lantian.places.levels import Levels, stretched
from lantian.places.projection import EARTH_RADIUS, Field, Projection

__all__ = ["EARTH_RADIUS", "Domain", "Field", "Grid", "Levels", "Projection", "nests", "stretched"]

_WIDEST = 150.0  # degrees of longitude from the central meridian: a grid stays clear of the cut on its far side
_DUST = 1e-6  # of a cell: corners nearer than this stand on the same point


def _fixed(values: ArrayLike) -> Field:
    """An array that its readers share and therefore cannot change."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


@dataclass(frozen=True)
class Grid:
    """``ny`` x ``nx`` square cells of ``spacing`` metres on the map; ``x0``, ``y0`` is the lower left corner.

    A nest names its ``parent``, has its projection and lies inside it. It is *aligned* when its outer faces stand on
    faces of the parent and its spacing divides the parent's; any other nest lies freely. Regridding conserves with
    both; only with an aligned one is each cell of the parent covered whole or not at all.

    Raises:
        ValueError: no cells, a grid around the pole or too far from the central meridian, or a nest that sticks out
            of its parent.
    """

    name: str
    projection: Projection
    x0: float
    y0: float
    spacing: float
    nx: int
    ny: int
    parent: Grid | None = None

    def __post_init__(self) -> None:
        if (
            not all(map(math.isfinite, (self.x0, self.y0, self.spacing)))
            or self.spacing <= 0
            or min(self.nx, self.ny) < 1
        ):
            raise ValueError(
                f"grid {self.name!r}: expected a finite corner, a positive spacing and at least one cell; "
                f"got {self.x0}, {self.y0}, {self.spacing} and {self.ny} x {self.nx}"
            )
        n, _, rho_0 = self.projection._cone
        theta = self.projection._polar(*np.meshgrid(self.x_faces[[0, -1]], self.y_faces[[0, -1]]))[1]
        tip = math.copysign(1, n) * (rho_0 - self.y_faces[[0, -1]])
        if tip.min() <= 0 or np.abs(np.degrees(theta / n)).max() > _WIDEST:
            raise ValueError(f"grid {self.name!r} reaches the pole, or {_WIDEST:.0f} degrees from the central meridian")
        if self.parent is not None:
            self._check_parent(self.parent)

    def _check_parent(self, parent: Grid) -> None:
        if parent.projection != self.projection or parent.spacing < self.spacing:
            raise ValueError(f"nest {self.name!r}: expected the projection of {parent.name!r} and no coarser cells")
        out = {
            "west": parent.x_faces[0] - self.x_faces[0],
            "east": self.x_faces[-1] - parent.x_faces[-1],
            "south": parent.y_faces[0] - self.y_faces[0],
            "north": self.y_faces[-1] - parent.y_faces[-1],
        }
        beyond = [f"{by / 1000:.3f} km in the {side}" for side, by in out.items() if by > _DUST * parent.spacing]
        if beyond:
            raise ValueError(f"nest {self.name!r} sticks out of {parent.name!r} by {', '.join(beyond)}")

    @property
    def aligned(self) -> bool:
        """Whether each cell of the parent is covered whole or not at all; false without a parent."""
        if self.parent is None:
            return False
        ratio = self.parent.spacing / self.spacing
        corner = np.array([self.x0 - self.parent.x0, self.y0 - self.parent.y0]) / self.parent.spacing
        numbers = np.array([ratio, *corner, *(corner + np.array([self.nx, self.ny]) / ratio)])
        return bool(np.all(np.abs(numbers - np.rint(numbers)) <= _DUST))

    @property
    def x(self) -> Field:
        """(nx,) centres of the cells, m on the map."""
        return _fixed(self.x0 + self.spacing * (np.arange(self.nx) + 0.5))

    @property
    def y(self) -> Field:
        """(ny,) centres of the cells, m on the map."""
        return _fixed(self.y0 + self.spacing * (np.arange(self.ny) + 0.5))

    @property
    def x_faces(self) -> Field:
        """(nx + 1,) faces of the cells, m on the map."""
        return _fixed(self.x0 + self.spacing * np.arange(self.nx + 1))

    @property
    def y_faces(self) -> Field:
        """(ny + 1,) faces of the cells, m on the map."""
        return _fixed(self.y0 + self.spacing * np.arange(self.ny + 1))

    @cached_property
    def _lonlat(self) -> tuple[Field, Field]:
        lon, lat = self.projection.inverse(*np.meshgrid(self.x, self.y))
        return _fixed(lon), _fixed(lat)

    @property
    def lon(self) -> Field:
        """(ny, nx) degrees east of the centres."""
        return self._lonlat[0]

    @property
    def lat(self) -> Field:
        """(ny, nx) degrees north of the centres."""
        return self._lonlat[1]

    @cached_property
    def map_factor(self) -> Field:
        """(ny, nx) distance on the map over distance on the earth, at the centres."""
        return _fixed(self.projection.map_factor(*np.meshgrid(self.x, self.y)))

    @cached_property
    def north(self) -> Field:
        """(ny, nx) rad from the y axis to true north at the centres; see `Projection.north`."""
        return _fixed(self.projection.north(*np.meshgrid(self.x, self.y)))

    @cached_property
    def cell_area(self) -> Field:
        """(ny, nx) true m2."""
        return _fixed((self.spacing / self.map_factor) ** 2)

    @cached_property
    def face_length_x(self) -> Field:
        """(ny, nx + 1) true length in m of the faces that flow along x crosses.

        The map stretches all directions alike, so this is also the true distance between the centres on both sides.
        """
        return _fixed(self.spacing / self.projection.map_factor(*np.meshgrid(self.x_faces, self.y)))

    @cached_property
    def face_length_y(self) -> Field:
        """(ny + 1, nx) true length in m of the faces that flow along y crosses, and distance between the centres."""
        return _fixed(self.spacing / self.projection.map_factor(*np.meshgrid(self.x, self.y_faces)))

    def locate(self, lon: float, lat: float) -> tuple[int, int]:
        """The cell (j, i) that holds a point; a point on a face belongs to the cell north or east of it.

        Raises:
            ValueError: the point lies outside; the message says how far.
        """
        x, y = (float(value) for value in self.projection.forward(lon, lat))
        i, j = math.floor((x - self.x0) / self.spacing), math.floor((y - self.y0) / self.spacing)
        if 0 <= i < self.nx and 0 <= j < self.ny:
            return j, i
        out = {
            "west": self.x_faces[0] - x,
            "east": x - self.x_faces[-1],
            "south": self.y_faces[0] - y,
            "north": y - self.y_faces[-1],
        }
        beyond = " and ".join(f"{by / 1000:.3f} km {side}" for side, by in out.items() if by >= 0)
        raise ValueError(f"{lon:.4f} E {lat:.4f} N lies {beyond} of grid {self.name!r}")

    def nest(self, name: str, ratio: int, i: int, j: int, nx: int, ny: int) -> Grid:
        """An aligned nest of ``ny`` x ``nx`` cells, ``ratio`` of them along each of ours.

        Its lower left corner is that of our cell (j, i).

        Raises:
            ValueError: ``nx`` or ``ny`` is no multiple of ``ratio``, or the nest sticks out.
        """
        if ratio < 1 or nx % ratio or ny % ratio:
            raise ValueError(f"nest {name!r}: {ny} x {nx} cells do not fill cells of {self.name!r} at {ratio} to 1")
        x0, y0 = self.x0 + i * self.spacing, self.y0 + j * self.spacing
        return Grid(name, self.projection, x0, y0, self.spacing / ratio, nx, ny, self)

    def dataset(self) -> xr.Dataset:
        """CF coordinates ``x``, ``y``, ``lon``, ``lat``, grid mapping ``crs``, and ``cell_area`` and ``map_factor``."""
        plane, standard = ("y", "x"), "projection_{}_coordinate"
        fields = {"cell_area": (self.cell_area, "m2"), "map_factor": (self.map_factor, "1")}
        return xr.Dataset(
            {
                name: (plane, values, {"units": units, "grid_mapping": "crs"})
                for name, (values, units) in fields.items()
            },
            {
                "x": ("x", self.x, {"units": "m", "axis": "X", "standard_name": standard.format("x")}),
                "y": ("y", self.y, {"units": "m", "axis": "Y", "standard_name": standard.format("y")}),
                "lon": (plane, self.lon, {"units": "degrees_east", "standard_name": "longitude"}),
                "lat": (plane, self.lat, {"units": "degrees_north", "standard_name": "latitude"}),
                "crs": ((), 0, self.projection.cf()),
            },
            {"Conventions": "CF-1.11", "grid": self.name, "spacing_m": self.spacing},
        )


def nests(
    lon: float,
    lat: float,
    spacings: Sequence[float] = (30_000, 10_000, 3_000, 1_000),
    cells: Sequence[int | tuple[int, int]] = (70, 90, 100, 201),
    projection: Projection | None = None,
) -> list[Grid]:
    """Grids ``d01``, ``d02``, ... around a place, each the parent of the next, of any number and any ratio.

    ``spacings`` in metres, the coarsest first; ``cells`` for each grid, a number or (ny, nx). A nest whose size is a
    whole number of its parent's cells, at a whole ratio, is aligned with them and centred to within half a cell of the
    parent; any other (10 to 3 km) lies freely, the place at its exact centre. Without ``projection`` the map is centred
    at the place with true scale 5 degrees south and north of it, which keeps the map factor within 1 % of one over
    2 000 km.

    Raises:
        ValueError: lists of different lengths, or a nest that does not fit into its parent.
    """
    projection = projection or Projection(lat - 5, lat + 5, lat, lon)
    x, y = (float(value) for value in projection.forward(lon, lat))
    made: list[Grid] = []
    for number, (spacing, size) in enumerate(zip(spacings, cells, strict=True), start=1):
        ny, nx = (size, size) if isinstance(size, int) else size
        x0, y0 = x - nx * spacing / 2, y - ny * spacing / 2
        parent = made[-1] if made else None
        if parent is not None:
            ratio = parent.spacing / spacing
            whole = (ratio, nx / ratio, ny / ratio)
            if all(abs(value - round(value)) <= _DUST for value in whole):
                x0 = parent.x0 + round((x0 - parent.x0) / parent.spacing) * parent.spacing
                y0 = parent.y0 + round((y0 - parent.y0) / parent.spacing) * parent.spacing
        made.append(Grid(f"d{number:02d}", projection, x0, y0, spacing, nx, ny, parent))
    return made


def _to_faces(values: Field, axis: int) -> Field:
    """Means of neighbours at the faces along an axis; at the edge the cell's own value."""
    padded = np.pad(values, [(1, 1) if at == axis else (0, 0) for at in range(values.ndim)], mode="edge")
    along = np.moveaxis(padded, axis, 0)
    return np.moveaxis((along[1:] + along[:-1]) / 2, 0, axis)


@dataclass(frozen=True, eq=False)
class Domain:
    """A grid with levels over a terrain: the geometry that the transport needs, in true metres.

    ``terrain`` is (ny, nx) m above the sea, ``base`` as in `Levels`. With density rho at the faces, a wind u, v along
    the map's axes and w upward carries, in kg s-1, ``rho u face_area_x``, ``rho v face_area_y`` and
    ``rho cell_area (w - (1 - zeta/H) (u slope_x + v slope_y))`` through them.
    The last is the wind across the surfaces of Gal-Chen and Somerville (1975, J. Comput. Phys. 17:209).

    Raises:
        ValueError: terrain that is not of the grid's shape, and what `Levels` refuses.
    """

    grid: Grid
    levels: Levels
    terrain: Field
    base: float | None = None

    def __post_init__(self) -> None:
        if np.shape(self.terrain) != (self.grid.ny, self.grid.nx):
            raise ValueError(f"terrain: expected {self.grid.ny} x {self.grid.nx} cells, got {np.shape(self.terrain)}")
        object.__setattr__(self, "terrain", _fixed(self.terrain))
        object.__setattr__(self, "base", self.levels.relief(self.terrain, self.base)[1])

    @cached_property
    def heights(self) -> Field:
        """(n + 1, ny, nx) m above the sea, of the layers' faces."""
        return _fixed(self.levels.heights(self.terrain, self.base))

    @cached_property
    def jacobian(self) -> Field:
        """(ny, nx) dz/dzeta."""
        return _fixed(self.levels.jacobian(self.terrain, self.base))

    @cached_property
    def thickness(self) -> Field:
        """(n, ny, nx) m."""
        return _fixed(self.levels.thickness(self.terrain, self.base))

    @cached_property
    def volume(self) -> Field:
        """(n, ny, nx) m3."""
        return _fixed(self.grid.cell_area * self.thickness)

    @cached_property
    def face_area_x(self) -> Field:
        """(n, ny, nx + 1) m2 of the upright faces that flow along x crosses; as high as the mean of both neighbours."""
        return _fixed(self.grid.face_length_x * _to_faces(self.thickness, 2))

    @cached_property
    def face_area_y(self) -> Field:
        """(n, ny + 1, nx) m2 of the upright faces that flow along y crosses."""
        return _fixed(self.grid.face_length_y * _to_faces(self.thickness, 1))

    @property
    def distance_x(self) -> Field:
        """(ny, nx + 1) true m between the centres on both sides of a face; at the edge, to a cell beyond it."""
        return self.grid.face_length_x

    @property
    def distance_y(self) -> Field:
        """(ny + 1, nx) true m between the centres on both sides of a face."""
        return self.grid.face_length_y

    @cached_property
    def distance_z(self) -> Field:
        """(n - 1, ny, nx) m between the centres of layers that lie on each other."""
        return _fixed((self.thickness[1:] + self.thickness[:-1]) / 2)

    @cached_property
    def slope_x(self) -> Field:
        """(ny, nx + 1) rise of the terrain along x over true distance; at the edge 0, as the ground goes on level."""
        rise = np.diff(self.terrain, axis=1, prepend=self.terrain[:, :1], append=self.terrain[:, -1:])
        return _fixed(rise / self.distance_x)

    @cached_property
    def slope_y(self) -> Field:
        """(ny + 1, nx) rise of the terrain along y over true distance; at the edge 0."""
        rise = np.diff(self.terrain, axis=0, prepend=self.terrain[:1], append=self.terrain[-1:])
        return _fixed(rise / self.distance_y)
