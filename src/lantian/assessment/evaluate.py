"""Evaluation 评价 of any places over one period: statistics, attainment, index, days by level, coverage."""

from __future__ import annotations

import polars as pl

from lantian.assessment.periods import Period
from lantian.standards import aqi, indices, rounding, statistics
from lantian.standards.codes import ITEMS

LEVEL_COLUMNS = tuple(f"days_level_{level.number}" for level in aqi.LEVELS)
PUBLISHED = {statistic.column: ITEMS[statistic.item].decimals for statistic in statistics.STATISTICS}


def evaluate(daily: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Judge the daily values of any places over a period.

    Parameters
    ----------
    daily
        ``place, date``, daily items (ug/m3, CO mg/m3), ``aqi, level, primary``; days outside the period are not used.
    period
        First and last day, both counted.

    Returns
    -------
    One row a place, in the order of its code:

    - statistics in published digits (``pm25``, ``pm25_p95``, ``co_p95``, ``o3_8h_p90`` ...), ``n_<item>`` valid days,
      ``over_<item>`` days over the limit, ``valid_<item>`` whether the data suffice;
    - ``attains_<item>``, ``attains``, ``multiple_<statistic>``; ``index_<item>``, ``composite_index``, ``max_index``,
      ``max_items``, ``index_variant``;
    - ``aqi_days`` days with an AQI, ``days_level_1`` to ``_6``, ``good_days``, ``good_day_share`` (percent of
      ``aqi_days``, one decimal), ``heavy_days`` (AQI over 200), ``days`` (calendar) and ``primary_days``: pollutant and
      number of days on which it was primary, most frequent first.
    """
    inside = daily.filter(pl.col("date").is_between(period.start, period.end))
    stats = statistics.period(inside.drop("aqi", "level", "primary"), by=(period.start, period.end))
    judged = statistics.attainment(indices.composite(stats)).with_columns(
        rounding.round_expr(pl.col(column), decimals)
        for column, decimals in PUBLISHED.items()
        if column in stats.columns
    )
    return judged.join(days_by_level(inside), on="place", how="left").sort("place")


def days_by_level(daily: pl.DataFrame) -> pl.DataFrame:
    """Count days by level, good and heavy days, and primary pollutants, for each place."""
    counts = daily.group_by("place").agg(
        pl.col("aqi").count().cast(pl.Int64).alias("aqi_days"),
        *(
            (pl.col("level") == level.number).sum().cast(pl.Int64).alias(column)
            for level, column in zip(aqi.LEVELS, LEVEL_COLUMNS, strict=True)
        ),
    )
    primary = (
        daily.select("place", "primary")
        .explode("primary", empty_as_null=True, keep_nulls=True)
        .drop_nulls("primary")
        .group_by("place", "primary")
        .agg(pl.len().cast(pl.Int64).alias("days"))
        .sort("place", "days", "primary", descending=[False, True, False])
        .group_by("place", maintain_order=True)
        .agg(pl.struct(pl.col("primary").alias("item"), "days").alias("primary_days"))
    )
    good = pl.col("days_level_1") + pl.col("days_level_2")
    share = rounding.unscaled(rounding.div_half_even(good * 1000, pl.col("aqi_days")), 1)
    return (
        counts.with_columns(
            good.alias("good_days"),
            (pl.col("days_level_5") + pl.col("days_level_6")).alias("heavy_days"),
            pl.when(pl.col("aqi_days") > 0).then(share).alias("good_day_share"),
        )
        .join(primary, on="place", how="left")
        .sort("place")
    )
