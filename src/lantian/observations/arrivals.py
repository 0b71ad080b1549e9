"""What came in and what was refused 入库与退回, as the imports wrote it down: for pages, the HTTP interface, notebooks.

batches(platform.engine, limit=10)          # the newest files: rows, new, revised, unchanged, rejected, notes
pl.concat(rejected(platform.engine, Refusals(batch=14)))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import sqlalchemy as sa

from lantian.observations.tables import import_batch, import_rejected

_BATCH: dict[str, pl.DataType | type[pl.DataType]] = {
    "id": pl.Int64,
    "at": pl.Datetime("us", "UTC"),
    "actor": pl.String,
    "file": pl.String,
    "kind": pl.String,
    "rows": pl.Int64,
    "new": pl.Int64,
    "revised": pl.Int64,
    "unchanged": pl.Int64,
    "rejected": pl.Int64,
    "notes": pl.List(pl.String),
    "finished": pl.Boolean,
}
_TEXTS = ("file", "line", "field", "value", "kind", "reason")
_REJECTED: dict[str, type[pl.DataType]] = {"id": pl.Int64, "batch": pl.Int64} | dict.fromkeys(_TEXTS, pl.String)
_PORTION = 20_000

# A reason begins with its kind: "too low: pm25 must lie ...", "unknown place, 3 rows refused: ...", "... than the
# header's 4: quote ...". What follows the first of these marks is about the one value.
_kind = sa.func.regexp_replace(import_rejected.c.reason, r"\s*([:,;]|\s[0-9]).*$", "")


@dataclass(frozen=True)
class Totals:
    """All imports together: files, data rows read, place-hours and place-days by what became of them, and the entries
    refused.
    """

    files: int
    rows: int
    new: int
    revised: int
    unchanged: int
    rejected: int


@dataclass(frozen=True)
class Refusals:
    """Which refused entries: all, or those of one import, one field of the files, one kind of reason (as `reasons`
    lists them), or with a text anywhere in file, value or reason.
    """

    batch: int | None = None
    field: str | None = None
    kind: str | None = None
    text: str | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """The choice as SQL conditions."""
        columns = import_rejected.c
        wanted: list[sa.ColumnElement[bool]] = []
        if self.batch is not None:
            wanted.append(columns.batch == self.batch)
        if self.field:
            wanted.append(columns.field == self.field)
        if self.kind:
            wanted.append(_kind == self.kind)
        if self.text:
            spoken = (columns.file, columns.value, columns.reason)
            wanted.append(sa.or_(*(column.icontains(self.text, autoescape=True) for column in spoken)))
        return wanted


def totals(engine: sa.Engine) -> Totals:
    """Add up all imports."""
    sums = (import_batch.c[name] for name in ("rows", "new", "revised", "unchanged", "rejected"))
    query = sa.select(sa.func.count(), *(sa.func.coalesce(sa.func.sum(column), 0) for column in sums))
    with engine.connect() as connection:
        return Totals(*(int(value) for value in connection.execute(query.select_from(import_batch)).one()))


def batches(
    engine: sa.Engine, *, limit: int, before: int | None = None, files: Sequence[str] | None = None
) -> pl.DataFrame:
    """Imports, the newest first: `id, at, actor, file, kind, rows, new, revised, unchanged, rejected, notes,
    finished`, one row a file.

    Args:
        engine: the database.
        limit: at most so many.
        before: only those with a smaller id, to go on where an answer ended.
        files: only of these files, by the path under which they were imported.
    """
    query = sa.select(*(import_batch.c[name] for name in _BATCH)).order_by(import_batch.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(import_batch.c.id < before)
    if files is not None:
        query = query.where(import_batch.c.file.in_(files))
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=_BATCH, orient="row")


def rejected(engine: sa.Engine, which: Refusals | None = None, *, limit: int | None = None) -> Iterator[pl.DataFrame]:
    """Refused entries in the order in which they were refused, in portions of at most 20,000; at least one frame, if
    need be an empty one.

    `id, batch, file, line, field, value, kind, reason`: `line` is null where the whole file is meant, `kind` is how the
    reason begins, as `reasons` counts them. Between two portions no connection is held, however slow the taker.
    """
    columns = [_kind.label(name) if name == "kind" else import_rejected.c[name] for name in _REJECTED]
    query = sa.select(*columns).where(*(which or Refusals()).conditions()).order_by(import_rejected.c.id)
    last, left = 0, limit
    while left is None or left > 0:
        size = _PORTION if left is None else min(_PORTION, left)
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(query.where(import_rejected.c.id > last).limit(size))]
        if rows or last == 0:
            yield pl.DataFrame(rows, schema=_REJECTED, orient="row")
        if len(rows) < size:
            return
        last, left = rows[-1][0], None if left is None else left - len(rows)


def reasons(engine: sa.Engine, which: Refusals | None = None) -> pl.DataFrame:
    """Why entries were refused: `kind, entries`, the most frequent first; `kind` is how the reason begins."""
    found = sa.select(_kind.label("kind")).where(*(which or Refusals()).conditions()).subquery()
    query = sa.select(found.c.kind, sa.func.count()).group_by(found.c.kind)
    query = query.order_by(sa.func.count().desc(), found.c.kind)
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema={"kind": pl.String, "entries": pl.Int64}, orient="row")


def refused_files(engine: sa.Engine, which: Refusals | None = None) -> pl.DataFrame:
    """Imports with refused entries, the newest first: `batch, file, entries`."""
    columns = import_rejected.c
    query = (
        sa.select(columns.batch, sa.func.min(columns.file), sa.func.count())
        .where(*(which or Refusals()).conditions())
        .group_by(columns.batch)
        .order_by(columns.batch.desc())
    )
    with engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema={"batch": pl.Int64, "file": pl.String, "entries": pl.Int64}, orient="row")
