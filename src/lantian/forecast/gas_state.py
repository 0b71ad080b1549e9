"""Gases at the state of the air and at the state of the law.

A station tells the mass of a gas in a cubic metre at the temperature and pressure that its standard names (273 K, from
2018-09-01 298.15 K, and 1013.25 hPa); the engine has the air as it is. Particles are measured in air as it is.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from lantian.places.grid import Grid
from lantian.standards import limits
from lantian.standards.codes import GASES

_PRESSURE: Final = 101_325.0
_EAST: Final = np.timedelta64(8, "h")


def thinning(temperature: Any, pressure: Any, day: date) -> Any:
    """Mass of gas in a cubic metre of air at ``temperature`` K and ``pressure`` Pa over that at the law's state."""
    return float(limits.on(day).gas_temperature) / temperature * (pressure / _PRESSURE)


def as_in_air(observed: pl.DataFrame, weather: xr.Dataset, grid: Grid) -> pl.DataFrame:
    """Stations' hours as the engine has them: gases at the state of the air.

    ``observed``: ``time`` (UTC), ``lon``, ``lat`` and items, house units. ``weather``: the door's dataset on the
    ``grid``; the nearest cell and the nearest of its times count.
    """
    gases = [name for name in GASES if name in observed.columns]
    if not gases or observed.is_empty():
        return observed
    x, y = grid.projection.forward(observed["lon"].to_numpy(), observed["lat"].to_numpy())
    i = np.clip(((x - grid.x0) // grid.spacing).astype(int), 0, grid.nx - 1)
    j = np.clip(((y - grid.y0) // grid.spacing).astype(int), 0, grid.ny - 1)
    times = weather["time"].values.astype("datetime64[s]")
    t = np.abs(times[:, None] - observed["time"].dt.replace_time_zone(None).to_numpy().astype("datetime64[s]")).argmin(
        0
    )
    temperature, pressure = (weather[name].isel(z=0).values[t, j, i] for name in ("air_temperature", "air_pressure"))
    factor = pl.Series("factor", thinning(temperature, pressure, _day(times[0])))
    return observed.with_columns(pl.col(gas) * factor for gas in gases)


def as_in_law(mean: xr.Dataset, weather: xr.Dataset) -> xr.Dataset:
    """``concentration`` (time, item, y, x) of the six pollutants at the law's state, from a run's hourly means.

    ``mean``: `Run.mean`; ``weather``: the door's dataset at the same hours, whose air at the beginning of each counts.
    """
    held = [item for item in ("so2", "no2", "co", "o3", "pm10", "pm25") if item in mean]
    times = mean["time"].values
    air = weather.sel(time=times)
    temperature, pressure = (air[name].isel(z=0).values for name in ("air_temperature", "air_pressure"))
    denser = thinning(temperature, pressure, _day(times[0]))
    parts: list[NDArray[Any]] = [mean[item].values / (denser if item in GASES else 1.0) for item in held]
    field = np.stack(parts, axis=1).astype(np.float32)
    coordinates = {name: mean[name] for name in ("lon", "lat", "x", "y") if name in mean.coords}
    return xr.Dataset(
        {"concentration": (("time", "item", "y", "x"), field)}, {"time": times, "item": held, **coordinates}
    )


def _day(time: np.datetime64) -> date:
    day: date = (time + _EAST).astype("datetime64[D]").astype(object)
    return day
