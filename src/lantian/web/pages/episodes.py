"""Episodes 污染过程: when was the air bad for days, how did it begin and clear, and what of it was sand-dust?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.assessment import episodes
from lantian.assessment.periods import Period, holding
from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi, limits
from lantian.standards.codes import ITEMS
from lantian.web.api.dust import decide, moment_of
from lantian.web.atlas import Listing
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages import daygrid
from lantian.web.pages.spans import Span, day_words, run_words, span_of, words
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow, local

PAGE = Page("episodes", "/episodes", "assess", "episodes.read")
router = APIRouter()
Text = Annotated[str, Query(max_length=60)]

_MOST_MONTHS = 36
_COLUMNS = 31
"""Days side by side where several places are shown; a longer period shows its last ones."""


@dataclass(frozen=True)
class Asked:
    """What the address asks for: places (one, or a listing's) in a period, and the episode chosen."""

    places: tuple[str, ...]
    listing: Listing | None
    span: Span

    @property
    def place(self) -> str:
        """The one place; the first of several."""
        return self.places[0]

    @property
    def address(self) -> str:
        """How the address names the places."""
        return self.listing.id if self.listing else self.place


@router.get("/episodes")
def page(
    request: Request,
    viewer: Annotated[Viewer, allow("episodes.read")],
    place: Text = "",
    period: Text = "",
    start: Text = "",
    of: Text = "",
) -> Response:
    """Show the days, episodes and sand-dust of a place, or the days and episodes of a list.

    `place`: code or name of a place, or a list's id; `start`, `of`: first day and place of the episode whose hours are
    shown, without them the last one.
    """
    desk, language = Desk(viewer), language_of(request)
    try:
        asked = _asked(desk, place, period)
        begun = date.fromisoformat(start) if start else None
    except (LookupError, ValueError) as error:
        raise HTTPException(422, str(error)) from None
    if asked is None:
        return render(request, "episodes.html", asked=None)
    part = asked.span.known
    daily = desk.daily(asked.places, part) if part else pl.DataFrame()
    found = desk.episodes(asked.places, part).to_dicts() if part and daily.height else []
    chosen = _chosen(found, begun, of)
    return render(
        request,
        "episodes.html",
        asked=asked,
        name=lambda code: desk.atlas.name(code, language),
        groups=[(each, each.text(language)) for each in desk.listings],
        words=lambda period, cut=None: words(period, language, cut),
        day_words=lambda day: day_words(day, language, asked.span.period.start.year),
        run_words=lambda first, last: run_words(first, last, language, asked.span.period.start.year),
        found=sorted(found, key=lambda each: (each["start"], each["peak_aqi"]), reverse=True),
        chosen=chosen,
        last_end=max((each["end"] for each in found), default=None),
        heavy=_heavy(daily),
        judged=int(daily["aqi"].count()) if daily.height else 0,
        origins=daily["origin"].unique().sort().to_list() if daily.height else [],
        caveats=desk.caveats([asked.place], part, language) if part and not asked.listing and daily.height else [],
        months=_months(asked, daily, found, desk) if not asked.listing else [],
        rows=_rows(asked, daily, found, desk) if asked.listing else [],
        course=_course(desk, chosen, language) if chosen else None,
        dust=desk.dust(asked.place, part) if part and not asked.listing else [],
        dust_months=desk.dust_months(asked.place, part).to_dicts()
        if part and not asked.listing and daily.height
        else [],
        last_day=desk.last_day,
        levels=aqi.LEVELS,
        level_name=lambda number: aqi.LEVELS[number - 1].zh if language == "zh" else aqi.LEVELS[number - 1].en,
        symbol=lambda item: ITEMS[item].symbol,
        may_confirm=not asked.listing and viewer.may("episodes.confirm", desk.atlas.region(asked.place)),
        hour=lambda moment: _hour(moment, language),
    )


@router.post("/episodes/dust")
def decide_dust(
    viewer: Annotated[Viewer, allow("episodes.confirm")],
    place: Annotated[str, Form(max_length=20)],
    start: Annotated[str, Form(max_length=40)],
    end: Annotated[str, Form(max_length=40)],
    state: Annotated[Literal["confirmed", "rejected"], Form()],
    reason: Annotated[str, Form(max_length=300)],
    next: Annotated[str, Form(max_length=2000)] = "/episodes",  # noqa: A002
) -> Response:
    """Confirm or reject sand-dust, with a reason; needs the permission at the place."""
    try:
        decide(Desk(viewer), place, moment_of("start", start), moment_of("end", end), state, reason)
    except (ValueError, LookupError) as error:
        raise HTTPException(422, str(error)) from None
    return RedirectResponse(local(next) + "#dust", 303)


def _asked(desk: Desk, place: str, period: str) -> Asked | None:
    atlas = desk.atlas
    listing = None
    if place and place not in atlas.names:
        try:
            listing = atlas.listing(place)
        except LookupError:
            place = desk.judge.places.resolve(place).code
    code = place or desk.home
    if not code:
        return None
    default = holding(desk.last_day, "month" if listing else "year")
    span = span_of(period, desk.last_day, default)
    if len(span.period.months()) > _MOST_MONTHS:
        raise ValueError(f"period {period!r}: at most {_MOST_MONTHS} months fit on the page")
    return Asked(listing.places if listing else (code,), listing, span)


def _chosen(found: list[dict[str, Any]], start: date | None, of: str) -> dict[str, Any] | None:
    fitting = [each for each in found if start in (None, each["start"]) and of in ("", each["place"])]
    if start is None and not of:
        return max(found, key=lambda each: (each["end"], each["peak_aqi"]), default=None)
    return fitting[-1] if fitting else None


def _heavy(daily: pl.DataFrame) -> dict[str, int]:
    """Heavy days by place, most first."""
    if daily.is_empty():
        return {}
    counts = episodes.heavy_days(daily).group_by("place").len().sort(["len", "place"], descending=[True, False])
    return dict(counts.rows())


def _spans(found: list[dict[str, Any]], place: str) -> list[Period]:
    return [Period(each["start"], each["end"]) for each in found if each["place"] == place]


def _months(asked: Asked, daily: pl.DataFrame, found: list[dict[str, Any]], desk: Desk) -> list[daygrid.Month]:
    days = daygrid.by_day(daily, asked.place) if daily.height else {}
    return daygrid.months(asked.span.period, days, _spans(found, asked.place), desk.last_day)


def _rows(
    asked: Asked, daily: pl.DataFrame, found: list[dict[str, Any]], desk: Desk
) -> list[tuple[str, list[daygrid.Cell]]]:
    if asked.span.known is None or daily.is_empty():
        return []
    last = asked.span.known.end
    first = max(asked.span.period.start, last - timedelta(days=_COLUMNS - 1))
    span = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        (place, daygrid.row(span, daygrid.by_day(daily, place), _spans(found, place), desk.last_day))
        for place in asked.places
    ]


