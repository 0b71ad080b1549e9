"""Questions in the database; every write is audited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from lantian.disclosure import words
from lantian.disclosure.questions.tables import question

State = Literal["waiting", "published", "declined"]


@dataclass(frozen=True)
class Question:
    """A question as it stands at a moment; ``shown`` and ``answer`` are empty until it is published."""

    id: int
    asked_at: datetime
    text: str
    region: str | None
    state: State
    shown: str
    answer: str
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    example: bool


def add(connection: Connection, text: str, region: str | None, at: datetime, *, example: bool = False) -> int:
    """Keep a question; its number."""
    row = {"asked_at": at, "text": text, "region": region, "example": example}
    return int(connection.execute(sa.insert(question).values(row).returning(question.c.id)).scalar_one())


def publish(connection: Connection, key: int, shown: str, answer: str, actor: str, at: datetime) -> bool:
    """Publish a question with its answer, or a better answer to a published one; False for one that is declined."""
    t = question.c
    values = {
        "shown": shown,
        "answer": answer,
        "decided_by": actor,
        "published_at": sa.func.coalesce(t.published_at, at),
        "search": sa.func.to_tsvector("simple", words.indexed(shown, answer)),
    }
    statement = sa.update(question).where(t.id == key, t.declined_at.is_(None)).values(values)
    return bool(connection.execute(statement).rowcount)


def decline(connection: Connection, key: int, reason: str, actor: str, at: datetime) -> bool:
    """Take a question aside, or a published one off the portal."""
    t = question.c
    values = {"published_at": None, "declined_at": at, "decided_by": actor, "reason": reason}
    return bool(
        connection.execute(sa.update(question).where(t.id == key, t.declined_at.is_(None)).values(values)).rowcount
    )


def waiting(connection: Connection, as_of: datetime, limit: int = 200) -> list[Question]:
    """Questions that nobody has decided on by then, the oldest first."""
    t = question.c
    open_then = sa.and_(
        sa.or_(t.published_at.is_(None), t.published_at > as_of), sa.or_(t.declined_at.is_(None), t.declined_at > as_of)
    )
    query = sa.select(question).where(t.asked_at <= as_of, open_then).order_by(t.asked_at, t.id).limit(limit)
    return [_question(row, as_of) for row in connection.execute(query).mappings()]


def count_waiting(connection: Connection) -> int:
    """How many wait now."""
    t = question.c
    query = sa.select(sa.func.count()).where(t.published_at.is_(None), t.declined_at.is_(None))
    return int(connection.scalar(query) or 0)


def published(connection: Connection, as_of: datetime, asked: str = "", limit: int = 50) -> list[Question]:
    """Published questions, the newest first; ``asked``: those with all its words, the best first, else with any."""
    t = question.c
    base = sa.select(question).where(t.published_at <= as_of)
    if not asked.strip():
        rows = connection.execute(base.order_by(t.published_at.desc(), t.id.desc()).limit(limit)).mappings()
        return [_question(row, as_of) for row in rows]
    found: Sequence[RowMapping] = []
    wanted = words.asked(asked)
    for every in (True, False):
        if wanted and not found:
            query = sa.func.to_tsquery("simple", words.tsquery(wanted, every))
            matching = base.where(t.search.bool_op("@@")(query))
            ranked = matching.order_by(sa.func.ts_rank(t.search, query).desc(), t.published_at.desc(), t.id)
            found = connection.execute(ranked.limit(limit)).mappings().all()
    return [_question(row, as_of) for row in found]


def get(connection: Connection, key: int, as_of: datetime) -> Question:
    """One question. Raises LookupError."""
    query = sa.select(question).where(question.c.id == key, question.c.asked_at <= as_of)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise LookupError(f"question {key}: there is none")
    return _question(row, as_of)


def _question(row: RowMapping, as_of: datetime) -> Question:
    state: State = "waiting"
    if row["published_at"] is not None and row["published_at"] <= as_of:
        state = "published"
    elif row["declined_at"] is not None and row["declined_at"] <= as_of:
        state = "declined"
    out = state == "published"
    return Question(
        id=row["id"],
        asked_at=row["asked_at"],
        text=row["text"],
        region=row["region"],
        state=state,
        shown=row["shown"] if out else "",
        answer=row["answer"] if out else "",
        decided_by=row["decided_by"] if state != "waiting" else None,
        decided_at={"published": row["published_at"], "declined": row["declined_at"]}.get(state),
        reason=row["reason"] if state == "declined" else "",
        example=row["example"],
    )
