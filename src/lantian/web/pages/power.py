"""Electricity 企业用电: who produces while the treatment facility stands still, and who did not stop as ordered?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.observations.feeds import Feeds
from lantian.observations.invented import marked
from lantian.observations.power import store
from lantian.observations.power.running import settings
from lantian.observations.power.service import Worked, worked
from lantian.observations.power.store import Told
from lantian.web.desk import Desk
from lantian.web.measured import FeedReader, Region, reader_of, remembered, short
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("power", "/power", "monitor", "feeds.read", "works")
router = APIRouter()
Days = Literal["1", "7", "30"]


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One enterprise with the days of the span on which it was told of."""

    code: str
    name: str
    region: str
    example: bool
    lines: int
    untreated: int
    not_stopped: int
    newest: datetime | None


@router.get("/power")
def page(
    request: Request,
    viewer: FeedReader,
    enterprise: Annotated[str, Query(max_length=60)] = "",
    days: Days = "7",
    region: Region = "",
) -> Response:
    """Enterprises by days of suspicion, and the power of one of them with the thresholds it is judged by."""
    language = language_of(request)
    start, end = span_of(viewer, int(days))
    rows = remembered(viewer, ("power", start, region), lambda: enterprises(viewer, start, region))
    chosen = next((one for one in rows if one.code == enterprise), rows[0] if rows else None)
    if enterprise and (chosen is None or chosen.code != enterprise):
        raise HTTPException(404, f"there is no enterprise {enterprise!r} whose electricity you may see")
    found = worked_of(viewer, chosen.code, start, end) if chosen else None
    atlas = Desk(viewer).atlas
    return render(
        request,
        "power.html",
        short=short,
        rows=rows,
        chosen=chosen,
        untreated=sum(one.untreated > 0 for one in rows),
        not_stopped=sum(one.not_stopped > 0 for one in rows),
        spans=found.violations if found else (),
        hours=_hours(found) if found else {},
        marks=_marks(found) if found else [],
        spec=chart(found, language) if found else None,
        days=days,
        region=region,
        settings=settings(),
        name=lambda code: atlas.name(code[:6], language),
    )


def span_of(viewer: Viewer, days: int) -> tuple[datetime, datetime]:
    """The last days up to the clock's half hour."""
    now = viewer.now.astimezone(UTC)
    end = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    return end - timedelta(days=days), end


def worked_of(viewer: Viewer, enterprise: str, start: datetime, end: datetime) -> Worked:
    """What an enterprise of the viewer's did, remembered for the half hour."""
    reader = reader_of(viewer)
    return remembered(
        viewer,
        ("power", start, end, enterprise),
        lambda: worked(viewer.platform, reader, start, end, enterprises=[enterprise], as_of=viewer.now),
    )


def enterprises(viewer: Viewer, start: datetime, region: str = "") -> list[Enterprise]:
    """The enterprises whose electricity the viewer may see, those told of most since ``start`` first.

    What they did is in the alerts already: reading every half hour of a city again would take seconds.
    """
    feeds, reader = Feeds(viewer.platform), reader_of(viewer)
    if not feeds.scope(feeds.feed("electricity"), reader).open:
        return []
    lines = marked(
        viewer.platform.engine, feeds.read("electricity_line", reader, region=region or None, as_of=viewer.now)
    )
    told: dict[str, list[Told]] = {}
    for one in store.told(viewer.platform.engine, start, viewer.now):
        told.setdefault(one.enterprise, []).append(one)
    rows = []
    for (code,), mine in lines.sort("meter").group_by("enterprise", maintain_order=True):
        first, days = mine.row(0, named=True), told.get(str(code), [])
        rows.append(
            Enterprise(
                str(code),
                first["enterprise_name"],
                first["region"],
                first["example"],
                mine.height,
                sum(one.rule == "untreated" for one in days),
                sum(one.rule == "not_stopped" for one in days),
                max((one.at for one in days), default=None),
            )
        )
    return sorted(rows, key=lambda one: (-(one.untreated + one.not_stopped), one.code))


def chart(found: Worked, language: str) -> dict[str, Any]:
    """The power of one enterprise's production and treatment, kW, as the chart draws it; suspicions as areas."""
    frame = found.frame
    times = [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in frame["time"]]
    words = (("production_kw", "生产", "Production"), ("treatment_kw", "治污设施", "Treatment"))
    series = [
        {"name": zh if language == "zh" else en, "points": list(zip(times, frame[column], strict=True)), "decimals": 1}
        for column, zh, en in words
    ]
    top = frame["production_kw"].max()
    high = round(top, 1) if isinstance(top, float) else 0.0
    bad = [any(one.start <= time < one.end for one in found.violations) for time in frame["time"]]
    points = [(time, 0 if yes else None, high if yes else None) for time, yes in zip(times, bad, strict=True)]
    ranges = [{"name": "疑似违规" if language == "zh" else "Suspected", "points": points}] if any(bad) else []
    return {"unit": "kW", "decimals": 1, "series": series, "ranges": ranges}


def _hours(found: Worked) -> dict[str, float]:
    """Hours of production, of treatment, and of readings."""
    half, frame = settings().step / 60, found.frame
    ran = {name: int(frame[name].fill_null(value=False).sum()) for name in ("production", "treatment")}
    return {**{name: n * half for name, n in ran.items()}, "known": frame["production"].count() * half}


def _marks(found: Worked) -> list[dict[str, Any]]:
    """The lines of one enterprise with the threshold of each."""
    lines = found.lines.sort("kind", "meter")
    return [{**row, "mark": found.thresholds.get(row["meter"])} for row in lines.iter_rows(named=True)]