def _course(desk: Desk, chosen: dict[str, Any], language: str) -> dict[str, Any] | None:
    """The hours around an episode: what the chart draws, and its onset, peak and clearing. None without hours."""
    around = Period(chosen["start"] - timedelta(days=1), chosen["end"] + timedelta(days=2))
    start, end = desk.hours_of(around)
    hourly = desk.hourly(chosen["place"], start, end)
    if hourly.is_empty() or hourly["pm25"].null_count() == hourly.height:
        return None
    limit = limits.on(chosen["start"]).daily_limit("pm25")
    grid = pl.DataFrame(
        {"time": pl.datetime_range(start, end, "1h", closed="left", time_unit="us", time_zone="UTC", eager=True)}
    )
    hours = grid.join(hourly, on="time", how="left").sort("time")
    times = [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in hours["time"]]
    nodes = next(sub for sub in aqi.on(chosen["start"]).hourly if sub.item == "pm25").row.nodes
    zh = language == "zh"
    spec = {
        "title": "PM2.5",
        "unit": ITEMS["pm25"].printed_unit,
        "series": [
            {
                "name": ITEMS[item].symbol,
                "points": list(zip(times, hours[item].to_list(), strict=True)),
                "dashed": item == "pm10",
            }
            for item in ("pm25", "pm10")
        ],
        "bands": [
            {"low": nodes[number], "high": nodes[number + 1] if number < 5 else None, "level": number + 1}
            for number in range(6)
        ],
        "limit": {"name": "PM2.5 24h 二级" if zh else "PM2.5 24 h grade II", "value": limit},
        "coverage": {"name": "有效率" if zh else "Coverage", "points": list(zip(times, _share(hours), strict=True))},
    }
    if desk.as_of < end + timedelta(hours=1):
        spec["now"] = desk.as_of.strftime("%Y-%m-%dT%H:%M:%SZ")
    told = episodes.course(hourly.filter(pl.col("time") >= start), over=limit)
    return {"spec": spec, "limit": limit, **(told.row(0, named=True) if told.height else {})}


def _share(hours: pl.DataFrame) -> list[float]:
    """How much of each hour is there: of a region the share of its stations, of a station all or nothing."""
    if "n_pm25" not in hours.columns:
        return [float(value is not None) for value in hours["pm25"]]
    most = hours["n_pm25"].max() or 1
    return hours.select((pl.col("n_pm25").fill_null(0) / pl.lit(most)).round(3)).to_series().to_list()


def _hour(moment: datetime, language: str) -> str:
    local_time = moment.astimezone(TIMEZONE)
    return f"{day_words(local_time.date(), language, local_time.year)} {local_time:%H:%M}"
