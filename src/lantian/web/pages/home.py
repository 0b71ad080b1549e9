"""Home 今日: how is the air now, how does the month compare, will the year's targets be reached? Also where a one-time
key is exchanged for a session.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.assessment.periods import holding
from lantian.kernel.accounts import AccountError, redeem_key, scopes_of
from lantian.kernel.jobs import JobView, list_jobs
from lantian.observations.alerts import tally
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.web.desk import Desk
from lantian.web.pages import course, today
from lantian.web.pages.forecast_view import coming_of
from lantian.web.pages.login import browser_of
from lantian.web.pages.spots import day_text, hour_text, symbol
from lantian.web.pages.windows import month_of
from lantian.web.render import Renderer, language_of, render
from lantian.web.security import Viewer, anyone, login_address, sign_in, viewer_of

router = APIRouter()
SHOWN = 12
"""Stations listed; more stand on the map."""
_FEW = 6
"""Stations listed beside the problems that are open, so that all stays on one screen."""


@router.get("/", dependencies=[anyone("shows each viewer only what they may open, and takes one-time keys")])
def home(request: Request, key: Annotated[str | None, Query(max_length=200)] = None) -> Response:
    """Show the front page, or exchange `?key=`: the key leaves the address at once, so no copied link holds it."""
    if key is not None:
        return _exchange(request, key)
    viewer = viewer_of(request)
    if not viewer.permissions:
        return RedirectResponse("/password" if viewer.signed_in else login_address(request), 303)
    return _page(request, viewer)


@router.get("/loading", dependencies=[anyone("says that something runs; what it is, only to those who may see jobs")])
def loading(request: Request) -> Response:
    """How far the running jobs are, as a fragment; once none runs, one that asks for the whole page anew."""
    return render(request, "home_loading.html", busy=_busy(viewer_of(request)))


def _busy(viewer: Viewer) -> list[JobView]:
    found = list_jobs(viewer.platform.engine, states=("running", "waiting"), limit=3, routine=False)
    return [job for job in found if job.state == "running" or job.due_at is None]


def _page(request: Request, viewer: Viewer) -> Response:
    language = language_of(request)
    desk = Desk(viewer)
    place = desk.home
    known = bool(place) and viewer.may("air.read")
    renderer: Renderer = request.app.state.renderer
    month = month_of(viewer, place, None) if known else None
    name = desk.atlas.name(place, language)
    undone = today.undone(viewer) if viewer.may("cases.read") else None
    return render(
        request,
        "home.html",
        month=month,
        bars=today.bars_of(month) if month else [],
        busy=_busy(viewer),
        place=place,
        name=name,
        now=today.now_of(viewer, place) if known else None,
        coming=coming_of(viewer, place, name, language) if known and viewer.may("forecast.read") else None,
        standing=today.standing(desk, place) if known and viewer.may("ranking.read") else None,
        year=today.year_of(desk, place) if known and viewer.may("ranking.read") else None,
        caveats=desk.caveats([place], holding(desk.last_day, "year"), language)
        if known and viewer.may("ranking.read")
        else [],
        undone=undone,
        alerts=sum(tally(viewer.platform.engine, scopes_of(viewer.account, "alerts.read"), as_of=viewer.now).values()),
        goals=today.goals(desk, place) if known and viewer.may("targets.read") else [],
        stations=today.members(desk, place, language)[: _FEW if undone else SHOWN] if known else [],
        paths={page.name: page.path for page in renderer.pages if viewer.may(page.permission)},
        short=lambda code: desk.atlas.short(code, language),
        order=course.ORDER,
        items=ITEMS,
        levels=aqi.LEVELS,
        symbol=symbol,
        hour_text=lambda at: hour_text(at, language),
        day_text=lambda day: day_text(day, language),
    )


def _exchange(request: Request, key: str) -> Response:
    try:
        token = redeem_key(request.app.state.platform.engine, key, label=browser_of(request))
    except AccountError as error:
        reason = error.zh if language_of(request) == "zh" else error.en
        return render(request, "login.html", status=403, fault=reason, login="", next="/")
    answer = RedirectResponse("/", 303)
    sign_in(answer, token, secure=request.url.scheme == "https")
    return answer
