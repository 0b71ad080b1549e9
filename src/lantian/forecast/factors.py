"""Stations into the emissions 排放反演: factors on sectors and areas that bring the model to what stations measured.

Four-dimensional variational assimilation (Le Dimet & Talagrand 1986, Tellus 38A:97; for emissions Elbern et al. 2007,
Atmos. Chem. Phys. 7:3749). With ``x`` the logarithms of the factors, least is sought of

    J(x) = 1/2 sum (ln(c + f) - ln(y + f))^2 / (n s^2) + 1/2 sum x^2 / b^2

over the stations' hours of the window, ``c`` the model's value, ``y`` the measured one, ``f`` the floor of
`assimilate.FLOOR`. Its gradient comes from the adjoint of the whole model, chemistry included: one run back whatever
the number of factors. Bounds keep a factor within what an inventory can be wrong by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jax.numpy as jnp
import numpy as np
import polars as pl
import xarray as xr
from jax import Array
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]

from lantian.forecast.assimilate import FLOOR, placed
from lantian.places.grid import Domain
from lantian.transport import adjoint, door
from lantian.transport.boundary import Bilinear, Boundary
from lantian.transport.model import Model, Progress
from lantian.transport.particulate import concentrations
from lantian.transport.weather import Weather

LUMPS: Final[Mapping[str, tuple[str, ...]]] = {
    "SO2": ("SO2", "SO4"),
    "NOX": ("NO", "NO2"),
    "CO": ("CO",),
    "PM25": ("PPM25", "BC", "SOA"),
    "PMC": ("PMC", "DUST"),
}
"""What has a factor of its own; stations say nothing of other species, whose emissions stay as they are."""
ITEMS: Final = ("so2", "no2", "co", "pm25", "pm10")
MOST: Final = 4.0
"""A factor lies between 1 / `MOST` and `MOST`. Judgement: the spread of inventories for one province and sector."""
SPREAD: Final = 0.5
"""b, of the logarithm of a factor. Judgement: 65 % up, 40 % down."""
MISFIT: Final = 0.4
"""s, of the logarithm of a station's hour against the model at 10 km: mostly representativeness. Judgement."""
CORRELATED: Final = 12.0
"""n: how many hours of stations are wrong together and count as one (six hours, two stations). Judgement."""


@dataclass(frozen=True)
class Estimate:
    """The factors of a window."""

    factors: dict[tuple[str, str], float]
    """by part and lump"""
    misfit: tuple[float, float]
    """root mean square of ln(c + f) - ln(y + f) over all stations' hours, before and after"""
    evaluations: int

    def table(self) -> pl.DataFrame:
        """part, lump, factor."""
        rows = [(part, lump, factor) for (part, lump), factor in self.factors.items()]
        return pl.DataFrame(rows, schema={"part": pl.String, "lump": pl.String, "factor": pl.Float64}, orient="row")


def scaled(parts: Mapping[str, xr.Dataset], factors: Mapping[tuple[str, str], float]) -> xr.Dataset:
    """The sum of the ``parts``' emissions, each lump times its factor; parts and lumps without one count once."""
    of = {species: lump for lump, members in LUMPS.items() for species in members}
    total: xr.Dataset | None = None
    for part, emissions in parts.items():
        grown = emissions.copy()
        for name in map(str, emissions.data_vars):
            factor = factors.get((part, of.get(name, "")), 1.0)
            grown[name] = emissions[name].copy(data=emissions[name].values * np.float32(factor))
        total = grown if total is None else _sum(total, grown)
    if total is None:
        raise ValueError("no emissions were given")
    return total


