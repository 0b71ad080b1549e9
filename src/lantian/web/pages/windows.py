"""Windows of time that a place's page shows: the span of its course, and the month of its calendar."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass
from typing import Any, Literal

from lantian.kernel.settings import TIMEZONE
from lantian.web.api.places import DAYS_REMEMBERED, days, in_order
from lantian.web.security import Viewer

Range = Literal["3d", "7d", "30d"]
RANGES: dict[Range, int] = {"3d": 3, "7d": 7, "30d": 30}
"""Spans that end now, in days."""
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Hours `start` <= time < `end`, which lie in the days `first`..`last` of Beijing.

    `name` is the choice in the address: one of `RANGES`, or empty where days were typed.
    """

    first: dt.date
    last: dt.date
    start: dt.datetime
    end: dt.datetime
    name: str

    @property
    def by_day(self) -> bool:
        """Whether it is too long for hours."""
        return (self.last - self.first).days > DAYS_REMEMBERED

    @property
    def query(self) -> str:
        """The choice as it stands in the address."""
        return f"range={self.name}" if self.name else f"start={self.first}&end={self.last}"


def span_of(viewer: Viewer, choice: Range, start: dt.date | None, end: dt.date | None) -> Span:
    """The span that was asked for: the days typed, else the choice; never beyond the viewer's now.

    Raises HTTPException 422 where the end lies before the start.
    """
    now = viewer.now.replace(minute=0, second=0, microsecond=0)
    if start is None and end is None:
        first = now - RANGES[choice] * DAY
        return Span(first.astimezone(TIMEZONE).date(), viewer.today, first, now, choice)
    last = min(end or viewer.today, viewer.today)
    first_day = start or last - RANGES[choice] * DAY
    in_order(first_day, last)
    return Span(first_day, last, _midnight(first_day), min(_midnight(last + DAY), now), "")


def month_of(viewer: Viewer, code: str, text: str | None) -> dict[str, Any]:
    """One month as weeks of days for a calendar: `weeks` of seven, each a day's row or None; with `before`, `after`
    (None in the future) and counts of the days that have an index.
    """
    first = dt.date.fromisoformat(f"{text}-01") if text else (viewer.today - DAY).replace(day=1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    known = {row["date"]: row for row in days(viewer, code, first, last).to_dicts()}
    cells: list[dict[str, Any] | None] = [None] * first.weekday()
    cells += [
        {"date": day, "row": known.get(day), "future": day >= viewer.today}
        for day in (first + number * DAY for number in range(last.day))
    ]
    cells += [None] * (-len(cells) % 7)
    judged = [row for row in known.values() if row["aqi"] is not None]
    following = last + DAY
    return {
        "first": first,
        "last": last,
        "weeks": [cells[number : number + 7] for number in range(0, len(cells), 7)],
        "before": f"{first - DAY:%Y-%m}",
        "after": f"{following:%Y-%m}" if following <= viewer.today else None,
        "judged": len(judged),
        "good": sum(row["aqi"] <= 100 for row in judged),
        "heavy": sum(row["aqi"] > 200 for row in judged),
        "worst": max(judged, key=lambda row: row["aqi"], default=None),
        "origin": {row["origin"] for row in judged},
    }


def api_address(code: str, span: Span, *, by_day: bool) -> str:
    """Where programs, and the CSV button, get the same hours (or days)."""
    if by_day:
        return f"/api/v1/places/{code}/daily?start={span.first}&end={span.last}"
    return f"/api/v1/places/{code}/hourly?start={span.start:%Y-%m-%dT%H:%MZ}&end={span.end:%Y-%m-%dT%H:%MZ}"


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=TIMEZONE).astimezone(dt.UTC)
