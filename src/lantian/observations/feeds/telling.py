"""Rules are told of records when these are known: at once of what is known when it arrives, of the others when the
platform's clock has come to their `known_at`, as in a replay of what was brought in advance.

A record of a feed to which a rule listens is noted as untold in the transaction that stores it, and struck off in the
one in which the rules have been called: it is told once, also where the process ended between the two. Only a process
that is killed while a rule works leaves that rule to be called again, so a rule does nothing twice.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import arrivals, records
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.tables import batch, record, untold


def note(connection: sa.Connection, feed: str, batch_id: int) -> None:
    """Note the records of a batch as untold, where a rule listens to their feed."""
    if arrivals.listened(feed):
        new = sa.select(record.c.id, record.c.feed, record.c.known_at).where(record.c.batch == batch_id)
        connection.execute(untold.insert().from_select(["record", "feed", "known_at"], new))


def waiting(engine: sa.Engine, now: datetime) -> list[str]:
    """The feeds that have records that are known by now and untold."""
    with engine.connect() as connection:
        query = sa.select(untold.c.feed).where(untold.c.known_at <= now).distinct().order_by(untold.c.feed)
        return list(connection.scalars(query))


def tell(platform: Platform, feed: Feed, now: datetime, actor: str) -> list[str]:
    """Call the rules of a feed with what is known by now and untold; what went wrong, in words.

    Of a key only its last word known by now is told, as a reader would see it. Words of a rule that failed are written
    to the notes of the batches that brought the records.
    """
    u, r = untold.c, record.c
    with platform.engine.begin() as connection:
        mine = sa.select(u.record).where(u.feed == feed.name, u.known_at <= now).with_for_update(skip_locked=True)
        numbers = list(connection.scalars(mine))
        if not numbers:
            return []
        these = sa.any_(sa.cast(numbers, pg.ARRAY(sa.BigInteger)))
        standing = sa.or_(r.superseded_at.is_(None), r.superseded_at > now)
        rows = records.these(connection, feed, sa.and_(r.id == these, standing))
        faults = arrivals.tell(feed.name, platform, rows, now) if rows.height else []
        connection.execute(untold.delete().where(u.record == these))
    if faults:
        chosen = batch.c.id.in_(rows["batch"].unique().to_list())
        with audit.act(platform.engine, actor, f"feed {feed.name}: a rule failed") as connection:
            connection.execute(batch.update().where(chosen).values(notes=batch.c.notes.concat(faults)))
    return faults
