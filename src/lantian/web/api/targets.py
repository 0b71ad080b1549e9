"""`/targets`: where each target stands, and their editing."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from fastapi import HTTPException, Query, Response
from pydantic import BaseModel, Field

from lantian.assessment.periods import parse
from lantian.assessment.records import Records
from lantian.assessment.targets import Quantity, Target, Track
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.api.questions import codes_of
from lantian.web.desk import Desk
from lantian.web.security import Viewer, allow

router = resource("targets")
Reader = Annotated[Viewer, allow("targets.read")]
Editor = Annotated[Viewer, allow("targets.edit")]

COLUMNS: dict[str, Any] = {
    "id": pl.Int64,
    "place": pl.String,
    "name": pl.String,
    "quantity": pl.String,
    "period": pl.String,
    "start": pl.Date,
    "end": pl.Date,
    "limit": pl.Float64,
    "base": pl.Float64,
    "parent": pl.Int64,
    "source": pl.String,
    "example": pl.Boolean,
    "day": pl.Date,
    "value": pl.Float64,
    "met": pl.Boolean,
    "known_days": pl.Int64,
    "missing_days": pl.Int64,
    "days_left": pl.Int64,
    "allowance": pl.Float64,
    "days_to_lose": pl.Int64,
    "chance": pl.Float64,
    "completion": pl.Float64,
}
"""The columns of the table."""


class TargetBody(BaseModel):
    """A target to add; with `id`, the one to change."""

    place: str = Field(max_length=60, description="code or name of a region or station")
    quantity: Quantity
    period: str = Field(max_length=40, description="2016, 2016Q4, 2016-12, 2016AW or 2016-10-01..2017-03-31")
    limit: float = Field(description="ug/m3 (CO mg/m3), percent of good_share, days of good_days and heavy_days")
    base: float | None = Field(None, description="the value that a cut is counted from")
    parent: int | None = Field(None, description="the target from which this one is decomposed")
    source: str = Field("", max_length=200)
    id: int | None = None
    reason: str = Field("", max_length=200, description="stands in the audit trail")


@router.get("/targets", responses=TABLE)
def targets(
    viewer: Reader,
    places: Annotated[list[str] | None, Query(max_length=60)] = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Every target (of `places`, by code or name) and where it stands on `day`, the last day that is over.

    `value`: the quantity to date; `allowance`: what the remaining `days_left` may average (means only; negative: out of
    reach); `days_to_lose`: days that may still be bad; `chance`: share of resampled rests of the period that meet it,
    drawn by whole weeks from past years; `completion`: achieved cut over wanted cut, percent.
    """
    desk = Desk(viewer)
    codes = None if places is None else set(codes_of(places, desk.judge.places))
    rows = [plain(desk, each) for each in desk.tracks() if codes is None or each.target.place in codes]
    return table_response(pl.DataFrame(rows, schema=COLUMNS, orient="row"), format, name="targets")


@router.get("/targets/{target_id}")
def target(viewer: Reader, target_id: int) -> dict[str, Any]:
    """One target; beside the columns of the table its `months` (what each remaining month may average, and what it
    usually is) and its `course` (what each month was).
    """
    desk = Desk(viewer)
    found = next((each for each in desk.tracks() if each.target.id == target_id), None)
    if found is None:
        raise HTTPException(404, f"there is no target {target_id}")
    months = [
        {"start": month.period.start, "end": month.period.end, "allowed": month.allowed, "usual": month.usual}
        for month in found.months
    ]
    course = [
        {"start": m.period.start, "end": m.period.end, "value": m.value, "known_days": m.known_days, "usual": m.usual}
        for m in found.course
    ]
    return {**plain(desk, found), "months": months, "course": course}


@router.post("/targets", status_code=201)
def put(viewer: Editor, body: TargetBody) -> dict[str, Any]:
    """Add a target, or change one (`id`, or the same place, quantity and period); needs `targets.edit` at its place."""
    desk = Desk(viewer)
    try:
        wanted = Target(
            place=desk.judge.places.resolve(body.place).code,
            quantity=body.quantity,
            period=parse(body.period),
            limit=body.limit,
            base=body.base,
            parent=body.parent,
            source=body.source,
            id=body.id,
        )
        return {"id": save(desk, wanted, body.reason)}
    except (ValueError, LookupError) as error:
        raise HTTPException(422, str(error)) from None


@router.delete("/targets/{target_id}", status_code=204)
def drop(viewer: Editor, target_id: int, reason: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Remove a target; what was decomposed from it stays."""
    remove(Desk(viewer), target_id, reason)
    return Response(status_code=204)


def may_edit(desk: Desk, place: str) -> bool:
    """Whether the viewer may edit targets of a place; of a station: of its county."""
    return place in desk.atlas.names and desk.viewer.may("targets.edit", desk.atlas.region(place))


def save(desk: Desk, wanted: Target, reason: str) -> int:
    """Write a target in the viewer's name; the permission is asked for where it is and, for a changed one, was.

    Raises:
        HTTPException: 403, the viewer may not.
        ValueError, LookupError: as `Records.put_target`.
    """
    records = Records(desk.viewer.platform.engine)
    _require(desk, wanted.place)
    if wanted.id is not None:
        _require(desk, records.target(wanted.id).place)
    return records.put_target(wanted, desk.viewer.account.actor, reason)


def remove(desk: Desk, target_id: int, reason: str) -> None:
    """Remove a target in the viewer's name; 404 where there is none, 403 where the viewer may not."""
    records = Records(desk.viewer.platform.engine)
    try:
        found = records.target(target_id)
        _require(desk, found.place)
        records.drop_target(target_id, desk.viewer.account.actor, reason)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None


def missing_days(track: Track) -> int:
    """Days of the period that are over and have no valid value."""
    period = track.target.period
    return max(0, (min(track.day, period.end) - period.start).days + 1 - track.known_days)


def plain(desk: Desk, track: Track) -> dict[str, Any]:
    """A target with where it stands, as a row of `COLUMNS`."""
    period = track.target.period
    values = {**vars(track.target), **vars(track), "name": desk.atlas.name(track.target.place, "zh")}
    values |= {"period": period.label, "start": period.start, "end": period.end}
    values |= {"met": track.met, "missing_days": missing_days(track)}
    return {column: values[column] for column in COLUMNS}


def _require(desk: Desk, place: str) -> None:
    if not may_edit(desk, place):
        login, name = desk.viewer.account.login, desk.atlas.name(place, "zh")
        raise HTTPException(403, f"{login} lacks the permission targets.edit for {name} ({place})")
