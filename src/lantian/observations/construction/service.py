"""Sites over feeds, telemetry, station hours and the clock, the same for pages, interface, jobs and tests::

construction = Construction(platform)
construction.overview(as_of)        # every site: live, verdicts of two days, last check
construction.file("site-01", as_of)  # one site: a week
construction.watch()                # raise and end alerts
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, task
from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts, open_store
from lantian.observations.construction import checklist as checklists
from lantian.observations.construction import exceedance
from lantian.observations.construction import rules as limits
from lantian.observations.construction.checklist import Checklist, Score
from lantian.observations.construction.exceedance import MINUTES, VERDICTS, Episode
from lantian.observations.construction.rules import ITEMS, Rule, Rules
from lantian.observations.construction.site import Site, of_row
from lantian.observations.construction.words import alert
from lantian.observations.feeds import PLATFORM, Reader
from lantian.observations.feeds.service import Feeds
from lantian.observations.gateway.register import Register
from lantian.observations.telemetry import TelemetryStore
from lantian.places.regions import ancestors_of
from lantian.places.store import PlaceStore

ACTOR = "construction"
_LIVE = timedelta(minutes=15)
"""A value older than this is not called live."""

_HOURS = pl.Schema({name: kind for name, kind in MINUTES.items() if name != "span"})
_GOOD = ("N", "")
"""Flags of HJ 212 with which a value counts."""

Minutes = Callable[[Sequence[str], datetime, datetime, datetime], pl.DataFrame]
"""Minute values, as `MINUTES`, of sites between two moments as known at a third."""


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the eight 100 %: when, what it gave, in whose words."""

    date: Any
    score: Score
    note: str = ""
    photo: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a site stands.

    Attributes:
        rule: what holds there; None: nothing is judged.
        live: item -> the newest minute's value, ug/m3, not older than a quarter of an hour; at: of that minute.
        heard: when its instruments last said anything in the time looked at; devices: how many it has.
        background: of the last hour judged; background_of: the region whose stations it is.
        verdicts: as `exceedance.VERDICTS`, of the time looked at; hours: mean PM10 by hour.
        episodes: of the time looked at, oldest first.
        checks: newest first.
    """

    site: Site
    rule: Rule | None
    live: Mapping[str, float]
    at: datetime | None
    heard: datetime | None
    devices: int
    background: float | None
    background_of: str
    verdicts: pl.DataFrame
    hours: pl.DataFrame
    episodes: tuple[Episode, ...]
    checks: tuple[Check, ...]

    @property
    def violations(self) -> int:
        """Exceedances beyond what a day may have, in the time looked at."""
        return int(self.verdicts.filter(pl.col("violates"))["time"].n_unique())

    @property
    def exceedances(self) -> int:
        """Exceedances in the time looked at."""
        return int(self.verdicts.filter(pl.col("exceeds"))["time"].n_unique())

    @property
    def judged(self) -> bool:
        """Whether any mean could be judged in the time looked at."""
        return bool(self.verdicts["exceeds"].is_not_null().any())

    @property
    def percent(self) -> float | None:
        """The score of the last check."""
        return self.checks[0].score.percent if self.checks else None

    @property
    def worst(self) -> float | None:
        """The largest share of its limit that was reached."""
        found = self.verdicts.select((pl.col("compared") / pl.col("limit")).max()).item()
        return None if found is None else float(found)


class Construction:
    """The sites of a platform; ``minutes`` None: of the instruments registered at each site."""

    def __init__(self, platform: Platform, minutes: Minutes | None = None) -> None:
        self._platform = platform
        self._minutes = minutes or self._telemetry
        self._feeds = Feeds(platform)

    @cached_property
    def rules(self) -> Rules:
        """``<home>/construction.yaml``, else the shipped rules."""
        return limits.load(self._platform.home)

    @cached_property
    def checklist(self) -> Checklist:
        """``<home>/construction_checklist.yaml``, else the shipped checklist."""
        return checklists.load(self._platform.home)

    def sites(self, as_of: datetime | None = None, reader: Reader = PLATFORM) -> list[Site]:
        """The sites where work goes on, by id."""
        now = as_of or self._platform.clock.now()
        rows = self._feeds.read("construction_site", reader, as_of=now)
        day, example = now.astimezone(TIMEZONE).date(), self._platform.settings.example
        found = [of_row(row, example=example) for row in rows.iter_rows(named=True)]
        return sorted((one for one in found if one.stands(day)), key=lambda one: one.id)

    def overview(self, as_of: datetime | None = None) -> list[Standing]:
        """Every site by rank: violations of today and yesterday, then nearest to the limit, then least score."""
        now = as_of or self._platform.clock.now()
        found = self._standing(self.sites(now), _midnight(now, 1), now)
        return sorted(found, key=_rank)

    def file(self, number: str, as_of: datetime | None = None, days: int = 7) -> Standing:
        """One site over the last days. Raises LookupError."""
        now = as_of or self._platform.clock.now()
        site = next((one for one in self.sites(now) if one.id == number), None)
        if site is None:
            raise LookupError(f"there is no construction site {number!r} at work")
        return self._standing([site], _midnight(now, days - 1), now)[0]

    def watch(self) -> tuple[list[int], int]:
        """Raise an alert for each episode that violates, once, and end those of sites that keep their limit again.

        Returns:
            The numbers of new alerts; how many ended.
        """
        now = self._platform.clock.now()
        found = self.overview(now)
        bad = [(one, each) for one in found for each in one.episodes if each.violates and one.rule is not None]
        raised = alerts.raised(
            self._platform.engine, [alert(one.site, each, one.rule) for one, each in bad if one.rule], now, ACTOR
        )
        gap = self.rules.episode_gap
        standing = {one.site.id for one, each in bad if each.standing(now, gap)}
        over = [one.site.id for one in found if one.site.id not in standing]
        return raised, alerts.end(self._platform.engine, "exceedance", over, now, ACTOR) if over else 0

    def _standing(self, sites: Sequence[Site], start: datetime, now: datetime) -> list[Standing]:
        if not sites:
            return []
        values = self._minutes([one.id for one in sites], start, now, now)
        background, of = self._background(sites, start, now)
        counts = self._devices([one.id for one in sites])
        day, example = now.astimezone(TIMEZONE).date(), self._platform.settings.example
        by_rule: dict[str, list[Site]] = {}
        rules: dict[str, Rule | None] = {}
        for site in sites:
            rules[site.id] = rule = self.rules.of(site.region, day, example=example)
            if rule is not None:
                by_rule.setdefault(rule.code, []).append(site)
        judged = [
            exceedance.judge(values, held, self.rules.rules[code], background, valid_share=self.rules.valid_share)
            for code, held in by_rule.items()
        ]
        verdicts = pl.concat(judged) if judged else pl.DataFrame(schema=VERDICTS)
        hours = exceedance.means(values, 60, self.rules.valid_share)
        checks = self._checks(now)
        parts = _parts(values), _parts(verdicts), _parts(hours), _parts(background)
        made = []
        for site in sites:
            mine, said, hourly, around = (part.get(site.id) for part in parts)
            said = pl.DataFrame(schema=VERDICTS) if said is None else said
            at, live = _newest(mine, now)
            made.append(
                Standing(
                    site, rules[site.id], live, at, None if mine is None else mine["time"].max(),  # type: ignore[arg-type]
                    counts.get(site.id, 0), None if around is None else around["value"][-1], of.get(site.id, ""), said,
                    pl.DataFrame(schema=_HOURS) if hourly is None else hourly,
                    tuple(exceedance.episodes(said, self.rules.episode_gap)), checks.get(site.id, ()),
                )
            )  # fmt: skip
        return made

    def _telemetry(self, sites: Sequence[str], start: datetime, end: datetime, as_of: datetime) -> pl.DataFrame:
        registered = Register(self._platform).devices(sites=sites)
        devices = {one.mn: one.site for one in registered if one.site}
        spans = {one.mn: max(one.every, 60) / 60 for one in registered}
        if not devices:
            return pl.DataFrame(schema=MINUTES)
        rows = TelemetryStore(self._platform).read(
            devices, start, end, resolution="minute", items=list(ITEMS), as_of=as_of
        )
        return (
            rows.filter(pl.col("flag").fill_null("").is_in(_GOOD), pl.col("value").is_not_null())
            .with_columns(
                pl.col("device").replace_strict(devices, return_dtype=pl.String).alias("site"),
                pl.col("device").replace_strict(spans, return_dtype=pl.Float64).alias("span"),
            )
            .group_by("site", "item", "time")  # several instruments of a site: their mean
            .agg(pl.col("value").mean(), pl.col("span").max())
            .select(*MINUTES)
            .sort("site", "item", "time")
            .collect()
        )

    def _devices(self, sites: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for one in Register(self._platform).devices(sites=sites, at=self._platform.clock.now()):
            if one.site:
                found[one.site] = found.get(one.site, 0) + 1
        return found

    def _background(self, sites: Sequence[Site], start: datetime, now: datetime) -> tuple[pl.DataFrame, dict[str, str]]:
        """Hourly mean PM10 of the stations of each site's county; of the next region above where it has none."""
        places, of = PlaceStore(self._platform.engine), dict[str, str]()
        above = {site.id: [site.region, *ancestors_of(site.region)] for site in sites}
        regions = sorted({code for codes in above.values() for code in codes})
        members = places.memberships(regions, now.astimezone(TIMEZONE).date())
        for site in sites:
            of[site.id] = next((code for code in above[site.id] if members.get(code)), "")
        wanted = {code: members[code] for code in set(of.values()) if code}
        schema = {"site": pl.String(), "time": pl.Datetime("us", "UTC"), "value": pl.Float64()}
        if not wanted:
            return pl.DataFrame(schema=schema), of
        stations = sorted({code for codes in wanted.values() for code in codes})
        held = open_store(self._platform).hourly(stations, start, now, items=["pm10"], as_of=now)
        hours = held.select("place", "time", "pm10").collect().drop_nulls("pm10")
        means = {
            code: hours.filter(pl.col("place").is_in(codes)).group_by("time").agg(pl.col("pm10").mean().alias("value"))
            for code, codes in wanted.items()
        }
        frames = [
            means[of[site.id]].select(pl.lit(site.id).alias("site"), "time", "value").cast(schema)  # type: ignore[arg-type]
            for site in sites
            if of[site.id]
        ]
        return (pl.concat(frames) if frames else pl.DataFrame(schema=schema)).sort("site", "time"), of

    def _checks(self, now: datetime) -> dict[str, tuple[Check, ...]]:
        rows = self._feeds.read("construction_check", PLATFORM, as_of=now).sort("date", descending=True)
        found: dict[str, list[Check]] = {}
        for row in rows.iter_rows(named=True):
            check = Check(row["date"], self.checklist.score(row), row["note"] or "", row["photo"] or "")
            found.setdefault(row["site"], []).append(check)
        return {site: tuple(held) for site, held in found.items()}


@task("construction.watch", zh="工地扬尘超标判定", en="Judge dust at sites", lock="construction", cron="*/5 * * * *")
def watch_job(run: JobRun) -> None:
    """Every five minutes raise and end alerts of sites."""
    Construction(run.platform).watch()


def _rank(one: Standing) -> tuple[float, float, float, str]:
    return -one.violations, -(one.worst or 0), one.percent if one.percent is not None else 101.0, one.site.id


def _midnight(now: datetime, days: int) -> datetime:
    local = now.astimezone(TIMEZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return (local - timedelta(days=days)).astimezone(now.tzinfo)


def _parts(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {str(key[0]): part for key, part in frame.partition_by("site", as_dict=True).items()}


def _newest(values: pl.DataFrame | None, now: datetime) -> tuple[datetime | None, dict[str, float]]:
    if values is None or values.is_empty():
        return None, {}
    last = values.filter(pl.col("time") >= now - _LIVE).sort("time").group_by("item").last()
    live = {str(row["item"]): float(row["value"]) for row in last.iter_rows(named=True)}
    at = last["time"].max()
    return (at if isinstance(at, datetime) else None), live
