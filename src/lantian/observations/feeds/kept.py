"""Values that live in other stores, as feeds of the same catalogue: station hours, city days, device telemetry."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds.definition import TIME, Feed
from lantian.observations.feeds.records import Question
from lantian.observations.feeds.rights import Scope
from lantian.observations.store import ObservationStore
from lantian.places.regions import is_within, level_of
from lantian.places.store import PlaceStore

LOOK_BACK: Final = timedelta(days=62)
"""How far back a question without a beginning looks: these stores hold years, and their own interface gives them."""

STAMPS: Final = {"hourly": "time", "daily": "date", "telemetry": "time"}


def read(platform: Platform, feed: Feed, asked: Question, scope: Scope) -> pl.DataFrame:
    """What a reader may see, in the columns of the definition; as `Feeds.read`, without revisions."""
    found = lazy(platform, feed, asked, scope)
    if asked.limit is not None:
        found = found.sort(STAMPS[feed.store]).tail(asked.limit)
    return found.sort(STAMPS[feed.store]).collect()


def lazy(platform: Platform, feed: Feed, asked: Question, scope: Scope) -> pl.LazyFrame:
    """The same, read when it is collected; filtered by the reader's regions before anything is."""
    end = asked.end or asked.as_of + timedelta(seconds=1)
    start = asked.start or end - LOOK_BACK
    known = regions(platform, feed)
    seen = [
        place
        for place, region in known.items()
        if scope.holds(region) and (asked.region is None or _inside(region, asked.region))
    ]
    everything = scope.whole and asked.region is None
    if feed.store == "telemetry":
        found = _telemetry(platform, None if everything else seen, start, end, asked)
    else:
        found = _observed(platform, feed, None if everything else seen, start, end, asked)
    place = "device" if feed.store == "telemetry" else "place"
    found = found.with_columns(
        pl.col(place).replace_strict(known, default=None, return_dtype=pl.String).alias("region"),
        pl.lit([], pl.List(pl.String)).alias("flags"),
    )
    if "known_at" not in found.collect_schema().names():
        found = found.with_columns(pl.lit(None, TIME).alias("known_at"))
    for name, value in asked.where.items():
        found = found.filter(pl.col(name).cast(pl.String).eq_missing(pl.lit(value, pl.String)))
    beside = [name for name in ("region", "flags", "known_at") if name not in feed.schema]
    found = found.select(*feed.schema, *beside, pl.lit(None, pl.Int64).alias("batch"))
    if asked.since is None:
        return found
    # What became known since then is what is not as it was known then.
    then = asked.since if isinstance(asked.since, datetime) else asked.since.at
    before = lazy(platform, feed, replace(asked, since=None, as_of=then, start=start, end=end), scope)
    return found.join(before, on=list(feed.schema), how="anti", nulls_equal=True)


def newest(platform: Platform, feed: Feed, now: datetime) -> datetime | None:
    """The time of the newest value that is known by now; None where there is none in the last two months."""
    for back in (timedelta(days=3), LOOK_BACK):
        asked = Question(now, start=now - back)
        found = lazy(platform, feed, asked, Scope(open=True)).select(pl.col(STAMPS[feed.store]).max())
        value = found.collect(engine="streaming").item()
        if isinstance(value, datetime):
            return value
        if value is not None:
            return datetime(value.year, value.month, value.day, tzinfo=TIMEZONE)
    return None


def regions(platform: Platform, feed: Feed) -> dict[str, str | None]:
    """Where each place or device of the store lies."""
    if feed.store == "telemetry":
        found: dict[str, str | None] = _devices().regions(platform)
        return found
    store = PlaceStore(platform.engine)
    stations: dict[str, str | None] = {station.code: station.region for station in store.stations()}
    return stations | {region.code: region.code for region in store.regions()}


def _observed(
    platform: Platform, feed: Feed, places: list[str] | None, start: datetime, end: datetime, asked: Question
) -> pl.LazyFrame:
    store, items = (
        ObservationStore(platform),
        [one.name for one in feed.fields if one.name not in ("place", "time", "date")],
    )
    if feed.store == "hourly":
        return store.hourly(places, start, end, items, asked.as_of)
    first, last = start.astimezone(TIMEZONE).date(), end.astimezone(TIMEZONE).date()
    return store.daily(places, first, last, items, asked.as_of)


def _telemetry(
    platform: Platform, devices: list[str] | None, start: datetime, end: datetime, asked: Question
) -> pl.LazyFrame:
    found: pl.LazyFrame = _devices().values(platform, devices, start, end, asked.as_of)
    return found


def _devices() -> Any:
    """The bridge to the store of devices, which is there when the gateway's part is."""
    return importlib.import_module("lantian.observations.feeds.telemetry")


def _inside(region: str | None, outer: str) -> bool:
    try:
        level_of(outer)
    except ValueError:
        return region == outer
    return region is not None and is_within(region, outer)
