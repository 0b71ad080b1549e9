"""What can be computed from what a weather file holds: humidity, pressure, height, temperature, fluxes.

Functions over arrays in SI units. Those of columns take levels along the first axis from the ground up, ``(level, y,
x)``, and surfaces ``(y, x)``. NaN goes through.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Field = NDArray[np.float64]

GRAVITY: Final = 9.80665
"""m s-2; standard, WMO."""
GAS_CONSTANT: Final = 287.05
"""J kg-1 K-1 of dry air, as in `lantian.transport`."""
EPSILON: Final = 0.62198
"""Molar mass of water over that of dry air."""
KAPPA: Final = 2 / 7
"""Gas constant over heat capacity of dry air."""
HEAT_CAPACITY: Final = GAS_CONSTANT / KAPPA
"""J kg-1 K-1 of dry air at constant pressure."""
REFERENCE_PRESSURE: Final = 1e5
"""Pa, of potential temperature."""


def saturation_vapour_pressure(temperature: ArrayLike) -> Field:
    """Pa over water, also below freezing; Buck (1981, J. Appl. Meteor. 20:1527), with the constants of the IFS
    (documentation of cycle 47r3, part IV, chapter 12).
    """
    kelvin = np.asarray(temperature, np.float64)
    pressure: Field = 611.21 * np.exp(17.502 * (kelvin - 273.16) / (kelvin - 32.19))
    return pressure


def specific_humidity(vapour_pressure: ArrayLike, pressure: ArrayLike) -> Field:
    """Mass of vapour in a mass of air from the vapour's pressure and the air's, Pa; by definition."""
    e = np.asarray(vapour_pressure, np.float64)
    share: Field = EPSILON * e / (np.asarray(pressure, np.float64) - (1 - EPSILON) * e)
    return share


def humidity_of_dew_point(dew_point: ArrayLike, pressure: ArrayLike) -> Field:
    """Specific humidity from the dew point, K (over water), and pressure, Pa."""
    return specific_humidity(saturation_vapour_pressure(dew_point), pressure)


def humidity_of_relative(relative: ArrayLike, temperature: ArrayLike, pressure: ArrayLike) -> Field:
    """Specific humidity from relative humidity over water (a share of one), temperature, K, and pressure, Pa."""
    e = np.asarray(relative, np.float64) * saturation_vapour_pressure(temperature)
    # in the thin air of the stratosphere saturation may exceed the air's own pressure
    return specific_humidity(np.minimum(e, 0.1 * np.asarray(pressure, np.float64)), pressure)


def humidity_of_mixing_ratio(mixing_ratio: ArrayLike) -> Field:
    """Specific humidity from kg of vapour with a kg of dry air; by definition."""
    r = np.asarray(mixing_ratio, np.float64)
    share: Field = r / (1 + r)
    return share


def virtual_temperature(temperature: ArrayLike, humidity: ArrayLike) -> Field:
    """K; that of dry air as dense as the moist air, from specific humidity; by definition."""
    warmer: Field = np.asarray(temperature, np.float64) * (1 + (1 / EPSILON - 1) * np.asarray(humidity, np.float64))
    return warmer


def temperature_of_potential(potential_temperature: ArrayLike, pressure: ArrayLike) -> Field:
    """K from the potential temperature of dry air, K, and pressure, Pa (Poisson's equation)."""
    share = np.asarray(pressure, np.float64) / REFERENCE_PRESSURE
    kelvin: Field = np.asarray(potential_temperature, np.float64) * share**KAPPA
    return kelvin


def hybrid_pressure(a: ArrayLike, b: ArrayLike, surface_pressure: ArrayLike) -> Field:
    """Pressure a + b ps (n, y, x), Pa, of n hybrid levels; Simmons & Burridge (1981, Mon. Wea. Rev. 109:758).

    ``a`` in Pa and ``b``, both (n,). Those of half levels give half levels; a full level is the mean of its halves.
    """
    surface = np.asarray(surface_pressure, np.float64)
    shape = (-1,) + (1,) * surface.ndim
    pressure: Field = np.reshape(np.asarray(a, np.float64), shape) + np.reshape(np.asarray(b, np.float64), shape) * (
        surface
    )
    return pressure


def hypsometric_height(
    pressure: ArrayLike, temperature: ArrayLike, humidity: ArrayLike, surface_pressure: ArrayLike
) -> Field:
    """Height above the ground (level, y, x), m, of levels from their pressure, by the hypsometric equation (textbook).

    Between two levels the virtual temperature is the mean of theirs, below the lowest that of the lowest: exact in
    isothermal air.
    """
    warm = virtual_temperature(temperature, humidity)
    mean = np.concatenate([warm[:1], (warm[1:] + warm[:-1]) / 2])
    height: Field = np.cumsum(GAS_CONSTANT / GRAVITY * mean * -np.diff(_logs(surface_pressure, pressure), axis=0), 0)
    return height


def hydrostatic_pressure(
    height: ArrayLike, temperature: ArrayLike, humidity: ArrayLike, surface_pressure: ArrayLike
) -> Field:
    """Pressure (level, y, x), Pa, of levels from their height above the ground, m: `hypsometric_height` inverted."""
    warm = virtual_temperature(temperature, humidity)
    mean = np.concatenate([warm[:1], (warm[1:] + warm[:-1]) / 2])
    depth = np.diff(np.asarray(height, np.float64), axis=0, prepend=0.0)
    fall = np.cumsum(GRAVITY / GAS_CONSTANT * depth / mean, 0)
    pressure: Field = np.asarray(surface_pressure, np.float64) * np.exp(-fall)
    return pressure


def _logs(surface_pressure: ArrayLike, pressure: ArrayLike) -> Field:
    surface, levels = np.asarray(surface_pressure, np.float64), np.asarray(pressure, np.float64)
    together: Field = np.log(np.concatenate([np.broadcast_to(surface, levels.shape[1:])[None], levels]))
    return together


def height_of_pressure(surface_pressure: ArrayLike, pressure: ArrayLike, height: ArrayLike) -> Field:
    """Height (y, x), m, at which a column has the pressure ``surface_pressure``: linear in its logarithm.

    Beyond the column's ends its last two levels are continued. With heights above the sea this is the altitude of the
    ground.
    """
    return _along(-np.log(np.asarray(pressure, np.float64)), -np.log(surface_pressure), np.asarray(height, np.float64))


def pressure_of_height(altitude: ArrayLike, height: ArrayLike, pressure: ArrayLike) -> Field:
    """Pressure (y, x), Pa, that a column has at a height, m: linear in its logarithm, continued beyond the ends."""
    inside = _along(np.asarray(height, np.float64), altitude, np.log(np.asarray(pressure, np.float64)))
    surface: Field = np.exp(inside)
    return surface


def _along(rising: Field, at: ArrayLike, values: Field) -> Field:
    """Values (level, y, x) where the coordinate that rises with the level is ``at`` (y, x), linear between levels."""
    at = np.broadcast_to(np.asarray(at, np.float64), rising.shape[1:])
    upper = np.clip((rising <= at).sum(axis=0), 1, len(rising) - 1)[None]
    x0, x1 = (np.take_along_axis(rising, k, axis=0)[0] for k in (upper - 1, upper))
    v0, v1 = (np.take_along_axis(values, k, axis=0)[0] for k in (upper - 1, upper))
    found: Field = v0 + (v1 - v0) * (at - x0) / (x1 - x0)
    return found


def pressure_of_sea_level(sea_level: ArrayLike, altitude: ArrayLike, temperature: ArrayLike) -> Field:
    """Pressure at the ground, Pa, from that reduced to the sea, the ground's altitude, m, and its temperature, K.

    The hypsometric equation through air that warms downwards by 6.5 K km-1 (US Standard Atmosphere 1976), as in the
    reduction; with the mean of the temperatures at both ends, own.
    """
    z, kelvin = np.asarray(altitude, np.float64), np.asarray(temperature, np.float64)
    surface: Field = np.asarray(sea_level) * np.exp(-GRAVITY * z / (GAS_CONSTANT * (kelvin + 0.00325 * z)))
    return surface


def friction_velocity(
    eastward_stress: ArrayLike, northward_stress: ArrayLike, pressure: ArrayLike, temperature: ArrayLike
) -> Field:
    """The velocity, m s-1, from the surface stress, N m-2 (either sign), and the air's state; by definition."""
    density = np.asarray(pressure, np.float64) / (GAS_CONSTANT * np.asarray(temperature, np.float64))
    velocity: Field = np.sqrt(np.hypot(eastward_stress, northward_stress) / density)
    return velocity


def total_cloud(layers: ArrayLike) -> Field:
    """Cloud fraction seen from the ground (y, x) from that of the levels: touching ones overlap, others by chance.

    Maximum-random overlap; Geleyn & Hollingsworth (1979, Contrib. Atmos. Phys. 52:1).
    """
    cover = np.clip(np.asarray(layers, np.float64), 0, 1)
    clear = 1 - cover[0]
    for below, here in pairwise(cover):
        clear = clear * (1 - np.maximum(below, here)) / np.maximum(1 - below, 1e-9)
    total: Field = 1 - np.clip(clear, 0, 1)
    return total


def mixing_ratio_of_content(content: ArrayLike, humidity: ArrayLike) -> Field:
    """Mass of cloud water with a mass of dry air, from its share of the moist air; by definition."""
    ratio: Field = np.asarray(content, np.float64) / (1 - np.asarray(humidity, np.float64))
    return ratio


def true_wind(x_wind: ArrayLike, y_wind: ArrayLike, north: ArrayLike) -> tuple[Field, Field]:
    """Eastward and northward wind from that along a map's axes.

    ``north`` is the angle in radians from the map's y axis to true north, counter-clockwise, as
    `lantian.places.grid.Projection.north` gives it.
    """
    u, v = np.asarray(x_wind, np.float64), np.asarray(y_wind, np.float64)
    cos, sin = np.cos(north), np.sin(north)
    return u * cos + v * sin, v * cos - u * sin


def wind_of_direction(speed: ArrayLike, from_direction: ArrayLike) -> tuple[Field, Field]:
    """Eastward and northward wind from its speed and the direction from which it comes, degrees clockwise of north."""
    angle = np.deg2rad(np.asarray(from_direction, np.float64))
    return -np.asarray(speed) * np.sin(angle), -np.asarray(speed) * np.cos(angle)


def north_of_grid(lon: ArrayLike, lat: ArrayLike) -> Field:
    """The angle of `true_wind` at the points of any conformal grid, from their degrees (y, x); within 0.1 degree.

    From the direction in which the neighbours along y lie; own.
    """
    lam, phi = np.unwrap(np.deg2rad(np.asarray(lon, np.float64)), axis=0), np.deg2rad(np.asarray(lat, np.float64))
    angle: Field = np.arctan2(np.gradient(lam, axis=0) * np.cos(phi), np.gradient(phi, axis=0))
    return angle


def rate(amounts: Sequence[ArrayLike], seconds: Sequence[float]) -> Field:
    """Mean flux over intervals that lie one after the other, from what each added: sum of amounts over sum of time."""
    total: Any = sum(np.asarray(amount, np.float64) for amount in amounts)
    flux: Field = total / sum(seconds)
    return flux


def at_moment(before: ArrayLike | None, after: ArrayLike | None) -> Field:
    """A flux at a moment from its means over the intervals before and after it; one of them where there is no other.

    Between moments fluxes are taken to be linear, so the sum over the time is kept, and nothing comes half an
    interval late.
    """
    known = [np.asarray(mean, np.float64) for mean in (before, after) if mean is not None]
    if not known:
        raise ValueError("a flux at a moment needs its mean before or after it")
    moment: Field = np.mean(known, axis=0)
    return moment
