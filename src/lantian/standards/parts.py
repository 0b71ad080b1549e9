"""A long hourly frame in parts of whole days, so that a national year needs little memory and stays in the cache."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import polars as pl

from lantian.standards.codes import POLLUTANTS
from lantian.standards.frames import FrameLike, StandardsError, as_frame, require_columns
from lantian.standards.hourgrid import HOURS_EAST

_ROWS_AT_ONCE = 2_000_000
_DAYS_AT_LEAST = 31


def hourly_parts(hourly: FrameLike, *, where: str) -> Iterator[pl.DataFrame]:
    """The checked rows in order of time, some millions at once and no day cut: ``place, time`` and the pollutants
    given.

    A frame without rows gives one part without rows. Raises `StandardsError` as `require_columns` does; ``where`` is
    the calling function.
    """
    frame = hourly if isinstance(hourly, pl.LazyFrame) else as_frame(hourly).lazy()
    checked = require_columns(frame.head(0), ("place", "time"), optional=POLLUTANTS, where=where)
    items = [item for item in POLLUTANTS if item in checked.columns]
    if not items:
        raise StandardsError(f"{where}: no item to work on, expected one of {', '.join(POLLUTANTS)}")
    frame = frame.select("place", "time", *items)
    time = pl.col("time")
    first, last, rows = frame.select(time.min().alias("first"), time.max().alias("last"), pl.len()).collect().row(0)
    if first is None:
        yield require_columns(frame, ("place", "time", *items), where=where)
        return
    start = _midnight(first)
    step = timedelta(days=max(_DAYS_AT_LEAST, (last - start).days * _ROWS_AT_ONCE // max(rows, 1)))
    while start <= last:
        part = frame.filter(time >= start, time < start + step)
        yield require_columns(part, ("place", "time", *items), where=where)
        start += step


def _midnight(time: datetime) -> datetime:
    east = timedelta(hours=HOURS_EAST)
    return (time + east).replace(hour=0, minute=0, second=0, microsecond=0) - east
