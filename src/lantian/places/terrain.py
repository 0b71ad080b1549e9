"""Terrain height from a NetCDF file, and its shading as a quiet relief for the map."""

from __future__ import annotations

import io
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lantian.places import netcdf
from lantian.places.geo import Box

Field = NDArray[np.float64]

EARTH_RADIUS: Final = 6_378_137.0
"""Metres; the sphere of Web Mercator."""

# Light from the north-west, half-way up, as on printed relief maps: lit from below, valleys look like ridges.
_LIGHT = (-0.5, 0.5, math.sqrt(0.5))
# Slopes in a height model of 1 km are gentle; three times the true height, chosen by eye, brings out the ranges.
_EXAGGERATION = 3.0
_STRONGEST = 110  # of 255: the relief stays behind the numbers that lie on it
_STEP = 5  # coarser opacity halves the file and is not seen

_INSTALLED = Path("places") / "terrain.nc"
_LON = ("lon", "longitude", "x")
_LAT = ("lat", "latitude", "y")
_MISSING_BELOW = -500.0  # no land lies lower; files mark sea and gaps by -999, -9999 or -32768


@dataclass(frozen=True)
class Terrain:
    """Heights on a regular grid of longitude and latitude.

    Attributes:
        lon: degrees east, rising, length ``nx``.
        lat: degrees north, rising, length ``ny``.
        height: metres, shape ``(ny, nx)``; NaN where the file has none (sea).
    """

    lon: Field
    lat: Field
    height: Field

    @classmethod
    def open(cls, path: Path) -> Terrain:
        """Read a NetCDF file (3 or 4): one field in metres over ``lat`` and ``lon`` (or latitude, longitude; y, x).

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it holds no such field; the message lists what it holds.
        """
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such terrain file")
        with netcdf.opened(path) as data:
            lon = next((name for name in _LON if name in data.coords), None)
            lat = next((name for name in _LAT if name in data.coords), None)
            field = next((v for v in data.data_vars.values() if set(v.dims) == {lon, lat}), None)
            if lon is None or lat is None or field is None:
                raise ValueError(
                    f"{path}: expected one field over lat and lon; found {', '.join(map(str, data.variables))}"
                )
            field = field.transpose(lat, lon).sortby([lat, lon])
            height = field.to_numpy().astype(np.float64)
            height[height < _MISSING_BELOW] = np.nan
            return cls(field[lon].to_numpy().astype(np.float64), field[lat].to_numpy().astype(np.float64), height)

    @classmethod
    def installed(cls, home: Path) -> Terrain | None:
        """The terrain of a data directory; None if none was put there."""
        path = home / _INSTALLED
        return cls.open(path) if path.exists() else None

    @property
    def box(self) -> Box:
        """The box from the first to the last grid point."""
        return Box(float(self.lon[0]), float(self.lat[0]), float(self.lon[-1]), float(self.lat[-1]))

    def at(self, lon: float, lat: float) -> float | None:
        """Height in metres at a point, bilinear between grid points; None outside the sheet and at sea."""
        if not self.box.holds(lon, lat):
            return None
        at = np.array([lat]), np.array([lon])
        known = _sample(self, np.isfinite(self.height).astype(np.float64), *at)[0, 0]
        # a gap counts only where it has a share in the height
        return float(_sample(self, np.nan_to_num(self.height), *at)[0, 0]) if known > 0.999999 else None

    def shade(self, bbox: tuple[float, float, float, float], width: int) -> bytes:
        """The relief of a box as a PNG with transparency.

        Shadow is black and light is white, each as transparent as it is weak, so that the same picture lies on a light
        and on a dark map; level ground, sea and all outside the sheet are transparent. Rows are equally spaced in
        Web Mercator: as a MapLibre image source with the corners of ``bbox`` the picture fits the map.

        Args:
            bbox: west, south, east, north in degrees.
            width: pixels, 16 to 4096; the height follows from the box.

        Raises:
            ValueError: the box is empty or beyond Web Mercator (85 degrees), or the width is out of range.
        """
        west, south, east, north = bbox
        if not (-180 <= west < east <= 180 and -85 <= south < north <= 85):
            raise ValueError(f"bbox {bbox}: expected west < east and south < north, within 85 degrees of latitude")
        if not 16 <= width <= 4096:
            raise ValueError(f"width {width}: expected 16 to 4096 pixels")
        top, bottom = _mercator(north), _mercator(south)
        pixel = math.radians(east - west) / width
        rows = min(4096, max(1, round((top - bottom) / pixel)))
        # centres of the pixels, from north to south
        y = top - (np.arange(rows) + 0.5) * (top - bottom) / rows
        lat = np.degrees(2 * np.arctan(np.exp(y)) - math.pi / 2)
        lon = west + (np.arange(width) + 0.5) * (east - west) / width
        # the sea is level ground; beyond the edge the last height goes on, so that the edge throws no shadow
        height = _sample(self, np.nan_to_num(self.height), lat, lon)
        # a pixel of Web Mercator covers less ground the farther north it lies
        ground = EARTH_RADIUS * pixel * np.cos(np.radians(lat))[:, None]
        return _png(_relief(height, ground))


