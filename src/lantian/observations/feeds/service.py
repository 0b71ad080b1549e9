"""Feeds over the database: bring, read, ask how fresh; the same for pages, interface, commands and rules."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.accounts import covers
from lantian.kernel.bootstrap import Platform
from lantian.observations.feeds import access, freshness, kept, loading, records, rights, telling
from lantian.observations.feeds.definition import TIME, Feed
from lantian.observations.feeds.entry import FeedError
from lantian.observations.feeds.known import lookups
from lantian.observations.feeds.reader import Reader
from lantian.observations.feeds.reading import FILE, LINE, REJECTS, Reading, of_rows, read
from lantian.observations.feeds.records import Question
from lantian.observations.feeds.registry import enter
from lantian.observations.feeds.tables import batch, reject
from lantian.observations.feeds.validation import validate
from lantian.observations.selection import Moment, instant

ALWAYS: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Since when a record without a time is known, where records are known since their own time."""

Rows = pl.DataFrame | Iterable[Mapping[str, Any]] | str | Path | tuple[str, bytes]
Known = datetime | Literal["time"] | None

_MANY = 5000  # new records of one batch after which the planner's statistics are taken anew
_REMEMBERED = 5000  # refused rows of a source that are not written down again when it sends them again


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch that is now stored. ``batch`` is 0 where nothing of it was new and nothing refused."""

    batch: int
    new: int
    revised: int
    unchanged: int
    rejected: int
    flagged: int = 0
    notes: tuple[str, ...] = ()

    @property
    def stored(self) -> int:
        """Rows that said something new."""
        return self.new + self.revised


class Feeds:
    """The feeds of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._engine = platform.engine

    # definitions

    def all(self) -> dict[str, Feed]:
        """All definitions by name. Raises FeedError where a file is wrong."""
        return loading.installed(self._platform.home)

    def feed(self, name: str) -> Feed:
        """One definition. Raises LookupError naming the feeds there are."""
        known = self.all()
        if name not in known:
            raise LookupError(f"there is no feed {name!r}; there are {', '.join(sorted(known)) or 'none'}")
        return known[name]

    def add(self, text: str, actor: str, *, file: str = "definition") -> Feed:
        """Put a definition of the city's own in force: it is checked with all others and written to ``<home>/feeds``.

        Raises:
            FeedError: it is wrong, one of ours has the name, or it would break records that there are.
        """
        feed = loading.read(text, file)
        folder = self._platform.home / "feeds"
        target = folder / f"{feed.name}.yaml"
        others = [one for one in self.all().values() if one.name != feed.name or Path(one.file) != target]
        loading.together([*others, feed])
        enter(self._engine, feed, self._platform.clock.now(), actor)
        folder.mkdir(parents=True, exist_ok=True)
        made = target.with_suffix(".new")
        made.write_text(text, encoding="utf-8")
        made.replace(target)
        return replace(feed, file=str(target))

    # bringing

    def put(
        self,
        name: str,
        rows: Rows,
        actor: str,
        *,
        source: str = "",
        within: Collection[str] | None = None,
        known_at: Known = None,
        example: bool = False,
    ) -> Receipt:
        """Bring records of a feed; when this returns they are stored, and the rules that listen were told of those that
        are known by now; of the others they are told when the clock has come to them.

        Args:
            name: of the feed.
            rows: a file, its name and bytes, a frame, or mappings of field to value.
            actor: in whose name.
            source: where they come from; None: the file's name.
            within: regions whose records the actor may bring; rows of others are refused. None: all.
            known_at: since when they are known; None: the clock's now; ``"time"``: each since its own time, as an
                example is told in a replay.
            example: they are invented.

        Raises:
            FeedError: the file cannot be read as this feed, or the feed keeps no records. LookupError: no such feed.
        """
        feed = self.feed(name)
        if feed.store != "records":
            raise FeedError(f"{name}: its values are {feed.store} values of the platform; they come by their own way")
        now = self._platform.clock.now()
        reading = _reading(rows, feed)
        if not source and isinstance(rows, str | Path | tuple):
            source = rows[0] if isinstance(rows, tuple) else Path(rows).name
        enter(self._engine, feed, now, actor)
        permitted = None if within is None else _permitted(within)
        good, refused = validate(reading.rows, feed, lookups(self._engine, feed), permitted)
        refused = pl.concat([reading.rejects, refused])
        total = reading.rows.height + reading.rejects.height
        bad = refused.select(FILE[1:], LINE[1:]).unique().height
        known = _known(good, feed, known_at, now)
        with self._engine.begin() as connection:
            records.lock(connection, name)
            number = connection.scalar(sa.text("select nextval(pg_get_serial_sequence('feed_batch', 'id'))")) or 0
            said = records.put(connection, feed, good, known, number)
            fresh = refused
            if refused.height and not isinstance(rows, str | Path | tuple):
                before = _remembered(connection, name, source)
                fresh = refused.join(before, on=["field", "row", "reason"], how="anti", nulls_equal=True)
            flagged = good[[*said.new, *said.revised]].filter(pl.col("flags").list.len() > 0).height
            receipt = Receipt(
                number, len(said.new), len(said.revised), total - bad - len(said.new) - len(said.revised), bad, flagged,
                reading.notes,
            )  # fmt: skip
            if not receipt.stored and fresh.is_empty():
                return replace(receipt, batch=0)
            # Last, as from the first audited row on no other writer of the platform can commit.
            audit.declare(connection, actor, f"feed {name}: {source}")
            connection.execute(batch.insert().values(_batch_row(receipt, feed, total, actor, source, now, example)))
            telling.note(connection, name, number)
            for piece in fresh.with_columns(pl.lit(number).alias("batch")).iter_slices(2000):
                connection.execute(reject.insert(), piece.to_dicts())
        if receipt.stored >= _MANY:
            with self._engine.begin() as connection:  # else the planner still takes the feed for a small one
                connection.execute(sa.text("analyze feed_record"))
        if receipt.stored:
            faults = telling.tell(self._platform, feed, now, actor)
            receipt = replace(receipt, notes=(*receipt.notes, *faults))
        return receipt

    # reading

    def read(
        self,
        name: str,
        reader: Reader,
        *,
        start: Moment | None = None,
        end: Moment | None = None,
        region: str | None = None,
        where: Mapping[str, str | None] | None = None,
        since: datetime | None = None,
        as_of: datetime | None = None,
        limit: int | None = None,
    ) -> pl.DataFrame:
        """What a reader may see of a feed: the definition's columns, `region`, `flags`, `known_at`, `batch`; one row a
        key, its last word, by time.

        Args:
            name: of the feed.
            reader: who reads; a reader without a right gets no row.
            start, end: start <= time < end; a date is its midnight in Beijing.
            region: only within it (a code).
            where: field to value as text; None: the field is empty.
            since: only what became known after it.
            as_of: as it was known then; None: the clock's now.
            limit: only so many, the newest.

        Raises:
            LookupError: no such feed. FeedError: `where` names no field, or no value of it.
        """
        feed = self.feed(name)
        for one, value in (where or {}).items():
            records.asked_for(feed, one, value)
        moments = [None if one is None else instant(one, "hour") for one in (start, end)]
        now = as_of or self._platform.clock.now()
        asked = Question(now, moments[0], moments[1], region, dict(where or {}), since, limit)
        if feed.store != "records":
            found = kept.read(self._platform, feed, asked, self.scope(feed, reader))
        else:
            with self.seeing(feed, reader) as seen:
                found = records.read(seen.connection, feed, asked, seen.uncovered, seen.condition()).drop("_id")
        if reader.via and found.height:
            access.log(self._engine, name, reader, reader.via, found.height, self._platform.clock.now())
        return found

    def seeing(self, feed: Feed, reader: Reader) -> rights.Seeing:
        """A transaction in which only what the reader may see of a feed is there."""
        return rights.Seeing(self._engine, feed, reader, self._platform.clock.now())

    def scope(self, feed: Feed, reader: Reader) -> rights.Scope:
        """What a reader may see of a feed at the clock's now."""
        return rights.scope(self._engine, feed, reader, self._platform.clock.now())

    def rejected(self, batch_id: int) -> pl.DataFrame:
        """What was refused of a batch: file, line, field, value, reason, reason_en, row."""
        query = sa.select(*(reject.c[name] for name in REJECTS)).where(reject.c.batch == batch_id).order_by(reject.c.id)
        with self._engine.connect() as connection:
            return pl.DataFrame([tuple(row) for row in connection.execute(query)], schema=REJECTS, orient="row")

    def batches(self, name: str | None = None, *, limit: int = 50) -> list[dict[str, Any]]:
        """The newest batches, of one feed or of all."""
        query = sa.select(batch).order_by(batch.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(batch.c.feed == name)
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def invented(self, numbers: Iterable[int | None]) -> bool:
        """Whether any of these batches brought invented records 示例."""
        chosen = sorted({one for one in numbers if one is not None})
        with self._engine.connect() as connection:
            return bool(connection.scalar(sa.select(sa.exists().where(batch.c.id.in_(chosen), batch.c.example))))

    def freshness(self, now: datetime | None = None) -> pl.DataFrame:
        """How fresh each feed is: feed, owner, newest, due, stale, state (fresh | late | stale | empty)."""
        return freshness.measure(self._platform, self.all().values(), now or self._platform.clock.now())


def _reading(rows: Rows, feed: Feed) -> Reading:
    if isinstance(rows, str | Path | tuple):
        return read(rows, feed)
    if not isinstance(rows, pl.DataFrame):
        return of_rows(rows, feed)
    unknown = [name for name in rows.columns if name not in feed.schema and name not in (FILE, LINE)]
    if unknown:
        raise FeedError(f"{feed.name}: unknown column {unknown[0]!r}; it has {', '.join(feed.schema)}")
    if LINE not in rows.columns:
        rows = rows.with_columns(pl.int_range(1, pl.len() + 1).cast(pl.String).alias(LINE), pl.lit("").alias(FILE))
    return Reading(rows, pl.DataFrame(schema=REJECTS))


def _permitted(within: Collection[str]) -> Callable[[str], bool]:
    return lambda region: any(covers(one, region) for one in within)


def _known(good: pl.DataFrame, feed: Feed, known_at: Known, now: datetime) -> pl.Series:
    """Since when each row is known. By its own time: a moment since then, a day since its end, a month since its."""
    if known_at != "time":
        return pl.Series("known_at", [known_at or now] * good.height, dtype=TIME)
    if feed.time is None:
        return pl.Series("known_at", [ALWAYS] * good.height, dtype=TIME)
    column = good[feed.time]
    if column.dtype == pl.Date:
        monthly = feed.update is not None and feed.update.every.unit == "month" and feed.update.every.number == 1
        ends = column.dt.offset_by("1mo" if monthly else "1d")
        column = ends.cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Shanghai")
    return column.dt.convert_time_zone("UTC").cast(TIME).fill_null(ALWAYS).alias("known_at")


def _remembered(connection: sa.Connection, name: str, source: str) -> pl.DataFrame:
    """What was refused of this source before: a station that sends the same day again is not told again."""
    query = (
        sa.select(reject.c.field, reject.c.row, reject.c.reason)
        .join(batch)
        .where(batch.c.feed == name, batch.c.source == source)
        .order_by(reject.c.id.desc())
        .limit(_REMEMBERED)
    )
    rows = [tuple(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, schema=dict.fromkeys(("field", "row", "reason"), pl.String), orient="row").unique()


def _batch_row(
    receipt: Receipt, feed: Feed, rows: int, actor: str, source: str, now: datetime, example: bool
) -> dict[str, Any]:
    return {
        "id": receipt.batch,
        "feed": feed.name,
        "at": now,
        "actor": actor,
        "source": source,
        "rows": rows,
        "new": receipt.new,
        "revised": receipt.revised,
        "unchanged": receipt.unchanged,
        "rejected": receipt.rejected,
        "flagged": receipt.flagged,
        "notes": list(receipt.notes),
        "example": example,
    }
