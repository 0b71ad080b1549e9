"""What a frame must be before a rule of the standards looks at it: names, types, units.

Frames come as Polars (eager or lazy) or pandas and go on as eager Polars. A wrong name or unit raises `StandardsError`
that says what is expected; a guess is never made.
"""

import datetime as dt
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias, Union

import polars as pl

from lantian.standards.codes import ITEMS

if TYPE_CHECKING:
    import pandas as pd

FrameLike: TypeAlias = Union[pl.DataFrame, pl.LazyFrame, "pd.DataFrame"]
"""What the functions of this room accept as a frame."""

_KEYS = {
    "place": "station or region code, text",
    "time": 'beginning of the hour, Datetime with time zone "UTC"',
    "date": "natural day of Asia/Shanghai, Date",
}

CO_HIGHEST = 150.0
"""mg/m3, the highest breakpoint of CO in HJ 633: what lies above it is a value in ug/m3."""

# A median above these cannot be the unit that we expect; the pressure of air is far below 2000 hPa.
_TOO_HIGH = {"co": (CO_HIGHEST, "ug/m3"), "pressure": (2000.0, "Pa"), "temperature": (150.0, "K")}
# A day of values that never reaches 1 ug/m3 is mg/m3. SO2 is left out: clean air has less than 1 ug/m3 of it.
_TOO_LOW = dict.fromkeys(("no2", "o3", "o3_1h", "o3_8h", "pm10", "pm25", "pm10_24h", "pm25_24h"), (1.0, "mg/m3"))
_DAY = 24


class StandardsError(ValueError):
    """Input that a rule cannot be applied to; the text names the column, the value and what is expected."""


def as_frame(frame: FrameLike) -> pl.DataFrame:
    """Give ``frame`` as an eager Polars frame; pandas NaN and NaT become null.

    A pandas index that has a name becomes a column, and a column ``date`` of midnights, as which pandas keeps days, one
    of days. Raises `StandardsError` for anything that is not a frame.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if type(frame).__module__.partition(".")[0] == "pandas" and hasattr(frame, "columns"):
        return _with_days(pl.from_pandas(frame, include_index=any(name is not None for name in frame.index.names)))
    raise StandardsError(f"expected a Polars or pandas frame, got {type(frame).__name__}")


def _with_days(data: pl.DataFrame) -> pl.DataFrame:
    kind = data.schema.get("date")
    if not isinstance(kind, pl.Datetime) or kind.time_zone or (data["date"].dt.time() != dt.time()).any():
        return data
    return data.with_columns(pl.col("date").dt.date())


def require_columns(
    frame: FrameLike, names: Iterable[str], *, optional: Iterable[str] = (), where: str
) -> pl.DataFrame:
    """Check a frame and give it as Polars with all named items as Float64 and NaN as null.

    ``names`` must be present, ``optional`` may be; both mix keys (``place``, ``time``, ``date``) and items of
    `lantian.standards.codes.ITEMS`. ``where`` is the calling function, put before the message.

    Raises `StandardsError` for a missing column, for one that is spelled another way (``PM2.5`` for ``pm25``), for a
    wrong type, for a negative or infinite concentration and for values that look like another unit.
    """
    data = as_frame(frame)
    needed, allowed = tuple(names), tuple(optional)
    _refuse_other_spellings(data, {*needed, *allowed}, where)
    missing = [name for name in needed if name not in data.columns]
    if missing:
        wanted = "; ".join(f'"{name}" ({_expected(name)})' for name in missing)
        raise StandardsError(
            f"{where}: missing column {wanted}. The frame has: {', '.join(data.columns) or 'no columns'}"
        )
    present = [name for name in dict.fromkeys((*needed, *allowed)) if name in data.columns]
    for name in present:
        if name in _KEYS:
            _check_key(data[name], where)
    items = [name for name in present if name not in _KEYS]
    for name in items:
        if not (data.schema[name].is_numeric() or data.schema[name] == pl.Null):
            raise StandardsError(
                f'{where}: column "{name}" is {data.schema[name]}, expected numbers in {_expected(name)}'
            )
    data = data.with_columns(pl.col(name).cast(pl.Float64).fill_nan(None) for name in items)
    _check_values(data, items, where)
    return data


def _expected(name: str) -> str:
    """What a column of this name holds, in words."""
    if name in _KEYS:
        return _KEYS[name]
    item = ITEMS.get(name)
    return f"{item.en}, {item.unit}" if item else "a number"


def _plain(name: str) -> str:
    return re.sub(r"[^0-9a-z]", "", name.lower())


def _refuse_other_spellings(data: pl.DataFrame, expected: set[str], where: str) -> None:
    """A column such as ``PM2.5`` beside no ``pm25`` would count as "not measured"; say so instead."""
    plain = {_plain(name): name for name in expected if name not in data.columns}
    for column in data.columns:
        name = plain.get(_plain(column))
        if name is not None and column not in ITEMS:
            raise StandardsError(
                f'{where}: column "{column}" looks like "{name}" ({_expected(name)}); rename it to "{name}"'
            )


def _check_key(series: pl.Series, where: str) -> None:
    name, dtype = series.name, series.dtype
    good = {
        "place": dtype in (pl.String, pl.Categorical, pl.Enum),
        "time": isinstance(dtype, pl.Datetime) and dtype.time_zone == "UTC",
        "date": dtype == pl.Date,
    }[name]
    if not good:
        raise StandardsError(f'{where}: column "{name}" is {dtype}, expected {_KEYS[name]}')
    if series.null_count():
        row = series.is_null().arg_max()
        raise StandardsError(f'{where}: column "{name}" has {series.null_count()} nulls, the first in row {row}')


def _check_values(data: pl.DataFrame, items: list[str], where: str) -> None:
    if not items or data.is_empty():
        return
    # One pass for all columns: this runs over whole national years.
    facts = data.select(
        expression
        for name in items
        for expression in (
            pl.col(name).min().alias(f"{name} min"),
            pl.col(name).max().alias(f"{name} max"),
            pl.col(name).count().alias(f"{name} count"),
        )
    ).row(0, named=True)
    for name in items:
        low, high, count = facts[f"{name} min"], facts[f"{name} max"], facts[f"{name} count"]
        if count == 0:
            continue
        if low == float("-inf") or high == float("inf"):
            raise StandardsError(
                f'{where}: column "{name}" holds an infinite value; expected {_expected(name)} or null'
            )
        if low < 0 and name in ITEMS and ITEMS[name].unit in ("ug/m3", "mg/m3"):
            row = data[name].arg_min()
            raise StandardsError(
                f'{where}: column "{name}" row {row} is {low:g}; a concentration is >= 0, or null when missing'
            )
        _check_unit(data[name], high, count, where)


def _check_unit(series: pl.Series, high: float, count: int, where: str) -> None:
    """Median and maximum are enough to tell ug/m3 from mg/m3, which differ by 1000."""
    name = series.name
    if name in _TOO_HIGH and high > _TOO_HIGH[name][0]:
        limit, unit = _TOO_HIGH[name]
        median = series.median()
        if isinstance(median, float) and median > limit:
            raise StandardsError(
                f'{where}: column "{name}" has a median of {median:g}: looks like {unit}, {ITEMS[name].unit} expected'
            )
    if name in _TOO_LOW and count >= _DAY and 0 < high < _TOO_LOW[name][0]:
        raise StandardsError(
            f'{where}: column "{name}" never exceeds {high:g} in {count} values: '
            f"looks like {_TOO_LOW[name][1]}, {ITEMS[name].unit} expected"
        )
