"""What pages, commands and jobs ask of the forecast::

    with open_platform() as platform:
        forecasts = Forecasts(platform)
        run = forecasts.latest()
        forecasts.published(run, ["110000"])

Everything is as of a moment (None: the clock's now): a run once it was finished, a correction once it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from lantian.forecast import duty, verify, verify_clearing
from lantian.forecast.duty import Correction, DutyBook, Text
from lantian.forecast.peers_store import PeerStore
from lantian.forecast.store import Mode, Run, RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.said import Said

if TYPE_CHECKING:
    import xarray as xr

OURS = "lantian"
"""The source that is published where the duty forecaster says nothing else."""
SOURCES = ("duty", OURS, "model", "statistics", "persistence")
"""Our own sources in the order in which pages show them; other models' names follow."""
SOURCE_NAMES = {"statistics": Said("statistics", "统计"), "model": Said("engine", "模式")}
"""Names of the sources that are put together; others are called what their files are called."""
_Chosen = Literal["values", "outlook", "hours", "clearing"]


@dataclass(frozen=True)
class Standing:
    """How far a run is for a place: which text is out, which draft waits, how many days are corrected.

    Attributes:
        published: the newest published text; None: the forecast went out by itself, nobody spoke of it.
        draft: a draft newer than that; None where there is none.
        corrected: days on which a correction counts.
    """

    published: Text | None
    draft: Text | None
    corrected: int


