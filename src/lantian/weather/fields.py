"""The air of a domain from the fields of a weather model: other columns, other heights, another ground.

Wind, temperature, humidity and cloud water are taken at the height above the ground near it and above the sea aloft;
temperature is carried over the difference of heights by the standard lapse, pressure is hydrostatic anew above the
domain's own ground. What the source does not give of the ground (sun, heat, stress, boundary layer, cloud) is derived.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import Array
from numpy.typing import NDArray

from lantian.places.grid import Domain
from lantian.transport import photolysis
from lantian.transport.diffusivity import GRAVITY, KARMAN
from lantian.weather import boundary_layer, columns, surface_layer
from lantian.weather.columns import GAS_CONSTANT, Air
from lantian.weather.finish import Near
from lantian.weather.ground import CITY_HEAT, LAPSE, Land
from lantian.weather.interpolation import Bilinear, to_heights
from lantian.weather.surface_layer import Surface

SKIN: Final = 1500.0
"""m above the ground, over which heights above it pass into heights above the sea; judgement."""
CRITICAL: Final = 0.25
"""Bulk Richardson number at the top of the boundary layer; of the usual range (Seibert et al. 2000, Atmos. Environ.
34:1001)."""
MOIST_ENOUGH: Final = 0.8
"""Relative humidity at which cloud begins; judgement."""

_VOLUMES: Final = ("eastward_wind", "northward_wind", "air_temperature", "specific_humidity")
_WATER: Final = "cloud_liquid_water_mixing_ratio"
_GROUND: Final = (
    "boundary_layer_height",
    "friction_velocity",
    "surface_upward_sensible_heat_flux",
    "cloud_area_fraction",
    "precipitation_flux",
    "surface_downwelling_shortwave_flux",
)


class _Columns(NamedTuple):
    """One moment of the source over the cells of the domain."""

    volumes: Array
    """(variables, levels, y, x): `_VOLUMES`, and cloud water where the source has it"""
    height: Array
    """(levels, y, x) m above the source's ground"""
    pressure: Array
    """(y, x) Pa at that ground"""
    altitude: Array
    """(y, x) m, of that ground"""
    ground: dict[str, Array]
    """(y, x), those of `_GROUND` that the source has"""


