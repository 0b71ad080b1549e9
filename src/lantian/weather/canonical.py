"""The canonical datasets of weather: what each variable is called, its dimensions, unit and bounds, and the checks.

Fields have dimensions ``time``, ``level`` (from the ground up), ``y`` (to the north), ``x`` (to the east) and the
two-dimensional coordinates ``lon``, ``lat``; stations have ``time``, ``station``. Everything is in SI units. A value
at a time is that of the moment; what a file gives as a mean or a sum over intervals has been brought to moments
(`derive.at_moments`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lantian.transport.inputs import Faults, Mistake, Values, Variable, has, whole_hours

__all__ = [
    "FIELDS",
    "LATER",
    "STATIONS",
    "WANTED",
    "WAYS",
    "Missing",
    "attributes",
    "check",
    "check_stations",
    "missing",
]

_VOLUME, _PLANE, _SERIES = ("time", "level", "y", "x"), ("time", "y", "x"), ("time", "station")
_CELSIUS: Final = Mistake(-100, 100, "degrees Celsius", "add 273.15", ("degC", "celsius", "Celsius", "°C"))
_HPA: Final = Mistake(10, 1150, "hPa", "multiply by 100", ("hPa", "mbar", "mb", "millibar"))
_PERCENT: Final = Mistake(0, 120, "percent", "divide by 100", ("%", "percent"))
_G_KG: Final = Mistake(0, 60, "g kg-1", "divide by 1000", ("g kg-1", "g/kg"))
_MM_H: Final = Mistake(0, 360, "mm h-1", "divide by 3600", ("mm h-1", "mm/h", "mm hr-1"))

FIELDS: Final = (
    Variable("eastward_wind", _VOLUME, ("m s-1",), -150, 150, "eastward_wind"),
    Variable("northward_wind", _VOLUME, ("m s-1",), -150, 150, "northward_wind"),
    Variable("air_temperature", _VOLUME, ("K",), 150, 350, "air_temperature", _CELSIUS),
    Variable("air_pressure", _VOLUME, ("Pa",), 1, 1.15e5, "air_pressure", _HPA),
    Variable("specific_humidity", _VOLUME, ("1",), 0, 0.06, "specific_humidity", _G_KG),
    Variable("height", _VOLUME, ("m",), 0, 9e4, "height"),
    Variable("surface_altitude", _PLANE, ("m",), -500, 9000, "surface_altitude"),
    Variable("surface_air_pressure", _PLANE, ("Pa",), 3e4, 1.15e5, "surface_air_pressure", _HPA),
)
"""What every canonical dataset of fields has. ``height`` is above the ground and rises with the level;
``surface_altitude`` may be without time."""

WANTED: Final = (
    Variable(
        "cloud_liquid_water_mixing_ratio", _VOLUME, ("kg kg-1",), 0, 0.03, "cloud_liquid_water_mixing_ratio", _G_KG
    ),
    Variable("boundary_layer_height", _PLANE, ("m",), 0, 1e4, "atmosphere_boundary_layer_thickness"),
    Variable("friction_velocity", _PLANE, ("m s-1",), 0, 10),
    Variable("surface_upward_sensible_heat_flux", _PLANE, ("W m-2",), -1000, 1500, "surface_upward_sensible_heat_flux"),
    Variable("cloud_area_fraction", _PLANE, ("1",), 0, 1, "cloud_area_fraction", _PERCENT),
    Variable("precipitation_flux", _PLANE, ("kg m-2 s-1",), 0, 0.1, "precipitation_flux", _MM_H),
    Variable(
        "surface_downwelling_shortwave_flux", _PLANE, ("W m-2",), 0, 1500,
        "surface_downwelling_shortwave_flux_in_air",
    ),
)  # fmt: skip
"""What a dataset of fields may have; `downscale` derives what is not there."""

STATIONS: Final = (
    Variable("air_temperature", _SERIES, ("K",), 200, 335, "air_temperature", _CELSIUS),
    Variable("dew_point_temperature", _SERIES, ("K",), 190, 310, "dew_point_temperature", _CELSIUS),
    Variable("air_pressure", _SERIES, ("Pa",), 3e4, 1.15e5, "air_pressure", _HPA),
    Variable("wind_speed", _SERIES, ("m s-1",), 0, 100, "wind_speed"),
    Variable("wind_from_direction", _SERIES, ("degree",), 0, 360, "wind_from_direction"),
    Variable("precipitation_flux", _SERIES, ("kg m-2 s-1",), 0, 0.1, "precipitation_flux", _MM_H),
)
"""What every canonical dataset of stations has; NaN is missing."""

_BY_NAME: Final = {variable.name: variable for variable in (*FIELDS, *WANTED)}
_FIXED: Final = ("surface_altitude", "surface_air_pressure")
"""May stand without time."""

_STRESS: Final = ("surface_downward_eastward_stress", "surface_downward_northward_stress")
_AIR: Final = ("surface_air_pressure", "air_temperature")
WAYS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "eastward_wind": (("x_wind", "y_wind", "north_of_grid"), ("wind_speed", "wind_from_direction")),
    "northward_wind": (("x_wind", "y_wind", "north_of_grid"), ("wind_speed", "wind_from_direction")),
    "air_temperature": (("air_potential_temperature", "air_pressure"),),
    "air_pressure": (
        ("pressure_levels",),
        ("hybrid_coefficients", "surface_air_pressure"),
        ("height", *_AIR, "specific_humidity"),
    ),
    "specific_humidity": (
        ("humidity_mixing_ratio",),
        ("dew_point_temperature", "air_pressure"),
        ("relative_humidity", "air_temperature", "air_pressure"),
    ),
    "height": (
        ("height_levels",),
        ("geopotential_height", "surface_altitude"),
        ("geopotential", "surface_altitude"),
        ("altitude", "surface_altitude"),
        ("altitude_levels", "surface_altitude"),
        ("air_pressure", "air_temperature", "specific_humidity", "surface_air_pressure"),
    ),
    "surface_altitude": (
        ("surface_geopotential",),
        ("surface_air_pressure", "air_pressure", "geopotential_height"),
        ("surface_air_pressure", "air_pressure", "geopotential"),
    ),
    "surface_air_pressure": (
        ("log_surface_air_pressure",),
        ("surface_altitude", "geopotential_height", "air_pressure"),
        ("surface_altitude", "geopotential", "air_pressure"),
        ("air_pressure_at_mean_sea_level", "surface_altitude", "air_temperature_at_2m"),
    ),
    "cloud_liquid_water_mixing_ratio": (("specific_cloud_liquid_water_content", "specific_humidity"),),
    "friction_velocity": ((*_STRESS, *_AIR), (*(f"integral_of_{name}" for name in _STRESS), *_AIR)),
    "surface_upward_sensible_heat_flux": (
        ("surface_downward_sensible_heat_flux",),
        ("integral_of_surface_downward_sensible_heat_flux",),
    ),
    "cloud_area_fraction": (("cloud_area_fraction_in_atmosphere_layer",),),
    "precipitation_flux": (("precipitation_amount",),),
    "surface_downwelling_shortwave_flux": (("integral_of_surface_downwelling_shortwave_flux",),),
}
"""From which other quantities of a file readers derive a variable, the best way first."""

LATER: Final[Mapping[str, tuple[str, ...]]] = {
    "cloud_liquid_water_mixing_ratio": ("air_temperature", "specific_humidity", "air_pressure"),
    "boundary_layer_height": ("eastward_wind", "northward_wind", "air_temperature", "height"),
    "friction_velocity": ("eastward_wind", "northward_wind", "air_temperature", "height"),
    "surface_upward_sensible_heat_flux": ("air_temperature", "time of day"),
    "cloud_area_fraction": ("air_temperature", "specific_humidity", "air_pressure"),
    "precipitation_flux": ("nothing: no rain",),
    "surface_downwelling_shortwave_flux": ("time of day", "cloud_area_fraction"),
}
"""From what `downscale` derives a wanted variable that the canonical dataset does not have."""


class Missing(NamedTuple):
    """A variable that is not there: whether it must be, and the ways to it, of which ``open`` are possible here."""

    name: str
    needed: bool
    ways: tuple[tuple[str, ...], ...]
    open: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return f"{self.name} is missing; it could be derived from {'; or from '.join(map(listed, self.ways))}."


def listed(names: Sequence[str]) -> str:
    """Names as they are told: a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def attributes(name: str) -> dict[str, str]:
    """The CF attributes of a variable of fields: ``units``, and ``standard_name`` where CF has one."""
    variable = _BY_NAME[name]
    standard = {"standard_name": variable.standard_name} if variable.standard_name else {}
    return {"units": variable.units[0], **standard}


