"""Place 站点: what has the air been at one station or in one region, hour by hour, day by day, and in what weather?"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel.settings import TIMEZONE
from lantian.places.names import PlaceLookupError
from lantian.places.regions import Region, ancestors_of
from lantian.places.stations import STATION_KINDS, Station
from lantian.places.store import PlaceStore
from lantian.standards import aqi
from lantian.standards.codes import ITEMS, POLLUTANTS
from lantian.web.api.places import Reader, days, hours, moment, place_of, stated
from lantian.web.navigation import Page
from lantian.web.pages import course
from lantian.web.pages.spots import day_text, hour_text, namer, stations, symbol
from lantian.web.pages.windows import RANGES, Range, api_address, month_of, span_of
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("place", "/places", "monitor", "air.read")
router = APIRouter()

Day = Annotated[dt.date | None, Query()]
Text = Annotated[str | None, Query(max_length=60)]


@router.get("/places")
def index(request: Request, viewer: Reader, q: Text = None) -> Response:
    """List all places, or go to the one that `q` names."""
    language = language_of(request)
    store, candidates = PlaceStore(viewer.platform.engine), None
    if q and q.strip():
        try:
            return RedirectResponse(f"/places/{store.resolve(q.strip()).code}", 303)
        except PlaceLookupError as error:
            candidates = error.candidates
    seen = {spot.code: spot for spot in stations(viewer, language)}
    every = store.stations(on=viewer.today)
    counted = store.memberships([region.code for region in store.regions()], viewer.today)
    return render(
        request,
        "places.html",
        q=q or "",
        candidates=candidates,
        regions=[region for region in store.regions() if counted[region.code]],
        counted=counted,
        stations=every,
        spots=seen,
        kinds=STATION_KINDS,
        region=namer(viewer, language),
    )


@router.get("/places/{code}")
def page(
    request: Request,
    viewer: Reader,
    code: str,
    choice: Annotated[Range | None, Query(alias="range")] = None,
    start: Day = None,
    end: Day = None,
    month: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}$")] = None,
    hour: Text = None,
) -> Response:
    """Show one place. `range`, or `start` and `end` (days of Beijing), choose the course; `month` the calendar; `hour`
    the hour whose revisions are listed.
    """
    language = language_of(request)
    found = place_of(viewer, code)
    now = viewer.now.replace(minute=0, second=0, microsecond=0)
    last = hours(viewer, code, now - dt.timedelta(hours=24), now)
    rows = last.filter(pl.any_horizontal(pl.col(POLLUTANTS).is_not_null())).reverse().to_dicts() if last.height else []
    span = span_of(viewer, choice or ("3d" if rows else "30d"), start, end)
    by_day = span.by_day or hours(viewer, code, span.start, span.end).is_empty()
    region = namer(viewer, language)
    calendar = month_of(viewer, code, month)
    recent = days(viewer, code, viewer.today - dt.timedelta(days=7), viewer.today).filter(pl.col("aqi").is_not_null())
    members = PlaceStore(viewer.platform.engine).members(code, viewer.today) if isinstance(found, Region) else []
    return render(
        request,
        "place.html",
        page_name="place",
        place=found,
        name=region(code),
        above=above(found, region),
        kinds=STATION_KINDS,
        is_station=isinstance(found, Station),
        rows=rows,
        newest=rows[0] if rows else None,
        coverage=coverage(last, expected_of(found, members)) if rows else None,
        yesterday=recent.sort("date").to_dicts()[-1] if recent.height else None,
        span=span,
        ranges=RANGES,
        api=api_address(code, span, by_day=by_day),
        by_day=by_day,
        published=days(viewer, code, span.first, span.last).reverse().to_dicts() if by_day else [],
        calendar=calendar,
        members=members_of(viewer, members, language),
        children=PlaceStore(viewer.platform.engine).children(code) if isinstance(found, Region) else [],
        region=region,
        revisions=revisions_of(viewer, found, hour),
        levels=aqi.LEVELS,
        items=ITEMS,
        order=course.ORDER,
        symbol=symbol,
        compass=compass,
        hour_text=lambda at: hour_text(at, language),
        day_text=lambda day: day_text(day, language),
        local=lambda at: at.astimezone(TIMEZONE),
    )


@router.get("/places/{code}/course")
def series(
    request: Request,
    viewer: Reader,
    code: str,
    choice: Annotated[Range | None, Query(alias="range")] = None,
    start: Day = None,
    end: Day = None,
) -> dict[str, Any]:
    """What series.js draws: hours, or days where the span is long or the place has days only."""
    found = place_of(viewer, code)
    span = span_of(viewer, choice or "3d", start, end)
    language = language_of(request)
    members = PlaceStore(viewer.platform.engine).members(code, viewer.today) if isinstance(found, Region) else []
    if not span.by_day:
        frame = hours(viewer, code, span.start, span.end)
        if frame.height:
            return course.of_hours(frame, span.start, span.end, expected_of(found, members), language)
    return course.of_days(days(viewer, code, span.first, span.last), span.first, span.last, language)


def expected_of(found: Region | Station, members: list[str]) -> int:
    """Values due in an hour: the six pollutants of a station, or of every station of a region."""
    return len(POLLUTANTS) * (1 if isinstance(found, Station) else max(1, len(members)))


def coverage(last: pl.DataFrame, expected: int) -> float:
    """Percent of the values due in the last 24 hours that are there."""
    counts = [f"n_{item}" for item in POLLUTANTS]
    if set(counts) <= set(last.columns):
        present = sum(int(last[name].sum() or 0) for name in counts)
    else:
        present = sum(last[item].count() for item in POLLUTANTS)
    return min(100.0, round(100 * present / (24 * expected), 1))


def above(found: Region | Station, region: Callable[[str], str]) -> list[tuple[str, str]]:
    """Codes and names of the regions that a place lies in, the largest first."""
    codes = (found.region, *ancestors_of(found.region)) if isinstance(found, Station) else ancestors_of(found.code)
    named = [(code, region(code)) for code in reversed(codes)]
    return [(code, name) for code, name in named if name != code]


def members_of(viewer: Viewer, codes: list[str], language: str) -> list[dict[str, Any]]:
    """The stations of a region with what each says now; without a value `spot` is None."""
    spots = {spot.code: spot for spot in stations(viewer, language)}
    known = {station.code: station for station in PlaceStore(viewer.platform.engine).stations()}
    rows = [{"code": code, "name": known[code].name, "spot": spots.get(code)} for code in codes]
    return sorted(rows, key=lambda row: (row["spot"] is None, -(row["spot"].aqi or 0) if row["spot"] else 0))


def revisions_of(viewer: Viewer, found: Region | Station, hour: str | None) -> dict[str, Any] | None:
    """What was stated about one hour of a station; None if none is asked for."""
    if hour is None or isinstance(found, Region):
        return None
    when = moment(hour, "hour")
    history = stated(viewer, found.code, when)
    items = [name for name in history.columns if name in ITEMS]
    return {"hour": when, "rows": history.to_dicts(), "items": items}


_COMPASS = {
    "zh": ("北", "东北", "东", "东南", "南", "西南", "西", "西北"),
    "en": ("N", "NE", "E", "SE", "S", "SW", "W", "NW"),
}


def compass(degrees: float | None, language: str) -> str:
    """The direction that a wind comes from, in words of eight points; empty where it is not known."""
    return "" if degrees is None else _COMPASS[language][round(degrees / 45) % 8]
