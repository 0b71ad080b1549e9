"""What a reader gives back, and the errors it raises."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from lantian.observations.rules import Resolution

HourStamp = Literal["beginning", "end"]

REJECT_SCHEMA: dict[str, pl.DataType] = {name: pl.String() for name in ("file", "line", "field", "value", "reason")}


class ReadError(ValueError):
    """A file that cannot be read at all: broken compression, unknown encoding. The message names the file and the
    place.
    """


class UnknownLayoutError(ReadError):
    """A file that no layout recognises. The message names the file, its first line and the layouts that are known."""


@dataclass(frozen=True)
class Reading:
    """All that one file says.

    `kind`: name of the layout. `frames`: resolution (`hour`, `day`) -> wide frame `place, time|date, items...`
    (Float64, null = missing, one row a place and time, sorted), units of docs/design/house.md. `rejects`: `file, line,
    field, value, reason`, all text; `line` is the physical line from 1, for a workbook `sheet!row`, for JSON
    `results[n]` (n from 1). `notes`: sentences about whatever was decided for the whole file. `rows_read`: data rows
    seen, blank ones not counted.
    """

    kind: str
    frames: dict[Resolution, pl.DataFrame]
    rejects: pl.DataFrame
    notes: list[str]
    rows_read: int


@dataclass(frozen=True)
class Options:
    """What the caller knows about a file beyond its text; see `lantian.observations.readers.read`."""

    stations: Mapping[str, str] = field(default_factory=dict)
    places: Callable[[str], str | None] | None = None
    hour_stamp: HourStamp | None = None


@dataclass
class Piece:
    """What one table of a file says, before duplicates are settled.

    `values` is long (`line, place, stamp, item, value`) or, when `wide`, has one row a source row (`line, place,
    stamp, items...`). `stamp` is a naive UTC datetime for hours and a date for days.
    """

    kind: str
    resolution: Resolution
    values: pl.DataFrame
    wide: bool
    rows: int
    rejects: list[pl.DataFrame] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def rejected(file: str, line: pl.Series, name: str | pl.Series, value: pl.Series | str, reason: str) -> pl.DataFrame:
    """Build reject rows; `line` gives their number, the others are series of the same length or one text for all."""

    def column(content: str | pl.Series) -> pl.Series:
        if isinstance(content, str):
            return pl.repeat(content, len(line), eager=True, dtype=pl.String)
        return content.cast(pl.String)

    parts = {"file": file, "line": line, "field": name, "value": value, "reason": reason}
    return pl.DataFrame({key: column(part) for key, part in parts.items()}, schema=REJECT_SCHEMA)
