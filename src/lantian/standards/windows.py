"""From hours to days: 24-hour means, the largest hour, moving 8-hour windows and MDA8. GB 3095 table 4, HJ 663 6.1.2.

Hours are stamped by their beginning in UTC; days are the natural days of Asia/Shanghai, which is UTC+8 without
daylight saving (network data begin in 2013; the summer time of 1986-1991 is not applied).

A moving value belongs to the hour in which its window ends. The first window of a day therefore is that of the hour
beginning 07:00 (00:00-08:00, labelled 08:00 by its end), the last that of 23:00: 17 windows lie wholly inside a day.

Everything runs on a dense grid of hours (place x day x 24) of scaled integers, :data:`DECIMALS` places: rows may be
absent or in any order, a sum is exact whatever the number of threads, and a mean is rounded half-even once to these
places, with which it returns as float.
"""

import math
from collections.abc import Mapping

import polars as pl

from lantian.standards import validity
from lantian.standards.attainment import over_limit
from lantian.standards.codes import POLLUTANTS
from lantian.standards.frames import FrameLike, StandardsError, require_columns
from lantian.standards.hourgrid import HourGrid, moving, number_in, pack, total_in
from lantian.standards.parts import hourly_parts
from lantian.standards.rounding import div_half_even, unscaled

DECIMALS = 4
"""Decimal places of values going in and means coming out: finer than any instrument and than any published digit."""

ROLLING = {
    "o3_8h": ("o3", validity.EIGHT_HOURS),
    "pm10_24h": ("pm10", validity.DAY_MEAN),
    "pm25_24h": ("pm25", validity.DAY_MEAN),
}
"""The moving means: name -> item it is made of, and the hours that it needs."""

_DAILY = "statistics.daily"


def daily(hourly: FrameLike) -> pl.DataFrame:
    """Daily statistics of hourly values (日评价): one row for each place and natural day that has any row.

    Args:
        hourly: ``place``, ``time`` (beginning of the hour, UTC) and any of ``so2 no2 o3 pm10 pm25`` (ug/m3), ``co``
            (mg/m3); null = missing. Rows may be absent and in any order. A lazy frame is read a month at a time.

    Returns:
        ``place, date`` in order, and for the items given ``so2 no2 co pm10 pm25`` (24-hour means, null under 20
        valid hours), ``o3_1h`` (largest hour; null under 20 valid hours unless it exceeds the hourly limit), ``o3_8h``
        (MDA8; null under 14 valid windows unless it exceeds the limit, grade II), each with ``n_<item>``: the valid
        hours or windows that it rests on. Four decimals.

    Raises:
        StandardsError: a column is missing or of another type or unit, a time is no whole hour, an hour of a place is
            given twice.
    """
    parts = [_days(part) for part in hourly_parts(hourly, where=_DAILY)]
    return pl.concat(parts).sort("place", "date")


def rolling(hourly: FrameLike) -> pl.DataFrame:
    """Moving means beside the hourly values (滑动平均): ``o3_8h``, ``pm10_24h``, ``pm25_24h`` of the items given.

    Args:
        hourly: as for :func:`daily`. Hours before the first row count as missing, so a frame that is to give a full
            value at its first hour begins 23 hours earlier.

    Returns:
        The frame, rows in the same order, with the moving means of the 8 or 24 hours that end with each row's hour;
        null under 6 of 8 or 20 of 24 valid hours. Four decimals.

    Raises:
        StandardsError: as for :func:`daily`.
    """
    where = "statistics.rolling"
    data = require_columns(hourly, ("place", "time"), optional=POLLUTANTS, where=where)
    wanted = [name for name, (item, _) in ROLLING.items() if item in data.columns]
    if not wanted:
        raise StandardsError(f"{where}: no item to work on, expected one of o3, pm10, pm25")
    # One empty day before each place keeps the windows of neighbours apart.
    grid = HourGrid.of(data, where=where, lead_days=1)
    packed = data.select(pack(pl.col(ROLLING[name][0]), DECIMALS).alias(name) for name in wanted)
    sums = pl.DataFrame(
        [grid.gather(moving(grid.lay(packed[name]), ROLLING[name][1].of)).alias(name) for name in wanted]
    )
    return data.with_columns(_means(sums, {name: ROLLING[name][1] for name in wanted}).get_columns())


