"""The telemetry of devices as a feed: where each device stands, and its minutes."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway.register import Register
from lantian.observations.telemetry import TelemetryStore


def regions(platform: Platform) -> dict[str, str | None]:
    """The region of each registered device."""
    return {one.mn: one.region for one in Register(platform).devices()}


def values(
    platform: Platform, devices: list[str] | None, start: datetime, end: datetime, as_of: datetime
) -> pl.LazyFrame:
    """Minute values of devices (None: all), as they were known at a moment."""
    return TelemetryStore(platform).read(devices, start, end, resolution="minute", as_of=as_of)
