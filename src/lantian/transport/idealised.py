"""Inputs made by formula, as datasets that pass the door: for a first plume, for tests, benchmarks and the ladder.

The wind keeps the air of each layer: the flow through a layer is the same at every place, so it follows the terrain,
is faster where the layer is thin, and leaves nothing for the vertical wind. What is constant in time is there once in
memory and cannot be written to; `xarray.Dataset.copy(deep=True)` makes it ordinary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from lantian.places.grid import Domain, Field, Levels, nests
from lantian.transport import diffusivity, photolysis
from lantian.transport.background import WINTER
from lantian.transport.parameters import values
from lantian.transport.species import find

Wind = float | Callable[[float, Field], ArrayLike]
"""m s-1: one number, or a function of (hours since the start, height above ground of the layers' middles in m)."""

GAS_CONSTANT: Final = 287.05
"""J kg-1 K-1, dry air."""
LAPSE_RATE: Final = 0.0065
"""K m-1, of the US Standard Atmosphere (1976)."""
SEA_LEVEL_PRESSURE: Final = 101_325.0
"""Pa"""
ROUGHNESS: Final = 0.3
"""m, behind the friction velocity."""
NIGHT, NOON = 0.02, -0.02
"""m-1, 1/L at night and at noon: L = 50 m and -50 m, moderately stable and unstable; judgement."""


class Point(NamedTuple):
    """One chimney or other small source."""

    lon: float
    lat: float
    height: float
    """m above the ground"""
    species: str
    kg_s: float
    """kg s-1"""


def domain(
    cells: int | tuple[int, int] = 60,
    spacing: float = 1000.0,
    *,
    levels: Levels | None = None,
    hill: float = 0.0,
    lon: float = 116.4,
    lat: float = 39.9,
) -> Domain:
    """A domain of ``cells`` (a number, or (ny, nx)) of ``spacing`` m around a place.

    With ``hill`` a bell of that height in m and of a fifth of the domain's width stands in its middle.
    """
    grid = nests(lon, lat, (spacing,), (cells,))[0]
    x, y = np.meshgrid(grid.x, grid.y)
    distance2 = ((x - x.mean()) / grid.nx) ** 2 + ((y - y.mean()) / grid.ny) ** 2
    terrain = hill / (1 + distance2 / (0.2 * spacing) ** 2)
    return Domain(grid, levels or Levels(), terrain, min(0.0, float(terrain.min())))


def power(speed: float, exponent: float = 0.2, reference: float = 10.0) -> Wind:
    """A wind of ``speed`` m s-1 at the ``reference`` height in m that grows with a power of height."""
    return lambda _, height: speed * (height / reference) ** exponent


def weather(
    domain: Domain,
    start: Any,
    hours: int,
    *,
    x_wind: Wind = 5.0,
    y_wind: Wind = 0.0,
    mixing_height: float | tuple[float, float] = 600.0,
    vertical_diffusivity: float | None = None,
    temperature: float = 275.0,
    humidity: float = 0.6,
    cloud_water: float = 0.0,
    cloud_cover: float = 0.0,
    rain: float = 0.0,
    parameters: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """The weather dataset of ``hours`` + 1 whole hours from ``start`` (UTC).

    Winds along the map's x and y in m s-1, those over level ground at the domain's mean thickness of layers.
    ``mixing_height`` in m: one number for neutral air that stays so, or (night, day) for a diurnal cycle with stable
    nights, which the vertical diffusivity follows (`diffusivity.vertical` with ``parameters``), unless
    ``vertical_diffusivity`` gives one number in m2 s-1. ``temperature`` K at the ``base`` of the terrain, falling by
    6.5 K km-1, pressure and density in hydrostatic balance; ``humidity`` 0..1, ``cloud_water`` kg kg-1,
    ``cloud_cover`` 0..1 and ``rain`` kg m-2 s-1 the same everywhere.
    """
    times = whole_hours(start, hours + 1)
    density, volumes = _air(domain, temperature)
    volumes |= {"relative_humidity": (humidity, "1"), "cloud_liquid_water_mixing_ratio": (cloud_water, "kg kg-1")}
    share = _daylight(domain, times)
    if isinstance(mixing_height, tuple):
        night, day = mixing_height
        depth, inverse_obukhov = night + (day - night) * share, NIGHT + (NOON - NIGHT) * share
    else:
        depth, inverse_obukhov = np.full(len(times), mixing_height), np.zeros(len(times))
    winds = [_speeds(domain, wind, len(times)) for wind in (x_wind, y_wind)]
    speed = np.hypot(winds[0][:, 0], winds[1][:, 0])
    height = max(float(domain.thickness[0].mean()) / 2, 2.0)
    friction = np.maximum(diffusivity.KARMAN * speed / np.log(height / ROUGHNESS), 0.05)
    surfaces = {
        "boundary_layer_height": (depth, "m"),
        "friction_velocity": (friction, "m s-1"),
        "inverse_obukhov_length": (inverse_obukhov, "m-1"),
        "cloud_area_fraction": (np.full(len(times), cloud_cover), "1"),
        "precipitation_flux": (np.full(len(times), rain), "kg m-2 s-1"),
    }
    if vertical_diffusivity is None:
        k = _diffusivity(domain, friction, inverse_obukhov, depth, parameters)
    else:
        k = np.broadcast_to(np.float32(vertical_diffusivity), (len(times), *domain.distance_z.shape))
    ny, nx = domain.terrain.shape
    volume, surface = ("time", "z", "y", "x"), ("time", "y", "x")
    shape = (len(times), domain.levels.n, ny, nx)
    variables: dict[str, Any] = {
        "x_wind": _wind(domain, density, winds[0], 2),
        "y_wind": _wind(domain, density, winds[1], 1),
        "atmosphere_heat_diffusivity": (("time", "z_face", "y", "x"), k, {"units": "m2 s-1"}),
    }
    for name, (value, units) in volumes.items():
        variables[name] = (volume, np.broadcast_to(np.asarray(value, np.float32), shape), {"units": units})
    for name, (series, units) in surfaces.items():
        field = np.broadcast_to(np.asarray(series, np.float32)[:, None, None], (len(times), ny, nx))
        variables[name] = (surface, field, {"units": units})
    for name in ("x_wind", "y_wind", *volumes, "cloud_area_fraction", "precipitation_flux"):
        variables[name][2]["standard_name"] = name
    return xr.Dataset(variables, {"time": times, "x": domain.grid.x, "y": domain.grid.y})


def emissions(
    domain: Domain,
    start: Any,
    hours: int,
    fields: Mapping[str, ArrayLike] | None = None,
    *,
    points: Sequence[Point | tuple[float, float, float, str, float]] = (),
) -> xr.Dataset:
    """The emission dataset of ``hours`` hours from ``start`` (UTC), in kg s-1.

    ``fields``: kg m-2 s-1 at the ground by species, a number or an array that broadcasts to (time, y, x). ``points``
    put all of theirs into the cell that holds their height. ``ValueError`` for an unknown species, a point outside
    the domain or above its top.
    """
    sources = [Point(*point) for point in points]
    names = list(dict.fromkeys([*(fields or {}), *(point.species for point in sources)]))
    find(names)
    cells = [(_layer(domain, point), *domain.grid.locate(point.lon, point.lat)) for point in sources]
    layers = 1 + max((layer for layer, _, _ in cells), default=0)
    shape = (hours, layers, *domain.terrain.shape)
    variables = {}
    for name in names:
        ground = np.asarray((fields or {}).get(name, 0.0)) * domain.grid.cell_area
        total = np.zeros((len(ground) if ground.ndim == 3 else 1, *shape[1:]), np.float32)
        total[:, 0] += ground
        for point, cell in zip(sources, cells, strict=True):
            if point.species == name:
                total[(slice(None), *cell)] += point.kg_s
        variables[name] = (("time", "layer", "y", "x"), np.broadcast_to(total, shape), {"units": "kg s-1"})
    return xr.Dataset(variables, {"time": whole_hours(start, hours), "x": domain.grid.x, "y": domain.grid.y})


BACKGROUND: Final = {name: row[0] for name, row in WINTER.mixing_ratio.items()}
"""ug kg-1: clean air of a north-China winter as it is at the ground, here at all heights; see `background`."""


def edges(
    domain: Domain, species: Sequence[str], start: Any, hours: int, background: Mapping[str, ArrayLike] | None = None
) -> xr.Dataset:
    """The dataset of what comes in through the sides and the top, ``hours`` + 1 whole hours from ``start`` (UTC).

    ``background``: ug kg-1 by species, a number or (z,); what it does not name is that of `BACKGROUND`. The air above
    the top is that of the uppermost layer.
    """
    profile = _profiles(domain, species, background)
    times = whole_hours(start, hours + 1)
    ny, nx = domain.terrain.shape
    n, nz = len(times), domain.levels.n
    side, top = profile.T[None, :, :, None], profile[None, :, -1, None, None]
    variables: dict[str, Any] = {
        name: (("time", "z", "species", along), np.broadcast_to(side, (n, nz, len(species), size)))
        for name, along, size in (("west", "y", ny), ("east", "y", ny), ("south", "x", nx), ("north", "x", nx))
    }
    variables["top"] = (("time", "species", "y", "x"), np.broadcast_to(top, (n, len(species), ny, nx)))
    dataset = xr.Dataset(variables, {"time": times, "species": list(species), "x": domain.grid.x, "y": domain.grid.y})
    for name in variables:
        dataset[name].attrs["units"] = "ug kg-1"
    return dataset


def start(domain: Domain, species: Sequence[str], background: Mapping[str, ArrayLike] | None = None) -> xr.Dataset:
    """The dataset of a start in background air, ``background`` as in `edges`."""
    profile = _profiles(domain, species, background)
    shape = (domain.levels.n, len(species), *domain.terrain.shape)
    state = np.broadcast_to(profile.T[:, :, None, None], shape)
    variables = {"mixing_ratio": (("z", "species", "y", "x"), state, {"units": "ug kg-1"})}
    return xr.Dataset(variables, {"species": list(species), "x": domain.grid.x, "y": domain.grid.y})


def whole_hours(start: Any, count: int) -> NDArray[np.datetime64]:
    """``count`` hours from ``start``, (count,)."""
    first = np.datetime64(start, "s")
    times: NDArray[np.datetime64] = first + np.arange(count) * np.timedelta64(3600, "s")
    return times.astype("datetime64[ns]")


def _profiles(domain: Domain, species: Sequence[str], background: Mapping[str, ArrayLike] | None) -> NDArray[Any]:
    """(species, z) ug kg-1."""
    find(species)
    given = {**BACKGROUND, **(background or {})}
    find(list(given))
    rows = [np.broadcast_to(np.asarray(given[name], np.float32), domain.levels.n) for name in species]
    return np.stack(rows)


def _layer(domain: Domain, point: Point) -> int:
    j, i = domain.grid.locate(point.lon, point.lat)
    tops = np.cumsum(domain.thickness[:, j, i])
    if not 0 <= point.height < tops[-1]:
        raise ValueError(f"{point}: its height lies outside the domain's 0 to {tops[-1]:.0f} m above ground")
    return int(np.searchsorted(tops, point.height, side="right"))


def _air(domain: Domain, temperature: float) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Hydrostatic air of a constant lapse rate (US Standard Atmosphere 1976, eq. 33a): density, and its variables."""
    faces = domain.heights
    middle = (faces[1:] + faces[:-1]) / 2
    base = 0.0 if domain.base is None else domain.base
    t = temperature - LAPSE_RATE * (middle - base)
    sea = temperature + LAPSE_RATE * base
    exponent = diffusivity.GRAVITY / (GAS_CONSTANT * LAPSE_RATE)
    p = SEA_LEVEL_PRESSURE * (t / sea) ** exponent
    density = (p / (GAS_CONSTANT * t)).astype(np.float32)
    return density, {"air_density": (density, "kg m-3"), "air_temperature": (t, "K"), "air_pressure": (p, "Pa")}


def _speeds(domain: Domain, wind: Wind, count: int) -> Field:
    """(time, z) m s-1."""
    faces = np.array(domain.levels.faces)
    height = (faces[1:] + faces[:-1]) / 2
    rows = [wind(float(hour), height) if callable(wind) else wind for hour in range(count)]
    return np.stack([np.broadcast_to(np.asarray(row, np.float64), height.shape) for row in rows])


def _wind(domain: Domain, density: NDArray[np.float32], speeds: Field, axis: int) -> tuple[Any, ...]:
    """The wind that carries the same air through every face of a layer: density u area = constant of the layer."""
    pad = [(1, 1) if at == axis else (0, 0) for at in range(3)]
    around = np.moveaxis(np.pad(density.astype(np.float64), pad, mode="edge"), axis, 0)
    at_face = np.moveaxis((around[1:] + around[:-1]) / 2, 0, axis)
    carried = at_face * (domain.face_area_x if axis == 2 else domain.face_area_y)
    form = carried.mean(axis=(1, 2), keepdims=True) / carried
    dims = ("time", "z", "y", "x_face") if axis == 2 else ("time", "z", "y_face", "x")
    if np.all(speeds == speeds[0]):
        steady = (form * speeds[0][:, None, None]).astype(np.float32)
        return dims, np.broadcast_to(steady, (len(speeds), *steady.shape)), {"units": "m s-1"}
    return dims, (form * speeds[:, :, None, None]).astype(np.float32), {"units": "m s-1"}


def _daylight(domain: Domain, times: NDArray[np.datetime64]) -> Field:
    """(time,) 0 at night, 1 with the sun 60 degrees from the zenith or higher, an hour and a half behind it."""
    late = times - np.timedelta64(90, "m")
    lon, lat = float(domain.grid.lon.mean()), float(domain.grid.lat.mean())
    return np.clip(photolysis.cos_zenith(lon, lat, late) / 0.5, 0.0, 1.0)


def _diffusivity(
    domain: Domain, friction: Field, inverse_obukhov: Field, depth: Field, parameters: Mapping[str, Any] | None
) -> NDArray[np.float32]:
    """(time, z - 1, y, x) m2 s-1."""
    height = jnp.asarray(np.cumsum(domain.thickness, axis=0)[:-1], jnp.float32)
    knobs = values(diffusivity.PARAMETERS, parameters)
    profile = jax.jit(lambda u, inverse, h: diffusivity.vertical(height, u, inverse, h, knobs))
    moments: dict[tuple[float, ...], NDArray[np.float32]] = {}

    def at(*weather: float) -> NDArray[np.float32]:
        if weather not in moments:
            moments[weather] = np.asarray(profile(*weather), np.float32)
        return moments[weather]

    rows = [at(*map(float, row)) for row in zip(friction, inverse_obukhov, depth, strict=True)]
    if len(moments) == 1:
        return np.broadcast_to(rows[0], (len(rows), *rows[0].shape))
    return np.stack(rows)
