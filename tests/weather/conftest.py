"""Weather that many tests stand on: a month of the real stations, and a domain with a steep hill."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import xarray as xr

from lantian.places.grid import Domain, Levels, stretched
from lantian.transport import idealised
from lantian.weather import from_stations

BEIJING = Path(__file__).parents[2] / "examples" / "beijing" / "data" / "beijing_hourly"
POINTS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]


def real_stations(first: datetime, last: datetime) -> xr.Dataset:
    """The twelve stations of Beijing, local time from the first to the last hour."""
    places = pl.read_csv(BEIJING / "stations.csv")
    codes = dict(zip(places["file_station"], places["station"], strict=True))
    named = {"TEMP": "temperature", "PRES": "pressure", "DEWP": "dew_point", "RAIN": "rain", "WSPM": "wind_speed"}
    parts = []
    for file in sorted(BEIJING.glob("PRSA_Data_*.csv.gz")):
        rows = pl.read_csv(file, null_values="NA", infer_schema_length=0)
        local = pl.datetime(*(pl.col(part).cast(pl.Int32) for part in ("year", "month", "day", "hour")))
        direction = pl.col("wd").replace_strict({p: 22.5 * k for k, p in enumerate(POINTS)}, return_dtype=pl.Float64)
        parts.append(
            rows.filter(pl.col("year") == str(first.year), local.is_between(first, last)).select(
                pl.col("station").replace_strict(codes).alias("place"),
                (local - timedelta(hours=8)).dt.replace_time_zone("UTC").alias("time"),
                *(pl.col(column).cast(pl.Float64).alias(name) for column, name in named.items()),
                direction.alias("wind_direction"),
            )
        )
    stations = places.rename({"station": "code"}).with_columns(elevation=pl.lit(50.0))
    return from_stations(pl.concat(parts), stations)


@pytest.fixture(scope="session")
def month() -> xr.Dataset:
    """December 2016, in which the red alert fell."""
    return real_stations(datetime(2016, 12, 1), datetime(2016, 12, 31, 23))


@pytest.fixture(scope="session")
def steep() -> Domain:
    """8 x 9 cells of 1 km over Beijing with a hill of 1400 m under a top of 2 km."""
    return idealised.domain((8, 9), 1000.0, levels=Levels(stretched(10, 25.0, 2000.0)), hill=1400.0)