def missing(names: Sequence[str]) -> tuple[Missing, ...]:
    """Which variables of fields are not among ``names``, and what each could be derived from.

    ``names`` may hold other quantities of `WAYS`; a way is open when all of it is there. A variable of `WANTED` has
    the way of `LATER` as its last.
    """
    there = {*names, "time of day", "nothing: no rain"}
    found = []
    for variable in (*FIELDS, *WANTED):
        if variable.name not in there:
            later = LATER.get(variable.name)
            ways = (*WAYS.get(variable.name, ()), *([later] if later else []))
            possible = tuple(way for way in ways if there.issuperset(way))
            found.append(Missing(variable.name, variable in FIELDS, ways, possible))
    return tuple(found)


def check(dataset: xr.Dataset, *, label: str = "weather", values: bool = True) -> tuple[str, ...]:
    """What is wrong with a dataset of fields, a sentence each; nothing when it is canonical.

    Dimensions, units, whole hours in order, coordinates, and with ``values``, read hour by hour, that every value is
    there and within its bounds, that heights rise and pressures fall with the level. Gaps of hours are allowed.
    """
    faults = Faults()
    for absent in missing([str(name) for name in dataset.data_vars]):
        if absent.needed:
            faults.add(f"{label}: {absent}")
    times = whole_hours(dataset, label, faults, gapless=False)
    sizes = {str(dim): size for dim, size in dataset.sizes.items()}
    _places(dataset, ("y", "x"), label, faults)
    there = []
    for variable in _BY_NAME.values():
        if variable.name in dataset.data_vars:
            fixed = variable.name in _FIXED and "time" not in dataset[variable.name].dims
            wanted = variable._replace(dims=variable.dims[1:]) if fixed else variable
            if has(dataset, label, wanted, sizes, faults):
                there.append(wanted)
    if values and times is not None:
        _look(dataset, there, times, label, faults)
    return tuple(faults.sentences)


