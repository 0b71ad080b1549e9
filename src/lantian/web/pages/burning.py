"""Burning 露天焚烧: what burns now, who goes there, how fast were they; and the warden's page for one thumb."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import NotPermitted, scopes_of
from lantian.observations.burning import store
from lantian.observations.burning.fire import BURNT, KINDS, MOVES, SOURCES, STATES, Fire, FireError, FireEvent
from lantian.observations.burning.firms import FirmsError
from lantian.observations.burning.service import HANDLE, Burning, by_district
from lantian.observations.feeds.entry import FeedError
from lantian.web.api.burning import LARGEST as LARGEST_FILE
from lantian.web.api.burning import bring
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages import works_map
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("burning", "/burning", "monitor", "alerts.read", "works")
router = APIRouter()
Reader = Annotated[Viewer, allow("alerts.read")]
Handler = Annotated[Viewer, allow(HANDLE)]
Importer = Annotated[Viewer, allow("data.import")]
Text = Annotated[str, Form(max_length=500)]
LARGEST = 2**62

DAYS = (1, 7, 30, 365)
ROWS = 200


@router.get("/burning")
def page(request: Request, viewer: Reader, days: Annotated[int, Query(ge=1, le=365)] = 30, state: str = "") -> Response:
    """Fires of the viewer's regions: those that burn, where they are, times by district, all of the last days."""
    return _page(request, viewer, days, state)


@router.post("/burning/hotspots")
def take(request: Request, viewer: Importer, file: UploadFile) -> Response:
    """Take in a CSV of satellite hot spots as FIRMS publishes it."""
    content = file.file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise HTTPException(413, f"more than {LARGEST_FILE // 2**20} MB in one file")
    try:
        brought = bring(viewer, content, file.filename or "file")
    except (FirmsError, FeedError) as error:
        return _page(request, viewer, 30, "", fault=str(error))
    return _page(request, viewer, 30, "", brought=brought)


def _page(
    request: Request,
    viewer: Viewer,
    days: int,
    state: str,
    *,
    fault: str = "",
    brought: dict[str, Any] | None = None,
) -> Response:
    burning, language = Burning(viewer.platform), language_of(request)
    found = _fires(viewer, burning, days)
    atlas = Desk(viewer).atlas
    open_ = [one for one in found if one.open]
    listed = [one for one in found if not state or one.state == state or (state == "open" and one.open)]
    times = by_district(found).to_dicts()
    return render(
        request,
        "burning.html",
        status=422 if fault else 200,
        fault=fault,
        brought=brought,
        may_import=viewer.may("data.import") and viewer.may("alerts.read"),
        open=sorted(open_, key=lambda one: one.told_at or one.found_at),
        rows=listed[:ROWS],
        more=max(0, len(listed) - ROWS),
        total=len(found),
        times=times,
        whole=_whole(found),
        map=works_map.spec(viewer, [_disc(one, language) for one in found[:ROWS]], [one.region for one in found]),
        chosen={"days": days, "state": state},
        choices=DAYS,
        settings=burning.settings,
        name=lambda code: atlas.name(code, language),
        may_handle=viewer.may(HANDLE),
        **_words(language),
    )


@router.get("/burning/mine")
def mine(request: Request, viewer: Handler, done: Annotated[int | None, Query(ge=1, le=LARGEST)] = None) -> Response:
    """What the viewer is called to: one fire after the other, with the next step as one large button."""
    return _mine(request, viewer, done=done)


@router.get("/burning/{number}")
def file(request: Request, viewer: Reader, number: int) -> Response:
    """One fire: what was seen, what was done by whom and when."""
    return _file(request, viewer, number)


