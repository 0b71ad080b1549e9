"""The desk of judgement: what the pages and the HTTP interface ask of `assessment`, each answer computed once.

A desk is made for one request. All it gives is as of the viewer's now, and shared: nobody changes what it gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import polars as pl

from lantian.assessment import dust
from lantian.assessment.periods import Period
from lantian.assessment.service import Assessment, DustCandidate
from lantian.assessment.targets import Track
from lantian.kernel.settings import TIMEZONE
from lantian.web.atlas import Atlas, Listing
from lantian.web.remember import Memory
from lantian.web.security import Viewer

_ALIVE = timedelta(days=40)
"""A station that reported within these days is one whose city's stations can be listed."""


class Desk:
    """Judgement for one viewer at one moment.

    Attributes:
        viewer: who asks.
        as_of: the clock's time; nothing that became known later is used.
        judge: the assessment itself, for what is not remembered.
    """

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.as_of = viewer.now
        self._remember = Memory(viewer)
        self.judge: Assessment = self._remember("assessment", lambda: Assessment(viewer.platform), timeless=True)

    @cached_property
    def atlas(self) -> Atlas:
        """Names and lists of places."""
        return self._remember("atlas", lambda: Atlas(self.judge.places), timeless=True)

    @property
    def last_day(self) -> date:
        """The last natural day that is over."""
        return self.judge.last_finished(self.as_of)

    @cached_property
    def home(self) -> str:
        """The place whose pages open first: the viewer's own, else the first of the first group; empty where there is
        none.
        """
        own = self.viewer.account.region
        if own and own in self.atlas.names:
            return own
        return next((group.places[0] for group in self.atlas.groups if group.places), "")

    @property
    def listings(self) -> list[Listing]:
        """The lists to choose from: groups, then the stations of every city that has some."""
        return [*self.atlas.groups, *self.atlas.stations_in(self._remember("measured", self._measured))]

    def rank(
        self,
        places: Sequence[str],
        period: Period,
        *,
        by: str = "composite_index",
        against: Period | None = None,
        reference: Sequence[str] = (),
        deducted: bool = False,
    ) -> pl.DataFrame:
        """As `Assessment.rank`."""
        question = ("rank", tuple(places), period, by, against, tuple(reference), deducted)
        return self._remember(
            question,
            lambda: self.judge.rank(
                places, period, by=by, against=against, reference=reference, deducted=deducted, as_of=self.as_of
            ),
        )

    def evaluate(self, places: Sequence[str], period: Period, *, deducted: bool = False) -> pl.DataFrame:
        """As `Assessment.evaluate`."""
        question = ("evaluate", tuple(places), period, deducted)
        return self._remember(question, lambda: self.judge.evaluate(places, period, self.as_of, deducted=deducted))

    def splice(self, places: Sequence[str], period: Period) -> pl.DataFrame:
        """As `Assessment.splice`."""
        return self._remember(("splice", tuple(places), period), lambda: self.judge.splice(places, period, self.as_of))

    def caveats(self, places: Sequence[str], period: Period, language: str) -> list[str]:
        """As `Assessment.caveats`, in words with the place's name before them."""
        found = self._remember(
            ("caveats", tuple(places), period), lambda: self.judge.caveats(places, period, self.as_of)
        )
        return [
            f"{self.atlas.name(one.place, language)}{'：' if language == 'zh' else ': '}{getattr(one, language)}"
            for one in found
        ]

    def tracks(self) -> list[Track]:
        """Every target with where it stands."""
        return self._remember("tracks", lambda: self.judge.targets(as_of=self.as_of))

    def daily(self, places: Sequence[str], period: Period) -> pl.DataFrame:
        """Judged days, as `Assessment.daily`."""
        return self._remember(("daily", tuple(places), period), lambda: self.judge.daily(places, period, self.as_of))

    def episodes(self, places: Sequence[str], period: Period) -> pl.DataFrame:
        """As `Assessment.episodes`."""
        return self._remember(
            ("episodes", tuple(places), period), lambda: self.judge.episodes(places, period, self.as_of)
        )

    def hourly(self, place: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Hours of a place, as `Air.hourly`."""
        return self._remember(
            ("hourly", place, start, end), lambda: self.judge.air.hourly([place], start, end, self.as_of)
        )

    def dust(self, place: str, period: Period) -> list[DustCandidate]:
        """Sand-dust candidates of a place in the days of a period, as far as they are over."""
        start, end = self.hours_of(period)
        if end <= start:
            return []
        return self._remember(("dust", place, period), lambda: self.judge.dust([place], start, end, as_of=self.as_of))

    def dust_months(self, place: str, period: Period) -> pl.DataFrame:
        """Raw and deducted monthly values of a place, as `dust.by_month`."""

        def compute() -> pl.DataFrame:
            deducted = self.judge.daily([place], period, self.as_of, deducted=True)
            return dust.by_month(self.daily([place], period), deducted)

        return self._remember(("dust months", place, period), compute)

    def hours_of(self, period: Period) -> tuple[datetime, datetime]:
        """First hour of a period and the end of its last, cut at the present hour."""
        start, end = (
            datetime(day.year, day.month, day.day, tzinfo=TIMEZONE).astimezone(UTC)
            for day in (period.start, period.end + timedelta(days=1))
        )
        return start, min(end, self.as_of.replace(minute=0, second=0, microsecond=0))

    def _measured(self) -> frozenset[str]:
        recent = self.judge.air.store.hourly(None, self.as_of - _ALIVE, self.as_of, ["pm25"], self.as_of)
        return frozenset(recent.select(pl.col("place").unique()).collect().to_series())
