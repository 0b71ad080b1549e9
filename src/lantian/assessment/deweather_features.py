"""What weather normalisation learns from: the weather of an hour, of the hours before it, and the calendar."""

from __future__ import annotations

import polars as pl

NEEDED = "wind_speed"
"""Without it nothing tells stagnation; other weather may be absent."""
WEATHER = ("temperature", "dew_point", "pressure", "wind_speed", "wind_direction", "rain")
MEMORY = (
    "temperature",
    "humidity",
    "pressure",
    "wind_speed",
    "wind_east",
    "wind_north",
    "rain",
    "wind_speed_6h",
    "wind_speed_24h",
    "wind_speed_72h",
    "wind_east_24h",
    "wind_north_24h",
    "humidity_24h",
    "rain_24h",
    "temperature_change",
    "pressure_change",
)
"""The weather that is drawn: the hour's own, means over the hours that end with it, changes since a day before."""
CALENDAR = ("hour", "weekday", "season_day")
"""The calendar; the day of the season is added where the season is known."""

_ZONE = "Asia/Shanghai"


def features(hourly: pl.DataFrame, item: str) -> pl.DataFrame:
    """Predictors of each hour of one place that has the pollutant and the wind of its last day.

    ``hourly``: ``time`` (UTC), ``item`` and any of `WEATHER`, in the units of the house. Gives ``date`` and ``hour``
    (Asia/Shanghai), ``weekday``, ``item`` and `MEMORY`; NaN where weather is missing. Humidity is in percent (Magnus
    formula, Sonntag 1990), winds in m/s towards east and north. Raises ValueError without pollutant or wind.
    """
    for name in (item, NEEDED):
        if name not in hourly.columns:
            raise ValueError(f"deweather: no column {name}; the hours have {', '.join(hourly.columns)}")
    absent = [pl.lit(None, pl.Float64).alias(name) for name in WEATHER if name not in hourly.columns]
    grid = hourly.with_columns(absent).select("time", item, *WEATHER).sort("time").upsample("time", every="1h")
    angle = pl.col("wind_direction").radians()
    # A calm hour may have no direction; it blows from nowhere.
    calm = pl.col("wind_speed") < 0.3
    grid = grid.with_columns(
        humidity=_relative_humidity(),
        wind_east=pl.when(calm).then(0.0).otherwise(-pl.col("wind_speed") * angle.sin()),
        wind_north=pl.when(calm).then(0.0).otherwise(-pl.col("wind_speed") * angle.cos()),
    )
    local = pl.col("time").dt.convert_time_zone(_ZONE)
    told = grid.with_columns(
        _mean("wind_speed", 6),
        _mean("wind_speed", 24),
        _mean("wind_speed", 72),
        _mean("wind_east", 24),
        _mean("wind_north", 24),
        _mean("humidity", 24),
        (pl.col("rain").rolling_mean(24, min_samples=12).clip(0) * 24).alias("rain_24h"),
        (pl.col("temperature") - pl.col("temperature").shift(24)).alias("temperature_change"),
        (pl.col("pressure") - pl.col("pressure").shift(24)).alias("pressure_change"),
        date=local.dt.date(),
        hour=local.dt.hour().cast(pl.Int64),
        weekday=local.dt.weekday().cast(pl.Int64),
    )
    known = told.filter(pl.col(item).is_not_null() & pl.col("wind_speed_24h").is_not_null())
    return known.select("date", pl.col(item), *MEMORY, "hour", "weekday").with_columns(
        pl.col(MEMORY).fill_null(float("nan"))
    )


def _mean(name: str, hours: int) -> pl.Expr:
    return pl.col(name).rolling_mean(hours, min_samples=hours // 2).alias(f"{name}_{hours}h")


def _relative_humidity() -> pl.Expr:
    """Percent, of temperature and dew point in degC: Magnus with Sonntag's (1990) constants over water."""
    return 100 * (_magnus(pl.col("dew_point")) - _magnus(pl.col("temperature"))).exp()


def _magnus(celsius: pl.Expr) -> pl.Expr:
    return 17.62 * celsius / (243.12 + celsius)
