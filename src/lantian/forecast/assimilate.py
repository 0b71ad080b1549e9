"""Stations into the start state 同化: optimal interpolation of the logarithm of what stations measure.

With ``y`` the measured values, ``c`` the model's at the ground and ``H`` its interpolation to the stations, the
analysis is ``ln c_a = ln c + K (ln y - ln H c)`` with the gain ``K = B H' (H B H' + R)^-1`` (Gandin 1963; Daley 1991,
*Atmospheric Data Analysis*, chapter 4). In logarithms nothing becomes negative, and what a model misses is a factor:
too much emission, too shallow a mixed layer. The errors of the model have two scales: that of a town, and that of the
region, whose air is wrong as a whole.

The factor at the ground holds for the whole mixed layer and fades above it. It multiplies every species that the item
stands for, so the composition of particles stays the model's. Ozone is changed by the same amount instead: at night the
ground's is eaten up by NO while the air above keeps its own, which a factor of the ground's remainder would blow up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from lantian.places.grid import Domain, Field, Grid
from lantian.transport import particulate
from lantian.transport.boundary import Bilinear
from lantian.transport.species import REGISTRY

STANDS_FOR: Final[Mapping[str, tuple[str, ...]]] = {
    "so2": ("SO2",),
    "no2": ("NO", "NO2"),
    "co": ("CO",),
    "o3": ("O3",),
    "pm25": ("TNH4", *(s.name for s in REGISTRY.values() if s.pm25)),
    "pm10": ("PMC",),
}
"""Which species an item's factor multiplies. What pm10 holds beside pm25 is ``PMC``, the coarse particles."""
FLOOR: Final[Mapping[str, float]] = {"so2": 2.0, "no2": 2.0, "co": 0.1, "o3": 4.0, "pm25": 3.0, "pm10": 5.0}
"""Added before the logarithm, house units: about what instruments can tell apart; clean air is not magnified."""
_FADE: Final = 300.0
"""m over which the factor fades above the mixed layer. Judgement: the zone of entrainment."""
_SHALLOW: Final = 300.0
"""m, the least depth that a factor fills: at night the air of the evening still stands above a low inversion."""


@dataclass(frozen=True)
class Errors:
    """How wrong model and stations are, as standard deviations of logarithms.

    ``local`` and ``regional`` of the model, with the lengths in metres over which they fade (a Gaussian's); ``station``
    of a measured value as what stands for a cell. Judgement, checked by stations that were withheld:
    docs/forecast/assimilation.md has the figures.
    """

    local: float = 0.4
    local_length: float = 15_000.0
    regional: float = 0.6
    regional_length: float = 100_000.0
    station: float = 0.2
    most: float = 10.0
    """the largest factor, and its inverse the least"""

    def model(self, distance: Field) -> Field:
        """Covariance of the model's errors at a ``distance`` in metres; two Gaussians, judgement."""
        near, far = (np.exp(-0.5 * (distance / at) ** 2) for at in (self.local_length, self.regional_length))
        result: Field = self.local**2 * near + self.regional**2 * far
        return result


@dataclass(frozen=True)
class Analysis:
    """The start state after the stations were heard."""

    start: xr.Dataset
    """``mixing_ratio`` (z, species, y, x) ug kg-1"""
    factor: xr.Dataset
    """(y, x) by item: what the ground's air was multiplied with"""
    fit: pl.DataFrame
    """item, station, measured, model, analysis: house units; what the analysis changed where it heard"""


