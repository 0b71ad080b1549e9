"""Active fires as FIRMS publishes them: CSV of MODIS or VIIRS into rows of the feed `fire_hotspot`. Pure."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from lantian.kernel.said import Said, SaidError
from lantian.observations.burning.joining import Signal, level

NEEDED: Final = ("latitude", "longitude", "acq_date", "acq_time", "confidence")
"""Columns that a file must have; the names are those of FIRMS."""

ROWS: Final = pl.Schema({
    "satellite": pl.String(), "instrument": pl.String(), "time": pl.Datetime("us", "UTC"), "lon": pl.Float64(),
    "lat": pl.Float64(), "confidence": pl.String(), "brightness": pl.Float64(), "frp": pl.Float64(),
    "scan": pl.Float64(), "track": pl.Float64(), "daynight": pl.String(),
})  # fmt: skip
"""Columns of the rows that are read."""

REJECTS: Final = pl.Schema({
    "file": pl.String(), "line": pl.Int64(), "field": pl.String(), "value": pl.String(), "reason": pl.String(),
})  # fmt: skip

RIGHT: Final = {
    "latitude": Said("expected degrees from -90 to 90", "应为 -90 至 90 的度数"),
    "longitude": Said("expected degrees from -180 to 180", "应为 -180 至 180 的度数"),
    "acq_time": Said(
        "expected acq_date as 2016-12-15 and acq_time as 0530, UTC", "acq_date 应如 2016-12-15，acq_time 应如 0530，UTC"
    ),
    "frp": Said("expected megawatts", "应为兆瓦"),
}
"""What would be right in a field of a rejected row; the English is its reason."""

_BRIGHT = ("brightness", "bright_ti4")


class FirmsError(SaidError):
    """A file that is no CSV of FIRMS; the message names file, what is missing and what would be right."""


def read(content: bytes, name: str = "FIRMS") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a CSV of FIRMS: rows as `ROWS` (exact duplicates once), and rejects with file, line, field, value, reason.

    ``acq_time`` is UTC, three or four digits (``530`` is 05:30), or with a colon. Raises FirmsError.
    """
    try:
        table = pl.read_csv(content, infer_schema=False) if content.strip() else pl.DataFrame()
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        said = str(error).splitlines()[0]
        raise FirmsError(f"{name}: not CSV: {said}", f"{name}：不是 CSV（{said}）") from None
    table = table.rename({column: column.strip().lower() for column in table.columns})
    if missing := [column for column in NEEDED if column not in table.columns]:
        raise FirmsError(
            f"{name}: column {missing[0]} is missing; expected {', '.join(NEEDED)} and more, as FIRMS has them",
            f"{name}：缺少列 {missing[0]}；应有 {'、'.join(NEEDED)} 等，与 FIRMS 发布的一致",
        )
    bright = next((column for column in _BRIGHT if column in table.columns), None)
    optional = [c for c in ("satellite", "instrument", "frp", "scan", "track", "daynight") if c not in table.columns]
    table = table.with_columns(pl.lit(None, pl.String).alias(column) for column in optional).with_row_index("line", 2)
    clock = pl.col("acq_time").str.strip_chars().str.replace(":", "").str.zfill(4)
    stamp = pl.col("acq_date").str.strip_chars() + pl.lit(" ") + clock
    numbers = {"lat": "latitude", "lon": "longitude", "frp": "frp", "scan": "scan", "track": "track"}
    read_ = table.with_columns(
        stamp.str.to_datetime("%Y-%m-%d %H%M", strict=False, time_unit="us").dt.replace_time_zone("UTC").alias("time"),
        *(_number(pl.col(theirs)).alias(f"_{ours}") for ours, theirs in numbers.items()),
        (_number(pl.col(bright)) if bright else pl.lit(None, pl.Float64)).alias("_bright"),
    )
    faults = [
        ("latitude", ~pl.col("_lat").is_between(-90, 90).fill_null(value=False), RIGHT["latitude"]),
        ("longitude", ~pl.col("_lon").is_between(-180, 180).fill_null(value=False), RIGHT["longitude"]),
        ("acq_time", pl.col("time").is_null(), RIGHT["acq_time"]),
        ("frp", pl.col("_frp").is_null() & (pl.col("frp").str.strip_chars() != ""), RIGHT["frp"]),
    ]
    rejects = pl.concat(
        [
            read_.filter(wrong).select(
                pl.lit(name).alias("file"), pl.col("line").cast(pl.Int64), pl.lit(field).alias("field"),
                pl.col(field).alias("value"), pl.lit(str(right)).alias("reason"),
            )
            for field, wrong, right in faults
        ]
    ).cast(REJECTS)  # fmt: skip
    good = read_.filter(~pl.col("line").cast(pl.Int64).is_in(rejects["line"].to_list()))
    daynight = pl.col("daynight").str.strip_chars().str.to_uppercase()
    rows = good.select(
        pl.coalesce("satellite", pl.lit("unknown")).str.strip_chars().alias("satellite"),
        "instrument",
        "time",
        pl.col("_lon").alias("lon"),
        pl.col("_lat").alias("lat"),
        pl.col("confidence").str.strip_chars(),
        pl.col("_bright").alias("brightness"),
        *(pl.col(f"_{one}").alias(one) for one in ("frp", "scan", "track")),
        pl.when(daynight.is_in(["D", "N"])).then(daynight).alias("daynight"),
    ).cast(ROWS)
    return rows.unique(["satellite", "time", "lon", "lat"], keep="first", maintain_order=True), rejects.sort("line")


def _number(column: pl.Expr) -> pl.Expr:
    return column.str.strip_chars().cast(pl.Float64, strict=False)


def signals(rows: pl.DataFrame, *, example: bool = False) -> list[Signal]:
    """Signals of rows of the feed `fire_hotspot`; the id is what makes a pixel: time and place."""
    return [
        Signal(
            source="satellite",
            sender=re.sub(r"[^A-Za-z0-9_.-]", "-", row["satellite"])[:40] or "unknown",
            id=f"{row['time']:%Y%m%d%H%M}_{row['lon']:.5f}_{row['lat']:.5f}",
            at=row["time"],
            lon=row["lon"],
            lat=row["lat"],
            confidence=level(row["confidence"]),
            frp=row["frp"],
            example=example,
        )
        for row in rows.iter_rows(named=True)
    ]
