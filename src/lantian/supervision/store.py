"""Cases in the database: events as they were written, and beside them where each case stands, computed from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from lantian.standards.workdays import Calendar
from lantian.supervision import workflow_file
from lantian.supervision.case import Case, apply, fold
from lantian.supervision.events import BEIJING, Event, Party
from lantian.supervision.tables import case_event, case_span, supervision_case

_SPAN = ("state", "owner_region", "owner_department", "due", "owed", "failed")


@dataclass(frozen=True)
class Record:
    """A case as it is kept: its row, its number, its events, and what they make of it."""

    id: int
    number: str
    events: tuple[Event, ...]
    case: Case


def numbers(connection: Connection, year: int, count: int = 1) -> list[str]:
    """The next free numbers of a year; inside an act, so that nobody takes the same."""
    found = connection.scalar(
        sa.select(sa.func.max(supervision_case.c.number)).where(supervision_case.c.number.like(f"{year}-%"))
    )
    last = int(found.partition("-")[2]) if found else 0
    return [f"{year}-{last + k:06d}" for k in range(1, count + 1)]


def add(
    connection: Connection, histories: Iterable[tuple[str, Sequence[Event]]], calendar: Calendar | None = None
) -> list[int]:
    """Write whole cases, each with its number and all its events so far; their rows.

    Raises CaseError for an event that was not allowed; then nothing of the act stays.
    """
    cases = [(number, events, *_history(events, calendar)) for number, events in histories]
    if not cases:
        return []
    rows = [_row(number, case) for number, _, case, _ in cases]
    insert = sa.insert(supervision_case).returning(supervision_case.c.id, supervision_case.c.number)
    ids = {number: key for key, number in connection.execute(insert, rows)}
    events = [_event_row(ids[number], event) for number, given, _, _ in cases for event in given]
    connection.execute(sa.insert(case_event), events)
    spans = [{"case_id": ids[number], **span} for number, _, _, spans in cases for span in spans]
    connection.execute(sa.insert(case_span), spans)
    return [ids[number] for number, *_ in cases]


def append(connection: Connection, record: Record, event: Event, calendar: Calendar | None = None) -> Record:
    """Write one more event of a case. Raises CaseError where it is not allowed."""
    case = apply(record.case, event, calendar)
    before, after = _span(record.case, event), _span(case, event)
    connection.execute(sa.insert(case_event).values(_event_row(record.id, event)))
    connection.execute(
        sa.update(supervision_case).where(supervision_case.c.id == record.id).values(_row(record.number, case))
    )
    if any(before[name] != after[name] for name in _SPAN):
        open_span = sa.and_(case_span.c.case_id == record.id, case_span.c.until.is_(None))
        connection.execute(sa.update(case_span).where(open_span).values(until=event.at))
        connection.execute(sa.insert(case_span).values(case_id=record.id, **after))
    return Record(record.id, record.number, (*record.events, event), case)


def get(connection: Connection, number: str, as_of: datetime | None = None, calendar: Calendar | None = None) -> Record:
    """A case by its number, with the events known at a moment.

    Raises LookupError: no such case, or none yet at that moment.
    """
    row = connection.execute(
        sa.select(supervision_case.c.id, supervision_case.c.workflow).where(supervision_case.c.number == number)
    ).one_or_none()
    query = sa.select(case_event).where(case_event.c.case_id == (row.id if row else -1)).order_by(case_event.c.seq)
    if as_of is not None:
        query = query.where(case_event.c.at <= as_of)
    events = tuple(_event(event) for event in connection.execute(query).mappings())
    if row is None or not events:
        raise LookupError(f"case {number}: there is none" + (f" at {as_of.isoformat()}" if as_of and row else ""))
    return Record(row.id, number, events, fold(events, workflow_file.load(row.workflow), calendar))


def referring(connection: Connection, source: str, reference: str) -> str | None:
    """The number of the case that a letter, complaint or alert opened; None: none yet."""
    case = supervision_case.c
    query = sa.select(case.number).where(case.reference == reference, case.source == source).order_by(case.id)
    return connection.scalar(query.limit(1))


def published(connection: Connection, as_of: datetime, calendar: Calendar | None = None) -> list[Record]:
    """Cases that stood open to everybody at a moment, with the events known then, by number."""
    shown = sa.select(case_event.c.case_id).where(case_event.c.kind == "publish", case_event.c.at <= as_of)
    return [record for record in of_ids(connection, shown, as_of, calendar) if record.case.public]


def of_ids(connection: Connection, ids: Any, as_of: datetime, calendar: Calendar | None = None) -> list[Record]:
    """Cases by their rows (numbers, or a query that gives them), with the events known at a moment, by number."""
    query = (
        sa.select(case_event, supervision_case.c.number, supervision_case.c.workflow)
        .join(supervision_case, supervision_case.c.id == case_event.c.case_id)
        .where(case_event.c.case_id.in_(ids), case_event.c.at <= as_of)
        .order_by(supervision_case.c.number, case_event.c.seq)
    )
    found: dict[tuple[int, str, str], list[Event]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault((row["case_id"], row["number"], row["workflow"]), []).append(_event(row))
    return [
        Record(key, number, tuple(events), fold(events, workflow_file.load(workflow), calendar))
        for (key, number, workflow), events in found.items()
    ]


def rebuild(connection: Connection, calendar: Calendar | None = None) -> tuple[int, int]:
    """Compute anew where every case stands; how many cases there are, and how many stood otherwise."""
    changed = count = 0
    for row in connection.execute(sa.select(supervision_case)).mappings().all():
        query = sa.select(case_event).where(case_event.c.case_id == row["id"]).order_by(case_event.c.seq)
        events = [_event(event) for event in connection.execute(query).mappings()]
        case = fold(events, workflow_file.load(row["workflow"]), calendar)
        fresh = _row(row["number"], case)
        count += 1
        if any(row[name] != value for name, value in fresh.items()):
            changed += 1
            connection.execute(sa.update(supervision_case).where(supervision_case.c.id == row["id"]).values(fresh))
            connection.execute(sa.delete(case_span).where(case_span.c.case_id == row["id"]))
            spans = _history(events, calendar)[1]
            connection.execute(sa.insert(case_span), [{"case_id": row["id"], **span} for span in spans])
    return count, changed


def _history(events: Sequence[Event], calendar: Calendar | None) -> tuple[Case, list[dict[str, Any]]]:
    """A case after all its events, and what was true between them."""
    workflow = workflow_file.load(str(events[0].data.get("workflow", "five_step")))
    case = fold(events[:1], workflow, calendar)
    spans = [_span(case, events[0])]
    for event in events[1:]:
        case = apply(case, event, calendar)
        after = _span(case, event)
        if any(spans[-1][name] != after[name] for name in _SPAN):
            spans[-1]["until"] = event.at
            spans.append(after)
    return case, spans


def _span(case: Case, event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "state": case.state,
        "owner_region": case.owner.region if case.owner else None,
        "owner_department": case.owner.department if case.owner else None,
        "since": event.at,
        "until": None,
        "due": case.due.date if case.due else None,
        "owed": case.at.owed,
        "failed": case.failed,
        "failures": case.failures,
        "reopened": case.reopened,
    }


def _row(number: str, case: Case) -> dict[str, Any]:
    found = case.finding
    return {
        "number": number,
        "workflow": case.workflow.name,
        "edition": case.workflow.edition,
        "state": case.state,
        "desk": case.at.desk,
        "owner_region": case.owner.region if case.owner else None,
        "owner_department": case.owner.department if case.owner else None,
        **{name: found[name] for name in ("region", "category", "source", "title")},
        **{name: found.get(name, "") for name in ("subject", "address", "reference")},
        **{name: found.get(name) for name in ("lon", "lat", "round")},
        "requirement": case.requirement,
        "opened_on": case.opened_at.astimezone(BEIJING).date(),
        "handed_on": case.handed_on,
        "due": case.due.date if case.due else None,
        "provisional": case.due.provisional if case.due else False,
        "closed_on": case.closed_on,
        "failures": case.failures,
        "reopened": case.reopened,
        "owed": case.at.owed,
        "failed": case.failed,
        "events": case.events,
        "last_at": case.last_at,
        "example": bool(found.get("example", False)),
        "public": case.public,
    }


def _event_row(case_id: int, event: Event) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "seq": event.seq,
        "at": event.at,
        "actor": event.actor,
        "region": event.party.region if event.party else None,
        "department": event.party.department if event.party else None,
        "kind": event.kind,
        "move": event.move,
        "reason": event.reason,
        "data": dict(event.data),
        "evidence": list(event.evidence),
    }


def _event(row: RowMapping) -> Event:
    party = Party(row["region"], row["department"]) if row["region"] is not None else None
    plain = {name: row[name] for name in ("seq", "at", "actor", "kind", "move", "reason", "data")}
    return Event(**plain, party=party, evidence=tuple(row["evidence"]))
