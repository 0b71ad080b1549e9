"""Manifests as the feed holds them, and their alerts: raised when a term passes, ended on arrival."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, task
from lantian.observations import alerts as alerts_room
from lantian.observations.feeds import PLATFORM, Feeds, Reader, arrived
from lantian.observations.invented import marked
from lantian.observations.waste.manifests import UNDER_WAY, Standing, alerts, ordered, standing

FEED = "waste_manifest"
ACTOR = "lantian"


def ledger(
    platform: Platform, reader: Reader, now: datetime, *, since: date | None = None, region: str | None = None
) -> list[Standing]:
    """The manifests that a reader may see, those that never arrived first: filled on a day or later (None: all), and
    of the older ones those that are under way.
    """
    feeds = Feeds(platform)
    rows = feeds.read(FEED, reader, start=since, region=region, as_of=now)
    found = standing(marked(platform.engine, rows), now)
    if since is None:
        return found
    older = feeds.read(FEED, reader, end=since, region=region, where={"received_at": None}, as_of=now)
    under_way = [one for one in standing(marked(platform.engine, older), now) if one.state in UNDER_WAY]
    return ordered([*found, *under_way], now)


def tell(platform: Platform, now: datetime) -> list[int]:
    """Raise the alerts that are due and end those that are over; the numbers of the new ones.

    Doing it twice changes nothing.
    """
    rows = Feeds(platform).read(FEED, PLATFORM, where={"received_at": None}, as_of=now)
    found = standing(marked(platform.engine, rows), now)
    late = {one.manifest for one in found if one.state == "overdue"}
    told = alerts_room.listed(platform.engine, ((None, None),), as_of=now, kind="manifest", lasting=True, most=100_000)
    over = [one.alert.subject for one in told if one.alert.subject not in late]
    alerts_room.end(platform.engine, "manifest", over, now, ACTOR)
    return alerts_room.raised(platform.engine, alerts(found), now, ACTOR)


@arrived(FEED)
def heard(platform: Platform, rows: pl.DataFrame, now: datetime) -> None:
    """A manifest that arrived ends its alert; one that came in late raises it."""
    found = standing(marked(platform.engine, rows), now)
    over = [one.manifest for one in found if one.state not in UNDER_WAY]
    alerts_room.end(platform.engine, "manifest", over, now, ACTOR)
    alerts_room.raised(platform.engine, alerts(found), now, ACTOR)


@task("waste.overdue", zh="检查未到达联单", en="Look for manifests that never arrived", cron="12 * * * *")
def overdue_job(run: JobRun) -> None:
    """Every hour: a term may have passed without anything coming in."""
    tell(run.platform, run.platform.clock.now())