def _days(data: pl.DataFrame) -> pl.DataFrame:
    grid = HourGrid.of(data, where=_DAILY)
    rows = _by_day(grid.lay(pl.repeat(1, data.height, dtype=pl.Int64, eager=True))).arr.sum()
    days = grid.place_days().with_columns(rows=rows)
    items = [item for item in ("so2", "no2", "co", "o3", "pm10", "pm25") if item in data.columns]
    packed = data.select(pack(pl.col(item), DECIMALS) for item in items)
    for item in items:
        cells = grid.lay(packed[item])
        days = days.hstack(_ozone(cells, days["date"]) if item == "o3" else _day_means(cells, item))
    return days.filter(pl.col("rows") > 0).drop("rows")


def _day_means(cells: pl.Series, item: str) -> pl.DataFrame:
    sums = _by_day(cells).arr.sum().to_frame(item)
    return _means(sums, {item: validity.DAY_MEAN}).hstack(sums.select(number_in(pl.col(item)).alias(f"n_{item}")))


def _ozone(cells: pl.Series, date: pl.Series) -> pl.DataFrame:
    least, hours = validity.EIGHT_HOURS.least, validity.EIGHT_HOURS.of
    # Means of 6, 7 and 8 hours in one common unit, so that the largest is found exactly and rounded once.
    unit = math.lcm(*range(least, hours + 1))
    packed = pl.col("window")
    weight = pl.coalesce(pl.when(number_in(packed) == valid).then(unit // valid) for valid in range(least, hours + 1))
    windows = moving(cells, hours).to_frame("window").select(total_in(packed) * weight)["window"]
    # A window that ends before 08:00 reaches into the day before: those of the hours 7 to 23 remain.
    inside = _by_day(windows).arr.tail(25 - hours, as_array=True)
    days = pl.DataFrame(
        {
            "date": date,
            "o3_1h": _by_day(cells).arr.max(),
            "n_o3_1h": _by_day(cells).arr.sum(),
            "o3_8h": inside.arr.max(),
            "n_o3_8h": (inside.arr.len() - inside.arr.count_matches(None)).cast(pl.Int64),
        }
    )
    return days.with_columns(
        unscaled(total_in(pl.col("o3_1h")), DECIMALS),
        number_in(pl.col("n_o3_1h")),
        unscaled(div_half_even(pl.col("o3_8h"), unit), DECIMALS),
    ).select(_largest("o3_1h", validity.LARGEST_HOUR), "n_o3_1h", _largest("o3_8h", validity.MDA8), "n_o3_8h")


def _largest(name: str, minimum: validity.Minimum) -> pl.Expr:
    """A maximum over too few values stands all the same once it exceeds the limit: more values could not lower it."""
    value, valid = pl.col(name), pl.col(f"n_{name}")
    exceeds = over_limit(value, pl.col("date"), name)
    return pl.when((valid >= minimum.least) | ((valid > 0) & exceeds)).then(value).alias(name)


def _means(sums: pl.DataFrame, minimum: Mapping[str, validity.Minimum]) -> pl.DataFrame:
    """The means behind packed sums, each null where fewer values than its minimum are in it."""
    # Two steps: an expression that holds another several times, as `unscaled` does, would work it out every time.
    whole = sums.select(_mean(pl.col(name), least) for name, least in minimum.items())
    return whole.select(unscaled(pl.col(name), DECIMALS) for name in minimum)


def _mean(packed: pl.Expr, minimum: validity.Minimum) -> pl.Expr:
    return pl.when(number_in(packed) >= minimum.least).then(div_half_even(total_in(packed), number_in(packed)))


def _by_day(cells: pl.Series) -> pl.Series:
    """One array of 24 a day."""
    return cells.reshape((-1, 24))
