"""Manifests as the feed holds them, and their alerts: raised when a term passes, ended on arrival."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, task
from lantian.observations import alerts as alerts_room
from lantian.observations.feeds import PLATFORM, Feeds, Reader, arrived
from lantian.observations.invented import marked
from lantian.observations.waste.manifests import Standing, alerts, standing

FEED = "waste_manifest"
ACTOR = "lantian"


def ledger(platform: Platform, reader: Reader, now: datetime, *, region: str | None = None) -> list[Standing]:
    """Every manifest that a reader may see, those that never arrived first."""
    rows = Feeds(platform).read(FEED, reader, region=region, as_of=now)
    return standing(marked(platform.engine, rows), now)


def tell(platform: Platform, now: datetime) -> list[int]:
    """Raise the alerts that are due and end those that are over; the numbers of the new ones.

    Doing it twice changes nothing.
    """
    found = ledger(platform, PLATFORM, now)
    over = [one.manifest for one in found if one.state not in ("overdue", "dispatched")]
    alerts_room.end(platform.engine, "manifest", over, now, ACTOR)
    return alerts_room.raised(platform.engine, alerts(found), now, ACTOR)


@arrived(FEED)
def heard(platform: Platform, rows: pl.DataFrame, now: datetime) -> None:
    """A manifest that arrived ends its alert; one that came in late raises it."""
    found = standing(marked(platform.engine, rows), now)
    over = [one.manifest for one in found if one.state not in ("overdue", "dispatched")]
    alerts_room.end(platform.engine, "manifest", over, now, ACTOR)
    alerts_room.raised(platform.engine, alerts(found), now, ACTOR)


@task("waste.overdue", zh="检查未到达联单", en="Look for manifests that never arrived", cron="12 * * * *")
def overdue_job(run: JobRun) -> None:
    """Every hour: a term may have passed without anything coming in."""
    tell(run.platform, run.platform.clock.now())
