"""Data 数据: what came in, the intake of files, what was refused and why; completeness and revisions stand in
`data_coverage.py`.
"""

import math
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import replace
from pathlib import PurePath
from typing import Annotated, Any, cast
from urllib.parse import urlencode

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from lantian.kernel.accounts import regions_of
from lantian.observations import arrivals
from lantian.observations import words as observed
from lantian.observations.arrivals import Refusals
from lantian.observations.statements import GRADES, Grade
from lantian.web.api.answers import table_response
from lantian.web.intake import LIMIT, ImportJob, import_jobs, take_in
from lantian.web.navigation import Page
from lantian.web.render import Renderer, language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("data", "/data", "monitor", "data.read", "shared")
router = APIRouter()
Reader = Annotated[Viewer, allow("data.read")]
Importer = Annotated[Viewer, allow("data.import")]
Number = Annotated[int | None, Query(ge=1)]
Kind = Annotated[str, Query(max_length=200)]

SHOWN = 200
"""Imports on one page."""
ROWS = 500
"""Refused entries on one page; the CSV holds them all."""

# What was refused is whatever somebody wrote into a file; Excel would run a cell that begins so.
_FORMULA = r"^([=+@\t\r]|-[^0-9.])"


@router.get("/data")
def page(request: Request, viewer: Reader, batch: Number = None, before: Number = None) -> Response:
    """List the imports, the newest first; `batch`: this one only; `before`: only older ones."""
    return _page(request, viewer, batch=batch, before=before)


@router.get("/data/jobs")
def jobs(request: Request, viewer: Reader, busy: bool = False) -> Response:
    """The newest import jobs as a fragment. Where the page knew of a `busy` one and none is any more, it is told to
    ask for the imports anew.
    """
    found = _jobs(viewer, request)
    answer = render(request, "data_jobs.html", jobs=found)
    if busy and not any(job.busy for job in found):
        answer.headers["HX-Trigger"] = "data:imported"
    return answer


@router.post("/data/upload")
async def upload(request: Request, viewer: Importer) -> Response:
    """Take in files (`files`, several) of a `grade`, `raw` or `reviewed`, and ask for their import.

    The body is read only after it is known who sends it.
    """
    try:
        await _receive(request, viewer)
    except _UploadError as error:
        return await run_in_threadpool(_page, request, viewer, fault=error)
    return RedirectResponse("/data", 303)


@router.get("/data/rejected")
def rejected(
    request: Request, viewer: Reader, batch: Annotated[str, Query(pattern=r"^\d{0,18}$")] = "", kind: Kind = ""
) -> Response:
    """List refused entries; `batch`: of this import only; `kind`: of this kind of reason only."""
    engine, number = viewer.platform.engine, int(batch) if batch else None
    words = _kind_words(request)
    kinds = [
        {**row, "words": words(row["kind"])} for row in arrivals.reasons(engine, Refusals(number)).iter_rows(named=True)
    ]
    sources = [
        {**row, "name": PurePath(row["file"]).name}
        for row in arrivals.refused_files(engine, Refusals(kind=kind)).iter_rows(named=True)
    ]
    meant = [row for row in sources if number in (None, row["batch"])]
    rows = [
        {**row, "name": PurePath(row["file"]).name, "said": _said(row["reason"], request)}
        for row in next(arrivals.rejected(engine, Refusals(number, kind=kind), limit=ROWS)).iter_rows(named=True)
    ]
    return render(
        request,
        "data_rejected.html",
        page_name="data",
        total=sum(row["entries"] for row in meant),
        files=len(meant),
        kinds=kinds,
        kind=kind,
        batch=number,
        sources=sources,
        rows=rows,
        address=lambda path="/data/rejected", **change: _address(path, {"batch": number, "kind": kind} | change),
    )


@router.get("/data/rejected.csv")
def rejected_csv(request: Request, viewer: Reader, batch: Number = None, kind: Kind = "") -> Response:
    """All refused entries as a CSV for Excel, reasons in the reader's language: read as UTF-8, no cell a formula."""
    table = arrivals.rejected(viewer.platform.engine, Refusals(batch, kind=kind))
    harmless = pl.col(pl.String).str.replace(_FORMULA, "'${0}")
    said = pl.col("reason").map_elements(lambda reason: _said(reason, request), return_dtype=pl.String)
    answer = table_response(
        (frame.with_columns(said).with_columns(harmless) for frame in table), "csv", name="rejected"
    )
    assert isinstance(answer, StreamingResponse)
    answer.body_iterator = _marked(answer.body_iterator)
    answer.headers["Content-Disposition"] = 'attachment; filename="rejected.csv"'
    return answer


