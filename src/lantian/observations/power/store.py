"""Thresholds in the database: every one that was learned is kept, so a past moment is judged by what it knew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from lantian.observations.power.running import Threshold
from lantian.observations.power.tables import power_threshold


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
