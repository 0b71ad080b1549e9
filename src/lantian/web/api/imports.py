"""`/imports`, `/rejected`: which files came in and what each brought, and what was refused and why."""

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from lantian.observations import arrivals
from lantian.web.api.answers import TABLE, resource, table_response
from lantian.web.api.questions import Parameters
from lantian.web.security import Viewer, allow

router = resource("imports")
Reader = Annotated[Viewer, allow("data.read")]


class Batches(Parameters):
    """Which imports."""

    limit: int = Field(100, ge=1, le=1000, description="at most so many")
    before: int | None = Field(None, description="only those with a smaller id, to go on where an answer ended")


class Refused(Parameters):
    """Which refused entries."""

    batch: int | None = Field(None, description="of this import, by the id that /imports gives")
    field: str | None = Field(None, max_length=200, description="of this column of the files")
    kind: str | None = Field(None, max_length=200, description="whose reason begins with these words, as too low")
    text: str | None = Field(None, max_length=200, description="with this text in file, value or reason")


@router.get("/imports", response_class=Response, responses=TABLE)
def imports(viewer: Reader, asked: Annotated[Batches, Query()]) -> Response:
    """Imported files, the newest first: `id, at, actor, file, kind, rows, new, revised, unchanged, rejected, notes,
    finished`.

    `rows` are data rows of the file; `new`, `revised` and `unchanged` count place-hours (place-days), `rejected`
    entries. `at` is the platform's clock; an import that is not `finished` is under way or was interrupted.
    """
    table = arrivals.batches(viewer.platform.engine, limit=asked.limit, before=asked.before)
    return table_response(table, asked.format, name="imports")


@router.get("/rejected", response_class=Response, responses=TABLE)
def rejected(viewer: Reader, asked: Annotated[Refused, Query()]) -> Response:
    """Refused entries: `id, batch, file, line, field, value, kind, reason`, in the order in which they were refused.

    `kind` is how the reason begins, as `too low`. `line` counts the lines of a text from 1, is `sheet!row` in a
    workbook and `results[n]` in JSON; it is null where the whole file is meant.
    """
    which = arrivals.Refusals(asked.batch, asked.field, asked.kind, asked.text)
    return table_response(arrivals.rejected(viewer.platform.engine, which), asked.format, name="rejected")
