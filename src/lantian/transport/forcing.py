"""The checked inputs of a run, and the arrays of each of its hours.

`door.open_forcing` makes a `Forcing`; it reads two moments for an hour and keeps the later one for the next hour, so a
run reads each moment once, forth or back. What it computes: air in a cell is density times volume; air through a face
is density times wind times area, with the mean density of the two cells (at the edge that of the edge cell); the
vertical flux is what continuity leaves; an exchange is density times K times area over distance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import Array
from jax.typing import DTypeLike
from numpy.typing import NDArray

from lantian.places.grid import Domain
from lantian.transport import photolysis
from lantian.transport.deposition import Land, dry_velocity
from lantian.transport.hour import HOUR, Edges, Hour, close
from lantian.transport.inputs import same_unit
from lantian.transport.weather import Weather

SETTLING: Final = ("PMC", "DUST")
"""Species that sink fast enough to matter; with any of them the weather carries the layers' thickness."""
VOLUMES: Final = {
    "air_density": "density",
    "air_temperature": "temperature",
    "air_pressure": "pressure",
    "relative_humidity": "humidity",
    "cloud_liquid_water_mixing_ratio": "cloud_water",
}
"""Names in the weather dataset of the volumes of `Weather`."""
SURFACES: Final = {
    "cloud_area_fraction": "cloud_cover",
    "precipitation_flux": "rain",
    "friction_velocity": "friction_velocity",
    "inverse_obukhov_length": "inverse_obukhov",
    "boundary_layer_height": "mixing_height",
}
"""The same of its surfaces."""
WINDS: Final = ("x_wind", "y_wind")
EDGES: Final = Edges._fields


class Geometry(NamedTuple):
    """What of a `Domain` the fluxes need, in metres, of one precision."""

    volume: Array
    """(z, y, x)"""
    face_area_x: Array
    """(z, y, x + 1)"""
    face_area_y: Array
    """(z, y + 1, x)"""
    cell_area: Array
    """(y, x)"""
    distance_x: Array
    """(y, x + 1) between centres"""
    distance_y: Array
    distance_z: Array
    """(z - 1, y, x)"""
    thickness: Array
    """(z, y, x)"""

    @classmethod
    def of(cls, domain: Domain, dtype: DTypeLike) -> Geometry:
        """The geometry of a domain."""
        grid = {"cell_area": domain.grid.cell_area}
        return cls(*(jnp.asarray(grid.get(name, getattr(domain, name, None)), dtype) for name in cls._fields))


class _Moment(NamedTuple):
    """All of an `Hour` at one of its ends, but what belongs to the hour as a whole."""

    mass: Array
    flux_x: Array
    flux_y: Array
    exchange: Array
    swap_x: Array | None
    swap_y: Array | None
    drain: Array
    edges: Edges
    weather: Weather


def to_faces(cell: Array, axis: int) -> Array:
    """Means of neighbours at the faces along an axis; at the edge the edge cell's own value."""
    n = cell.shape[axis]
    first, last = jax.lax.slice_in_dim(cell, 0, 1, axis=axis), jax.lax.slice_in_dim(cell, n - 1, n, axis=axis)
    inner = between(cell, axis)
    return jnp.concatenate([first, inner, last], axis)


def between(cell: Array, axis: int) -> Array:
    """Means of neighbours at the inner faces along an axis."""
    n = cell.shape[axis]
    return (jax.lax.slice_in_dim(cell, 0, n - 1, axis=axis) + jax.lax.slice_in_dim(cell, 1, n, axis=axis)) / 2


def air(density: Array, x_wind: Array, y_wind: Array, geometry: Geometry) -> tuple[Array, Array, Array]:
    """Air in the cells (z, y, x) kg, and through their faces along x and y in kg s-1, from kg m-3 and m s-1."""
    return (
        density * geometry.volume,
        to_faces(density, 2) * x_wind * geometry.face_area_x,
        to_faces(density, 1) * y_wind * geometry.face_area_y,
    )


@partial(jax.jit, static_argnames=("species",))
def _moment(
    raw: Mapping[str, Array],
    cos_zenith: Array,
    geometry: Geometry,
    land: Land,
    parameters: Mapping[str, Any],
    species: tuple[str, ...],
) -> _Moment:
    """One moment of the datasets as the engine sees it."""
    density = raw["air_density"]
    settles = any(name in SETTLING for name in species)
    named = {field: raw[name] for name, field in (VOLUMES | SURFACES).items()}
    named["humidity"] = jnp.clip(named["humidity"], 0, 1)
    weather = Weather(**named, cos_zenith=cos_zenith, thickness=geometry.thickness if settles else None)
    velocity = dry_velocity(species, weather, land, geometry.thickness[0] / 2, parameters)
    swap_x = swap_y = None
    if "horizontal_diffusivity" in raw:
        diffusivity = raw["horizontal_diffusivity"]
        swap_x = _swap(density, diffusivity, geometry.face_area_x / geometry.distance_x, 2)
        swap_y = _swap(density, diffusivity, geometry.face_area_y / geometry.distance_y, 1)
    return _Moment(
        *air(density, raw["x_wind"], raw["y_wind"], geometry),
        between(density, 0) * raw["atmosphere_heat_diffusivity"] * geometry.cell_area / geometry.distance_z,
        swap_x,
        swap_y,
        density[0] * velocity * geometry.cell_area,
        Edges(*(raw[name] for name in EDGES)),
        weather,
    )


