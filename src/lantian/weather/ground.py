"""The air at the ground of every cell, hour by hour, from stations alone.

Wind, temperature, pressure, humidity and rain by `analysis`; sun and cloud, then heat flux, stress and boundary layer,
which remembers the hour before. What no station sees is the network's: the cloud, the night's inversion and the wind
aloft are the same everywhere, and far from the stations so is everything else but for the terrain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import Array
from numpy.typing import NDArray

from lantian.places.grid import Domain
from lantian.transport import photolysis
from lantian.transport.diffusivity import GRAVITY
from lantian.weather import analysis, boundary_layer, columns, sky, surface_layer
from lantian.weather.analysis import Network, Structure
from lantian.weather.columns import GAS_CONSTANT, VALID, Ground
from lantian.weather.stations import Sites, sites

Field = NDArray[np.float64]

LAPSE: Final = 0.0065
"""K m-1, by which the ground is colder on a hill (US Standard Atmosphere)."""
BLENDING: Final = 60.0
"""m, the height at which the wind no longer feels the single fields and houses (Wieringa 1986, Q. J. R. Meteor. Soc.
112:867: 60 m)."""
LONGEST_GAP: Final = 12
"""hours that are filled between two that a site measured."""
CITY_HEAT: Final = 30.0
"""W m-2, heat that a wholly urban cell gives to the air, from stores and chimneys; judgement."""
WARM_UP: Final = 18
"""hours before the first in which the boundary layer grows in, where the stations have them."""
ALOFT: Final = 1.2
"""The wind aloft over that of the neutral profile at 200 m; judgement, near what Rossby similarity gives."""
WESTERLY: Final = (0.001, 0.003)
"""s-1, by which the wind aloft becomes more westerly with height in July and January: the thermal wind of 0.3 and 0.9 K
in 100 km from south to north; judgement for 40 degrees north."""
ABOVE: Final = (0.0025, 0.0045)
"""K m-1, gradient of potential temperature into which the boundary layer grows: in fresh air, and what stagnant air has
more in January; judgement: cold surges are deeply mixed, warmer air lies on winter's stagnant basin."""
ALOFT_HOURS: Final = 4.0
"""hours, standard deviation of the weights by which hours share the wind aloft."""
DECOUPLED: Final = 0.05
"""How much a stable hour says of the wind aloft, of what an unstable one of the same stress says."""
INVERSION: Final = 0.7
"""Share of the fall of temperature since the day's highest that is the ground's and not the air mass's; judgement."""


@dataclass(frozen=True)
class Land:
    """What the ground is like, (y, x)."""

    roughness: Field
    """m"""
    urban: Field
    """share 0..1"""


