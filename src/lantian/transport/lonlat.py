"""Files of larger models on longitude, latitude and levels of pressure or height: their axes, units and values.

Axes are found by the CF conventions (standard name, units) or by their usual names; everything that is not understood
is refused with the name of what it concerns.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lantian.places.grid import Domain, Field
from lantian.places.overlap import outline
from lantian.transport.boundary import Bilinear, Times, interpolate
from lantian.transport.inputs import moment

_MASS: Final = {"kg kg-1": 1e9, "g kg-1": 1e6, "mg kg-1": 1e3, "ug kg-1": 1.0}
_MOLE: Final = {
    "mol mol-1": 1e9, "mmol mol-1": 1e6, "umol mol-1": 1e3, "nmol mol-1": 1.0, "pmol mol-1": 1e-3,
    "ppm": 1e3, "ppmv": 1e3, "ppb": 1.0, "ppbv": 1.0, "ppt": 1e-3, "pptv": 1e-3,
}  # fmt: skip
_PRESSURE: Final = {"Pa": 1.0, "hPa": 100.0, "mbar": 100.0, "mb": 100.0, "millibar": 100.0, "millibars": 100.0}
_LENGTH: Final = {"m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0, "km": 1000.0}
_GEOPOTENTIAL: Final = {"m2 s-2": 1 / 9.80665, "m": 1.0, "gpm": 1.0}
_SEA: Final = ("altitude", "height_above_mean_sea_level", "height_above_geopotential_datum", "geopotential_height")
_AXES: Final = {
    "latitude": (("latitude", "lat"), ("degrees_north", "degree_north", "degrees_N")),
    "longitude": (("longitude", "lon"), ("degrees_east", "degree_east", "degrees_E")),
}
_LONE: Final = ("forecast_reference_time", "number", "realization")
"""Dimensions that a file may have at length one."""


class Unit(NamedTuple):
    """What a value is multiplied with."""

    factor: float
    mole: bool
    """to ppb, otherwise to ug kg-1"""


def mixing_ratio_unit(variable: xr.DataArray) -> Unit:
    """The unit of a mixing ratio.

    Raises:
        ValueError: it is none, such as a concentration; or a bare number of which the standard name does not say
            whether it counts mass or moles.
    """
    given = variable.attrs.get("units")
    match = re.fullmatch(r"\s*(\d[\d.]*(?:[eE][+-]?\d+)?)?\s*(.*)", str(given))
    number, unit = (float(match[1] or 1), _plain(match[2])) if match else (1.0, str(given))
    standard = str(variable.attrs.get("standard_name", ""))
    if unit in _MASS:
        return Unit(number * _MASS[unit], False)
    if unit in _MOLE:
        return Unit(number * _MOLE[unit], True)
    if not unit and standard.startswith(("mass_fraction_of", "mole_fraction_of")):
        return Unit(number * 1e9, standard.startswith("mole"))
    raise ValueError(
        f"{variable.name}: units {given!r}; expected a mass mixing ratio ({', '.join(_MASS)}) or a mole fraction "
        f"({', '.join(_MOLE)}), or a number with the standard name mass_fraction_of_... or mole_fraction_of_..."
    )


def _plain(unit: str) -> str:
    """``kg kg**-1``, ``kg/kg`` and ``kg kg^-1`` as ``kg kg-1``."""
    unit = re.sub(r"\*\*|\^", "", unit.strip()).replace("µ", "u").replace("μ", "u")
    return re.sub(r"\s+", " ", re.sub(r"\s*/\s*([A-Za-z]+)", r" \1-1", unit))


def standard_height(pressure: Field) -> Field:
    """Height above the sea in m at a pressure in Pa in the US Standard Atmosphere (1976, eq. 33a, 33b) up to 20 km."""
    lower = 288.15 / 0.0065 * (1 - (pressure / 101_325.0) ** (287.053 * 0.0065 / 9.80665))
    upper = 11_000.0 + 287.053 * 216.65 / 9.80665 * np.log(22_632.1 / pressure)
    return np.where(pressure > 22_632.1, lower, upper)


class Axes(NamedTuple):
    """The names of a variable's dimensions."""

    time: Hashable
    level: Hashable
    latitude: Hashable
    longitude: Hashable

    @classmethod
    def of(cls, dataset: xr.Dataset, variable: Hashable) -> Axes:
        """The axes of one variable.

        Raises:
            ValueError: one is missing, or one is left over.
        """
        found: dict[str, Hashable] = {}
        rest = []
        for dim in dataset[variable].dims:
            axis = _axis(dataset, dim)
            if axis is None or axis in found:
                rest.append(dim)
            else:
                found[axis] = dim
        if len(rest) == 1:
            found["level"] = rest[0]
        if len(found) < len(cls._fields) or len(rest) > 1:
            known = ", ".join(f"{dim} is its {axis}" for axis, dim in found.items() if len(rest) < 2 or axis != "level")
            raise ValueError(
                f"{variable} {tuple(map(str, dataset[variable].dims))}: expected a time, a level, a latitude and a "
                f"longitude, each with a coordinate; {known or 'none was found'}"
            )
        return cls(**found)


