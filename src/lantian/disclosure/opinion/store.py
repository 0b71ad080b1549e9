"""Messages and stock answers in the database; every write is audited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from lantian.disclosure import words
from lantian.disclosure.opinion.tables import opinion_message, stock_answer
from lantian.supervision.events import BEIJING


@dataclass(frozen=True)
class Message:
    """A message, with people covered; ``topics``: codes, the likeliest first."""

    id: str
    received_at: datetime
    channel: str
    text: str
    region: str | None
    topics: tuple[str, ...]
    example: bool

    @property
    def day(self) -> date:
        """The day of Beijing on which it came."""
        return self.received_at.astimezone(BEIJING).date()


@dataclass(frozen=True)
class Stock:
    """A stock answer 常用答复."""

    id: int
    topic: str
    title: str
    text: str
    edited_at: datetime
    example: bool


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Keep messages; those that are there already stay. How many were new."""
    if not rows:
        return 0
    statement = insert(opinion_message).on_conflict_do_nothing(index_elements=["id"]).returning(opinion_message.c.id)
    return len(connection.execute(statement, list(rows)).all())


def listed(connection: Connection, as_of: datetime, since: datetime) -> list[Message]:
    """Messages received from a moment on, as known at another, the newest first."""
    t = opinion_message.c
    query = sa.select(opinion_message).where(t.recorded_at <= as_of, t.received_at >= since, t.received_at <= as_of)
    rows = connection.execute(query.order_by(t.received_at.desc(), t.id)).mappings()
    names = ("id", "received_at", "channel", "text", "region", "example")
    return [Message(**{name: row[name] for name in names}, topics=tuple(row["topics"])) for row in rows]


def first_day(connection: Connection, as_of: datetime) -> date | None:
    """The day of the first message; None where there is none."""
    t = opinion_message.c
    found = connection.scalar(sa.select(sa.func.min(t.received_at)).where(t.recorded_at <= as_of))
    return found.astimezone(BEIJING).date() if found else None


def put_stock(
    connection: Connection, topic: str, title: str, text: str, actor: str, at: datetime, *, example: bool = False
) -> int:
    """Keep a stock answer; its number."""
    row = {
        "topic": topic, "title": title, "text": text, "edited_by": actor, "edited_at": at, "example": example,
        "search": sa.func.to_tsvector("simple", words.indexed(title, text)),
    }  # fmt: skip
    return int(connection.execute(sa.insert(stock_answer).values(row).returning(stock_answer.c.id)).scalar_one())


def retire_stock(connection: Connection, key: int, at: datetime) -> bool:
    """Take a stock answer out of use."""
    t = stock_answer.c
    statement = sa.update(stock_answer).where(t.id == key, t.retired_at.is_(None)).values(retired_at=at)
    return bool(connection.execute(statement).rowcount)


def stock(connection: Connection, as_of: datetime, topic: str = "", asked: str = "", limit: int = 50) -> list[Stock]:
    """Stock answers in use, of a topic, or found by words (with all of them, else with any), the best first."""
    t = stock_answer.c
    base = sa.select(stock_answer).where(t.edited_at <= as_of, sa.or_(t.retired_at.is_(None), t.retired_at > as_of))
    if topic:
        base = base.where(t.topic == topic)
    wanted = words.asked(asked)
    if not asked.strip():
        rows = connection.execute(base.order_by(t.topic, t.id).limit(limit)).mappings().all()
    else:
        rows = []
        for every in (True, False):
            if wanted and not rows:
                query = sa.func.to_tsquery("simple", words.tsquery(wanted, every))
                found = base.where(t.search.bool_op("@@")(query)).order_by(
                    sa.func.ts_rank(t.search, query).desc(), t.id
                )
                rows = connection.execute(found.limit(limit)).mappings().all()
    names = ("id", "topic", "title", "text", "edited_at", "example")
    return [Stock(**{name: row[name] for name in names}) for row in rows]