def _sum(one: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
    """Of two emissions, which may name other species each and reach up to other layers."""
    layers = max(one.sizes["layer"], other.sizes["layer"])
    both = [field.pad(layer=(0, layers - field.sizes["layer"]), constant_values=0.0) for field in (one, other)]
    result = both[0].copy()
    for name, field in both[1].data_vars.items():
        known = field.values + (result[name].values if name in result else 0.0)
        result[name] = field.copy(data=known)
    return result


def estimate(
    model: Model,
    domain: Domain,
    weather: xr.Dataset,
    parts: Mapping[str, xr.Dataset],
    outside: Boundary,
    observed: pl.DataFrame,
    *,
    iterations: int = 5,
    progress: Progress | None = None,
) -> Estimate:
    """Factors on ``parts`` of the emissions (sectors by areas, each a dataset of the door) over a window.

    ``observed``: ``time`` (UTC), ``lon``, ``lat`` and a column an item in house units at ambient state, null where
    missing. The window is that of the ``weather``. ``iterations`` of L-BFGS-B (Byrd et al. 1995, SIAM J. Sci.
    Comput. 16:1190), each about one run forth and back.
    """
    keys = [(part, lump) for part in parts for lump in LUMPS if _emits(parts[part], lump)]
    misfit = _Misfit(domain, model.species, observed)
    tell = progress or _silent
    rounds: list[float] = []

    def cost(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        factors = dict(zip(keys, np.exp(x).tolist(), strict=True))
        forcing = door.open_forcing(
            domain,
            model.species,
            weather=weather,
            emissions=scaled(parts, factors),
            edges=outside.edges,
            parameters=model.parameters,
        )
        felt = adjoint.sensitivity(model, forcing, outside.start, misfit.objective(forcing.times))
        rounds.append(float(felt.data["modelled"][0]))
        tell(len(rounds), iterations + 2, f"misfit {misfit.typical(rounds[-1]):.3f}")
        gradient = [factor * _slope(felt, parts[part], lump) for (part, lump), factor in factors.items()]
        return rounds[-1] + float(x @ x) / (2 * SPREAD**2), np.array(gradient) + x / SPREAD**2

    bound = np.log(MOST)
    found = minimize(
        cost,
        np.zeros(len(keys)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-bound, bound)] * len(keys),
        options={"maxiter": iterations, "maxfun": iterations + 2},
    )
    factors = dict(zip(keys, np.exp(found.x).tolist(), strict=True))
    return Estimate(factors, (misfit.typical(rounds[0]), misfit.typical(min(rounds))), len(rounds))


def _emits(emissions: xr.Dataset, lump: str) -> bool:
    return any(name in emissions and bool(np.any(emissions[name].values)) for name in LUMPS[lump])


def _slope(felt: adjoint.Sensitivity, emissions: xr.Dataset, lump: str) -> float:
    """Derivative of the misfit by the factor of a lump of a part."""
    mine = emissions[[name for name in LUMPS[lump] if name in emissions]]
    return float(felt.contribution(mine, over=("time", "species", "layer", "y", "x"))[0])


class _Misfit:
    """The first sum of J, hour by hour."""

    def __init__(self, domain: Domain, species: tuple[str, ...], observed: pl.DataFrame) -> None:
        self.observed = placed(domain.grid, observed)
        self.domain, self.species = domain, species
        self.count = 0

    def objective(self, times: NDArray[np.datetime64]) -> adjoint.Objective:
        """For a run of those ``times``."""
        run = set(times[:-1].astype("datetime64[h]"))
        stamped = self.observed.with_columns(pl.col("time").dt.replace_time_zone(None))
        heard = {np.datetime64(key, "h"): rows for (key,), rows in stamped.group_by("time", maintain_order=True)}
        hours = {when: self._hour(rows) for when, rows in heard.items() if when in run}
        hours = {when: parts for when, parts in hours.items() if parts}
        if not hours:
            raise ValueError("no station's hour lies inside the domain and the window")
        self.count = sum(part.measured.size for parts in hours.values() for part in parts)

        def value(when: np.datetime64, mean: Array, weather: Weather) -> Array:
            density = weather.density[0]
            ground = concentrations(mean / density, self.species, weather.temperature[0], weather.humidity[0], density)
            parts = hours[when.astype("datetime64[h]")]
            return jnp.asarray(sum(part.misfit(ground[part.item]) for part in parts))

        when = np.array(sorted(hours), "datetime64[ns]")
        return adjoint.Objective("misfit", "half the square of the logarithms' misfit", when, value)

    def _hour(self, rows: pl.DataFrame) -> list[_Heard]:
        grid = self.domain.grid
        made = []
        for item in (name for name in ITEMS if name in rows.columns):
            heard = rows.filter(pl.col(item).is_not_null())
            if heard.is_empty() or (item == "pm10" and "PMC" not in self.species):
                continue
            read = Bilinear.between(grid.x, grid.y, heard["x"].to_numpy(), heard["y"].to_numpy())
            made.append(_Heard(item, read, np.log(np.maximum(heard[item].to_numpy(), 0) + FLOOR[item])))
        return made

    def typical(self, value: float) -> float:
        """The root mean square of the logarithms' misfit, from the sum."""
        return float(np.sqrt(2 * value * CORRELATED * MISFIT**2 / max(self.count, 1)))


@dataclass(frozen=True)
class _Heard:
    """An item at the stations in one hour."""

    item: str
    read: Bilinear
    measured: NDArray[Any]

    def misfit(self, field: Array) -> Array:
        flat = field.ravel()
        model = sum(
            (jnp.asarray(w, flat.dtype) * flat[c] for c, w in zip(self.read.corner, self.read.weight, strict=True)),
            start=jnp.zeros(self.measured.size, flat.dtype),
        )
        apart = jnp.log(model + FLOOR[self.item]) - jnp.asarray(self.measured, flat.dtype)
        return jnp.sum(apart**2) / (2 * CORRELATED * MISFIT**2)


def _silent(_done: int, _total: int, _text: str) -> None:
    pass
