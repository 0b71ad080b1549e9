"""Air in which the ladder tests the engine, made by formula: winds over hills, and a plain box.

The hills are a `lantian.places.grid.Domain` with true areas, map factors and terrain-following levels; over them blow
winds with shear, convergence below and divergence aloft, and wind, density and mixing change within the hour. In the
box everything is constant but the profiles, so that analytic solutions hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import DTypeLike
from numpy.typing import ArrayLike, NDArray

from lantian.places.grid import Domain, nests
from lantian.places.levels import Levels, stretched
from lantian.transport.hour import Edges, Hour, close
from lantian.transport.step import advance, retreat

Volume = NDArray[np.float64]
Speeds = Callable[[Volume, Volume, Volume, float], tuple[Volume, Volume]]
"""Eastward and northward m s-1 at (height over top 0..1, x and y over the width -0.5..0.5, hours since the start)."""

NY, NX, LAYERS = 24, 30, 10
"""Cells of the hills: 1 km wide, the lowest 40 m high, up to 2 km."""
TOP: Final = 2000.0
SUMMIT: Final = 500.0
EMITTED: Final = 3
"""Layers that receive emission over the hills."""
DENSITY: Final = 1.2
"""kg m-3 at the ground; it falls with a scale height of 8.5 km."""

forth = jax.jit(advance, static_argnames=("intervals", "processes", "keep", "adjoint"))
back = jax.jit(retreat, static_argnames=("intervals", "processes"))


@dataclass(frozen=True)
class Wind:
    """A wind by formula. ``follows``: each layer's air follows the terrain; else it blows level against the hills."""

    name: str
    zh: str
    speeds: Speeds
    follows: bool = True


def _veering(z: Volume, x: Volume, y: Volume, t: float) -> tuple[Volume, Volume]:
    """3 to 12 m/s, turning by 70 degrees with height and slowly with time."""
    speed, angle = 3 + 9 * z**0.5, 0.3 + 1.2 * z + 0.15 * t
    still = 0 * (x + y)
    return speed * np.cos(angle) + still, speed * np.sin(angle) + still


def _breeze(z: Volume, x: Volume, y: Volume, t: float) -> tuple[Volume, Volume]:
    """Towards the middle near the ground and away from it aloft, as much air each way, in a weak wind that turns."""
    strength = 4 * np.cos(np.pi * z) * (1 + 0.1 * t)
    east = 2 + 0.2 * t - strength * np.sin(2 * np.pi * x) * np.cos(np.pi * y)
    return east, 1 - 0.3 * t - strength * np.cos(np.pi * x) * np.sin(2 * np.pi * y)


def _vortex(z: Volume, x: Volume, y: Volume, t: float) -> tuple[Volume, Volume]:
    """An eddy over the city that the wind aloft does not share, drifting."""
    eddy = 6 * (1 - z)
    return 1.5 + 5 * z - eddy * np.sin(2 * np.pi * y), 0.5 * t + eddy * np.sin(2 * np.pi * (x - 0.03 * t))


SHEARED: Final = Wind("sheared", "切变风", _veering)
DIVERGENT: Final = Wind("divergent", "辐合辐散风", _breeze)
EDDY: Final = Wind("eddy", "涡旋风", _vortex)
LEVEL: Final = Wind("level, against hills", "迎山平流", _veering, follows=False)


@cache
def hills(ny: int = NY, nx: int = NX, layers: int = LAYERS) -> Domain:
    """A plain with two hills and a ridge."""
    grid = nests(116.4, 39.9, (1000,), ((ny, nx),))[0]
    x, y = np.meshgrid((np.arange(nx) + 0.5) / nx - 0.5, (np.arange(ny) + 0.5) / ny - 0.5)
    first = SUMMIT / (1 + 60 * ((x - 0.2) ** 2 + (y - 0.15) ** 2))
    second = 0.6 * SUMMIT / (1 + 90 * ((x + 0.3) ** 2 + y**2))
    ridge = 0.5 * SUMMIT * np.exp(-40 * (x + y + 0.6) ** 2)
    return Domain(grid, Levels(stretched(layers, 40.0, TOP)), first + second + ridge, 0.0)


class _Moment(NamedTuple):
    """The air at one end of an hour; names and units as in `Hour`, without the first axis."""

    mass: Volume
    flux_x: Volume
    flux_y: Volume
    exchange: Volume
    swap_x: Volume
    swap_y: Volume
    ground_density: Volume


def _to_faces(values: Volume, axis: int) -> Volume:
    """Means of neighbours; nothing at the outer faces, through which no diffusion goes."""
    along = np.moveaxis(values, axis, 0)
    nothing = np.zeros_like(along[:1])
    return np.moveaxis(np.concatenate([nothing, (along[1:] + along[:-1]) / 2, nothing]), 0, axis)