def analyse(
    domain: Domain,
    start: xr.Dataset,
    weather: xr.Dataset,
    observed: pl.DataFrame,
    errors: Errors | None = None,
    modelled: xr.Dataset | None = None,
) -> Analysis:
    """Correct the ``start`` of a domain by what stations measured at that moment.

    ``start``: ``mixing_ratio`` (z, species, y, x) ug kg-1. ``weather``: one moment of the door's dataset, without time.
    ``observed``: ``place``, ``lon``, ``lat`` (degrees) and a column an item in house units at ambient state, null where
    missing; stations outside the grid are left out. Items that the species do not give are left out too. ``modelled``:
    items (y, x) that the measured values are compared with where they are not those of the start, such as the mean of
    the day that ends there.
    """
    names = [str(name) for name in start["species"].values]
    state = np.asarray(start["mixing_ratio"].transpose("z", "species", "y", "x").values, np.float64)
    ground = _ground(state[0], names, weather) if modelled is None else _fields(modelled)
    errors = errors or Errors()
    inside = placed(domain.grid, observed)
    factors: dict[str, Field] = {}
    rows: list[pl.DataFrame] = []
    for item in (name for name in STANDS_FOR if name in ground and name in observed.columns):
        field, floor = ground[item], FLOOR[item]
        heard = inside.filter(pl.col(item).is_not_null() & pl.col(item).is_not_nan())
        if item == "pm10" and "pm25" in factors:  # only what is not fine particles, which their own factor corrects
            heard = heard.filter(pl.col("pm25").is_not_null()).with_columns(
                pm10=pl.max_horizontal(pl.col("pm10") - pl.col("pm25"), pl.lit(0.0))
            )
            field = np.maximum(field - ground["pm25"], 0.0)
        change, fit = increment(domain.grid, np.log(field + floor), heard, item, floor, errors)
        factors[item] = np.maximum((field + floor) * np.exp(change) - floor, 0.0) / np.maximum(field, 1e-6)
        rows.append(fit)
    share = _share(domain, np.asarray(weather["boundary_layer_height"].values, np.float64))
    density = np.asarray(weather["air_density"].values, np.float64)
    for item, factor in factors.items():
        for name in set(STANDS_FOR[item]) & set(names):
            column = state[:, names.index(name)]
            if item == "o3":
                column += share * (factor - 1) * ground["o3"] / density
                np.maximum(column, 0.0, out=column)
            else:
                column *= 1 + share * (np.clip(factor, 1 / errors.most, errors.most) - 1)
    corrected = start.copy()
    corrected["mixing_ratio"] = start["mixing_ratio"].transpose("z", "species", "y", "x").copy(data=state.astype("f4"))
    fields = xr.Dataset({item: (("y", "x"), factor) for item, factor in factors.items()})
    return Analysis(corrected, fields, pl.concat(rows) if rows else _no_fit())


def _ground(q: Field, names: Sequence[str], weather: xr.Dataset) -> dict[str, Field]:
    """The six pollutants (y, x) in house units in the lowest layer."""
    air = (jnp.asarray(weather[name].values[0]) for name in ("air_temperature", "relative_humidity", "air_density"))
    made = particulate.concentrations(jnp.asarray(q), names, *air)
    return {item: np.asarray(field, np.float64) for item, field in made.items()}


def _fields(modelled: xr.Dataset) -> dict[str, Field]:
    return {item: np.asarray(modelled[item].values, np.float64) for item in STANDS_FOR if item in modelled}


def placed(grid: Grid, observed: pl.DataFrame) -> pl.DataFrame:
    """The stations (``lon``, ``lat``) inside the grid, with ``x``, ``y`` on its map."""
    x, y = grid.projection.forward(observed["lon"].to_numpy(), observed["lat"].to_numpy())
    return observed.with_columns(x=pl.Series(x), y=pl.Series(y)).filter(
        pl.col("x").is_between(grid.x_faces[0], grid.x_faces[-1]),
        pl.col("y").is_between(grid.y_faces[0], grid.y_faces[-1]),
    )


def increment(
    grid: Grid, logarithm: Field, heard: pl.DataFrame, item: str, floor: float, errors: Errors
) -> tuple[Field, pl.DataFrame]:
    """The change (y, x) of the ``logarithm`` of an item plus its ``floor``, and how it fits.

    ``heard``: ``place``, ``x``, ``y`` (m on the grid's map, inside it) and the item, none missing.
    """
    if heard.is_empty():
        return np.zeros_like(logarithm), _no_fit()
    x, y = heard["x"].to_numpy(), heard["y"].to_numpy()
    read = Bilinear.between(grid.x, grid.y, x, y)
    model = read(logarithm)
    measured = np.log(np.maximum(heard[item].to_numpy(), 0.0) + floor)
    between = errors.model(np.hypot(x[:, None] - x, y[:, None] - y))
    weights = np.linalg.solve(between + errors.station**2 * np.eye(x.size), measured - model)
    change = np.zeros_like(logarithm)
    for at_x, at_y, weight in zip(x, y, weights, strict=True):
        change += weight * errors.model(np.hypot(grid.x - at_x, (grid.y - at_y)[:, None]))
    fit = heard.select(
        item=pl.lit(item),
        station="place",
        measured=pl.col(item).cast(pl.Float64),
        model=pl.Series(np.exp(model) - floor),
        analysis=pl.Series(np.exp(model + read(change)) - floor),
    )
    return change, fit


def _share(domain: Domain, depth: Field) -> NDArray[Any]:
    """(z, y, x) how much of the ground's factor holds aloft: all of it in the mixed layer."""
    height = (domain.heights[1:] + domain.heights[:-1]) / 2 - domain.terrain
    above = np.maximum(height - np.maximum(depth, _SHALLOW), 0.0)
    result: NDArray[Any] = np.exp(-0.5 * (above / _FADE) ** 2)
    return result


def _no_fit() -> pl.DataFrame:
    schema = {"item": pl.String, "station": pl.String}
    return pl.DataFrame(schema=schema | dict.fromkeys(("measured", "model", "analysis"), pl.Float64))
