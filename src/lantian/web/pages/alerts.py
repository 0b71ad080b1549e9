"""Alerts 报警: what do the instruments say by themselves, what became of it, what waits for a decision?"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import NotPermitted, scopes_of
from lantian.observations import alerts
from lantian.observations.alerts import KINDS, Standing
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.alerts import take_up
from lantian.supervision.events import CaseError
from lantian.supervision.findings import categories
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("alerts", "/alerts", "monitor", "alerts.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("alerts.read")]
Decider = Annotated[Viewer, allow("alerts.decide")]
Reason = Annotated[str, Form(max_length=300)]

ROWS = 200


@router.get("/alerts")
def page(
    request: Request,
    viewer: Reader,
    kind: Annotated[str, Query(max_length=20)] = "",
    standing: Literal["waiting", "all"] = "waiting",
) -> Response:
    """List the alerts in the viewer's regions and departments, by kind."""
    return _page(request, viewer, kind, standing)


@router.post("/alerts/{number}/case")
def to_case(
    request: Request, viewer: Decider, number: int, category: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Make a case of an alert."""
    _decided(viewer, number)
    try:
        case = take_up(viewer.platform, number, category, viewer.account)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except NotPermitted as error:
        raise HTTPException(403, str(error)) from None
    except CaseError as error:
        return _page(request, viewer, "", "waiting", str(getattr(error, language_of(request), error)))
    return RedirectResponse(f"/cases/{case}" if viewer.may("cases.read") else "/alerts", 303)


@router.post("/alerts/{number}/dismiss")
def dismiss(request: Request, viewer: Decider, number: int, reason: Reason = "") -> Response:
    """Decide that nothing is to be done, and why."""
    _decided(viewer, number)
    try:
        alerts.dismiss(viewer.platform.engine, number, viewer.now, viewer.account.actor, reason)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except ValueError as error:
        return _page(request, viewer, "", "waiting", str(error))
    return RedirectResponse("/alerts", 303)


def _decided(viewer: Viewer, number: int) -> Standing:
    """The alert that the viewer may decide on; else 404, so that nobody learns which numbers there are."""
    scopes = scopes_of(viewer.account, "alerts.decide")
    found = alerts.listed(viewer.platform.engine, scopes, as_of=viewer.now, number=min(number, 2**62))
    if not found:
        raise HTTPException(404, f"no alert {number} waits for a decision")
    return found[0]


def _page(request: Request, viewer: Viewer, kind: str, standing: str, fault: str = "") -> Response:
    engine, now, language = viewer.platform.engine, viewer.now, language_of(request)
    scopes, desk = scopes_of(viewer.account, "alerts.read"), Desk(viewer)
    counts = alerts.tally(engine, scopes, as_of=now)
    listed = alerts.listed(
        engine,
        scopes,
        as_of=now,
        kind=kind if kind in KINDS else None,
        waiting=standing == "waiting",
        most=ROWS + 1,
    )
    may = scopes_of(viewer.account, "alerts.decide")
    return render(
        request,
        "alerts.html",
        status=422 if fault else 200,
        fault=fault,
        rows=listed[:ROWS],
        more=len(listed) > ROWS,
        counts={code: counts[code] for code in KINDS if code in counts},
        waiting=sum(counts.values()),
        kinds=KINDS,
        departments=DEPARTMENTS,
        categories=categories() if may else {},
        chosen={"kind": kind, "standing": standing},
        name=lambda code: desk.atlas.name(code, language),
        may=lambda alert: viewer.may("alerts.decide", alert.region, alert.department),
        may_report=lambda alert: viewer.may("cases.report", alert.region),
        sees_cases=viewer.may("cases.read"),
    )
