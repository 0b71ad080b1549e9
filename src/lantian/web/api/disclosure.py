"""`/duties`: duties of disclosure with their deadlines, as of the clock's now."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from fastapi import Query, Response

from lantian.disclosure.service import Disclosure
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.desk import Desk
from lantian.web.security import Viewer, allow

router = resource("duties")
Reader = Annotated[Viewer, allow("publishing.read")]

COLUMNS: dict[str, Any] = {
    "kind": pl.String,
    "zh": pl.String,
    "en": pl.String,
    "region": pl.String,
    "name": pl.String,
    "owed_by": pl.String,
    "trigger": pl.Date,
    "due": pl.Date,
    "provisional": pl.Boolean,
    "state": pl.String,
    "days": pl.Int64,
    "warned": pl.Boolean,
    "done_on": pl.Date,
    "document": pl.Int64,
    "clause": pl.String,
    "confidence": pl.String,
    "example": pl.Boolean,
}
"""The columns of the table."""


@router.get("/duties", responses=TABLE)
def duties(
    viewer: Reader,
    region: Annotated[str, Query(max_length=20, description="code; empty: all that you may see")] = "",
    state: Annotated[str, Query(pattern="^(|due|overdue|done|late)$", description="empty: all")] = "",
    format: Format = "json",  # noqa: A002
) -> Response:
    """Every duty of disclosure by due day: `state` is `due`, `overdue`, `done` or `late` (done late), `days` how many
    are left or over.

    `owed_by`: `region` itself or who inspects there; `provisional`: a holiday notice within the term is not known yet;
    `trigger`: the day of the event, of the week or the month's first that names the duty.
    """
    atlas = Desk(viewer).atlas
    rows = [
        {
            "kind": duty.kind,
            "zh": duty.zh,
            "en": duty.en,
            "region": duty.region,
            "name": atlas.name(duty.region, "zh"),
            "owed_by": duty.owed_by,
            "trigger": duty.trigger,
            "due": duty.due.date,
            "provisional": duty.due.provisional,
            "state": duty.state,
            "days": duty.days,
            "warned": duty.warned,
            "done_on": duty.done.done_on if duty.done else None,
            "document": duty.done.document if duty.done else None,
            "clause": duty.clause,
            "confidence": duty.confidence,
            "example": duty.example,
        }
        for duty in Disclosure(viewer.platform).calendar(viewer.now)
        if viewer.may("publishing.read", duty.region) and region in ("", duty.region) and state in ("", duty.state)
    ]
    return table_response(pl.DataFrame(rows, schema=COLUMNS, orient="row"), format, name="duties")