def check_stations(dataset: xr.Dataset, *, label: str = "stations") -> tuple[str, ...]:
    """What is wrong with a dataset of stations, a sentence each; nothing when it is canonical. NaN is missing."""
    faults = Faults()
    times = whole_hours(dataset, label, faults, gapless=False)
    _places(dataset, ("station",), label, faults)
    if "altitude" not in dataset.coords:
        faults.add(f"{label}: the coordinate altitude is missing; it must be (station) in m above the sea.")
    if "anemometer_height" not in dataset.variables:
        faults.add(f"{label}: anemometer_height is missing; it must be a number or (station) in m above the ground.")
    sizes = {str(dim): size for dim, size in dataset.sizes.items()}
    seen = Values()
    for variable in STATIONS:
        if has(dataset, label, variable, sizes, faults) and times is not None:
            given = dataset[variable.name].values
            known = given[~np.isnan(given)]
            if known.size:
                seen.look(label, variable, np.where(np.isnan(given), known[0], given))
    seen.tell(faults)
    return tuple(faults.sentences)


def _places(dataset: xr.Dataset, dims: tuple[str, ...], label: str, faults: Faults) -> None:
    """Whether lon and lat stand on the dimensions and are degrees."""
    for name, low, high in (("lon", -180, 540), ("lat", -90, 90)):
        if name not in dataset.coords or dataset[name].dims != dims:
            faults.add(f"{label}: the coordinate {name} is missing; it must be ({' '.join(dims)}) in degrees.")
            continue
        degrees = dataset[name].values
        if not np.all((degrees >= low) & (degrees <= high)):
            faults.add(
                f"{label}: {name} ranges from {degrees.min():.4g} to {degrees.max():.4g}; it must lie within {low} and "
                f"{high} degrees."
            )


def _look(
    dataset: xr.Dataset, there: Sequence[Variable], times: NDArray[np.datetime64], label: str, faults: Faults
) -> None:
    """At the values, one moment after the other."""
    seen = Values()
    wrong: set[str] = set()
    for t, time in enumerate(times):
        for variable in there:
            if "time" in variable.dims or t == 0:
                moving = "time" in variable.dims
                given = dataset[variable.name]
                now = (given.isel(time=t) if moving else given).values
                seen.look(label, variable, now, time if moving else None)
                if variable.name in ("height", "air_pressure") and variable.name not in wrong:
                    rises = np.diff(now, axis=0) * (1 if variable.name == "height" else -1)
                    if np.any(rises <= 0):
                        wrong.add(variable.name)
                        k, j, i = np.unravel_index(int(np.argmax(rises <= 0)), rises.shape)
                        does = "rise" if variable.name == "height" else "fall"
                        faults.add(
                            f"{label}: {variable.name} must {does} with the level, from the ground up; it goes from "
                            f"{now[k, j, i]:.6g} to {now[k + 1, j, i]:.6g} at {time}, level {k}, y {j}, x {i}."
                        )
    seen.tell(faults)
