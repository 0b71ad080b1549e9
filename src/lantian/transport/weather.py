"""The weather as the physics sees it: one moment, arrays in SI units."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array


class Weather(NamedTuple):
    """One moment of weather on the model's grid; z counts from the ground up.

    Volumes are (z, y, x), surfaces are (y, x). No value is missing.
    """

    temperature: Array
    """(z, y, x) K"""
    pressure: Array
    """(z, y, x) Pa"""
    humidity: Array
    """(z, y, x) relative humidity over water, 0..1"""
    density: Array
    """(z, y, x) kg m-3"""
    cloud_water: Array
    """(z, y, x) liquid water in cloud, kg kg-1"""
    cloud_cover: Array
    """(y, x) 0..1"""
    cos_zenith: Array
    """(y, x) cosine of the sun's zenith angle, negative by night"""
    rain: Array
    """(y, x) precipitation at the ground, kg m-2 s-1"""
    friction_velocity: Array
    """(y, x) m s-1"""
    inverse_obukhov: Array
    """(y, x) 1/L, m-1; negative when unstable"""
    mixing_height: Array
    """(y, x) height of the boundary layer above ground, m"""
    thickness: Array | None = None
    """(z, y, x) m, of the layers; None where nothing settles"""
    sun_climb: Array | None = None
    """(y, x) s-1, change of ``cos_zenith``; None: a sun that stands still"""
