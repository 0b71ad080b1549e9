"""Field 现场: what is to be checked today, and what was found just now? Made for one thumb, and for no network.

The page works by a plain post; with scripts everything is kept on the phone first and sent when there is a network.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from importlib.resources import files
from typing import Annotated, Any, cast

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from lantian.kernel.accounts import AccountError, NotPermitted, regions_of
from lantian.places.store import PlaceStore
from lantian.supervision.events import CaseError
from lantian.supervision.field import ConflictError, FieldDesk, Kept
from lantian.supervision.file_kinds import LIMIT, EvidenceError
from lantian.supervision.findings import categories
from lantian.supervision.service import Supervision
from lantian.supervision.store import Record
from lantian.web.api.outlines import outline_set
from lantian.web.field_forms import Sent, receive
from lantian.web.navigation import Page
from lantian.web.pages import field_today
from lantian.web.remember import Memory
from lantian.web.render import Renderer, language_of, render
from lantian.web.security import Viewer, allow, anyone

PAGE = Page("field", "/field", "supervise", "cases.report")
router = APIRouter()
Reporter = Annotated[Viewer, allow("cases.report")]
Checker = Annotated[Viewer, allow("cases.verify")]
Act = Callable[[FieldDesk, Sent], Kept]

KEPT = (
    *(f"css/{name}.css" for name in ("tokens", "levels", "base", "parts", "field")),
    *(
        f"js/{name}.js"
        for name in ("field", "field_queue", "field_list", "field_place", "field_targets", "field_worker")
    ),
    "img/logo.svg",
)
"""Static files that a phone keeps for use without a network."""


@router.get("/field")
def page(
    request: Request,
    viewer: Reporter,
    sent: Annotated[str, Query(max_length=120)] = "",
    far: Annotated[int | None, Query()] = None,
    target: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show the form for a finding, and what is to be checked.

    `sent`: the number of what was just sent; `target`: key of the drawn site that the form begins with.
    """
    return _page(request, viewer, sent=sent, far=far, target=target)


@router.get("/field/check/{number}")
def check_page(request: Request, viewer: Checker, number: str) -> Response:
    """Show the form for a check visit."""
    return _check(request, viewer, number)


@router.get("/field/today.json")
def today(request: Request, viewer: Reporter) -> Response:
    """What a phone keeps of the day: who is signed in, the cases to check, the counties to choose from, the map."""
    return JSONResponse(field_today.of(viewer, language_of(request)), headers={"Cache-Control": "no-store"})


@router.get("/field/shell", dependencies=[anyone("an empty form without any data, kept on phones for use off-line")])
def shell(request: Request) -> Response:
    """The forms without anything personal: what a phone shows where there is no network."""
    return render(request, "field_shell.html", **_forms(None), values={}, fault="")


@router.get("/field/worker.js", dependencies=[anyone("a script that holds no data")])
def worker(request: Request) -> Response:
    """The service worker, with the addresses of what it keeps; a new version of anything makes it a new worker."""
    assets = cast("Renderer", request.app.state.renderer).assets
    kept = ["/field/shell", *(assets.url(name) for name in KEPT if not name.endswith("worker.js"))]
    listed = ", ".join(f'"{address}"' for address in kept)
    text = files("lantian.web").joinpath("static/js/field_worker.js").read_text(encoding="utf-8")
    body = f'const VERSION = "{assets.version}";\nconst KEPT = [{listed}];\n{text}'
    headers = {"Service-Worker-Allowed": "/field", "Cache-Control": "no-cache"}
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


@router.post("/field/findings")
async def finding(request: Request, viewer: Reporter) -> Response:
    """Take in a finding: a form with `client_id`, `category`, `points`, place, words and `photos`.

    201 with the case's number (200 where it had come before), 422 with the fault in words.
    """
    return await _receive(
        request, viewer, lambda desk, sent: desk.finding(sent.spotted(), sent.photos, viewer.account), _page
    )


@router.post("/field/visits")
async def visit(request: Request, viewer: Checker) -> Response:
    """Take in a check visit: `client_id`, `number`, `seen`, `verdict`, `reason`, `days` and `photos`.

    As findings; 409 with the case as it stands where it has gone on since the phone saw it.
    """
    return await _receive(
        request, viewer, lambda desk, sent: desk.visit(sent.visit(), sent.photos, viewer.account), _check
    )


@router.post("/field/clear")
async def clear(request: Request, viewer: Checker) -> Response:
    """Note that a drawn site (`target`) was inspected and nothing was found; answers as findings."""
    return await _receive(
        request,
        viewer,
        lambda desk, sent: desk.nothing_found(sent.text("client_id"), sent.text("target"), viewer.account),
        _page,
    )


