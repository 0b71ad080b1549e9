"""Runs of the forecast: a row each in the database, their products in a folder each under ``<home>/forecast/runs``.

    store = RunStore(platform)
    run = store.begin(issue, "history", actor="job:forecast.statistics")
    run = store.put(run, values=..., outlook=..., hours=..., clearing=...)

Who reads as of a moment sees a run once it was finished, from its issue plus the time that it took, and as it stood
then: products that were known before those of now are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import polars as pl
import sqlalchemy as sa

from lantian.forecast import store_files as files
from lantian.forecast import tables
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE

if TYPE_CHECKING:
    import xarray as xr

Mode = Literal["history", "perfect", "weather"]
"""What was known of the weather to come: nothing, all of it (as observed later: 完美气象), or a weather forecast."""
MODES: tuple[Mode, ...] = get_args(Mode)
Product = Literal["values", "outlook", "hours", "clearing", "shares", "weather"]
Status = Literal["running", "finished", "failed"]

RUNS = Path("forecast") / "runs"
_PREFERRED: tuple[Mode, ...] = ("weather", "perfect", "history")


@dataclass(frozen=True)
class Stage:
    """One stage of a run, in real times; ``ended`` None: it runs, or was interrupted."""

    name: str
    began: datetime
    ended: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class State:
    """Products of a run as they were known from ``known_at`` on, until later ones were; see `Run`."""

    revision: int
    known_at: datetime
    peers_until: datetime
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One run of the forecast.

    Attributes:
        issue: the moment that it forecasts from (aware, UTC); lead 1 is the natural day after its own.
        mode: what was known of the weather to come.
        status: whether it is being made, was made, or failed; a run made anew keeps its products meanwhile.
        sources: the sources in its products: ``lantian``, ``model``, ``statistics``, ``persistence``, ...
        stages: what was done, with real times.
        models: part -> version of what computed it.
        revision: how often products were put; 0: there are none.
        known_at: since when, by the platform's clock, its products are known; None: there are none.
        peers_until: other models' files known by then speak in what is published; None: there are no products, or they
            were put before this was written down, when it was the issue.
        earlier: what was known before these products, oldest first.
        error: why the last attempt failed.
    """

    id: int
    issue: datetime
    mode: Mode
    status: Status
    began_at: datetime
    sources: tuple[str, ...]
    stages: tuple[Stage, ...]
    models: Mapping[str, str]
    folder: str
    revision: int
    known_at: datetime | None
    peers_until: datetime | None
    earlier: tuple[State, ...]
    error: str | None

    @property
    def day(self) -> Any:
        """The natural day of the issue in Beijing (lead 0)."""
        return self.issue.astimezone(TIMEZONE).date()

    @property
    def rank(self) -> tuple[datetime, int]:
        """The later the issue the better; of one issue, real weather before perfect before none."""
        return self.issue, -_PREFERRED.index(self.mode)

    @property
    def states(self) -> tuple[State, ...]:
        """All that was ever known of it and is kept, oldest first, what is known now the last."""
        if self.known_at is None:
            return ()
        return (*self.earlier, State(self.revision, self.known_at, self.peers_until or self.issue, self.sources))

    @property
    def combined_again(self) -> bool:
        """Whether what is published takes in files of other models that came after the issue."""
        return self.peers_until is not None and self.peers_until > self.issue

    def known(self, as_of: datetime) -> Run | None:
        """The run as it stood at a moment; None where nothing was known of it."""
        found = [state for state in self.states if state.known_at <= as_of]
        if not found:
            return None
        last = found[-1]
        told = {name: getattr(last, name) for name in ("revision", "known_at", "peers_until", "sources")}
        return replace(self, **told, earlier=tuple(found[:-1]))


def folder_of(issue: datetime, mode: Mode) -> str:
    """The folder of a run, by its issue in Beijing time: ``2016-12-16T20-history``."""
    return f"{issue.astimezone(TIMEZONE):%Y-%m-%dT%H}-{mode}"


