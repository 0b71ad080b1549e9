"""Falsification 弄虚作假筛查: which days of which devices look made rather than measured, and what says so?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from lantian.kernel.accounts import covers, regions_of
from lantian.kernel.settings import TIMEZONE
from lantian.observations.fraud.catalogue import FEATURES
from lantian.observations.fraud.service import ALERT_FROM, Fraud
from lantian.observations.fraud.sources import KINDS
from lantian.observations.fraud.weeks import WEEKS
from lantian.observations.fraud.words import item_name, item_unit
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages.trace_chart import TraceChart, trace_chart
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("fraud", "/fraud", "monitor", "devices.read", "instruments")
router = APIRouter()
Reader = Annotated[Viewer, allow("devices.read")]
Text = Annotated[str, Query(max_length=64)]

DAYS = (1, 7, 14, 31)
ROWS = 200
LIMIT = 50.0
"""Score of the limit: as rare as the accepted rate of false alarms."""


@router.get("/fraud")
def page(
    request: Request,
    viewer: Reader,
    days: Annotated[int, Query(ge=1, le=31)] = 14,
    kind: Text = "",
    device: Text = "",
    day: Annotated[date | None, Query()] = None,
    show: Literal["alarms", "all"] = "alarms",
) -> Response:
    """Rank device-days by their score; `device` and `day` open one."""
    fraud, desk, language = Fraud(viewer.platform), Desk(viewer), language_of(request)
    last = viewer.today
    found = visible(viewer, fraud.listed(as_of=viewer.now, first=last - timedelta(days=days), last=last, most=20_000))
    scored = [row for row in found if not kind or row["kind"] == kind]
    high = [row for row in scored if row["score"] > LIMIT]
    listed = high if show == "alarms" else scored
    one = _chosen(viewer, fraud, device, day, listed)
    item = one["evidence"][0]["item"] if one and one["evidence"] else None
    return render(
        request,
        "fraud.html",
        rows=listed[:ROWS],
        more=len(listed) > ROWS,
        high=len(high),
        devices=len({row["device"] for row in high}),
        scored=len(scored),
        one=one,
        item=item,
        picture=_picture(viewer, fraud, one, item) if one and item else None,
        chosen={"days": days, "kind": kind, "show": show},
        choices=DAYS,
        kinds={code: words(each.zh, each.en, language) for code, each in KINDS.items()},
        features={code: words(each.zh, each.en, language) for code, each in FEATURES.items()},
        alert_from=ALERT_FROM,
        limit=LIMIT,
        name=lambda code: desk.atlas.name(code, language),
        item_name=lambda code: item_name(code, language),
        item_unit=item_unit,
        address=lambda row: address(row, days, show),
    )


@router.get("/fraud/thresholds")
def limits(request: Request, viewer: Reader) -> Response:
    """The thresholds in force by kind: what they were learned from, and each feature's."""
    fraud, language = Fraud(viewer.platform), language_of(request)
    versions = fraud.versions(viewer.now)
    newest = {each.learned.kind: each for each in reversed(versions)}
    tables = [
        {
            "version": each,
            "kind": words(KINDS[code].zh, KINDS[code].en, language),
            "rows": [
                {
                    "feature": words(FEATURES[one["feature"]].zh, FEATURES[one["feature"]].en, language),
                    "means": words(FEATURES[one["feature"]].means_zh, FEATURES[one["feature"]].means_en, language),
                    "item": item_name(one["item"], language),
                    "threshold": one["threshold"],
                    "median": one["values"][0],
                    "hundredth": one["values"][5],
                    "days": one["days"],
                }
                for one in each.learned.as_json()["tails"]
            ],
        }
        for code, each in sorted(newest.items())
        if code in KINDS
    ]
    return render(request, "fraud_thresholds.html", page_name="fraud", tables=tables, versions=versions, local=_local)


def visible(viewer: Viewer, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in the viewer's regions."""
    scopes = regions_of(viewer.account, "devices.read")
    return [row for row in rows if scopes is None or any(covers(scope, row["region"]) for scope in scopes)]


def words(zh: str, en: str, language: str) -> str:
    """The words of the reader's language."""
    return zh if language == "zh" else en


def address(row: dict[str, Any], days: int, show: str) -> str:
    """The address that opens a device's day."""
    asked = {"device": row["device"], "day": row["day"].isoformat(), "days": days, "show": show}
    return f"/fraud?{urlencode(asked)}#one"


def _chosen(
    viewer: Viewer, fraud: Fraud, device: str, day: date | None, listed: list[dict[str, Any]]
) -> dict[str, Any] | None:
    if not device or day is None:
        return listed[0] if listed else None
    found = visible(viewer, fraud.listed(as_of=viewer.now, first=day, last=day, device=device))
    return found[0] if found else None


def _picture(viewer: Viewer, fraud: Fraud, one: dict[str, Any], item: str) -> TraceChart | None:
    """The day of the device, and the middle four fifths of its fleet; the four weeks up to it where it is a habit of
    weeks that is told.
    """
    days = 28 if one["evidence"][0]["feature"] in WEEKS else 1
    try:
        told = fraud.course(one["kind"], one["device"], one["day"], item, viewer.now, days=days)
    except (ValueError, LookupError):
        return None
    if days == 1:
        names = [str(hour) if hour % 6 == 0 else "" for hour in range(24)]
    else:
        first = one["day"] - timedelta(days=days - 1)
        names = [
            f"{first + timedelta(days=hour // 24):%m-%d}" if hour % (24 * 7) == 0 else "" for hour in range(24 * days)
        ]
    lines = [("middle", "", told["middle"]), ("own", one["name"], told["own"])]
    return trace_chart(lines, names, band=(told["low"], told["high"]))


def _local(time: datetime) -> str:
    return time.astimezone(TIMEZONE).strftime("%Y-%m-%d %H:%M")
