"""The columnar copy of a large feed: Parquet files beside the database, for rules that go over millions of records.

Records are statements that are added and never changed, so a file of those with the numbers from ``first`` to ``last``
stays true; only which of them were superseded is asked of the database. What was added since the last reading is taken
over before each reading. The copy is no record of its own: it may be removed at any time and is made anew. It has
masked fields in full, as the database has, and its files are readable by the platform's account alone.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import polars as pl
import sqlalchemy as sa

from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import records
from lantian.observations.feeds.definition import TIME, Feed
from lantian.observations.feeds.records import BESIDE
from lantian.observations.feeds.tables import record

AT_ONCE: Final = 100_000
"""Records that are read of the database at once."""
FULL: Final = 1_000_000
"""A file with so many records is left alone; a smaller last one is written anew with what came."""
GRACE: Final = 3600.0
"""Seconds for which a file that another has taken in stays for those who read it."""

_COPY: Final = """
copy (
    select id, "values"::text, hidden::text, region, array_to_string(flags, ','),
        to_char(known_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), batch
    from feed_record where feed = %s and id > %s and id <= %s order by id limit %s
) to stdout (format csv, null '\\N')
"""
_SCHEMA: Final = {
    "_id": pl.Int64(), "_text": pl.String(), "_full": pl.String(), "region": pl.String(), "flags": pl.String(),
    "known_at": pl.String(), "batch": pl.Int64(),
}  # fmt: skip


@dataclass(frozen=True, order=True, slots=True)
class Piece:
    """One file: the records of the feed with numbers above ``after`` up to ``last``."""

    after: int
    last: int
    rows: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """By the file's name."""
        after, last, rows = path.stem.split("-")
        return cls(int(after), int(last), int(rows))

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.after}-{self.last}-{self.rows}.parquet"


class Columns:
    """The columnar copy of one feed of records."""

    def __init__(self, platform: Platform, feed: Feed) -> None:
        self._engine, self._feed = platform.engine, feed
        form = ",".join(f"{name}:{kind}" for name, kind in feed.schema.items())
        form += "|" + ",".join(one.name for one in feed.masked)
        self.root = platform.home / "columns" / feed.name / hashlib.sha256(form.encode()).hexdigest()[:16]

    def scan(self, as_of: datetime) -> pl.LazyFrame:
        """The last word of each key as it was known: the definition's columns, masked ones in full, and `BESIDE`.

        For rules over all records, never for people. Collect it within an hour.
        """
        pieces = self._brought_up()
        r = record.c
        with self._engine.connect() as connection:
            over = sa.select(sa.func.array_agg(r.id)).where(r.feed == self._feed.name, r.superseded_at <= as_of)
            gone = pl.Series(connection.scalar(over) or [], dtype=pl.Int64)
        names = [*self._feed.schema, *(name for name in BESIDE if name not in self._feed.schema)]
        if not pieces:
            beside = {name: kind for name, kind in BESIDE.items() if name not in self._feed.schema}
            return pl.LazyFrame(schema={**self._feed.schema, **beside})
        found = pl.scan_parquet([self.root / one.name for one in pieces]).filter(pl.col("known_at") <= as_of)
        if gone.len():
            found = found.filter(~pl.col("_id").is_in(gone.implode()))
        return found.select(names)

    def _brought_up(self) -> list[Piece]:
        """The files, after what was added since has been taken over."""
        pieces = self._pieces()
        with self._engine.connect() as connection:
            if records.upto(connection, self._feed.name) <= (pieces[-1].last if pieces else 0) and self._true(
                connection, pieces
            ):
                return pieces
        with self._engine.begin() as connection:
            key = sa.func.hashtextextended(f"columns {self._feed.name}", 18)
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
            pieces = self._pieces()
            if not self._true(connection, pieces):
                shutil.rmtree(self.root.parent)
                pieces = []
            upto = records.upto(connection, self._feed.name)
            while (pieces[-1].last if pieces else 0) < upto:
                pieces = self._more(connection, pieces, upto)
        self._clear(pieces)
        return pieces

    def _pieces(self) -> list[Piece]:
        """The files that follow on one another, the longest at each place."""
        there = [Piece.of(path) for path in self.root.glob("*.parquet")]
        chain: list[Piece] = []
        while here := [one for one in there if one.after == (chain[-1].last if chain else 0)]:
            chain.append(max(here))
        return chain

    def _true(self, connection: sa.Connection, pieces: list[Piece]) -> bool:
        """Whether the last record of the copy is the one of that number in this database, not of one before it."""
        if not pieces:
            return True
        last = pl.scan_parquet(self.root / pieces[-1].name).select("_id", "known_at", "batch").last().collect().row(0)
        r = record.c
        found = connection.execute(sa.select(r.id, r.known_at, r.batch).where(r.id == last[0])).one_or_none()
        return found is not None and tuple(found) == last

    def _more(self, connection: sa.Connection, pieces: list[Piece], upto: int) -> list[Piece]:
        """Take over the next records, at most so many that the file is full."""
        rest, grown = list(pieces), list[pl.DataFrame]()
        after = start = pieces[-1].last if pieces else 0
        if pieces and pieces[-1].rows < FULL:
            small = rest.pop()
            grown, start = [pl.read_parquet(self.root / small.name)], small.after
        height = sum(one.height for one in grown)
        while after < upto and height < FULL:
            found = self._read(connection, after, upto)
            after = upto if found.height < AT_ONCE else int(found["_id"][-1])
            grown.append(found)
            height += found.height
        return [*rest, self._write(pl.concat(grown), Piece(start, after, height))]

    def _read(self, connection: sa.Connection, after: int, upto: int) -> pl.DataFrame:
        cursor = connection.connection.cursor()
        with cursor.copy(_COPY, (self._feed.name, after, upto, AT_ONCE)) as copy:
            text = b"".join(copy)
        cursor.close()
        raw = (
            pl.read_csv(io.BytesIO(text), has_header=False, schema=_SCHEMA, null_values="\\N",
                        empty_string_is_null=False)
            if text
            else pl.DataFrame(schema=_SCHEMA)
        )  # fmt: skip
        none = pl.lit([], pl.List(pl.String))
        flags = pl.when(pl.col("flags") == "").then(none).otherwise(pl.col("flags").str.split(",")).alias("flags")
        known = pl.col("known_at").str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us").dt.replace_time_zone("UTC")
        masked = [one.name for one in self._feed.masked]
        return records.typed(raw.with_columns(flags, known.cast(TIME)), self._feed, masked)

    def _write(self, rows: pl.DataFrame, piece: Piece) -> Piece:
        """Write a file whole or not at all."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = self.root / f"{piece.name}.{os.getpid()}.new"
        os.close(os.open(made, os.O_WRONLY | os.O_CREAT, 0o600))
        rows.write_parquet(made, row_group_size=100_000)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(self.root / piece.name)
        return piece

    def _clear(self, pieces: list[Piece]) -> None:
        """Remove files that others have taken in, and copies of another form, when nobody can be reading them."""
        kept = {one.name for one in pieces}
        before = time.time() - GRACE
        for path in self.root.parent.glob("*/*"):
            if (path.parent != self.root or path.name not in kept) and path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
