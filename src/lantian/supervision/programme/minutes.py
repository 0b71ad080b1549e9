"""Meetings in the database: the meeting with its agenda as it was, versions of its minutes, decisions, outcomes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lantian.supervision.events import Party
from lantian.supervision.programme import tables
from lantian.supervision.programme.agenda import AgendaItem, Reason
from lantian.supervision.programme.decisions import Decision, Outcome
from lantian.supervision.programme.task import TaskError


@dataclass(frozen=True, slots=True)
class Meeting:
    """A joint meeting 联席会议.

    Attributes:
        number: year and serial, ``2016-01``.
        held_on: its day; ``chair``, ``attendees``: who led it, who was there.
        items: the agenda with its reasons, as it was then.
        minutes: the text that holds; empty: none yet.
        example: it is invented.
    """

    number: str
    held_on: date
    chair: str
    attendees: tuple[str, ...]
    items: tuple[AgendaItem, ...] = ()
    minutes: str = ""
    example: bool = False


def add_meeting(connection: Connection, meeting: Meeting, *, actor: str, at: datetime) -> str:
    """Write a meeting; its number, made from the year of its day. Raises TaskError without a chair."""
    if not meeting.chair.strip():
        raise TaskError("chair: expected who led the meeting", "请写明主持人")
    table, year = tables.meeting, meeting.held_on.year
    count = connection.scalar(sa.select(sa.func.count()).where(table.c.number.like(f"{year}-%"))) or 0
    number = f"{year}-{count + 1:02d}"
    connection.execute(
        sa.insert(table).values(
            number=number,
            held_on=meeting.held_on,
            chair=meeting.chair,
            attendees=list(meeting.attendees),
            items=[asdict(item) for item in meeting.items],
            example=meeting.example,
            made_by=actor,
            made_at=at,
        )
    )
    return number


def write_minutes(connection: Connection, number: str, text: str, *, actor: str, at: datetime) -> None:
    """Write the minutes of a meeting, a further version where there are some. Raises TaskError, LookupError."""
    if not text.strip():
        raise TaskError("minutes: expected what was said and decided", "请写明会议内容和决定")
    _known(connection, number)
    table = tables.minutes
    last = connection.scalar(sa.select(sa.func.max(table.c.seq)).where(table.c.meeting == number)) or 0
    connection.execute(sa.insert(table).values(meeting=number, seq=last + 1, text=text, written_by=actor, at=at))


def next_position(connection: Connection, number: str) -> int:
    """The number of the next decision of a meeting, from 1. Raises LookupError."""
    _known(connection, number)
    table = tables.decision
    return (connection.scalar(sa.select(sa.func.max(table.c.position)).where(table.c.meeting == number)) or 0) + 1


def add_decision(connection: Connection, decision: Decision) -> int:
    """Write a decision with what it became; its row."""
    plain = ("meeting", "position", "kind", "text", "due", "case_number", "task", "event", "decided_by", "at")
    values = {
        **{name: getattr(decision, name) for name in plain},
        "region": decision.owner.region,
        "department": decision.owner.department,
        "departments": list(decision.departments),
    }
    table = tables.decision
    row: int = connection.execute(sa.insert(table).values(values).returning(table.c.id)).scalar_one()
    return row


def add_outcome(connection: Connection, decision: int, outcome: Outcome) -> None:
    """Write that a joint enforcement was held."""
    values: dict[str, Any] = {**asdict(outcome), "evidence": list(outcome.evidence), "decision": decision}
    connection.execute(sa.insert(tables.outcome).values(values))


def meetings(connection: Connection, as_of: datetime) -> list[Meeting]:
    """Meetings known at a moment, the newest first, with the minutes that held then."""
    table = tables.minutes
    texts = {
        row.meeting: row.text
        for row in connection.execute(sa.select(table).where(table.c.at <= as_of).order_by(table.c.seq))
    }
    rows = connection.execute(
        sa.select(tables.meeting)
        .where(tables.meeting.c.made_at <= as_of)
        .order_by(tables.meeting.c.held_on.desc(), tables.meeting.c.number.desc())
    )
    return [
        Meeting(
            row.number,
            row.held_on,
            row.chair,
            tuple(row.attendees),
            tuple(map(_item, row.items)),
            texts.get(row.number, ""),
            row.example,
        )
        for row in rows
    ]


def decisions(connection: Connection, as_of: datetime) -> list[Decision]:
    """Decisions known at a moment, in order, with what came of them."""
    table, outcome = tables.decision, tables.outcome
    query = sa.select(outcome).where(outcome.c.at <= as_of).order_by(outcome.c.id)
    outcomes = {
        row.decision: Outcome(row.done_on, row.note, tuple(row.evidence), row.said_by, row.at)
        for row in connection.execute(query)
    }
    rows = connection.execute(sa.select(table).where(table.c.at <= as_of).order_by(table.c.id))
    return [
        Decision(
            row.meeting,
            row.kind,
            row.text,
            Party(row.region, row.department),
            row.due,
            row.at,
            row.decided_by,
            row.position,
            tuple(row.departments),
            row.case_number,
            row.event,
            row.task,
            outcomes.get(row.id),
            row.id,
        )
        for row in rows
    ]


def _known(connection: Connection, number: str) -> None:
    if connection.scalar(sa.select(tables.meeting.c.number).where(tables.meeting.c.number == number)) is None:
        raise LookupError(f"meeting {number!r}: there is none")


def _item(given: dict[str, Any]) -> AgendaItem:
    owner = given["owner"]
    return AgendaItem(
        given["subject"],
        given["key"],
        given["title"],
        Party(**owner) if owner else None,
        tuple(Reason(**reason) for reason in given["reasons"]),
        given["days"],
    )
