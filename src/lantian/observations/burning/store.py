"""Fires in the database: rows in, `Fire` and `Signal` out, as they were known at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lantian.kernel.accounts import covers
from lantian.observations.burning.fire import Fire, FireEvent, fold
from lantian.observations.burning.joining import Signal
from lantian.observations.burning.tables import fire, fire_event, fire_signal

_FOUND = ("id", "region", "lon", "lat", "found_at", "source", "kind", "address", "link", "example")
Scopes = Sequence[tuple[str | None, str | None]]


def add(connection: sa.Connection, first: Signal, region: str, told_at: datetime) -> int:
    """A new fire, as its first signal found it; its number."""
    values = {
        "region": region, "lon": first.lon, "lat": first.lat, "found_at": first.at, "told_at": told_at,
        "source": first.source, "kind": first.kind, "address": first.address, "link": first.link,
        "example": first.example,
    }  # fmt: skip
    return int(connection.execute(fire.insert().values(values).returning(fire.c.id)).scalar_one())


def add_signals(connection: sa.Connection, number: int, signals: Iterable[Signal]) -> None:
    """Signals of a fire."""
    rows = [
        {
            "sender": one.sender, "id": one.id, "fire": number, "source": one.source, "at": one.at, "lon": one.lon,
            "lat": one.lat, "confidence": one.confidence, "frp": one.frp, "link": one.link,
        }
        for one in signals
    ]  # fmt: skip
    if rows:
        connection.execute(fire_signal.insert(), rows)


def add_event(
    connection: sa.Connection,
    number: int,
    kind: str,
    at: datetime,
    actor: str,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> int:
    """The next event of a fire; its number in the row."""
    last = connection.scalar(sa.select(sa.func.max(fire_event.c.seq)).where(fire_event.c.fire == number)) or 0
    values = {
        "fire": number,
        "seq": last + 1,
        "at": at,
        "actor": actor,
        "kind": kind,
        "reason": reason,
        "data": dict(data or {}),
    }
    connection.execute(fire_event.insert().values(values))
    return last + 1


def known(connection: sa.Connection, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these signals (sender, id) that are there already."""
    asked = list(keys)
    if not asked:
        return set()
    query = sa.select(fire_signal.c.sender, fire_signal.c.id).where(
        sa.tuple_(fire_signal.c.sender, fire_signal.c.id).in_(asked)
    )
    return {(row.sender, row.id) for row in connection.execute(query)}


def fire_of(connection: sa.Connection, sender: str, key: str) -> int | None:
    """The fire of a signal; None: there is no such signal."""
    query = sa.select(fire_signal.c.fire).where(fire_signal.c.sender == sender, fire_signal.c.id == key)
    return connection.scalar(query)


def near(connection: sa.Connection, start: datetime, end: datetime) -> dict[int, list[Signal]]:
    """Signals seen between two moments, by their fire."""
    query = sa.select(fire_signal).where(fire_signal.c.at.between(start, end)).order_by(fire_signal.c.at)
    found: dict[int, list[Signal]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["fire"], []).append(_signal(row))
    return found


def signals_of(connection: sa.Connection, number: int) -> list[Signal]:
    """The signals of one fire, oldest first."""
    query = sa.select(fire_signal).where(fire_signal.c.fire == number).order_by(fire_signal.c.at, fire_signal.c.id)
    return [_signal(row) for row in connection.execute(query).mappings()]


def fires(
    connection: sa.Connection,
    as_of: datetime,
    *,
    since: datetime | None = None,
    numbers: Sequence[int] | None = None,
    scopes: Scopes = ((None, None),),
) -> list[Fire]:
    """Fires as they stood at a moment, the newest first: those told of since then, or by number.

    ``scopes``: pairs of region and department; a department other than agriculture's sees fires of its region too, as
    smoke knows no departments.
    """
    query = sa.select(fire).where(fire.c.told_at <= as_of)
    if since is not None:
        query = query.where(fire.c.told_at >= since)
    if numbers is not None:
        query = query.where(fire.c.id.in_(list(numbers)))
    rows = connection.execute(query.order_by(fire.c.told_at.desc(), fire.c.id.desc())).mappings().all()
    rows = [row for row in rows if any(covers(region, row["region"]) for region, _ in scopes)]
    events = events_of(connection, [row["id"] for row in rows], as_of)
    return [fold(Fire(**{name: row[name] for name in _FOUND}), events.get(row["id"], ())) for row in rows]


def events_of(connection: sa.Connection, numbers: Sequence[int], as_of: datetime) -> dict[int, list[FireEvent]]:
    """The events of fires up to a moment, in their order."""
    if not numbers:
        return {}
    query = (
        sa.select(fire_event)
        .where(fire_event.c.fire.in_(list(numbers)), fire_event.c.at <= as_of)
        .order_by(fire_event.c.fire, fire_event.c.seq)
    )
    found: dict[int, list[FireEvent]] = {}
    for row in connection.execute(query).mappings():
        event = FireEvent(row["seq"], row["at"], row["actor"], row["kind"], row["reason"], row["data"])
        found.setdefault(row["fire"], []).append(event)
    return found


def _signal(row: sa.RowMapping) -> Signal:
    return Signal(
        row["source"], row["sender"], row["id"], row["at"], row["lon"], row["lat"], confidence=row["confidence"],
        frp=row["frp"], link=row["link"],
    )  # fmt: skip