class Forecasts:
    """The forecasts of one platform."""

    def __init__(self, platform: Platform) -> None:
        self.store = RunStore(platform)
        self.duty = DutyBook(platform)
        self.peers = PeerStore(platform)
        self._clock = platform.clock

    def runs(self, as_of: datetime | None = None, *, first: datetime | None = None) -> list[Run]:
        """Runs known by then, newest and best first; ``first``: only issues from then on."""
        return self.store.runs(as_of or self._clock.now(), first=first)

    def latest(self, as_of: datetime | None = None, *, mode: Mode | None = None) -> Run | None:
        """The newest run known by then; of one issue that with a weather forecast, else with perfect weather, else
        history only. None where there is none.
        """
        return next((run for run in self.runs(as_of) if mode in (None, run.mode)), None)

    def run(self, issue: datetime, mode: Mode | None = None, as_of: datetime | None = None) -> Run:
        """The run of an issue known by then; ``mode`` None: the best. Raises LookupError where there is none."""
        for run in self.runs(as_of, first=issue):
            if run.issue == issue and mode in (None, run.mode):
                return run
        raise LookupError(f"no forecast issued {issue.isoformat()}{f' in mode {mode}' if mode else ''} is known")

    def outlook(
        self,
        run: Run,
        places: Sequence[str] | None = None,
        sources: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Days of a run by source, ``duty`` among them where the duty forecaster corrected by then."""
        said = self.duty.corrections([run], places, as_of or self._clock.now()).get(run.id, [])
        made = self._chosen(run, "outlook", places, sources)
        spoken = duty.outlook(said, run)
        if sources is not None:
            spoken = spoken.filter(pl.col("source").is_in(list(sources)))
        return pl.concat([made, spoken]).sort("place", "date", "source")

    def published(self, run: Run, places: Sequence[str] | None = None, as_of: datetime | None = None) -> pl.DataFrame:
        """What counts: one row a place and day, the duty forecaster's where there is one, else ours.

        Probabilities are ours, also beside a corrected range: a person gives none.
        """
        both = self.outlook(run, places, (OURS, duty.SOURCE), as_of)
        chances = [f"p{level}" for level in range(1, 7)]
        ours = both.filter(pl.col("source") == OURS).select("place", "date", *chances)
        rank = pl.col("source") == duty.SOURCE
        words = both.sort(rank, descending=True, maintain_order=True).unique(("place", "date"), keep="first")
        return words.drop(chances).join(ours, on=("place", "date"), how="left").sort("place", "date")

    def values(
        self, run: Run, places: Sequence[str] | None = None, sources: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Daily values of a run with their quantiles, by source and item."""
        return self._chosen(run, "values", places, sources)

    def hours(
        self, run: Run, places: Sequence[str] | None = None, sources: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Hours of a run, by source."""
        return self._chosen(run, "hours", places, sources)

    def clearing(
        self, run: Run, places: Sequence[str] | None = None, sources: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """When the air of places is expected to clear, by what, with which probability."""
        return self._chosen(run, "clearing", places, sources)

    def shares(self, run: Run, places: Sequence[str] | None = None) -> pl.DataFrame:
        """Which share each source has in what is published, by place, day and item; no rows where the statistics alone
        speak. See `combination`.
        """
        frame = self.store.product(run, "shares")
        return (frame if places is None else frame.filter(pl.col("place").is_in(list(places)))).collect()

    def weather(self, run: Run) -> pl.DataFrame:
        """The weather of files at the stations with its corrections; empty in other modes. See `foreseen_bias`."""
        return self.store.product(run, "weather").collect()

    def fields(self, run: Run) -> xr.Dataset | None:
        """The fields of a run, read when they are used; None where the engine did not run."""
        return self.store.fields(run) if self.store.has_fields(run) else None

    def correct(self, run: Run, correction: Correction, author: str) -> Correction:
        """Correct a day in the author's name, at the clock's now; what was said before stays beside it.

        Raises:
            ValueError: the correction cannot stand (see `duty.check`), or ours has no such day at that place.
        """
        days = self._chosen(run, "outlook", [correction.place], [OURS])
        if correction.date not in days["date"].to_list():
            raise ValueError(f"{correction.place} has no forecast for {correction.date} in {run.folder}")
        return self.duty.correct(run, correction, author)

    def corrections(
        self, run: Run, places: Sequence[str] | None = None, as_of: datetime | None = None
    ) -> list[Correction]:
        """Everything corrected in a run by then, oldest first, also what a later word stands instead of."""
        return self.duty.corrections([run], places, as_of or self._clock.now()).get(run.id, [])

    def write(self, run: Run, place: str, text: str, author: str, *, published: bool) -> Text:
        """Write the text of a run for a place, as a draft or published. Raises ValueError for no words or too many."""
        return self.duty.write(run, place, text, author, published=published)

    def standing(self, run: Run, place: str, as_of: datetime | None = None) -> Standing:
        """How far a run is for a place."""
        texts = self.duty.texts(run, place, as_of or self._clock.now())
        out = next((text for text in texts if text.published), None)
        draft = texts[0] if texts and not texts[0].published else None
        corrected = len(duty.last_words(self.corrections(run, [place], as_of)))
        return Standing(out, draft, corrected)

    def scores(
        self,
        mode: Mode,
        observed: pl.DataFrame,
        places: Sequence[str],
        first: date,
        last: date,
        as_of: datetime | None = None,
        *,
        by: Sequence[str] = ("source", "lead"),
        season: verify.Season | None = None,
    ) -> Scores:
        """Verify all runs of a mode known by then, on the days ``first``..``last`` of places.

        ``observed``: judged days as known by then; see `verify.verify`.
        """
        runs = [run for run in self.runs(as_of) if run.mode == mode and run.day < last]
        wanted = pl.col("place").is_in(list(places)) & pl.col("date").is_between(first, last)
        if season is not None:
            wanted &= pl.col("date").dt.month().is_in(verify.SEASONS[season])
        values, outlook = (
            self.store.archive(runs, name).filter(wanted).drop("mode").collect() for name in ("values", "outlook")
        )
        said = self.duty.corrections(runs, places, as_of or self._clock.now())
        spoken = [duty.outlook(said[run.id], run).filter(wanted) for run in runs if run.id in said]
        moment = as_of or self._clock.now()
        values = self.peers.beside(values, "values", moment).filter(wanted)
        outlook = self.peers.beside(pl.concat([outlook, *spoken]), "outlook", moment).filter(wanted)
        seen = observed.filter(wanted)
        judged = outlook.join(seen.drop_nulls("aqi"), on=("place", "date"), how="semi")
        return Scores(
            table=verify.verify(values, outlook, seen, by=by),
            reliability=verify.reliability(outlook, seen),
            issues=judged["issue"].n_unique(),
            days=judged["date"].n_unique(),
            first=judged["date"].min(),
            last=judged["date"].max(),
        )

    def clearing_scores(
        self,
        mode: Mode,
        observed: pl.DataFrame,
        places: Sequence[str],
        first: date,
        last: date,
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Verify what was published of when dirty air clears, in runs of a mode issued on the days ``first``..``last``.

        ``observed``: hours of the places as known by then, from some days before; see `verify_clearing.verify`.
        """
        runs = [run for run in self.runs(as_of) if run.mode == mode and first <= run.day <= last]
        wanted = (pl.col("source") == OURS) & pl.col("place").is_in(list(places))
        said, hours = (self.store.archive(runs, name).filter(wanted).collect() for name in ("clearing", "hours"))
        return verify_clearing.verify(said, hours, observed, by=("place",))

    def _chosen(
        self, run: Run, name: _Chosen, places: Sequence[str] | None, sources: Sequence[str] | None
    ) -> pl.DataFrame:
        frame = self.store.product(run, name)
        if name != "clearing":
            # Other models say nothing of clearing; their forecasts of the same issue stand below ours.
            frame = self.peers.beside(frame.collect(), name, issue=run.issue).lazy()
        for column, chosen in (("place", places), ("source", sources)):
            if chosen is not None:
                frame = frame.filter(pl.col(column).is_in(list(chosen)))
        return frame.collect()


@dataclass(frozen=True)
class Scores:
    """A verification with its sample.

    Attributes:
        table: see `verify.verify`.
        reliability: see `verify.reliability`.
        issues, days: how many of each it rests on; ``first``, ``last``: the days, None where there are none.
    """

    table: pl.DataFrame
    reliability: pl.DataFrame
    issues: int
    days: int
    first: Any
    last: Any


def made_of(shares: pl.DataFrame) -> Said:
    """What the published value of one place, day and item is made of, in a sentence.

    ``shares``: its rows of `Forecasts.shares`; none where the statistics alone speak.
    """
    rows = shares.filter(pl.col("source") != "statistics").sort("share", "source", descending=[True, False]).to_dicts()
    counted = [row for row in rows if row["share"] > 0]
    left = 100 - sum(round(100 * row["share"]) for row in counted)
    told = [("statistics", left), *((row["source"], round(100 * row["share"])) for row in counted)]
    names = [(SOURCE_NAMES.get(name, Said(name)), share) for name, share in told]
    en = ", ".join(f"{name} {share} %" for name, share in names)
    zh = "、".join(f"{name.zh} {share} %" for name, share in names)
    if counted:
        issues = max(row["issues"] for row in counted)
        return Said(f"{en}, from {issues} issues", f"{zh}，据此前 {issues} 次起报")
    if rows:
        waiting = ", ".join(f"{SOURCE_NAMES.get(row['source'], Said(row['source']))} {row['issues']}" for row in rows)
        wait_zh = "、".join(
            f"{SOURCE_NAMES.get(row['source'], Said(row['source'])).zh} {row['issues']} 次" for row in rows
        )
        return Said(f"{en}; issues verified so far: {waiting}", f"{zh}；已核对的起报：{wait_zh}")
    return Said(en, zh)
