"""`/dust`: sand-dust candidates with their evidence, and the decisions on them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import HTTPException, Query, Response
from pydantic import AwareDatetime, BaseModel, Field

from lantian.assessment.dust import EVENT_SCHEMA
from lantian.assessment.records import Decision, DustEvent, Records
from lantian.assessment.service import DustCandidate
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.api.questions import codes_of
from lantian.web.api.rankings import Written, written
from lantian.web.desk import Desk
from lantian.web.security import Viewer, allow

router = resource("dust")

LONGEST = timedelta(days=31)
"""No event lasts longer; a window beyond it is a slip."""

COLUMNS: dict[str, Any] = {
    **EVENT_SCHEMA,
    "state": pl.String,
    "note": pl.String,
    "decided_by": pl.String,
    "decided_at": pl.Datetime("us", "UTC"),
}
"""The columns of the table; `state` is `candidate`, `confirmed` or `rejected`."""


class DecisionBody(BaseModel):
    """A person's word on hours that may be sand-dust."""

    place: str = Field(max_length=60, description="code or name")
    start: AwareDatetime = Field(description="first hour, with its zone")
    end: AwareDatetime = Field(description="first hour after it")
    state: Literal["confirmed", "rejected"]
    reason: str = Field(min_length=1, max_length=300, description="stands in the audit trail")


@router.get("/dust", responses=TABLE)
def dust(
    viewer: Annotated[Viewer, allow("episodes.read")],
    place: Annotated[str, Query(max_length=60)],
    period: Written,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Candidates of a place in a period, and hours that somebody stated, each with the decision made by now.

    Evidence: PM10 before and at its peak (ug/m3), PM2.5/PM10 before and during; `end` is the first hour after.
    """
    desk = Desk(viewer)
    (code,) = codes_of([place], desk.judge.places)
    rows = [plain(each) for each in desk.dust(code, written("period", period))]
    return table_response(pl.DataFrame(rows, schema=COLUMNS, orient="row"), format, name=f"{code}-dust")


@router.post("/dust", status_code=201)
def put(viewer: Annotated[Viewer, allow("episodes.confirm")], body: DecisionBody) -> dict[str, Any]:
    """Confirm or reject; a later word on the same start replaces the earlier, and the audit trail keeps both."""
    desk = Desk(viewer)
    try:
        code = desk.judge.places.resolve(body.place).code
        event = decide(desk, code, body.start, body.end, body.state, body.reason)
    except (ValueError, LookupError) as error:
        raise HTTPException(422, str(error)) from None
    return {**vars(event)}


def decide(desk: Desk, place: str, start: datetime, end: datetime, state: Decision, reason: str) -> DustEvent:
    """Write a decision in the viewer's name, at the clock's now.

    Raises:
        HTTPException: 403, the viewer may not at this place.
        ValueError: not whole hours, an end that does not follow the start, hours to come, or no reason.
        LookupError: no such place.
    """
    viewer = desk.viewer
    if not viewer.may("episodes.confirm", desk.atlas.region(place)):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission episodes.confirm for {place}")
    for name, moment in (("start", start), ("end", end)):
        if moment != moment.replace(minute=0, second=0, microsecond=0):
            raise ValueError(f"{name} {moment.isoformat()}: expected a full hour")
    if not start < end <= start + LONGEST:
        raise ValueError(
            f"end {end.isoformat()}: expected after the start, {start.isoformat()}, by at most {LONGEST.days} days"
        )
    if end > desk.as_of:
        raise ValueError(f"end {end.isoformat()}: these hours are not over by {desk.as_of.isoformat()}")
    if not reason.strip():
        raise ValueError("reason: expected why, in words")
    event = DustEvent(
        place, start.astimezone(UTC), end.astimezone(UTC), state, reason.strip(), viewer.account.actor, desk.as_of
    )
    Records(viewer.platform.engine).decide_dust(event)
    return event


def moment_of(field: str, text: str) -> datetime:
    """Read an instant with its zone. Raises ValueError, naming the field."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{field} {text!r}: expected a time, as 2016-12-16T12:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"{field} {text!r}: expected a time with its zone, as 2016-12-16T12:00:00Z")
    return moment


def plain(candidate: DustCandidate) -> dict[str, Any]:
    """A candidate as a row of `COLUMNS`."""
    said = candidate.decision
    values = {**vars(candidate), "state": said.state if said else "candidate"}
    values |= {name: getattr(said, name, None) for name in ("note", "decided_by", "decided_at")}
    return {column: values[column] for column in COLUMNS}
