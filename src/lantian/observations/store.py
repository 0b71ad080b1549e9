"""The store of observations: append statements, read what is known, ask how complete it is and how it came about.

store = open_store(platform)
receipt = store.append(frame, "hour", source="beijing_hourly")
store.hourly(["1001A"], start=date(2016, 12, 16), items=["pm25"], as_of=platform.clock.now()).collect()
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import polars as pl

from lantian.kernel import audit
from lantian.observations import coverage, manifest, segments, statements, upkeep
from lantian.observations.selection import Moment, Places, Selection, instant, literal
from lantian.observations.statements import STAMP, Counts, Grade, Resolution, View
from lantian.standards.codes import ITEMS
from lantian.standards.frames import FrameLike, as_frame

if TYPE_CHECKING:
    import sqlalchemy as sa

    from lantian.kernel.bootstrap import Platform

GRACE = timedelta(hours=1)
"""How long a reader may hold a lazy frame before it collects it: files replaced by compaction stay that long."""


@dataclass(frozen=True)
class Receipt:
    """What became of a batch that is now safely stored.

    `counts`: rows by source; `segments`: names of the files written, none where the batch said nothing new.
    """

    counts: Mapping[str, Counts]
    segments: tuple[str, ...]

    @property
    def new(self) -> int:
        """Rows with a value never stated before, and none that differs."""
        return sum(one.new for one in self.counts.values())

    @property
    def revised(self) -> int:
        """Rows with a value that differs from what stood."""
        return sum(one.revised for one in self.counts.values())

    @property
    def unchanged(self) -> int:
        """Rows that said nothing new, those without any value among them."""
        return sum(one.unchanged for one in self.counts.values())


class ObservationStore:
    """Hourly and daily observations of a platform. Any number of processes may read and write at once."""

    def __init__(self, platform: Platform) -> None:
        self._engine = platform.database.engine
        self._clock = platform.clock
        self.root = platform.settings.home / "observations"

    def append(
        self,
        frame: FrameLike,
        resolution: Resolution,
        source: str,
        grade: Grade = "raw",
        known_at: datetime | None = None,
        *,
        actor: str = "system",
    ) -> Receipt:
        """Store a batch; when this returns, the batch is on the disk and survives whatever comes.

        `frame`: `place`, `time` (hour; UTC, the beginning of the hour) or `date` (day; of Beijing), and one numeric
        column an item of `standards.codes.ITEMS` (a day may carry `n_<item>` beside it). Null says nothing, NaN takes
        a value back. Optional columns `known_at` and `source` go before the arguments. What equals the standing value
        of the same grade is dropped; a different value is a revision, known from the clock's now unless known_at is
        given. The batch becomes visible as a whole.

        Raises ValueError for unknown items, wrong types, stamps off the hour, and places stated twice for one stamp.
        """
        frame = as_frame(frame)
        _check_items(statements.items_of(frame.columns))
        said = statements.prepare(frame, resolution, source, grade, known_at)
        months = said.select(statements.month_expr(resolution)).to_series()
        counts: dict[str, Counts] = {}
        written: list[manifest.Segment] = []
        with self._engine.begin() as connection, upkeep.removed_on_error(self.root, written):
            # Months are locked in their order, so that two batches over the same months never wait for each other in a
            # circle. The manifest is written last: from its first row on, the audit trail lets no other writer commit.
            for month in sorted(months.unique()):
                part = said.filter(months == month)
                for who, numbers in self._store(connection, part, resolution, month, grade, written).items():
                    counts[who] = counts.get(who, Counts()).plus(numbers)
            audit.declare(connection, actor, f"append {resolution} {grade} {source}")
            manifest.add(connection, written, actor)
        return Receipt(counts, tuple(str(one.id) for one in written))

    def hourly(
        self,
        places: Places = None,
        start: Moment | None = None,
        end: Moment | None = None,
        items: Sequence[str] | None = None,
        as_of: datetime | None = None,
        grade: View = "best",
        *,
        with_grade: bool = False,
    ) -> pl.LazyFrame:
        """Hourly values: `place, time, <items>`, one row a place and hour, in no promised order.

        `start` <= time < `end`; a date stands for its midnight in Beijing. `items` None: all there are; one that
        nobody measured is a column of nulls. `as_of`: only what was known then; None: all that is known. `grade`
        "best": the reviewed value where there is one, else the raw; `with_grade` adds `grade`, "reviewed" where any
        value of the row is. A null means that no value is known, or that it was taken back. Collect within an hour:
        later the files may have been compacted away.
        """
        return self._view(Selection.of("hour", places, start, end, as_of, grade), items, with_grade=with_grade)

    def daily(
        self,
        places: Places = None,
        start: date | None = None,
        end: date | None = None,
        items: Sequence[str] | None = None,
        as_of: datetime | None = None,
        grade: View = "best",
        *,
        with_grade: bool = False,
    ) -> pl.LazyFrame:
        """Daily values as they were published: `place, date, <items>`; `start` <= date < `end`, all else as for
        `hourly`.
        """
        return self._view(Selection.of("day", places, start, end, as_of, grade), items, with_grade=with_grade)

    def revisions(self, place: str, when: Moment, resolution: Resolution = "hour") -> pl.DataFrame:
        """Everything ever stated about a place and hour (or day), first to last: `known_at, grade, source, <items>`.

        Only items that somebody stated; null: not spoken of, NaN: taken back.
        """
        asked = Selection.of(
            resolution, place, when, when + timedelta(hours=1) if resolution == "hour" else when + timedelta(days=1)
        )
        found = self._holding(asked)
        names = _in_order({name for one in found for name in one.items})
        history = (
            upkeep.scan(self.root, found, resolution, names)
            .filter(*asked.conditions())
            .sort("known_at", "grade")
            .select("known_at", "grade", "source", *names)
            .collect()
        )
        return history.drop(name for name in names if history.get_column(name).null_count() == history.height)

    def coverage(
        self,
        places: Places = None,
        *,
        start: Moment,
        end: Moment,
        items: Sequence[str],
        resolution: Resolution = "hour",
        as_of: datetime | None = None,
        since: Mapping[str, Moment] | None = None,
    ) -> pl.DataFrame:
        """How complete: `place, item, expected, observed, percent` for every place and item.

        Expected are the hours (days) of [start, end) whose natural time of publication had come by `as_of` (None:
        now), from the place's beginning on: `since[place]` where given, else its first row in the store. `percent` is
        null where nothing was due. `places` None: those with a row in the span.
        """
        as_of = as_of or self._clock.now()
        asked = Selection.of(resolution, places, start, end, as_of)
        begins = {place: instant(moment, resolution) for place, moment in (since or {}).items()}
        due = coverage.only_due(asked)
        return coverage.measure(self._view(due, items), due, items, begins, self._seen)

    def splice(
        self,
        places: Places = None,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        resolution: Resolution = "hour",
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Where raw and reviewed values join in the best view: `place, grade, first, last, rows`, one row an unbroken
        run.
        """
        view = self._view(Selection.of(resolution, places, start, end, as_of), [], with_grade=True)
        return coverage.splice(view, resolution)

    def compact(self, resolution: Resolution | None = None) -> list[str]:
        """Rewrite every month that stands in several segments as one; every revision is kept. Returns the new
        segments' names.
        """
        chosen: list[Resolution] = [resolution] if resolution else ["hour", "day"]
        return [name for one in chosen for name in upkeep.compact(self._engine, self.root, one)]

    def sweep(self, grace: timedelta = GRACE) -> upkeep.Swept:
        """Clear away what killed writers left, and files replaced by compaction longer ago than `grace`."""
        return upkeep.sweep(self._engine, self.root, grace)

    def check(self, *, content: bool = False) -> list[str]:
        """Faults between files and manifest, each with its remedy; none: an empty list. `content`: compare every
        file's SHA-256.
        """
        return upkeep.check(self._engine, self.root, content=content)

    def _holding(self, asked: Selection) -> list[manifest.Segment]:
        with self._engine.connect() as connection:
            return manifest.holding(connection, asked)

    def _items(self, resolution: Resolution) -> list[str]:
        with self._engine.connect() as connection:
            return _in_order(manifest.items(connection, resolution))

    def _standing(
        self, month: Sequence[manifest.Segment], said: pl.DataFrame, resolution: Resolution, grade: Grade
    ) -> pl.DataFrame | None:
        """What stands about the places and stamps of a batch; None where no segment of the month can overlap it."""
        stamp, items = STAMP[resolution], statements.items_of(said.columns)
        first, last = manifest.span(said, resolution)
        found = [one for one in month if first <= one.last and one.first <= last]
        if not found:
            return None
        spoken = (
            upkeep.scan(self.root, found, resolution, items)
            .filter(pl.col(stamp).is_between(literal(first, resolution), literal(last, resolution)))
            .join(said.lazy().select("place", stamp), on=["place", stamp], how="semi")
        )
        return statements.standing(spoken, resolution, items, grade).collect()

    def _store(
        self,
        connection: sa.Connection,
        said: pl.DataFrame,
        resolution: Resolution,
        month: str,
        grade: Grade,
        written: list[manifest.Segment],
    ) -> dict[str, Counts]:
        """Judge one month's part of a batch and write what is new to a file, which goes into `written`."""
        manifest.lock(connection, resolution, month)
        stands = self._standing(manifest.of_month(connection, resolution, month), said, resolution, grade)
        judged = statements.judge(said, stands, self._clock.now(), resolution)
        if judged.rows.height:
            file = segments.write(judged.rows, segments.path_of(self.root, resolution, month, str(uuid.uuid4())))
            written.append(manifest.describe(judged.rows, resolution, month, file, repeats=judged.repeats))
        return judged.counts

    def _view(self, asked: Selection, items: Sequence[str] | None, *, with_grade: bool = False) -> pl.LazyFrame:
        """One row a place and stamp. Months in which no statement repeats another are a plain scan; the others are
        resolved.
        """
        _check_items(items or [])
        found = self._holding(asked)
        names = self._items(asked.resolution) if items is None else list(dict.fromkeys(items))
        columns = ["place", STAMP[asked.resolution], *names, *(["grade"] if with_grade else [])]
        plain: list[manifest.Segment] = []
        parts: list[pl.LazyFrame] = []
        for _, group in groupby(found, key=lambda one: one.month):
            month = list(group)
            if any(one.repeats for one in month):
                spoken = upkeep.scan(self.root, month, asked.resolution, names).filter(*asked.conditions())
                parts.append(
                    statements.last_words(spoken, asked.resolution, names, with_grade=with_grade).select(columns)
                )
            else:
                plain += month
        parts.append(upkeep.scan(self.root, plain, asked.resolution, names).filter(*asked.conditions()).select(columns))
        return pl.concat(parts).with_columns(pl.col(name).fill_nan(None) for name in names)

    def _seen(self, asked: Selection) -> set[str]:
        """The places that have a row in a selection."""
        spoken = upkeep.scan(self.root, self._holding(asked), asked.resolution, []).filter(*asked.conditions())
        return set(spoken.select(pl.col("place").unique()).collect().to_series())


def open_store(platform: Platform) -> ObservationStore:
    """The platform's store, with what killed writers left behind cleared away."""
    store = ObservationStore(platform)
    store.sweep()
    return store


def _in_order(items: Iterable[str]) -> list[str]:
    """Items in the registry's order, counts beside their values."""
    order = {name: place for place, name in enumerate(ITEMS)}
    return sorted(items, key=lambda name: (order[name.removeprefix("n_")], name.startswith("n_")))


def _check_items(names: Iterable[str]) -> None:
    unknown = [name for name in names if name.removeprefix("n_") not in ITEMS]
    if unknown:
        raise ValueError(f"unknown items {', '.join(map(repr, unknown))}; known are {', '.join(ITEMS)} and n_<item>")
