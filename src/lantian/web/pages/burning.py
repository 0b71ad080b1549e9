"""Burning 露天焚烧: what burns now, who goes there, how fast were they; and the warden's page for one thumb."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from lantian.kernel.accounts import NotPermitted, scopes_of
from lantian.kernel.said import in_language
from lantian.observations.burning import store
from lantian.observations.burning.fire import BURNT, KINDS, MOVES, SOURCES, STATES, Fire, FireError, FireEvent
from lantian.observations.burning.firms import RIGHT, FirmsError
from lantian.observations.burning.service import HANDLE, Burning, by_district
from lantian.observations.feeds.entry import FeedError
from lantian.supervision.events import CaseError
from lantian.supervision.evidence import EvidenceStore, Piece
from lantian.supervision.field import MOST_PHOTOS, Photo
from lantian.supervision.file_kinds import EvidenceError
from lantian.web.api.burning import LARGEST as LARGEST_FILE
from lantian.web.api.burning import bring
from lantian.web.desk import Desk
from lantian.web.field_forms import Sent, receive
from lantian.web.navigation import Page
from lantian.web.pages import evidence, works_map
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("burning", "/burning", "monitor", "alerts.read", "works")
router = APIRouter()
Reader = Annotated[Viewer, allow("alerts.read")]
Handler = Annotated[Viewer, allow(HANDLE)]
Importer = Annotated[Viewer, allow("data.import")]
Hash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
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
        return _page(request, viewer, 30, "", fault=in_language(error, language_of(request)))
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
        right=lambda field: in_language(RIGHT[field], language),
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
async def act(request: Request, viewer: Handler, number: int, kind: str) -> Response:
    """Write what was done: seen, arrived, out, false, note; a form with `reason`, `burnt`, `back`, `photos`."""
    sent = await receive(request)
    return await run_in_threadpool(_act, request, viewer, number, kind, sent)


@router.get("/burning/{number}/photos/{sha256}")
def photo(viewer: Reader, number: int, sha256: Hash) -> Response:
    """Give a picture of a fire as it came."""
    return evidence.as_it_came(*_photo(viewer, number, sha256))


@router.get("/burning/{number}/photos/{sha256}/small")
def small_photo(viewer: Reader, number: int, sha256: Hash) -> Response:
    """Give a small picture of it."""
    return evidence.small_copy(*_photo(viewer, number, sha256))


def _act(request: Request, viewer: Viewer, number: int, kind: str, sent: Sent) -> Response:
    burning, back = Burning(viewer.platform), sent.fields.get("back") == "mine"
    try:
        if kind not in MOVES:
            raise LookupError(f"{kind}: expected one of {', '.join(MOVES)}")
        burnt = sent.text("burnt")
        done = burning.act(
            min(number, LARGEST),
            kind,
            viewer.account,
            sent.text("reason"),
            photos=(lambda: _kept(viewer, sent.photos)) if sent.photos else None,
            burnt=burnt if burnt in BURNT else "",
        )
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except NotPermitted as error:
        raise HTTPException(403, error.en) from None
    except (FireError, CaseError, EvidenceError) as error:
        fault = error.zh if language_of(request) == "zh" else error.en
        if back:
            return _mine(request, viewer, fault=fault, faulty=number)
        return _file(request, viewer, number, fault)
    return RedirectResponse(f"/burning/mine?done={done.id}" if back else f"/burning/{done.id}", 303)


def _kept(viewer: Viewer, photos: tuple[Photo, ...]) -> list[str]:
    """Keep pictures as those of findings are kept; their SHA-256. Raises EvidenceError."""
    if len(photos) > MOST_PHOTOS:
        raise EvidenceError(
            f"photos: {len(photos)}; at most {MOST_PHOTOS}", f"照片 {len(photos)} 张，最多 {MOST_PHOTOS} 张"
        )
    files = EvidenceStore(viewer.platform)
    return [files.put(content, name, viewer.account).sha256 for name, content in photos]


def _photo(viewer: Viewer, number: int, sha256: str) -> tuple[EvidenceStore, Piece]:
    """A picture of a fire that the viewer may see. Raises HTTPException 404, 403."""
    burning = Burning(viewer.platform)
    try:
        found = burning.fire(min(number, LARGEST), viewer.now)[0]
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    _may_see(viewer, burning, found)
    if sha256 not in found.photos:
        raise HTTPException(404, f"fire {found.id} has no picture {sha256[:16]}")
    files = EvidenceStore(viewer.platform)
    return files, files.get(sha256)


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
    may = _may_see(viewer, burning, found)
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


def _may_see(viewer: Viewer, burning: Burning, found: Fire) -> bool:
    """Whether the viewer may act on a fire. Raises HTTPException 403 where they may not even see it."""
    may = burning.may_act(found, viewer.account)
    if not may and not viewer.may("alerts.read", found.region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission alerts.read in {found.region}")
    return may


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
