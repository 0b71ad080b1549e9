"""Catalogue 数据目录: which data do the departments share, are they fresh, and who waits for a grant?"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, File, Form, HTTPException, Path, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from lantian.kernel.said import in_language
from lantian.observations import catalogue
from lantian.observations.catalogue.entries import completeness
from lantian.observations.catalogue.grants import Grant, NotTheirsError, may_decide
from lantian.observations.catalogue.rls import refresh
from lantian.observations.feeds import Feed, FeedError, Feeds, Reader
from lantian.observations.feeds.definition import SENSITIVITIES
from lantian.observations.feeds.loading import read as definition
from lantian.observations.feeds.templates import explain
from lantian.standards.departments import DEPARTMENTS
from lantian.web.desk import Desk
from lantian.web.feed_rights import feed_of, when
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("catalogue", "/catalogue", "monitor", "feeds.read", "shared")
router = APIRouter()
See = Annotated[Viewer, allow("feeds.read")]
Manager = Annotated[Viewer, allow("feeds.manage")]
Name = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,41}$")]
LARGEST = 64 * 1024
"""Bytes of a definition."""


@router.get("/catalogue")
def page(request: Request, viewer: See) -> Response:
    """List all datasets by department."""
    return _page(request, viewer)


@router.post("/catalogue")
def add(request: Request, viewer: Manager, file: Annotated[UploadFile, File()]) -> Response:
    """Put a definition of the city's own in force."""
    content = file.file.read(LARGEST + 1)
    name = (file.filename or "definition.yaml")[-80:]
    try:
        if len(content) > LARGEST:
            most = LARGEST // 1024
            raise FeedError(f"{name}: larger than {most} KB; expected a definition file", f"{name}：超过 {most} KB")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise FeedError(f"{name}: expected text in UTF-8", f"{name}：应为 UTF-8 文本") from None
        owner = definition(text, name).owner
        if not viewer.may("feeds.manage", None, owner):
            raise FeedError(
                f"{name}, owner: {owner!r}; expected your own department", f"{name}，owner：{owner}；应为您所在的部门"
            )
        feeds = Feeds(viewer.platform)
        made = feeds.add(text, viewer.account.actor, file=name)
        refresh(viewer.platform.engine, feeds.all().values())
    except FeedError as error:
        return _page(request, viewer, fault=in_language(error, language_of(request)))
    return RedirectResponse(f"/catalogue/{made.name}", 303)


@router.get("/catalogue/{name}")
def entry(request: Request, viewer: See, name: Name) -> Response:
    """One dataset: fields, quality, sample, grants and who read it."""
    return _entry(request, viewer, feed_of(viewer, name))