def _swap(density: Array, diffusivity: Array, form: Array, axis: int) -> Array:
    """Horizontal exchange rho K A / dx at the faces, zero at the outer ones."""
    inner = between(density, axis) * between(diffusivity, axis)
    n = form.shape[axis]
    inner = inner * jax.lax.slice_in_dim(form, 1, n - 1, axis=axis)
    return jnp.pad(inner, [(1, 1) if at == axis else (0, 0) for at in range(3)])


@jax.jit
def _hour(begin: _Moment, end: _Moment, emission: Array) -> Hour:
    pair: _Moment = jax.tree.map(lambda a, b: jnp.stack([a, b]), begin, end)
    flux_z = close(pair.mass, pair.flux_x, pair.flux_y)
    ground = pair.weather.density[:, 0]
    climb = (end.weather.cos_zenith - begin.weather.cos_zenith) / HOUR
    weather = pair.weather._replace(sun_climb=jnp.stack([climb, climb]))
    return Hour(
        pair.mass,
        pair.flux_x,
        pair.flux_y,
        flux_z,
        pair.exchange,
        pair.swap_x,
        pair.swap_y,
        pair.drain,
        emission,
        pair.edges,
        ground,
        weather,
    )


@dataclass(frozen=True, eq=False)
class Forcing:
    """The inputs of a run on one domain. Made by `door.open_forcing`, which has checked them."""

    domain: Domain
    species: tuple[str, ...]
    times: NDArray[np.datetime64]
    """(hours + 1,) the whole hours at which the weather stands, UTC"""
    weather: xr.Dataset
    """the weather, at ``times``"""
    emissions: xr.Dataset
    """one variable a species, at ``times[:-1]``"""
    edges: xr.Dataset
    """what comes in, at ``times``, its species in the order of ``species``"""
    land: Land
    parameters: Mapping[str, Any]
    left_out: tuple[str, ...] = ()
    """species that the emissions have and the run does not carry"""
    content: str = ""
    """digest of everything that was read at the door"""
    dtype: DTypeLike = np.float32
    _kept: dict[int, _Moment] = field(default_factory=dict, repr=False)

    @property
    def hours(self) -> int:
        """How many hours."""
        return len(self.times) - 1

    @property
    def emission_layers(self) -> int:
        """How many layers, from the ground, emissions reach."""
        return int(self.emissions.sizes.get("layer", 1))

    def hour(self, i: int) -> Hour:
        """Everything that drives hour ``i``, 0 to ``hours`` - 1, from ``times[i]`` to ``times[i + 1]``.

        ``drive`` is the `Weather` of the beginning and the end. ``IndexError`` beyond the hours.
        """
        begin, end = self._ends(i)
        hour: Hour = _hour(begin, end, self._emission(i))
        return hour

    def digest(self) -> str:
        """What tells these inputs from any others: domain, species, parameters and all that was read at the door."""
        grid = self.domain.grid
        facts = (grid.projection, grid.x0, grid.y0, grid.spacing, self.domain.levels.faces, self.domain.base)
        told = hashlib.sha256(repr((facts, self.species, str(np.dtype(self.dtype)), self.content)).encode())
        told.update(self.domain.terrain.tobytes())
        for name, value in sorted(self.parameters.items()):
            told.update(name.encode() + np.asarray(value, np.float64).tobytes())
        for surface in self.land:
            told.update(np.asarray(surface).tobytes())
        return told.hexdigest()

    @cached_property
    def _geometry(self) -> Geometry:
        return Geometry.of(self.domain, self.dtype)

    def _ends(self, i: int) -> tuple[_Moment, _Moment]:
        """The moments at both ends of hour ``i``; the last two are kept, for an hour shares one with the next."""
        if not 0 <= i < self.hours:
            raise IndexError(f"hour {i}: the forcing has the hours 0 to {self.hours - 1}")
        for known in [t for t in self._kept if t not in (i, i + 1)]:
            del self._kept[known]
        for t in (i, i + 1):
            if t not in self._kept:
                self._kept[t] = self._read(t)
        return self._kept[i], self._kept[i + 1]

    def _read(self, t: int) -> _Moment:
        names = [*WINDS, *VOLUMES, *SURFACES, "atmosphere_heat_diffusivity"]
        if "horizontal_diffusivity" in self.weather:
            names.append("horizontal_diffusivity")
        raw = {name: jnp.asarray(read(self.weather, name, t), self.dtype) for name in names}
        for name in EDGES:
            raw[name] = jnp.asarray(read(self.edges, name, t), self.dtype)
        sun = photolysis.cos_zenith(self.domain.grid.lon, self.domain.grid.lat, self.times[t])
        now: _Moment = _moment(
            raw, jnp.asarray(sun, self.dtype), self._geometry, self.land, self.parameters, self.species
        )
        return now

    def _emission(self, i: int) -> Array:
        """(layers, species, y, x) ug s-1."""
        ny, nx = self.domain.terrain.shape
        emission = np.zeros((self.emission_layers, len(self.species), ny, nx), self.dtype)
        for s, name in enumerate(self.species):
            if name in self.emissions:
                by_area = same_unit(self.emissions[name].attrs["units"], "kg m-2 s-1")
                area = self.domain.grid.cell_area if by_area else 1.0
                emission[:, s] = read(self.emissions, name, i) * (1e9 * area)
        return jnp.asarray(emission)


def read(dataset: xr.Dataset, name: str, t: int) -> NDArray[Any]:
    """One variable at one time; no other time is read."""
    return np.asarray(dataset.variables[name][t].values)
