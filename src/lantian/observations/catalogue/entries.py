"""Entries of the catalogue: what a dataset is, how fresh and how good it is, and a few of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import freshness, rights
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.reader import Reader
from lantian.observations.feeds.service import Feeds
from lantian.observations.feeds.tables import batch, grant, record

SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the records of a feed are.

    Attributes:
        records: keys with a last word known by then; flagged: those of them that a check marked.
        brought, refused: rows of all batches, and those refused; None of either for what other stores hold.
    """

    records: int | None = None
    flagged: int = 0
    brought: int = 0
    refused: int = 0

    @property
    def refused_share(self) -> float | None:
        """Percent of the rows brought that were refused."""
        return 100 * self.refused / self.brought if self.brought else None

    @property
    def flagged_share(self) -> float | None:
        """Percent of the records that a check marked."""
        return 100 * self.flagged / self.records if self.records else None


@dataclass(frozen=True, slots=True)
class Entry:
    """One dataset as the catalogue shows it to a reader.

    Attributes:
        feed: its definition.
        state, newest, due: how fresh it is (`feeds.freshness`).
        quality: how good.
        scope: what the reader may see of it.
        waiting: requests that wait for the owner's answer.
    """

    feed: Feed
    state: str
    newest: datetime | None
    due: datetime | None
    quality: Quality
    scope: rights.Scope
    waiting: int

    def describe(self) -> dict[str, Any]:
        """As JSON, for the HTTP interface."""
        return self.feed.describe() | {
            "state": self.state,
            "newest": None if self.newest is None else self.newest.isoformat(),
            "due": None if self.due is None else self.due.isoformat(),
            "update": None
            if self.feed.update is None
            else {"every": self.feed.update.every.words("en"), "within": self.feed.update.within.words("en")},
            "records": self.quality.records,
            "refused_percent": _rounded(self.quality.refused_share),
            "flagged_percent": _rounded(self.quality.flagged_share),
            "readable": self.scope.open,
            "regions": None if self.scope.regions is None else sorted(self.scope.regions),
        }


def entries(platform: Platform, reader: Reader, now: datetime, names: Iterable[str] | None = None) -> list[Entry]:
    """The catalogue for a reader, by owner and name: everybody sees what there is, not what is in it."""
    feeds = Feeds(platform)
    known = feeds.all()
    chosen = sorted(known if names is None else names, key=lambda name: (known[name].owner, name))
    measured = freshness.measure(platform, [known[name] for name in chosen], now)
    fresh = {row["feed"]: row for row in measured.to_dicts()}
    with platform.engine.connect() as connection:
        grants = rights.granted(connection, now)
        quality = _quality(connection, chosen, now)
        waiting = _waiting(connection)
    return [
        Entry(
            known[name],
            fresh[name]["state"],
            fresh[name]["newest"],
            fresh[name]["due"],
            quality.get(name, Quality()) if known[name].store == "records" else Quality(),
            rights.scoped(known[name], reader, grants),
            waiting.get(name, 0),
        )
        for name in chosen
    ]


def entry(platform: Platform, name: str, reader: Reader, now: datetime) -> Entry:
    """One entry. Raises LookupError for a feed that there is not."""
    Feeds(platform).feed(name)
    return entries(platform, reader, now, [name])[0]


def sample(platform: Platform, name: str, reader: Reader, now: datetime) -> pl.DataFrame:
    """A few of the newest rows that a reader may see."""
    return Feeds(platform).read(name, reader, as_of=now, limit=SAMPLE)


def completeness(rows: pl.DataFrame, feed: Feed) -> dict[str, float]:
    """Percent of rows that have a value, field by field."""
    if rows.is_empty():
        return {}
    return {name: 100 * (1 - rows[name].null_count() / rows.height) for name in feed.schema}


def _quality(connection: sa.Connection, names: list[str], now: datetime) -> Mapping[str, Quality]:
    """Counted without going over the records: all statements ever brought, less those not known by now, less those that
    another has superseded by now, are the last words of their keys.
    """
    r, b = record.c, batch.c
    by_now = b.at <= now
    sums = (
        sa.select(
            b.feed,
            sa.func.sum(b.new + b.revised),
            sa.func.coalesce(sa.func.sum(b.rows).filter(by_now), 0),
            sa.func.coalesce(sa.func.sum(b.rejected).filter(by_now), 0),
        )
        .where(b.feed.in_(names))
        .group_by(b.feed)
    )

    def counted(*conditions: sa.ColumnElement[bool]) -> dict[str, int]:
        query = sa.select(r.feed, sa.func.count()).where(r.feed.in_(names), *conditions).group_by(r.feed)
        return {feed: int(number) for feed, number in connection.execute(query)}

    coming, over = counted(r.known_at > now), counted(r.superseded_at <= now)
    standing = sa.or_(r.superseded_at.is_(None), r.superseded_at > now)
    marked = sa.literal_column("flags <> '{}'", sa.Boolean())  # in these words, for which there is an index
    flagged = counted(marked, r.known_at <= now, standing)
    return {
        feed: Quality(int(stated) - coming.get(feed, 0) - over.get(feed, 0), flagged.get(feed, 0), int(rows), int(bad))
        for feed, stated, rows, bad in connection.execute(sums)
    }


def _waiting(connection: sa.Connection) -> dict[str, int]:
    query = sa.select(grant.c.feed, sa.func.count()).where(grant.c.state == "asked").group_by(grant.c.feed)
    return {name: int(number) for name, number in connection.execute(query)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
