"""Cross-check 互校: do published daily values agree with what the same region's stations give?

City tables that circulate print an "O3" column without saying which. Where hours are at hand the two readings can be
told apart: the largest 8-hour mean of the day (MDA8) or the largest hour. An index made from the wrong one is too high,
so answers carry a caveat.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

TOLERANCE = 1.5
"""ug/m3: rounding of the table and of the stations' mean; a wider band would let the two readings meet in winter."""
AGREES, DIFFERS = 0.6, 0.2
"""Shares of days: one reading must fit at least ``AGREES``, the other at most ``DIFFERS``, before anything is said."""
LEAST_DAYS = 10


@dataclass(frozen=True)
class Caveat:
    """A warning that belongs to figures: what was found, on how many days, in Chinese and English."""

    place: str
    days: int
    agree: int
    zh: str
    en: str


def ozone(published: pl.DataFrame, made: pl.DataFrame) -> list[Caveat]:
    """Find regions whose published ``o3_8h`` is in truth the largest hour.

    Parameters
    ----------
    published, made
        Daily frames ``place, date, o3_8h`` as published and ``place, date, o3_8h, o3_1h`` made from stations' hours,
        ug/m3. Only days that both have are compared.

    Returns
    -------
    One caveat a region, by code; none where the data do not decide.
    """
    both = published.select("place", "date", "o3_8h").join(
        made.select("place", "date", pl.col("o3_8h").alias("mda8"), "o3_1h"), on=["place", "date"]
    )
    fits = (
        both.drop_nulls()
        .group_by("place")
        .agg(
            pl.len().alias("days"),
            ((pl.col("o3_8h") - pl.col("o3_1h")).abs() <= TOLERANCE).sum().alias("hour"),
            ((pl.col("o3_8h") - pl.col("mda8")).abs() <= TOLERANCE).sum().alias("mda8"),
        )
        .sort("place")
    )
    return [
        _caveat(place, days, hour)
        for place, days, hour, mda8 in fits.iter_rows()
        if days >= LEAST_DAYS and hour >= AGREES * days and mda8 <= DIFFERS * days
    ]


def _caveat(place: str, days: int, agree: int) -> Caveat:
    zh = (
        f"公布的臭氧日值 {days} 天中有 {agree} 天等于由站点小时值算得的日最大1小时值，而不是日最大8小时均值："
        "同一来源的臭氧指数、综合指数和 AQI 偏高"
    )
    en = (
        f"the published daily O3 equals the largest hour made from the stations on {agree} of {days} days, not the "
        "largest 8-hour mean: O3 index, composite index and AQI from this source are too high"
    )
    return Caveat(place, days, agree, zh, en)
