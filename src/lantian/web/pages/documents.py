"""Documents 文稿: drafts and what was published, as PDF and DOCX."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from lantian.disclosure import bulletin, verification_bulletin
from lantian.disclosure.bulletin import NothingKnownError
from lantian.disclosure.documents import MEDIA
from lantian.disclosure.documents import Form as DocumentForm
from lantian.disclosure.drafts import DraftError, title_of
from lantian.disclosure.service import Disclosure
from lantian.disclosure.store import Kept
from lantian.disclosure.values import DOCUMENTS
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("documents", "/documents", "publish", "publishing.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("publishing.read")]
Editor = Annotated[Viewer, allow("publishing.edit")]
Text = Annotated[str, Form(max_length=60)]
SHOWN = 300
"""Documents on the page; older ones stay in the database."""


@router.get("/documents")
def page(
    request: Request,
    viewer: Reader,
    document: Annotated[int | None, Query(ge=1)] = None,
    kind: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """List drafts and published documents, newest first; `document`: the one just made; `kind`: of one template."""
    return _page(request, viewer, document, kind)


@router.get("/documents/{key}.{form}")
def file(viewer: Reader, key: int, form: DocumentForm) -> Response:
    """A document's file."""
    desk = Disclosure(viewer.platform)
    try:
        kept = _seen(viewer, desk, key)
        path = desk.file(kept, form)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    return FileResponse(path, media_type=MEDIA[form], filename=f"{kept.title}.{form}")


@router.post("/documents/{key}/publish")
def publish(request: Request, viewer: Editor, key: int) -> Response:
    """Publish a draft; the duty that it does is done with it."""
    desk = Disclosure(viewer.platform)
    try:
        kept = _seen(viewer, desk, key)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if not _may(viewer, kept):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission publishing.edit for {kept.title}")
    try:
        desk.publish(key, viewer.account.actor)
    except ValueError as error:
        return _page(request, viewer, key, "", str(error), 422)
    return RedirectResponse(f"/documents?document={key}", 303)


@router.post("/documents/make")
def make(
    request: Request,
    viewer: Editor,
    kind: Text,
    period: Text = "",
    group: Text = "",
) -> Response:
    """Make a draft that no duty asks for: a ranking or a verification of a period, or today's brief."""
    desk, actor = Disclosure(viewer.platform), viewer.account.actor
    try:
        if kind == "daily_brief":
            kept = desk.brief(actor, region=Desk(viewer).home)
        elif kind == "monthly_bulletin":
            ranked = bulletin.monthly(viewer.platform, period, group=group, as_of=viewer.now)
            kept = desk.make(ranked, actor, title=title_of(ranked), period=ranked.period_label)
        elif kind == "verification_bulletin":
            scored = verification_bulletin.verification(viewer.platform, period, as_of=viewer.now)
            kept = desk.make(scored, actor, title=f"{scored.place}{scored.title_zh}", period=scored.period_label)
        else:
            raise ValueError(f"kind {kind!r}: expected daily_brief, monthly_bulletin or verification_bulletin")
    except (ValueError, DraftError, NothingKnownError, LookupError) as error:
        return _page(request, viewer, None, "", str(error), 422)
    return RedirectResponse(f"/documents?document={kept.id}", 303)


def _page(
    request: Request, viewer: Viewer, document: int | None, kind: str, fault: str = "", status: int = 200
) -> Response:
    desk, language = Disclosure(viewer.platform), language_of(request)
    atlas = Desk(viewer).atlas
    made = [kept for kept in desk.documents(viewer.now) if _may_see(viewer, kept)]
    shown = [kept for kept in made if kind in ("", kept.kind)][:SHOWN]
    return render(
        request,
        "documents.html",
        status=status,
        documents=shown,
        drafts=sum(not kept.published for kept in made),
        published=sum(kept.published for kept in made),
        chosen=document,
        kind=kind,
        kinds=[one for one in DOCUMENTS if any(kept.kind == one for kept in made)],
        kind_name=lambda one: DOCUMENTS[one].title_zh if language == "zh" else DOCUMENTS[one].title_en,
        may=lambda kept: _may(viewer, kept),
        may_make=viewer.may("publishing.edit"),
        groups=[(group.id, group.text(language)) for group in atlas.groups],
        month=viewer.today.strftime("%Y-%m"),
        fault=fault,
    )


def _seen(viewer: Viewer, desk: Disclosure, key: int) -> Kept:
    kept = desk.document(key, viewer.now)
    if not _may_see(viewer, kept):
        raise LookupError(f"there is no document {key}")
    return kept


def _may_see(viewer: Viewer, kept: Kept) -> bool:
    """A document of a duty belongs to its region; the others are everybody's who reads here."""
    return viewer.may("publishing.read", kept.duty[1] if kept.duty else None)


def _may(viewer: Viewer, kept: Kept) -> bool:
    return viewer.may("publishing.edit", kept.duty[1] if kept.duty else None)
