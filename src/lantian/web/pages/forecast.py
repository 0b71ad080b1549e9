"""Forecast 预报: what is coming, day by day and hour by hour, with what probability, and how it came out."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.forecast.service import OURS, made_of
from lantian.forecast.store import Mode, Run
from lantian.kernel.jobs import JobView, list_jobs
from lantian.kernel.settings import TIMEZONE
from lantian.places.geo import Box
from lantian.places.store import PlaceStore
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.web.api.forecast import Issue, OfMode, Reader, modes_of
from lantian.web.api.forecast_desk import ForecastDesk
from lantian.web.api.forecast_map import ADDRESS, Item
from lantian.web.navigation import Page
from lantian.web.pages import forecast_point as point
from lantian.web.pages import forecast_view as view
from lantian.web.pages.forecast_chart import chart
from lantian.web.pages.forecast_windows import windows_of
from lantian.web.pages.now import AREAS, LINES, STEP, TERRAIN, area, around
from lantian.web.pages.spots import SHOWN, day_text, symbol
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("forecast", "/forecast", "forecast", "forecast.read")
router = APIRouter()
Text = Annotated[str, Query(max_length=60)]

MODE_ORDER: tuple[Mode, ...] = ("weather", "perfect", "history")
OTHER_RUNS = 10
"""Earlier issues offered."""
OVERDUE = timedelta(hours=30)
"""So long after the newest issue there should be another: a day, and the time that it takes."""


@router.get("/forecast")
def page(
    request: Request,
    viewer: Reader,
    place: Text = "",
    issue: Issue = None,
    mode: OfMode = None,
    item: Item = "aqi",
) -> Response:
    """Show the forecast of a place (the viewer's own, if none is named), the map, and every place's days."""
    language = language_of(request)
    desk = ForecastDesk(viewer)
    run = desk.run(issue, mode)
    if run is None:
        return render(request, "forecast.html", run=None, busy=_busy(viewer))
    code = code_of(desk, run, place)
    outlook = view.outlook_of(desk, run, code) if code else None
    name = desk.desk.atlas.name(code, language) if code else ""
    return render(
        request,
        "forecast.html",
        **words_of(language),
        run=run,
        place=code,
        name=name,
        outlook=outlook,
        made_of=_made_of(desk, run, code, item, language),
        answer=view.sentence(outlook, name, language) if outlook else "",
        standing=desk.standing(run, code) if code else None,
        may_correct=bool(code) and desk.may_correct(code),
        modes=[each for each in MODE_ORDER if each in modes_of(run, desk.runs)],
        issues=issues_of(desk, run),
        address=address_of(run),
        late=_late(desk, run),
        item=item,
        shown=SHOWN,
        chart=chart(desk, run, code, item, language) if code else None,
        windows=windows_of(desk, run, code) if code else None,
        rows=_rows(desk, run, language),
        days=view.days_of(run),
        compared=_compared(desk, run, code, outlook) if outlook else None,
        has_fields=desk.has_fields(run),
        map=_map(viewer, desk, run, item),
    )


@router.get("/forecast/waiting")
def waiting(request: Request, viewer: Reader) -> Response:
    """What runs towards the first forecast, as a fragment; once there is one, the page is to be loaded anew."""
    if ForecastDesk(viewer).run(None, None) is not None:
        return Response(headers={"HX-Refresh": "true"})
    return render(request, "forecast_waiting.html", busy=_busy(viewer))


@router.get("/forecast/at")
def at(
    request: Request,
    viewer: Reader,
    lon: Annotated[float | None, Query(ge=-180, le=180)] = None,
    lat: Annotated[float | None, Query(ge=-90, le=90)] = None,
    place: Text = "",
    issue: Issue = None,
    mode: OfMode = None,
) -> Response:
    """What a click on the map shows, as a fragment: the days of a place, or of the cell that holds a point and of the
    station nearest to it.
    """
    desk = ForecastDesk(viewer)
    run, language = desk.needed(issue, mode), language_of(request)
    if not place and (lon is None or lat is None):
        raise HTTPException(422, "at: give a place, or lon and lat")
    near: point.Near | None
    if lon is None or lat is None:
        code = code_of(desk, run, place)
        days, near = [], point.Near(code, None, point.place_days(desk, run, code))
    else:
        days, near = point.days_at(desk, run, lon, lat), point.nearest(desk, run, lon, lat)
    return render(
        request,
        "forecast_point.html",
        **words_of(language),
        address=address_of(run),
        lon=lon,
        lat=lat,
        days=days,
        near=near,
        near_name=desk.desk.atlas.name(near.code, language) if near else "",
        has_fields=desk.has_fields(run),
    )


def _busy(viewer: Viewer) -> list[JobView]:
    found = list_jobs(viewer.platform.engine, states=("running", "waiting"), limit=9, routine=False)
    return [job for job in found if job.task.startswith("forecast.")]


def code_of(desk: ForecastDesk, run: Run, place: str) -> str:
    """The place that is spoken of: the one named, else the viewer's own, else the first region with a forecast."""
    if place:
        try:
            return desk.desk.judge.places.resolve(place).code
        except LookupError as error:
            raise HTTPException(422, str(error)) from None
    return next(iter(places_of(desk, run)), "")


def places_of(desk: ForecastDesk, run: Run) -> list[str]:
    """The places of a run: the viewer's own first, then regions, then stations."""
    known = desk.published(run)["place"].unique().to_list()
    return sorted(known, key=lambda code: (code != desk.desk.home, not code.isdigit(), code))


def words_of(language: str) -> dict[str, Any]:
    """What templates of the forecast use to write days, levels and pollutants in a language."""
    return {
        "levels": aqi.LEVELS,
        "items": ITEMS,
        "symbol": symbol,
        "primary": view.primary_text,
        "spread": view.range_text,
        "level_words": lambda low, high: view.level_words(low, high, language),
        "weekday": lambda day: view.weekday(day, language),
        "day_text": lambda day: day_text(day, language),
        "issued": lambda run: view.issued_words(run, language),
    }


def address_of(run: Run) -> dict[str, str]:
    """How an address names a run."""
    return {"issue": f"{run.issue.astimezone(TIMEZONE):%Y-%m-%dT%H}", "mode": run.mode}


def issues_of(desk: ForecastDesk, run: Run) -> list[Run]:
    """The newest run of each issue, the newest issues first, with the one shown among them."""
    best: dict[Any, Run] = {}
    for each in desk.runs:
        best.setdefault(each.issue, each)
    newest = list(best.values())[:OTHER_RUNS]
    return newest if any(each.issue == run.issue for each in newest) else [*newest, run]


def _late(desk: ForecastDesk, run: Run) -> int | None:
    """Hours since the newest issue, where the one of the next evening should have come; None where all is well."""
    age = desk.viewer.now - run.issue
    return int(age / timedelta(hours=1)) if run.issue == desk.runs[0].issue and age > OVERDUE else None


def _rows(desk: ForecastDesk, run: Run, language: str) -> list[dict[str, Any]]:
    """Every place with its days: regions first, then the stations."""
    days = view.days_of(run)
    found = {(row["place"], row["date"]): row for row in desk.published(run).to_dicts()}
    return [
        {"code": code, "name": desk.desk.atlas.name(code, language), "days": [found.get((code, day)) for day in days]}
        for code in places_of(desk, run)
    ]


def _made_of(desk: ForecastDesk, run: Run, place: str, item: Item, language: str) -> dict[str, str]:
    """What the published value of the first day is made of: of the item shown, of PM2.5 where that is the index."""
    name = {"aqi": "pm25", "o3": "o3_8h"}.get(item, item)
    rows = desk.shares(run).filter((pl.col("place") == place) & (pl.col("lead") == 1) & (pl.col("item") == name))
    said = made_of(rows)
    return {"item": ITEMS[name].symbol, "said": said.zh if language == "zh" else said.en}


def _compared(desk: ForecastDesk, run: Run, place: str, outlook: view.Outlook) -> dict[str, int] | None:
    """On how many of the days that are known the level came as forecast, and as persistence said."""
    known = outlook.known
    if not known:
        return None
    same = desk.outlook(run).filter((pl.col("place") == place) & (pl.col("source") == "persistence"))
    base = {row["date"]: row["level"] for row in same.to_dicts()}
    levels = [(card.row["level"], base.get(card.date), card.actual["level"]) for card in known if card.actual]
    return {
        "n": len(known),
        "level": sum(ours == seen for ours, _, seen in levels),
        "inside": sum(bool(card.hit) for card in known),
        "persistence": sum(then == seen for _, then, seen in levels),
        "n_persistence": sum(then is not None for _, then, _ in levels),
    }


def _map(viewer: Viewer, desk: ForecastDesk, run: Run, item: Item) -> dict[str, Any]:
    """What map.js draws below the discs, and where forecast.js finds the frames."""
    memory = Memory(viewer)
    everything = area(viewer, memory)
    stations = {station.code: station for station in PlaceStore(viewer.platform.engine).stations(on=run.day)}
    spoken = desk.hours(run).filter(pl.col("source") == OURS)["place"].unique().to_list()
    placed = [(stations[code].lon, stations[code].lat) for code in spoken if code in stations]
    box = Box.around(placed) if placed else everything
    spec: dict[str, Any] = {"bounds": list(box) if box else [115.4, 39.4, 117.6, 41.1], "outlines": []}
    sets = {one.id: one for one in PlaceStore(viewer.platform.engine).outline_sets()}
    for name in (AREAS, LINES):
        if name in sets:
            inside = f"&within={desk.desk.home}" if name == LINES and desk.desk.home else ""
            spec["outlines"].append(f"/api/v1/outlines/{name}?step={STEP}{inside}")
            spec.setdefault("caption", sets[name].caption)
    path = viewer.platform.home / TERRAIN
    if path.exists() and everything:
        spec["shade"] = {"url": f"/now/shade.png?v={path.stat().st_mtime_ns:x}", "bbox": around(everything)}
    asked = address_of(run)
    spec["source"] = f"{ADDRESS}?issue={asked['issue']}&mode={asked['mode']}&v={run.id}.{run.revision}&item={item}"
    return spec
