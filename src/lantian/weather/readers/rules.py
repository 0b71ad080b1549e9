"""How each variable is made of what a file holds: the ways of `canonical.WAYS` that readers go, as functions."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Final, NamedTuple

import numpy as np

from lantian.weather import derive
from lantian.weather.derive import GRAVITY, Field

Make = Callable[..., Field]


def _same(value: Field) -> Field:
    return value


def _rain(rate: Field) -> Field:
    # packed sums may fall by a rounding
    return np.maximum(rate, 0.0)


def _over_ground(height: Field, ground: Field) -> Field:
    return height - ground


def _lowest(column: Field) -> Field:
    """The lowest value that is known; levels under the ground may be missing."""
    first = np.argmax(np.isfinite(column), axis=0)[None]
    lowest: Field = np.take_along_axis(column, first, axis=0)[0]
    return lowest


_AIR: Final = ("surface_air_pressure", "air_temperature")
RULES: Final[Mapping[str, Mapping[tuple[str, ...], Make]]] = {
    "eastward_wind": {
        ("x_wind", "y_wind", "north_of_grid"): lambda x, y, north: derive.true_wind(x, y, north)[0],
        ("wind_speed", "wind_from_direction"): lambda s, d: derive.wind_of_direction(s, d)[0],
    },
    "northward_wind": {
        ("x_wind", "y_wind", "north_of_grid"): lambda x, y, north: derive.true_wind(x, y, north)[1],
        ("wind_speed", "wind_from_direction"): lambda s, d: derive.wind_of_direction(s, d)[1],
    },
    "air_temperature": {("air_potential_temperature", "air_pressure"): derive.temperature_of_potential},
    "air_pressure": {
        ("pressure_levels",): _same,
        ("hybrid_coefficients", "surface_air_pressure"): lambda ab, ps: derive.hybrid_pressure(ab[0], ab[1], ps),
        ("height", "surface_air_pressure", "air_temperature", "specific_humidity"): lambda z, ps, t, q: (
            derive.hydrostatic_pressure(z, t, q, ps)
        ),
    },
    "specific_humidity": {
        ("humidity_mixing_ratio",): derive.humidity_of_mixing_ratio,
        ("dew_point_temperature", "air_pressure"): derive.humidity_of_dew_point,
        ("relative_humidity", "air_temperature", "air_pressure"): derive.humidity_of_relative,
    },
    "height": {
        ("height_levels",): _same,
        ("geopotential_height", "surface_altitude"): _over_ground,
        ("geopotential", "surface_altitude"): lambda phi, ground: phi / GRAVITY - ground,
        ("altitude", "surface_altitude"): _over_ground,
        ("altitude_levels", "surface_altitude"): _over_ground,
        ("air_pressure", "air_temperature", "specific_humidity", "surface_air_pressure"): derive.hypsometric_height,
    },
    "surface_altitude": {
        ("surface_geopotential",): lambda phi: phi / GRAVITY,
        ("surface_air_pressure", "air_pressure", "geopotential_height"): derive.height_of_pressure,
        ("surface_air_pressure", "air_pressure", "geopotential"): lambda ps, p, phi: derive.height_of_pressure(
            ps, p, phi / GRAVITY
        ),
    },
    "surface_air_pressure": {
        ("log_surface_air_pressure",): np.exp,
        ("surface_altitude", "geopotential_height", "air_pressure"): derive.pressure_of_height,
        ("surface_altitude", "geopotential", "air_pressure"): lambda ground, phi, p: derive.pressure_of_height(
            ground, phi / GRAVITY, p
        ),
        ("air_pressure_at_mean_sea_level", "surface_altitude", "air_temperature_at_2m"): derive.pressure_of_sea_level,
    },
    "specific_humidity_at_2m": {
        ("dew_point_temperature_at_2m", "surface_air_pressure"): derive.humidity_of_dew_point,
        ("relative_humidity_at_2m", "air_temperature_at_2m", "surface_air_pressure"): derive.humidity_of_relative,
    },
    "cloud_liquid_water_mixing_ratio": {
        ("specific_cloud_liquid_water_content", "specific_humidity"): derive.mixing_ratio_of_content
    },
    "friction_velocity": {
        (f"{of}surface_downward_eastward_stress", f"{of}surface_downward_northward_stress", *_AIR): (
            lambda x, y, p, t: derive.friction_velocity(x, y, p, _lowest(t))
        )
        for of in ("", "integral_of_")
    },
    "surface_upward_sensible_heat_flux": {
        ("surface_downward_sensible_heat_flux",): np.negative,
        ("integral_of_surface_downward_sensible_heat_flux",): np.negative,
    },
    "cloud_area_fraction": {("cloud_area_fraction_in_atmosphere_layer",): derive.total_cloud},
    "precipitation_flux": {("precipitation_amount",): _rain},
    "surface_downwelling_shortwave_flux": {("integral_of_surface_downwelling_shortwave_flux",): _rain},
}
"""For each variable the ways to it, the best first: what it takes, in order, and what makes it. The value of a series
over intervals is its mean per second."""


class Step(NamedTuple):
    """How one variable comes about: out of what (nothing: the file holds it), by which function."""

    needs: tuple[str, ...]
    make: Make


def plan(name: str, there: Container[str], made: dict[str, Step], asked: frozenset[str] = frozenset()) -> bool:
    """Whether a variable can be had from what is ``there``; if so ``made`` gets the steps to it.

    ``asked``: those that wait for this one, which cannot help to make it.
    """
    if name in made:
        return True
    if name in there:
        made[name] = Step((), _same)
        return True
    asked = asked | {name}
    for needs, make in RULES.get(name, {}).items():
        trial = dict(made)
        if not asked.intersection(needs) and all(plan(need, there, trial, asked) for need in needs):
            made.update(trial)
            made[name] = Step(needs, make)
            return True
    return False


def leaves(name: str, made: Mapping[str, Step]) -> frozenset[str]:
    """What of the files a variable is made of in the end."""
    step = made[name]
    if not step.needs:
        return frozenset({name})
    return frozenset().union(*(leaves(need, made) for need in step.needs))
