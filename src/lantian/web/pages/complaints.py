"""Complaints 12369 举报: which belong together, which are no case yet, which wait too long for an answer?"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import NotPermitted
from lantian.kernel.said import in_language
from lantian.supervision.complaints import files
from lantian.supervision.complaints.complaint import ComplaintError, Group
from lantian.supervision.complaints.service import Complaints
from lantian.supervision.events import CaseError
from lantian.supervision.findings import categories
from lantian.supervision.listing import ListError
from lantian.supervision.personal import mask
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow
from lantian.web.uploads import uploaded

PAGE = Page("complaints", "/complaints", "supervise", "cases.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("cases.read")]
Reporter = Annotated[Viewer, allow("cases.report")]
Key = Annotated[str, Form(max_length=60)]
_FAULT = (ComplaintError, CaseError, NotPermitted, ListError)
SHOWN = 60
"""Groups on the page."""


@router.get("/complaints")
def page(
    request: Request,
    viewer: Reader,
    show: Annotated[str, Query(pattern="^(|open|late|all)$")] = "open",
    category: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Groups of complaints: without a case, with an answer that is late, or all of the last 90 days."""
    return _page(request, viewer, show or "open", category)


@router.post("/complaints/open")
def open_case(request: Request, viewer: Reporter, key: Annotated[list[str], Form()], category: Key = "") -> Response:
    """Open one case from complaints."""
    try:
        number = Complaints(viewer.platform).open(key, viewer.account, category=category)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except _FAULT as error:
        return _page(request, viewer, "open", "", error)
    return RedirectResponse(f"/cases/{number}", 303)


@router.post("/complaints/link")
def link(request: Request, viewer: Reporter, key: Annotated[list[str], Form()], number: Key) -> Response:
    """Say that complaints are of a standing case."""
    try:
        Complaints(viewer.platform).link(key, number.strip(), viewer.account)
    except LookupError as error:
        return _page(request, viewer, "open", "", ComplaintError(str(error)))
    except _FAULT as error:
        return _page(request, viewer, "open", "", error)
    return RedirectResponse(f"/cases/{number.strip()}", 303)


@router.post("/complaints/answer")
def answer(request: Request, viewer: Reporter, key: Key, text: Annotated[str, Form(max_length=4000)] = "") -> Response:
    """Keep what was answered to who complained."""
    try:
        Complaints(viewer.platform).answer(key, text, viewer.account)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except _FAULT as error:
        return _page(request, viewer, "late", "", error)
    return RedirectResponse("/complaints?show=late", 303)


@router.post("/complaints/import")
def take_in(request: Request, viewer: Reporter, file: UploadFile) -> Response:
    """Take a list of complaints."""
    desk = Complaints(viewer.platform)
    try:
        with uploaded(file) as path:
            given = files.read(path, desk.where, example=viewer.platform.settings.example)
        if away := next((one for one in given if not viewer.may("cases.report", one.region)), None):
            raise ComplaintError(
                f"complaint {away.id}: {viewer.account.login} lacks cases.report for {away.region}",
                f"举报 {away.id}：{viewer.account.login} 不能在 {away.region} 上报问题",
            )
        desk.take_in(given, viewer.account.actor)
    except _FAULT as error:
        return _page(request, viewer, "open", "", error)
    return RedirectResponse("/complaints", 303)


@router.get("/complaints/{key}/contact")
def contact(request: Request, viewer: Annotated[Viewer, allow("cases.assign")], key: str) -> Response:
    """Who complained, and the text as it came: for who assigns cases there."""
    try:
        found = Complaints(viewer.platform).contact(key, viewer.account, viewer.now)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except NotPermitted as error:
        raise HTTPException(403, str(error)) from None
    return render(request, "complaints_contact.html", page_name="complaints", key=key, contact=found)


def _page(request: Request, viewer: Viewer, show: str, category: str, fault: Exception | None = None) -> Response:
    desk, language = Complaints(viewer.platform), language_of(request)
    atlas = Desk(viewer).atlas
    groups = desk.groups(viewer.account, viewer.now)
    shown = [one for one in groups if _fits(one, show, category, viewer)]
    return render(
        request,
        "complaints.html",
        status=422 if fault else 200,
        fault=in_language(fault, language) if fault else "",
        show=show,
        category=category,
        groups=shown[:SHOWN],
        total=len(shown),
        open=sum(bool(one.open) for one in groups),
        late=sum(each.answer is None and each.late(viewer.today) for one in groups for each in one.complaints),
        counts=desk.counts(viewer.account, viewer.now).sort("month", descending=True).head(200).to_dicts(),
        categories=categories(),
        settings=desk.settings,
        today=viewer.today,
        mask=mask,
        name=lambda code: atlas.name(code, language),
        may=lambda permission, code: viewer.may(permission, code),
        may_report=viewer.may("cases.report"),
    )


def _fits(group: Group, show: str, category: str, viewer: Viewer) -> bool:
    if category and group.first.category != category:
        return False
    if show == "late":
        return any(one.answer is None and one.late(viewer.today) for one in group.complaints)
    return show == "all" or bool(group.open)