def _moment(wind: Wind, domain: Domain, t: float, diffusivity: float) -> _Moment:
    grid, levels = domain.grid, np.array(domain.levels.faces)[:, None, None]
    x, x_face = ((at - grid.x.mean()) / (grid.nx * grid.spacing) for at in (grid.x, grid.x_faces))
    y, y_face = ((at - grid.y.mean())[:, None] / (grid.ny * grid.spacing) for at in (grid.y, grid.y_faces))
    z, thickness = (levels[1:] + levels[:-1]) / 2 / levels[-1], np.diff(levels, axis=0)
    profile = DENSITY * np.exp(-z * levels[-1] / 8500)
    density = profile * (1 + 0.004 * np.sin(0.8 * t + 3 * x + 2 * y))  # pressure rises here and falls there
    areas = domain.face_area_x, domain.face_area_y
    if wind.follows:
        areas = thickness * grid.face_length_x, thickness * grid.face_length_y
    inner = levels[1:-1]
    k = 0.5 + 0.12 * inner * np.maximum(1 - inner / (600 + 150 * t), 0) ** 2
    return _Moment(
        density * domain.volume,
        profile * areas[0] * wind.speeds(z, x_face, y, t)[0],
        profile * areas[1] * wind.speeds(z, x, y_face, t)[1],
        (density[1:] + density[:-1]) / 2 * k * grid.cell_area / domain.distance_z,
        diffusivity * _to_faces(density, 2) * domain.face_area_x / domain.distance_x,
        diffusivity * _to_faces(density, 1) * domain.face_area_y / domain.distance_y,
        density[0],
    )


def hour(
    wind: Wind,
    begin: float = 0.0,
    *,
    domain: Domain | None = None,
    emission: ArrayLike | None = None,
    edge: ArrayLike = 0.0,
    velocity: float | Sequence[float] = 0.0,
    species: int = 4,
    diffusivity: float = 200.0,
    dtype: DTypeLike = jnp.float32,
) -> Hour:
    """The hour over the hills that begins ``begin`` hours after the start.

    ``emission`` (layers, species, y, x) ug s-1, nothing if not given; ``edge`` mixing ratio beyond the edges in ug
    kg-1, one or a profile (z,); ``velocity`` of deposition in m s-1, one or one for each of the ``species``;
    horizontal ``diffusivity`` in m2 s-1.
    """
    domain = domain or hills()
    grid, n = domain.grid, domain.levels.n
    ends = (_moment(wind, domain, t, diffusivity) for t in (begin, begin + 1))
    air = _Moment(*(np.stack(pair) for pair in zip(*ends, strict=True)))
    speed = np.broadcast_to(velocity, species)[:, None, None]
    if emission is None:
        emission = np.zeros((EMITTED, species, grid.ny, grid.nx))
    edges = _edges(np.broadcast_to(edge, n), species, grid.ny, grid.nx)
    return _made(air, air.ground_density[:, None] * speed * grid.cell_area, emission, edges, dtype)


def _edges(profile: ArrayLike, species: int, ny: int, nx: int) -> Edges:
    """The same ``profile`` (z,) beyond all edges, its highest value above the top."""
    level = np.asarray(profile)[None, :, None, None]
    side, front = (np.broadcast_to(level, (2, level.size, species, along)) for along in (ny, nx))
    top = np.full((2, species, ny, nx), level[0, -1, 0, 0])
    return Edges(*(jnp.asarray(a) for a in (side, side, front, front, top)))


def _made(air: _Moment, drain: ArrayLike, emission: ArrayLike, edges: Edges, dtype: DTypeLike) -> Hour:
    mass, flux_x, flux_y, exchange, swap_x, swap_y, ground = (jnp.asarray(a, dtype) for a in air)
    lifted = close(mass, flux_x, flux_y)
    edges = jax.tree.map(lambda a: a.astype(dtype), edges)
    drain, emission = jnp.asarray(drain, dtype), jnp.asarray(emission, dtype)
    return Hour(mass, flux_x, flux_y, lifted, exchange, swap_x, swap_y, drain, emission, edges, ground, None)


@dataclass(frozen=True)
class Box:
    """Plain cells of air of 1 kg m-3, ``dx`` wide and ``dz`` high, m."""

    nz: int
    ny: int
    nx: int
    dx: float
    dz: float

    def faces(self, axis: int) -> Volume:
        """Positions of the faces along an axis (0 z, 1 y, 2 x), m."""
        number, length = ((self.nz, self.dz), (self.ny, self.dx), (self.nx, self.dx))[axis]
        return np.linspace(0, number * length, number + 1)

    def centres(self, axis: int) -> Volume:
        """Positions of the centres along an axis, m."""
        faces = self.faces(axis)
        return (faces[1:] + faces[:-1]) / 2

    def hour(
        self, east: ArrayLike, north: ArrayLike, vertical: ArrayLike, horizontal: float, emission: ArrayLike
    ) -> Hour:
        """An hour in which nothing changes: winds m s-1 (z,), diffusivities m2 s-1, (z - 1,) the vertical one."""
        shape = np.ones((2, self.nz, self.ny, self.nx))
        rise = np.broadcast_to(vertical, self.nz - 1)[:, None, None]
        winds = (np.broadcast_to(wind, self.nz)[:, None, None] * self.dx * self.dz for wind in (east, north))
        x_wind, y_wind = winds
        air = _Moment(
            shape * self.dx**2 * self.dz,
            np.ones((2, self.nz, self.ny, self.nx + 1)) * x_wind,
            np.ones((2, self.nz, self.ny + 1, self.nx)) * y_wind,
            shape[:, 1:] * rise * self.dx**2 / self.dz,
            _to_faces(shape, 3) * horizontal * self.dz,
            _to_faces(shape, 2) * horizontal * self.dz,
            shape[:, 0],
        )
        species = np.shape(emission)[1]
        nothing = _edges(np.zeros(self.nz), species, self.ny, self.nx)
        return _made(air, np.zeros((2, species, self.ny, self.nx)), emission, nothing, jnp.float32)


def burden(q: Array, mass: Array) -> Volume:
    """(species,) ug in the domain, summed in float64."""
    total: Volume = np.einsum("zsyx,zyx->s", np.asarray(q, np.float64), np.asarray(mass, np.float64))
    return total
