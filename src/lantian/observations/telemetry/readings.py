"""What a row of telemetry means: pure functions over frames.

A row says: this device, this item, this time (beginning of the period; of a real-time value the instant), these
figures, under this QN, known since `known_at`. Of rows about the same device, item and time the one with the later QN
holds; a packet without QN (HJ/T 212-2005) counts with the moment of its arrival.
"""

from __future__ import annotations

from typing import Final

import polars as pl

TIME: Final = pl.Datetime("us", "UTC")
RESOLUTIONS: Final = ("real", "minute", "hour", "day")
"""Real-time values (2011), averages of minutes (2051), of hours (2061) and of days (2031)."""

COLUMNS: Final = pl.Schema(
    {
        "device": pl.String(),
        "resolution": pl.String(),
        "item": pl.String(),
        "time": TIME,
        "value": pl.Float64(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "total": pl.Float64(),
        "converted": pl.Float64(),
        "flag": pl.String(),
        "qn": pl.String(),
        "known_at": TIME,
    }
)
"""Columns of a frame of readings. `value` is the instant's or the mean; `low`, `high` the least and largest of the
period; `total` its sum (flow, emission); `converted` the value at reference oxygen; `flag` as HJ 212 has it (N normal,
F stopped, M maintenance, S by hand, D fault, C calibration, T over range, B no communication)."""

_NEEDED = ("device", "resolution", "item", "time", "known_at")
_SAME: Final = [name for name in COLUMNS if name != "known_at"]
_BEIJING = pl.duration(hours=8)


def prepare(frame: pl.DataFrame) -> pl.DataFrame:
    """Bring a batch into the form of `COLUMNS`, exact repeats dropped; figures that are missing are null, never NaN.

    Raises ValueError naming column or row for one that is missing, unknown or of a wrong type, a null where none may
    be, and a resolution that is none of `RESOLUTIONS`.
    """
    if missing := [name for name in _NEEDED if name not in frame.columns]:
        raise ValueError(f"readings: column {missing[0]} is missing; expected {', '.join(COLUMNS)}")
    if unknown := [name for name in frame.columns if name not in COLUMNS]:
        raise ValueError(f"readings: column {unknown[0]} is unknown; expected {', '.join(COLUMNS)}")
    for name in ("time", "known_at"):
        kind = frame.schema[name]
        if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
            raise ValueError(f"readings: column {name} is {kind}; expected times with their zone")
    try:
        whole = frame.select(
            (pl.col(name).dt.convert_time_zone("UTC") if name in ("time", "known_at") else pl.col(name))
            .cast(kind)
            .alias(name)
            if name in frame.columns
            else pl.lit(None, kind).alias(name)
            for name, kind in COLUMNS.items()
        )
    except pl.exceptions.InvalidOperationError as error:
        raise ValueError(f"readings: {error}") from None
    for name in _NEEDED:
        if whole.get_column(name).null_count():
            row = whole.get_column(name).is_null().arg_true()[0]
            raise ValueError(f"readings: {name} is missing in row {row}")
    strange = whole.filter(~pl.col("resolution").is_in(RESOLUTIONS))
    if strange.height:
        raise ValueError(f"readings: resolution {strange['resolution'][0]!r}; expected {', '.join(RESOLUTIONS)}")
    figures = [name for name, kind in COLUMNS.items() if kind == pl.Float64()]
    return distinct(whole.with_columns(pl.col(figures).fill_nan(None)))


def distinct(frame: pl.DataFrame) -> pl.DataFrame:
    """Drop statements that only repeat an earlier one (a packet sent again), and sort for the disk."""
    by = [name for name in ("device", "item", "time", "qn", "known_at") if name in frame.columns]
    same = [name for name in _SAME if name in frame.columns]
    return frame.sort("known_at").unique(same, keep="first", maintain_order=True).sort(by)


def day_expr() -> pl.Expr:
    """The day in Beijing of each row."""
    return (pl.col("time").dt.replace_time_zone(None) + _BEIJING).dt.date()


def standing(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Of rows about the same device, item and time, the one that holds."""
    arrived = (pl.col("known_at").dt.replace_time_zone(None) + _BEIJING).dt.strftime("%Y%m%d%H%M%S%3f")
    return (
        frame.with_columns(pl.coalesce("qn", arrived).alias("said"))
        .sort("said", "known_at")
        .unique(["device", "resolution", "item", "time"], keep="last", maintain_order=False)
        .drop("said")
    )