@router.post("/catalogue/{name}/request")
def ask(
    request: Request,
    viewer: See,
    name: Name,
    purpose: Annotated[str, Form(max_length=500)] = "",
    region: Annotated[str, Form(max_length=9)] = "",
    department: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Ask for a dataset in the name of the viewer's department."""
    feed = feed_of(viewer, name)
    own = _departments(viewer)
    chosen = department or (own[0] if own else "")
    try:
        if chosen not in own:
            raise ValueError(f"department: {chosen!r}; expected your own: {', '.join(own) or 'none'}")
        catalogue.request(
            viewer.platform.engine, feed, chosen, region.strip() or None, purpose, viewer.now, viewer.account.actor
        )
    except ValueError as error:
        return _entry(request, viewer, feed, fault=str(error))
    return RedirectResponse(f"/catalogue/{quote(name)}", 303)


@router.post("/catalogue/{name}/requests/{number}")
def decide(
    request: Request,
    viewer: Manager,
    name: Name,
    number: Annotated[int, Path(ge=1, lt=2**62)],
    decision: Annotated[Literal["grant", "refuse", "revoke"], Form()],
    until: Annotated[str, Form(max_length=10)] = "",
    region: Annotated[str, Form(max_length=9)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Grant a request to a day, refuse it, or take a grant back."""
    feed, engine = feed_of(viewer, name), viewer.platform.engine
    try:
        if decision == "revoke":
            catalogue.revoke(engine, feed, number, viewer.now, viewer.account, reason)
        else:
            catalogue.decide(
                engine,
                feed,
                number,
                "granted" if decision == "grant" else "refused",
                viewer.now,
                viewer.account,
                until=_day(until),
                region=region.strip() or None,
                reason=reason,
            )
    except NotTheirsError as error:
        raise HTTPException(403, str(error)) from None
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except ValueError as error:
        return _entry(request, viewer, feed, fault=str(error))
    return RedirectResponse(f"/catalogue/{quote(name)}", 303)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"until: {text!r}; expected a day, such as 2016-12-31") from None


def _departments(viewer: Viewer) -> list[str]:
    """The departments in whose name somebody may ask."""
    reader = Reader.of(viewer.account)
    named = reader.departments
    held = set(named or ()) | ({viewer.account.department} if viewer.account.department in DEPARTMENTS else set())
    return [code for code in DEPARTMENTS if code in held]


def _page(request: Request, viewer: Viewer, fault: str = "") -> Response:
    language, reader = language_of(request), Reader.of(viewer.account)
    found = catalogue.entries(viewer.platform, reader, viewer.now)
    order = list(DEPARTMENTS)
    found.sort(key=lambda one: (order.index(one.feed.owner), one.feed.title(language)))
    mine = [one for one in found if may_decide(viewer.account, one.feed)]
    return render(
        request,
        "catalogue.html",
        status=422 if fault else 200,
        page_name="catalogue",
        fault=fault,
        total=len(found),
        stale=[one for one in found if one.state == "stale"],
        waiting=sum(one.waiting for one in mine),
        groups=[
            (DEPARTMENTS[owner].zh if language == "zh" else DEPARTMENTS[owner].en, list(rows))
            for owner, rows in groupby(found, key=lambda one: one.feed.owner)
        ],
        mine={one.feed.name for one in mine},
        sensitivities={code: words[0 if language == "zh" else 1] for code, words in SENSITIVITIES.items()},
        when=when,
        may_add=viewer.may("feeds.manage"),
    )


def _entry(request: Request, viewer: Viewer, feed: Feed, fault: str = "") -> Response:
    language, reader, engine = language_of(request), Reader.of(viewer.account), viewer.platform.engine
    found = catalogue.entry(viewer.platform, feed.name, reader, viewer.now)
    theirs = may_decide(viewer.account, feed)
    asked = catalogue.requests(engine, [feed.name])
    own = _departments(viewer)
    rows = Feeds(viewer.platform).read(feed.name, reader, as_of=viewer.now, limit=200) if found.scope.open else None
    if rows is not None and rows.height:
        catalogue.log(engine, feed.name, reader, "page", min(rows.height, 5), viewer.now)
    side = 0 if language == "zh" else 1
    return render(
        request,
        "catalogue_entry.html",
        status=422 if fault else 200,
        page_name="catalogue",
        fault=fault,
        entry=found,
        example=feed.example or (rows is not None and Feeds(viewer.platform).invented(rows["batch"].unique())),
        feed=feed,
        owner=_department(feed.owner, language),
        when=when,
        department=lambda code: _department(code, language),
        sensitivity=SENSITIVITIES[feed.sensitivity][side],
        explain=lambda one: explain(one, language),
        complete=completeness(rows, feed) if rows is not None else {},
        sample=rows.tail(5).reverse().to_dicts() if rows is not None else [],
        cell=cell_of(language),
        asked=[one for one in asked if theirs or one.department in own],
        theirs=theirs,
        holds=lambda one: one.holds(viewer.now),
        can_ask=[] if found.scope.whole else [one for one in own if one != feed.owner and not _waits(asked, one)],
        readings=catalogue.readings(engine, feed.name, viewer.now, most=30).to_dicts() if theirs else [],
        batches=Feeds(viewer.platform).batches(feed.name, limit=10) if theirs else [],
        until=(viewer.today + timedelta(days=180)).isoformat(),
        today=viewer.today.isoformat(),
        places=_places(viewer, language),
        region_name=lambda code: Desk(viewer).atlas.name(code, language),
    )


def _waits(asked: list[Grant], department: str) -> bool:
    return any(one.state == "asked" and one.department == department for one in asked)


def _department(code: str, language: str) -> str:
    if code not in DEPARTMENTS:
        return code
    return DEPARTMENTS[code].zh if language == "zh" else DEPARTMENTS[code].en


def _places(viewer: Viewer, language: str) -> list[tuple[str, str]]:
    """Cities and counties that a request or a grant may name: those around the viewer's own."""
    atlas = Desk(viewer).atlas
    begins = (viewer.account.region or Desk(viewer).home or "")[:2]
    codes = [code for code, one in atlas.names.items() if code == one.region and len(code) == 6]
    return [(code, atlas.name(code, language)) for code in sorted(codes) if code.startswith(begins)]


def cell_of(language: str) -> Any:
    """How a value of a field is written in a table."""
    from lantian.web.pages.data_feed import cell

    return lambda field, value: cell(field, value, language)
