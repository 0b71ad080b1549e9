"""Vehicles over feeds and the clock, the same for pages, interface, jobs and tests::

    vehicles = Vehicles(platform)
    found = vehicles.overview(as_of)      # ranked vehicles with routes and hours, emissions by road and hour
    shown = found.to(reader)              # what a reader may see of it

All is computed over everything; what is shown is cut to the reader's regions, and plates are covered there.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import polars as pl
import sqlalchemy as sa

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, task
from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts
from lantian.observations.alerts import Alert
from lantian.observations.feeds import PLATFORM, Reader, access
from lantian.observations.feeds.columns import Columns
from lantian.observations.feeds.service import Feeds
from lantian.observations.vehicles import limits as configured
from lantian.observations.vehicles.emitters import PASSINGS, emitters, suspects, unjudged
from lantian.observations.vehicles.limits import POLLUTANTS, Limits
from lantian.observations.vehicles.plates import covered, handle
from lantian.observations.vehicles.roads import road_hours
from lantian.observations.vehicles.routes import hours, main_hours, routes

FEED = "vehicle_passing"
ACTOR = "vehicles"
MANY = 1_000_000
"""So many passings are not gone over for each reader anew."""
_KEY = "vehicles.key"

_LATELY: WeakKeyDictionary[sa.Engine, tuple[datetime, Overview]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Gate:
    """A place of remote sensing."""

    gate: str
    name: str
    road: str
    road_name: str
    region: str
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class Emitter:
    """A vehicle with exceedances; fields as the columns of `emitters.emitters`, ``key``: its name in addresses.

    ``plate`` is covered where ``whole`` is False. ``route``: gates of its most used way, ``journeys`` on it;
    ``by_hour``: passings by hour of the day; ``hours``: spans in which it drives most; all of the days looked at.
    """

    key: str
    rank: int
    plate: str
    whole: bool
    vehicle: str
    fuel: str
    state: str
    pollutants: tuple[str, ...]
    exceedances: int
    worst: float
    worst_pollutant: str
    worst_value: float
    worst_limit: float
    unit: str
    first: datetime
    last: datetime
    confirmed_at: datetime | None
    passings: int
    routes: tuple[tuple[tuple[str, ...], int], ...]
    by_hour: tuple[int, ...]
    regions: frozenset[str]

    @property
    def hours(self) -> list[tuple[int, int]]:
        """Spans of hours that hold half of its passings."""
        return main_hours(list(self.by_hour))


@dataclass(frozen=True, slots=True)
class Overview:
    """All about vehicles at a moment.

    Attributes:
        vehicles: by rank; gates: by id; road_hours: as `roads.ROAD_HOURS`.
        measured, valid: passings of the months looked at; vehicles_seen: how many vehicles they were.
        since: from when passings were looked at; days: of the road-hour map and the routes.
        unjudged: fuel, vehicles and passings of those of which nothing could be held against a limit that decides.
    """

    vehicles: tuple[Emitter, ...]
    gates: Mapping[str, Gate]
    road_hours: pl.DataFrame
    measured: int
    valid: int
    vehicles_seen: int
    since: datetime
    days: int
    unjudged: tuple[tuple[str, int, int], ...]

    def of(self, state: str) -> int:
        """How many vehicles are in a state of `emitters.STATES`."""
        return sum(one.state == state for one in self.vehicles)


class Vehicles:
    """The vehicles of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._feeds = Feeds(platform)

    @cached_property
    def limits(self) -> Limits:
        """``<home>/vehicles.yaml``, else the shipped limits; those of the example only there."""
        return configured.load(self._platform.home, example=self._platform.settings.example)

    def gates(self, as_of: datetime) -> dict[str, Gate]:
        """Gates by id."""
        rows = self._feeds.read("remote_sensing_gate", PLATFORM, as_of=as_of)
        names = Gate.__dataclass_fields__
        found = (Gate(**{name: row[name] for name in names}) for row in rows.iter_rows(named=True))
        return {one.gate: replace(one, road_name=one.road_name or one.road) for one in found}

    def passings(self, start: datetime, as_of: datetime) -> pl.LazyFrame:
        """All passings since a moment, plates in full: for rules, never for a page."""
        rows = Columns(self._platform, self._feeds.feed(FEED)).scan(as_of).filter(pl.col("time") >= start)
        return rows.select(
            *PASSINGS.names()[:3], pl.col("vehicle").fill_null("light"), pl.col("fuel").fill_null("other"),
            *PASSINGS.names()[5:], "region",
        )  # fmt: skip

    def overview(self, as_of: datetime | None = None) -> Overview:
        """Everything at a moment (None: now), plates in full: give `shown` to people, not this."""
        now = as_of or self._platform.clock.now()
        since = now - timedelta(days=31 * self.limits.confirmed.months)
        every = self.passings(since, now)
        latest = pl.col("time") >= now - timedelta(days=self.limits.days)
        theirs = suspects(every, self.limits).collect(engine="streaming")
        ranked = emitters(theirs, self.limits)
        gates = self.gates(now)
        roads_of = {one.gate: one.road for one in gates.values()}
        flow = self._feeds.read("traffic_flow", PLATFORM, start=now - timedelta(days=self.limits.days), as_of=now)
        counted = every.select(
            pl.len().alias("measured"),
            pl.col("valid").fill_null(value=True).sum().alias("valid"),
            pl.col("plate").n_unique().alias("vehicles"),
        ).collect(engine="streaming").row(0, named=True)  # fmt: skip
        return Overview(
            self._vehicles(ranked, theirs, theirs.filter(latest)),
            gates,
            road_hours(every.filter(latest), roads_of, flow, self.limits.fuel_use),
            counted["measured"],
            counted["valid"],
            counted["vehicles"],
            since,
            self.limits.days,
            tuple(unjudged(every, self.limits).iter_rows()),
        )

    def lately(self, now: datetime) -> Overview:
        """The overview as pages show it: at the moment; where it is of a million passings and more, computed once in
        half an hour of the clock, as a rule by `watch`.
        """
        mark = now.replace(minute=now.minute - now.minute % 30, second=0, microsecond=0)
        kept = _LATELY.get(self._platform.engine)
        if kept is None or kept[0] != mark:
            kept = (mark, self.overview(now))
            if kept[1].measured >= MANY:
                _LATELY[self._platform.engine] = kept
        return kept[1]

    def shown(self, whole: Overview, reader: Reader) -> Overview | None:
        """What a reader may see: None where the feed is not theirs; else vehicles that passed in their regions, with
        plates covered unless they may see them in full.
        """
        scope = self._feeds.scope(self._feeds.feed(FEED), reader)
        if not scope.open:
            return None
        full = "plate" in scope.uncovered
        seen = [one for one in whole.vehicles if scope.whole or any(scope.holds(region) for region in one.regions)]
        if reader.via and seen:
            access.log(self._platform.engine, FEED, reader, reader.via, len(seen), self._platform.clock.now())
        return replace(whole, vehicles=tuple(_cover(one, full) for one in seen))

    def records(self, key: str, whole: Overview, reader: Reader, as_of: datetime | None = None) -> pl.DataFrame:
        """The passings of one vehicle in the reader's regions, newest first, without the plate.

        Raises LookupError.
        """
        now = as_of or self._platform.clock.now()
        plate = next((one.plate for one in whole.vehicles if one.key == key), None)
        scope = self._feeds.scope(self._feeds.feed(FEED), reader)
        if plate is None or not scope.open:
            raise LookupError(f"there is no vehicle {key!r} with exceedances")
        every = Columns(self._platform, self._feeds.feed(FEED)).scan(now)
        theirs = every.filter(pl.col("plate") == plate, pl.col("time") >= whole.since).collect(engine="streaming")
        mine = [scope.holds(region) for region in theirs["region"]]
        return theirs.filter(pl.Series(mine, dtype=pl.Boolean)).drop("plate").sort("time", descending=True)

    def watch(self) -> list[int]:
        """Raise an alert for each vehicle that was confirmed; a person decides what comes of it. Gives the new ones."""
        now = self._platform.clock.now()
        whole = self.lately(now)
        found = [self._alert(one, whole) for one in whole.vehicles if one.state == "confirmed"]
        return alerts.raised(self._platform.engine, found, now, ACTOR)

    def _vehicles(self, ranked: pl.DataFrame, every: pl.DataFrame, recent: pl.DataFrame) -> tuple[Emitter, ...]:
        if ranked.is_empty():
            return ()
        key, plates = _secret(self._platform.home), ranked["plate"].to_list()
        driven = recent.filter(pl.col("plate").is_in(plates))
        ways: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for plate, route, journeys, *_ in routes(driven, self.limits.journey_gap).iter_rows():
            ways.setdefault(plate, []).append((tuple(route), journeys))
        by_hour: dict[str, list[int]] = {}
        for plate, hour, passings in hours(driven).iter_rows():
            by_hour.setdefault(plate, [0] * 24)[hour] = passings
        where = every.filter(pl.col("plate").is_in(plates)).group_by("plate").agg(pl.col("region").unique())
        regions = dict(where.iter_rows())
        made = []
        for row in ranked.iter_rows(named=True):
            plate = row["plate"]
            values: dict[str, Any] = {**row, "pollutants": tuple(row["pollutants"])}
            made.append(
                Emitter(
                    **values, key=handle(plate, key), whole=True, routes=tuple(ways.get(plate, ())[:3]),
                    by_hour=tuple(by_hour.get(plate, [0] * 24)),
                    regions=frozenset(region for region in regions.get(plate, ()) if region),
                )
            )  # fmt: skip
        return tuple(made)

    def _alert(self, one: Emitter, whole: Overview) -> Alert:
        plate, rule = covered(one.plate), self.limits.confirmed
        zh, en, unit = POLLUTANTS[one.worst_pollutant]
        day = f"{one.last.astimezone(TIMEZONE):%Y-%m-%d}"
        value = f"{one.worst_value:g} {unit}"
        return Alert(
            kind="vehicle",
            subject=one.key,
            key=f"{one.confirmed_at:%Y-%m-%d}",
            name=plate,
            region=sorted(one.regions)[0] if one.regions else next(iter(whole.gates.values())).region,
            at=one.confirmed_at or one.last,
            zh=f"{plate} 在 {rule.months} 个自然月内遥感超标 {one.exceedances} 次，最高{zh} {value}"
            f"（限值 {one.worst_limit:g}），最近 {day}，判为高排放车",
            en=f"{plate}: {one.exceedances} exceedances within {rule.months} calendar months, at most "
            f"{en} {value} (limit {one.worst_limit:g}), last on {day}: a confirmed high emitter",
            department="police",
            figures={"exceedances": one.exceedances, "pollutant": one.worst_pollutant, "value": one.worst_value,
                     "limit": one.worst_limit},
            link=f"/vehicles/{one.key}",
            example=self._platform.settings.example,
        )  # fmt: skip


@task("vehicles.watch", zh="高排放车辆判定", en="Judge vehicles", lock="vehicles", cron="*/30 * * * *")
def watch_job(run: JobRun) -> None:
    """Every half hour raise alerts of vehicles that were confirmed."""
    Vehicles(run.platform).watch()


def _cover(one: Emitter, full: bool) -> Emitter:
    return one if full else replace(one, plate=covered(one.plate), whole=False)


def _secret(home: Path) -> bytes:
    """The key of vehicles' names in addresses: made once, readable by its owner alone."""
    file = home / _KEY
    with contextlib.suppress(FileNotFoundError):
        return file.read_bytes()
    home.mkdir(parents=True, exist_ok=True)
    own = file.with_name(f"{_KEY}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
        made.write(secrets.token_bytes(32))
        made.flush()
        os.fsync(made.fileno())
    with contextlib.suppress(FileExistsError):  # another process was first: its key counts
        os.link(own, file)
    own.unlink()
    return file.read_bytes()
