"""Hours of devices that stand for a station go on to the observations as raw hours.

An hour that the device sent itself (2061) counts; else it is computed from its minutes where these cover at least 45
minutes (HJ 76-2017 appendix B: an hour is valid with 45 valid minutes). Only values marked normal (N, or no mark).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl
import sqlalchemy as sa

from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway.register import Register
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import TelemetryStore
from lantian.observations.telemetry.tables import segment
from lantian.standards.codes import POLLUTANTS, WEATHER

NEEDED_MINUTES = 45
ITEMS = (*POLLUTANTS, "tsp", "nox", "no", *WEATHER)
"""What the observations take."""
_AT_ONCE = 500


def hourly(minutes: pl.DataFrame, hours: pl.DataFrame, every: Mapping[str, int]) -> pl.DataFrame:
    """Hours of devices: `device, time, item, value`, one row each.

    `minutes`, `hours`: frames of readings (`telemetry.COLUMNS`); `every`: seconds between a device's averages. The
    wind's direction is averaged as an angle.
    """
    normal = pl.col("value").is_not_null() & pl.col("flag").fill_null("N").is_in(["N", ""])
    own = hours.filter(normal).select("device", pl.col("time").dt.truncate("1h"), "item", "value")
    turn = pl.col("value").radians()
    angle = pl.arctan2(turn.sin().mean(), turn.cos().mean()).degrees() % 360.0
    length = pl.col("device").replace_strict(dict(every), default=60, return_dtype=pl.Int64)
    computed = (
        minutes.filter(normal)
        .with_columns(pl.col("time").dt.truncate("1h"), length.alias("length"))
        .group_by("device", "time", "item")
        .agg(
            pl.when(pl.col("item").first() == "wind_direction")
            .then(angle)
            .otherwise(pl.col("value").mean())
            .alias("value"),
            (pl.len() * pl.col("length").first() >= NEEDED_MINUTES * 60).alias("enough"),
        )
        .filter("enough")
        .drop("enough")
    )
    key = ["device", "time", "item"]
    return (
        pl.concat([own, computed.join(own, on=key, how="anti").select(own.columns)]).unique(key, keep="first").sort(key)
    )


def forward(platform: Platform, now: datetime, *, actor: str = "gateway") -> int:
    """Hand on what arrived since the last time, of hours that have ended; the number of hours that are new or revised.

    Minutes that come late make their hour anew. A second run finds nothing to do, and one that was killed is done again
    without harm.
    """
    store = TelemetryStore(platform)
    over = now.replace(minute=0, second=0, microsecond=0)
    fresh = (
        segment.c.taken_at.is_(None),
        segment.c.retired_at.is_(None),
        segment.c.resolution.in_(["minute", "hour"]),
        segment.c.last < over,
    )
    with platform.engine.connect() as connection:
        query = sa.select(segment.c.id, segment.c.resolution, segment.c.first, segment.c.last).where(*fresh)
        waiting = connection.execute(query.order_by(segment.c.created_at).limit(_AT_ONCE)).all()
    if not waiting:
        return 0
    devices = {one.mn: one for one in Register(platform).devices() if one.station}
    changed = 0
    if devices:
        first = min(row.first for row in waiting).replace(minute=0, second=0, microsecond=0)
        end = max(row.last for row in waiting) + timedelta(hours=1)
        wanted = list(ITEMS)
        minutes, hours = (
            store.read(list(devices), first, end, resolution=name, items=wanted).collect()
            for name in ("minute", "hour")
        )
        frame = hourly(minutes, hours, {mn: one.every for mn, one in devices.items()})
        changed = _append(platform, frame, {mn: one.station or "" for mn, one in devices.items()}, actor)
    with platform.engine.begin() as connection:
        taken = segment.update().where(segment.c.id.in_([row.id for row in waiting]))
        connection.execute(taken.values(taken_at=sa.func.clock_timestamp()))
    return changed


def _append(platform: Platform, frame: pl.DataFrame, stations: Mapping[str, str], actor: str) -> int:
    observed = ObservationStore(platform)
    changed = 0
    for (mn,), rows in frame.partition_by("device", as_dict=True).items():
        wide = rows.pivot("item", index="time", values="value").with_columns(pl.lit(stations[str(mn)]).alias("place"))
        receipt = observed.append(wide, "hour", f"hj212:{mn}", actor=actor)
        changed += receipt.new + receipt.revised
    return changed
