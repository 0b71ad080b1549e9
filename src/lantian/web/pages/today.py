"""What the front page says of one place today: each answer a sentence with a number, and the figures behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import floor
from typing import Any

import polars as pl

from lantian.assessment.periods import Period, parse
from lantian.assessment.targets import DAY_COUNTS, Track
from lantian.kernel.accounts import scopes_of
from lantian.standards.codes import POLLUTANTS
from lantian.supervision.ledger import Filter
from lantian.supervision.service import Supervision
from lantian.web.api.places import days, hours
from lantian.web.atlas import Listing
from lantian.web.desk import Desk
from lantian.web.pages.spots import Spot, stations
from lantian.web.security import Viewer

TREND = timedelta(hours=24)
WEEK = timedelta(days=7)
_OLDEST = 3
"""Overdue cases named on the front page."""
_TALL, _STEP, _BAR = 48, 10, 8
"""Height of the trend, distance and width of its bars, in units of the drawing."""


@dataclass(frozen=True)
class Now:
    """The newest hour of a place, or its last published day where it has no hours.

    Attributes:
        row: its values.
        hourly: whether they are of an hour.
        trend: the last 24 hours for a drawing, oldest first; empty without hours.
        before: the index three hours earlier; None where there is none.
    """

    row: dict[str, Any]
    hourly: bool
    trend: list[dict[str, Any]]
    before: int | None

    @property
    def aqi(self) -> int | None:
        """The index."""
        found: int | None = self.row["aqi"]
        return found

    @property
    def lowest(self) -> int | None:
        """The smallest index of the trend."""
        return min((bar["aqi"] for bar in self.trend if bar["aqi"] is not None), default=None)

    @property
    def highest(self) -> int | None:
        """The largest index of the trend."""
        return max((bar["aqi"] for bar in self.trend if bar["aqi"] is not None), default=None)


@dataclass(frozen=True)
class Standing:
    """Where a place stands in a ranking: its row, how many are ranked, and every place on a line from best to worst.

    `first` and `last` are the days that the ranking rests on.
    """

    row: dict[str, Any]
    listing: Listing
    ranked: int
    line: list[dict[str, Any]]
    first: date
    last: date


def now_of(viewer: Viewer, place: str) -> Now | None:
    """How the air of a place is; None where nothing is known of the last day and week."""
    end = viewer.now.replace(minute=0, second=0, microsecond=0)
    frame = hours(viewer, place, end - TREND, end)
    known = frame.filter(pl.any_horizontal(pl.col(POLLUTANTS).is_not_null())) if frame.height else frame
    if known.height:
        rows = {row["time"]: row for row in known.to_dicts()}
        newest = max(rows)
        earlier = rows.get(newest - timedelta(hours=3))
        return Now(rows[newest], True, _trend(rows, end), earlier["aqi"] if earlier else None)
    published = days(viewer, place, viewer.today - WEEK, viewer.today).filter(pl.col("aqi").is_not_null()).sort("date")
    return Now(published.to_dicts()[-1], False, [], None) if published.height else None


def _trend(rows: dict[datetime, dict[str, Any]], end: datetime) -> list[dict[str, Any]]:
    hours_of = [end - timedelta(hours=back) for back in range(24, 0, -1)]
    return bars([{"time": hour} | _judged(rows.get(hour)) for hour in hours_of])


def bars_of(month: dict[str, Any]) -> list[dict[str, Any]]:
    """The days of a month, see `windows.month_of`, for a drawing."""
    cells = [cell for week in month["weeks"] for cell in week if cell is not None]
    return bars([{"date": cell["date"]} | _judged(cell["row"]) for cell in cells])


def _judged(row: dict[str, Any] | None) -> dict[str, Any]:
    return {"aqi": row["aqi"] if row else None, "level": row["level"] if row else None}


def bars(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Columns as high as their index, as plain geometry; one without an index has no height."""
    top = max([100, *(one["aqi"] or 0 for one in found)])
    heights = [round(_TALL * (one["aqi"] or 0) / top, 1) for one in found]
    return [
        one | {"x": _STEP * number, "width": _BAR, "height": height, "y": round(_TALL - height, 1)}
        for number, (one, height) in enumerate(zip(found, heights, strict=True))
    ]


