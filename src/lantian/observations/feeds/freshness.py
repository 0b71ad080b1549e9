"""Is what should come coming? The newest time of each feed against its update rule; a stale feed raises an alert."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import polars as pl
import sqlalchemy as sa

from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import kept
from lantian.observations.feeds.definition import TIME, Feed
from lantian.observations.feeds.tables import batch

State = Literal["fresh", "late", "stale", "empty"]

SCHEMA: Final = {
    "feed": pl.String(),
    "owner": pl.String(),
    "newest": TIME,
    "due": TIME,
    "stale": TIME,
    "state": pl.String(),
}

_NEWEST: Final = """
select r.time from feed_record r where r.feed = :feed and r.known_at <= :now and r.time <= :now
order by r.time desc limit 1
"""


def judge(feed: Feed, newest: datetime | None, now: datetime) -> State:
    """How fresh a feed is whose newest value is of this time. Pure.

    `fresh`: the next is not due yet, or nothing regular is promised; `late`: due, and within its time of grace;
    `stale`: past it; `empty`: nothing ever came.
    """
    if newest is None:
        return "empty"
    due = feed.due(newest)
    if feed.update is None or due is None or now <= due:
        return "fresh"
    return "late" if now <= feed.update.stale(newest) else "stale"


def measure(platform: Platform, feeds: Iterable[Feed], now: datetime) -> pl.DataFrame:
    """Freshness of feeds at a moment: `SCHEMA`, one row a feed. `due` and `stale` are null without an update rule."""
    rows = []
    with platform.engine.connect() as connection:
        for feed in feeds:
            newest = _newest(connection, feed, now) if feed.store == "records" else kept.newest(platform, feed, now)
            due = feed.due(newest) if newest else None
            stale = feed.update.stale(newest) if feed.update and newest else None
            rows.append((feed.name, feed.owner, newest, due, stale, judge(feed, newest, now)))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _newest(connection: sa.Connection, feed: Feed, now: datetime) -> datetime | None:
    """The newest time of what is known by now; of a feed without a time when something new was last brought."""
    if feed.time is None:
        b = batch.c
        query = sa.select(sa.func.max(b.at)).where(b.feed == feed.name, b.at <= now, b.new + b.revised > 0)
        brought: datetime | None = connection.scalar(query)
        return brought
    # A forecast or a plan may be of a time to come: it is as fresh as its newest record, not fresher than now.
    found: datetime | None = connection.scalar(sa.text(_NEWEST), {"feed": feed.name, "now": now})
    return found
