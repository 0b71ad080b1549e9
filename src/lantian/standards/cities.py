"""The value of a city, county or zone: the mean of its evaluation stations (区域评价). HJ 663, 3.5; CNEMC practice.

The national centre publishes the mean of the stations hour by hour and the daily value of that series. The mean of the
stations' daily values may differ from it by 1 ug/m3. Both are one line::

    statistics.daily(statistics.city(hourly, members))  # as published: hours first
    statistics.city(statistics.daily(hourly), members)  # mean of station days
"""

from collections.abc import Iterable, Mapping

import polars as pl

from lantian.standards.codes import DAILY_ITEMS, POLLUTANTS
from lantian.standards.frames import FrameLike, StandardsError, as_frame, require_columns
from lantian.standards.hourgrid import number_in, pack, total_in
from lantian.standards.keys import require_one_row_each
from lantian.standards.rounding import div_half_even, unscaled

DECIMALS = 4
"""Decimal places of the stations' values taken and of the means given."""


def city(frame: FrameLike, members: Mapping[str, Iterable[str]], *, min_percent: int = 0) -> pl.DataFrame:
    """Means over member stations (城市均值), hour by hour or day by day.

    Args:
        frame: an hourly frame (``place``, ``time``, six pollutants) or a daily one (``place``, ``date``, daily items);
            units as everywhere (ug/m3, CO mg/m3), null = missing.
        members: region code -> codes of the stations that count for it (background and control stations are left
            out by the caller). A station may count for several regions; stations of no region are not used.
        min_percent: percent of the *listed* members that must be valid, else null. HJ 663 asks 75 for a city's
            statistics (MEMORY); the hourly means that are published ask for none, which is the default.

    Returns:
        ``place`` (region), ``time`` or ``date``, the items with four decimals, each with ``n_<item>``: valid stations.
        A row for each hour or day for which any member has one, in order.

    Raises:
        StandardsError: neither ``time`` nor ``date``, no item, a wrong type or unit, a place's hour given twice.
        ValueError: ``min_percent`` is not 0 to 100.
    """
    where = "statistics.city"
    if not 0 <= min_percent <= 100:
        raise ValueError(f"min_percent is a percentage of 0 to 100, not {min_percent}")
    data = as_frame(frame)
    key = "time" if "time" in data.columns else "date"
    known = POLLUTANTS if key == "time" else DAILY_ITEMS
    data = require_columns(data, ("place", key), optional=known, where=where)
    items = [item for item in known if item in data.columns]
    if not items:
        raise StandardsError(f"{where}: no item to work on, expected one of {', '.join(known)}")
    require_one_row_each(data, "place", key, where=where)
    pairs = pl.DataFrame(
        [(station, region) for region, stations in members.items() for station in sorted(set(stations))],
        schema={"place": pl.String, "region": pl.String},
        orient="row",
    )
    sums = (
        data.lazy()
        .select(pl.col("place").cast(pl.String), key, *(pack(pl.col(item), DECIMALS) for item in items))
        .join(pairs.lazy(), on="place")
        .group_by("region", key)
        .agg(pl.col(items).sum())
        .join(pairs.lazy().group_by("region").agg(listed=pl.len().cast(pl.Int64)), on="region")
    )
    means = [expr for item in items for expr in _mean(item, min_percent)]
    return sums.select(pl.col("region").alias("place"), key, *means).sort("place", key).collect()


def _mean(item: str, min_percent: int) -> tuple[pl.Expr, pl.Expr]:
    packed = pl.col(item)
    valid = number_in(packed)
    mean = unscaled(div_half_even(total_in(packed), valid), DECIMALS)
    enough = valid * 100 >= pl.col("listed") * min_percent
    return pl.when(enough).then(mean).alias(item), valid.alias(f"n_{item}")
