"""Construction sites 施工工地: which site's dust is above what holds there, and what of the eight 100 % is missing?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, HTTPException, Request, Response

from lantian.kernel.accounts import covers, scopes_of
from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts
from lantian.observations.construction.service import Construction, Standing
from lantian.observations.construction.site import PHASES
from lantian.observations.construction.words import NAMES, sentence
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages import works_map
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("construction", "/construction", "monitor", "alerts.read", "works")
router = APIRouter()
Reader = Annotated[Viewer, allow("alerts.read")]

WIDE, HIGH = 120.0, 26.0
"""Size of a small course, in units of its drawing."""
_COURSE = timedelta(hours=24)


@router.get("/construction")
def page(request: Request, viewer: Reader) -> Response:
    """List the sites of the viewer's regions by rank, with live values, a day's course and the last check."""
    construction, language = Construction(viewer.platform), language_of(request)
    found = standing(viewer, construction)
    atlas = Desk(viewer).atlas
    over = [one for one in found if one.violations]
    rules = {one.rule.code: one.rule for one in found if one.rule is not None}
    return render(
        request,
        "construction.html",
        sites=found,
        over=over,
        live=sum(bool(one.live) for one in found),
        judged=sum(one.judged for one in found),
        silent=[one for one in found if one.devices and not one.live],
        rules=list(rules.values()),
        without=sum(one.rule is None for one in found),
        spark=lambda one: spark(one, viewer),
        map=works_map.spec(viewer, [_disc(one, language) for one in found], [one.site.region for one in found]),
        points=construction.checklist.points,
        word=lambda one: getattr(one, language),
        phases={code: pair[0 if language == "zh" else 1] for code, pair in PHASES.items()},
        name=lambda code: atlas.name(code, language),
    )


@router.get("/construction/{site}")
def file(request: Request, viewer: Reader, site: str) -> Response:
    """One site: a week's course against its limit, exceedances in words, every check of the eight 100 %."""
    construction, language = Construction(viewer.platform), language_of(request)
    try:
        found = Memory(viewer)(("construction site", site), lambda: construction.file(site, viewer.now))
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if not viewer.may("alerts.read", found.site.region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission alerts.read in {found.site.region}")
    atlas, side = Desk(viewer).atlas, 0 if language == "zh" else 1
    scopes = scopes_of(viewer.account, "alerts.read")
    told = alerts.listed(viewer.platform.engine, scopes, as_of=viewer.now, kind="exceedance", subject=site, most=20)
    return render(
        request,
        "construction_site.html",
        page_name="construction",
        one=found,
        today=_today(found, viewer),
        said=[(each, sentence(found.site, each, found.rule)[side]) for each in reversed(found.episodes) if found.rule],
        alerts=told,
        chart=chart(found, language) if found.verdicts.height or found.hours.height else None,
        points=construction.checklist.points,
        word=lambda one: getattr(one, language),
        phases={code: pair[side] for code, pair in PHASES.items()},
        names=NAMES,
        name=lambda code: atlas.name(code, language),
        sees_cases=viewer.may("cases.read"),
    )


def standing(viewer: Viewer, construction: Construction) -> list[Standing]:
    """The sites that the viewer may see, by rank."""
    whole = Memory(viewer)("construction", lambda: construction.overview(viewer.now))
    scopes = [region for region, _ in scopes_of(viewer.account, "alerts.read")]
    return [one for one in whole if any(covers(region, one.site.region) for region in scopes)]


def spark(one: Standing, viewer: Viewer) -> dict[str, Any] | None:
    """A day's course as a small drawing: lines of the value and of what is allowed, dots where it is exceeded."""
    since = viewer.now - _COURSE
    rows = _course(one).filter(pl.col("time") >= since)
    if rows.height < 2:
        return None
    top = max(float(rows.select(pl.max_horizontal("value", "allowed_value").max()).item()), 1.0)

    def place(row: dict[str, Any], column: str) -> str:
        x = (row["time"] - since) / _COURSE * WIDE
        return f"{x:.1f},{HIGH - row[column] / top * HIGH:.1f}"

    rows_ = rows.to_dicts()
    return {
        "line": " ".join(place(row, "value") for row in rows_),
        "limit": " ".join(place(row, "allowed_value") for row in rows_ if row["allowed_value"] is not None),
        "over": [place(row, "value").split(",") for row in rows_ if row["exceeds"]],
        "top": top,
    }


def chart(one: Standing, language: str) -> dict[str, Any]:
    """A week's course for chart.js: the site, its county, and what the rule allows at each time."""
    zh, rows = language == "zh", _course(one)
    item = one.rule.item if one.rule else "pm10"
    series = [_series("工地" if zh else "site", rows, "value")]
    if one.rule is not None and one.rule.against:
        series.append(_series("所在区县" if zh else "county", rows, "background"))
    if one.rule is not None:
        series.append(_series("允许值" if zh else "allowed", rows, "allowed_value") | {"dashed": True})
    return {"title": NAMES[item], "unit": "µg/m³", "series": series}


def _course(one: Standing) -> pl.DataFrame:
    """``time, value, background, allowed_value, exceeds`` of the rule's periods; hourly PM10 where no rule holds."""
    if one.rule is None or one.verdicts.is_empty():
        hours = one.hours.filter(pl.col("item") == "pm10")
        empty = pl.lit(None, pl.Float64)
        return hours.select(
            "time",
            "value",
            empty.alias("background"),
            empty.alias("allowed_value"),
            pl.lit(value=False).alias("exceeds"),
        )
    lowest = one.verdicts.filter(pl.col("limit") == pl.col("limit").min())
    allowed = pl.col("limit") + pl.col("value") - pl.col("compared")
    return lowest.select(
        "time", "value", "background", allowed.alias("allowed_value"), pl.col("exceeds").fill_null(value=False)
    ).sort("time")


def _series(name: str, rows: pl.DataFrame, column: str) -> dict[str, Any]:
    times = rows["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list()
    values: Sequence[float | None] = rows[column].round(1).to_list()
    return {"name": name, "points": [list(pair) for pair in zip(times, values, strict=True)], "decimals": 0}


def _today(one: Standing, viewer: Viewer) -> pl.DataFrame:
    local = pl.col("time").dt.convert_time_zone(str(TIMEZONE)).dt.date()
    return one.verdicts.filter(local == viewer.today)


def _disc(one: Standing, language: str) -> dict[str, Any]:
    zh, value = language == "zh", one.live.get("pm10")
    over = ("超标" if zh else "over its limit") if one.violations else ""
    score = "" if one.percent is None else f"{'八个百分之百' if zh else 'eight 100 %'} {one.percent:g}"
    return {
        "lon": one.site.lon,
        "lat": one.site.lat,
        "value": "–" if value is None else f"{value:.0f}",
        "title": one.site.name,
        "lines": [line for line in (over, score) if line],
        "href": f"/construction/{one.site.id}",
        "square": bool(one.violations),
    }
