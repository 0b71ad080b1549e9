"""Heavy-pollution days 重污染日 and episodes 污染过程.

An episode is a run of days with AQI over 100 in which at least one day is over 200 (重度污染 or worse); with hourly
data its first and last hours, its peak and how fast it cleared are told as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lantian.standards import rounding

POLLUTED_AQI = 100
HEAVY_AQI = 200


@dataclass(frozen=True)
class EpisodeRule:
    """What counts: days over ``polluted`` in a row, at least one over ``heavy``."""

    polluted: int = POLLUTED_AQI
    heavy: int = HEAVY_AQI
    least_days: int = 1


def heavy_days(daily: pl.DataFrame, over: int = HEAVY_AQI) -> pl.DataFrame:
    """The days with AQI over ``over``, by place and date.

    ``daily`` needs ``place, date, aqi``; a day without AQI is not counted.
    """
    return daily.filter(pl.col("aqi") > over).sort("place", "date")


def find(daily: pl.DataFrame, rule: EpisodeRule | None = None) -> pl.DataFrame:
    """Episodes of each place.

    Parameters
    ----------
    daily
        ``place, date, aqi, primary, pm25``; a missing day or AQI ends a run.

    Returns
    -------
    One row an episode: ``place, start, end, days, heavy_days, peak_aqi, peak_date, mean_pm25,
    primary`` (the pollutant that was primary most often; ties in alphabetical order), sorted by place and start.
    """
    rule = rule or EpisodeRule()
    runs = (
        daily.filter(pl.col("aqi") > rule.polluted)
        .sort("place", "date")
        .with_columns(
            ((pl.col("date").diff().over("place") != pl.duration(days=1)).fill_null(True))
            .cum_sum()
            .over("place")
            .alias("run")
        )
    )
    primary = (
        runs.select("place", "run", "primary")
        .explode("primary")
        .group_by("place", "run", "primary")
        .len()
        .sort("place", "run", "len", "primary", descending=[False, False, True, False])
        .group_by("place", "run", maintain_order=True)
        .first()
        .select("place", "run", "primary")
    )
    return (
        runs.group_by("place", "run")
        .agg(
            pl.col("date").min().alias("start"),
            pl.col("date").max().alias("end"),
            pl.len().cast(pl.Int64).alias("days"),
            (pl.col("aqi") > rule.heavy).sum().cast(pl.Int64).alias("heavy_days"),
            pl.col("aqi").max().alias("peak_aqi"),
            pl.col("date").sort_by("aqi", "date", descending=[True, False]).first().alias("peak_date"),
            pl.col("pm25").mean().alias("mean_pm25"),
        )
        .with_columns(rounding.round_expr(pl.col("mean_pm25"), 0))
        .filter((pl.col("heavy_days") > 0) & (pl.col("days") >= rule.least_days))
        .join(primary, on=["place", "run"], how="left")
        .drop("run")
        .sort("place", "start")
    )


def course(hourly: pl.DataFrame, *, item: str = "pm25", over: float = 75.0, clear: float = 35.0) -> pl.DataFrame:
    """How an episode went by the hour, for each place: onset, peak and clearing.

    Parameters
    ----------
    hourly
        ``place, time, <item>`` around one episode.
    over, clear
        Onset is the first hour over ``over`` (24-hour grade II of PM2.5 by default); clearing is the first hour at or
        below ``clear`` after the peak.

    Returns
    -------
    ``place, onset, peak_time, peak, cleared, hours_over`` and ``fall_hours`` from peak to clearing;
    null where it did not happen in the data.
    """
    known = hourly.filter(pl.col(item).is_not_null()).sort("place", "time")
    peak = known.group_by("place").agg(
        pl.col("time").filter(pl.col(item) > over).min().alias("onset"),
        pl.col("time").sort_by(item, descending=True).first().alias("peak_time"),
        pl.col(item).max().alias("peak"),
        (pl.col(item) > over).sum().cast(pl.Int64).alias("hours_over"),
    )
    cleared = (
        known.join(peak.select("place", "peak_time"), on="place")
        .filter((pl.col("time") > pl.col("peak_time")) & (pl.col(item) <= clear))
        .group_by("place")
        .agg(pl.col("time").min().alias("cleared"))
    )
    return (
        peak.join(cleared, on="place", how="left")
        .with_columns((pl.col("cleared") - pl.col("peak_time")).dt.total_hours().alias("fall_hours"))
        .sort("place")
    )
