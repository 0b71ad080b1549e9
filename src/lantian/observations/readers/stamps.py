"""Dates and times as people and instruments write them, vectorised.

Clock times are those of China, fixed at UTC+08:00 (no daylight saving: it ended in 1991, before these networks began),
unless a stamp carries its own offset.
"""

import polars as pl

from lantian.observations.readers.reading import HourStamp

_DATE = r"^(\d{4})-(\d{1,2})-(\d{1,2})"
_CLOCK = r"(?:[ T]*(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$"
_COMPACT = (
    r"^(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(?::?(\d{2})(?::?(\d{2}))?)?(?:\d{3})?)?(Z|[+-]\d{2}:?\d{2})?(?:\.0)?$"
)
_SERIAL = r"^[2-7]\d{4}(?:\.\d+)?$"
_NAMES = ("year", "month", "day", "hour", "minute", "second", "offset")


def parse(raw: pl.Series) -> pl.DataFrame:
    """Read stamps: one row each with `local` (naive UTC+08:00 datetime, null when unreadable), `clock` (a time of day
    was given), `hour` (as written, 0-24; null when unreadable).

    Understands 2016-1-2, 2016/1/2, 2016.1.2, 20160102, 2016年1月2日, each with or without hour (15, 15:00, 15:00:00,
    15时), `T`, `Z` or +08:00, 24:00 (the end of the day), packed digits (2016010215), full-width digits, and Excel
    serial numbers (day 42371 is 2016-01-02).
    """
    text = raw.alias("raw")
    table = pl.DataFrame(text.unique().drop_nulls())
    tidy = (
        pl.col("raw")
        .str.normalize("NFKC")
        .str.strip_chars()
        .str.to_uppercase()
        .str.replace(r"^(\d{4})\s*[年/.\-]\s*(\d{1,2})\s*[月/.\-]\s*(\d{1,2})\s*日?\s*", "${1}-${2}-${3} ")
        .str.replace(r"(\d{1,2})\s*[时点]\s*(\d{1,2})\s*分?$", "${1}:${2}")
        .str.replace(r"(\d{1,2})\s*[时点]$", "${1}:00")
        .str.strip_chars()
    )
    table = table.with_columns(tidy.alias("tidy")).with_columns(
        pl.col("tidy").str.extract_groups(_DATE + _CLOCK).struct.rename_fields(_NAMES).alias("a"),
        pl.col("tidy").str.extract_groups(_COMPACT).struct.rename_fields(_NAMES).alias("b"),
        pl.when(pl.col("tidy").str.contains(_SERIAL)).then(pl.col("tidy")).cast(pl.Float64).alias("serial"),
    )
    parts = table.select(
        "raw",
        "serial",
        *(pl.coalesce(pl.col("a").struct.field(n), pl.col("b").struct.field(n)).alias(n) for n in _NAMES),
    )
    return pl.DataFrame(text).join(_assemble(parts), on="raw", how="left", maintain_order="left").drop("raw")


def _assemble(parts: pl.DataFrame) -> pl.DataFrame:
    number = [pl.col(n).cast(pl.Int64).fill_null(0).alias(n) for n in ("hour", "minute", "second")]
    date = pl.concat_str("year", pl.col("month").str.zfill(2), pl.col("day").str.zfill(2)).str.to_date(
        "%Y%m%d", strict=False
    )
    offset = pl.col("offset").str.replace("Z", "+0000").str.replace(":", "")
    minutes = offset.str.slice(1, 2).cast(pl.Int64) * 60 + offset.str.slice(3, 2).cast(pl.Int64)
    shift = 480 - pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    parts = parts.with_columns(
        pl.col("hour").is_not_null().alias("clock"), date.alias("date"), shift.fill_null(0).alias("shift")
    )
    parts = parts.with_columns(number)
    sound = (
        (pl.col("minute") < 60)
        & (pl.col("second") < 60)
        & ((pl.col("hour") < 24) | ((pl.col("hour") == 24) & (pl.col("minute") + pl.col("second") == 0)))
        & pl.col("date").dt.year().is_between(1900, 2199)
    )
    written = pl.col("date").cast(pl.Datetime("us")) + pl.duration(
        hours=pl.col("hour"), minutes=pl.col("minute") + pl.col("shift"), seconds=pl.col("second")
    )
    # Excel keeps hours as fractions of a day with rounding noise: the nearest minute is what was meant.
    serial_minutes = (pl.col("serial") * 1440).round(0).cast(pl.Int64)
    serial = pl.datetime(1899, 12, 30, time_unit="us") + pl.duration(minutes=serial_minutes)
    is_serial = pl.col("serial").is_not_null()
    return parts.select(
        "raw",
        pl.when(is_serial).then(serial).when(sound).then(written).cast(pl.Datetime("us")).alias("local"),
        pl.when(is_serial).then(serial_minutes % 1440 != 0).otherwise(pl.col("clock")).alias("clock"),
        # A stamp that cannot be read says no hour either: one of them must not make a table count from 0.
        pl.when(is_serial).then(serial_minutes % 1440 // 60).when(sound).then(pl.col("hour")).alias("hour"),
    )


def hours(raw: pl.Series) -> pl.Series:
    """Read a column of hours (`5`, `05`, `5:00`, `5时`): Int64, 0 to 24, null when unreadable."""
    digits = raw.str.normalize("NFKC").str.strip_chars().str.extract(r"^(\d{1,2})(?:\.0+|:00(?::00)?|[时点])?$")
    number = digits.cast(pl.Int64)
    return number.set(~number.is_between(0, 24).fill_null(value=True), None)


def hour_beginnings(local: pl.Series, hour: pl.Series, rule: HourStamp) -> tuple[pl.Series, HourStamp]:
    """Naive UTC beginnings of the hours that `local` stamps, and the rule used.

    `hour` is the hour as written. A table that counts hours 1 to 24 (24 occurs, 0 never) stamps their ends, whatever
    `rule` says.
    """
    counted = hour.drop_nulls()
    if len(counted) and bool((counted == 24).any()) and not bool((counted == 0).any()):
        rule = "end"
    return local.dt.offset_by("-9h" if rule == "end" else "-8h"), rule
