"""The raw log of packets: read it for a page, a script or a court."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import sqlalchemy as sa

from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway.covering import shown
from lantian.observations.gateway.digest import PACKETS
from lantian.observations.telemetry.shelf import Shelf

RESOLUTION = "packet"


def shelf(platform: Platform) -> Shelf:
    """The segments of the raw log stand beside those of the telemetry."""
    return Shelf(platform.database.engine, platform.settings.home / "telemetry")


def tidy(frame: pl.DataFrame) -> pl.DataFrame:
    """Nothing is dropped: that a packet came twice is a fact too."""
    return frame.sort("device", "time")


def packets(
    platform: Platform,
    mn: str,
    *,
    as_of: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
    most: int = 100,
    faulty: bool = False,
) -> pl.DataFrame:
    """The latest packets of a device, the newest first: columns of `PACKETS` with `text`, the raw bytes as people may
    see them (password covered), instead of `raw`.

    `start` <= time < `end`; without `start` the three days before. `faulty`: only those with a quirk or fault.
    """
    as_of, end = as_of.astimezone(UTC), end.astimezone(UTC) if end else None
    start = start.astimezone(UTC) if start else (end or as_of) - timedelta(days=3)
    found = shelf(platform).holding(RESOLUTION, start, end, as_of)
    wanted = [pl.col("device") == mn, pl.col("known_at") <= as_of, pl.col("time") >= start]
    if end is not None:
        wanted.append(pl.col("time") < end)
    if faulty:
        wanted.append((pl.col("quirks").list.len() > 0) | (pl.col("faults").list.len() > 0))
    rows = shelf(platform).scan(found, PACKETS).filter(*wanted).sort("time", descending=True).head(most).collect()
    text = pl.Series("text", [shown(raw) for raw in rows["raw"]], pl.String)
    return rows.drop("raw").with_columns(text)


def last_heard(engine: sa.Engine, platform: Platform, as_of: datetime) -> dict[str, datetime]:
    """When each device's last packet had come by `as_of`, within three days; for a clock that was set back."""
    as_of = as_of.astimezone(UTC)
    found = Shelf(engine, platform.settings.home / "telemetry").holding(
        RESOLUTION, as_of - timedelta(days=3), None, as_of
    )
    rows = (
        shelf(platform)
        .scan(found, PACKETS)
        .filter(pl.col("known_at") <= as_of, pl.col("way") != "sent")
        .group_by("device")
        .agg(pl.col("time").max())
        .collect()
    )
    return dict(rows.iter_rows())
