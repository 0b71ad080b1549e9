"""The records of feeds in PostgreSQL: statements that are added, never changed; the last word of each key is read.

A statement says "this key, these values, known since known_at". The same key said again with other values is a
revision, and both are kept; the same values change nothing. Writers of one feed go one after the other, so that the
numbers of its records rise in the order of their commits: that is what makes pages and `since` exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from lantian.observations.feeds.definition import NUMBERS, TIME, Feed
from lantian.observations.feeds.entry import FeedError
from lantian.observations.feeds.reader import stem
from lantian.observations.feeds.tables import record

BESIDE: Final[Mapping[str, pl.DataType]] = {
    "region": pl.String(),
    "flags": pl.List(pl.String),
    "known_at": TIME,
    "batch": pl.Int64(),
}
"""Columns of a reading beside those of the definition."""

COVER: Final = "****"
_JOIN: Final = "\x1f"
_COLUMNS: Final = ("ord", "key", "time", "region", "lon", "lat", "values", "hidden", "flags", "known_at")

_COMING = """
create temp table feed_coming (
    ord bigint, key text, time timestamptz, region text, lon double precision, lat double precision, values jsonb,
    hidden jsonb, flags text[], known_at timestamptz, old bigint, same boolean not null default false, next timestamptz
) on commit drop
"""
# A field that is added to a definition later shall revise nothing: what has no value is not written.
_STRIP = "update feed_coming set values = jsonb_strip_nulls(values), hidden = jsonb_strip_nulls(hidden)"
_STANDING = """
update feed_coming c set old = s.id, same = s.values = c.values and s.hidden is not distinct from c.hidden
from (
    select distinct on (i.ord) i.ord, r.id, r.values, r.hidden
    from feed_coming i join feed_record r on r.feed = :feed and r.key = i.key and r.known_at <= i.known_at
    order by i.ord, r.known_at desc, r.id desc
) s where s.ord = c.ord
"""
_NEXT = """
update feed_coming c set next = s.next
from (
    select i.ord, min(r.known_at) as next
    from feed_coming i join feed_record r on r.feed = :feed and r.key = i.key and r.known_at > i.known_at
    group by i.ord
) s where s.ord = c.ord
"""
_INSERT = """
insert into feed_record (feed, key, time, region, lon, lat, values, hidden, flags, known_at, superseded_at, batch)
select :feed, key, time, region, lon, lat, values, hidden, flags, known_at, next, :batch
from feed_coming where not same order by ord
"""
_SUPERSEDE = """
update feed_record r set superseded_at = c.known_at from feed_coming c where r.id = c.old and not c.same
"""


@dataclass(frozen=True)
class Written:
    """What became of good rows: the positions of the new and of the revised ones."""

    new: tuple[int, ...]
    revised: tuple[int, ...]


@dataclass(frozen=True)
class Cursor:
    """Where a reading of pages stands: of the records up to number ``upto``, as they were known at ``at``, those
    after number ``last`` are to come.
    """

    upto: int
    at: datetime
    last: int = 0


@dataclass(frozen=True)
class Question:
    """What is asked of the records of a feed.

    Attributes:
        as_of: as it was known then.
        start, end: start <= time < end.
        region: only within it.
        where: field to value, as texts; None: the field is empty.
        since: only what became known after a moment, or after a reading that ended at a cursor.
        limit: at most so many: the newest, or with a cursor the next ones.
    """

    as_of: datetime
    start: datetime | None = None
    end: datetime | None = None
    region: str | None = None
    where: Mapping[str, str | None] = field(default_factory=dict)
    since: datetime | Cursor | None = None
    limit: int | None = None
    cursor: Cursor | None = None


def asked_for(feed: Feed, name: str, value: str | None) -> None:
    """Check a value that is asked for (None: empty). Raises FeedError where it is none of the field's."""
    if name not in feed.schema:
        raise FeedError(f"where, {name}: {feed.name} has the fields {', '.join(feed.schema)}")
    if value is None:
        return
    try:
        fits = feed.field(name).type not in NUMBERS or math.isfinite(float(value))
    except ValueError:
        fits = False
    if not fits or "\0" in value:
        raise FeedError(f"where, {name}: {value!r}; expected a value of {feed.name}")


def lock(connection: sa.Connection, feed: str) -> None:
    """Let no other writer of the feed in until this transaction ends."""
    connection.execute(sa.text("select pg_advisory_xact_lock(hashtextextended(:name, 18))"), {"name": feed})


