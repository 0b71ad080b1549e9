"""What burning does by itself: it listens to cameras and satellites, and calls the next when nobody answers.

Importing this module registers the rules of `burning_alert` and `fire_hotspot` and the job `burning.escalate`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, task
from lantian.observations.burning import firms
from lantian.observations.burning.joining import Signal, level
from lantian.observations.burning.service import SYSTEM, Burning
from lantian.observations.feeds import arrived

_HEARD = timedelta(minutes=3)
"""In the example, how long after it was seen the platform heard of a signal."""


@arrived("burning_alert")
def of_cameras(platform: Platform, rows: pl.DataFrame, now: datetime) -> list[int]:
    """Alerts of cameras become signals."""
    example = platform.settings.example
    return Burning(platform).take(camera_signals(rows, example=example), SYSTEM, told=told(platform, now))


@arrived("fire_hotspot")
def of_satellites(platform: Platform, rows: pl.DataFrame, now: datetime) -> list[int]:
    """Hot spots become signals."""
    example = platform.settings.example
    return Burning(platform).take(firms.signals(rows, example=example), SYSTEM, told=told(platform, now))


@task(
    "burning.escalate",
    zh="焚烧火点无人应答升级",
    en="Escalate fires that nobody answers",
    lock="burning",
    cron="* * * * *",
)
def escalate_job(run: JobRun) -> None:
    """Every minute: who is called next where nobody has answered."""
    Burning(run.platform).escalate()


def camera_signals(rows: pl.DataFrame, *, example: bool = False) -> list[Signal]:
    """Signals of rows of the feed `burning_alert`."""
    return [
        Signal(
            source="camera",
            sender=row["sender"],
            id=row["id"],
            at=row["time"],
            lon=row["lon"],
            lat=row["lat"],
            kind=row["kind"] or "",
            confidence=level(row["confidence"]),
            link=row["picture"] or "",
            address=row["address"] or row["camera"] or "",
            example=example,
        )
        for row in rows.iter_rows(named=True)
    ]


def told(platform: Platform, now: datetime) -> Callable[[Signal], datetime] | None:
    """When the platform heard of signals: now; in the example's invented past a little after each was seen."""
    if not platform.settings.example:
        return None
    return lambda signal: min(now, signal.at + _HEARD)
