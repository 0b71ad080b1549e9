"""The manifest: which segments exist, and the one lock a month that keeps two writers from judging the same ground."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import polars as pl
import sqlalchemy as sa

from lantian.observations import segments, statements
from lantian.observations.selection import Selection
from lantian.observations.statements import STAMP, Resolution
from lantian.observations.tables import segment


@dataclass(frozen=True)
class Segment:
    """What the manifest says of one segment: enough to decide whether and how to read it without opening it."""

    id: uuid.UUID
    resolution: Resolution
    month: str
    rows: int
    items: tuple[str, ...]
    first: datetime
    last: datetime
    known_first: datetime
    known_last: datetime
    grades: tuple[str, ...]
    repeats: bool
    bytes: int
    sha256: str


_FIELDS = tuple(Segment.__dataclass_fields__)
_COLUMNS = [segment.c[name] for name in _FIELDS]


def describe(
    rows: pl.DataFrame, resolution: Resolution, month: str, file: segments.SegmentFile, *, repeats: bool
) -> Segment:
    """The manifest's row for statements that have just become a file."""
    first, last = span(rows, resolution)
    known_first, known_last = rows.select(
        pl.col("known_at").min().alias("first"), pl.col("known_at").max().alias("last")
    ).row(0)
    return Segment(
        id=uuid.UUID(file.path.stem),
        resolution=resolution,
        month=month,
        rows=rows.height,
        items=tuple(statements.items_of(rows.columns)),
        first=first,
        last=last,
        known_first=known_first,
        known_last=known_last,
        grades=tuple(sorted(rows.get_column("grade").unique())),
        repeats=repeats,
        bytes=file.bytes,
        sha256=file.sha256,
    )


def span(rows: pl.DataFrame, resolution: Resolution) -> tuple[datetime, datetime]:
    """Earliest and latest stamp of statements; a day stands as its midnight UTC."""
    stamp = pl.col(STAMP[resolution])
    when = stamp if resolution == "hour" else stamp.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    first, last = rows.select(when.min().alias("first"), when.max().alias("last")).row(0)
    return first, last


def lock(connection: sa.Connection, resolution: str, month: str, *, wait: bool = True) -> bool:
    """Take the month's lock until the transaction ends; with `wait` False, say at once whether it could be had.

    The lock goes with its holder's database session, so a killed writer never leaves a month locked.
    """
    key = sa.func.hashtextextended(f"lantian.observations/{resolution}/{month}", 0)
    if wait:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
        return True
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(key))))


def add(connection: sa.Connection, written: Sequence[Segment], actor: str) -> None:
    """Enter segments; the transaction's commit makes them visible and is the acknowledgement."""
    if written:
        values = [
            asdict(one) | {"items": list(one.items), "grades": list(one.grades), "actor": actor} for one in written
        ]
        connection.execute(segment.insert(), values)


def of_month(connection: sa.Connection, resolution: Resolution, month: str) -> list[Segment]:
    """The segments of one month that readers see."""
    return _found(connection, segment.c.resolution == resolution, segment.c.month == month)


def holding(connection: sa.Connection, asked: Selection) -> list[Segment]:
    """The segments that may hold an answer, oldest month first."""
    conditions = [segment.c.resolution == asked.resolution]
    if asked.start is not None:
        conditions.append(segment.c.last >= asked.start)
    if asked.end is not None:
        conditions.append(segment.c.first < asked.end)
    if asked.as_of is not None:
        conditions.append(segment.c.known_first <= asked.as_of)
    if asked.grade != "best":
        conditions.append(segment.c.grades.contains([asked.grade]))
    return _found(connection, *conditions)


def everything(connection: sa.Connection) -> list[Segment]:
    """All segments that readers see."""
    return _found(connection)


def items(connection: sa.Connection, resolution: Resolution) -> set[str]:
    """All items that any segment holds."""
    query = (
        sa.select(sa.func.unnest(segment.c["items"]))
        .distinct()
        .where(segment.c.retired_at.is_(None), segment.c.resolution == resolution)
    )
    return set(connection.scalars(query))


def names(connection: sa.Connection) -> set[tuple[str, str, str]]:
    """(resolution, month, id) of every segment whose file is or may still be read, the retired ones among them."""
    rows = connection.execute(sa.select(segment.c.resolution, segment.c.month, segment.c.id))
    return {(resolution, month, str(id_)) for resolution, month, id_ in rows}


def crowded(connection: sa.Connection, resolution: Resolution) -> list[str]:
    """Months that stand in more than one segment."""
    query = (
        sa.select(segment.c.month)
        .where(segment.c.retired_at.is_(None), segment.c.resolution == resolution)
        .group_by(segment.c.month)
        .having(sa.func.count() > 1)
        .order_by(segment.c.month)
    )
    return list(connection.scalars(query))


def retire(connection: sa.Connection, retired: list[Segment]) -> None:
    """Hide segments from readers that come from now on; readers that already hold them keep their files for the grace
    period.
    """
    connection.execute(
        segment.update()
        .where(segment.c.id.in_([one.id for one in retired]))
        .values(retired_at=sa.func.clock_timestamp())
    )


def expired(connection: sa.Connection, grace: timedelta) -> list[Segment]:
    """Segments retired longer ago than `grace`, by the database's own clock: that of the machines, never a simulated
    one.
    """
    query = sa.select(*_COLUMNS).where(segment.c.retired_at < sa.func.clock_timestamp() - grace)
    return [_segment(row) for row in connection.execute(query)]


def forget(connection: sa.Connection, gone: list[Segment]) -> None:
    """Remove the rows of segments whose files are gone."""
    connection.execute(segment.delete().where(segment.c.id.in_([one.id for one in gone])))


def _found(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[Segment]:
    query = sa.select(*_COLUMNS).where(segment.c.retired_at.is_(None), *conditions)
    return [_segment(row) for row in connection.execute(query.order_by(segment.c.month, segment.c.created_at))]


def _segment(row: sa.Row[tuple[object, ...]]) -> Segment:
    values = dict(row._mapping)
    values |= {"items": tuple(values["items"]), "grades": tuple(values["grades"])}
    return Segment(**values)
