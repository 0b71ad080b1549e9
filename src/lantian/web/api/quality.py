"""`/quality/flags`, `/quality/decisions`, `/fraud/scores`, `/fraud/thresholds`: what is suspect, what was decided."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

import polars as pl
from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from lantian.kernel.accounts import covers, regions_of
from lantian.kernel.settings import TIMEZONE
from lantian.observations.fraud.service import Fraud
from lantian.observations.gateway.register import Register
from lantian.observations.quality.review import MOMENT_AFTER, Review
from lantian.observations.quality.service import Quality
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.desk import Desk
from lantian.web.security import Viewer, allow

router = resource("quality")
Reader = Annotated[Viewer, allow("devices.read")]

FLAGS = ("place", "item", "check", "time", "value", "zh", "en", "figures", "raised_at", "ended_at")


class Span(BaseModel):
    """Which days, of Beijing; the last week where nothing is said."""

    model_config = ConfigDict(extra="forbid")

    first: date | None = Field(None, description="first day")
    last: date | None = Field(None, description="last day")
    place: str | None = Field(None, max_length=64, description="of this station or device")

    def days(self, today: date) -> tuple[date, date]:
        """First and last day."""
        last = self.last or today
        return self.first or max(last, date.min + timedelta(days=7)) - timedelta(days=6), last


class Flagged(Span):
    """Which flags."""

    item: str | None = Field(None, max_length=40, description="of this item, as pm25")
    ended: bool = Field(False, description="with those that a revision has cured")
    format: Format = Field("json", description="json (rows as objects), csv, or arrow (an Arrow IPC stream)")


class Scored(Span):
    """Which scores."""

    least: float = Field(0, ge=0, le=100, description="only scores from here on; 50 is the limit")
    limit: int = Field(500, ge=1, le=5000, description="at most so many")


@router.get("/quality/flags", response_class=Response, responses=TABLE)
def flags(viewer: Reader, asked: Annotated[Flagged, Query()]) -> Response:
    """Suspect hours: `place, item, check, time, value, zh, en, figures, raised_at, ended_at`, by time.

    A flag says which check found what, with its figures (JSON); it never takes a value away.
    """
    start, end = _moments(*asked.days(viewer.today))
    found = Quality(viewer.platform).flags(
        as_of=viewer.now,
        start=start,
        end=end,
        places=[asked.place] if asked.place else None,
        items=[asked.item] if asked.item else None,
        ended=asked.ended,
    )
    mine = found.filter(pl.col("place").is_in(_places(viewer)))
    return table_response(mine.select(FLAGS), asked.format, name="flags")


@router.get("/quality/decisions")
def decisions(viewer: Reader, asked: Annotated[Span, Query()]) -> list[dict[str, Any]]:
    """What the analysts decided about hours of these days, the newest first; `undone_at`: taken back then."""
    start, end = _moments(*asked.days(viewer.today))
    places = set(_places(viewer)) & ({asked.place} if asked.place else set(_places(viewer)))
    found = Review(viewer.platform).decisions(
        as_of=viewer.now + MOMENT_AFTER, places=sorted(places), start=start, end=end
    )
    return [{name: _plain(getattr(one, name)) for name in one.__dataclass_fields__} for one in found]


@router.get("/fraud/scores")
def scores(viewer: Reader, asked: Annotated[Scored, Query()]) -> list[dict[str, Any]]:
    """Scores of device-days, the highest first, with their evidence in words; 50 is as rare as one day in a hundred."""
    first, last = asked.days(viewer.today)
    found = Fraud(viewer.platform).listed(
        as_of=viewer.now, first=first, last=last, device=asked.place, least=asked.least, most=20_000
    )
    scopes = regions_of(viewer.account, "devices.read")
    mine = [row for row in found if scopes is None or any(covers(scope, row["region"]) for scope in scopes)]
    return [{name: _plain(value) for name, value in row.items() if name != "id"} for row in mine[: asked.limit]]


@router.get("/fraud/thresholds")
def thresholds(viewer: Reader) -> list[dict[str, Any]]:
    """The thresholds by kind and version, the newest first: what they were learned from, and each feature's."""
    return [
        {
            "version": one.version,
            "kind": one.learned.kind,
            "first": one.learned.first.isoformat(),
            "last": one.learned.last.isoformat(),
            "devices": one.learned.devices,
            "device_days": one.learned.days,
            "rate": one.learned.rate,
            "made_by": one.made_by,
            "made_at": one.made_at.isoformat(),
            "example": one.example,
            "features": one.learned.as_json()["tails"],
        }
        for one in Fraud(viewer.platform).versions(viewer.now)
    ]


def _moments(first: date, last: date) -> tuple[datetime, datetime]:
    """The span of days of Beijing as moments; years that no instrument can have seen are brought to the edge."""
    edges = [min(max(day, date(1990, 1, 1)), date(2200, 1, 1)) for day in (first, last)]
    start, end = (datetime.combine(day, time(), TIMEZONE).astimezone(UTC) for day in edges)
    return start, end + timedelta(days=1)


def _places(viewer: Viewer) -> list[str]:
    scopes = regions_of(viewer.account, "devices.read")
    regions = {code: one.region for code, one in Desk(viewer).atlas.names.items()}
    regions |= {one.mn: one.region for one in Register(viewer.platform).devices()}
    return [code for code, at in regions.items() if scopes is None or any(covers(scope, at) for scope in scopes)]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
