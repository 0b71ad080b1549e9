"""The stamps of a table's rows: which columns say them, whether they are hours or days, and what the hour means."""

from dataclasses import dataclass

import polars as pl

from lantian.observations import words
from lantian.observations.readers import stamps
from lantian.observations.readers.files import Table
from lantian.observations.readers.headers import Column
from lantian.observations.readers.reading import HourStamp, rejected
from lantian.observations.rules import Resolution

CHINA = "8h"


@dataclass(frozen=True)
class When:
    """`stamp` (naive UTC beginning of the hour, or date; null when refused), `date` (local day), the refusals and
    notes.
    """

    resolution: Resolution
    stamp: pl.Series
    date: pl.Series
    rejects: list[pl.DataFrame]
    notes: list[str]


def has_stamp(roles: dict[str, Column]) -> bool:
    """Whether the columns can tell a day at least."""
    return bool(roles.keys() & {"time", "date"}) or roles.keys() >= {"year", "month", "day"}


def of_table(table: Table, roles: dict[str, Column], rule: HourStamp) -> When:
    """Read the stamps of every row; `rule` says what an hour stamp means where the table itself does not show it."""
    roles = _with_clock(table, roles)
    named, raw = _text(table, roles)
    parsed = stamps.parse(raw)
    local, clock, hour = parsed["local"], parsed["clock"].fill_null(value=False), parsed["hour"]
    rejects = []
    unread = local.is_null()
    if "hour" in roles:
        text = table.cells[roles["hour"].name]
        written = stamps.hours(text)
        rejects.append(_rows(table, written.is_null() & ~unread, roles["hour"].text, text, words.NO_HOUR.say()))
        local = local.dt.truncate("1d") + pl.select(pl.duration(hours=pl.lit(written))).to_series()
        clock, hour = written.is_not_null(), written
    rejects.append(_rows(table, unread, named, raw, words.NO_TIME.say()))
    midnight = (local == local.dt.truncate("1d")).fill_null(value=True)
    # Days are days when no row has a time of day; a workbook writes the midnight of a date, so midnights under the
    # name "date" are days too.
    day = not clock.any() or ("time" not in roles and "hour" not in roles and bool(midnight.all()))
    if day:
        date = local.dt.date()
        return When("day", date, date, [r for r in rejects if r.height], [])
    ragged = local.is_not_null() & (local != local.dt.truncate("1h"))
    no_clock = local.is_not_null() & ~clock & ~ragged & _bare_date(raw, roles)
    unfit = ragged | no_clock
    rejects.append(_rows(table, unfit, named, raw, words.NO_WHOLE_HOUR.say()))
    local = local.set(unfit, None) if unfit.any() else local
    stamp, used = stamps.hour_beginnings(local, hour, rule)
    notes = []
    if used != rule:
        notes.append(words.HOURS_TO_24.say())
    return When("hour", stamp, stamp.dt.offset_by(CHINA).dt.date(), [r for r in rejects if r.height], notes)


def _with_clock(table: Table, roles: dict[str, Column]) -> dict[str, Column]:
    """Where a date stands beside a time of day (`2016-01-02`, `15:00`), the second is the hour."""
    if not {"date", "time"} <= roles.keys() or "hour" in roles:
        return roles
    texts = table.cells[roles["time"].name].drop_nulls()
    if not texts.str.contains(r"^\s*\d{1,2}(:\d{2}){0,2}\s*$").all():
        return roles
    rest = {role: column for role, column in roles.items() if role != "time"}
    return rest | {"hour": roles["time"]}


def _text(table: Table, roles: dict[str, Column]) -> tuple[str, pl.Series]:
    """The name and text of the stamp; year, month and day are joined."""
    if "time" in roles or "date" in roles:
        column = roles["time"] if "time" in roles else roles["date"]
        return column.text, table.cells[column.name]
    parts = [pl.col(roles[name].name).str.strip_chars() for name in ("year", "month", "day")]
    return "year-month-day", table.cells.select(pl.concat_str(*parts, separator="-").alias("raw"))["raw"]


def _bare_date(raw: pl.Series, roles: dict[str, Column]) -> pl.Series:
    """Rows of an hourly table that give a date alone. An Excel serial without fraction is midnight, not a bare date."""
    if "hour" in roles:
        return pl.repeat(False, len(raw), eager=True, dtype=pl.Boolean)
    return ~raw.str.contains(r"^\s*\d{5}(\.\d+)?\s*$").fill_null(value=True)


def _rows(table: Table, mask: pl.Series, name: str, raw: pl.Series, reason: str) -> pl.DataFrame:
    mask = mask.fill_null(value=False)
    return rejected(table.file, table.line.filter(mask), name, raw.filter(mask), reason)
