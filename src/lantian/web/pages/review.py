"""Review 数据审核: which measurements are suspect, beside their neighbours, and what did the analyst decide?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.kernel.accounts import covers, regions_of
from lantian.kernel.settings import TIMEZONE
from lantian.observations.fraud.words import item_name
from lantian.observations.gateway.register import Register
from lantian.observations.quality.review import HOUR, MOMENT_AFTER, Review, Verdict
from lantian.observations.quality.service import Quality
from lantian.observations.quality.suspects import Suspect, suspects
from lantian.observations.store import ObservationStore
from lantian.standards.codes import ITEMS
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages.trace_chart import TraceChart, trace_chart
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("review", "/review", "monitor", "quality.review", "instruments")
router = APIRouter()
Reviewer = Annotated[Viewer, allow("quality.review")]
Text = Annotated[str, Query(max_length=60)]
Typed = Annotated[str, Form(max_length=60)]

DAYS = (1, 3, 7, 14, 31)
ROWS = 300
AROUND = timedelta(hours=30)
WIDEST = timedelta(days=8)


@router.get("/review")
def page(
    request: Request,
    viewer: Reviewer,
    days: Annotated[int, Query(ge=1, le=31)] = 7,
    until: Annotated[date | None, Query()] = None,
    station: Text = "",
    standing: Literal["open", "all"] = "open",
    place: Text = "",
    item: Text = "",
    at: Text = "",
) -> Response:
    """List suspects by day and station; `place`, `item` and `at` (first hour, Beijing) open one of them."""
    return _page(request, viewer, days, until, station, standing, (place, item, at))


@router.post("/review")
def decide(
    request: Request,
    viewer: Reviewer,
    place: Typed,
    item: Typed,
    first: Typed,
    last: Typed,
    decision: Annotated[Verdict, Form()],
    value: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Decide on the hours first to last of an item at a station."""
    _permitted(viewer, place)
    try:
        number = float(value) if value.strip() and decision == "replace" else None
        begin, end = _hour(first), _hour(last)
        Review(viewer.platform).decide(place, item, begin, end, decision, reason, viewer.account.actor, value=number)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except (ValueError, OverflowError) as error:
        return _page(request, viewer, 7, None, "", "all", (place, item, first), str(error))
    return RedirectResponse(_address(place, item, begin), 303)


@router.post("/review/{number}/undo")
def undo(
    request: Request, viewer: Reviewer, number: int, reason: Annotated[str, Form(max_length=300)] = ""
) -> Response:
    """Take a decision back."""
    review = Review(viewer.platform)
    found = [one for one in review.decisions(as_of=viewer.now + MOMENT_AFTER) if one.id == number]
    if not found:
        raise HTTPException(404, f"no decision {number} stands")
    one = found[0]
    _permitted(viewer, one.place)
    try:
        review.undo(number, reason, viewer.account.actor)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    except ValueError as error:
        return _page(request, viewer, 7, None, "", "all", (one.place, one.item, _local(one.first)), str(error))
    return RedirectResponse(_address(one.place, one.item, one.first), 303)


def _page(
    request: Request,
    viewer: Viewer,
    days: int,
    until: date | None,
    station: str,
    standing: str,
    chosen: tuple[str, str, str],
    fault: str = "",
) -> Response:
    quality, desk, language = Quality(viewer.platform), Desk(viewer), language_of(request)
    last_day = min(until or viewer.today, viewer.today)
    end = datetime.combine(max(last_day, date(1990, 1, 1)) + timedelta(days=1), datetime.min.time(), TIMEZONE)
    start = end - timedelta(days=days)
    mine = _mine(viewer, desk)
    asked = [station] if station else None
    flags = quality.flags(as_of=viewer.now, start=start, end=end, places=asked)
    decisions = Review(viewer.platform).decisions(as_of=viewer.now + MOMENT_AFTER, start=start - AROUND, end=end)
    found = [one for one in suspects(flags, decisions) if one.place in mine]
    devices = _devices(viewer)
    marked = [one for one in suspects(flags) if one.place in devices]
    open_ = [one for one in found if one.decision is None]
    listed = found if standing == "all" else open_
    one = _chosen(chosen, listed, mine)
    by_check: dict[str, int] = {}
    for suspect in listed:
        for name in suspect.checks:
            by_check[name] = by_check.get(name, 0) + 1
    return render(
        request,
        "review.html",
        status=422 if fault else 200,
        fault=fault,
        rows=listed[:ROWS],
        more=len(listed) > ROWS,
        open=len(open_),
        places=len({suspect.place for suspect in open_}),
        by_check=dict(sorted(by_check.items(), key=lambda pair: -pair[1])),
        checks=quality.book.checks,
        kinds=quality.book.kinds,
        stations=sorted(mine, key=lambda code: desk.atlas.name(code, language)),
        chosen={"days": days, "until": last_day, "station": station, "standing": standing},
        choices=DAYS,
        one=one,
        picture=None if one is None else _picture(viewer, quality, desk, one, language),
        history=[] if one is None else [each for each in decisions if (each.place, each.item) == one[:2]],
        marked=marked[:ROWS],
        devices=devices,
        run=quality.last_run(viewer.now),
        items=ITEMS,
        name=lambda code: desk.atlas.name(code, language),
        item_name=lambda code: item_name(code, language),
        address=_address,
        local=_local,
    )


