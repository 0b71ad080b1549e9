"""What a phone keeps of a day in the field, and how a case stands that went on without it; plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lantian.kernel.accounts import regions_of
from lantian.places.outlines import OutlineSet
from lantian.places.regions import is_within
from lantian.places.store import PlaceStore
from lantian.supervision.events import BEIJING, Event
from lantian.supervision.field import FieldDesk
from lantian.supervision.field_targets import Goal, Goals
from lantian.supervision.findings import categories
from lantian.supervision.rules import allowed
from lantian.supervision.service import Supervision
from lantian.supervision.store import Record
from lantian.web.api.outlines import outline_set
from lantian.web.desk import Desk
from lantian.web.remember import Memory
from lantian.web.security import Viewer

OUTLINES = "counties"
"""The set of outlines that the phone's map is drawn with."""
_STEP = 0.002
_KINDS = {
    "extend": ("延期", "extended"),
    "pause": ("中止计时", "paused"),
    "resume": ("恢复计时", "resumed"),
    "assign": ("改派", "assigned anew"),
    "plan": ("倒排工期", "planned"),
    "step": ("完成一步", "a step done"),
    "publish": ("公开", "published"),
    "note": ("备注", "note"),
    "link": ("关联", "linked"),
}


def of(viewer: Viewer, language: str) -> dict[str, Any]:
    """The day of an account: its name, `cases` to check, `targets` of the round, `regions` to choose from, `map`.

    `map` is None where no outlines are loaded.
    """
    found = FieldDesk(viewer.platform).to_check(viewer.account, viewer.now)
    goals = Goals(viewer.platform).open(viewer.account, viewer.now)
    return {
        "account": viewer.account.login,
        "day": viewer.today.isoformat(),
        "cases": [case_of(viewer, record, language) for record in found],
        "regions": regions(viewer, regions_of(viewer.account, "cases.report")),
        "map": _map(viewer),
        "targets": [_goal_of(viewer, goal, language) for goal in goals],
    }


def _goal_of(viewer: Viewer, goal: Goal, language: str) -> dict[str, Any]:
    site = goal.site
    return {
        "key": goal.key,
        "round": goal.number,
        "name": site.name,
        "code": site.region[:6],
        "region": Desk(viewer).atlas.name(site.region, language),
        "address": site.address,
        "industry": site.industry,
        "lon": site.lon,
        "lat": site.lat,
    }


def begun(goal: dict[str, Any]) -> dict[str, str]:
    """What a form begins with for a drawn site."""
    place = {} if goal["lon"] is None else {"lon": str(goal["lon"]), "lat": str(goal["lat"]), "place_by": "register"}
    words = {"subject": goal["name"], "address": goal["address"], "region": goal["code"]}
    return {"target": goal["key"], **words, **place}


def case_of(viewer: Viewer, record: Record, language: str) -> dict[str, Any]:
    """A case as the check form shows it."""
    case, found = record.case, record.case.finding
    line = categories()[found["category"]]
    return {
        "number": record.number,
        "title": found["title"],
        "category": line.zh if language == "zh" else line.en,
        "subject": found.get("subject", ""),
        "address": found.get("address", ""),
        "region": Desk(viewer).atlas.name(found["region"], language),
        "lon": found.get("lon"),
        "lat": found.get("lat"),
        "due": case.due.date.isoformat() if case.due else "",
        "late": case.overdue(viewer.today),
        "requirement": case.requirement,
        "reported": record.events[-1].reason,
        "events": case.events,
        "example": bool(found.get("example")),
    }


def standing(viewer: Viewer, record: Record, seen: int, language: str) -> dict[str, Any]:
    """How a case stands now, what happened since it was seen, and what may still be said of it."""
    case, flow = record.case, record.case.workflow
    moves = allowed(case, Supervision(viewer.platform).who(case, viewer.account), viewer.today)

    def words(event: Event) -> dict[str, str]:
        move = flow.moves.get(event.move or "")
        zh, en = (move.zh, move.en) if move else _KINDS.get(event.kind, (event.kind, event.kind))
        at = f"{event.at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
        return {"at": at, "actor": event.actor, "what": zh if language == "zh" else en, "reason": event.reason}

    return {
        "events": case.events,
        "state": case.at.zh if language == "zh" else case.at.en,
        "since": [words(event) for event in record.events[seen:]],
        "moves": [move.name for move in moves],
    }


def regions(viewer: Viewer, held: frozenset[str] | None) -> list[tuple[str, str]]:
    """Counties of the regions held (None: everywhere), code and name, by code."""
    found = PlaceStore(viewer.platform.engine).regions("county")
    return [(one.code, one.name) for one in found if held is None or _inside(one.code, held)]


def _inside(code: str, held: Iterable[str]) -> bool:
    return any(is_within(code, region) for region in held)


def _map(viewer: Viewer) -> dict[str, Any] | None:
    sets = {one.id: one for one in PlaceStore(viewer.platform.engine).outline_sets()}
    if OUTLINES not in sets:
        return None
    drawn = outline_set(viewer, Memory(viewer), OUTLINES)
    own = viewer.account.region or ""
    mine = [outline for code, outline in drawn.outlines.items() if own and is_within(code, own)]
    box = OutlineSet("", {outline.code: outline for outline in mine}).box if mine else drawn.box
    within = f"&within={own}" if mine else ""
    return {
        "bounds": list(box),
        "outlines": f"/api/v1/outlines/{OUTLINES}?step={_STEP}{within}",
        "caption": drawn.caption,
    }
