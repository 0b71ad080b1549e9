"""The axes of a NetCDF file: its times, its points, its levels, by the CF conventions or by usual names."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import xarray as xr

from lantian.weather import derive
from lantian.weather.readers import units
from lantian.weather.readers.faults import Fault, ReadError
from lantian.weather.readers.horizontal import Bounds, Horizontal, of_axes, of_planes
from lantian.weather.readers.terms import NO_TIMES, Field, Times, Vertical

_NORTH: Final = ("latitude", "lat"), ("degrees_north", "degree_north", "degrees_N", "degree_N")
_EAST: Final = ("longitude", "lon"), ("degrees_east", "degree_east", "degrees_E", "degree_E")
_LONE: Final = ("number", "realization", "forecast_reference_time")
"""Dimensions that may be of length one."""


class Clock(NamedTuple):
    """The times of a file along the dimension ``dim``, and where intervals begin and end if the file tells."""

    dim: Hashable | None
    times: Times
    since: Times | None
    ends: Times


def alone(dataset: xr.Dataset, told: str) -> xr.Dataset:
    """The one forecast and member that the file holds; ERA5 and its preliminary release ERA5T as one.

    Raises:
        ReadError: it holds several.
    """
    if "expver" in dataset.sizes:  # one release has values where the other has none
        first, *others = (dataset.isel(expver=k, drop=True) for k in range(dataset.sizes["expver"]))
        for other in others:
            first = first.fillna(other)
        dataset = first
    for dim in _LONE:
        if dataset.sizes.get(dim, 1) > 1:
            value = f"holds {dataset.sizes[dim]} of {dim}"
            raise ReadError([Fault(told, "", value, "give a file with one of them")])
        if dim in dataset.sizes:
            dataset = dataset.isel({dim: 0})
    return dataset


def clock(dataset: xr.Dataset, told: str) -> Clock:
    """The times; none in a file of what does not change.

    Raises:
        ReadError: several forecasts in one file.
    """
    for name in ("valid_time", "time", *map(str, dataset.coords)):
        if name not in dataset.coords or dataset[name].dtype.kind != "M":
            continue
        coordinate = dataset[name]
        if coordinate.ndim > 1:
            value = f"are those of {' x '.join(map(str, coordinate.shape))} forecasts and steps"
            raise ReadError([Fault(told, name, value, "give a file with one forecast")])
        if name == "time" and "step" in dataset.sizes:
            continue
        values = np.atleast_1d(coordinate.values).astype("datetime64[s]")
        dim = coordinate.dims[0] if coordinate.ndim else None
        bounds = dataset.variables.get(coordinate.attrs.get("bounds", ""))
        if bounds is not None:
            around = bounds.values.reshape(-1, 2).astype("datetime64[s]")
            return Clock(dim, values, around[:, 0], around[:, 1])
        return Clock(dim, values, _start(dataset, coordinate), values)
    return Clock(None, NO_TIMES, None, NO_TIMES)


def _start(dataset: xr.Dataset, time: xr.DataArray) -> Times | None:
    """For steps of a forecast its start, from which sums count."""
    start = dataset.coords.get("forecast_reference_time", dataset.coords.get("time"))
    if "step" in dataset.coords and start is not None and start.size == 1 and start.dtype.kind == "M":
        return np.full(time.size, start.values.reshape(()), "datetime64[s]")
    return None


def horizontal(dataset: xr.Dataset, bounds: Bounds | None, told: str) -> tuple[Horizontal, tuple[Hashable, Hashable]]:
    """The points, and the dimensions along which the rows and columns of the file go.

    Raises:
        ReadError: there are no longitudes and latitudes.
    """
    lat, lon = (_places(dataset, *which) for which in (_NORTH, _EAST))
    if lat is None or lon is None:
        name = "latitude" if lat is None else "longitude"
        right = f"a coordinate with standard_name {name} in degrees must tell where the points are"
        raise ReadError([Fault(told, name, "is missing", right)])
    if lat.ndim == 1 and lon.ndim == 1:
        return of_axes(lon.values, lat.values, bounds, told), (lat.dims[0], lon.dims[0])
    if lat.ndim != 2 or lon.dims != lat.dims:
        value = f"are {lat.dims} and {lon.dims}"
        raise ReadError([Fault(told, f"{lat.name}, {lon.name}", value, "they must have the same two dimensions")])
    rows, columns = lat.dims
    crs = _mapping(dataset)
    axes = [
        dataset[dim].values.astype(np.float64)
        if dim in dataset.coords and dataset[dim].dtype.kind in "fiu"
        else np.arange(dataset.sizes[dim], dtype=np.float64)
        for dim in (columns, rows)
    ]
    return of_planes(lon.values, lat.values, axes[0], axes[1], crs, bounds, told), (rows, columns)


def _places(dataset: xr.Dataset, names: tuple[str, ...], degrees: tuple[str, ...]) -> xr.DataArray | None:
    for name in dataset.variables:
        variable = dataset[name]
        known = variable.attrs.get("standard_name", str(name)) in names or variable.attrs.get("units") in degrees
        if known and variable.ndim in (1, 2) and variable.dtype.kind in "fiu":
            return variable
    return None


def _mapping(dataset: xr.Dataset) -> Mapping[str, Any]:
    for variable in dataset.variables.values():
        if "grid_mapping_name" in variable.attrs:
            return dict(variable.attrs)
    return {}


class Levels(NamedTuple):
    """The levels along a dimension: what they are, the keys of those in the file's order, from the ground up."""

    vertical: Vertical
    keys: tuple[float, ...]
    order: tuple[int, ...]
    """Where in the file each level of the keys stands."""