def month_of(desk: Desk) -> Period:
    """The month of the last finished day."""
    return parse(f"{desk.last_day:%Y-%m}")


def standing(desk: Desk, place: str) -> Standing | None:
    """Where a place stands this month in the first list that it belongs to; None where it has no index."""
    listing = next((group for group in desk.atlas.groups if place in group.places), None)
    if listing is None:
        return None
    period = month_of(desk)
    ranked = desk.rank(listing.places, period).filter(pl.col("composite_index").is_not_null())
    own = ranked.filter(pl.col("place") == place).to_dicts()
    if not own:
        return None
    low, high = ranked["composite_index"].min(), ranked["composite_index"].max()
    wide = max(float(high) - float(low), 0.01)  # type: ignore[arg-type]
    line = [
        {"place": row["place"], "value": row["composite_index"], "rank": row["rank_composite_index"]}
        | {"x": round(6 + 228 * (row["composite_index"] - low) / wide, 1)}
        for row in ranked.to_dicts()
    ]
    return Standing(own[0], listing, ranked.height, line, period.start, desk.last_day)


def year_of(desk: Desk, place: str) -> dict[str, Any] | None:
    """The running year of a place with its change on the year before; None where it has no data."""
    period = parse(f"{desk.last_day:%Y}")
    found = desk.rank([place], period).filter(pl.col("aqi_days") > 0).to_dicts()
    return found[0] if found else None


@dataclass(frozen=True)
class Goal:
    """A running target in one sentence: `key` is the message, `words` fill it.

    `state` is `met` (nothing can go wrong any more, or it is reached on the last day), `open` or `lost`.
    """

    track: Track
    key: str
    words: dict[str, Any]
    state: str


def goals(desk: Desk, place: str) -> list[Goal]:
    """The targets of a place whose period runs."""
    day = desk.last_day
    own = (track for track in desk.tracks() if track.target.place == place and track.value is not None)
    running = [track for track in own if track.target.period.start <= day <= track.target.period.end]
    return [goal(track) for track in sorted(running, key=lambda track: track.target.quantity in DAY_COUNTS)]


def goal(track: Track) -> Goal:
    """One running target in words."""
    target = track.target
    words: dict[str, Any] = {"limit": f"{target.limit:g}", "value": f"{track.value:g}", "left": track.days_left}
    kind = target.quantity if target.quantity in DAY_COUNTS else "mean" if track.allowance is not None else "percentile"
    if track.allowance is not None:
        lost = track.allowance < 0
        words["allowance"] = floor(track.allowance)  # rounded down: what is printed must suffice
    else:
        lost = (track.days_to_lose or 0) < 0
        words["days"] = abs(track.days_to_lose or 0)
    met = not lost and (track.days_left == 0 or (track.days_to_lose or 0) >= track.days_left > 0)
    state = "lost" if lost else "met" if met else "open"
    return Goal(track, f"home.goal_{kind}_{'lost' if lost else 'open'}", words, state)


def members(desk: Desk, place: str, language: str) -> list[Spot]:
    """The stations of a place that report, worst first; every station where the place has none that does."""
    every = stations(desk.viewer, language)
    inside = set(desk.judge.places.members(place, desk.viewer.today)) if place else set()
    return [spot for spot in every if spot.code in inside] or every


@dataclass(frozen=True)
class Undone:
    """Problems that are open, and the longest overdue ones: rows of the ledger with ``late``, days beyond the last."""

    open: int
    overdue: int
    unfinished: int
    rows: list[dict[str, Any]]


def undone(viewer: Viewer) -> Undone | None:
    """Who has not done it, among the cases that the viewer may see; None where none is open."""
    cases = Supervision(viewer.platform)
    asked = Filter(scopes_of(viewer.account, "cases.read"))
    counts = cases.summary(asked, viewer.now)
    if not counts.open:
        return None
    rows = cases.ledger(asked, viewer.now, limit=_OLDEST).rows
    late = [{**row, "late": (viewer.today - row["due"]).days} for row in rows]
    return Undone(counts.open, counts.overdue, counts.unfinished, late)