async def _receive(request: Request, viewer: Viewer, act: Act, again: Callable[..., Response]) -> Response:
    try:
        sent = await receive(request)
    except HTTPException as error:
        if not _for_queue(request):
            raise
        return JSONResponse({"fault": error.detail}, error.status_code)
    return await run_in_threadpool(_take, request, viewer, sent, act, again)


def _for_queue(request: Request) -> bool:
    """Whether the page's script asks, which reads JSON; a plain form gets a page."""
    return "application/json" in request.headers.get("accept", "")


def _take(request: Request, viewer: Viewer, sent: Sent, act: Act, again: Callable[..., Response]) -> Response:
    owner, programs = sent.fields.get("account", ""), _for_queue(request)
    try:
        if owner not in ("", viewer.account.login):
            raise CaseError(f"account {owner!r}: kept on the phone by another account than {viewer.account.login!r}")
        kept = act(_desk(viewer), sent)
    except ConflictError as error:
        if not programs:
            return again(
                request, viewer, values=sent.fields, fault=str(getattr(error, language_of(request), error)), status=409
            )
        now = field_today.standing(viewer, error.record, error.seen, language_of(request))
        return JSONResponse({"fault": str(getattr(error, language_of(request), error)), "conflict": now}, 409)
    except (CaseError, EvidenceError, LookupError, AccountError) as error:
        status = 403 if isinstance(error, NotPermitted) else 404 if isinstance(error, LookupError) else 422
        words = str(getattr(error, language_of(request), error))
        if programs:
            return JSONResponse({"fault": words}, status)
        if isinstance(error, LookupError):
            raise HTTPException(404, words) from None
        return again(request, viewer, values=sent.fields, fault=words, status=status)
    metres = None if kept.far_m is None else round(kept.far_m)
    if programs:
        body = {"number": kept.number, "again": kept.again, "far_m": metres}
        return JSONResponse(body, 200 if kept.again else 201)
    away = "" if metres is None else f"&far={metres}"
    return RedirectResponse(f"/field?sent={kept.number}{away}", 303)


def _page(
    request: Request,
    viewer: Viewer,
    *,
    sent: str = "",
    far: int | None = None,
    target: str = "",
    values: dict[str, str] | None = None,
    fault: str = "",
    status: int = 200,
) -> Response:
    known = field_today.of(viewer, language_of(request))
    begun = next((field_today.begun(one) for one in known["targets"] if one["key"] == target), {})
    return render(
        request,
        "field.html",
        status=status,
        **_forms(viewer),
        today=known,
        sent=sent,
        far=far,
        values=values or begun,
        new_id=lambda: str(uuid.uuid4()),
        fault=fault,
    )


def _check(
    request: Request,
    viewer: Viewer,
    number: str = "",
    *,
    values: dict[str, str] | None = None,
    fault: str = "",
    status: int = 200,
) -> Response:
    """The page of a check; the number stands in the address or in the form that comes back."""
    record = _record(viewer, number or (values or {}).get("number", ""))
    language = language_of(request)
    return render(
        request,
        "field_check.html",
        page_name="field",
        status=status,
        **_forms(viewer),
        case=field_today.case_of(viewer, record, language),
        ready=FieldDesk(viewer.platform).may_check(record, viewer.account, viewer.now),
        state=record.case.at.zh if language == "zh" else record.case.at.en,
        files=record.case.evidence,
        values=values or {},
        fault=fault,
    )


def _record(viewer: Viewer, number: str) -> Record:
    """A case that the viewer may check; 404 for any other."""
    try:
        record = Supervision(viewer.platform).case(number, viewer.now)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if not viewer.may("cases.verify", record.case.finding["region"]):
        raise HTTPException(404, f"case {number}: there is none that you may check")
    return record


def _forms(viewer: Viewer | None) -> dict[str, Any]:
    """What both forms need; of nobody in particular where the page is kept on a phone."""
    return {
        "lines": categories(),
        "client_id": str(uuid.uuid4()) if viewer else "",
        "account": viewer.account.login if viewer else "",
        "regions": _regions(viewer) if viewer else [],
        "most_bytes": LIMIT,
    }


def _regions(viewer: Viewer) -> list[tuple[str, str]]:
    return field_today.regions(viewer, regions_of(viewer.account, "cases.report"))


def _desk(viewer: Viewer) -> FieldDesk:
    memory = Memory(viewer)
    heads = PlaceStore(viewer.platform.engine).outline_sets()
    return FieldDesk(viewer.platform, [outline_set(viewer, memory, head.id) for head in heads])