def levels(dataset: xr.Dataset, dim: Hashable, told: str, sample: Callable[[], Field | None]) -> Levels:
    """What the dimension ``dim`` counts; ``sample()``: pressures of one column where the file has them.

    Raises:
        ReadError: its unit is not understood.
    """
    count = dataset.sizes[dim]
    coordinate = dataset[dim] if dim in dataset.coords else None
    attributes = coordinate.attrs if coordinate is not None else {}
    standard, unit = str(attributes.get("standard_name", "")), str(attributes.get("units", ""))
    hybrid = _coefficients(dataset, standard, str(attributes.get("formula_terms", "")), count)
    if hybrid is not None:
        order = tuple(int(k) for k in np.argsort(-(hybrid[0] + hybrid[1] * 101_325.0)))
        numbers = tuple(float(k) for k in (coordinate.values if coordinate is not None else np.arange(count)))
        keys = tuple(numbers[k] for k in order)
        a, b = ({numbers[k]: float(part[k]) for k in range(count)} for part in hybrid)
        return Levels(Vertical("hybrid", a, b), keys, order)
    if coordinate is not None and (standard == "air_pressure" or units.scale(unit, "Pa") is not None):
        scale = units.scale(unit, "Pa")
        if scale is None:
            right = f"it must be in one of {units.understood('Pa')}"
            raise ReadError([Fault(told, str(dim), f"is a pressure in {unit!r}", right)])
        values = coordinate.values * scale.factor
        return _ordered("pressure", values, np.argsort(-values))
    if coordinate is not None and standard in ("height", "altitude") and units.scale(unit, "m") is not None:
        scale = units.scale(unit, "m") or units.Scale()
        return _ordered(standard, coordinate.values * scale.factor, np.argsort(coordinate.values))
    pressures = sample()
    down = pressures is None and attributes.get("positive") == "down"
    falling = np.argsort(-pressures) if pressures is not None else np.arange(count)[:: -1 if down else 1]
    return Levels(Vertical("model"), tuple(map(float, range(count))), tuple(map(int, falling)))


def _ordered(kind: str, values: Field, order: Any) -> Levels:
    keys = tuple(round(float(values[k]), 6) for k in order)
    return Levels(Vertical(kind), keys, tuple(map(int, order)))


def _coefficients(dataset: xr.Dataset, standard: str, formula: str, count: int) -> tuple[Field, Field] | None:
    """The a, in Pa, and b at full levels."""
    terms = dict(re.findall(r"(\w+):\s*(\w+)", formula)) if "hybrid_sigma_pressure" in standard else {}
    names = terms.get("ap", terms.get("a", "hyam")), terms.get("b", "hybm")
    if any(name not in dataset.variables or dataset[name].shape != (count,) for name in names):
        return None
    a, b = (dataset[name].values.astype(np.float64) for name in names)
    if "ap" not in terms and terms.get("p0") in dataset.variables:
        a = a * float(dataset[terms["p0"]].values)
    return a, b


def north(plane: Horizontal) -> Field:
    """The direction of north on the grid."""
    regular = plane.crs.get("grid_mapping_name") == "latitude_longitude"
    return np.zeros(plane.lon.shape) if regular else derive.north_of_grid(plane.lon, plane.lat)
