"""The value of a city, county or zone: the mean of its evaluation stations (区域评价). HJ 663, 3.5; CNEMC practice.

The national centre publishes the mean of the stations hour by hour and the daily value of that series. The mean of the
stations' daily values may differ from it by 1 ug/m3. Both are one line::

    statistics.daily(statistics.city(hourly, members))  # as published: hours first
    statistics.city(statistics.daily(hourly), members)  # mean of station days
"""

from collections.abc import Iterable, Mapping

import polars as pl

from lantian.standards.codes import DAILY_ITEMS, POLLUTANTS
from lantian.standards.frames import FrameLike, StandardsError, require_columns
from lantian.standards.hourgrid import number_in, pack, total_in
from lantian.standards.keys import require_one_row_each
from lantian.standards.parts import hourly_parts
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
    names = frame.collect_schema().names() if isinstance(frame, pl.LazyFrame) else list(frame.columns)
    key = "time" if "time" in names else "date"
    if key == "time":
        parts = hourly_parts(frame, where=where)
    else:
        parts = iter([require_columns(frame, ("place", "date"), optional=DAILY_ITEMS, where=where)])
    regions = sorted(members)
    pairs = pl.DataFrame(
        [(station, number) for number, name in enumerate(regions) for station in sorted(set(members[name]))],
        schema={"place": pl.String, "region": pl.UInt32},
        orient="row",
    )
    sums = pl.concat(_sums(part, key, pairs, where) for part in parts).sort("region", key)
    listed = pairs.group_by("region").agg(listed=pl.len().cast(pl.Int64))
    items = [name for name in sums.columns if name not in ("region", key)]
    means = [expr for item in items for expr in _mean(item, min_percent)]
    place = pl.Series("place", regions, dtype=pl.String).gather(sums["region"])
    return sums.join(listed, on="region", how="left", maintain_order="left").select(place, key, *means)


def _sums(data: pl.DataFrame, key: str, pairs: pl.DataFrame, where: str) -> pl.DataFrame:
    """Packed sums of each region and hour or day."""
    items = [item for item in (POLLUTANTS if key == "time" else DAILY_ITEMS) if item in data.columns]
    if not items:
        raise StandardsError(f"{where}: no item to work on, expected one of {', '.join(DAILY_ITEMS)}")
    require_one_row_each(data, "place", key, where=where)
    return (
        data.lazy()
        .select(pl.col("place").cast(pl.String), key, *(pack(pl.col(item), DECIMALS) for item in items))
        .join(pairs.lazy(), on="place")
        .group_by("region", key)
        .agg(pl.col(items).sum())
        .collect()
    )


def _mean(item: str, min_percent: int) -> tuple[pl.Expr, pl.Expr]:
    packed = pl.col(item)
    valid = number_in(packed)
    mean = unscaled(div_half_even(total_in(packed), valid), DECIMALS)
    enough = valid * 100 >= pl.col("listed") * min_percent
    return pl.when(enough).then(mean).alias(item), valid.alias(f"n_{item}")
