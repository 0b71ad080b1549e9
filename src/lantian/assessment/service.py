"""Judgement over the store, the same for pages, commands and notebooks::

    from lantian.assessment.service import Assessment
    from lantian.kernel.bootstrap import open_platform

    with open_platform() as platform:
        judge = Assessment(platform)
        judge.rank(judge.places.group("2+26").members, parse("2016-12"))

Everything is judged as of a moment (None: the clock's now), so a replay shows what was known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from lantian.assessment import dust, episodes, ranking
from lantian.assessment.air import Air
from lantian.assessment.chance import years_back
from lantian.assessment.evaluate import evaluate
from lantian.assessment.periods import Period
from lantian.assessment.records import DustEvent, Records
from lantian.assessment.targets import Day, Target, Track, track
from lantian.kernel.bootstrap import Platform
from lantian.places.store import PlaceStore
from lantian.standards import limits

PAST_YEARS = 5
"""Years of history behind the usual shape and the chance of a target."""


@dataclass(frozen=True)
class DustCandidate:
    """A detected event with what a person said of it; ``decision`` None: nobody has yet."""

    place: str
    start: datetime
    end: datetime
    hours: int
    peak_pm10: float
    before_pm10: float
    ratio: float
    ratio_before: float
    ended: bool
    decision: DustEvent | None


class Assessment:
    """Rankings, targets, episodes and dust of one platform."""

    def __init__(self, platform: Platform) -> None:
        self.air = Air(platform)
        self.records = Records(platform.engine)

    @property
    def places(self) -> PlaceStore:
        """The places of the platform."""
        return self.air.places

    def evaluate(
        self, places: Sequence[str], period: Period, as_of: datetime | None = None, *, deducted: bool = False
    ) -> pl.DataFrame:
        """Evaluate places over a period; see :func:`lantian.assessment.evaluate.evaluate`, with ``origin`` beside.

        A period still running is evaluated to the last finished day. ``deducted``: confirmed sand-dust is taken out of
        particles and index, while AQI days stay as they were (环办监测〔2016〕120号).
        """
        daily = self.daily(places, period, as_of, deducted=deducted)
        origin = daily.group_by("place").agg(pl.col("origin").unique().sort().str.join(", "))
        known = period.until(self.last_finished(as_of))
        return evaluate(daily, known).join(origin, on="place", how="left")

    def daily(
        self, places: Sequence[str], period: Period, as_of: datetime | None = None, *, deducted: bool = False
    ) -> pl.DataFrame:
        """Judged days of places in a period; with ``deducted`` particles are out on confirmed dust (``dust``)."""
        daily = self.air.daily(places, period.start, period.end, as_of)
        if not deducted:
            return daily
        return dust.deduct_days(daily, self.records.confirmed_dust(as_of or self.air.now(), places))

    def rank(
        self,
        places: Sequence[str],
        period: Period,
        *,
        against: Period | None = None,
        reference: Sequence[str] = (),
        deducted: bool = False,
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Rank places; see :func:`lantian.assessment.ranking.rank`.

        ``against``: the period to compare with, None the same a year before (cut to as many days when ``period`` still
        runs). ``reference``: places whose mean index each is compared with. Places without data stand last, unranked.
        """
        known = period.until(self.last_finished(as_of))
        before = against or known.year_before()
        now = self.evaluate(places, period, as_of, deducted=deducted)
        # Gases of the year before are brought to today's reference state, else 2018-09-01 would look like a success.
        earlier = limits.at_gas_state(self.daily(places, before, as_of, deducted=deducted), known.end)
        then = evaluate(earlier, before)
        absent = pl.DataFrame({"place": [p for p in places if p not in set(now["place"])]}, schema={"place": pl.String})
        ranked = ranking.rank(pl.concat([now, absent], how="diagonal"))
        ranked = ranking.year_on_year(ranked, then, (*ranking.RANKED, "good_day_share"))
        if reference:
            group = self.evaluate(reference, period, as_of, deducted=deducted)
            ranked = ranking.against(ranked, group)
        return ranked

    def targets(self, places: Sequence[str] | None = None, day: date | None = None) -> list[Track]:
        """Where each target stands on the evening of ``day`` (None: the last finished day)."""
        return self.track(self.records.targets(places), day)

    def track(self, targets: Sequence[Target], day: date | None = None) -> list[Track]:
        """Judge given targets, saved or not."""
        last = self.last_finished()
        day = min(day or last, last)
        if not targets:
            return []
        first = min(target.period.start for target in targets)
        until = max(target.period.end for target in targets)
        daily = self.air.daily(
            sorted({target.place for target in targets}), years_back(first, PAST_YEARS), min(until, day)
        )
        days = {place: _days(group) for (place,), group in daily.group_by("place")}
        return [_track(target, days.get(target.place, []), day) for target in targets]

    def episodes(self, places: Sequence[str], period: Period, as_of: datetime | None = None) -> pl.DataFrame:
        """Heavy-pollution episodes of places in a period; see :func:`lantian.assessment.episodes.find`."""
        return episodes.find(self.daily(places, period, as_of))

    def dust(
        self,
        places: Sequence[str],
        start: datetime,
        end: datetime,
        rule: dust.DustRule | None = None,
        as_of: datetime | None = None,
    ) -> list[DustCandidate]:
        """Sand-dust candidates in hourly data, each with the decision made by ``as_of``."""
        found = dust.candidates(self.air.hourly(places, start, end, as_of), rule)
        decided = {(e.place, e.start): e for e in self.records.dust_events(as_of or self.air.now(), places)}
        return [DustCandidate(**row, decision=decided.get((row["place"], row["start"]))) for row in found.to_dicts()]

    def last_finished(self, as_of: datetime | None = None) -> date:
        """The last natural day that is over at ``as_of``."""
        return self.air.today(as_of) - timedelta(days=1)


def _track(target: Target, days: Sequence[Day], day: date) -> Track:
    inside = [d for d in days if target.period.start <= d.date <= target.period.end]
    return track(target, inside, day, [d for d in days if d.date < target.period.start])


def _days(daily: pl.DataFrame) -> list[Day]:
    items = ("so2", "no2", "pm10", "pm25", "co", "o3_8h")
    return [
        Day(row["date"], row["aqi"], {item: row[item] for item in items if row[item] is not None})
        for row in daily.select("date", "aqi", *items).to_dicts()
    ]
