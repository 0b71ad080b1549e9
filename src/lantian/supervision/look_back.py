"""Look-back 回头看: which closed cases to visit again, drawn so that anybody can repeat it.

A case is due for a visit from `FIRST` to `LAST` days after its closing, unless it was visited since. Half of the visits
are drawn at random; the others among cases that gave trouble (a failed check, an interview's term, found again before)
and among those that a complaint began. The draw is that of the rounds: SHA-256 of seed and number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from lantian.supervision import ledger
from lantian.supervision.draw import Candidate, Draw, Shares, draw
from lantian.supervision.tables import case_event

FIRST, LAST = 20, 180
"""Days after the closing between which a case is visited again; the project's own choice."""
SHARES = Shares(random=0.5, hot_cell=0.0, elevated_record=0.35, complaint=0.15)
"""``elevated_record`` stands for cases that gave trouble."""


@dataclass(frozen=True)
class Plan:
    """The cases to visit, each with why, and how many were due for a visit."""

    due: int
    rows: tuple[tuple[Mapping[str, Any], str], ...]
    drawn: Draw | None


def closed(
    connection: Connection, scopes: tuple[tuple[str | None, str | None], ...], as_of: datetime
) -> list[Mapping[str, Any]]:
    """Closed cases as they stood, each with ``looked_back_on``, the day of the last visit since its closing."""
    asked = ledger.Filter(scopes, standing="closed", order="number")
    rows = ledger.page(connection, asked, as_of, limit=100_000).rows
    visits = sa.select(case_event.c.case_id, sa.func.max(case_event.c.at).label("at")).where(
        case_event.c.kind == "look_back", case_event.c.at <= as_of
    )
    seen = {row.case_id: row.at for row in connection.execute(visits.group_by(case_event.c.case_id))}
    return [
        {**row, "looked_back_on": seen[row["id"]].date() if row["id"] in seen else None}
        for row in rows
        if row["state"] != "dismissed"
    ]


def plan(rows: Iterable[Mapping[str, Any]], n: int, seed: int | str, day: date) -> Plan:
    """Draw ``n`` closed cases to visit on a day. Raises ValueError for ``n`` under 1 or no seed."""
    due = {row["number"]: row for row in rows if _due(row, day)}
    if not due:
        return Plan(0, (), None)
    made = draw([_candidate(row) for row in due.values()], min(n, len(due)), seed, SHARES)
    return Plan(len(due), tuple((due[one.candidate.id], one.stratum) for one in made.drawn), made)


def _due(row: Mapping[str, Any], day: date) -> bool:
    if row["closed_on"] is None or not FIRST <= (day - row["closed_on"]).days <= LAST:
        return False
    return row["looked_back_on"] is None or row["looked_back_on"] < row["closed_on"]


def _candidate(row: Mapping[str, Any]) -> Candidate:
    tags: dict[Any, float] = {}
    if row["failures"] or row["reopened"]:
        tags["elevated_record"] = 1.0 + row["failures"] + 2.0 * row["reopened"]
    if row["source"] == "complaint":
        tags["complaint"] = 1.0
    county = row["region"].removeprefix("Z")[:6]
    return Candidate(row["number"], row["title"], county, row["category"], row["lon"], row["lat"], tags=tags)
