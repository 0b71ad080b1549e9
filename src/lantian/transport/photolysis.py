"""The sun: its zenith angle, and how fast its light splits NO2.

Clear sky follows a published fit to a radiative transfer model, cloud a published fit to measured radiation. The
photochemistry takes the light at one height for a whole column: neither the brighter air above a cloud nor the
dimmer air under a haze layer is resolved; the scale of the rate is an uncertain parameter for that reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from numpy.typing import NDArray

from lantian.transport.parameters import Parameter

J2000: Final = np.datetime64("2000-01-01T12:00:00", "ms")
"""Noon of 1 January 2000, from which the sun's elements count."""
HORIZON: Final = 1e-3
"""Cosine of the zenith angle at and below which it is night: the clear-sky fit has fallen to zero before that."""

PARAMETERS: Final = (
    Parameter(
        "photolysis_scale",
        1.0,
        0.4,
        1.3,
        "1",
        "factor on every photolysis rate, for haze, snow and height",
        "judgement: thick haze takes half of the light, bright ground and thin air add a third",
    ),
    Parameter(
        "photolysis_cloud",
        0.65,
        0.3,
        0.85,
        "1",
        "share of photolysis that an overcast sky takes away",
        "judgement: Kasten and Czeplak (1980) measured 0.75 for all wavelengths; cloud dims the near ultraviolet less",
    ),
)


def cos_zenith(lon: Any, lat: Any, when: Any) -> NDArray[np.float64]:
    """Cosine of the sun's zenith angle, without refraction; negative by night.

    ``lon`` and ``lat`` degrees (east and north positive) and ``when``, a ``numpy.datetime64`` or an array of them in
    universal time, broadcast. Low-precision elements of the Astronomical Almanac (Michalsky 1988, Solar Energy 40:227),
    good to 0.01 degree from 1950 to 2050. ``ValueError`` for a time that is missing.
    """
    time = np.asarray(when, dtype="datetime64[ms]")
    if np.isnat(time).any():
        raise ValueError("a time is missing (NaT); every moment needs its universal time")
    days = (time - J2000) / np.timedelta64(1, "D")
    mean_longitude = np.radians((280.460 + 0.9856474 * days) % 360)
    anomaly = np.radians((357.528 + 0.9856003 * days) % 360)
    longitude = mean_longitude + np.radians(1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    hours = (days + 0.5) % 1 * 24
    sidereal = np.radians((6.697375 + 0.0657098242 * days + hours) % 24 * 15)
    hour_angle = sidereal + np.radians(lon) - ascension
    latitude = np.radians(lat)
    high = np.sin(latitude) * np.sin(declination)
    return np.asarray(high + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle), dtype=np.float64)


def photolysis_no2(cos_zenith: ArrayLike, cloud_cover: ArrayLike, parameters: Mapping[str, Any]) -> Array:
    """Rate of NO2 + hv -> NO + O, s-1: at most 8.9e-3, exactly zero by night, smooth in between.

    All arguments broadcast. Clear sky 1.165e-2 c^0.244 exp(-0.267 / c) of the cosine c = ``cos_zenith`` (J4 of the
    Master Chemical Mechanism, Saunders et al. 2003, Atmos. Chem. Phys. 3:161, after Jenkin et al. 1997); times
    1 - a n^3.4 of the ``cloud_cover`` n from 0 to 1 (the form of Kasten and Czeplak 1980, Solar Energy 24:177, with
    a = ``photolysis_cloud``); times ``photolysis_scale``.
    """
    c = jnp.asarray(cos_zenith)
    day = c > HORIZON
    sunlit = jnp.where(day, c, 1.0)  # the branch not taken must stay finite too, for the gradient
    clear = 1.165e-2 * sunlit**0.244 * jnp.exp(-0.267 / sunlit)
    cloud = 1 - parameters["photolysis_cloud"] * jnp.asarray(cloud_cover) ** 3.4
    return jnp.where(day, parameters["photolysis_scale"] * clear * cloud, 0.0)
