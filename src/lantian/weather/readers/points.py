"""The grids of GRIB: longitudes and latitudes, and the order in which values come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lantian.weather.readers.codes import eccodes
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.horizontal import Bounds, Horizontal, of_axes

Field = NDArray[np.float64]

_RIGHT: Final = "read are regular_ll, regular_gg and a whole reduced_gg; ask for a grid of longitude and latitude"


@dataclass(frozen=True, eq=False)
class Points:
    """Rows of latitudes ``lat``, in the file's order, and the longitudes ``lon`` of the columns.

    ``rows``: how many values each row has, on a reduced grid; they are interpolated along the row to ``lon``.
    ``along_y``: values come column by column; ``zigzag``: every second row from its end.
    """

    kind: str
    lon: Field
    lat: Field
    rows: NDArray[np.intp] | None = None
    along_y: bool = False
    zigzag: bool = False

    def __str__(self) -> str:
        first = f"{self.lat[0]:.2f} N {self.lon[0]:.2f} E"
        return f"{self.kind} of {self.lat.size} x {self.lon.size} points from {first}"

    def same(self, other: Points) -> bool:
        """Whether values come for the same points in the same order."""
        alike = (self.kind, self.along_y, self.zigzag) == (other.kind, other.along_y, other.zigzag)
        rows = (self.rows is None) == (other.rows is None)
        return alike and rows and np.array_equal(self.lon, other.lon) and np.array_equal(self.lat, other.lat)

    def horizontal(self, bounds: Bounds | None, told: str) -> Horizontal:
        """Where the points are."""
        return of_axes(self.lon, self.lat, bounds, told)

    def plane(self, values: Field) -> Field:
        """Values (latitude, longitude) from those of a message."""
        if self.rows is not None:
            return self._filled(values, self.rows)
        if self.along_y:
            plane = values.reshape(self.lon.size, self.lat.size)
            if self.zigzag:
                plane = np.where((np.arange(self.lon.size) % 2 == 1)[:, None], plane[:, ::-1], plane)
            return plane.T
        plane = values.reshape(self.lat.size, self.lon.size)
        return np.where((np.arange(self.lat.size) % 2 == 1)[:, None], plane[:, ::-1], plane) if self.zigzag else plane

    def _filled(self, values: Field, rows: NDArray[np.intp]) -> Field:
        """Each row of a reduced grid interpolated linearly around the earth to the longitudes of the longest."""
        plane = np.empty((self.lat.size, self.lon.size))
        for j, (end, count) in enumerate(zip(np.cumsum(rows), rows, strict=True)):
            row = values[end - count : end]
            plane[j] = np.interp(self.lon, np.arange(count + 1) * (360.0 / count), np.append(row, row[0]))
        return plane


def of(opened: Any, told: str) -> Points:
    """The grid of a message.

    Raises:
        ReadError: of a kind that is not read.
    """

    def get(key: str) -> Any:
        return eccodes.codes_get(opened, key)

    kind = str(get("gridType"))
    if kind not in ("regular_ll", "regular_gg", "reduced_gg"):
        raise ReadError([Fault(told, "", f"lies on a grid of the type {kind}", _RIGHT)])
    south = bool(get("jScansPositively"))
    first, last = (float(get(f"{which}GridPointInDegrees")) for which in ("latitudeOfFirst", "latitudeOfLast"))
    west, east = (float(get(f"{which}GridPointInDegrees")) for which in ("longitudeOfFirst", "longitudeOfLast"))
    count = int(get("Nj"))
    lat: Field = np.linspace(first, last, count)
    if kind != "regular_ll":
        circles: Field = np.sort(eccodes.codes_get_array(opened, "distinctLatitudes"))
        lat = circles if south else circles[::-1]
    if kind == "reduced_gg":
        rows = np.asarray(eccodes.codes_get_array(opened, "pl"), np.intp)
        longest = int(rows.max())
        if rows.size != lat.size or rows.min() < 2 or abs(east - (360.0 - 360.0 / longest)) > 0.01 or west != 0:
            raise ReadError([Fault(told, "", "lies on a part of a reduced Gaussian grid", _RIGHT)])
        return Points(kind, np.linspace(0.0, 360.0, longest, endpoint=False), lat, rows)
    backward = bool(get("iScansNegatively"))
    columns = int(get("Ni"))
    span = (west - east if backward else east - west) % 360.0
    if span == 0 and columns > 1:
        span = 360.0
    lon = np.asarray(west + np.linspace(0, span, columns) * (-1 if backward else 1), np.float64)
    return Points(kind, lon, lat, None, bool(get("jPointsAreConsecutive")), bool(get("alternativeRowScanning")))
