"""Events, duties done and documents in the database, and the documents' files. Every write is audited."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.disclosure import tables
from lantian.disclosure.documents import Form
from lantian.disclosure.duties import Done, Event
from lantian.kernel import audit


@dataclass(frozen=True)
class Kept:
    """A document that was made.

    Attributes:
        kind: its template.
        duty: the duty that publishing it does: kind, region, trigger; None: none.
        published_at: None while it is a draft, also as of a moment before it was published.
        values: as JSON; empty in a list of documents.
        sha256, docx_sha256: of its files.
    """

    id: int
    kind: str
    title: str
    period: str
    values: dict[str, Any]
    example: bool
    duty: tuple[str, str, date] | None
    made_by: str
    made_at: datetime
    published_by: str | None
    published_at: datetime | None
    sha256: str
    docx_sha256: str

    @property
    def published(self) -> bool:
        """Whether it went out."""
        return self.published_at is not None


class DisclosureStore:
    """The tables and the folder of one platform."""

    def __init__(self, engine: sa.Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def events(self, as_of: datetime) -> list[Event]:
        """What was recorded by then, oldest first."""
        t = tables.disclosure_event
        query = sa.select(t).where(t.c.recorded_at <= as_of).order_by(t.c.happened_on, t.c.id)
        with self._engine.connect() as connection:
            return [
                Event(row.kind, row.region, row.happened_on, row.note, row.example, row.id)
                for row in connection.execute(query)
            ]

    def record(self, events: Sequence[Event], actor: str, at: datetime) -> int:
        """Record what happened; the number of events that were not there yet."""
        rows = [
            {
                "kind": event.kind,
                "region": event.region,
                "happened_on": event.happened_on,
                "note": event.note,
                "example": event.example,
                "recorded_by": actor,
                "recorded_at": at,
            }
            for event in events
        ]
        if not rows:
            return 0
        statement = insert(tables.disclosure_event).values(rows).on_conflict_do_nothing()
        with audit.act(self._engine, actor, "disclosure: what happened") as connection:
            new = connection.execute(statement.returning(tables.disclosure_event.c.id)).all()
        return len(new)

    def done(self, as_of: datetime) -> list[Done]:
        """Duties that were said to be done by then."""
        t = tables.duty_done
        query = sa.select(t).where(t.c.recorded_at <= as_of).order_by(t.c.trigger, t.c.region, t.c.kind)
        with self._engine.connect() as connection:
            return [
                Done(row.kind, row.region, row.trigger, row.done_on, row.document, row.who, row.note)
                for row in connection.execute(query)
            ]

    def put_done(self, done: Done, at: datetime) -> None:
        """Say that a duty was done; a later word replaces the earlier."""
        with audit.act(self._engine, done.who, f"duty done: {done.kind} {done.region}") as connection:
            _put_done(connection, done, at)

    def add(
        self,
        *,
        kind: str,
        title: str,
        period: str,
        values: dict[str, Any],
        example: bool,
        duty: tuple[str, str, date] | None,
        files: dict[Form, bytes],
        actor: str,
        at: datetime,
    ) -> int:
        """Keep a draft: its files first, then its row."""
        hashes = {form: self._write(content, form) for form, content in files.items()}
        row = {
            "kind": kind,
            "title": title,
            "period": period,
            "values": values,
            "example": example,
            "duty": duty[0] if duty else None,
            "duty_region": duty[1] if duty else None,
            "duty_trigger": duty[2] if duty else None,
            "made_by": actor,
            "made_at": at,
            "sha256": hashes["pdf"],
            "docx_sha256": hashes["docx"],
        }
        with audit.act(self._engine, actor, f"draft: {title}") as connection:
            return int(
                connection.execute(sa.insert(tables.document).values(row).returning(tables.document.c.id)).scalar_one()
            )

    def publish(self, kept: Kept, actor: str, at: datetime, done: Done | None) -> None:
        """Mark a draft as published and its duty as done, in one act. Raises ValueError when it is out already."""
        t = tables.document
        statement = sa.update(t).where(t.c.id == kept.id, t.c.published_at.is_(None))
        with audit.act(self._engine, actor, f"publish: {kept.title}") as connection:
            changed = connection.execute(statement.values(published_at=at, published_by=actor))
            if not changed.rowcount:
                raise ValueError(f"document {kept.id} is published already")
            if done is not None:
                _put_done(connection, done, at)

    def documents(self, as_of: datetime, kind: str | None = None) -> list[Kept]:
        """What was made by then, newest first; without ``values``, which may be long."""
        t = tables.document
        columns = [column for column in t.c if column.name != "values"]
        query = sa.select(*columns).where(t.c.made_at <= as_of).order_by(t.c.made_at.desc(), t.c.id.desc())
        if kind is not None:
            query = query.where(t.c.kind == kind)
        with self._engine.connect() as connection:
            return [_kept(row, as_of) for row in connection.execute(query)]

    def document(self, key: int, as_of: datetime) -> Kept:
        """One document. Raises LookupError where there is none by then."""
        t = tables.document
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(t).where(t.c.id == key, t.c.made_at <= as_of)).one_or_none()
        if row is None:
            raise LookupError(f"there is no document {key}")
        return _kept(row, as_of)

    def file(self, kept: Kept, form: Form) -> Path:
        """Where a document's file lies. Raises LookupError where it is gone, as after a partial restore."""
        path = self._path(kept.sha256 if form == "pdf" else kept.docx_sha256, form)
        if not path.is_file():
            raise LookupError(f"the file of document {kept.id} is missing: {path.name}; make the document anew")
        return path

    def _path(self, digest: str, form: Form) -> Path:
        return self._folder / f"{digest}.{form}"

    def _write(self, content: bytes, form: Form) -> str:
        """Write a file by its hash: whole or not at all."""
        digest = hashlib.sha256(content).hexdigest()
        target = self._path(digest, form)
        if not target.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(target)
        return digest


def _put_done(connection: sa.Connection, done: Done, at: datetime) -> None:
    row = {
        "kind": done.kind,
        "region": done.region,
        "trigger": done.trigger,
        "done_on": done.done_on,
        "document": done.document,
        "who": done.who,
        "note": done.note,
        "recorded_at": at,
    }
    key = ["kind", "region", "trigger"]
    connection.execute(insert(tables.duty_done).values(row).on_conflict_do_update(index_elements=key, set_=row))


def _kept(row: Any, as_of: datetime) -> Kept:
    out = row.published_at is not None and row.published_at <= as_of
    return Kept(
        id=row.id,
        kind=row.kind,
        title=row.title,
        period=row.period,
        values=dict(row._mapping.get("values", {})),
        example=row.example,
        duty=(row.duty, row.duty_region, row.duty_trigger) if row.duty else None,
        made_by=row.made_by,
        made_at=row.made_at,
        published_by=row.published_by if out else None,
        published_at=row.published_at if out else None,
        sha256=row.sha256,
        docx_sha256=row.docx_sha256,
    )
