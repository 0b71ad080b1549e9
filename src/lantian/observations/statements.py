"""What a row of the store means, as pure functions over frames.

A row is a statement: "this place, this hour (or day), these values, known since `known_at`". A null says nothing
about its item; NaN takes the item's value back. Statements about the same item of the same place, time and grade have
different `known_at`, in the order in which they arrived, so what stood at any moment can always be told.

Grades: ``raw`` 原始 as the instrument or publisher gave it, ``reviewed`` 审核 after a person or office looked at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, NamedTuple

import polars as pl

Resolution = Literal["hour", "day"]
Grade = Literal["raw", "reviewed"]
View = Literal["best", "raw", "reviewed"]

STAMP: Final = {"hour": "time", "day": "date"}
"""Name of the column that says when, by resolution."""
GRADES: Final = ("raw", "reviewed")
VIEWS: Final = ("best", *GRADES)
TIME: Final = pl.Datetime("us", "UTC")
STAMP_TYPE: Final = {"hour": TIME, "day": pl.Date()}
"""Its type."""
_RESERVED: Final = ("place", "time", "date", "known_at", "grade", "source")

# Days are those of Beijing time, which for air-quality data is UTC+8 the year round: the recorders never followed
# daylight saving.
_BEIJING: Final = pl.duration(hours=8)
_HOUR_PUBLISHED: Final = pl.duration(hours=1)
_DAY_PUBLISHED: Final = pl.duration(hours=24 + 12 - 8)


class StatedTwiceError(ValueError):
    """A batch speaks more than once of a place and stamp; the message names them."""


class Counts(NamedTuple):
    """Rows of a batch: never stated before, differing from what stood, and saying nothing new."""

    new: int = 0
    revised: int = 0
    unchanged: int = 0

    def plus(self, other: Counts) -> Counts:
        """The sum of two."""
        return Counts(*(one + more for one, more in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Judged:
    """The statements of a batch that are worth keeping, and what became of each row.

    `rows`: to be written, sorted by place, stamp and known_at. `counts`: rows by source. `repeats`: some row speaks
    of a place and stamp of which another row, here or already stored, speaks too; a reader then has to find the last
    word for each item.
    """

    rows: pl.DataFrame
    counts: dict[str, Counts]
    repeats: bool


def schema(resolution: Resolution, items: Iterable[str]) -> pl.Schema:
    """Columns of a segment: place, stamp, the items (Float64), known_at, grade, source."""
    columns: dict[str, pl.DataType] = {"place": pl.String(), STAMP[resolution]: STAMP_TYPE[resolution]}
    columns |= dict.fromkeys(items, pl.Float64())
    return pl.Schema(columns | {"known_at": TIME, "grade": pl.String(), "source": pl.String()})


def items_of(columns: Iterable[str]) -> list[str]:
    """The item columns among `columns`, in their order."""
    return [name for name in columns if name not in _RESERVED]


def month_expr(resolution: Resolution) -> pl.Expr:
    """The local month of each row as "2016-12"."""
    stamp = pl.col("date") if resolution == "day" else pl.col("time").dt.replace_time_zone(None) + _BEIJING
    return stamp.dt.strftime("%Y-%m")


def prepare(
    frame: pl.DataFrame, resolution: Resolution, source: str, grade: Grade, known_at: datetime | None
) -> pl.DataFrame:
    """Bring a batch into the form of statements: checked, and with known_at, grade and source.

    `frame` has `place`, `time` (or `date`) and one numeric column an item; optionally `known_at` and `source`, which
    go before the arguments row by row. known_at stays null where nobody gave one: :func:`judge` then decides.

    Raises ValueError that names the column or row for a column that is missing or not numeric, a stamp that is null,
    naive or not a whole hour.
    """
    _check_arguments(resolution, grade, known_at)
    _check_columns(frame, resolution)
    stamp = STAMP[resolution]
    given_known_at, given_source = pl.lit(known_at, TIME), pl.lit(source)
    statements = frame.select(
        "place",
        pl.col(stamp).cast(STAMP_TYPE[resolution]),
        *[pl.col(name).cast(pl.Float64) for name in items_of(frame.columns)],
        (
            pl.coalesce(pl.col("known_at").cast(TIME), given_known_at)
            if "known_at" in frame.columns
            else given_known_at
        ).alias("known_at"),
        pl.lit(grade).alias("grade"),
        (pl.coalesce("source", given_source) if "source" in frame.columns else given_source).alias("source"),
    )
    _check_rows(statements, resolution)
    return statements


def judge(said: pl.DataFrame, stands: pl.DataFrame | None, now: datetime, resolution: Resolution) -> Judged:
    """Compare a batch (see :func:`prepare`) with what stands, and keep what is new or different.

    `stands` is the outcome of :func:`standing` for the batch's grade, or None where the store knows nothing of these
    places and stamps. A value never stated before is known from its natural time of publication: the end of the hour,
    or 12:00 Beijing time of the next day. A value that differs from what stands, and a reviewed one that comes after
    a raw one, is known from `now`. A known_at that the batch gives goes before all of these. No word is known earlier
    than the one that it replaces. Rows without any value are counted as unchanged.

    Raises StatedTwiceError where the batch speaks twice of a place and stamp.
    """
    stamp, items = STAMP[resolution], items_of(said.columns)
    said = said.sort("place", stamp)
    _check_unique(said, stamp)
    if stands is None:
        stands = said.clear().with_columns(pl.lit(False).alias("other"))
    was = stands.select(
        "place",
        stamp,
        pl.col("known_at").alias("was known_at"),
        "other",
        *(pl.col(name).alias(f"was {name}") for name in items if name in stands.columns),
        *(pl.lit(None, pl.Float64).alias(f"was {name}") for name in items if name not in stands.columns),
    )
    new, revised = {}, {}
    for name in items:
        said_now, said_before = pl.col(name).is_not_null(), pl.col(f"was {name}").is_not_null()
        new[name] = said_now & ~said_before
        # Polars holds NaN equal to NaN: taking back what is already taken back says nothing new.
        revised[name] = said_now & said_before & (pl.col(name) != pl.col(f"was {name}"))
    marked = said.join(was, on=["place", stamp], how="left", maintain_order="left").with_columns(
        pl.any_horizontal(pl.lit(False), *new.values()).alias("any new"),
        pl.any_horizontal(pl.lit(False), *revised.values()).alias("any revised"),
    )
    published = _published(resolution)
    from_now = pl.coalesce("known_at", pl.max_horizontal(published, pl.lit(now, TIME)))
    after_raw = pl.col("other").fill_null(False) & (pl.col("grade") == "reviewed")
    first_known = pl.when(after_raw).then(from_now).otherwise(pl.coalesce("known_at", published))
    later_known = pl.max_horizontal(from_now, pl.col("was known_at") + pl.duration(microseconds=1))
    firsts = marked.filter("any new").with_columns(
        *(pl.when(new[name]).then(name).alias(name) for name in items), first_known.alias("known_at")
    )
    seconds = marked.filter("any revised").with_columns(
        *(pl.when(revised[name]).then(name).alias(name) for name in items), later_known.alias("known_at")
    )
    rows = pl.concat([firsts, seconds]).select(said.columns).sort("place", stamp, "known_at")
    repeats = seconds.height > 0 or firsts.get_column("other").null_count() < firsts.height
    return Judged(rows, _count(marked), repeats)


def standing(spoken: pl.LazyFrame, resolution: Resolution, items: Sequence[str], grade: Grade) -> pl.LazyFrame:
    """What a new statement of `grade` is compared with, one row a place and stamp of which anybody spoke.

    The last word of the grade on each item, `known_at` of its latest statement, and `other`: did another grade speak?
    """
    stamp, own = STAMP[resolution], pl.col("grade") == grade
    return (
        spoken.with_columns(pl.when(own).then(name).alias(name) for name in [*items, "known_at"])
        .with_columns((~own).alias("other"))
        .sort("place", stamp, "known_at")
        .group_by("place", stamp, maintain_order=True)
        .agg(*[pl.col(name).drop_nulls().last() for name in items], pl.col("known_at").max(), pl.col("other").any())
    )


def last_words(
    spoken: pl.LazyFrame, resolution: Resolution, items: Sequence[str], *, with_grade: bool = False
) -> pl.LazyFrame:
    """For each place and stamp the last word on each item; a reviewed word outweighs every raw one.

    Taken-back values stay NaN. `with_grade` adds `grade`: "reviewed" where any statement about the place and stamp is.
    """
    stamp = STAMP[resolution]
    grade = [pl.col("grade").last()] if with_grade else []
    return (
        # "raw" sorts before "reviewed", so the last of each group is the word that counts.
        spoken.sort("place", stamp, "grade", "known_at")
        .group_by("place", stamp, maintain_order=True)
        .agg(*[pl.col(name).drop_nulls().last() for name in items], *grade)
    )


def repeated(statements: pl.DataFrame, resolution: Resolution) -> bool:
    """Does any place and stamp appear twice in statements sorted by place and stamp?"""
    return bool(statements.select(_same_as_previous(STAMP[resolution]).any()).item())


def _published(resolution: Resolution) -> pl.Expr:
    """The natural time of publication of each row."""
    if resolution == "hour":
        return pl.col("time") + _HOUR_PUBLISHED
    return pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + _DAY_PUBLISHED


def _same_as_previous(stamp: str) -> pl.Expr:
    return (pl.col("place") == pl.col("place").shift()) & (pl.col(stamp) == pl.col(stamp).shift())


def _count(marked: pl.DataFrame) -> dict[str, Counts]:
    revised, new = pl.col("any revised"), pl.col("any new")
    table = marked.group_by("source").agg(
        (new & ~revised).sum().alias("new"), revised.sum().alias("revised"), (~new & ~revised).sum().alias("unchanged")
    )
    return {source: Counts(*numbers) for source, *numbers in table.iter_rows()}


def _check_arguments(resolution: str, grade: str, known_at: datetime | None) -> None:
    if resolution not in STAMP:
        raise ValueError(f"resolution {resolution!r}: expected one of {', '.join(STAMP)}")
    if grade not in GRADES:
        raise ValueError(f"grade {grade!r}: expected one of {', '.join(GRADES)}")
    if known_at is not None and known_at.tzinfo is None:
        raise ValueError(
            f"known_at {known_at}: expected a time with its zone, such as datetime(2016, 12, 1, 8, tzinfo=UTC)"
        )


def _check_columns(frame: pl.DataFrame, resolution: Resolution) -> None:
    stamp = STAMP[resolution]
    wanted: dict[str, pl.DataType] = {"place": pl.String(), stamp: STAMP_TYPE[resolution]}
    wanted |= {name: kind for name, kind in (("known_at", TIME), ("source", pl.String())) if name in frame.columns}
    for name, expected in wanted.items():
        if name not in frame.columns:
            raise ValueError(f"a frame of resolution {resolution!r} needs the column {name!r}; it has {frame.columns}")
        found = frame.schema[name]
        if found != expected and not (isinstance(found, pl.Datetime) and found.time_zone == "UTC" and expected == TIME):
            raise ValueError(f"column {name!r} is {found}; expected {expected}")
    for name in items_of(frame.columns):
        if not (frame.schema[name].is_numeric() or frame.schema[name] == pl.Null):
            raise ValueError(f"column {name!r} is {frame.schema[name]}; an item needs numbers")


def _check_rows(prepared: pl.DataFrame, resolution: Resolution) -> None:
    stamp, items = STAMP[resolution], items_of(prepared.columns)
    off = pl.lit(False) if resolution == "day" else pl.col("time") != pl.col("time").dt.truncate("1h")
    absent = pl.col("place").is_null() | pl.col(stamp).is_null()
    infinite = pl.any_horizontal(pl.lit(False), *(pl.col(name).is_infinite() for name in items))
    wrong = absent | off | infinite.fill_null(False)
    found = prepared.with_row_index("row").filter(wrong).head(1)
    if found.height:
        row = found.to_dicts()[0]
        said = ", ".join(f"{name} {row[name]}" for name in items)
        expected = f"a place, {'the beginning of an hour' if resolution == 'hour' else 'a day'} and finite values"
        raise ValueError(f"row {row['row']}: place {row['place']!r}, {stamp} {row[stamp]}, {said}: expected {expected}")


def _check_unique(said: pl.DataFrame, stamp: str) -> None:
    twice = said.filter(_same_as_previous(stamp)).head(1)
    if twice.height:
        place, when = twice.select("place", stamp).row(0)
        raise StatedTwiceError(
            f"place {place!r}, {stamp} {when}: stated twice in one batch; a batch speaks once of each"
        )
