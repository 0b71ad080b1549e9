"""Electricity 企业用电: who produces while the treatment facility stands still, and who did not stop as ordered?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.observations.power.running import settings
from lantian.observations.power.service import Worked, worked
from lantian.observations.power.violations import Violation
from lantian.web.desk import Desk
from lantian.web.measured import FeedReader, Region, reader_of, remembered, short
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("power", "/power", "monitor", "feeds.read", "works")
router = APIRouter()
Days = Literal["1", "3", "7"]


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One enterprise in the span shown: hours of production, treatment, and of the two violations."""

    code: str
    name: str
    region: str
    example: bool
    known: float
    production: float
    treatment: float
    untreated: float
    not_stopped: float

    @property
    def bad(self) -> float:
        """Hours of violations."""
        return self.untreated + self.not_stopped


@router.get("/power")
def page(
    request: Request,
    viewer: FeedReader,
    enterprise: Annotated[str, Query(max_length=60)] = "",
    days: Days = "3",
    region: Region = "",
) -> Response:
    """Enterprises by hours of violations, and the power of one of them with the thresholds it is judged by."""
    language = language_of(request)
    start, end = span_of(viewer, int(days))
    found = worked_of(viewer, start, end)
    rows = [one for one in enterprises(found) if one.region.startswith(region.rstrip("0"))]
    chosen = next((one for one in rows if one.code == enterprise), rows[0] if rows else None)
    if enterprise and (chosen is None or chosen.code != enterprise):
        raise HTTPException(404, f"there is no enterprise {enterprise!r} whose electricity you may see")
    atlas = Desk(viewer).atlas
    return render(
        request,
        "power.html",
        short=short,
        rows=rows,
        chosen=chosen,
        untreated=sum(one.untreated > 0 for one in rows),
        not_stopped=sum(one.not_stopped > 0 for one in rows),
        spans=[one for one in found.violations if chosen and one.enterprise == chosen.code],
        marks=_marks(found, chosen.code) if chosen else [],
        spec=chart(found, chosen.code, language) if chosen else None,
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


def worked_of(viewer: Viewer, start: datetime, end: datetime) -> Worked:
    """What the viewer's enterprises did, remembered for the half hour."""
    return remembered(
        viewer,
        ("power", start, end),
        lambda: worked(viewer.platform, reader_of(viewer), start, end, as_of=viewer.now),
    )


def enterprises(found: Worked) -> list[Enterprise]:
    """Every enterprise with its hours, the worst first."""
    half = settings().step / 60
    hours = found.frame.group_by("enterprise").agg(
        known=pl.col("production").is_not_null().sum() * half,
        production=pl.col("production").fill_null(value=False).sum() * half,
        treatment=pl.col("treatment").fill_null(value=False).sum() * half,
    )
    bad: dict[tuple[str, str], float] = {}
    for one in found.violations:
        bad[one.enterprise, one.rule] = bad.get((one.enterprise, one.rule), 0.0) + one.hours
    names = {row["enterprise"]: row for row in found.lines.sort("meter").iter_rows(named=True)}
    counted: Mapping[str, Any] = {row["enterprise"]: row for row in hours.iter_rows(named=True)}
    rows = [
        Enterprise(
            code,
            row["enterprise_name"],
            row["region"],
            row["example"],
            *(counted.get(code, {}).get(part, 0.0) for part in ("known", "production", "treatment")),
            *(bad.get((code, rule), 0.0) for rule in ("untreated", "not_stopped")),
        )
        for code, row in names.items()
    ]
    return sorted(rows, key=lambda one: (-one.bad, one.code))


def chart(found: Worked, enterprise: str, language: str) -> dict[str, Any]:
    """The power of an enterprise's production and treatment, kW, as the chart draws it."""
    frame = found.frame.filter(pl.col("enterprise") == enterprise)
    times = [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in frame["time"]]
    words = (("production_kw", "生产", "Production"), ("treatment_kw", "治污设施", "Treatment"))
    series = [
        {"name": zh if language == "zh" else en, "points": list(zip(times, frame[column], strict=True)), "decimals": 1}
        for column, zh, en in words
    ]
    bad = [(one, _bad(found.violations, enterprise, one)) for one in frame["time"]]
    top = frame["production_kw"].max()
    high: Any = top if isinstance(top, float) else 0.0
    ranges = [
        {
            "name": "疑似违规" if language == "zh" else "Suspected",
            "points": [
                (f"{time:%Y-%m-%dT%H:%M:%SZ}", 0 if yes else None, round(high, 1) if yes else None) for time, yes in bad
            ],
        }
    ]
    return {"unit": "kW", "decimals": 1, "series": series, "ranges": ranges if any(yes for _, yes in bad) else []}


def _bad(violations: tuple[Violation, ...], enterprise: str, time: datetime) -> bool:
    return any(one.enterprise == enterprise and one.start <= time < one.end for one in violations)


def _marks(found: Worked, enterprise: str) -> list[dict[str, Any]]:
    """The lines of an enterprise with the threshold of each."""
    mine = found.lines.filter(pl.col("enterprise") == enterprise).sort("kind", "meter")
    return [{**row, "mark": found.thresholds.get(row["meter"])} for row in mine.iter_rows(named=True)]