def put(connection: sa.Connection, feed: Feed, good: pl.DataFrame, known: pl.Series, batch: int) -> Written:
    """Write good rows (`validation.validate`), each known since the moment of ``known``."""
    coming = _coming(feed, good, known)
    connection.execute(sa.text(_COMING))
    cursor = connection.connection.cursor()
    with cursor.copy(f"copy feed_coming ({', '.join(_COLUMNS)}) from stdin (format csv)") as copy:
        for piece in coming.iter_slices(20_000):
            copy.write(piece.write_csv(include_header=False, quote_style="non_numeric").encode())
    cursor.close()
    connection.execute(sa.text(_STRIP))
    connection.execute(sa.text("analyze feed_coming"))
    if connection.scalar(sa.select(sa.exists().where(record.c.feed == feed.name))):
        connection.execute(sa.text(_STANDING), {"feed": feed.name})
        connection.execute(sa.text(_NEXT), {"feed": feed.name})
    connection.execute(sa.text(_INSERT), {"feed": feed.name, "batch": batch})
    connection.execute(sa.text(_SUPERSEDE))
    rows = connection.execute(sa.text("select ord, old is null as new from feed_coming where not same order by ord"))
    said = [(int(row.ord), bool(row.new)) for row in rows]
    connection.execute(sa.text("drop table feed_coming"))
    return Written(tuple(at for at, new in said if new), tuple(at for at, new in said if not new))


def _coming(feed: Feed, good: pl.DataFrame, known: pl.Series) -> pl.DataFrame:
    written = [_written(name, kind) for name, kind in feed.schema.items()]
    masked = {one.name: _covered(one.name, one.type, one.dtype) for one in feed.masked}
    shown = [masked.get(name, expr).alias(name) for name, expr in zip(feed.schema, written, strict=True)]
    full = [expr for name, expr in zip(feed.schema, written, strict=True) if name in masked]
    when: pl.Expr = pl.lit(None, TIME)
    if feed.time is not None:
        when = pl.col(feed.time)
        if feed.schema[feed.time] == pl.Date():
            when = when.cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("UTC")
    stamp = "%Y-%m-%dT%H:%M:%S%.6f+00"
    frame = good.with_columns(known.cast(TIME).alias("_known"))
    return frame.select(
        pl.int_range(pl.len()).alias("ord"),
        pl.concat_str([pl.col(name).cast(pl.String) for name in feed.key], separator=_JOIN).alias("key"),
        when.dt.strftime(stamp).alias("time"),
        pl.col("region"),
        pl.col("_lon"),
        pl.col("_lat"),
        pl.struct(shown).struct.json_encode().alias("values"),
        (pl.struct(full).struct.json_encode() if full else pl.lit(None, pl.String)).alias("hidden"),
        (pl.lit("{") + pl.col("flags").list.join(",") + pl.lit("}")).alias("flags"),
        pl.col("_known").dt.strftime(stamp).alias("known_at"),
    )


