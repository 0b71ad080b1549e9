"""The joint meeting 联席会议: what is stuck between departments, what was decided, and was it done?"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import NotPermitted
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.events import Party
from lantian.supervision.programme.decisions import KINDS, STATES, Decided, Kind
from lantian.supervision.programme.meetings import Meetings
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("meetings", "/meetings", "supervise", "programme.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("programme.read")]
Manager = Annotated[Viewer, allow("meetings.manage")]
Text = Annotated[str, Form(max_length=300)]
Long = Annotated[str, Form(max_length=20_000)]

_FAULTS = (ValueError, LookupError, NotPermitted)


@router.get("/meetings")
def page(request: Request, viewer: Reader, meeting: str = "") -> Response:
    """Show the next agenda with its reasons, every decision with where it stands, one `meeting` with its minutes."""
    return _page(request, viewer, meeting)


@router.post("/meetings")
def hold(
    request: Request,
    viewer: Manager,
    held_on: Text,
    chair: Text,
    attendees: Long = "",
    text: Long = "",
    keys: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Enter a meeting that was held, with the proposed items that it dealt with."""
    try:
        names = attendees.replace("，", "\n").replace("、", "\n").replace(",", "\n").splitlines()
        number = Meetings(viewer.platform).hold(
            _day("held_on", held_on), chair, names, text, viewer.account, keys=set(keys or ())
        )
    except _FAULTS as error:
        return _page(request, viewer, fault=error)
    return RedirectResponse(f"/meetings?meeting={number}", 303)


@router.post("/meetings/{number}/minutes")
def write(request: Request, viewer: Manager, number: str, text: Long) -> Response:
    """Write a further version of the minutes."""
    try:
        Meetings(viewer.platform).write(number, text, viewer.account)
    except _FAULTS as error:
        return _page(request, viewer, number, error)
    return RedirectResponse(f"/meetings?meeting={number}", 303)


@router.post("/meetings/{number}/decisions")
def decide(
    request: Request,
    viewer: Manager,
    number: str,
    kind: Annotated[Kind, Form()],
    text: Text,
    region: Text,
    department: Text,
    due: Text = "",
    case_number: Text = "",
    days: Annotated[int | None, Form()] = None,
    several: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Enter a decision, and do it: a task is made, a case gets its event."""
    on_case = kind in ("assign", "extend")
    try:
        owner = Party(Desk(viewer).judge.places.resolve(region).code, department)
        Meetings(viewer.platform).decide(
            number,
            kind,
            text.strip(),
            owner,
            viewer.account,
            due=None if on_case else _day("due", due),
            case_number=case_number.strip() if on_case else None,
            days=days if kind == "extend" else None,
            departments=list(dict.fromkeys([department, *(several or [])])) if kind == "joint" else (),
        )
    except _FAULTS as error:
        return _page(request, viewer, number, error)
    return RedirectResponse(f"/meetings?meeting={number}", 303)


@router.post("/meetings/{number}/done")
def done(
    request: Request, viewer: Manager, number: str, position: Annotated[int, Form()], done_on: Text, note: Text
) -> Response:
    """Say that a joint enforcement was held, and what was found."""
    try:
        Meetings(viewer.platform).done(f"{number}/{position}", _day("done_on", done_on), note, viewer.account)
    except _FAULTS as error:
        return _page(request, viewer, number, error)
    return RedirectResponse(f"/meetings?meeting={number}", 303)


def _page(request: Request, viewer: Viewer, number: str = "", fault: Exception | None = None) -> Response:
    language, desk, room = language_of(request), Desk(viewer), Meetings(viewer.platform)
    held = room.meetings(viewer.now)
    chosen = next((one for one in held if one.number == number), None)
    if number and chosen is None:
        raise HTTPException(404, f"meeting {number!r}: there is none")
    made = [one for one in room.decisions(viewer.now) if viewer.may("programme.read", one.decision.owner.region)]
    agenda = room.agenda(viewer.account, viewer.now)
    order = {"late": 0, "open": 1, "done": 2, "dropped": 3}
    return render(
        request,
        "meetings.html",
        status=200 if fault is None else 403 if isinstance(fault, NotPermitted) else 422,
        page_name="meetings",
        agenda=agenda,
        held=held,
        chosen=chosen,
        decisions=sorted(made, key=lambda one: (order[one.state], one.due, one.decision.id)),
        open=sum(one.state in ("open", "late") for one in made),
        late=sum(one.state == "late" for one in made),
        links=_link,
        kinds=KINDS,
        states=STATES,
        departments=DEPARTMENTS,
        region_names=[desk.atlas.name(code, language) for code in desk.atlas.names],
        name=lambda code: desk.atlas.name(code, language),
        may_manage=viewer.may("meetings.manage"),
        may_see_cases=viewer.may("cases.read"),
        fault="" if fault is None else getattr(fault, language, None) or str(fault),
    )


def _link(one: Decided) -> str:
    """Where what a decision became is shown; empty for a joint enforcement."""
    made = one.decision
    if made.task:
        return f"/programme?plan=all&task={made.task}#task" if one.state != "dropped" else ""
    return f"/cases/{made.case_number}" if made.case_number else ""


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{field} {text!r}: expected a day such as 2016-12-31") from None
