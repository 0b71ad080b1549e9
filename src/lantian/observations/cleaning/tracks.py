"""Lengths of tracks. Pure."""

from __future__ import annotations

from typing import Final

import polars as pl

EARTH_KM: Final = 6371.0088
"""Mean radius of the earth, IUGG."""

GAP_MINUTES: Final = 5.0
"""Two points further apart in time are not joined: nobody knows where the vehicle was."""

FASTEST_KM_H: Final = 90.0
"""A leg that would need more speed is a slip of the receiver and is left out; sweepers work below 20 km/h."""


def cleaned(points: pl.DataFrame, by: str = "road") -> pl.DataFrame:
    """Kilometres cleaned by day of Beijing.

    Args:
        points: ``vehicle``, ``time`` (aware), ``lon``, ``lat`` (degrees), ``working`` (flag), and the column ``by``.
        by: ``road`` or ``region``: to which the length of a leg counts, by the point at its end; null is kept as null.

    Returns:
        ``day``, ``by``, ``kilometres`` (3 decimals), ``hours`` at work (2 decimals), ``vehicles``; by day and ``by``.
        A leg counts where the vehicle worked at both of its ends.
    """
    earlier = {
        name: pl.col(name).shift().over("vehicle", order_by="time") for name in ("time", "lon", "lat", "working")
    }
    hours = (pl.col("time") - earlier["time"]).dt.total_microseconds() / 3.6e9
    legs = (
        points.unique(["vehicle", "time"], keep="last", maintain_order=True)
        .with_columns(
            hours=hours,
            kilometres=_distance(earlier["lon"], earlier["lat"], pl.col("lon"), pl.col("lat")),
            both=pl.col("working") & earlier["working"],
            day=pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.date(),
        )
        .filter(
            pl.col("both")
            & (pl.col("hours") * 60 <= GAP_MINUTES)
            & (pl.col("kilometres") <= FASTEST_KM_H * pl.col("hours"))
        )
    )
    return (
        legs.group_by("day", by)
        .agg(pl.col("kilometres").sum().round(3), pl.col("hours").sum().round(2), vehicles=pl.col("vehicle").n_unique())
        .sort("day", by)
    )


def _distance(lon1: pl.Expr, lat1: pl.Expr, lon2: pl.Expr, lat2: pl.Expr) -> pl.Expr:
    """Great-circle distance in km (haversine)."""
    a, b = lat1.radians(), lat2.radians()
    h = ((b - a) / 2).sin().pow(2) + a.cos() * b.cos() * ((lon2 - lon1).radians() / 2).sin().pow(2)
    return 2 * EARTH_KM * h.sqrt().arcsin()