class StationGround:
    """The ground of a domain from a canonical dataset of stations.

    Raises:
        ValueError: hours that no station measured, with their times.
    """

    def __init__(self, stations: xr.Dataset, domain: Domain, land: Land, reference: float) -> None:
        self.domain, self.land = domain, land
        found = _filled(sites(stations))
        winds: dict[str, Any] = {n: analysis.over_hours(getattr(found, n)) for n in ("eastward", "northward", "speed")}
        self.sites = found._replace(**winds)
        self.times = self.sites.times
        grid = domain.grid
        x, y = grid.projection.forward(self.sites.lon, self.sites.lat)
        self.network = Network(x, y, self.sites.altitude)
        self.points = tuple(np.ravel(a) for a in (*np.meshgrid(grid.x, grid.y), domain.terrain))
        self.reference = reference
        log = np.log(BLENDING / reference) / np.log(10 / reference)
        self.exposure = log * np.log(10 / np.minimum(land.roughness, 3.0)) / np.log(BLENDING / land.roughness)
        self.latitude = jnp.asarray(grid.lat, jnp.float32)
        self._kept: dict[tuple[Structure, bytes], Field] = {}

    def hours(self, first: int, last: int) -> Iterator[Ground]:
        """The ground at the times ``first`` to ``last`` (counted as in ``times``), one after the other."""
        begin = max(0, first - WARM_UP)
        depth: Array | None = None
        for t in range(begin, last + 1):
            ground = self._hour(t, depth)
            depth = ground.depth
            if t >= first:
                yield ground

    def _hour(self, t: int, depth: Array | None) -> Ground:
        s, terrain = self.sites, self.domain.terrain
        sea_level = s.temperature[t] + LAPSE * s.altitude
        temperature = self._analysed(analysis.TEMPERATURE, sea_level) - LAPSE * terrain
        reduced = np.log(s.pressure[t]) + _barometric(sea_level, s.altitude)
        pressure = np.exp(
            self._analysed(analysis.PRESSURE, reduced) - _barometric(temperature + LAPSE * terrain, terrain)
        )
        vapour = np.asarray(columns.saturation_pressure(s.dew_point[t]))
        vapour = np.exp(self._analysed(analysis.HUMIDITY, np.log(vapour) + s.altitude / columns.MOIST_SCALE))
        vapour *= np.exp(-terrain / columns.MOIST_SCALE)
        eastward, northward = (self._analysed(analysis.WIND, wind[t]) for wind in (s.eastward, s.northward))
        speed = np.maximum(self._analysed(analysis.WIND, s.speed[t]), np.hypot(eastward, northward))
        rain = np.maximum(self._analysed(analysis.RAIN, np.nan_to_num(s.rain[t])), 0.0)
        grid = self.domain.grid
        cos, sin = np.cos(grid.north), np.sin(grid.north)
        plane = {
            "temperature": temperature,
            "pressure": pressure,
            "vapour": vapour,
            "x_wind": self.exposure * (cos * eastward - sin * northward),
            "y_wind": self.exposure * (sin * eastward + cos * northward),
            "speed": self.exposure * speed,
            "rain": np.where(rain < 1e-6, 0.0, rain),
            "cos_zenith": photolysis.cos_zenith(grid.lon, grid.lat, self.times[t]),
            "cloud": np.full_like(terrain, self.cloud[t]),
            "inversion": np.full_like(terrain, self.inversion[t]),
            "stagnation": np.full_like(terrain, self.stagnation[t]),
            "winter": np.full_like(terrain, self.winter[t]),
            "x_shear": cos * (WESTERLY[0] + (WESTERLY[1] - WESTERLY[0]) * self.winter[t]),
            "y_shear": sin * (WESTERLY[0] + (WESTERLY[1] - WESTERLY[0]) * self.winter[t]),
            "x_aloft": cos * self.aloft[t, 0] - sin * self.aloft[t, 1],
            "y_aloft": sin * self.aloft[t, 0] + cos * self.aloft[t, 1],
            "roughness": self.land.roughness,
            "warming": CITY_HEAT * self.land.urban,
            "latitude": grid.lat,
        }
        given = {name: jnp.asarray(value, jnp.float32) for name, value in plane.items()}
        made: Ground = _ground(given, depth)
        return made

    def _analysed(self, structure: Structure, values: Field) -> Field:
        """(y, x) from the sites' values, NaN where missing."""
        known = np.isfinite(values)
        key = structure, known.tobytes()
        if key not in self._kept:
            self._kept[key] = self.network.weights(structure, known, *self.points)
        field = self._kept[key] @ np.nan_to_num(values)
        return np.asarray(field.reshape(self.domain.terrain.shape))

    @cached_property
    def _mean(self) -> dict[str, Field]:
        """Means over the sites, (T,)."""
        s = self.sites
        vapour = np.asarray(columns.saturation_pressure(s.dew_point))
        humid = vapour / np.asarray(columns.saturation_pressure(s.temperature))
        named = {
            "temperature": s.temperature + LAPSE * s.altitude,
            "humidity": humid,
            "eastward": s.eastward,
            "northward": s.northward,
            "rain": np.nan_to_num(s.rain),
        }
        return {name: np.nanmean(values, axis=1) for name, values in named.items()}

    @cached_property
    def cloud(self) -> Field:
        """(T,) cover 0..1 over the network."""
        return sky.cloud(self._mean["temperature"], self._mean["humidity"], self._mean["rain"])

    @cached_property
    def inversion(self) -> Field:
        """(T,) K, how much the ground has cooled below the day's air; less in wind. Judgement."""
        warm = self._mean["temperature"]
        highest = np.array([warm[max(0, t - 24) : t + 1].max() for t in range(len(warm))])
        speed = np.hypot(self._mean["eastward"], self._mean["northward"])
        found: Field = INVERSION * (highest - warm) / (1 + (speed / 3) ** 2)
        return found

    @cached_property
    def stagnation(self) -> Field:
        """(T,) 1 where the day before brought less than 1 m s-1 over the network, 0 where it brought 3; judgement.

        Stagnant air gathers haze, and sinking or warmer air lies on it.
        """
        speed = np.hypot(self._mean["eastward"], self._mean["northward"])
        day = np.array([speed[max(0, t - 24) : t + 1].mean() for t in range(len(speed))])
        return np.clip((3 - day) / 2, 0, 1)

    @cached_property
    def winter(self) -> Field:
        """(T,) 1 in the middle of January, 0 in that of July; in the south half a year later."""
        day = (self.times - self.times.astype("datetime64[Y]")) / np.timedelta64(1, "D")
        south = 0.5 if float(self.sites.lat.mean()) < 0 else 0.0
        found: Field = 0.5 + 0.5 * np.cos(2 * np.pi * ((day - 15) / 365.25 + south))
        return found

    @cached_property
    def aloft(self) -> Field:
        """(T, 2) m s-1 to the east and north, the wind above the boundary layer.

        From each hour's wind by the neutral profile at 200 m, turned as `columns.turning`; hours share it, those in
        which the air is mixed count most, for the wind aloft changes slowly and a calm night's ground says nothing. The
        weights are judgement.
        """
        mean = self._mean
        speed = np.hypot(mean["eastward"], mean["northward"])
        lon, lat = float(self.sites.lon.mean()), float(self.sites.lat.mean())
        zenith = photolysis.cos_zenith(lon, lat, self.times)
        sun = surface_layer.sunshine(zenith, self.cloud, self.stagnation)
        heat = surface_layer.heat_flux(sun, mean["temperature"], self.cloud)
        ground = surface_layer.exchange(speed, 10.0, self.reference, mean["temperature"], heat, self.cloud)
        inverse = ground.inverse_obukhov
        growth = ALOFT * np.log(VALID / self.reference) / np.log(10 / self.reference)
        angle = np.asarray(columns.turning(jnp.float32(VALID), inverse, jnp.float32(lat)))
        wind = growth * (mean["eastward"] + 1j * mean["northward"]) * np.exp(-1j * angle)
        weight = np.asarray(ground.friction_velocity) ** 2 * np.where(np.asarray(inverse) > 0, DECOUPLED, 1.0)
        hours = np.arange(len(speed))
        near = np.exp(-0.5 * ((hours[:, None] - hours) / ALOFT_HOURS) ** 2) * weight
        shared = near @ wind / near.sum(axis=1)
        return np.stack([shared.real, shared.imag], axis=1)


