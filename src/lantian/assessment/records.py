"""Targets and dust decisions in the database. Every write is audited in the name of its actor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.assessment import periods, tables
from lantian.assessment.targets import QUANTITIES, Target
from lantian.kernel import audit

Decision = Literal["confirmed", "rejected"]

CONFIRMED_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True)
class DustEvent:
    """A person's word on a candidate: ``end`` is the first hour after the event."""

    place: str
    start: datetime
    end: datetime
    state: Decision
    note: str
    decided_by: str
    decided_at: datetime


class Records:
    """Targets and dust events of one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def targets(self, places: Sequence[str] | None = None) -> list[Target]:
        """Targets by place, period and quantity; None: all."""
        t = tables.target
        query = sa.select(t).order_by(t.c.place, t.c.period, t.c.quantity)
        if places is not None:
            query = query.where(t.c.place.in_(list(places)))
        with self._engine.connect() as connection:
            return [_target(row) for row in connection.execute(query)]

    def target(self, target_id: int) -> Target:
        """One target. Raises LookupError for an unknown id."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(tables.target).where(tables.target.c.id == target_id)).one_or_none()
        if row is None:
            raise LookupError(f"there is no target {target_id}")
        return _target(row)

    def put_target(self, target: Target, actor: str, reason: str = "") -> int:
        """Add a target, or replace the one with its ``id``, else the one for the same place, quantity and period;
        returns its id.

        Raises ValueError for an unknown quantity, a limit that cannot be met or missed, a parent below the target
        itself, and where another target stands for the same already; LookupError for an unknown id or parent.
        """
        _check(target)
        t = tables.target
        values = {
            "place": target.place,
            "quantity": target.quantity,
            "period": target.period.label,
            "limit": target.limit,
            "base": target.base,
            "parent": target.parent,
            "source": target.source,
            "example": target.example,
        }
        with audit.act(self._engine, actor, reason) as connection:
            parents = {row.id: row.parent for row in connection.execute(sa.select(t.c.id, t.c.parent))}
            same = (t.c.place == target.place) & (t.c.quantity == target.quantity) & (t.c.period == target.period.label)
            standing = connection.execute(sa.select(t.c.id).where(same)).scalar_one_or_none()
            own = standing if target.id is None else target.id
            _check_family(own, target, parents)
            if own is None:
                return int(connection.execute(sa.insert(t).values(values).returning(t.c.id)).scalar_one())
            if standing not in (None, own):
                raise ValueError(
                    f"target {standing} stands for {target.place}, {target.quantity}, {target.period.label} already"
                )
            connection.execute(sa.update(t).where(t.c.id == own).values(values))
            return own

    def drop_target(self, target_id: int, actor: str, reason: str = "") -> None:
        """Remove a target; those decomposed from it stay, without a parent. Raises LookupError for an unknown id."""
        with audit.act(self._engine, actor, reason) as connection:
            gone = connection.execute(sa.delete(tables.target).where(tables.target.c.id == target_id))
            if not gone.rowcount:
                raise LookupError(f"there is no target {target_id}")

    def dust_events(self, as_of: datetime | None = None, places: Iterable[str] | None = None) -> list[DustEvent]:
        """Decisions made by ``as_of`` (None: all), by place and start."""
        t = tables.dust_event
        query = sa.select(t).order_by(t.c.place, t.c.start)
        if as_of is not None:
            query = query.where(t.c.decided_at <= as_of)
        if places is not None:
            query = query.where(t.c.place.in_(list(places)))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [DustEvent(r.place, r.start, r.end, r.state, r.note, r.decided_by, r.decided_at) for r in rows]

    def confirmed_dust(self, as_of: datetime | None = None, places: Iterable[str] | None = None) -> pl.DataFrame:
        """The confirmed events as ``place, start, end``, for :func:`lantian.assessment.dust.deduct`."""
        rows = [(e.place, e.start, e.end) for e in self.dust_events(as_of, places) if e.state == "confirmed"]
        return pl.DataFrame(rows, schema=CONFIRMED_SCHEMA, orient="row")

    def decide_dust(self, event: DustEvent) -> None:
        """Confirm or reject a candidate; a later word on the same start replaces the earlier (the trail keeps both)."""
        values = {
            "place": event.place,
            "start": event.start,
            "end": event.end,
            "state": event.state,
            "note": event.note,
            "decided_by": event.decided_by,
            "decided_at": event.decided_at,
        }
        statement = insert(tables.dust_event).values(values)
        with audit.act(self._engine, event.decided_by, f"sand-dust {event.state}: {event.note}") as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["place", "start"], set_=values))


def _check(target: Target) -> None:
    if target.quantity not in QUANTITIES:
        raise ValueError(f"target quantity {target.quantity!r}: expected one of {', '.join(QUANTITIES)}")
    if not 0 <= target.limit <= (100 if target.quantity == "good_share" else 10_000):
        raise ValueError(f"target limit {target.limit} of {target.quantity}: expected 0..100 percent, days or ug/m3")
    if target.base is not None and not 0 <= target.base <= 10_000:
        raise ValueError(f"target base {target.base}: expected 0..10000, or none")


def _check_family(own: int | None, target: Target, parents: Mapping[int, int | None]) -> None:
    """The target replaced exists, and none is its own ancestor."""
    for known in (target.id, target.parent):
        if known is not None and known not in parents:
            raise LookupError(f"there is no target {known}")
    above = target.parent
    while above is not None:
        if above == own:
            raise ValueError(f"target parent {target.parent}: it is decomposed from this target itself")
        above = parents[above]


def _target(row: sa.Row[tuple[object, ...]]) -> Target:
    return Target(
        place=row.place,
        quantity=row.quantity,
        period=periods.parse(row.period),
        limit=row.limit,
        base=row.base,
        parent=row.parent,
        source=row.source,
        example=row.example,
        id=row.id,
    )
