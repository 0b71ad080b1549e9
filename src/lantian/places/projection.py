"""The Lambert conformal conic map on which model grids lie.

The earth is a sphere of radius 6 370 000 m whose latitudes are taken to be those of WGS-84, as in WRF. Lengths on the
map divided by the map factor are true ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Proj

Field = NDArray[np.float64]

EARTH_RADIUS: Final = 6_370_000.0
"""Metres; the sphere on which WRF and its preprocessor compute."""


@dataclass(frozen=True)
class Projection:
    """A Lambert conformal conic map with true scale at latitudes ``lat_1`` and ``lat_2`` (equal: a tangent cone).

    The point ``lat_0``, ``lon_0`` has x = y = 0; all in degrees north and east.

    Raises:
        ValueError: the latitudes make no cone (beyond 89 degrees, or as far south as north).
    """

    lat_1: float
    lat_2: float
    lat_0: float
    lon_0: float

    def __post_init__(self) -> None:
        latitudes = self.lat_1, self.lat_2, self.lat_0
        if not all(-89 <= lat <= 89 for lat in latitudes) or not -180 <= self.lon_0 <= 180:
            raise ValueError(f"{self}: expected latitudes within 89 and a longitude within 180 degrees")
        if abs(self.lat_1 + self.lat_2) < 0.1:
            raise ValueError(f"{self}: lat_1 and lat_2 as far south as north make a cylinder, not a cone")

    @cached_property
    def _proj(self) -> Proj:
        cone = {"lat_1": self.lat_1, "lat_2": self.lat_2, "lat_0": self.lat_0, "lon_0": self.lon_0}
        return Proj({"proj": "lcc", "R": EARTH_RADIUS, **cone})

    @cached_property
    def _cone(self) -> tuple[float, float, float]:
        """n, R F and rho_0 of Snyder (1987, USGS Professional Paper 1395), equations 15-1 to 15-3."""
        first, second, origin = (math.radians(lat) for lat in (self.lat_1, self.lat_2, self.lat_0))
        tangents = [math.tan(math.pi / 4 + lat / 2) for lat in (first, second, origin)]
        if abs(second - first) < 1e-8:
            n = math.sin(first)
        else:
            n = math.log(math.cos(first) / math.cos(second)) / math.log(tangents[1] / tangents[0])
        scale = EARTH_RADIUS * math.cos(first) * tangents[0] ** n / n
        return n, scale, scale / tangents[2] ** n

    def forward(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Field, Field]:
        """Degrees east and north to x and y in metres on the map, of the same shape.

        Raises:
            ValueError: a point has no place on the map (the pole opposite to the cone's, NaN, beyond 90 degrees).
        """
        lon, lat = np.broadcast_arrays(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
        x, y = self._proj(lon, lat)
        if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
            bad = np.argmin(np.isfinite(np.ravel(x)) & np.isfinite(np.ravel(y)))
            raise ValueError(f"longitude {lon.ravel()[bad]}, latitude {lat.ravel()[bad]}: no place on the map {self}")
        return np.asarray(x, np.float64), np.asarray(y, np.float64)

    def inverse(self, x: ArrayLike, y: ArrayLike) -> tuple[Field, Field]:
        """Metres on the map to degrees east (-180 to 180) and north, of the same shape."""
        x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
        lon, lat = self._proj(x, y, inverse=True)
        return np.asarray(lon, np.float64), np.asarray(lat, np.float64)

    def _polar(self, x: ArrayLike, y: ArrayLike) -> tuple[Field, Field]:
        """Distance from the cone's tip (negative in the south) and angle around it; Snyder equations 14-10, 14-11."""
        n, _, rho_0 = self._cone
        sign = math.copysign(1, n)
        x, up = sign * np.asarray(x, np.float64), sign * (rho_0 - np.asarray(y, np.float64))
        return sign * np.hypot(x, up), np.arctan2(x, up)

    def map_factor(self, x: ArrayLike, y: ArrayLike) -> Field:
        """Distance on the map over distance on the earth, the same in all directions; Snyder (1987) equation 15-4."""
        n, scale, _ = self._cone
        rho, _ = self._polar(x, y)
        tangent = (scale / rho) ** (1 / n)  # tan(pi/4 + lat/2), whose cos(lat) is 2 t / (1 + t^2)
        factor: Field = n * rho / EARTH_RADIUS * (1 + tangent**2) / (2 * tangent)
        return factor

    def north(self, x: ArrayLike, y: ArrayLike) -> Field:
        """The angle g in radians from the map's y axis to true north, counter-clockwise.

        The meridians' convergence n (lon - lon_0), Snyder (1987) equation 14-4; in the north positive east of
        ``lon_0``. A wind (u, v) to the true east and north blows on the map with
        (u cos g - v sin g, u sin g + v cos g).
        """
        return self._polar(x, y)[1]

    def cf(self) -> dict[str, Any]:
        """The attributes of a grid mapping by the CF conventions (appendix F, Lambert conformal)."""
        return {
            "grid_mapping_name": "lambert_conformal_conic",
            "standard_parallel": [self.lat_1, self.lat_2],
            "longitude_of_central_meridian": self.lon_0,
            "latitude_of_projection_origin": self.lat_0,
            "false_easting": 0.0,
            "false_northing": 0.0,
            "earth_radius": EARTH_RADIUS,
        }
