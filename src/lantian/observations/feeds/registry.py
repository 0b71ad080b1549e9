"""The definitions in force, as the database knows them: for row-level security, and so that none breaks its records."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel import audit
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.entry import FeedError
from lantian.observations.feeds.tables import entry, record

_WIDER = {("integer", "number"), ("choice", "text"), ("link", "text"), ("region", "text"), ("station", "text")}
"""Changes of a field's type that leave every value as it was."""


def fingerprint(feed: Feed) -> str:
    """SHA-256 of a definition."""
    return hashlib.sha256(feed.text.encode()).hexdigest()


def enter(engine: sa.Engine, feed: Feed, now: datetime, actor: str) -> bool:
    """Note a definition as the one in force; gives whether anything changed.

    Raises:
        FeedError: there are records, and the key, or the type of a field, is another than theirs.
    """
    mark = fingerprint(feed)
    with engine.connect() as connection:
        known = connection.execute(sa.select(entry).where(entry.c.feed == feed.name)).one_or_none()
        if known is not None and known.sha256 == mark:
            return False
        count = 0
        if known is not None:
            count = (
                connection.scalar(sa.select(sa.func.count()).where(record.c.feed == feed.name).select_from(record)) or 0
            )
    if known is not None and count:
        _keeps(feed, list(known.key), dict(known.types), count)
    values = {
        "feed": feed.name,
        "owner": feed.owner,
        "sensitivity": feed.sensitivity,
        "key": list(feed.key),
        "types": {one.name: _kind(one.type, one.covered) for one in feed.fields},
        "sha256": mark,
        "at": now,
    }
    with audit.act(engine, actor, f"definition of feed {feed.name}") as connection:
        said = insert(entry).values(values)
        connection.execute(said.on_conflict_do_update(index_elements=["feed"], set_=values))
    return True


def _kind(kind: str, covered: bool) -> str:
    return f"{kind} covered" if covered else kind


def _keeps(feed: Feed, key: list[str], types: dict[str, str], count: int) -> None:
    where = f"feed {feed.name}"
    if key != list(feed.key):
        raise FeedError(
            f"{where}, key: {', '.join(feed.key)}; there are {count} records with the key {', '.join(key)}: expected "
            "that key, or another name for the feed"
        )
    for one in feed.fields:
        before, after = types.get(one.name), _kind(one.type, one.covered)
        if before is not None and before != after and (before, after) not in _WIDER:
            raise FeedError(
                f"{where}, fields, {one.name}, type: {after!r}; there are {count} records in which it is {before!r}: "
                "expected that type, or another name for the field"
            )
