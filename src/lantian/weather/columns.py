"""What stands above the ground where only the ground is measured: wind, temperature, pressure and humidity by height.

Wind follows similarity up to the top of the boundary layer or 200 m, turning as measured at Cabauw (van Ulden and
Holtslag 1985, J. Climate Appl. Meteor. 24:1196), and passes over into the wind aloft. Temperature is mixed to the
boundary layer's top by day; by night it rises over the ground inversion to that of the day before; above, the free
air's gradient. Pressure is hydrostatic. (z, y, x) over (y, x), elementwise in columns.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from lantian.transport.diffusivity import GRAVITY
from lantian.weather.boundary_layer import FREE, INVERSION_DEPTH
from lantian.weather.surface_layer import HEAT_CAPACITY, Surface, log_profile

GAS_CONSTANT: Final = 287.05
"""J kg-1 K-1, dry air."""
VALID: Final = 200.0
"""m, how far up the similarity profile and its turning were measured."""
MOIST_SCALE: Final = 2000.0
"""m, over which humidity falls off above the boundary layer."""
_TURNING_INVERSE: Final = (-1 / 30, -1 / 100, -1 / 370, 1e-4, 1 / 350, 1 / 130, 1 / 60, 1 / 20, 1 / 9)
_TURNING: Final = (12.0, 10.0, 9.0, 12.0, 18.0, 28.0, 35.0, 38.0, 39.0)
"""Degrees by which the wind at 200 m has veered from that at the ground, by 1/L: van Ulden and Holtslag (1985)."""


class Ground(NamedTuple):
    """The air at the ground of every cell at one moment, (y, x)."""

    x_wind: Array
    """m s-1 at 10 m, along the map's x"""
    y_wind: Array
    temperature: Array
    """K at the ground"""
    pressure: Array
    """Pa at the ground"""
    humidity: Array
    """specific humidity, kg kg-1"""
    surface: Surface
    depth: Array
    """m, of the boundary layer"""
    inversion: Array
    """K, how much colder the ground is than the air above the night's inversion"""
    x_aloft: Array
    """m s-1, the wind above the boundary layer"""
    y_aloft: Array
    x_shear: Array
    """s-1, by which it grows with height"""
    y_shear: Array
    cloud: Array
    """0..1"""
    rain: Array
    """kg m-2 s-1"""


class Air(NamedTuple):
    """One moment of air at the centres of the cells, (z, y, x)."""

    x_wind: Array
    """m s-1, along the map's x"""
    y_wind: Array
    temperature: Array
    """K"""
    pressure: Array
    """Pa"""
    humidity: Array
    """specific humidity, kg kg-1"""
    cloud_water: Array
    """kg kg-1"""


@jax.jit
def saturation_pressure(temperature: ArrayLike) -> Array:
    """Of water vapour over water, Pa: Bolton (1980, Mon. Wea. Rev. 108:1046), equation 10."""
    celsius = jnp.asarray(temperature) - 273.15
    return 611.2 * jnp.exp(17.67 * celsius / (celsius + 243.5))


def dew_point(vapour: ArrayLike) -> Array:
    """K, from the vapour's pressure Pa: `saturation_pressure` inverted."""
    log = jnp.log(jnp.asarray(vapour) / 611.2)
    return 273.15 + 243.5 * log / (17.67 - log)


def specific_humidity(vapour: ArrayLike, pressure: ArrayLike) -> Array:
    """Of the vapour's pressure and that of the air, Pa: kg kg-1; by definition, gas constants' ratio 0.622."""
    e = jnp.asarray(vapour)
    return 0.622 * e / (pressure - 0.378 * e)


def relative_humidity(humidity: ArrayLike, temperature: ArrayLike, pressure: ArrayLike) -> Array:
    """Over water, 0 to more than 1 where supersaturated; by definition, e / es."""
    q = jnp.asarray(humidity)
    vapour = q * pressure / (0.622 + 0.378 * q)
    share: Array = vapour / saturation_pressure(temperature)
    return share


