"""Judgement over the store, the same for pages, commands and notebooks::

    from lantian.assessment.service import Assessment
    from lantian.kernel.bootstrap import open_platform

    with open_platform() as platform:
        judge = Assessment(platform)
        judge.rank(judge.places.group("2+26").members, parse("2016-12"))

Everything is judged as of a moment (None: the clock's now), so a replay shows what was known then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from lantian.assessment import crosscheck, deweather, dust, episodes, ranking
from lantian.assessment.air import Air
from lantian.assessment.chance import years_back
from lantian.assessment.deweather_answers import Answer, hours, whole_hour
from lantian.assessment.evaluate import evaluate
from lantian.assessment.periods import Period
from lantian.assessment.records import DustEvent, Records
from lantian.assessment.targets import Day, Target, Track, track
from lantian.kernel.bootstrap import Platform
from lantian.places.store import PlaceStore
from lantian.standards import limits

PAST_YEARS = 5
"""Years of history behind the usual shape and the chance of a target."""

_POSITION = ("reference", "against")


@dataclass(frozen=True)
class DustCandidate:
    """A detected event with what a person said of it; ``decision`` None: nobody has yet."""

    place: str
    start: datetime
    end: datetime
    hours: int
    peak_pm10: float | None
    before_pm10: float | None
    ratio: float | None
    ratio_before: float | None
    ended: bool
    decision: DustEvent | None


class Assessment:
    """Rankings, targets, episodes and dust of one platform."""

    def __init__(self, platform: Platform) -> None:
        self.air = Air(platform)
        self.records = Records(platform.engine)
        self._dust_rule = dust.rule_of(platform.settings.dust)

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
        return dust.deduct_days(daily, self.confirmed_dust(places, as_of)) if deducted else daily

    def confirmed_dust(self, places: Sequence[str], as_of: datetime | None = None) -> pl.DataFrame:
        """Confirmed sand-dust of places: ``place, start, end``; what is confirmed for a region holds for all in it."""
        above = self.air.above(places)
        pairs = [(place, code) for place, codes in above.items() for code in codes]
        events = self.records.confirmed_dust(as_of or self.air.now(), {code for _, code in pairs})
        covered = pl.DataFrame(pairs, schema={"covered": pl.String, "place": pl.String}, orient="row")
        return covered.join(events, on="place").select(pl.col("covered").alias("place"), "start", "end")

    def caveats(self, places: Sequence[str], period: Period, as_of: datetime | None = None) -> list[crosscheck.Caveat]:
        """What a reader of a period's figures must know: published values that the stations' hours contradict."""
        return crosscheck.ozone(*self.air.both(places, period.start, period.end, as_of))

    def splice(self, places: Sequence[str], period: Period, as_of: datetime | None = None) -> pl.DataFrame:
        """On what a period's values rest: ``place, origin, grade`` (``raw`` 原始, ``reviewed`` 审核) and between which
        days each grade occurs: ``first, last``.
        """
        return self.air.splice(places, period.start, period.end, as_of)

    def rank(
        self,
        places: Sequence[str],
        period: Period,
        *,
        by: str = "composite_index",
        against: Period | None = None,
        reference: Sequence[str] = (),
        deducted: bool = False,
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Rank places; see :func:`lantian.assessment.ranking.rank`.

        ``by``: the column of ``ranking.RANKED`` that rows are sorted by. ``against``: the period to compare with, as
        ``compared`` takes it. ``reference``: places with whose mean
        of ``by`` each is compared (null where they have none). Places without data stand last, unranked.
        """
        if by not in ranking.RANKED:
            raise ValueError(f"rank by {by!r}: expected one of {', '.join(ranking.RANKED)}")
        known = period.until(self.last_finished(as_of))
        before = self.compared(period, against, as_of)
        now = self.evaluate(places, period, as_of, deducted=deducted)
        # Gases of the year before are brought to today's reference state, else 2018-09-01 would look like a success.
        earlier = limits.at_gas_state(self.daily(places, before, as_of, deducted=deducted), known.end)
        then = evaluate(earlier, before)
        absent = pl.DataFrame({"place": [p for p in places if p not in set(now["place"])]}, schema={"place": pl.String})
        columns = (by, *(column for column in ranking.RANKED if column != by))
        ranked = ranking.rank(pl.concat([now, absent], how="diagonal"), columns)
        ranked = ranking.year_on_year(ranked, then, (*ranking.RANKED, "good_day_share"))
        if not reference:
            return ranked
        group = now if list(reference) == list(places) else self.evaluate(reference, period, as_of, deducted=deducted)
        if group[by].null_count() == group.height:
            return ranked.with_columns(pl.lit(None, pl.Float64).alias(f"{kind}_{by}") for kind in _POSITION)
        return ranking.against(ranked, group, by)

    def compared(self, period: Period, against: Period | None = None, as_of: datetime | None = None) -> Period:
        """The period that a ranking compares with: ``against``, None the same a year before. While ``period`` runs, the
        same in an earlier year is cut to the same days; any other stays as it is.
        """
        known, same = period.until(self.last_finished(as_of)), period
        for _ in range(period.start.year - against.start.year if against else 1):
            known, same = known.year_before(), same.year_before()
        return known if against in (None, same) else against

    def targets(
        self, places: Sequence[str] | None = None, day: date | None = None, as_of: datetime | None = None
    ) -> list[Track]:
        """Where each target stands on the evening of ``day`` (None: the last finished day)."""
        return self.track(self.records.targets(places), day, as_of)

    def track(self, targets: Sequence[Target], day: date | None = None, as_of: datetime | None = None) -> list[Track]:
        """Judge given targets, saved or not."""
        last = self.last_finished(as_of)
        day = min(day or last, last)
        if not targets:
            return []
        first = min(target.period.start for target in targets)
        until = max(target.period.end for target in targets)
        daily = self.air.daily(
            sorted({target.place for target in targets}), years_back(first, PAST_YEARS), min(until, day), as_of
        )
        days = {place: _days(group) for (place,), group in daily.group_by("place", maintain_order=True)}
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
        """Sand-dust candidates in hourly data, each with the decision made by ``as_of``; ``rule`` None: the settings'.

        A decision on hours that the detector does not propose, such as a window stated by the national centre, stands
        among them with the same evidence.
        """
        rule = rule or self._dust_rule
        hourly = self.air.hourly(places, start, end, as_of)
        found = dust.candidates(hourly, rule)
        decided = {(e.place, e.start): e for e in self.records.dust_events(as_of or self.air.now(), places)}
        events = [
            DustCandidate(**row, decision=decided.pop((row["place"], row["start"]), None)) for row in found.to_dicts()
        ]
        stated = [event for event in decided.values() if start <= event.start < end]
        events += [DustCandidate(**dust.evidence(hourly, e.place, e.start, e.end, rule), decision=e) for e in stated]
        return sorted(events, key=lambda event: (event.place, event.start))

    def deweather(
        self,
        place: str,
        period: Period,
        *,
        item: str = "pm25",
        as_of: datetime | None = None,
        repetitions: int = deweather.REPETITIONS,
        told: Callable[[int, int], None] | None = None,
    ) -> Answer:
        """How much of a period's change on the year is weather; see :func:`lantian.assessment.deweather.split`.

        A period still running is cut to the days that are over. Takes minutes: pages leave it to the job
        ``assessment.deweather``. Raises LookupError where nothing is known, `deweather.DeweatherError` where it does
        not suffice.
        """
        moment = whole_hour(as_of or self.air.now())
        last = self.last_finished(moment)
        if period.start > last:
            raise LookupError(f"{period.label}: no day of it is over on {last + timedelta(days=1)}")
        known = period.until(last)
        hourly, stations = hours(self.air, place, item, known, moment)
        found = deweather.split(hourly, known, item=item, repetitions=repetitions, told=told)
        return Answer(place, moment, stations, found)

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
