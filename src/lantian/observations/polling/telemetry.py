"""Polled readings of devices and sensors onto the shelf of telemetry, where those that send by themselves stand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import sqlalchemy as sa

from lantian.observations.feeds import FeedError
from lantian.observations.feeds.definition import Feed
from lantian.observations.feeds.known import lookups
from lantian.observations.feeds.reading import of_rows
from lantian.observations.feeds.validation import validate
from lantian.observations.gateway.tables import device
from lantian.observations.hj212.codes import POLLUTANTS
from lantian.observations.sensors.tables import sensor
from lantian.observations.telemetry import COLUMNS, TelemetryStore
from lantian.standards.codes import ITEMS

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

_KEY: Final = ["device", "item", "time"]
_AHEAD: Final = timedelta(days=1)
_TICK: Final = timedelta(microseconds=1)


def shelve(platform: Platform, feed: Feed, found: list[dict[str, Any]], now: datetime) -> tuple[int, int, int, str]:
    """Store rows of a feed with `store: telemetry`; how many are new, revise an earlier one, were refused, and why.

    A row is one reading: `device`, `item`, `time` and any other column of `telemetry.COLUMNS`; without `resolution` an
    average of minutes. What a window tells again unchanged is not stored again; of what is changed both stand, and the
    later holds. Refused are devices that nobody registered (neither as device nor as sensor), items that are neither a
    name of `standards.codes.ITEMS` nor a code of HJ 212 without one, and times more than a day ahead.

    Raises FeedError where the definition lacks one of the three fields.
    """
    if missing := [name for name in _KEY if name not in feed.schema]:
        raise FeedError(f"feed {feed.name}: field {missing[0]} is missing; a reading needs {', '.join(_KEY)}")
    good, refused = validate(of_rows(found, feed, feed.name).rows, feed, lookups(platform.engine, feed))
    faults = [(row["field"], row["value"], row["reason_en"]) for row in refused.unique("line").sort("line").to_dicts()]
    rows, strange = _known(platform, good, now)
    faults += strange
    why = f"{len(faults)} rows refused: {faults[0][0]} {faults[0][1]!r}: {faults[0][2]}" if faults else ""
    names = [name for name in COLUMNS if name in feed.schema and name != "known_at"]
    frame = rows.select(names).with_columns(pl.lit(now, COLUMNS["known_at"]).alias("known_at"))
    if "resolution" not in names:
        frame = frame.with_columns(pl.lit("minute").alias("resolution"))
    store, new, revised = TelemetryStore(platform), 0, 0
    fresh = []
    for (resolution,), part in frame.partition_by("resolution", as_dict=True).items():
        differs, changed = _fresh(store, part, str(resolution))
        fresh.append(differs)
        new, revised = new + differs.height - changed, revised + changed
    if new + revised:
        store.append(pl.concat(fresh), f"poll:{feed.name}")
    return new, revised, len(faults), why


def _known(platform: Platform, good: pl.DataFrame, now: datetime) -> tuple[pl.DataFrame, list[tuple[str, str, str]]]:
    """The rows that can be stored, and field, value and reason of each of the others."""
    with platform.engine.connect() as connection:
        ids = {*connection.scalars(sa.select(device.c.mn)), *connection.scalars(sa.select(sensor.c.id))}
    items = {*ITEMS, *(code for code, one in POLLUTANTS.items() if one.item is None)}
    rules = (
        ("device", pl.col("device").is_in(ids), "no such device or sensor is registered"),
        ("item", pl.col("item").is_in(items), "neither an item of the platform nor a code of HJ 212 without one"),
        ("time", pl.col("time") <= now + _AHEAD, "more than a day ahead"),
    )
    strange: list[tuple[str, str, str]] = []
    for name, holds, reason in rules:
        strange += [(name, str(value), reason) for value in good.filter(~holds)[name]]
        good = good.filter(holds)
    return good, strange


def _fresh(store: TelemetryStore, part: pl.DataFrame, resolution: str) -> tuple[pl.DataFrame, int]:
    """Rows that say something else than what stands, and how many of them revise it."""
    first, last = part["time"].min(), part["time"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return part, 0
    there = store.read(part["device"].unique().to_list(), first, last + _TICK, resolution=resolution).collect()
    said = [name for name in part.columns if name not in ("resolution", "known_at")]
    differs = part.join(there.select(said), on=said, how="anti", nulls_equal=True)
    return differs, differs.join(there.select(_KEY), on=_KEY, how="semi").height