class FieldsAir:
    """The air and what belongs to the ground, from a canonical dataset of fields.

    Raises:
        ValueError: the source has no two levels within the height.
    """

    def __init__(
        self, source: xr.Dataset, bilinear: Bilinear, fixed: Mapping[str, Any], lon: Any, lat: Any, top: float
    ) -> None:
        """At the places of ``bilinear``, (y, x): `over` a domain, or at points.

        ``fixed``: ``terrain`` m, ``roughness`` m, ``warming`` W m-2, ``cos_north`` and ``sin_north`` of the angle of
        the map's axes, (y, x), and ``thickness`` and ``middles`` of the layers, (z, y, x) m; ``top`` m above the
        ground, up to which the source is looked at.
        """
        self.source, self.bilinear, self.lon, self.lat, self.top = source, bilinear, lon, lat, top
        self.times = source["time"].values.astype("datetime64[s]")
        self.spacing = bilinear.spacing
        self.fixed = {name: jnp.asarray(value, jnp.float32) for name, value in fixed.items()}
        self._kept: dict[int, _Columns] = {}

    @classmethod
    def over(cls, source: xr.Dataset, domain: Domain, land: Land, middles: Array) -> FieldsAir:
        """The air of a domain.

        Raises:
            ValueError: the source does not cover it.
        """
        grid = domain.grid
        fixed = {
            "terrain": domain.terrain,
            "roughness": land.roughness,
            "warming": CITY_HEAT * land.urban,
            "cos_north": np.cos(grid.north),
            "sin_north": np.sin(grid.north),
            "thickness": domain.thickness,
            "middles": middles,
        }
        bilinear = Bilinear.to(source["lon"].values, source["lat"].values, grid)
        top = domain.levels.top + float(domain.terrain.max() - (domain.base or 0.0))
        return cls(source, bilinear, fixed, grid.lon, grid.lat, top)

    def hours(self, hours: NDArray[np.datetime64]) -> Iterator[tuple[Air, Near]]:
        """One after the other; between the source's times linear."""
        for hour in hours:
            after = int(np.searchsorted(self.times, hour))
            before = after if self.times[after] == hour else after - 1
            self._kept = {t: self._kept.get(t) or self._columns(t) for t in {before, after}}
            first, last = self._kept[before], self._kept[after]
            share = 0.0
            if after != before:
                share = float((hour - self.times[before]) / (self.times[after] - self.times[before]))
            mixed = jax.tree.map(lambda a, b, s=share: jnp.float32(1 - s) * a + jnp.float32(s) * b, first, last)
            zenith = photolysis.cos_zenith(self.lon, self.lat, hour)
            yield _air(self.fixed, mixed, jnp.asarray(zenith, jnp.float32))

    def _columns(self, t: int) -> _Columns:
        """Only what is needed is read: the levels up to the first above the top."""
        now = self.source.isel(time=t)
        height = now["height"].values
        above = np.flatnonzero((height > self.top).all(axis=(1, 2)))
        count = min(int(above[0]) + 1 if above.size else len(height), len(height))
        if count < 2:
            raise ValueError(f"the source has {count} level below {self.top:.0f} m above the ground; two are needed")
        names = [*_VOLUMES, *([_WATER] if _WATER in now else [])]
        volumes = [self.bilinear(now[name].isel(level=slice(count)).values) for name in names]
        return _Columns(
            jnp.stack([jnp.asarray(volume) for volume in volumes]),
            jnp.asarray(self.bilinear(height[:count])),
            jnp.asarray(self.bilinear(now["surface_air_pressure"].values)),
            jnp.asarray(self.bilinear(now["surface_altitude"].values)),
            {name: jnp.asarray(self.bilinear(now[name].values)) for name in _GROUND if name in now},
        )


@jax.jit
def _air(fixed: dict[str, Array], given: _Columns, cos_zenith: Array) -> tuple[Air, Near]:
    height, rise = fixed["middles"], fixed["terrain"] - given.altitude
    scale = SKIN + jnp.abs(rise)
    looked_up = height + rise * jnp.minimum(height / scale, 1.0)
    found = to_heights(given.volumes, given.height, looked_up)
    lowest = jnp.maximum(given.height[0] - looked_up, 0.0)  # what lies below the lowest level is warmer
    temperature = found[2] + LAPSE * (lowest + looked_up - rise - height)
    at_ground = given.volumes[2, 0] + LAPSE * given.height[0]
    pressure = given.pressure * (1 - LAPSE * rise / at_ground) ** (GRAVITY / (GAS_CONSTANT * LAPSE))
    humidity = jnp.maximum(found[3], 0.0)
    pressures = columns.hydrostatic(pressure, temperature, humidity, fixed["thickness"])
    humidity = jnp.minimum(humidity, columns.specific_humidity(columns.saturation_pressure(temperature), pressures))
    water = jnp.maximum(found[4], 0.0) if len(found) > 4 else jnp.zeros_like(height)
    u = fixed["cos_north"] * found[0] - fixed["sin_north"] * found[1]
    v = fixed["sin_north"] * found[0] + fixed["cos_north"] * found[1]
    air = Air(u, v, temperature, pressures, humidity, water)
    cloud = given.ground.get("cloud_area_fraction")
    cloud = _cover(air) if cloud is None else jnp.clip(cloud, 0.0, 1.0)
    surface = _surface(fixed, given, air, cloud, cos_zenith)
    depth = given.ground.get("boundary_layer_height")
    if depth is None:
        depth = bulk_richardson(air, height, surface.friction_velocity)
    depth = jnp.clip(depth, boundary_layer.SHALLOWEST, boundary_layer.DEEPEST)
    # below the source's lowest level the wind falls off by similarity, which the interpolation does not know
    first = given.height[0]
    growth = partial(surface_layer.log_profile, roughness=fixed["roughness"], inverse_obukhov=surface.inverse_obukhov)
    slower = jnp.where(height < first, growth(height) / growth(first), 1.0)
    rain = jnp.maximum(given.ground.get("precipitation_flux", jnp.zeros_like(depth)), 0.0)
    near = Near(surface.friction_velocity, surface.inverse_obukhov, depth, cloud, rain)
    return air._replace(x_wind=slower * u, y_wind=slower * v), near