def hydrostatic(surface_pressure: Array, temperature: Array, humidity: Array, thickness: Array) -> Array:
    """Pressure (z, y, x) Pa at the middle of layers of a ``thickness`` (z, y, x) m: the hypsometric equation."""
    virtual = temperature * (1 + 0.608 * humidity)
    fall = GRAVITY * thickness / (GAS_CONSTANT * virtual)
    return surface_pressure * jnp.exp(fall / 2 - jnp.cumsum(fall, axis=0))


@jax.jit
def turning(height: Array, inverse_obukhov: Array, latitude: Array) -> Array:
    """Radians by which the wind at ``height`` has turned from that at 10 m, clockwise in the north.

    D(z) = 1.58 D(200) (1 - exp(-z/200)) (van Ulden and Holtslag 1985, equation 37), constant above 200 m.
    """
    full = jnp.radians(jnp.interp(inverse_obukhov, jnp.array(_TURNING_INVERSE), jnp.array(_TURNING)))
    shape = 1.58 * (1 - jnp.exp(-jnp.minimum(height, VALID) / 200)) - 1.58 * (1 - jnp.exp(-0.05))
    return jnp.sign(latitude) * full * shape


def wind(ground: Ground, height: Array, roughness: Array, latitude: Array) -> tuple[Array, Array]:
    """The wind (z, y, x) at ``height`` (z, y, x) m above the ground.

    Similarity and turning as `log_profile` and `turning`; the passage into the wind aloft is judgement.
    """
    inverse = ground.surface.inverse_obukhov
    reach = jnp.clip(ground.depth, 30.0, VALID)
    below = jnp.minimum(height, reach)
    growth = log_profile(below, roughness, inverse) / log_profile(10.0, roughness, inverse)
    angle = turning(below, inverse, latitude)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    u = growth * (cos * ground.x_wind + sin * ground.y_wind)
    v = growth * (cos * ground.y_wind - sin * ground.x_wind)
    scale = jnp.maximum((ground.depth - reach) / 2, 150.0)
    share = 1 - jnp.exp(-(height - below) / scale)
    over = jnp.maximum(height - jnp.maximum(ground.depth, 500.0), 0.0)
    x_aloft, y_aloft = ground.x_aloft + over * ground.x_shear, ground.y_aloft + over * ground.y_shear
    return u + share * (x_aloft - u), v + share * (y_aloft - v)


@jax.jit
def air(ground: Ground, height: Array, thickness: Array, roughness: Array, latitude: Array) -> Air:
    """Everything above the ground; ``height`` of the middle of the layers above it.

    The shapes of temperature over the inversion and of humidity above the boundary layer are judgement.
    """
    mixed = jnp.where(ground.surface.heat > 0, ground.depth, 0.0)
    over = jnp.maximum(height - mixed, 0.0)
    left = ground.inversion * jnp.exp(-mixed / INVERSION_DEPTH)
    warmer = left * (1 - jnp.exp(-over / INVERSION_DEPTH)) + FREE * over
    temperature = jnp.maximum(ground.temperature + warmer - GRAVITY / HEAT_CAPACITY * height, 190.0)
    humidity = ground.humidity * jnp.exp(-jnp.maximum(height - jnp.maximum(ground.depth, 300.0), 0.0) / MOIST_SCALE)
    pressure = hydrostatic(ground.pressure, temperature, humidity, thickness)
    humidity = jnp.minimum(humidity, specific_humidity(saturation_pressure(temperature), pressure))
    u, v = wind(ground, height, roughness, latitude)
    return Air(u, v, temperature, pressure, humidity, cloud_water(ground, height))


def cloud_water(ground: Ground, height: Array) -> Array:
    """Liquid water (z, y, x) kg kg-1 of the low cloud that a dull sky and the humidity at the ground stand for.

    From the lifting condensation level, 125 m for each kelvin of dew point depression (Espy), 500 m deep; 2e-4 kg kg-1
    under an overcast sky, none where less than half is covered. Judgement: stations see no cloud water.
    """
    vapour = relative_humidity(ground.humidity, ground.temperature, ground.pressure)
    dew = dew_point(jnp.clip(vapour, 0.01, 1.0) * saturation_pressure(ground.temperature))
    base = 125 * jnp.maximum(ground.temperature - dew, 0.0)
    cover = jnp.maximum(2 * ground.cloud - 1, 0.0)
    return jnp.where((height >= base) & (height <= base + 500), 2e-4 * cover**2, 0.0)