def _written(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if kind == TIME:
        return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").alias(name)
    return column.dt.strftime("%Y-%m-%d").alias(name) if kind == pl.Date() else column


def _covered(name: str, kind: str, dtype: pl.DataType) -> pl.Expr:
    """A masked value as those see it who may not see it in full; of what is no text nothing is shown."""
    if dtype != pl.String():
        return pl.lit(None, pl.String)
    column = pl.col(name)
    if kind == "person":
        return column.str.slice(0, 1) + COVER[:2]
    return (
        pl.when(column.str.len_chars() > 4)
        .then(column.str.slice(0, 2) + COVER + column.str.slice(-1))
        .otherwise(column.str.slice(0, 1) + COVER)
    )


def read(
    connection: sa.Connection,
    feed: Feed,
    asked: Question,
    uncovered: Sequence[str] = (),
    condition: sa.ColumnElement[bool] | None = None,
) -> pl.DataFrame:
    """The last word of each key: the definition's columns and `BESIDE`, by time, with a cursor by number.

    ``uncovered``: masked fields that are given in full; ``condition``: what the reader may see. The column `_id` is
    the number of the record.
    """
    query = _conditions(sa.select(*_shown(bool(uncovered))), feed, asked, uncovered)
    query = query.where(sa.true() if condition is None else condition)
    if asked.cursor is not None:
        query = query.where(record.c.id > asked.cursor.last, record.c.id <= asked.cursor.upto).order_by(record.c.id)
    else:
        query = query.order_by(_newest_first(feed), record.c.id.desc())
    if asked.limit is not None:
        query = query.limit(asked.limit)
    rows = connection.execute(query).all()
    found = frame([tuple(row) for row in rows], feed, uncovered)
    return found if asked.cursor is not None else found.reverse()


def these(connection: sa.Connection, feed: Feed, condition: sa.ColumnElement[bool]) -> pl.DataFrame:
    """Some records with masked fields in full, in the order in which they became known: for rules, never for people."""
    query = sa.select(*_shown(hidden=True)).where(record.c.feed == feed.name, condition)
    rows = connection.execute(query.order_by(record.c.known_at, record.c.id)).all()
    return frame([tuple(row) for row in rows], feed, [one.name for one in feed.masked]).drop("_id")


def _newest_first(feed: Feed) -> sa.UnaryExpression[Any]:
    """The order that the index has, where every record has a time."""
    falling = record.c.time.desc()
    always = feed.time is not None and (feed.time in feed.key or feed.field(feed.time).required)
    return falling if always else falling.nulls_last()


def count(
    connection: sa.Connection, feed: Feed, asked: Question, condition: sa.ColumnElement[bool] | None = None
) -> int:
    """How many records answer a question."""
    query = _conditions(sa.select(sa.func.count()).select_from(record), feed, asked, ())
    return connection.scalar(query.where(sa.true() if condition is None else condition)) or 0


def upto(connection: sa.Connection, feed: str) -> int:
    """The highest number of the feed's records; writers who have not committed are above it."""
    return connection.scalar(sa.select(sa.func.coalesce(sa.func.max(record.c.id), 0)).where(record.c.feed == feed)) or 0


def _shown(hidden: bool) -> list[sa.ColumnElement[Any]]:
    text = sa.cast(record.c["values"], sa.Text).label("text")
    full: sa.ColumnElement[Any] = sa.cast(record.c.hidden, sa.Text) if hidden else sa.cast(sa.null(), sa.Text)
    c = record.c
    return [c.id, text, full.label("full"), c.region, c.flags, c.known_at, c.batch]


def _conditions(query: sa.Select[Any], feed: Feed, asked: Question, uncovered: Sequence[str]) -> sa.Select[Any]:
    c = record.c
    at = asked.cursor.at if asked.cursor is not None else asked.as_of
    query = query.where(c.feed == feed.name, c.known_at <= at)
    if asked.cursor is None:
        query = query.where(sa.or_(c.superseded_at.is_(None), c.superseded_at > at))
    else:
        # A revision may have come since the first page: what this reading calls the last word does not change.
        later = record.alias("later")
        newer = sa.select(sa.literal(1)).where(
            later.c.feed == c.feed,
            later.c.key == c.key,
            later.c.id <= asked.cursor.upto,
            later.c.known_at <= at,
            sa.tuple_(later.c.known_at, later.c.id) > sa.tuple_(c.known_at, c.id),
        )
        query = query.where(~newer.exists())
    if asked.start is not None:
        query = query.where(c.time >= asked.start)
    if asked.end is not None:
        query = query.where(c.time < asked.end)
    if asked.region is not None:
        query = query.where(within(asked.region))
    if isinstance(asked.since, Cursor):
        query = query.where(sa.or_(c.id > asked.since.upto, c.known_at > asked.since.at))
    elif asked.since is not None:
        query = query.where(c.known_at > asked.since)
    for name, value in asked.where.items():
        stated = c["values"][name].astext
        if name in uncovered:
            stated = c.hidden[name].astext
        if value is None:  # what has no value is not written
            query = query.where(stated.is_(None))
        elif feed.field(name).type in NUMBERS:
            query = query.where(sa.cast(stated, sa.Double) == float(value))
        else:
            query = query.where(stated == value)
    return query


def within(region: str) -> sa.ColumnElement[bool]:
    """Records that lie in a region, by their codes."""
    return begins_with(stem(region))


def begins_with(begins: str) -> sa.ColumnElement[bool]:
    """Records whose region's code begins so; ``=code``: that region alone."""
    if begins.startswith("="):
        return record.c.region == begins[1:]
    return sa.func.ltrim(record.c.region, "Z").startswith(begins)


def frame(rows: Sequence[tuple[Any, ...]], feed: Feed, uncovered: Sequence[str] = ()) -> pl.DataFrame:
    """Rows of `_shown` as a typed frame."""
    raw = pl.DataFrame(
        rows, schema={"_id": pl.Int64(), "_text": pl.String(), "_full": pl.String(), **BESIDE}, orient="row"
    )
    return typed(raw, feed, uncovered)


def typed(raw: pl.DataFrame, feed: Feed, uncovered: Sequence[str] = ()) -> pl.DataFrame:
    """Rows of ``_id, _text`` (the values as JSON), ``_full`` (masked ones in full) and `BESIDE` as a typed frame."""
    columns = _typed(raw["_text"], {one.name: one.dtype for one in feed.fields})
    if uncovered:
        full = _typed(raw["_full"], {name: feed.schema[name] for name in uncovered})
        columns = columns.with_columns(full)
    beside = [raw["_id"], *(raw[name] for name in BESIDE if name not in columns.columns)]
    return columns.with_columns(beside)


def _typed(texts: pl.Series, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    plain = {name: pl.String() if kind in (TIME, pl.Date()) else kind for name, kind in schema.items()}
    decoded = texts.str.json_decode(pl.Struct(plain)).struct.unnest()
    return decoded.select(
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.6fZ", time_unit="us", time_zone="UTC")
        if kind == TIME
        else pl.col(name).str.to_date("%Y-%m-%d")
        if kind == pl.Date()
        else pl.col(name)
        for name, kind in schema.items()
    )