class RunStore:
    """The runs of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._engine = platform.engine
        self._clock = platform.clock
        self._root = platform.home / RUNS

    def begin(
        self, issue: datetime, mode: Mode, *, actor: str, models: Mapping[str, str] | None = None, resume: bool = False
    ) -> Run:
        """Begin a run, or the same one anew; ``resume`` keeps the stages that an interrupted attempt finished.

        Raises:
            ValueError: an unknown mode, an issue that is no whole hour or has no zone, or one that the platform's clock
                has not reached.
        """
        if mode not in MODES:
            raise ValueError(f"mode {mode!r}: expected one of {', '.join(MODES)}")
        if issue.tzinfo is None or issue.astimezone(UTC) != issue.replace(minute=0, second=0, microsecond=0):
            raise ValueError(f"issue {issue.isoformat()}: expected a whole hour with its zone")
        if issue > (now := self._clock.now()):
            raise ValueError(f"issue {issue.isoformat()}: the platform's clock shows {now.isoformat()}")
        t = tables.run
        fresh = {"status": "running", "began_at": datetime.now(UTC), "error": None, "models": dict(models or {})}
        with audit.act(self._engine, actor, f"forecast {folder_of(issue, mode)}") as connection:
            found = connection.execute(sa.select(t).where(t.c.issue == issue, t.c.mode == mode)).one_or_none()
            if found is None:
                values = fresh | {"issue": issue, "mode": mode, "folder": folder_of(issue, mode)}
                row = connection.execute(sa.insert(t).values(values).returning(t)).one()
            else:
                values = fresh if resume else fresh | {"stages": []}
                row = connection.execute(sa.update(t).where(t.c.id == found.id).values(values).returning(t)).one()
        run = _run(row)
        self.folder(run).mkdir(parents=True, exist_ok=True)
        return run

    def stage(self, run: Run, name: str, *, actor: str, ended: bool = False, note: str = "") -> Run:
        """Write down that a stage begins or, with ``ended``, that it is done; a stage begun anew replaces itself."""
        now = datetime.now(UTC)
        began = next((stage.began for stage in self.get(run.id).stages if stage.name == name), now)
        made = Stage(name, began if ended else now, now if ended else None, note)
        kept = [stage for stage in self.get(run.id).stages if stage.name != name]
        stages = [_plain(stage) for stage in (*kept, made)]
        return self._write(run, actor, f"{run.folder}: {name}", stages=stages)

    def put(
        self,
        run: Run,
        *,
        values: pl.DataFrame,
        outlook: pl.DataFrame,
        hours: pl.DataFrame,
        clearing: pl.DataFrame,
        shares: pl.DataFrame | None = None,
        weather: pl.DataFrame | None = None,
        fields: xr.Dataset | None = None,
        peers_until: datetime | None = None,
        actor: str = "system",
    ) -> Run:
        """Store the products and make them known: the files first, durably, then the row.

        The columns are those of `store_files.SCHEMAS`, the fields as `store_files.checked_fields` says; frames hold
        this issue only; ``shares`` where others spoke beside the statistics, ``weather`` in mode weather. Put again,
        they replace the former ones as a whole; who reads as of a moment before they were known sees the former.
        ``peers_until``: other models' files known by then were counted in (None: by the issue). A run with files that
        came after its issue is known from the clock's now.

        Raises:
            ValueError: a product is not as expected; nothing is changed then.
        """
        given = {"values": values, "outlook": outlook, "hours": hours, "clearing": clearing}
        given |= {name: frame for name, frame in (("shares", shares), ("weather", weather)) if frame is not None}
        frames = {name: files.checked(name, frame) for name, frame in given.items()}
        for name, frame in frames.items():
            if frame.height and (frame["issue"] != run.issue).any():
                raise ValueError(f"{name}: rows of another issue than {run.issue.isoformat()}")
        checked = None if fields is None else files.checked_fields(fields)
        former = self.get(run.id)
        revision = former.revision + 1
        files.write_products(self.folder(run), revision, frames, checked)
        spoke = (frames[name]["source"] for name in ("values", "outlook", "hours", "clearing"))
        sources = sorted(set().union(*map(set, spoke)))
        late = former.combined_again or (peers_until or run.issue) > run.issue
        known_at = self._clock.now() if late else self._known_at(run)
        earlier = [state for state in former.states if state.known_at < known_at]
        written = self._write(
            run,
            actor,
            f"products of {run.folder}",
            status="finished",
            sources=sources,
            revision=revision,
            known_at=known_at,
            peers_until=peers_until or run.issue,
            earlier=[_plain_state(state) for state in earlier],
        )
        files.drop_before(self.folder(run), revision, [state.revision for state in earlier])
        return written

    def fail(self, run: Run, error: str, *, actor: str) -> Run:
        """Write down that a run failed; products that it had stay."""
        return self._write(run, actor, f"{run.folder} failed", status="failed", error=error)

    def get(self, run_id: int) -> Run:
        """One run by its number. Raises LookupError where there is none."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(tables.run).where(tables.run.c.id == run_id)).one_or_none()
        if row is None:
            raise LookupError(f"there is no run {run_id}")
        return _run(row)

    def runs(self, as_of: datetime | None = None, *, first: datetime | None = None) -> list[Run]:
        """Runs whose products are known at ``as_of``, as they stood then, newest and best first.

        ``as_of`` None: all runs as they are, also those without products. ``first``: only issues from then on.
        """
        t = tables.run
        query = sa.select(t)
        if as_of is not None:
            query = query.where(t.c.issue <= as_of)  # nothing is known of a run before its issue
        if first is not None:
            query = query.where(t.c.issue >= first)
        with self._engine.connect() as connection:
            found = [_run(row) for row in connection.execute(query)]
        if as_of is not None:
            found = [stood for run in found if (stood := run.known(as_of))]
        return sorted(found, key=lambda run: run.rank, reverse=True)

    def folder(self, run: Run) -> Path:
        """A run's folder, for stage files and products."""
        return self._root / run.folder

    def product(self, run: Run, name: Product) -> pl.LazyFrame:
        """One product of a run, read when it is collected. Raises LookupError for a run that has none yet."""
        self._has_products(run)
        return files.read_product(self.folder(run), run.revision, name)

    def archive(self, runs: Iterable[Run], name: Product) -> pl.LazyFrame:
        """One product of many runs, one below the other, with their ``mode``; empty where there are none."""
        empty = pl.LazyFrame(schema={**files.SCHEMAS[name], "mode": pl.String})
        parts = [self.product(run, name).with_columns(pl.lit(run.mode).alias("mode")) for run in runs if run.revision]
        return pl.concat([empty, *parts]) if parts else empty

    def has_fields(self, run: Run) -> bool:
        """Whether there are fields to draw a map from."""
        return run.revision > 0 and files.has_fields(self.folder(run), run.revision)

    def fields(self, run: Run) -> xr.Dataset:
        """The fields of a run, see `store_files.checked_fields`. Raises FileNotFoundError where there are none."""
        return files.open_fields(self.folder(run), run.revision)

    def background_days(self, run: Run) -> list[date]:
        """Days on which the air outside the engine's nests is the season's background alone, as no city in the
        outermost one had values; empty also where the engine did not run.
        """
        told = files.fields_told(self.folder(run), run.revision)
        return [date.fromisoformat(day) for day in told.get(files.BACKGROUND_DAYS, ())]

    def _has_products(self, run: Run) -> None:
        if run.revision == 0:
            raise LookupError(f"run {run.folder} has no products yet")

    def _known_at(self, run: Run) -> datetime:
        """Its issue plus the time that it took; the clock's now, where a replay has not got there."""
        begun = self.get(run.id)
        spent = sum((stage.ended - stage.began for stage in begun.stages if stage.ended), timedelta())
        took = max(spent, datetime.now(UTC) - begun.began_at)
        return max(run.issue, min(run.issue + took, self._clock.now()))

    def _write(self, run: Run, actor: str, reason: str, **values: Any) -> Run:
        t = tables.run
        with audit.act(self._engine, actor, reason) as connection:
            row = connection.execute(sa.update(t).where(t.c.id == run.id).values(values).returning(t)).one_or_none()
        if row is None:
            raise LookupError(f"there is no run {run.id}")
        return _run(row)