def install(path: Path, home: Path) -> Path:
    """Copy a terrain file into the data directory, after it was read once; the path of the copy.

    Raises:
        FileNotFoundError, ValueError: as :meth:`Terrain.open`; what was there stays.
    """
    Terrain.open(path)
    target = home / _INSTALLED
    target.parent.mkdir(parents=True, exist_ok=True)
    # beside the target and renamed, so that a reader never meets half a file
    part = target.with_suffix(".part")
    shutil.copyfile(path, part)
    part.replace(target)
    return target


def _relief(height: Field, ground: Field) -> Field:
    """Light on each pixel less the light on level ground, about -0.7 to 0.3; ``height`` from north to south."""
    if min(height.shape) < 2:
        return np.zeros_like(height)
    south_north, west_east = np.gradient(height)
    east = _EXAGGERATION * west_east / ground
    north = -_EXAGGERATION * south_north / ground
    light_east, light_north, light_up = _LIGHT
    lit = (light_up - light_east * east - light_north * north) / np.sqrt(1 + east**2 + north**2)
    relief: Field = np.clip(lit, 0, 1) - light_up
    return relief


def _png(relief: Field) -> bytes:
    shadow = np.clip(-relief / 0.7, 0, 1)
    light = np.clip(relief / 0.3, 0, 1)
    strength = _STRONGEST * np.maximum(shadow, 0.8 * light)
    alpha = (np.rint(strength / _STEP) * _STEP).astype(np.uint8)
    white = np.where(relief > 0, 255, 0).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.dstack([white, alpha])).save(out, "PNG")
    return out.getvalue()


def _sample(terrain: Terrain, height: Field, lat: Field, lon: Field) -> Field:
    """Heights at every ``lat`` x ``lon``, bilinear, shape ``(len(lat), len(lon))``; the nearest beyond the edge."""
    j, v = _neighbours(terrain.lat, lat)
    i, u = _neighbours(terrain.lon, lon)
    south = height[np.ix_(j, i)] * (1 - u) + height[np.ix_(j, i + 1)] * u
    north = height[np.ix_(j + 1, i)] * (1 - u) + height[np.ix_(j + 1, i + 1)] * u
    found: Field = south * (1 - v[:, None]) + north * v[:, None]
    return found


def _neighbours(axis: Field, at: Field) -> tuple[NDArray[np.intp], Field]:
    """The lower neighbour of each point on an axis, and the share of the upper one."""
    low = np.clip(np.searchsorted(axis, at, side="right") - 1, 0, len(axis) - 2)
    return low, np.clip((at - axis[low]) / (axis[low + 1] - axis[low]), 0, 1)


def _mercator(lat: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
