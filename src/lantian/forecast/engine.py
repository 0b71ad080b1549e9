"""What the engine's run of a city adds to a forecast: its own values at the stations, and the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
import xarray as xr

from lantian.forecast import fields, gas_state
from lantian.forecast.features import LEADS
from lantian.forecast.learn import HOURS, VALUES
from lantian.kernel.settings import TIMEZONE
from lantian.places.grid import Grid, Projection
from lantian.standards import statistics
from lantian.standards.codes import POLLUTANTS
from lantian.transport.result import Run

SOURCE: Final = "model"
DAILY: Final = ("so2", "no2", "co", "o3_8h", "pm10", "pm25")


def law(run: Run, weather: xr.Dataset) -> xr.Dataset:
    """The finest nest's fields at the law's state, ``concentration`` (time, item, y, x)."""
    return gas_state.as_in_law(run.mean, weather)


def hours(
    grid: Grid,
    found: xr.Dataset,
    stations: pl.DataFrame,
    members: Mapping[str, Sequence[str]],
    issue: datetime,
) -> pl.DataFrame:
    """The hours of the engine at stations inside the ``grid``, and of regions as the mean of theirs.

    ``found``: `law`; ``stations``: ``place, lon, lat``; ``members``: region -> stations. Columns of `learn.HOURS`.
    """
    at = fields.at_stations(grid, found, stations)
    parts = [at]
    for region, codes in members.items():
        inside = at.filter(pl.col("place").is_in(list(codes)))
        if inside["place"].n_unique() == len(set(codes)):  # a region that reaches beyond the nest has no mean here
            items = [item for item in POLLUTANTS if item in at.columns]
            parts.append(inside.group_by("time").agg(pl.col(items).mean()).with_columns(place=pl.lit(region)))
    both = pl.concat(parts, how="diagonal").with_columns(issue=pl.lit(issue), source=pl.lit(SOURCE))
    return both.select(
        (pl.col(name) if name in both.columns else pl.lit(None)).cast(kind).alias(name) for name, kind in HOURS.items()
    )


def values(hourly: pl.DataFrame, issue: datetime) -> pl.DataFrame:
    """Whole days of those hours: ``values`` without quantiles, for the days after that of the ``issue``."""
    days = statistics.daily(hourly.select("place", "time", *POLLUTANTS))
    today = issue.astimezone(TIMEZONE).date()
    held = [item for item in DAILY if item in days.columns]
    long = (
        days.unpivot(held, index=["place", "date"], variable_name="item", value_name="value")
        .drop_nulls("value")
        .with_columns(lead=(pl.col("date") - pl.lit(today)).dt.total_days(), issue=pl.lit(issue), source=pl.lit(SOURCE))
        .filter(pl.col("lead").is_in(list(LEADS)))
    )
    return long.select(
        (pl.col(name) if name in long.columns else pl.lit(None)).cast(kind).alias(name) for name, kind in VALUES.items()
    )


def chart(grid: Grid, found: xr.Dataset, weather: xr.Dataset, ours: pl.DataFrame, stations: pl.DataFrame) -> xr.Dataset:
    """What the map shows: the fields drawn to ``ours``, the published hours at the stations, and the wind over them."""
    drawn = fields.drawn(grid, found, ours, stations)
    air = weather.sel(time=found["time"].values).isel(z=0)
    along_x, along_y = air["x_wind"].values, air["y_wind"].values
    u, v = (along_x[..., 1:] + along_x[..., :-1]) / 2, (along_y[:, 1:] + along_y[:, :-1]) / 2
    cos, sin = np.cos(grid.north), np.sin(grid.north)
    east, north = u * cos + v * sin, v * cos - u * sin  # back from the map: see `Projection.north`
    winds = {"eastward_wind": east, "northward_wind": north}
    given = {name: (("time", "y", "x"), part.astype(np.float32), {"units": "m s-1"}) for name, part in winds.items()}
    where = {"lon": (("y", "x"), grid.lon), "lat": (("y", "x"), grid.lat)}
    cone = grid.projection
    return (
        drawn.assign(given)
        .assign_coords(where)
        .assign_attrs(
            grid=grid.name,
            spacing_m=grid.spacing,
            corner_m=[grid.x0, grid.y0],
            lambert=[cone.lat_1, cone.lat_2, cone.lat_0, cone.lon_0],
        )
    )


def grid_of(chart: xr.Dataset) -> Grid | None:
    """The grid that a `chart` lies on; None where it does not say."""
    if "lambert" not in chart.attrs:
        return None
    (x0, y0), told = chart.attrs["corner_m"], chart.attrs
    size = chart.sizes["x"], chart.sizes["y"]
    return Grid(told["grid"], Projection(*told["lambert"]), x0, y0, told["spacing_m"], *size)
