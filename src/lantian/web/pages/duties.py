"""Duties 公开职责: what must be told by when, what is overdue, and the draft one click away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.disclosure import rules
from lantian.disclosure.bulletin import NothingKnownError
from lantian.disclosure.drafts import DraftError
from lantian.disclosure.duties import Duty, Event
from lantian.disclosure.service import Disclosure
from lantian.standards import workdays
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("duties", "/duties", "publish", "publishing.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("publishing.read")]
Editor = Annotated[Viewer, allow("publishing.edit")]
Code = Annotated[str, Form(max_length=20)]
Text = Annotated[str, Form(max_length=300)]

WEEKS = 5
"""Weeks of the calendar; the first is that before the chosen one."""
LATE = 100
"""Overdue duties listed at most."""


@dataclass(frozen=True)
class Day:
    """One day of the calendar: its duties, and whether people work."""

    day: date
    duties: tuple[Duty, ...]
    workday: bool
    today: bool


@router.get("/duties")
def page(
    request: Request, viewer: Reader, week: Annotated[date | None, Query()] = None, region: str = "", fault: str = ""
) -> Response:
    """Show where every duty stands; `week`: any day of the calendar's second week; `region`: of one region only."""
    return _page(request, viewer, week, region[:20], fault[:300])


@router.post("/duties/done")
def done(
    request: Request,
    viewer: Editor,
    kind: Code,
    region: Code,
    trigger: Annotated[date, Form()],
    done_on: Annotated[date, Form()],
    note: Text = "",
) -> Response:
    """Say that a duty was done, on which day, with what."""
    desk = Disclosure(viewer.platform)
    duty = _duty(viewer, desk, kind, region, trigger)
    try:
        desk.mark_done(duty, done_on, viewer.account.actor, note=note)
    except ValueError as error:
        return _page(request, viewer, None, "", str(error), 422)
    return RedirectResponse("/duties", 303)


@router.post("/duties/draft")
def draft(request: Request, viewer: Editor, kind: Code, region: Code, trigger: Annotated[date, Form()]) -> Response:
    """Make the draft that does a duty, from what is known now."""
    desk = Disclosure(viewer.platform)
    duty = _duty(viewer, desk, kind, region, trigger)
    try:
        kept = desk.draft(duty, viewer.account.actor)
    except (DraftError, NothingKnownError) as error:
        return _page(request, viewer, None, "", str(error), 422)
    return RedirectResponse(f"/documents?document={kept.id}", 303)


@router.post("/duties/events")
def record(
    request: Request,
    viewer: Editor,
    kind: Code,
    place: Annotated[str, Form(max_length=60)],
    happened_on: Annotated[date, Form()],
    note: Text = "",
) -> Response:
    """Record what happened; the duties follow from it."""
    try:
        found = Desk(viewer).judge.places.resolve(place)
        _may(viewer, found.code)
        event = Event(kind, found.code, happened_on, note.strip(), viewer.platform.settings.example)
        Disclosure(viewer.platform).record(event, viewer.account.actor)
    except (ValueError, LookupError) as error:
        return _page(request, viewer, None, "", str(error), 422)
    return RedirectResponse("/duties", 303)


def _page(request: Request, viewer: Viewer, week: date | None, region: str, fault: str, status: int = 200) -> Response:
    desk, language = Disclosure(viewer.platform), language_of(request)
    atlas = Desk(viewer).atlas
    seen = [duty for duty in desk.calendar(viewer.now) if viewer.may("publishing.read", duty.region)]
    regions = sorted({duty.region for duty in seen})
    shown = [duty for duty in seen if region in ("", duty.region)]
    late = [duty for duty in shown if duty.state == "overdue"]
    open_ones = [duty for duty in shown if duty.state == "due"]
    kept = {one.duty: one for one in reversed(desk.documents(viewer.now)) if one.duty}
    chosen = week or viewer.today
    first = chosen - timedelta(days=chosen.weekday() + 7)
    return render(
        request,
        "duties.html",
        status=status,
        duties=shown,
        late=sorted(late, key=lambda duty: -duty.days)[:LATE],
        late_count=len(late),
        open=open_ones,
        near=[duty for duty in open_ones if duty.warned],
        past=[duty for duty in reversed(shown) if duty.state in ("done", "late")][:LATE],
        weeks=_weeks(first, shown, viewer.today),
        before=first,
        after=first + timedelta(days=14),
        this_week=not week,
        region=region,
        regions=[(code, atlas.name(code, language)) for code in regions],
        document=lambda duty: kept.get((duty.kind, duty.region, duty.trigger)),
        name=lambda code: atlas.name(code, language),
        called=lambda duty: duty.zh if language == "zh" else duty.en,
        event_name=lambda kind: rules.EVENTS[kind][0 if language == "zh" else 1],
        may=lambda code: viewer.may("publishing.edit", code),
        may_record=viewer.may("publishing.edit"),
        places=[atlas.name(code, language) for code in atlas.names if len(code) == 6 and code.endswith("00")],
        events=tuple(rules.EVENTS),
        rules=desk.rules,
        today=viewer.today,
        fault=fault,
    )


def _weeks(first: date, duties: list[Duty], today: date) -> list[list[Day]]:
    calendar = workdays.load()
    days = [first + timedelta(days=number) for number in range(7 * WEEKS)]
    found = [
        Day(day, tuple(duty for duty in duties if duty.due.date == day), calendar.is_workday(day), day == today)
        for day in days
    ]
    return [found[at : at + 7] for at in range(0, len(found), 7)]


def _duty(viewer: Viewer, desk: Disclosure, kind: str, region: str, trigger: date) -> Duty:
    _may(viewer, region)
    try:
        return desk.duty(kind, region, trigger, viewer.now)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None


def _may(viewer: Viewer, region: str) -> None:
    """Refuse who may not edit there."""
    if not viewer.may("publishing.edit", region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission publishing.edit for {region}")
