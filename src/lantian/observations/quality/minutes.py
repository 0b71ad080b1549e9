"""How many valid minutes the hours of devices rest on, for the rule of 45 minutes (HJ 76-2017 appendix B)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway.device import Device
from lantian.observations.telemetry.store import TelemetryStore

NORMAL: Final = ("N", "S", "")
"""Marks of HJ 212 of a value that counts: normal, typed in, none."""
SCHEMA: Final = pl.Schema(
    {"device": pl.String(), "time": pl.Datetime("us", "UTC"), "item": pl.String(), "minutes": pl.Int64()}
)
_AT_ONCE: Final = 100  # devices: two days of their minutes are a few million rows


def valid_minutes(readings: pl.LazyFrame, every: Mapping[str, int]) -> pl.LazyFrame:
    """Valid minutes of each hour of which any minute came: `SCHEMA`. Pure.

    ``readings``: minutes (`telemetry.COLUMNS`); ``every``: seconds between a device's averages, each of which stands
    for so many seconds. Of an hour without any minutes nothing is known, so it has no row.
    """
    length = pl.col("device").replace_strict(dict(every), default=60, return_dtype=pl.Int64)
    counts = pl.col("value").is_not_null() & pl.col("flag").fill_null("").is_in(NORMAL)
    hour = pl.col("time").dt.truncate("1h")
    seconds = (counts.cast(pl.Int64) * length).sum()
    return readings.group_by("device", hour, "item").agg((seconds // 60).alias("minutes")).select(list(SCHEMA))


def of_devices(
    platform: Platform, devices: Sequence[Device], items: Sequence[str], start: datetime, end: datetime, now: datetime
) -> pl.DataFrame:
    """Valid minutes of devices' hours start <= time < end, as known now: `SCHEMA`."""
    store, found = TelemetryStore(platform), [pl.DataFrame(schema=SCHEMA)]
    for first in range(0, len(devices), _AT_ONCE):
        some = devices[first : first + _AT_ONCE]
        rows = store.read([one.mn for one in some], start, end, resolution="minute", items=items, as_of=now)
        found.append(valid_minutes(rows, {one.mn: one.every for one in some}).collect(engine="streaming"))
    return pl.concat(found)
