"""The shelf: segments by resolution and Beijing day, and their manifest; generic over what the rows are.

A writer first writes whole files (`write`), then enters them in a transaction of its own (`enter`): from that commit
on readers see them. What a killed writer leaves is a file that the manifest does not know: nobody reads it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from lantian.kernel.settings import TIMEZONE
from lantian.observations import segments
from lantian.observations.telemetry.readings import day_expr
from lantian.observations.telemetry.tables import segment

LEVELS = 3
"""A segment at this level is merged by the nightly job only."""
MOST_ROWS = 4_000_000
"""A day that holds more is left in several segments."""


@dataclass(frozen=True)
class Segment:
    """What the manifest says of one segment."""

    id: uuid.UUID
    resolution: str
    day: date
    level: int
    rows: int
    first: datetime
    last: datetime
    known_first: datetime
    known_last: datetime
    source: str
    bytes: int
    sha256: str


_FIELDS = tuple(Segment.__dataclass_fields__)
_COLUMNS = [segment.c[name] for name in _FIELDS]


class Shelf:
    """Segments under one folder. Any number of processes may read and write at once."""

    def __init__(self, engine: sa.Engine, root: Path) -> None:
        self._engine = engine
        self.root = root

    def path(self, one: Segment) -> Path:
        """Where a segment's file stands."""
        return segments.path_of(self.root, one.resolution, one.day.isoformat(), str(one.id))

    def write(self, frame: pl.DataFrame, resolution: str, source: str, *, level: int = 0) -> list[Segment]:
        """Write rows of one resolution (`time`, `known_at` among the columns) to whole files, one a Beijing day."""
        days = frame.with_columns(day_expr().alias("_day")).partition_by("_day", as_dict=True, include_key=False)
        return [self._write(part, resolution, day, source, level) for (day,), part in sorted(days.items())]

    def enter(self, connection: sa.Connection, written: Iterable[Segment]) -> None:
        """Put segments into the manifest; readers see them from the transaction's commit on."""
        if values := [asdict(one) for one in written]:
            connection.execute(segment.insert(), values)

    def forget(self, written: Iterable[Segment]) -> None:
        """Remove the files of segments that were not entered."""
        for one in written:
            self.path(one).unlink(missing_ok=True)

    def holding(
        self, resolution: str, start: datetime | None = None, end: datetime | None = None, as_of: datetime | None = None
    ) -> list[Segment]:
        """The segments that may hold rows with start <= time < end, known by `as_of`."""
        conditions = [segment.c.resolution == resolution, segment.c.retired_at.is_(None)]
        if start is not None:
            conditions += [segment.c.last >= start, segment.c.day >= start.astimezone(TIMEZONE).date()]
        if end is not None:
            conditions += [segment.c.first < end, segment.c.day <= end.astimezone(TIMEZONE).date()]
        if as_of is not None:
            conditions.append(segment.c.known_first <= as_of)
        query = sa.select(*_COLUMNS).where(*conditions).order_by(segment.c.day, segment.c.created_at)
        with self._engine.connect() as connection:
            return [Segment(**row) for row in connection.execute(query).mappings()]

    def scan(self, found: Sequence[Segment], schema: pl.Schema) -> pl.LazyFrame:
        """The rows of some segments as one lazy frame; collect it within an hour."""
        if not found:
            return pl.LazyFrame(schema=schema)
        paths = [self.path(one) for one in found]
        return pl.scan_parquet(paths, schema=schema, missing_columns="insert", extra_columns="ignore", glob=False)

    def merge(
        self, schemas: dict[str, pl.Schema], tidy: Callable[[pl.DataFrame], pl.DataFrame], *, least: int | None = 16
    ) -> int:
        """Join small segments of the same resolution and day once there are `least` of one level; None: all of a day
        that stand in several. `schemas`: columns of the resolutions to look at; `tidy` drops repeats and sorts.
        Returns how many were joined.
        """
        keys = [segment.c.resolution, segment.c.day]
        if least is not None:
            keys.append(segment.c.level)
        query = (
            sa.select(*keys)
            .where(segment.c.retired_at.is_(None), segment.c.resolution.in_(list(schemas)))
            .group_by(*keys)
            .having(sa.func.count() >= (least or 2))
        )
        if least is not None:
            query = query.where(segment.c.level < LEVELS)
        with self._engine.connect() as connection:
            groups = [tuple(row) for row in connection.execute(query)]
        return sum(self._merge(group, schemas[group[0]], tidy) for group in groups)

    def sweep(self, grace: timedelta) -> int:
        """Remove files of segments retired longer ago than `grace` and temporary files, set unknown ones aside."""
        removed = 0
        with self._engine.begin() as connection:
            gone = segment.c.retired_at < sa.func.clock_timestamp() - grace
            old = [Segment(**row) for row in connection.execute(sa.select(*_COLUMNS).where(gone)).mappings()]
            for one in old:
                self.path(one).unlink(missing_ok=True)
            connection.execute(segment.delete().where(segment.c.id.in_([one.id for one in old])))
            known = {str(name) for name in connection.scalars(sa.select(segment.c.id))}
            removed += len(old)
        before = time.time() - grace.total_seconds()
        for path in self.root.glob(f"*/????-??-??/*{segments.SUFFIX}*"):
            if path.name.removesuffix(segments.SUFFIX) in known or path.stat().st_mtime > before:
                continue
            if path.suffix == segments.TEMPORARY:
                path.unlink(missing_ok=True)
            else:
                segments.set_aside(path, self.root)
            removed += 1
        return removed

    def _merge(self, group: tuple[object, ...], schema: pl.Schema, tidy: Callable[[pl.DataFrame], pl.DataFrame]) -> int:
        resolution, day = str(group[0]), group[1]
        conditions = [segment.c.resolution == resolution, segment.c.day == day, segment.c.retired_at.is_(None)]
        if len(group) == 3:
            conditions.append(segment.c.level == group[2])
        with self._engine.begin() as connection:
            key = sa.func.hashtextextended(f"lantian.telemetry/{resolution}/{day}", 0)
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
            query = sa.select(segment.c.taken_at, *_COLUMNS).where(*conditions).order_by(segment.c.created_at)
            found = [dict(row) for row in connection.execute(query).mappings()]
            taken = [row.pop("taken_at") for row in found]
            old = [Segment(**row) for row in found]
            if len(old) < 2 or sum(one.rows for one in old) > MOST_ROWS:
                return 0
            rows = tidy(self.scan(old, schema).collect())
            source = "; ".join(sorted({part for one in old for part in one.source.split("; ")}))
            written = self.write(rows, resolution, source, level=max(one.level for one in old) + 1)
            self.enter(connection, written)
            moment = sa.func.clock_timestamp()
            ids = segment.c.id.in_([one.id for one in old])
            connection.execute(segment.update().where(ids).values(retired_at=moment))
            new = segment.c.id.in_([one.id for one in written])
            if None not in taken:
                connection.execute(segment.update().where(new).values(taken_at=moment))
        return len(old)

    def _write(self, rows: pl.DataFrame, resolution: str, day: date, source: str, level: int) -> Segment:
        name = uuid.uuid4()
        file = segments.write(rows, segments.path_of(self.root, resolution, day.isoformat(), str(name)))
        first, last, known_first, known_last = rows.select(
            pl.col("time").min().alias("first"),
            pl.col("time").max().alias("last"),
            pl.col("known_at").min().alias("known_first"),
            pl.col("known_at").max().alias("known_last"),
        ).row(0)
        return Segment(
            id=name,
            resolution=resolution,
            day=day,
            level=level,
            rows=rows.height,
            first=first.astimezone(UTC),
            last=last.astimezone(UTC),
            known_first=known_first.astimezone(UTC),
            known_last=known_last.astimezone(UTC),
            source=source,
            bytes=file.bytes,
            sha256=file.sha256,
        )
