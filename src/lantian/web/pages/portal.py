"""The public portal 公开门户: the air now and to come, the month's ranking, what was published when; without log-in.

Pages are light, need no script, print, and are the same for everybody: see `lantian.web.shelf`.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.assessment.periods import parse
from lantian.disclosure.portal import cases as public_cases
from lantian.disclosure.portal import settings
from lantian.disclosure.questions.service import Questions
from lantian.disclosure.service import Disclosure
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.supervision.personal import mask
from lantian.web.desk import Desk
from lantian.web.messages import LANGUAGES
from lantian.web.pages import today
from lantian.web.pages.forecast_view import coming_of, level_words, range_text
from lantian.web.pages.spots import day_text, hour_text, symbol
from lantian.web.remember import Memory
from lantian.web.render import Renderer
from lantian.web.security import Viewer, anyone
from lantian.web.shelf import Made, shelf_of

router = APIRouter()
OPEN = anyone("the public's page: the same for everybody, without anything of a person")
Language = Annotated[str, Query(alias="lang", max_length=2)]
Code = Annotated[str, Query(max_length=20)]

PUBLIC_KINDS = frozenset({"monthly_bulletin", "verification_bulletin", "daily_brief", "television_script"})
"""Kinds of documents whose files everybody may have; letters and notices name people and are listed only."""
NEWEST = 6
ITEMS_SHOWN = ("pm25", "pm10", "o3", "no2", "so2", "co")


@router.get("/public", dependencies=[OPEN])
async def home(request: Request, place: Code = "", lang: Language = "zh") -> Response:
    """The air of a city now and in the coming days, where it stands this month, what was published last."""
    language = language_of(lang)
    return await shelf_of(request).answer(
        request, ("home", place, language), lambda viewer: _home(request, viewer, place, language)
    )


@router.get("/public/ranking", dependencies=[OPEN])
async def ranking(request: Request, group: Code = "", month: Code = "", lang: Language = "zh") -> Response:
    """The ranking of a month."""
    language = language_of(lang)
    return await shelf_of(request).answer(
        request, ("ranking", group, month, language), lambda viewer: _ranking(request, viewer, group, month, language)
    )


@router.get("/public/documents", dependencies=[OPEN])
async def documents(request: Request, lang: Language = "zh") -> Response:
    """Published documents."""
    language = language_of(lang)
    return await shelf_of(request).answer(
        request, ("documents", language), lambda viewer: _documents(request, viewer, language)
    )


@router.get("/public/documents/{key}.pdf", dependencies=[OPEN])
async def document(request: Request, key: int) -> Response:
    """The file of a published document, if it is of a kind that everybody may have."""
    return await shelf_of(request).answer(request, ("document", key), lambda viewer: _file(viewer, key))


@router.get("/public/calendar", dependencies=[OPEN])
async def calendar(request: Request, lang: Language = "zh") -> Response:
    """What had to be published by when, and when it was."""
    language = language_of(lang)
    return await shelf_of(request).answer(
        request, ("calendar", language), lambda viewer: _calendar(request, viewer, language)
    )


def language_of(asked: str) -> str:
    """The language in an address; cookies do not count, so that an answer fits everybody."""
    return asked if asked in LANGUAGES else LANGUAGES[0]


def page(request: Request, viewer: Viewer, template: str, language: str, **values: Any) -> Made:
    """Fill a template of the portal."""
    renderer: Renderer = request.app.state.renderer
    given = {
        "path": request.url.path,
        "link": partial(link, language),
        "other": link("en" if language == "zh" else "zh", request.url.path, **dict(request.query_params)),
        "now_at": viewer.now,
        "replay": viewer.clock.simulated,
        "example": viewer.platform.settings.example,
        "office": settings.load(viewer.platform.home),
        "name": lambda code: Desk(viewer).atlas.name(code, language),
        "short": lambda code: Desk(viewer).atlas.short(code, language),
        "day_text": lambda day: day_text(day, language),
        "hour_text": lambda at: hour_text(at, language),
        "items": ITEMS,
        "levels": aqi.LEVELS,
        "symbol": symbol,
        **values,
    }
    return Made(renderer.html(template, language, given).encode())


def link(language: str, path: str, **changes: str) -> str:
    """An address of the portal in a language; Chinese is not written out."""
    asked = {key: value for key, value in changes.items() if value and key != "lang"}
    if language != LANGUAGES[0]:
        asked["lang"] = language
    return f"{path}?{urlencode(asked)}" if asked else path


def published_cases(viewer: Viewer) -> list[public_cases.PublicCase]:
    """Every public case, read once for the present state of the platform."""
    return Memory(viewer)("public cases", lambda: public_cases.read(viewer.platform.engine, viewer.now, viewer.today))


def cities(viewer: Viewer) -> tuple[str, ...]:
    """The cities that the portal speaks of: those of the first list."""
    return next((group.places for group in Desk(viewer).atlas.groups), ())


def _home(request: Request, viewer: Viewer, place: str, language: str) -> Made:
    desk = Desk(viewer)
    known = cities(viewer)
    if place and place not in known:
        raise HTTPException(404, f"place {place!r}: expected one of the cities of the list")
    code = place or desk.home
    name = desk.atlas.name(code, language)
    sees = bool(code) and viewer.may("air.read")
    found = published_cases(viewer)
    return page(
        request,
        viewer,
        "portal_home.html",
        language,
        place=code,
        city=name,
        cities=known,
        now=today.now_of(viewer, code) if sees else None,
        coming=coming_of(viewer, code, name, language) if sees and viewer.may("forecast.read") else None,
        standing=today.standing(desk, code) if sees and viewer.may("ranking.read") else None,
        shown=ITEMS_SHOWN,
        range_text=range_text,
        level_words=lambda low, high: level_words(low, high, language),
        cases=found[:NEWEST],
        count=len(found),
        over=sum(one.over for one in found),
        questions=Questions(viewer.platform).published(as_of=viewer.now, limit=4),
        hot=[topic.words[0] for topic in Questions(viewer.platform).hot(viewer.now)[:8]],
        papers=[one for one in Disclosure(viewer.platform).documents(viewer.now) if one.published][:4],
        mask=mask,
    )


def _ranking(request: Request, viewer: Viewer, group: str, month: str, language: str) -> Made:
    desk = Desk(viewer)
    if not desk.atlas.groups or not viewer.may("ranking.read"):
        return page(request, viewer, "portal_ranking.html", language, listing=None, rows=[], listings=(), months=[])
    try:
        listing = desk.atlas.listing(group) if group else desk.atlas.groups[0]
        period = parse(month) if month else today.month_of(desk)
    except (LookupError, ValueError) as error:
        raise HTTPException(404, str(error)) from None
    ranked = desk.rank(listing.places, period).filter(pl.col("composite_index").is_not_null())
    return page(
        request,
        viewer,
        "portal_ranking.html",
        language,
        listing=listing,
        listings=desk.atlas.groups,
        rows=ranked.to_dicts(),
        period=period,
        last=min(period.end, desk.last_day),
        months=_months(desk.last_day),
    )


def _months(last: date) -> list[str]:
    """The last twelve months, the newest first."""
    at = last.year * 12 + last.month - 1
    return [f"{(at - back) // 12}-{(at - back) % 12 + 1:02d}" for back in range(12)]


def _documents(request: Request, viewer: Viewer, language: str) -> Made:
    found = [one for one in Disclosure(viewer.platform).documents(viewer.now) if one.published]
    found.sort(key=lambda one: (one.published_at, one.id), reverse=True)
    return page(request, viewer, "portal_documents.html", language, papers=found, kinds=PUBLIC_KINDS, mask=mask)


def _file(viewer: Viewer, key: int) -> Made:
    desk = Disclosure(viewer.platform)
    try:
        kept = desk.document(key, viewer.now)
        if not kept.published or kept.kind not in PUBLIC_KINDS:
            raise LookupError(f"document {key} is not there for everybody")
        content = desk.file(kept, "pdf").read_bytes()
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    return Made(content, "application/pdf", {"Content-Disposition": f'inline; filename="{kept.kind}-{key}.pdf"'}, False)


def _calendar(request: Request, viewer: Viewer, language: str) -> Made:
    duties = Disclosure(viewer.platform).calendar(viewer.now)
    done = sorted((one for one in duties if one.done), key=lambda one: one.done.done_on, reverse=True)  # type: ignore[union-attr]
    return page(
        request,
        viewer,
        "portal_calendar.html",
        language,
        done=done,
        coming=[one for one in duties if one.state == "due"],
        late=[one for one in duties if one.state == "overdue"],
        called=lambda one: one.zh if language == "zh" else one.en,
        kinds=PUBLIC_KINDS,
    )