class _UploadError(Exception):
    """An upload that is not taken in: the message that says why, and the HTTP status."""

    def __init__(self, status: int, key: str, **words: object) -> None:
        super().__init__(key)
        self.status, self.key, self.words = status, key, words


async def _receive(request: Request, viewer: Viewer) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > LIMIT:
        # Read to its end and dropped: a browser that is cut short shows a broken connection instead of the answer.
        async for _ in request.stream():
            pass
        if not length.isdecimal():
            raise _UploadError(411, "data.no_length")
        raise _UploadError(413, "data.too_large", size=math.ceil(int(length) / 2**20), limit=LIMIT // 2**20)
    try:
        form = await request.form(max_fields=10)
    except HTTPException as error:
        raise _UploadError(400, "data.broken_form", detail=error.detail) from None
    try:
        files = [each for each in form.getlist("files") if isinstance(each, UploadFile) and each.filename]
        grade = str(form.get("grade", "raw"))
        if not files:
            raise _UploadError(422, "data.no_file")
        if grade not in GRADES:
            raise _UploadError(422, "data.wrong_grade", grade=repr(grade[:40]))
        kept = [(str(each.filename), each.file) for each in files]
        who, within = viewer.account.actor, regions_of(viewer.account, "data.import")
        await run_in_threadpool(take_in, viewer.platform, kept, cast("Grade", grade), who, within)
    finally:
        await form.close()


async def _marked(pieces: AsyncIterable[Any]) -> AsyncIterator[Any]:
    """With the byte order mark without which Excel takes UTF-8 for the local encoding."""
    yield b"\xef\xbb\xbf"
    async for piece in pieces:
        yield piece


def _page(
    request: Request,
    viewer: Viewer,
    *,
    batch: int | None = None,
    before: int | None = None,
    fault: _UploadError | None = None,
) -> Response:
    engine, messages, language = viewer.platform.engine, _renderer(request).messages, language_of(request)
    limit, below = (SHOWN, before) if batch is None else (1, batch + 1)
    rows = [_batch(row, request) for row in arrivals.batches(engine, limit=limit, before=below).iter_rows(named=True)]
    missing = batch is not None and [row["id"] for row in rows] != [batch]
    return render(
        request,
        "data.html",
        status=200 if fault is None else fault.status,
        page_name="data",
        totals=arrivals.totals(engine),
        may_import=viewer.may("data.import"),
        jobs=_jobs(viewer, request),
        limit=LIMIT,
        batches=rows,
        batch=batch,
        missing_batch=batch if missing else None,
        older=rows[-1]["id"] if batch is None and len(rows) == SHOWN else None,
        fault="" if fault is None else messages.text(fault.key, language, **fault.words),
    )


def _batch(row: dict[str, Any], request: Request) -> dict[str, Any]:
    messages, language = _renderer(request).messages, language_of(request)
    kinds = [f"data.kind_{kind}" for kind in row["kind"].split("+")]
    layout = " + ".join(messages.text(key, language) if key in messages else key[10:] for key in kinds)
    notes = [_said(note, request) for note in row["notes"]]
    return {**row, "name": PurePath(row["file"]).name, "layout": layout, "notes": notes}


def _said(text: str, request: Request) -> str:
    """A reason or a note in the reader's language."""
    return observed.chinese(text) if language_of(request) == "zh" else text


def _jobs(viewer: Viewer, request: Request) -> list[ImportJob]:
    """The newest imports; why a file could not be read in the reader's language."""
    found = []
    for one in import_jobs(viewer.platform):
        progress = one.job.progress
        if progress is not None and progress.error is not None:
            kind, _, faults = progress.error.partition(": ")
            said = "\n".join(_said(fault, request) for fault in faults.split("\n"))
            told = replace(progress, error=f"{kind}: {said}")
            found.append(replace(one, job=replace(one.job, progress=told)))
        else:
            found.append(one)
    return found


def _kind_words(request: Request) -> Callable[[str], str]:
    """What a page calls a kind of reason; one without a name of its own stands as the readers write it."""
    messages, language = _renderer(request).messages, language_of(request)

    def words(kind: str) -> str:
        key = "data.kind_of_" + re.sub(r"[^a-z0-9-]+", "_", kind.lower()).strip("_")
        return messages.text(key, language) if key in messages else kind

    return words


def _renderer(request: Request) -> Renderer:
    renderer: Renderer = request.app.state.renderer
    return renderer


def _address(path: str, values: dict[str, Any]) -> str:
    kept = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
