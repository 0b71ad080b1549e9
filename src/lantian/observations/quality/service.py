"""Quality control at work: the checks over the platform's hours, at arrival and at night; flags raised, ended, read.

    Quality(platform).run(start, end, actor="analyst")     # a span
    Quality(platform).arrived("job:quality.arrived")       # what came in since the last time

Flags never delete anything. One that a revision cures is ended and stays readable with `as_of`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl
import sqlalchemy as sa

from lantian.observations.gateway.register import Register
from lantian.observations.quality import checks, minutes
from lantian.observations.quality.grid import neighbours
from lantian.observations.quality.kinds import Kind, book_of
from lantian.observations.quality.tables import quality_flag, quality_run
from lantian.observations.store import ObservationStore
from lantian.observations.tables import segment
from lantian.observations.telemetry.store import TelemetryStore
from lantian.places.store import PlaceStore
from lantian.standards.codes import WEATHER

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform
    from lantian.places.stations import Station

BACK = timedelta(hours=48)
"""Hours before those that came in which are judged again: a value stays stuck, a day becomes whole."""

MOST = timedelta(days=31)
"""How far back the check at arrival looks; a longer history is checked by `lantian quality run`."""

DEVICES = ("cems", "dust", "micro")
"""Kinds of registered devices whose hours are judged."""

NORMAL, STOPPED = ("N", "S"), "F"
"""Marks of HJ 212: normal or typed in; stopped."""

Span: TypeAlias = tuple[datetime, datetime]
"""From, to (exclusive)."""

_KEY = ("place", "item", "check", "time")
FLAGS: dict[str, Any] = {
    "id": pl.Int64,
    "place": pl.String,
    "kind": pl.String,
    "item": pl.String,
    "check": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "value": pl.Float64,
    "zh": pl.String,
    "en": pl.String,
    "figures": pl.String,
    "raised_at": pl.Datetime("us", "UTC"),
    "ended_at": pl.Datetime("us", "UTC"),
}
"""Columns of `Quality.flags`; `figures` is JSON."""


@dataclass(frozen=True)
class Outcome:
    """What a run did: hours judged (`start` <= time < `end`), place-hours, flags raised, ended, and standing now."""

    start: datetime
    end: datetime
    hours: int
    raised: int
    ended: int
    standing: int


class Quality:
    """Quality control of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._engine = platform.engine
        self._store = ObservationStore(platform)
        self.book = book_of(platform.home)

    def run(self, start: datetime, end: datetime, actor: str, *, places: Sequence[str] | None = None) -> Outcome:
        """Judge the raw hours start <= time < end of stations (None: of all), as they are known now.

        Flags that are new are raised; those that stood in the span and are not found again are ended.

        Raises ValueError where the span is empty or a time has no zone.
        """
        if start.tzinfo is None or end.tzinfo is None or start >= end:
            raise ValueError(f"span {start} to {end}: expected times with their zone, the first before the last")
        now = self._platform.clock.now()
        outcome = self._run(start, end, now, places)
        self._note(outcome, now, actor, None)
        return outcome

    def arrived(self, actor: str) -> Outcome | None:
        """Judge what came in since the last time, and the hours that the clock has passed; None: there is nothing."""
        now = self._platform.clock.now()
        with self._engine.connect() as connection:
            last = connection.execute(
                sa.select(quality_run.c.seen, quality_run.c.until)
                .where(quality_run.c.seen.is_not(None), quality_run.c.ran_at <= now)
                .order_by(quality_run.c.id.desc())
                .limit(1)
            ).one_or_none()
            new = sa.select(
                sa.func.min(segment.c.first), sa.func.max(segment.c.last), sa.func.max(segment.c.created_at)
            ).where(segment.c.resolution == "hour", segment.c.retired_at.is_(None), segment.c.first <= now)
            if last is not None:
                new = new.where(segment.c.created_at > last.seen)
            first, latest, seen = connection.execute(new).one()
        edge = now.replace(minute=0, second=0, microsecond=0)
        starts = [one for one in (first, None if last is None else last.until) if one is not None]
        if not starts or (first is None and last is not None and last.until >= edge):
            return None
        end = edge if last is not None and last.until < edge else min(edge, latest + timedelta(hours=1))
        start = max(min(starts) - BACK, end - MOST)
        outcome = self._run(start.astimezone(UTC), end.astimezone(UTC), now, None)
        self._note(outcome, now, actor, seen or (last.seen if last is not None else None))
        return outcome

    def flags(
        self,
        *,
        as_of: datetime,
        start: datetime | None = None,
        end: datetime | None = None,
        places: Sequence[str] | None = None,
        items: Sequence[str] | None = None,
        ended: bool = False,
        most: int = 50_000,
    ) -> pl.DataFrame:
        """Flags that stood at `as_of` (with `ended`: also those that had ended by then), columns `FLAGS`, by time."""
        flag = quality_flag.c
        wanted = [flag.raised_at <= as_of]
        if not ended:
            wanted.append(sa.or_(flag.ended_at.is_(None), flag.ended_at > as_of))
        for column, values in ((flag.place, places), (flag.item, items)):
            if values is not None:
                wanted.append(column.in_(list(values)))
        wanted += [flag.time >= start] if start is not None else []
        wanted += [flag.time < end] if end is not None else []
        columns = [flag.check_name.label(name) if name == "check" else flag[name] for name in FLAGS]
        query = sa.select(*columns).where(*wanted).order_by(flag.time, flag.place, flag.item, flag.id).limit(most)
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            row["figures"] = json.dumps(row["figures"], ensure_ascii=False)
            if row["ended_at"] is not None and row["ended_at"] > as_of:
                row["ended_at"] = None
        return pl.DataFrame(rows, schema=FLAGS, orient="row")

    def last_run(self, as_of: datetime) -> dict[str, Any] | None:
        """The newest run by `as_of`: `first, until, ran_at, hours, raised, ended`; None: there was none."""
        query = sa.select(quality_run).where(quality_run.c.ran_at <= as_of).order_by(quality_run.c.id.desc()).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else dict(row)

    def near(self, kind: Kind) -> dict[str, tuple[str, ...]]:
        """The neighbours of every station of a kind, the nearest first."""
        stations = [station for each, found in self._stations(None) if each.code == kind.code for station in found]
        return _near(kind, stations)

    def _stations(self, places: Sequence[str] | None) -> list[tuple[Kind, list[Station]]]:
        """Stations by the kind that covers them; the weather instruments stand at all of them."""
        groups: dict[str, list[Station]] = {}
        every = PlaceStore(self._engine).stations()
        asked = None if places is None else set(places)
        for station in every:
            kind = self.book.of_station(station.kind)
            if kind is not None:
                groups.setdefault(kind.code, []).append(station)
        if "weather" in self.book.kinds:
            groups["weather"] = list(every)
        chosen = []
        for code, stations in groups.items():
            if asked is None or any(station.code in asked for station in stations):
                chosen.append((self.book.kinds[code], stations))
        return chosen

    def _run(self, start: datetime, end: datetime, now: datetime, places: Sequence[str] | None) -> Outcome:
        hours, found = 0, []
        for kind, stations in self._stations(places):
            judged, flags = self._judge(kind, stations, start, end, now)
            hours += judged
            found.append(flags)
        for code in DEVICES:
            judged, flags = self._judge_devices(self.book.kinds[code], start, end, now, places)
            hours += judged
            found.append(flags)
        frame = pl.concat(found) if found else pl.DataFrame(schema={**checks.SCHEMA, "kind": pl.String})
        raised, ended = self._keep(frame, start, end, now, places)
        return Outcome(start, end, hours, raised, ended, frame.height)

    def _judge(
        self, kind: Kind, stations: Sequence[Station], start: datetime, end: datetime, now: datetime
    ) -> tuple[int, pl.DataFrame]:
        items = [item for item in kind.items if not item.startswith("a")]
        frame = self._store.hourly(
            [station.code for station in stations],
            start - checks.HISTORY,
            min(end + timedelta(hours=3), now),
            items,
            as_of=now,
            grade="raw",
        ).collect()
        flags = checks.run(frame, kind, _near(kind, stations), start=start, end=end, now=now, rules=self.book)
        inside = pl.col("time").is_between(start, end, closed="left")
        counted = 0 if set(items) <= set(WEATHER) else frame.filter(inside).height
        short = self._short_hours(kind, stations, frame.filter(inside), (start, end), now)
        return counted, pl.concat([flags, short]).with_columns(pl.lit(kind.code).alias("kind"))

    def _short_hours(
        self,
        kind: Kind,
        stations: Sequence[Station],
        hours: pl.DataFrame,
        span: Span,
        now: datetime,
    ) -> pl.DataFrame:
        """Flags of stations' hours that rest on too few minutes, where a registered device sends these."""
        codes = {station.code for station in stations}
        devices = [one for one in Register(self._platform).devices(at=now) if one.station in codes]
        items = [item for item in kind.items if item in hours.columns]
        if not devices or not items:
            return pl.DataFrame(schema=checks.SCHEMA)
        places = {one.mn: one.station for one in devices}
        counted = (
            minutes.of_devices(self._platform, devices, items, *span, now)
            .with_columns(pl.col("device").replace_strict(places, return_dtype=pl.String).alias("place"))
            .group_by("place", "time", "item")
            .agg(pl.col("minutes").max())
        )
        theirs = hours.filter(pl.col("place").is_in(list(places.values())))
        long = theirs.unpivot(on=items, index=["place", "time"], variable_name="item").drop_nulls("value")
        return checks.short_hours(long.join(counted, on=["place", "time", "item"]), kind, self.book)

    def _judge_devices(
        self, kind: Kind, start: datetime, end: datetime, now: datetime, places: Sequence[str] | None
    ) -> tuple[int, pl.DataFrame]:
        """Hours of registered devices that do not go on as a station's; what a device marks counts as no value, and is
        flagged itself unless it only stood still.
        """
        listed = Register(self._platform).devices(kind=kind.code, at=now)
        devices = [one for one in listed if one.station is None and (places is None or one.mn in places)]
        none = pl.DataFrame(schema={**checks.SCHEMA, "kind": pl.String})
        if not devices:
            return 0, none
        rows = TelemetryStore(self._platform).read(
            [one.mn for one in devices],
            start - checks.HISTORY,
            min(end + timedelta(hours=3), now),
            resolution="hour",
            items=list(kind.items),
            as_of=now,
        )
        long = rows.select(pl.col("device").alias("place"), "time", "item", "value", "flag").collect()
        if long.is_empty():
            return 0, none
        normal = long.filter(pl.col("flag").is_null() | pl.col("flag").is_in(NORMAL))
        near = {one.mn: (one.lon, one.lat) for one in devices if one.lon is not None and one.lat is not None}
        parts = [pl.DataFrame(schema=checks.SCHEMA)]
        if normal.height:
            wide = normal.pivot("item", index=["place", "time"], values="value")
            beside = neighbours(near, kind.near_stations, kind.near_km)
            parts.append(checks.run(wide, kind, beside, start=start, end=end, now=now, rules=self.book))
        inside = long.filter(pl.col("time").is_between(start, end, closed="left"))
        parts.append(checks.flagged(inside.filter(pl.col("flag") != STOPPED), self.book))
        counted = minutes.of_devices(self._platform, devices, list(kind.items), start, end, now)
        valid = inside.filter(pl.col("flag").is_null() | pl.col("flag").is_in(NORMAL))
        valid = valid.join(counted.rename({"device": "place"}), on=["place", "time", "item"])
        parts.append(checks.short_hours(valid, kind, self.book))
        flags = pl.concat(parts).with_columns(pl.lit(kind.code).alias("kind"))
        return inside.select("place", "time").n_unique(), flags

    def _keep(
        self, found: pl.DataFrame, start: datetime, end: datetime, now: datetime, places: Sequence[str] | None
    ) -> tuple[int, int]:
        """Raise what is new, end what is not found again; both counted."""
        flag = quality_flag.c
        inside = [flag.ended_at.is_(None), flag.time >= start, flag.time < end, flag.kind.in_(self.book.kinds)]
        if places is not None:
            inside.append(flag.place.in_(list(places)))
            found = found.filter(pl.col("place").is_in(list(places)))
        with self._engine.begin() as connection:
            connection.execute(sa.text("select pg_advisory_xact_lock(hashtext('quality_flag'))"))
            standing = {
                (row.place, row.item, row.check_name, row.time): row.id
                for row in connection.execute(
                    sa.select(flag.id, flag.place, flag.item, flag.check_name, flag.time).where(*inside)
                )
            }
            rows = [
                {
                    **{name: row[name] for name in ("place", "kind", "item", "time", "value", "zh", "en")},
                    "check_name": row["check"],
                    "figures": json.loads(row["figures"]),
                    "raised_at": now,
                }
                for row in found.iter_rows(named=True)
                if standing.pop(tuple(row[name] for name in _KEY), None) is None
            ]
            if rows:
                connection.execute(quality_flag.insert(), rows)
            if standing:
                cured = quality_flag.update().where(flag.id.in_(list(standing.values())))
                connection.execute(cured.values(ended_at=now))
        return len(rows), len(standing)

    def _note(self, outcome: Outcome, now: datetime, actor: str, seen: datetime | None) -> None:
        values = {
            "first": outcome.start,
            "until": outcome.end,
            "ran_at": now,
            "seen": seen,
            "hours": outcome.hours,
            "raised": outcome.raised,
            "ended": outcome.ended,
            "actor": actor,
        }
        with self._engine.begin() as connection:
            connection.execute(quality_run.insert().values(values))


def _near(kind: Kind, stations: Sequence[Station]) -> dict[str, tuple[str, ...]]:
    places = {
        station.code: (station.lon, station.lat)
        for station in stations
        if station.lon is not None and station.lat is not None
    }
    return neighbours(places, kind.near_stations, kind.near_km)
