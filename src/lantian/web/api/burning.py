"""`/burning`: alerts of cameras and satellite hot spots come in, fires with their times go out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import polars as pl
from fastapi import HTTPException, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

import lantian.observations.burning.duties  # noqa: F401  (its rules make fires of what the feeds bring)
from lantian.kernel.accounts import regions_of, scopes_of
from lantian.kernel.settings import TIMEZONE
from lantian.observations.burning import firms
from lantian.observations.burning.fire import Fire
from lantian.observations.burning.service import Burning
from lantian.observations.feeds.entry import FeedError
from lantian.observations.feeds.service import Feeds, Receipt
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.security import Viewer, allow

router = resource("burning")
Reader = Annotated[Viewer, allow("alerts.read")]
Sender = Annotated[Viewer, allow("data.import")]

LARGEST = 16 * 2**20
_AHEAD = timedelta(minutes=10)

COLUMNS: dict[str, Any] = {
    "id": pl.Int64, "region": pl.String, "lon": pl.Float64, "lat": pl.Float64, "found_at": pl.Datetime("us", "UTC"),
    "told_at": pl.Datetime("us", "UTC"), "source": pl.String, "kind": pl.String, "address": pl.String,
    "state": pl.String, "signals": pl.Int64, "level": pl.Int64, "dispatched_at": pl.Datetime("us", "UTC"),
    "seen_at": pl.Datetime("us", "UTC"), "arrived_at": pl.Datetime("us", "UTC"),
    "ended_at": pl.Datetime("us", "UTC"), "to_arrival": pl.Float64, "to_out": pl.Float64, "example": pl.Boolean,
}  # fmt: skip
"""The columns of the table; minutes count from when the platform was told."""


class AlertBody(BaseModel):
    """An alert of a camera; the same `sender` and `id` again is the same alert."""

    sender: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,40}$", description="the system that sends")
    id: str = Field(pattern=r"^[A-Za-z0-9_.:-]{1,80}$", description="its number of the alert")
    time: datetime = Field(description="when it was seen; without a zone: Beijing time")
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    kind: str = Field("", pattern=r"^(straw|garbage|leaves|other|)$")
    confidence: float | None = Field(None, ge=0, le=100, description="percent; below 30 nobody is called")
    camera: str = Field("", max_length=120)
    address: str = Field("", max_length=200)
    picture: str = Field("", max_length=500, description="an https address; pictures are not stored here")


@router.post("/burning/alerts", status_code=201)
def alert(viewer: Sender, body: AlertBody) -> dict[str, Any]:
    """Take in an alert: `fire`, its number (null: it called nobody), and `new`, false where it was there already.

    A warden is called at once; a signal near a standing fire joins it. Needs `data.import` where the fire is.
    """
    try:
        seen = body.time if body.time.tzinfo else body.time.replace(tzinfo=TIMEZONE)
        early = seen > viewer.now + _AHEAD
    except (OverflowError, ValueError):
        raise HTTPException(422, f"time {body.time.isoformat()}: expected a moment of these years") from None
    if early or seen.year < 2000:
        raise HTTPException(422, f"time {seen.isoformat()}: expected up to {viewer.now.isoformat()}")
    burning = Burning(viewer.platform)
    region = burning.region_of(body.lon, body.lat)
    if not viewer.may("data.import", region):
        raise HTTPException(
            403, f"{viewer.account.login} lacks the permission data.import for {region or 'this point'}"
        )
    row = {name: value for name, value in body.model_dump().items() if value not in ("", None)}
    if region is None and regions_of(viewer.account, "data.import") is not None:
        raise HTTPException(403, f"{viewer.account.login} may not bring what lies in no region that we know")
    receipt = _put(viewer, "burning_alert", [row | {"time": seen.isoformat()}], f"webhook {body.sender}")
    if receipt.rejected:
        raise HTTPException(422, _reasons(viewer, receipt))
    return {"fire": burning.of_signal(body.sender, body.id), "new": receipt.stored > 0}


@router.post(
    "/burning/hotspots",
    status_code=201,
    openapi_extra={
        "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def hotspots(request: Request, viewer: Sender) -> dict[str, Any]:
    """Take in satellite hot spots, the CSV of FIRMS (MODIS or VIIRS) as it is published, times in UTC.

    Answers `rows` read, `new`, `fires` that were made, and `rejected` rows with line, field, value and reason.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise HTTPException(413, f"more than {LARGEST // 2**20} MB in one message")
    try:
        return await run_in_threadpool(bring, viewer, body)
    except (firms.FirmsError, FeedError) as error:
        raise HTTPException(422, str(error)) from None


@router.get("/burning/fires", responses=TABLE)
def fires(
    viewer: Reader,
    days: Annotated[int, Query(ge=1, le=3660, description="those told of within so many days")] = 30,
    state: Annotated[str, Query(max_length=20, description="of one state; open: not ended; empty: all")] = "",
    format: Format = "json",  # noqa: A002
) -> Response:
    """Fires of the reader's regions at the clock's time, the newest first, with minutes to arrival and out."""
    since = viewer.now - timedelta(days=days)
    found = Burning(viewer.platform).listed(viewer.now, since=since, scopes=scopes_of(viewer.account, "alerts.read"))
    rows = [_row(one) for one in found if state in ("", one.state) or (state == "open" and one.open)]
    return table_response(pl.DataFrame(rows, schema=COLUMNS, orient="row"), format, name="fires")


def bring(viewer: Viewer, body: bytes, name: str = "FIRMS") -> dict[str, Any]:
    """Take in a CSV of FIRMS in a viewer's name: what came of it. Raises FirmsError."""
    rows, rejects = firms.read(body, name)
    before = {one.id for one in Burning(viewer.platform).listed(viewer.now)}
    receipt = _put(viewer, "fire_hotspot", rows, "FIRMS") if rows.height else None
    after = {one.id for one in Burning(viewer.platform).listed(viewer.now)}
    return {
        "rows": rows.height,
        "new": receipt.new if receipt else 0,
        "refused": receipt.rejected if receipt else 0,
        "fires": sorted(after - before),
        "rejected": rejects.select("line", "field", "value", "reason").head(200).to_dicts(),
    }


def _put(viewer: Viewer, feed: str, rows: pl.DataFrame | list[dict[str, Any]], source: str) -> Receipt:
    try:
        return Feeds(viewer.platform).put(
            feed,
            rows,
            viewer.account.actor,
            source=source,
            within=regions_of(viewer.account, "data.import"),
            example=viewer.platform.settings.example,
        )
    except FeedError as error:
        raise HTTPException(422, str(error)) from None


def _reasons(viewer: Viewer, receipt: Receipt) -> str:
    rejected = Feeds(viewer.platform).rejected(receipt.batch)
    return "; ".join(f"{row['field']} {row['value']!r}: {row['reason_en']}" for row in rejected.to_dicts()[:5])


def _row(one: Fire) -> dict[str, Any]:
    return {name: getattr(one, name) for name in COLUMNS}