def _surface(fixed: dict[str, Array], given: _Columns, air: Air, cloud: Array, cos_zenith: Array) -> Surface:
    """Stress and heat flux: the source's where it has them."""
    # the wind of the source's lowest level, or of ours where ours is higher
    height = jnp.maximum(given.height[0], fixed["middles"][0])
    speed, temperature = jnp.hypot(air.x_wind[0], air.y_wind[0]), air.temperature[0]
    sun = given.ground.get("surface_downwelling_shortwave_flux")
    sun = surface_layer.sunshine(cos_zenith, cloud) if sun is None else sun
    heat = given.ground.get("surface_upward_sensible_heat_flux")
    city = fixed["warming"]
    upward = surface_layer.heat_flux(sun, temperature, cloud) + city if heat is None else heat
    rough = fixed["roughness"]
    surface: Surface = surface_layer.exchange(speed, height, rough, temperature, upward, cloud, warming=city)
    friction = given.ground.get("friction_velocity")
    if friction is None:
        return surface
    friction = jnp.maximum(friction, surface_layer.LEAST_FRICTION)
    flux = surface.heat
    if heat is not None:
        flux = heat * GAS_CONSTANT * temperature / (air.pressure[0] * surface_layer.HEAT_CAPACITY)
    inverse = -KARMAN * GRAVITY * flux / (temperature * friction**3)
    return Surface(friction, jnp.clip(inverse, -surface_layer.STRONGEST, surface_layer.STRONGEST), flux)


def _cover(air: Air) -> Array:
    """Cover of the cloudiest level: 1 - sqrt((1 - RH) / (1 - 0.8)) (Sundqvist et al. 1989, Mon. Wea. Rev. 117:1641)."""
    moist = jnp.clip(columns.relative_humidity(air.humidity, air.temperature, air.pressure), MOIST_ENOUGH, 1.0)
    return jnp.max(1 - jnp.sqrt((1 - moist) / (1 - MOIST_ENOUGH)), axis=0)


def bulk_richardson(air: Air, height: Array, friction_velocity: Array) -> Array:
    """Depth m of the boundary layer: the height (y, x) at which the bulk Richardson number is `CRITICAL`.

    Vogelezang and Holtslag (1996, Bound.-Layer Meteor. 81:245), from the lowest level up, theta virtual:
    g (theta - theta_1) (z - z_1) / (theta_1 ((u - u_1)^2 + (v - v_1)^2 + 100 u*^2)).
    """
    theta = air.temperature * (1e5 / air.pressure) ** 0.286 * (1 + 0.608 * air.humidity)
    shear2 = (air.x_wind - air.x_wind[0]) ** 2 + (air.y_wind - air.y_wind[0]) ** 2 + 100 * friction_velocity**2
    number = GRAVITY * (theta - theta[0]) * (height - height[0]) / (theta[0] * shear2)
    over = number >= CRITICAL
    top = jnp.where(over.any(axis=0), jnp.argmax(over, axis=0), len(height) - 1)

    def at(values: Array, level: Array) -> Array:
        return jnp.take_along_axis(values, level[None], axis=0)[0]

    low = jnp.maximum(top - 1, 0)
    below, above = at(number, low), at(number, top)
    share = jnp.clip((CRITICAL - below) / jnp.maximum(above - below, 1e-6), 0.0, 1.0)
    return at(height, low) + share * (at(height, top) - at(height, low))