def _plain(stage: Stage) -> dict[str, str | None]:
    ended = stage.ended.isoformat() if stage.ended else None
    return {"name": stage.name, "began": stage.began.isoformat(), "ended": ended, "note": stage.note}


def _plain_state(state: State) -> dict[str, Any]:
    moments = {name: getattr(state, name).isoformat() for name in ("known_at", "peers_until")}
    return {"revision": state.revision, **moments, "sources": list(state.sources)}


def _state(row: Mapping[str, Any]) -> State:
    known_at, peers_until = (datetime.fromisoformat(row[name]) for name in ("known_at", "peers_until"))
    return State(row["revision"], known_at, peers_until, tuple(row["sources"]))


def _stage(row: Mapping[str, Any]) -> Stage:
    ended = row["ended"] and datetime.fromisoformat(row["ended"])
    return Stage(row["name"], datetime.fromisoformat(row["began"]), ended, row["note"])


def _run(row: sa.Row[Any]) -> Run:
    values = dict(row._mapping)
    values["sources"] = tuple(row.sources)
    values["stages"] = tuple(_stage(each) for each in row.stages)
    values["earlier"] = tuple(_state(each) for each in row.earlier)
    values["issue"] = cast("datetime", row.issue).astimezone(UTC)
    return Run(**values)
