"""A dense grid of hours: every place, every day, 24 cells, so that windows are plain sums over neighbouring cells.

Hourly rows come in any order and with gaps. Laid out on the grid, a day is 24 consecutive cells and a moving sum needs
no grouping. A cell holds a packed value (:func:`pack`), so that one sum gives the total and how many values it has.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from lantian.standards.frames import StandardsError
from lantian.standards.keys import require_one_row_each

_PACK = 65536  # a power of two above the hours of a day and the stations of a region
HOUR_US = 3_600_000_000
HOURS_EAST = 8
"""Asia/Shanghai is UTC+8. Summer time, kept in 1986 to 1991, is not applied: network data begin in 2013."""


def local_hour(time: pl.Expr) -> pl.Expr:
    """Hours since 1970-01-01 00:00 in Asia/Shanghai, ``Int64``; ``time`` is the UTC beginning of the hour."""
    return time.dt.timestamp("us") // HOUR_US + HOURS_EAST


@dataclass(frozen=True, slots=True)
class HourGrid:
    """Where each row of an hourly frame lies: ``cell`` counts place by place, day by day, hour by hour.

    ``places`` is sorted; ``first_day`` counts days since 1970-01-01; every place has ``days`` days of 24 cells.
    """

    places: pl.Series
    first_day: int
    days: int
    cell: pl.Series

    @classmethod
    def of(cls, hourly: pl.DataFrame, *, where: str, lead_days: int = 0) -> "HourGrid":
        """The grid that holds ``hourly``, with ``lead_days`` empty days before the first of each place.

        Raises `StandardsError` for a time that is no whole hour and for an hour of a place that is given twice;
        ``where`` is the calling function.
        """
        if hourly.select((pl.col("time").dt.timestamp("us") % HOUR_US != 0).any()).item():
            wrong = hourly.filter(pl.col("time").dt.timestamp("us") % HOUR_US != 0)["time"][0]
            raise StandardsError(f"{where}: time {wrong} is no whole hour; an hour is stamped by its beginning")
        places = hourly["place"].cast(pl.String).unique().sort()
        hours = hourly.select(hour=local_hour(pl.col("time")))["hour"]
        low, high = (hours.min(), hours.max()) if len(hours) else (0, -1)
        assert isinstance(low, int)
        assert isinstance(high, int)
        first_day = low // 24 - lead_days
        days = high // 24 - first_day + 1
        code = hourly["place"].cast(pl.String).cast(pl.Enum(places)).to_physical().cast(pl.Int64)
        grid = cls(places, first_day, days, code * (days * 24) + (hours - first_day * 24))
        # Two rows in one cell leave fewer cells taken than there are rows: far quicker than comparing keys.
        taken = pl.zeros(grid.size, dtype=pl.UInt8, eager=True).scatter(grid.cell, 1).sum()
        if taken != hourly.height:
            require_one_row_each(hourly, "place", "time", where=where)
        return grid

    @property
    def size(self) -> int:
        """Cells in all: places x days x 24."""
        return len(self.places) * self.days * 24

    def lay(self, values: pl.Series) -> pl.Series:
        """The packed values of the rows as cells of the grid; zero, which is "no value", where there is no row."""
        return pl.zeros(self.size, dtype=pl.Int64, eager=True).scatter(self.cell, values)

    def gather(self, cells: pl.Series) -> pl.Series:
        """The inverse of :meth:`lay`: for each row the value of its cell."""
        return cells.gather(self.cell)

    def place_days(self) -> pl.DataFrame:
        """``place, date`` for every day of the grid, in its order."""
        start = datetime.fromtimestamp(0, UTC).date() + timedelta(days=self.first_day)
        dates = pl.date_range(start, start + timedelta(days=self.days), "1d", closed="left", eager=True)
        return self.places.to_frame("place").join(dates.to_frame("date"), how="cross", maintain_order="left_right")


def pack(value: pl.Expr, decimals: int) -> pl.Expr:
    """A concentration as one integer that sums to sum and number at once: ``scaled value * 65536 + 1``; missing is 0.

    The scaled value is the integer nearest to ``value * 10**decimals``. Up to 65,535 packed values may be added.
    """
    return ((value * float(10**decimals)).round(0).cast(pl.Int64) * _PACK + 1).fill_null(0)


def number_in(packed: pl.Expr) -> pl.Expr:
    """How many valid values a packed sum holds."""
    return packed % _PACK


def total_in(packed: pl.Expr) -> pl.Expr:
    """The sum of the scaled values that a packed sum holds."""
    return packed // _PACK


def moving(cells: pl.Series, hours: int) -> pl.Series:
    """Packed sum of the ``hours`` cells that end with each cell; nothing before the first."""
    return pl.concat([pl.zeros(hours - 1, dtype=pl.Int64, eager=True), cells]).rolling_sum(hours).slice(hours - 1)
