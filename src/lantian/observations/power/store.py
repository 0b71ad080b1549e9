"""Thresholds in the database: every one that was learned is kept, so a past moment is judged by what it knew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from lantian.observations.alerts.tables import alert
from lantian.observations.power.running import Threshold
from lantian.observations.power.tables import power_threshold

SUBJECT = "power:"
"""How the subjects of alerts about electricity begin; the enterprise follows."""


@dataclass(frozen=True, slots=True)
class Told:
    """A day on which an enterprise was told of: rule, when it began, and the power of production in kW."""

    enterprise: str
    rule: str
    day: date
    at: datetime
    production_kw: float


def told(engine: sa.Engine, start: datetime, as_of: datetime) -> list[Told]:
    """What was told of electricity that began since ``start``, as it was known; by enterprise and time."""
    c = alert.c
    query = (
        sa.select(c.subject, c.key, c.at, c.figures["production_kw"].as_float().label("kw"))
        .where(c.kind == "exceedance", c.subject.startswith(SUBJECT), c.at >= start, c.raised_at <= as_of)
        .order_by(c.subject, c.at)
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    parts = [(row, row.key.partition(":")) for row in rows]
    return [
        Told(row.subject.removeprefix(SUBJECT), rule, date.fromisoformat(day), row.at, row.kw or 0.0)
        for row, (rule, _, day) in parts
    ]


def put(engine: sa.Engine, found: Iterable[Threshold], now: datetime) -> int:
    """Write thresholds down as learned now; the number written. Those of the same moment are replaced."""
    rows = [
        {**{name: getattr(one, name) for name in Threshold.__dataclass_fields__}, "learned_at": now} for one in found
    ]
    if not rows:
        return 0
    with engine.begin() as connection:
        made = insert(power_threshold)
        new = {name: made.excluded[name] for name in ("kw", "idle", "running", "readings", "means")}
        connection.execute(made.on_conflict_do_update(index_elements=["line", "learned_at"], set_=new), rows)
    return len(rows)


def read(engine: sa.Engine, lines: Sequence[str], as_of: datetime) -> list[Threshold]:
    """The newest threshold of each line by a moment; lines that have none are left out."""
    if not lines:
        return []
    c = power_threshold.c
    query = (
        sa.select(power_threshold)
        .where(c.line.in_(list(lines)), c.learned_at <= as_of)
        .ext(distinct_on(c.line))
        .order_by(c.line, c.learned_at.desc())
    )
    with engine.connect() as connection:
        return [
            Threshold(**{name: row[name] for name in Threshold.__dataclass_fields__})
            for row in connection.execute(query).mappings()
        ]