@jax.jit
def _ground(given: dict[str, Array], depth: Array | None) -> Ground:
    """From the analysed fields to stress, heat and depth."""
    g = given
    sun = surface_layer.sunshine(g["cos_zenith"], g["cloud"], g["stagnation"])
    heat = surface_layer.heat_flux(sun, g["temperature"], g["cloud"])
    gusts = 500.0 if depth is None else depth
    surface = surface_layer.exchange(
        g["speed"], 10.0, g["roughness"], g["temperature"], heat + g["warming"], g["cloud"], gusts, g["warming"]
    )
    free = ABOVE[0] + ABOVE[1] * g["stagnation"] * g["winter"]
    if depth is None:
        depth = boundary_layer.mechanical(surface.friction_velocity, g["latitude"], free)
    else:
        depth = boundary_layer.evolved(
            depth,
            surface.heat,
            surface.friction_velocity,
            surface.inverse_obukhov,
            g["temperature"],
            g["inversion"],
            g["latitude"],
            free,
        )
    humidity = columns.specific_humidity(g["vapour"], g["pressure"])
    kept = {name: g[name] for name in Ground._fields if name in g}
    return Ground(**kept, humidity=humidity, surface=surface, depth=depth)


def _barometric(sea_level: Any, altitude: Any) -> Field:
    """Logarithm of the pressure at the sea over that at an altitude: US Standard Atmosphere (1976), equation 33a."""
    ratio = 1 - LAPSE * np.asarray(altitude) / np.asarray(sea_level)
    return np.asarray(-GRAVITY / (GAS_CONSTANT * LAPSE) * np.log(ratio))


def _filled(given: Sites) -> Sites:
    """Gaps of up to `LONGEST_GAP` hours filled in time, site by site; the last known value goes on half as long."""
    names = ("temperature", "dew_point", "pressure", "eastward", "northward", "speed")
    bridged: dict[str, Any] = {name: _bridged(getattr(given, name)) for name in names}
    filled = given._replace(**bridged)
    for name in names:
        nothing = ~np.isfinite(getattr(filled, name)).any(axis=1)
        if nothing.any():
            hours = np.datetime_as_string(given.times[nothing], "h")
            raise ValueError(f"stations: none measured {name} at {hours[0]} (in {len(hours)} hours); give other times")
    return filled


def _bridged(values: Field) -> Field:
    hours = np.arange(len(values))
    out = values.copy()
    for column in out.T:
        known = np.flatnonzero(np.isfinite(column))
        if known.size == 0:
            continue
        after = np.minimum(np.searchsorted(known, hours), known.size - 1)
        before = np.maximum(np.searchsorted(known, hours, side="right") - 1, 0)
        gap = np.abs(hours - known[before]) + np.abs(known[after] - hours)
        near = gap <= LONGEST_GAP
        column[near] = np.interp(hours, known, column[known])[near]
    return out