def _axis(dataset: xr.Dataset, dim: Hashable) -> str | None:
    if dim not in dataset.coords:
        return None
    coordinate = dataset[dim]
    if coordinate.dtype.kind == "M":
        return "time"
    for axis, (names, units) in _AXES.items():
        named = coordinate.attrs.get("standard_name", str(dim)) in names
        if named or coordinate.attrs.get("units") in units:
            return axis
    return None


def opened(source: xr.Dataset | str | Path) -> xr.Dataset:
    """A dataset, a NetCDF file or a Zarr folder, its times as one dimension.

    Raises:
        ValueError: nothing is there, or it holds several forecasts or members.
    """
    if isinstance(source, xr.Dataset):
        dataset = source
    elif not Path(source).exists():
        raise ValueError(f"no file at {source}")
    else:
        folder: dict[str, Any] = {"engine": "zarr", "consolidated": False} if Path(source).is_dir() else {}
        dataset = xr.open_dataset(source, **folder)
    for dim in _LONE:
        if dataset.sizes.get(dim, 1) > 1:
            raise ValueError(f"the file holds {dataset.sizes[dim]} of {dim}; choose one of them")
        if dim in dataset.sizes:
            dataset = dataset.isel({dim: 0})
    if "valid_time" in dataset.variables and len(dataset["valid_time"].dims) == 1:
        (lead,) = dataset["valid_time"].dims
        dataset = dataset if lead == "valid_time" else dataset.swap_dims({lead: "valid_time"})
    return dataset


class Window:
    """The part of a file around a domain and its hours, read one time at a time.

    ``times`` (n,) of the file, from the last before the first hour to the first after the last one; ``over_ground``:
    whether its heights count from the ground; ``notes``: what was assumed.

    Raises:
        ValueError: the file does not cover the domain or the hours, times have a gap, levels are not understood.
    """

    def __init__(self, dataset: xr.Dataset, axes: Axes, domain: Domain, hours: Times) -> None:
        self.dataset, self.axes, self.domain = dataset, axes, domain
        self.notes: list[str] = []
        self.times, self._rows = self._cut_times(hours)
        middle = domain.grid.projection.lon_0
        lon, columns = np.unique(_turned(dataset[axes.longitude].values, middle), return_index=True)
        lat, rows = np.unique(dataset[axes.latitude].values.astype(np.float64), return_index=True)
        east, north = outline(domain.grid)
        across, along = _cut("longitude", lon, _turned(east, middle)), _cut("latitude", lat, north)
        self.lon, self.lat = lon[across], lat[along]
        self._columns, self._lines = columns[across], rows[along]
        self._middle = middle
        self.over_ground, self._height, self._geopotential = self._levels()
        self._upward = self._order()

    @property
    def levels(self) -> int:
        """How many levels."""
        return self._upward.size

    def height(self, t: int) -> Field:
        """(level, latitude, longitude) m from the ground up at time ``t``."""
        if self._geopotential is None:
            shape = self._upward.size, self.lat.size, self.lon.size
            return np.broadcast_to(self._height[self._upward, None, None], shape)
        name, factor = self._geopotential
        return self.read(name, t) * factor

    def read(self, name: Hashable, t: int) -> Field:
        """(level, latitude, longitude) of one variable at time ``t``, levels from the ground up."""
        at = {self.axes.time: self._rows[t], self.axes.latitude: self._lines, self.axes.longitude: self._columns}
        axes = self.axes
        field = self.dataset[name].isel(at).transpose(axes.level, axes.latitude, axes.longitude)
        return _above_ground(field.values.astype(np.float64)[self._upward], f"{name} at {moment(self.times[t])}")

    def bilinear(self, x: Field, y: Field) -> Bilinear:
        """To points on the domain's map."""
        lon, lat = self.domain.grid.projection.inverse(x, y)
        return Bilinear.between(self.lon, self.lat, _turned(lon, self._middle), lat)

    def _cut_times(self, hours: Times) -> tuple[Times, NDArray[np.intp]]:
        given = np.atleast_1d(self.dataset[self.axes.time].values).astype("datetime64[ns]")
        times, rows = np.unique(given, return_index=True)
        if times[0] > hours[0] or times[-1] < hours[-1]:
            raise ValueError(
                f"the file reaches from {moment(times[0])} to {moment(times[-1])}; needed are {moment(hours[0])} to "
                f"{moment(hours[-1])}"
            )
        first = int(np.searchsorted(times, hours[0], side="right")) - 1
        last = int(np.searchsorted(times, hours[-1], side="left"))
        steps = np.diff(times[first : last + 1])
        if steps.size and steps.max() > steps.min():
            k = first + int(np.argmax(steps))
            hour = np.timedelta64(1, "h")
            raise ValueError(
                f"the file has nothing between {moment(times[k])} and {moment(times[k + 1])}; elsewhere it has a time "
                f"every {steps.min() / hour:g} hours"
            )
        return times[first : last + 1], rows[first : last + 1]

    def _levels(self) -> tuple[bool, Field, tuple[Hashable, float] | None]:
        """Whether they count from the ground, their heights in m, and the variable that knows better."""
        level = self.dataset[self.axes.level]
        values, unit = level.values.astype(np.float64), str(level.attrs.get("units"))
        standard = str(level.attrs.get("standard_name", level.name))
        if unit in _PRESSURE:
            height = standard_height(values * _PRESSURE[unit])
            geopotential = self._find_geopotential()
            if geopotential is None:
                self.notes.append("pressures stand at their height in the US Standard Atmosphere")
            return False, height, geopotential
        if unit in _LENGTH and (standard == "height" or standard in _SEA):
            return standard == "height", values * _LENGTH[unit], None
        raise ValueError(
            f"level {level.name!r}: units {level.attrs.get('units')!r}, standard name {standard!r}; expected pressures "
            f"({', '.join(_PRESSURE)}), or in m the height above the ground (standard name height) or above the sea "
            "(altitude). Levels of the model itself must be brought to one of these first."
        )

    def _find_geopotential(self) -> tuple[Hashable, float] | None:
        for name, variable in self.dataset.data_vars.items():
            standard = variable.attrs.get("standard_name", str(name))
            if standard in ("geopotential", "geopotential_height", "z", "gh") and set(variable.dims) == set(self.axes):
                unit = _plain(str(variable.attrs.get("units")))
                if unit not in _GEOPOTENTIAL:
                    raise ValueError(f"{name}: units {unit!r}; expected one of {', '.join(_GEOPOTENTIAL)}")
                return name, _GEOPOTENTIAL[unit]
        return None

    def _order(self) -> NDArray[np.intp]:
        order = np.argsort(self._height)
        if np.any(np.diff(self._height[order]) <= 0):
            raise ValueError(f"level {self.axes.level!r}: two levels at the same height")
        return order


