"""The published map: the engine's field of each hour, drawn to the calibrated values at the stations.

The engine knows where in the city the air is worse; the calibrated forecast knows how bad it will be at the stations.
Each hour's field is multiplied by a factor that is interpolated between the stations as in `assimilate`, so the map and
the stations' forecasts say the same.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
import xarray as xr

from lantian.forecast.assimilate import FLOOR, Errors, increment, placed
from lantian.places.grid import Grid
from lantian.transport.boundary import Bilinear

ERRORS: Final = Errors(local=0.3, local_length=15_000.0, regional=0.8, regional_length=120_000.0, station=0.05)
"""The calibrated value is to be met, so a station's own error is small. Judgement."""


def drawn(grid: Grid, fields: xr.Dataset, hours: pl.DataFrame, stations: pl.DataFrame) -> xr.Dataset:
    """``concentration`` (time, item, y, x) drawn to the stations' ``hours``; an hour or item without any stays.

    ``fields``: at the law's state, house units. ``hours``: ``place``, ``time`` (UTC) and items, null where missing;
    ``stations``: ``place``, ``lon``, ``lat``.
    """
    made = fields["concentration"].values.copy()
    here = placed(grid, hours.join(stations.select("place", "lon", "lat"), on="place"))
    number = {time: t for t, time in enumerate(fields["time"].values.astype("datetime64[us]").tolist())}
    for (time,), rows in here.group_by("time", maintain_order=True):
        t = number.get(time.replace(tzinfo=None))
        for n, item in enumerate(map(str, fields["item"].values) if t is not None else ()):
            heard = rows.filter(pl.col(item).is_not_null()) if item in rows.columns else rows.clear()
            if heard.is_empty():
                continue
            change, _ = increment(grid, np.log(made[t, n] + FLOOR[item]), heard, item, FLOOR[item], ERRORS)
            made[t, n] = np.maximum((made[t, n] + FLOOR[item]) * np.exp(change) - FLOOR[item], 0.0)
    return fields.assign(concentration=fields["concentration"].copy(data=made))


def at_stations(grid: Grid, fields: xr.Dataset, stations: pl.DataFrame) -> pl.DataFrame:
    """``place``, ``time`` and the items of the stations (``place``, ``lon``, ``lat``) inside the grid, bilinearly."""
    here = placed(grid, stations)
    read = Bilinear.between(grid.x, grid.y, here["x"].to_numpy(), here["y"].to_numpy())
    values = read(fields["concentration"].values)  # (time, item, stations)
    items = [str(name) for name in fields["item"].values]
    times = pl.Series("time", fields["time"].values.astype("datetime64[us]")).dt.replace_time_zone("UTC")
    parts = [
        pl.DataFrame({"place": [place] * len(times), "time": times}).with_columns(
            pl.Series(item, values[:, n, k].astype(np.float64)) for n, item in enumerate(items)
        )
        for k, place in enumerate(here["place"])
    ]
    schema: dict[str, Any] = {"place": pl.String, "time": pl.Datetime("us", "UTC")}
    schema |= dict.fromkeys(items, pl.Float64)
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)