def _chosen(
    asked: tuple[str, str, str], listed: list[Suspect], mine: frozenset[str]
) -> tuple[str, str, datetime, datetime, Suspect | None] | None:
    """The stretch that is open: place, item, first and last hour, and the suspect if one begins there."""
    place, item, at = asked
    if not place:
        if not listed:
            return None
        first = listed[0]
        return first.place, first.item, first.first, first.last, first
    if place not in mine or item not in ITEMS:
        raise HTTPException(404, f"{place} {item}: no such station or item in your regions")
    try:
        begin = _hour(at)
    except (ValueError, OverflowError) as error:
        raise HTTPException(422, str(error)) from None
    found = next(
        (one for one in listed if (one.place, one.item) == (place, item) and one.first <= begin <= one.last), None
    )
    return (place, item, begin, begin, None) if found is None else (place, item, found.first, found.last, found)


def _picture(
    viewer: Viewer,
    quality: Quality,
    desk: Desk,
    one: tuple[str, str, datetime, datetime, Suspect | None],
    language: str,
) -> TraceChart:
    """The series with the stations nearby, suspects and decided hours marked."""
    place, item, first, last, _ = one
    start, end = first - AROUND, min(last, first + WIDEST) + AROUND
    end = min(end, viewer.now.replace(minute=0, second=0, microsecond=0))
    start = min(start, end - HOUR)
    kind = quality.book.kinds["weather" if item not in quality.book.kinds["state"].items else "state"]
    near = quality.near(kind).get(place, ())
    store, as_of = ObservationStore(viewer.platform), viewer.now + MOMENT_AFTER
    raw = store.hourly([place, *near], start, end, [item], as_of=as_of, grade="raw").collect()
    best = store.hourly([place], start, end, [item], as_of=as_of).collect()
    hours = [start + HOUR * k for k in range(int((end - start) / HOUR))]
    series = {code: dict(zip(part["time"], part[item], strict=True)) for (code,), part in raw.group_by("place")}
    standing = dict(zip(best["time"], best[item], strict=True))
    own = series.get(place, {})
    lines: list[tuple[str, str, list[float | None]]] = [
        ("near", desk.atlas.name(code, language), [series.get(code, {}).get(hour) for hour in hours]) for code in near
    ]
    if any(own.get(hour) != standing.get(hour) for hour in hours):
        lines.append(("before", desk.atlas.name(place, language), [own.get(hour) for hour in hours]))
    lines.append(("own", desk.atlas.name(place, language), [standing.get(hour) for hour in hours]))
    told: dict[datetime, str] = {}
    flags = quality.flags(as_of=viewer.now, start=start, end=end, places=[place], items=[item])
    for row in flags.iter_rows(named=True):
        if row["check"] != "validity":
            told[row["time"]] = row["zh" if language == "zh" else "en"]
    marks = [
        (step, float(own[hour] or 0), "suspect", f"{_local(hour)} {told[hour]}")
        for step, hour in enumerate(hours)
        if hour in told and own.get(hour) is not None
    ]
    names = [_axis(hour) for hour in hours]
    span = int((first - start) / HOUR), int((min(last, end) - start) / HOUR)
    return trace_chart(lines, names, marks=marks, span=span)


def _axis(hour: datetime) -> str:
    local = hour.astimezone(TIMEZONE)
    return f"{local.month}-{local.day}" if local.hour == 0 else "12" if local.hour == 12 else ""


def _mine(viewer: Viewer, desk: Desk) -> frozenset[str]:
    """Stations in the regions for which the viewer reviews."""
    scopes = regions_of(viewer.account, "quality.review")
    return frozenset(
        code
        for code, one in desk.atlas.names.items()
        if code != one.region and (scopes is None or any(covers(scope, one.region) for scope in scopes))
    )


def _devices(viewer: Viewer) -> dict[str, str]:
    """Registered devices in the reviewer's regions, by MN: what people call them."""
    scopes = regions_of(viewer.account, "quality.review")
    return {
        one.mn: one.name
        for one in Register(viewer.platform).devices()
        if scopes is None or any(covers(scope, one.region) for scope in scopes)
    }


def _permitted(viewer: Viewer, place: str) -> None:
    known = Desk(viewer).atlas.names.get(place)
    if known is None or place == known.region:
        raise HTTPException(404, f"{place}: no such station")
    if not viewer.may("quality.review", known.region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission quality.review in {known.region}")


def _hour(text: str) -> datetime:
    """An hour of Beijing as a form writes it, 2016-12-16T08:00. Raises ValueError that says so."""
    try:
        found = datetime.fromisoformat(text)
        if not 1990 <= found.year <= 2100:
            raise ValueError(text)
    except ValueError:
        raise ValueError(f"hour {text!r}: expected one of Beijing such as 2016-12-16T08:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=TIMEZONE)).astimezone(UTC)


def _local(time: datetime) -> str:
    return time.astimezone(TIMEZONE).strftime("%Y-%m-%dT%H:%M")


def _address(place: str, item: str, first: datetime) -> str:
    asked: dict[str, Any] = {"standing": "all", "place": place, "item": item, "at": _local(first)}
    return f"/review?{urlencode(asked)}#one"
