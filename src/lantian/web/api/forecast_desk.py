"""The desk of the forecast: what its pages and its resources ask, each answer computed once; as of the viewer's now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

import polars as pl
from fastapi import HTTPException

from lantian.forecast.duty import Correction
from lantian.forecast.service import Forecasts, Scores, Standing
from lantian.forecast.store import Mode, Run
from lantian.forecast.verify import Season
from lantian.kernel.settings import TIMEZONE
from lantian.web.api.places import moment
from lantian.web.desk import Desk
from lantian.web.remember import Memory
from lantian.web.security import Viewer

SPELL: Final = timedelta(days=20)
"""Before the first issue: dirty air that has lasted longer is not known to be dirty."""


class ForecastDesk:
    """The forecasts for one viewer at one moment; what it gives is shared, nobody changes it.

    Attributes:
        viewer: who asks.
        desk: the desk of judgement: names of places, what was observed.
        forecasts: the room itself, for what is not remembered.
    """

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.desk = Desk(viewer)
        self.forecasts = Forecasts(viewer.platform)
        self._remember = Memory(viewer)

    @property
    def runs(self) -> list[Run]:
        """Runs known now, newest and best first."""
        return self._remember("forecast runs", lambda: self.forecasts.runs(self.viewer.now))

    def run(self, issue: str | None = None, mode: Mode | None = None) -> Run | None:
        """The run asked for; the newest without an issue. None: no run is known at all.

        Raises:
            HTTPException: 422 for text that is no time, 404 where that issue or mode is not known.
        """
        if not self.runs:
            return None
        when = moment(issue, "issue") if issue else None
        fitting = [run for run in self.runs if when in (None, run.issue) and mode in (None, run.mode)]
        if not fitting:
            raise HTTPException(404, f"no forecast issued {issue or 'so far'}{f' in mode {mode}' if mode else ''}")
        return fitting[0]

    def needed(self, issue: str | None = None, mode: Mode | None = None) -> Run:
        """As `run`; 404 also where none is known at all."""
        found = self.run(issue, mode)
        if found is None:
            raise HTTPException(404, "no forecast is known at the clock's now")
        return found

    def published(self, run: Run) -> pl.DataFrame:
        """What counts, of all places; see `Forecasts.published`."""
        return self._ask("published", run, lambda: self.forecasts.published(run, None, self.viewer.now))

    def outlook(self, run: Run) -> pl.DataFrame:
        """Days of all places and sources."""
        return self._ask("outlook", run, lambda: self.forecasts.outlook(run, None, None, self.viewer.now))

    def values(self, run: Run) -> pl.DataFrame:
        """Daily values of all places and sources."""
        return self._ask("values", run, lambda: self.forecasts.values(run))

    def hours(self, run: Run) -> pl.DataFrame:
        """Hours of all places and sources."""
        return self._ask("hours", run, lambda: self.forecasts.hours(run))

    def clearing(self, run: Run) -> pl.DataFrame:
        """Clearing of all places and sources."""
        return self._ask("clearing", run, lambda: self.forecasts.clearing(run))

    def shares(self, run: Run) -> pl.DataFrame:
        """Which share each source has in what is published."""
        return self._ask("shares", run, lambda: self.forecasts.shares(run))

    def has_fields(self, run: Run) -> bool:
        """Whether there are fields for a map."""
        return self.forecasts.store.has_fields(run)

    def corrections(self, run: Run, place: str | None = None) -> list[Correction]:
        """Everything corrected in a run, oldest first."""
        return self.forecasts.corrections(run, None if place is None else [place], self.viewer.now)

    def standing(self, run: Run, place: str) -> Standing:
        """How far a run is for a place."""
        return self.forecasts.standing(run, place, self.viewer.now)

    def may_correct(self, place: str) -> bool:
        """Whether the viewer may correct forecasts of a place."""
        try:
            region = self.desk.atlas.region(place)
        except LookupError:
            return False
        return self.viewer.may("forecast.correct", region)

    def observed(self, places: Sequence[str], first: date, last: date) -> pl.DataFrame:
        """Judged days of places as known now, as `Assessment.daily`."""
        question = ("forecast observed", tuple(places), first, last)
        return self._remember(question, lambda: self.desk.judge.air.daily(places, first, last, self.viewer.now))

    def observed_hours(self, place: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Hours of a place with their index as known now; ``start`` <= time < ``end``."""
        question = ("forecast observed hours", place, start, end)
        return self._remember(
            question, lambda: self.desk.judge.air.rolling([place], start, min(end, self.viewer.now), self.viewer.now)
        )

    def scores(
        self,
        mode: Mode,
        places: Sequence[str],
        first: date,
        last: date,
        by: Sequence[str] = ("source", "lead"),
        season: Season | None = None,
    ) -> Scores:
        """The verification of a mode; see `Forecasts.scores`."""

        def compute() -> Scores:
            observed = self.observed(places, first, last)
            return self.forecasts.scores(mode, observed, places, first, last, self.viewer.now, by=by, season=season)

        return self._remember(("scores", mode, tuple(places), first, last, tuple(by), season), compute)

    def clearing_scores(self, mode: Mode, places: Sequence[str], first: date, last: date) -> pl.DataFrame:
        """How good clearing windows were, by place; see `Forecasts.clearing_scores`."""

        def compute() -> pl.DataFrame:
            now = self.viewer.now
            start = datetime.combine(first - SPELL, time(), TIMEZONE)
            observed = self.desk.judge.air.hourly(places, start, now, now).select("place", "time", "pm25")
            return self.forecasts.clearing_scores(mode, observed, places, first, last, now)

        return self._remember(("clearing scores", mode, tuple(places), first, last), compute)

    def _ask(self, name: str, run: Run, compute: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        return self._remember((f"forecast {name}", run.id, run.revision), compute)
