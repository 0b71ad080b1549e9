"""Import 导入: files and folders into the store, each file with a record of what it brought and what was refused.

    report = import_paths(platform, ["data/beijing_hourly"], actor="analyst")
    print(report.new, report.rejected)

The same file under the same names changes nothing: it is known by its SHA-256 and not even read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.accounts import covers
from lantian.kernel.jobs import Progress
from lantian.kernel.said import Phrase
from lantian.observations import readers, segments, statements, words
from lantian.observations.names import Names
from lantian.observations.statements import Counts, Grade, Resolution
from lantian.observations.store import ObservationStore
from lantian.observations.tables import import_batch, import_rejected
from lantian.places.store import PlaceStore
from lantian.standards.codes import ITEMS

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

State = Literal["imported", "seen", "skipped", "refused"]

# Files are stored together up to so many rows: a segment a month, not one a month and file. Bounds the memory to
# about 0.3 GiB of values.
ROWS_AT_ONCE = 1_500_000


@dataclass(frozen=True)
class FileReport:
    """What became of one file.

    `state`: "imported"; "seen", the same file was imported before and changes nothing; "skipped", it lies in a folder
    and no layout recognises it; "refused", it cannot be read. `notes` say why. `rows`: data rows in the file.
    `counts`: place-hours and place-days. `rejected`: entries refused, kept under `batch` with line, field, value and
    reason.
    """

    path: Path
    state: State
    kind: str = ""
    batch: int | None = None
    rows: int = 0
    counts: Counts = field(default_factory=Counts)
    rejected: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportReport:
    """What became of all files, in the order in which they were read."""

    files: tuple[FileReport, ...]

    @property
    def rows(self) -> int:
        """Data rows read."""
        return sum(one.rows for one in self.files)

    @property
    def new(self) -> int:
        """Place-hours and place-days with values never stated before."""
        return sum(one.counts.new for one in self.files)

    @property
    def revised(self) -> int:
        """Place-hours and place-days with a value that differs from what stood."""
        return sum(one.counts.revised for one in self.files)

    @property
    def unchanged(self) -> int:
        """Place-hours and place-days that said nothing new."""
        return sum(one.counts.unchanged for one in self.files)

    @property
    def rejected(self) -> int:
        """Entries refused."""
        return sum(one.rejected for one in self.files)

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """The files that could not be read."""
        return tuple(one for one in self.files if one.state == "refused")


def import_paths(
    platform: Platform,
    paths: Iterable[str | Path],
    actor: str,
    progress: Progress | None = None,
    places: PlaceStore | None = None,
    *,
    grade: Grade = "raw",
    known_at: datetime | None = None,
    within: Collection[str] | None = None,
) -> ImportReport:
    """Import files, and all files in folders, whose layouts :mod:`lantian.observations.readers` recognises.

    `places` (None: the platform's) turns names into codes; rows of a place that it does not know are refused.
    `progress` is told of every file. `grade` and `known_at` as in `ObservationStore.append`. `within`: region codes;
    rows of places elsewhere are refused (None: none are). A file that cannot be read is reported as refused and stops
    nothing; in a folder one that no layout recognises is skipped.

    Raises FileNotFoundError for a path that is not there, and LookupError where no places are loaded at all.
    """
    named = [Path(path) for path in paths]
    files = list(_files(named))
    progress = progress or Progress()
    progress.stage("导入 import", total=len(files))
    work = _Import(platform, actor, Names.of(places or PlaceStore(platform.engine)), grade, known_at, within)
    for path in files:
        report = work.take(path, named=path in named)
        said = f"{report.rows} rows" if report.state == "imported" else report.state
        progress.advance(message=f"{path.name}: {said}")
    waiting = work.rows_waiting
    if waiting:
        progress.stage("写入 store", total=waiting)
    work.flush()
    if waiting:
        progress.advance(waiting)
    if work.hours_changed:
        from lantian.observations.quality import duties  # its service stands on this store

        duties.ask(platform.engine)
    return ImportReport(tuple(work.reports[path] for path in files))


@dataclass
class _Waiting:
    """A file that has been read and waits to be stored with others."""

    path: Path
    sha256: str
    reading: readers.Reading
    frames: dict[Resolution, pl.DataFrame]
    rejects: pl.DataFrame
    notes: list[str]
    batch: int = 0
    counts: Counts = field(default_factory=Counts)


class _Import:
    """One call of `import_paths`."""

    def __init__(
        self,
        platform: Platform,
        actor: str,
        names: Names,
        grade: Grade,
        known_at: datetime | None,
        within: Collection[str] | None,
    ) -> None:
        self._engine, self._clock = platform.engine, platform.clock
        self._store = ObservationStore(platform)
        self._actor, self._names, self._grade, self._known_at = actor, names, grade, known_at
        self._refused = _outside(names, within)
        limits = "" if within is None else f" {sorted(within)}"
        self._mapping = hashlib.sha256(f"{names.fingerprint} {grade} {known_at}{limits}".encode()).hexdigest()
        self._waiting: list[_Waiting] = []
        self.reports: dict[Path, FileReport] = {}
        self.hours_changed = False

    def take(self, path: Path, *, named: bool) -> FileReport:
        """Read one file; it is stored with its neighbours, at the latest by `flush`."""
        sha256 = segments.digest(path)
        batch = self._seen(sha256)
        if batch is not None or any(one.sha256 == sha256 for one in self._waiting):
            report = FileReport(path, "seen", batch=batch, notes=(words.SEEN.say(),))
        else:
            try:
                reading = readers.read(path, stations=self._names, places=self._names.get)
            except readers.ReadError as error:
                passed = isinstance(error, readers.UnknownLayoutError) and not named
                report = FileReport(path, "skipped" if passed else "refused", notes=(str(error),))
            else:
                self._waiting.append(_sorted_out(path, sha256, reading, self._names, self._refused))
                report = FileReport(path, "imported", reading.kind, rows=reading.rows_read)
        self.reports[path] = report
        if self.rows_waiting >= ROWS_AT_ONCE:
            self.flush()
        return report

    @property
    def rows_waiting(self) -> int:
        """Rows read and not yet stored."""
        return sum(frame.height for one in self._waiting for frame in one.frames.values())

    def flush(self) -> None:
        """Store all files that wait, and record what each of them brought."""
        if not self._waiting:
            return
        self._open_batches()
        for resolution in ("hour", "day"):
            together = [one for one in self._waiting if resolution in one.frames]
            try:
                self._append(together, resolution)
            except statements.StatedTwiceError:  # two files speak of the same hour: one after the other then
                for one in together:
                    self._append([one], resolution)
        self._close_batches()
        for one in self._waiting:
            self.reports[one.path] = FileReport(
                one.path,
                "imported",
                one.reading.kind,
                one.batch,
                one.reading.rows_read,
                one.counts,
                one.rejects.height,
                tuple(one.notes),
            )
        self._waiting = []

    def _append(self, together: list[_Waiting], resolution: Resolution) -> None:
        if not together:
            return
        frames = [
            one.frames[resolution].with_columns(pl.lit(f"import:{one.batch}").alias("source")) for one in together
        ]
        receipt = self._store.append(
            pl.concat(frames, how="diagonal"), resolution, "import", self._grade, self._known_at, actor=self._actor
        )
        self.hours_changed |= resolution == "hour" and bool(receipt.segments)
        for one in together:
            one.counts = one.counts.plus(receipt.counts.get(f"import:{one.batch}", Counts()))

    def _seen(self, sha256: str) -> int | None:
        query = sa.select(sa.func.max(import_batch.c.id)).where(
            import_batch.c.sha256 == sha256, import_batch.c.mapping == self._mapping, import_batch.c.finished
        )
        with self._engine.connect() as connection:
            batch: int | None = connection.scalar(query)
        return batch

    def _open_batches(self) -> None:
        """Record the files before their values are stored, so that no value is without its origin after a crash."""
        with audit.act(self._engine, self._actor, "import") as connection:
            for one in self._waiting:
                values = {
                    "at": self._clock.now(),
                    "actor": self._actor,
                    "file": str(one.path),
                    "kind": one.reading.kind,
                    "sha256": one.sha256,
                    "mapping": self._mapping,
                    "rows": one.reading.rows_read,
                    **Counts()._asdict(),
                    "rejected": one.rejects.height,
                    "notes": one.notes,
                    "finished": False,
                }
                one.batch = connection.scalars(import_batch.insert().values(values).returning(import_batch.c.id)).one()

    def _close_batches(self) -> None:
        with audit.act(self._engine, self._actor, "import") as connection:
            for one in self._waiting:
                update = import_batch.update().where(import_batch.c.id == one.batch)
                connection.execute(update.values(**one.counts._asdict(), finished=True))
                rejected = one.rejects.with_columns(pl.lit(one.batch).alias("batch")).to_dicts()
                if rejected:
                    connection.execute(import_rejected.insert(), rejected)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files meant, each once: folders are walked by name, hidden files left out."""
    met: set[Path] = set()
    for given in paths:
        if not given.exists():
            raise FileNotFoundError(f"{given}: there is no such file or folder")
        inside = sorted(given.rglob("*")) if given.is_dir() else [given]
        for path in inside:
            hidden = any(part.startswith(".") for part in path.relative_to(given).parts)
            if path.is_file() and not hidden and path not in met:
                met.add(path)
                yield path


def _outside(names: Names, within: Collection[str] | None) -> frozenset[str]:
    """Codes of the places that lie in none of these regions; None: everywhere."""
    if within is None:
        return frozenset()
    return frozenset(code for code, at in names.regions.items() if not any(covers(region, at) for region in within))


def _sorted_out(path: Path, sha256: str, reading: readers.Reading, names: Names, elsewhere: frozenset[str]) -> _Waiting:
    """Part what can be stored from what cannot: places that nobody knows or that are `elsewhere` are refused, items
    without a name noted.
    """
    waiting = _Waiting(path, sha256, reading, {}, reading.rejects, list(reading.notes))
    for resolution, frame in reading.frames.items():
        strange = [name for name in statements.items_of(frame.columns) if name.removeprefix("n_") not in ITEMS]
        if strange:
            waiting.notes.append(words.NOT_STORED.say(names=", ".join(strange)))
        known, permitted = pl.col("place").is_in(list(names)), ~pl.col("place").is_in(list(elsewhere))
        for refused, why in ((~known, words.UNLOADED_PLACE), (known & ~permitted, words.ELSEWHERE)):
            waiting.rejects = pl.concat([waiting.rejects, _refused(path, frame.filter(refused), why)])
        stored = frame.drop(strange).filter(known & permitted)
        if stored.height:
            waiting.frames[resolution] = stored
    return waiting


def _refused(path: Path, rows: pl.DataFrame, why: Phrase) -> pl.DataFrame:
    """Reject rows for their places, one entry a place: a file may hold years of each."""
    reason = pl.format(why.say(rows="{}"), "len")
    return (
        rows.group_by("place", maintain_order=True)
        .len()
        .select(
            pl.lit(str(path)).alias("file"),
            pl.lit(None, pl.String).alias("line"),
            pl.lit("place").alias("field"),
            pl.col("place").alias("value"),
            reason.alias("reason"),
        )
    )
