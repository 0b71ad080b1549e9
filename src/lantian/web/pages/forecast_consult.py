"""Consultation 会商: every source's days side by side, and the duty forecaster's corrections with their reasons."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import polars as pl
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.forecast.duty import PRIMARY, SOURCE, Correction
from lantian.forecast.service import SOURCES
from lantian.forecast.store import Mode, Run
from lantian.web.api.forecast import Issue, OfMode, Reader, modes_of, write
from lantian.web.api.forecast_desk import ForecastDesk
from lantian.web.navigation import Page
from lantian.web.pages import forecast_view as view
from lantian.web.pages.forecast import MODE_ORDER, address_of, code_of, issues_of, places_of, words_of
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("forecast_consult", "/forecast/consult", "forecast", "forecast.read")
router = APIRouter()
Forecaster = Annotated[Viewer, allow("forecast.correct")]
Word = Annotated[str, Form(max_length=60)]
Words = Annotated[str, Form(max_length=2000)]


@router.get("/forecast/consult")
def page(
    request: Request,
    viewer: Reader,
    place: Annotated[str, Query(max_length=60)] = "",
    issue: Issue = None,
    mode: OfMode = None,
    day: dt.date | None = None,
) -> Response:
    """Show the days of a place by source, what was corrected and why, and the forecaster's text; `day`: the one
    that the form corrects.
    """
    desk = ForecastDesk(viewer)
    run = desk.run(issue, mode)
    if run is None:
        return render(request, "forecast_consult.html", run=None)
    return _page(request, desk, run, code_of(desk, run, place), day)


@router.post("/forecast/consult/day")
def correct(
    request: Request,
    viewer: Forecaster,
    place: Word,
    issue: Word,
    mode: Annotated[Mode, Form()],
    date: Annotated[dt.date, Form()],
    aqi_low: Annotated[int, Form()],
    aqi_high: Annotated[int, Form()],
    reason: Words,
    primary: Annotated[list[str] | None, Form()] = None,
    text: Words = "",
) -> Response:
    """Correct a day; what cannot stand comes back with the fault in words."""
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    said = Correction(place, date, aqi_low, aqi_high, reason, tuple(primary or ()), text=text)
    try:
        write(desk, run, said)
    except HTTPException as error:
        if error.status_code != 422:
            raise
        return _page(request, desk, run, place, date, fault=str(error.detail), tried=said)
    return _back(run, place, f"day-{date}")


@router.post("/forecast/consult/text")
def tell(
    request: Request,
    viewer: Forecaster,
    place: Word,
    issue: Word,
    mode: Annotated[Mode, Form()],
    text: Words,
    state: Annotated[Literal["draft", "published"], Form()],
) -> Response:
    """Keep the text as a draft, or publish it with the forecast."""
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    if not desk.may_correct(place):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission forecast.correct for {place}")
    try:
        desk.forecasts.write(run, place, text, viewer.account.actor, published=state == "published")
    except ValueError as error:
        return _page(request, desk, run, place, fault=str(error))
    return _back(run, place, "text")


def _back(run: Run, place: str, part: str) -> Response:
    return RedirectResponse(f"/forecast/consult?{urlencode({'place': place, **address_of(run)})}#{part}", 303)


def _page(
    request: Request,
    desk: ForecastDesk,
    run: Run,
    place: str,
    day: dt.date | None = None,
    fault: str = "",
    tried: Correction | None = None,
) -> Response:
    language = language_of(request)
    outlook = view.outlook_of(desk, run, place) if place else None
    cards = outlook.cards if outlook else []
    chosen = next((card for card in cards if card.date == day), cards[0] if cards else None)
    name = desk.desk.atlas.name(place, language) if place else ""
    standing = desk.standing(run, place) if place else None
    may = bool(place) and desk.may_correct(place)
    return render(
        request,
        "forecast_consult.html",
        status=422 if fault else 200,
        **words_of(language),
        page_name="forecast_consult",
        run=run,
        place=place,
        name=name,
        outlook=outlook,
        chosen=chosen,
        places=[(code, desk.desk.atlas.name(code, language)) for code in places_of(desk, run)],
        issues=issues_of(desk, run),
        modes=[each for each in MODE_ORDER if each in modes_of(run, desk.runs)],
        address=address_of(run),
        sources=_sources(desk, run, place),
        by_day=_by_day(desk, run, place),
        said=list(reversed(desk.corrections(run, place))) if place else [],
        standing=standing,
        draft=standing.draft if standing and may else None,
        may=may,
        fault=fault,
        tried=tried,
        primaries=PRIMARY,
    )


def _sources(desk: ForecastDesk, run: Run, place: str) -> list[str]:
    """The sources that say something of a place: ours first, other models last; the duty forecaster has a column of
    his own.
    """
    found = set(desk.outlook(run).filter(pl.col("place") == place)["source"]) - {SOURCE}
    known = [source for source in SOURCES if source in found]
    return [*known, *sorted(found - set(known))]


def _by_day(desk: ForecastDesk, run: Run, place: str) -> dict[dt.date, dict[str, dict[str, Any]]]:
    rows = desk.outlook(run).filter(pl.col("place") == place).to_dicts()
    found: dict[dt.date, dict[str, dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["date"], {})[row["source"]] = row
    return found