def column_values(q: Field, z: Field, points: Bilinear, at: Field) -> Field:
    """Values at points and heights ``at`` (n, points): (n, species, points).

    ``q`` (level, species, latitude, longitude) stands at heights ``z`` (level, latitude, longitude); only the levels
    around those wanted are looked at.
    """
    below = int((z.max(axis=(1, 2)) <= at.min()).sum())
    above = int((z.min(axis=(1, 2)) >= at.max()).sum())
    levels = slice(max(below - 1, 0), len(z) - max(above - 1, 0))
    return interpolate(points(q[levels]), points(z[levels]), at)


def _turned(lon: NDArray[Any], middle: float) -> Field:
    """Longitudes in the turn around a middle."""
    lon = np.asarray(lon, np.float64)
    return middle + (lon - middle + 180.0) % 360.0 - 180.0


def _cut(name: str, points: Field, needed: Field) -> slice:
    """The points that enclose all that is needed."""
    if points[0] > needed.min() or points[-1] < needed.max():
        raise ValueError(
            f"the file covers {name} {points[0]:.3f} to {points[-1]:.3f}; needed are {needed.min():.3f} to "
            f"{needed.max():.3f}"
        )
    first = int(np.searchsorted(points, needed.min(), side="right")) - 1
    return slice(max(first, 0), int(np.searchsorted(points, needed.max(), side="left")) + 1)


def _above_ground(q: Field, label: str) -> Field:
    """Missing values at the bottom of a column as the lowest known; nothing else may be missing."""
    known = np.isfinite(q)
    if known.all():
        return q
    lowest = np.argmax(known, axis=0)[None]
    under = np.arange(len(q))[:, None, None] < lowest
    filled: Field = np.where(under, np.take_along_axis(q, lowest, axis=0), q)
    missing = int((~np.isfinite(filled)).sum())
    if missing:
        raise ValueError(f"{label}: {missing} of {q.size} values are missing above the ground, or a whole column is")
    return filled


def in_time(series: Sequence[Field], times: Times, hours: Times) -> Field:
    """Linear between the ``times`` of the ``series``, at the ``hours``, which lie within them; float32."""
    upper = np.clip(np.searchsorted(times, hours, side="left"), 1 if len(times) > 1 else 0, len(times) - 1)
    lower = np.maximum(upper - 1, 0)
    span = np.maximum((times[upper] - times[lower]).astype(np.float64), 1.0)
    share = (hours - times[lower]).astype(np.float64) / span
    result = np.empty((len(hours), *series[0].shape), np.float32)
    for k, (a, b, s) in enumerate(zip(lower, upper, share, strict=True)):
        result[k] = (1 - s) * series[a] + s * series[b]
    return result
