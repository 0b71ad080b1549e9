"""The audit trail: who wrote what, when and why, append-only and chained by hashes.

PostgreSQL triggers write it, so no write to a watched table can be forgotten: without an actor the write fails. `act`
opens a transaction with an actor, `watch` puts the triggers on a table, `verify` finds whatever was changed, removed or
reordered.
"""

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import OperationalError

from lantian.kernel.chain import Entry, Fault, Mark, check

REDACTED = ("password_hash", "token_hash", "secret")
"""Columns whose values never enter the trail; `[redacted]` stands there instead."""

_PATIENCE = "60s"  # how long an act waits for the one before
_FORMAT = "lantian-audit-1"
_STAMP = r"""'YYYY-MM-DD"T"HH24\:MI\:SS.US"Z"'"""  # \: no parameter
_ROWS = text(
    f"""select seq, to_char(at at time zone 'UTC', {_STAMP}), to_char(clock_at at time zone 'UTC', {_STAMP}),
    actor, reason, table_name, operation, key, before, after, prev_hash, hash from audit order by seq"""
)


@contextmanager
def act(engine: Engine, actor: str, reason: str = "") -> Iterator[Connection]:
    """A transaction in the name of `actor` (an account, or `job:<name>`): every write inside is recorded.

    Commits at the end, rolls back on an exception. Acts happen one after the other: each waits up to a minute for the
    one before (then TimeoutError), so no two can deadlock. Keep computing and reading files outside.
    """
    with engine.begin() as connection:
        declare(connection, actor, reason)
        try:
            connection.execute(text("select seq from audit_head for update"))
        except OperationalError as error:
            if isinstance(error.orig, LockNotAvailable):
                raise TimeoutError(f"{actor} cannot write: another act has been open for over {_PATIENCE}") from error
            raise
        yield connection


def declare(connection: Connection, actor: str, reason: str = "") -> None:
    """Name the actor of the transaction that `connection` is in; `act` does it for you."""
    if not actor.strip():
        raise ValueError("an act needs an actor: the name of an account, or job:<name>")
    connection.execute(
        text(
            "select set_config('lantian.actor', :actor, true), set_config('lantian.reason', :reason, true), "
            "set_config('lock_timeout', :patience, true)"
        ),
        {"actor": actor, "reason": reason, "patience": _PATIENCE},
    )


def watch(connection: Connection, table: str, redact: Collection[str] = ()) -> None:
    """Put the audit triggers on `table`; migrations call it, once again when the primary key or `redact` changes.

    `redact`: further columns whose values must not enter the trail. Raises ValueError if there is no primary key.
    """
    key = inspect(connection).get_pk_constraint(table)["constrained_columns"]
    if not key:
        raise ValueError(f"table {table} has no primary key, so the trail could not say which row was written")
    quoted = connection.dialect.identifier_preparer.quote(table)
    hidden = ",".join(dict.fromkeys((*REDACTED, *redact)))
    connection.exec_driver_sql(
        f"create or replace trigger lantian_audit after insert or update or delete on {quoted} "
        f"for each row execute function lantian_audit('{','.join(key)}', '{hidden}')"
    )
    connection.exec_driver_sql(
        f"create or replace trigger lantian_audit_truncate before truncate on {quoted} "
        "for each statement execute function lantian_audit_refuse()"
    )


def entries(connection: Connection) -> Iterator[Entry]:
    """All rows of the trail by number, read piece by piece."""
    result = connection.execution_options(yield_per=2000).execute(_ROWS)
    return (Entry(*row) for row in result)


def head(connection: Connection) -> Mark | None:
    """The last row as the trail remembers it; None: someone removed that memory, `verify` tells."""
    row = connection.execute(text("select seq, hash from audit_head")).one_or_none()
    return Mark(row.seq, row.hash) if row else None


def verify(engine: Engine, anchors: Path | None = None) -> list[Fault]:
    """Everything wrong with the trail; an empty list means untouched.

    `anchors`: the file that `anchor` writes, or a copy kept on another machine. With it a trail that was rewritten with
    new hashes to its very end shows as well.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        return check(entries(connection), head(connection), _read_anchors(anchors))


def anchor(engine: Engine, file: Path) -> Mark | None:
    """Note the present head in `file` (JSON lines, appended and synced), unless its last line says the same already."""
    with engine.connect() as connection:
        mark = head(connection)
    marks = _read_anchors(file)
    if mark and marks[-1:] != [mark]:
        file.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(mark) | {"at": datetime.now(UTC).isoformat()})
        with file.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
            stream.flush()
            os.fsync(stream.fileno())
    return mark


def export(engine: Engine, file: Path) -> int:
    """Write the whole trail to `file` as JSON lines, a first line with its head; returns the number of rows."""
    count = 0
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        file.open("w", encoding="utf-8") as stream,
    ):
        mark = head(connection)
        stream.write(json.dumps({"format": _FORMAT, "head": asdict(mark) if mark else None}) + "\n")
        for entry in entries(connection):
            stream.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
            count += 1
    return count


def verify_export(file: Path, anchors: Path | None = None) -> list[Fault]:
    """`verify` for a file that `export` wrote, without any database. Raises ValueError for a line that is no row."""
    faults: list[Fault] = []
    rows: list[Entry] = []
    with file.open(encoding="utf-8") as stream:
        first = _parse(file, 1, next(stream, ""))
        if first.get("format") != _FORMAT:
            raise ValueError(f"{file}, line 1: not an export of the audit trail (format {_FORMAT})")
        for number, line in enumerate(stream, start=2):
            values = _parse(file, number, line)
            if values.keys() != {field.name for field in fields(Entry)} or not isinstance(values["seq"], int):
                raise ValueError(f"{file}, line {number}: not a row of the audit trail")
            entry = Entry(**values)
            if rows and entry.seq < rows[-1].seq:
                faults.append(
                    Fault(entry.seq, "reordered", f"line {number}: row {entry.seq} stands after {rows[-1].seq}")
                )
            rows.append(entry)
    rows.sort(key=lambda entry: entry.seq)
    return faults + check(rows, Mark(**first["head"]) if first["head"] else None, _read_anchors(anchors))


def _read_anchors(file: Path | None) -> list[Mark]:
    if file is None or not file.exists():
        return []
    lines = enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
    values = (_parse(file, number, line) for number, line in lines)
    return [Mark(value["seq"], value["hash"]) for value in values]


def _parse(file: Path, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}, line {number}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{file}, line {number}: not a JSON object")  # noqa: TRY004 (the content is wrong, not the caller)
    return value
