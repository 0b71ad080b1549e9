"""`/cases`: the ledger, one case with its events, findings from other systems, and moves by scripts."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import polars as pl
from fastapi import HTTPException, Query, Response
from pydantic import BaseModel, Field

from lantian.kernel.accounts import NotPermitted, scopes_of
from lantian.supervision import ledger
from lantian.supervision.events import CaseError, Event, Kind, Party
from lantian.supervision.findings import Finding
from lantian.supervision.service import Supervision
from lantian.supervision.store import Record
from lantian.web.api.answers import TABLE, Format, refuse, resource, table_response
from lantian.web.desk import Desk
from lantian.web.security import Viewer, allow

router = resource("cases")
Reader = Annotated[Viewer, allow("cases.read")]
Text = Annotated[str, Query(max_length=60)]

COLUMNS: dict[str, Any] = {
    "number": pl.String,
    "title": pl.String,
    "state": pl.String,
    "desk": pl.String,
    "region": pl.String,
    "owner_region": pl.String,
    "owner_department": pl.String,
    "category": pl.String,
    "source": pl.String,
    "reference": pl.String,
    "subject": pl.String,
    "address": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "round": pl.String,
    "requirement": pl.String,
    "opened_on": pl.Date,
    "handed_on": pl.Date,
    "due": pl.Date,
    "provisional": pl.Boolean,
    "closed_on": pl.Date,
    "failures": pl.Int64,
    "reopened": pl.Int64,
    "failed": pl.Boolean,
    "example": pl.Boolean,
    "public": pl.Boolean,
}
"""The columns of the table."""


class FindingBody(BaseModel):
    """A finding from another system; the same source and reference open one case only."""

    title: str = Field(min_length=1, max_length=120, description="the problem in one line")
    category: str = Field(max_length=40, description="a work line, such as construction")
    source: str = Field(max_length=40, description="such as exceedance, fraud, hot_cell, burning, letter, department")
    region: str = Field(max_length=20, description="code of the region where it is")
    reference: str = Field(min_length=1, max_length=120, description="number of the alert, letter or complaint")
    subject: str = Field("", max_length=200)
    address: str = Field("", max_length=200)
    lon: float | None = Field(None, ge=-180, le=180)
    lat: float | None = Field(None, ge=-90, le=90)
    detail: str = Field("", max_length=2000)
    found_on: date | None = None
    industry: str = Field("", max_length=60)


class EventBody(BaseModel):
    """What is done to a case; `seen` is the number of events that the sender knew."""

    kind: Kind
    seen: int = Field(ge=1, le=1_000_000)
    reason: str = Field("", max_length=2000)
    move: str | None = Field(None, max_length=40)
    owner: dict[str, str] | None = Field(None, description="region and department")
    days: int | None = Field(None, ge=1, le=3650)
    unit: str | None = Field(None, description="day or workday")
    requirement: str | None = Field(None, max_length=2000)
    until: date | None = None


@router.get("/cases", responses=TABLE)
def cases(
    viewer: Reader,
    standing: Text = "open",
    region: Text = "",
    category: Text = "",
    q: Text = "",
    limit: Annotated[int, Query(ge=1, le=50_000)] = 1000,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    format: Format = "json",  # noqa: A002
) -> Response:
    """The ledger as the clock stands, the first due first: only what the account may see.

    `standing`: open, overdue, unfinished, closed or all; `region`: with all below it; `q`: part of number, title,
    subject or address. Times and states are explained in docs/supervision/cases.md.
    """
    if standing not in ledger.STANDINGS:
        raise refuse("standing", standing, f"expected one of {', '.join(ledger.STANDINGS)}")
    scopes = scopes_of(viewer.account, "cases.read")
    asked = ledger.Filter(scopes, standing, region=region, category=category, text=q)
    page = Supervision(viewer.platform).ledger(asked, viewer.now, limit=limit, offset=offset)
    rows = [{name: row[name] for name in COLUMNS} for row in page.rows]
    return table_response(pl.DataFrame(rows, schema=COLUMNS, orient="row"), format, name="cases")


@router.get("/cases/{number}")
def case(viewer: Reader, number: str) -> dict[str, Any]:
    """One case with all its events, as known at the clock's time."""
    return plain(known(viewer, number))


@router.post("/cases", status_code=201)
def report(viewer: Annotated[Viewer, allow("cases.report")], body: FindingBody) -> dict[str, Any]:
    """Open a case from an alert, a letter or another system: `number`, and `new`, false where it had one already."""
    try:
        if body.region not in Desk(viewer).atlas.names:
            raise CaseError(f"region {body.region!r}: expected a region's code")
        finding = Finding(**body.model_dump(), example=viewer.platform.settings.example)
        number, new = Supervision(viewer.platform).report(finding, viewer.account)
    except CaseError as error:
        raise HTTPException(422, str(error)) from None
    except NotPermitted as error:
        raise HTTPException(403, error.en) from None
    return {"number": number, "new": new}


@router.post("/cases/{number}/events", status_code=201)
def act(viewer: Reader, number: str, body: EventBody) -> dict[str, Any]:
    """Write one event: a move of the workflow, an extension, a pause, a note. 409: somebody else wrote first."""
    record = known(viewer, number)
    if record.case.events != body.seen:
        raise HTTPException(409, f"case {number} has {record.case.events} events, {body.seen} were seen: look again")
    data = body.model_dump(exclude_none=True, include={"days", "unit", "requirement"})
    if body.until:
        data["until"] = body.until.isoformat()
    try:
        if body.owner is not None:
            if set(body.owner) != {"region", "department"}:
                raise CaseError("owner: expected region and department")
            data["owner"] = Party(**body.owner)
        cases = Supervision(viewer.platform)
        done = cases.act(number, body.kind, viewer.account, body.reason, move=body.move, expected=body.seen, **data)
    except CaseError as error:
        raise HTTPException(422, str(error)) from None
    except NotPermitted as error:
        raise HTTPException(403, error.en) from None
    return plain(done)


def known(viewer: Viewer, number: str) -> Record:
    """A case that the viewer may see; 404 for one that is not there for them."""
    cases = Supervision(viewer.platform)
    if not cases.may_see(number, viewer.account, viewer.now):
        raise HTTPException(404, f"case {number}: there is none for {viewer.account.login}")
    return cases.case(number, viewer.now)


def plain(record: Record) -> dict[str, Any]:
    """A case as JSON."""
    case = record.case
    return {
        "number": record.number,
        "workflow": case.workflow.name,
        "state": case.state,
        "desk": case.at.desk,
        "owner": {"region": case.owner.region, "department": case.owner.department} if case.owner else None,
        "due": case.due.date if case.due else None,
        "provisional": case.due.provisional if case.due else False,
        "finding": dict(case.finding),
        "events": [_event(event) for event in record.events],
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at,
        "actor": event.actor,
        "party": {"region": event.party.region, "department": event.party.department} if event.party else None,
        "kind": event.kind,
        "move": event.move,
        "reason": event.reason,
        "data": dict(event.data),
        "evidence": list(event.evidence),
    }
