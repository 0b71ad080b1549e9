"""The ledger of rewards and deductions, measures and interviews in the database, each write in its actor's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from lantian.accountability import tables
from lantian.accountability.interviews import Commitment, Interview, Task, tasks
from lantian.accountability.money import Settlement
from lantian.kernel import audit
from lantian.supervision.programme import store as programme
from lantian.supervision.programme import task as programme_task

MEASURES: Final = {
    "daily_fine": ("按日计罚", "daily fine"),
    "restriction": ("限制生产", "restriction of production"),
    "sealing": ("查封扣押", "sealing"),
    "referral": ("移送公安", "referral to the police"),
}
"""Kinds of measure in both languages."""


@dataclass(frozen=True)
class Entry:
    """One entry of the ledger in yuan; ``corrects``: the entry that it takes back."""

    id: int
    place: str
    period: str
    item: str
    amount: Decimal
    working: str
    schedule: str
    corrects: int | None
    example: bool
    entered_by: str
    entered_at: datetime


@dataclass(frozen=True)
class Measure:
    """A measure against an enterprise or site; ``on`` the day of the order, ``until`` its last day where it has one.

    Raises:
        ValueError: an unknown kind, an empty text, an end before the beginning, or a fine without an amount.
    """

    kind: str
    place: str
    subject: str
    document: str
    on: date
    until: date | None = None
    amount: Decimal | None = None
    working: str = ""
    case_number: str | None = None
    example: bool = False
    id: int | None = None
    entered_by: str = ""

    def __post_init__(self) -> None:
        """Refuse what the record could not stand for."""
        if self.kind not in MEASURES:
            raise ValueError(f"measure {self.kind!r}: expected one of {', '.join(MEASURES)}")
        for field in ("place", "subject", "document"):
            if not getattr(self, field).strip():
                raise ValueError(f"measure {field} {getattr(self, field)!r}: expected a text")
        if self.until is not None and self.until < self.on:
            raise ValueError(f"measure until {self.until}: expected {self.on} or a later day")
        if (self.kind == "daily_fine") != (self.amount is not None):
            raise ValueError(f"measure amount {self.amount}: expected yuan for a daily fine, and none for {self.kind}")


class Books:
    """Ledger, measures and interviews of one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def enter(self, settlement: Settlement, actor: str, at: datetime, *, example: bool = False) -> list[Entry]:
        """Put the lines of a settlement into the ledger; where a cap of the whole held it, the difference as an entry.

        Raises:
            ValueError: the place's period stands in the ledger already; correct its entries first.
        """
        lines = [(line.item, line.amount, line.zh) for line in settlement.lines]
        rest = settlement.total - sum((amount for _, amount, _ in lines), Decimal(0))
        if rest:
            lines.append(("cap", rest, f"总额封顶，调整 {rest} 元"))
        t = tables.ledger
        fixed = {"place": settlement.place, "period": settlement.period, "schedule": settlement.schedule}
        rows = [
            {**fixed, "item": item, "amount": amount, "working": working, "example": example, **_by(actor, at)}
            for item, amount, working in lines
        ]
        with audit.act(self._engine, actor, f"ledger {settlement.place} {settlement.period}") as connection:
            query = sa.select(t).where(t.c.place == settlement.place, t.c.period == settlement.period)
            if _standing([_entry(row) for row in connection.execute(query)]):
                raise ValueError(
                    f"{settlement.place} {settlement.period}: stands in the ledger; correct its entries first"
                )
            if not rows:
                return []
            made = connection.execute(sa.insert(t).returning(t), rows).all()
        return sorted((_entry(row) for row in made), key=lambda each: each.id)

    def correct(self, entry: int, actor: str, at: datetime, reason: str) -> Entry:
        """Take an entry back by one of the opposite sign.

        Raises:
            LookupError: there is no such entry.
            ValueError: no reason, or the entry was taken back, or is a correction itself.
        """
        if not reason.strip():
            raise ValueError(f"reason {reason!r}: expected why, in words (请写明理由)")
        t = tables.ledger
        with audit.act(self._engine, actor, reason) as connection:
            row = connection.execute(sa.select(t).where(t.c.id == entry)).one_or_none()
            if row is None:
                raise LookupError(f"there is no ledger entry {entry}")
            taken = connection.execute(sa.select(t.c.id).where(t.c.corrects == entry)).scalar_one_or_none()
            if taken is not None or row.corrects is not None:
                raise ValueError(f"ledger entry {entry}: expected one that is no correction and was not taken back")
            values = {name: getattr(row, name) for name in ("place", "period", "item", "schedule", "example")}
            values |= {"amount": -row.amount, "working": f"更正 #{entry}：{reason.strip()}", "corrects": entry}
            return _entry(connection.execute(sa.insert(t).values({**values, **_by(actor, at)}).returning(t)).one())

    def ledger(self, place: str | None = None, as_of: datetime | None = None) -> list[Entry]:
        """Entries made by ``as_of`` (None: all) of a place (None: of all), in their order."""
        t = tables.ledger
        query = sa.select(t).order_by(t.c.id)
        if place is not None:
            query = query.where(t.c.place == place)
        return [_entry(row) for row in self._rows(query, t, as_of)]

    def record(self, measure: Measure, actor: str, at: datetime, reason: str = "") -> Measure:
        """Keep a measure."""
        t = tables.measure
        values = {name: value for name, value in vars(measure).items() if name not in ("id", "entered_by")}
        with audit.act(self._engine, actor, reason or f"{measure.kind} {measure.document}") as connection:
            row = connection.execute(sa.insert(t).values({**values, **_by(actor, at)}).returning(t)).one()
        return _measure(row)

    def measures(self, as_of: datetime | None = None) -> list[Measure]:
        """Measures entered by ``as_of`` (None: all), the latest day first."""
        t = tables.measure
        return [_measure(row) for row in self._rows(sa.select(t).order_by(t.c.on.desc(), t.c.id.desc()), t, as_of)]

    def minute(self, interview: Interview, actor: str, at: datetime, reason: str = "") -> Interview:
        """Keep an interview; each commitment becomes a task of the work programme, in the same act."""
        t = tables.interview
        values = {name: value for name, value in vars(interview).items() if name not in ("id", "commitments")}
        values["commitments"] = [{**asdict(each), "due": each.due.isoformat()} for each in interview.commitments]
        with audit.act(self._engine, actor, reason or f"interview {interview.place}") as connection:
            row = connection.execute(sa.insert(t).values({**values, **_by(actor, at)}).returning(t)).one()
            kept = _interview(row)
            for one in tasks(kept):
                programme.add_task(connection, _promised(kept, one), actor=actor, at=at)
        return kept

    def interviews(self, as_of: datetime | None = None) -> list[Interview]:
        """Interviews entered by ``as_of`` (None: all), the latest first."""
        t = tables.interview
        query = sa.select(t).order_by(t.c.held_on.desc(), t.c.id.desc())
        return [_interview(row) for row in self._rows(query, t, as_of)]

    def _rows(self, query: sa.Select[Any], table: sa.Table, as_of: datetime | None) -> Sequence[sa.Row[Any]]:
        if as_of is not None:
            query = query.where(table.c.entered_at <= as_of)
        with self._engine.connect() as connection:
            return connection.execute(query).all()


