"""What the twelve stations of Beijing measured, straight from the example's files, in the units of the house."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl

HOURLY = Path(__file__).parents[2] / "examples" / "beijing" / "data" / "beijing_hourly"
_POINTS = ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"]
_NAMED = {
    "TEMP": "temperature", "PRES": "pressure", "DEWP": "dew_point", "RAIN": "rain", "WSPM": "wind_speed",
    "PM2.5": "pm25", "PM10": "pm10", "SO2": "so2", "NO2": "no2", "O3": "o3",
}  # fmt: skip


def hours(first: datetime, last: datetime) -> pl.DataFrame:
    """``place, time``, weather and pollutants from the first to the last hour, in local time and of one year."""
    local = pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
    return _year(first.year).filter(local.is_between(first, last))


@cache
def _year(year: int) -> pl.DataFrame:
    """All hours of a year, read once in a process."""
    listed = pl.read_csv(HOURLY / "stations.csv")
    codes = dict(zip(listed["file_station"], listed["station"], strict=True))
    parts = []
    for file in sorted(HOURLY.glob("PRSA_Data_*.csv.gz")):
        rows = pl.read_csv(file, null_values="NA", infer_schema_length=0)
        local = pl.datetime(*(pl.col(part).cast(pl.Int32) for part in ("year", "month", "day", "hour")))
        direction = pl.col("wd").replace_strict({p: 22.5 * k for k, p in enumerate(_POINTS)}, return_dtype=pl.Float64)
        parts.append(
            rows.filter(pl.col("year") == str(year)).select(
                pl.col("station").replace_strict(codes).alias("place"),
                (local - timedelta(hours=8)).dt.replace_time_zone("UTC").alias("time"),
                *(pl.col(column).cast(pl.Float64).alias(name) for column, name in _NAMED.items()),
                (pl.col("CO").cast(pl.Float64) / 1000).alias("co"),
                direction.alias("wind_direction"),
            )
        )
    return pl.concat(parts)


def stations() -> pl.DataFrame:
    """``code, lon, lat, elevation``; the plain lies at about 50 m."""
    listed = pl.read_csv(HOURLY / "stations.csv")
    return listed.select("lon", "lat", code="station", elevation=pl.lit(50.0))