@router.post("/burning/{number}/{kind}")
def act(
    request: Request,
    viewer: Handler,
    number: int,
    kind: str,
    reason: Text = "",
    evidence: Text = "",
    burnt: Annotated[str, Form(max_length=20)] = "",
    back: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Write what was done: seen, arrived, out, false, note."""
    burning = Burning(viewer.platform)
    try:
        if kind not in MOVES:
            raise LookupError(f"{kind}: expected one of {', '.join(MOVES)}")
        if evidence and not evidence.startswith("https://"):
            raise FireError("照片地址应以 https:// 开头", f"evidence {evidence[:60]!r}: expected an https:// address")
        burnt = burnt if burnt in BURNT else ""
        done = burning.act(min(number, LARGEST), kind, viewer.account, reason, evidence=evidence, burnt=burnt)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except NotPermitted as error:
        raise HTTPException(403, error.en) from None
    except FireError as error:
        fault = error.zh if language_of(request) == "zh" else error.en
        if back == "mine":
            return _mine(request, viewer, fault=fault, faulty=number)
        return _file(request, viewer, number, fault)
    address = f"/burning/mine?done={done.id}" if back == "mine" else f"/burning/{done.id}"
    return RedirectResponse(address, 303)


def _mine(
    request: Request, viewer: Viewer, *, done: int | None = None, fault: str = "", faulty: int | None = None
) -> Response:
    burning, language = Burning(viewer.platform), language_of(request)
    atlas = Desk(viewer).atlas
    finished = None
    if done is not None:
        try:
            finished = burning.fire(done, viewer.now)[0]
        except LookupError:
            finished = None
    return render(
        request,
        "burning_mine.html",
        page_name="burning",
        status=422 if fault else 200,
        fires=burning.mine(viewer.account, viewer.now),
        done=finished if finished is not None and burning.may_act(finished, viewer.account) else None,
        fault=fault,
        faulty=faulty,
        now=viewer.now,
        settings=burning.settings,
        login=viewer.account.login,
        name=lambda code: atlas.name(code, language),
        **_words(language),
    )


def _file(request: Request, viewer: Viewer, number: int, fault: str = "") -> Response:
    burning, language = Burning(viewer.platform), language_of(request)
    try:
        found, events, signals = burning.fire(min(number, LARGEST), viewer.now)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    may = burning.may_act(found, viewer.account)
    if not may and not viewer.may("alerts.read", found.region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission alerts.read in {found.region}")
    atlas = Desk(viewer).atlas
    return render(
        request,
        "burning_fire.html",
        page_name="burning",
        status=422 if fault else 200,
        fault=fault,
        fire=found,
        events=events,
        signals=signals,
        moves=[kind for kind, states in MOVES.items() if found.state in states] if may else [],
        map=works_map.spec(viewer, [_disc(found, language)], [found.region]),
        who=lambda event: _who(viewer, found, event),
        settings=burning.settings,
        now=viewer.now,
        name=lambda code: atlas.name(code, language),
        **_words(language),
    )


def _fires(viewer: Viewer, burning: Burning, days: int) -> list[Fire]:
    scopes: store.Scopes = scopes_of(viewer.account, "alerts.read")
    since = viewer.now - timedelta(days=days)
    return Memory(viewer)(("fires", days, scopes), lambda: burning.listed(viewer.now, since=since, scopes=scopes))


def _whole(fires: list[Fire]) -> dict[str, float | int | None]:
    """Medians of all."""
    arrival = sorted(one.to_arrival for one in fires if one.to_arrival is not None)
    out = sorted(one.to_out for one in fires if one.to_out is not None)
    return {
        "arrival": arrival[len(arrival) // 2] if arrival else None,
        "out": out[len(out) // 2] if out else None,
        "ended": sum(one.state == "out" for one in fires),
        "false": sum(one.state == "false" for one in fires),
    }


def _who(viewer: Viewer, fire: Fire, event: FireEvent) -> str:
    """The person of an event, for those who handle burning there; the others read the account's kind only."""
    if event.actor in ("burning", "lantian"):
        return ""
    if viewer.may(HANDLE, fire.region) or viewer.account.login in fire.called:
        return str(event.data.get("name", "")) or event.actor
    return "***"


def _disc(fire: Fire, language: str) -> dict[str, Any]:
    side = 0 if language == "zh" else 1
    state = STATES[fire.state][side]
    signs = {"out": "✓", "false": "×"}
    return {
        "lon": fire.lon,
        "lat": fire.lat,
        "value": signs.get(fire.state, "!"),
        "title": f"{fire.address or fire.id} · {state}",
        "lines": [SOURCES.get(fire.source, (fire.source,) * 2)[side], BURNT.get(fire.kind, BURNT[""])[side]],
        "href": f"/burning/{fire.id}",
        "small": not fire.open,
    }


def _words(language: str) -> dict[str, Any]:
    side = 0 if language == "zh" else 1
    lists = {"states": STATES, "kinds": KINDS, "sources": SOURCES, "burnt": BURNT}
    return {name: {key: pair[side] for key, pair in held.items()} for name, held in lists.items()}
