"""Where the points of a file lie, how its rows and columns turn into ours, and the part around bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lantian.weather.readers.faults import Fault, ReadError

Field = NDArray[np.float64]


class Bounds(NamedTuple):
    """Degrees east and north."""

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def of(cls, given: tuple[float, float, float, float]) -> Bounds:
        """Checked.

        Raises:
            ValueError: they enclose nothing, or are no degrees.
        """
        bounds = cls(*map(float, given))
        if not (bounds.west < bounds.east <= bounds.west + 360 and -90 <= bounds.south < bounds.north <= 90):
            raise ValueError(f"bounds {tuple(given)}: expected west < east and south < north in degrees")
        return bounds


@dataclass(frozen=True, eq=False)
class Horizontal:
    """The points (y, x), to the north and to the east, and the rows and columns of the file that are theirs.

    ``x``, ``y`` are coordinates on which the grid is regular or nearly so, in the units of the grid mapping ``crs``
    (attributes by the CF conventions): metres on a map, or degrees.
    """

    lon: Field
    lat: Field
    x: Field
    y: Field
    crs: Mapping[str, Any]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the file to be read."""
        return slice(int(self.rows.min()), int(self.rows.max()) + 1), slice(
            int(self.columns.min()), int(self.columns.max()) + 1
        )

    def arranged(self, part: NDArray[Any]) -> Field:
        """Values (..., y, x), north up, from the `window` of the file."""
        rows, columns = self.window
        return np.asarray(part[..., self.rows - rows.start, :][..., self.columns - columns.start], np.float64)

    def same(self, other: Horizontal) -> bool:
        """Whether both have the same points, to a hundred thousandth of a degree or so."""
        return all(
            a.shape == b.shape and np.allclose(a, b, rtol=0, atol=2e-4)
            for a, b in ((self.lon, other.lon), (self.lat, other.lat))
        )

    def __str__(self) -> str:
        lon, lat = self.lon, self.lat
        return (
            f"{lon.shape[0]} x {lon.shape[1]} points, {lon.min():.2f} to {lon.max():.2f} E, {lat.min():.2f} to "
            f"{lat.max():.2f} N"
        )


def turned(lon: NDArray[Any], middle: float) -> Field:
    """Longitudes in the turn around a middle, from 180 degrees west of it."""
    return middle + (np.asarray(lon, np.float64) - middle + 180) % 360 - 180


def of_axes(lon: NDArray[Any], lat: NDArray[Any], bounds: Bounds | None, told: str) -> Horizontal:
    """A grid of parallels and meridians in any order; longitudes of any turn.

    Raises:
        ReadError: nothing lies within the bounds.
    """
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    middle = (bounds.west + bounds.east) / 2 if bounds else _middle(lon)
    around = turned(lon, middle)
    columns = np.unique(np.round(around, 6), return_index=True)[1]  # some global files have the first meridian twice
    rows = np.argsort(lat)
    x, y = around[columns], lat[rows]
    if bounds:
        inside = _within(x, bounds.west, bounds.east), _within(y, bounds.south, bounds.north)
        _need(inside[0].sum() > 1 and inside[1].sum() > 1, x, y, bounds, told)
        columns, rows, x, y = columns[inside[0]], rows[inside[1]], x[inside[0]], y[inside[1]]
    plane = np.meshgrid(x, y)
    crs = {"grid_mapping_name": "latitude_longitude", "longitude_of_prime_meridian": 0.0}
    return Horizontal(plane[0], plane[1], x, y, crs, rows, columns)


def _middle(lon: Field) -> float:
    """The middle of longitudes of any turn and order: opposite to the widest gap; 0 where they go all around."""
    around = np.unique(np.round(lon % 360, 6))
    gaps = np.diff(around, append=around[0] + 360)
    widest = int(np.argmax(gaps))
    if gaps[widest] < 1.5 * np.median(gaps):
        return 0.0
    return float((around[widest] + gaps[widest] / 2) % 360 - 180)


def of_planes(
    lon: NDArray[Any],
    lat: NDArray[Any],
    x: Field,
    y: Field,
    crs: Mapping[str, Any],
    bounds: Bounds | None,
    told: str,
) -> Horizontal:
    """A grid of any kind from the degrees (y, x) of its points and the coordinates of its axes.

    Raises:
        ReadError: nothing lies within the bounds.
    """
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    columns, rows = np.argsort(x), np.argsort(y)
    lon, lat = lon[np.ix_(rows, columns)], lat[np.ix_(rows, columns)]
    middle = (bounds.west + bounds.east) / 2 if bounds else float(lon[lon.shape[0] // 2, lon.shape[1] // 2])
    lon = turned(lon, middle)
    x, y = np.asarray(x, np.float64)[columns], np.asarray(y, np.float64)[rows]
    if bounds:
        inside = (lon >= bounds.west) & (lon <= bounds.east) & (lat >= bounds.south) & (lat <= bounds.north)
        across, up = (_widened(np.asarray(inside.any(axis=axis))) for axis in (0, 1))
        _need(bool(inside.any()), lon, lat, bounds, told)
        columns, rows, x, y = columns[across], rows[up], x[across], y[up]
        lon, lat = lon[up][:, across], lat[up][:, across]
    return Horizontal(lon, lat, x, y, crs, rows, columns)


def _within(axis: Field, low: float, high: float) -> NDArray[np.bool_]:
    """The points between two values, and one beyond on either side."""
    inside = (axis >= low) & (axis <= high)
    if not inside.any():  # between two points
        inside = np.zeros(axis.size, bool)
        at = int(np.searchsorted(axis, low))
        if 0 < at < axis.size:
            inside[at - 1 : at + 1] = True
        return inside
    return _widened(inside)


def _widened(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = inside.copy()
    if inside.any():
        first, last = np.flatnonzero(inside)[[0, -1]]
        wide[max(first - 1, 0) : last + 2] = True
    return wide


def _need(there: bool, lon: Field, lat: Field, bounds: Bounds, told: str) -> None:
    if not there:
        covers = f"covers {lon.min():.2f} to {lon.max():.2f} E, {lat.min():.2f} to {lat.max():.2f} N"
        wanted = f"{bounds.west:g} to {bounds.east:g} E, {bounds.south:g} to {bounds.north:g} N"
        raise ReadError([Fault(told, "", covers, f"asked for are {wanted}")])
