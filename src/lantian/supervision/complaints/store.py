"""Complaints in the database; who complained stands in a table of its own, which only one function here reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping
from sqlalchemy.dialects.postgresql import insert

from lantian.supervision.complaints.complaint import Complaint
from lantian.supervision.complaints.tables import complaint, complaint_contact


@dataclass(frozen=True)
class Contact:
    """Who complained, and the text as it came."""

    name: str
    phone: str
    original: str


def add(connection: Connection, rows: Sequence[Mapping[str, Any]], contacts: Sequence[Mapping[str, Any]]) -> int:
    """Keep complaints with their contacts; those whose number is there already stay as they are. How many were new."""
    if not rows:
        return 0
    statement = insert(complaint).on_conflict_do_nothing(index_elements=["id"]).returning(complaint.c.id)
    new = {row.id for row in connection.execute(statement, list(rows))}
    fresh = [dict(one) for one in contacts if one["complaint"] in new]
    if fresh:
        connection.execute(sa.insert(complaint_contact), fresh)
    return len(new)


def listed(connection: Connection, as_of: datetime, since: date | None = None) -> list[Complaint]:
    """Complaints known at a moment, the newest first; ``since``: received from this day on."""
    query = sa.select(complaint).where(complaint.c.recorded_at <= as_of)
    if since is not None:
        day = sa.func.date(sa.func.timezone("Asia/Shanghai", complaint.c.received_at))
        query = query.where(day >= since)
    rows = connection.execute(query.order_by(complaint.c.received_at.desc(), complaint.c.id)).mappings()
    return [_complaint(row, as_of) for row in rows]


def get(connection: Connection, key: str, as_of: datetime) -> Complaint:
    """One complaint. Raises LookupError."""
    query = sa.select(complaint).where(complaint.c.id == key, complaint.c.recorded_at <= as_of)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise LookupError(f"complaint {key}: there is none")
    return _complaint(row, as_of)


def link(connection: Connection, keys: Sequence[str], number: str, actor: str, at: datetime) -> int:
    """Say that complaints belong to a case; how many did not before."""
    statement = sa.update(complaint).where(complaint.c.id.in_(keys), complaint.c.case_number.is_(None))
    return connection.execute(statement.values(case_number=number, linked_by=actor, linked_at=at)).rowcount


def answer(connection: Connection, key: str, text: str, actor: str, at: datetime) -> bool:
    """Keep the answer; False where one was given before."""
    statement = sa.update(complaint).where(complaint.c.id == key, complaint.c.answer.is_(None))
    return bool(connection.execute(statement.values(answer=text, answered_by=actor, answered_at=at)).rowcount)


def contact(connection: Connection, key: str) -> Contact:
    """Who complained. Raises LookupError."""
    query = sa.select(complaint_contact).where(complaint_contact.c.complaint == key)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise LookupError(f"complaint {key}: nobody is named")
    return Contact(row.name, row.phone, row.original)


def complainants(connection: Connection, numbers: Sequence[str]) -> dict[str, set[str]]:
    """Names and telephones of who complained, by the number of the case: for covering them, never for showing."""
    query = (
        sa.select(complaint.c.case_number, complaint_contact.c.name, complaint_contact.c.phone)
        .join(complaint_contact, complaint_contact.c.complaint == complaint.c.id)
        .where(complaint.c.case_number.in_(numbers))
    )
    found: dict[str, set[str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.case_number, set()).update(one for one in (row.name, row.phone) if one)
    return found


def _complaint(row: RowMapping, as_of: datetime) -> Complaint:
    linked = row["linked_at"] is not None and row["linked_at"] <= as_of
    answered = row["answered_at"] is not None and row["answered_at"] <= as_of
    same = (
        "id", "received_at", "channel", "text", "subject", "address", "region", "lon", "lat", "category", "due",
        "provisional", "example",
    )  # fmt: skip
    return Complaint(
        **{name: row[name] for name in same},
        case_number=row["case_number"] if linked else None,
        answer=row["answer"] if answered else None,
        answered_at=row["answered_at"] if answered else None,
    )