def _promised(interview: Interview, one: Task) -> programme_task.Task:
    """A commitment as a task of the programme: one item, from the interview to its day."""
    return programme_task.Task(
        one.text,
        one.region,
        one.department or "government",
        Decimal(1),
        "项",
        min(interview.held_on, one.due),
        one.due,
        source="interview",
        reference=one.source,
        example=one.example,
    )


def balance(entries: Sequence[Entry]) -> dict[str, Decimal]:
    """By place, the sum of its entries in yuan."""
    sums: dict[str, Decimal] = {}
    for each in entries:
        sums[each.place] = sums.get(each.place, Decimal("0.00")) + each.amount
    return dict(sorted(sums.items()))


def _standing(entries: Sequence[Entry]) -> list[Entry]:
    """Entries that were not taken back."""
    gone = {each.corrects for each in entries}
    return [each for each in entries if each.corrects is None and each.id not in gone]


def _by(actor: str, at: datetime) -> dict[str, Any]:
    return {"entered_by": actor, "entered_at": at}


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(**row._mapping)


def _measure(row: sa.Row[Any]) -> Measure:
    values = {name: value for name, value in row._mapping.items() if name != "entered_at"}
    return Measure(**values)


def _interview(row: sa.Row[Any]) -> Interview:
    values = {name: value for name, value in row._mapping.items() if name not in ("entered_by", "entered_at")}
    promised = [Commitment(**{**each, "due": date.fromisoformat(each["due"])}) for each in values.pop("commitments")]
    return Interview(**values, commitments=tuple(promised))
