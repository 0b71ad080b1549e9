"""Putting the example's complaints 示例 into a platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.places.regions import is_within
from lantian.places.store import PlaceStore
from lantian.supervision.complaints import store
from lantian.supervision.complaints.service import Complaints
from lantian.supervision.complaints.story import tell
from lantian.supervision.complaints.tables import complaint
from lantian.supervision.tables import case_event, supervision_case

_CASES = 40


def install(platform: Platform, group: str, until: datetime, actor: str, *, seed: int = 2016) -> int:
    """Tell the complaints about counties of a group and keep them; 0 where some are there already.

    Raises LookupError: no such group.
    """
    with platform.engine.connect() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(complaint)):
            return 0
        cases = _cases(connection)
    told = tell(_counties(platform, group), cases, until, seed=seed)
    desk = Complaints(platform)
    new = desk.take_in([one.given for one in told], actor, as_received=True)
    with audit.act(platform.engine, actor, "示例 complaints: cases and answers") as connection:
        for one in told:
            if one.number and one.linked_at:
                store.link(connection, [one.given.id], one.number, actor, one.linked_at)
            if one.answer and one.answered_at:
                store.answer(connection, one.given.id, one.answer, actor, one.answered_at)
    return new


def _cases(connection: sa.Connection) -> list[Mapping[str, Any]]:
    """The example's newest cases that began with a complaint."""
    case = supervision_case.c
    names = ("number", "subject", "address", "region", "lon", "lat", "category")
    query = (
        sa.select(*(case[name] for name in names), case_event.c.at.label("opened_at"))
        .join(case_event, sa.and_(case_event.c.case_id == case.id, case_event.c.seq == 1))
        .where(case.source == "complaint", case.example)
        .order_by(case.number.desc())
        .limit(_CASES)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _counties(platform: Platform, group: str) -> dict[str, tuple[str, float, float]]:
    places = PlaceStore(platform.engine)
    cities = places.group(group).members
    try:
        outlines = places.outlines("counties").outlines
    except LookupError:
        return {}
    found = {}
    for code, one in outlines.items():
        if any(is_within(code, city) for city in cities):
            box = one.box
            found[code] = (one.name, (box.west + box.east) / 2, (box.south + box.north) / 2)
    return found
