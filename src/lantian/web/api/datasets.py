"""`/datasets`: the shared data of all departments; what they are, their records in bulk and since a moment."""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import polars as pl
from fastapi import Body, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lantian.observations import catalogue
from lantian.observations.feeds import Feed, FeedError, Feeds, Reader, kept, records
from lantian.observations.feeds.records import Cursor, Question
from lantian.observations.selection import instant
from lantian.places.regions import level_of
from lantian.web.api.answers import TABLE, refuse, resource, table_response
from lantian.web.api.questions import Listed, Text, moment
from lantian.web.feed_rights import feed_of, importer_regions, not_granted
from lantian.web.security import Viewer, allow

router = resource("datasets")
Caller = Annotated[Viewer, allow("feeds.read")]
Name = Annotated[str, Path(description="name of a dataset, as /datasets lists them", pattern=r"^[a-z][a-z0-9_]{0,40}$")]

MOST = 100_000
"""Records of one answer."""

PARQUET = "application/vnd.apache.parquet"
RECORDS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The records, in the format asked for",
        "content": {**TABLE[200]["content"], PARQUET: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "X-Next-Cursor": {
                "description": "give it as `cursor` to go on; absent on the last page",
                "schema": {"type": "string"},
            },
            "X-Since": {
                "description": "give it as `since` next time, for what became known after this reading",
                "schema": {"type": "string"},
            },
        },
    }
}


class Asked(BaseModel):
    """What is asked of the records."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "csv", "arrow", "parquet"] = Field(
        "json", description="json, csv, arrow (IPC stream), parquet"
    )
    start: Text = Field(None, description="from then on: a date (midnight in Beijing) or a time with its zone")
    end: Text = Field(None, description="up to, not including; written as start")
    region: Text = Field(None, description="only within this region (a code of GB/T 2260)")
    where: Listed = Field(None, description="only records with these values, as where=fuel:gas", max_length=10)
    since: str | None = Field(
        None, max_length=200, description="only what became known after it: a time, or X-Since of an earlier answer"
    )
    as_of: Text = Field(None, description="as it was known then; left out: all that is known at the clock's now")
    limit: int = Field(10_000, ge=1, le=MOST, description="records of one answer")
    cursor: str | None = Field(None, max_length=200, description="X-Next-Cursor of the answer before")


class Brought(BaseModel):
    """Records to bring: each an object of field to value."""

    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, Any]] = Field(max_length=50_000)
    source: str = Field("", max_length=200, description="where they come from, in words")


class Refused(BaseModel):
    """One wrong value."""

    line: str | None
    field: str | None
    value: str | None
    reason: str
    reason_en: str


class Received(BaseModel):
    """What became of records that were brought; `batch` is 0 where nothing was new and nothing refused."""

    batch: int
    new: int
    revised: int
    unchanged: int
    rejected: int
    flagged: int
    refused: list[Refused] = Field(description="the first hundred wrong values, each with what would be right")


@router.get("/datasets")
def datasets(viewer: Caller) -> list[dict[str, Any]]:
    """All datasets of the catalogue: owner, fields with unit and codes, update rule, freshness, quality, and whether
    the caller may read them (`readable`, `regions`).
    """
    reader = Reader.of(viewer.account)
    return [one.describe() for one in catalogue.entries(viewer.platform, reader, viewer.now)]


@router.get("/datasets/{name}")
def dataset(viewer: Caller, name: Name) -> dict[str, Any]:
    """One dataset of the catalogue."""
    feed_of(viewer, name)
    return catalogue.entry(viewer.platform, name, Reader.of(viewer.account), viewer.now).describe()


@router.get("/datasets/{name}/records", response_class=Response, responses=RECORDS)
def records_of(request: Request, viewer: Caller, name: Name, asked: Annotated[Asked, Query()]) -> Response:
    """The records that the caller may see: the columns of the dataset, `region`, `flags` (checks that a record failed),
    `known_at`, `batch`; one row a key, its last word.

    Pages: while `X-Next-Cursor` is there, ask again with it as `cursor` and all else the same; no record is lost or
    doubled by what arrives meanwhile. Incremental: keep `X-Since` of the last answer, and give it as `since` next time.
    Masked fields are covered for who lacks the permission.
    """
    feed, reader = feed_of(viewer, name), Reader.of(viewer.account)
    question = _question(asked, viewer, feed)
    scope = Feeds(viewer.platform).scope(feed, reader)
    if not scope.open:
        raise not_granted(viewer, feed)
    found, following, after = _page(viewer, feed, reader, question)
    catalogue.log(
        viewer.platform.engine, name, reader, "api" if asked.format == "json" else "export", found.height, viewer.now
    )
    answer = _answer(found, asked.format, name)
    answer.headers["X-Since"] = _token(after)
    if following is not None:
        answer.headers["X-Next-Cursor"] = _token(following)
        given = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
        answer.headers["Link"] = (
            f'<{request.url.path}?{urlencode([*given, ("cursor", _token(following))])}>; rel="next"'
        )
    return answer


@router.post("/datasets/{name}/records")
def bring(viewer: Annotated[Viewer, allow("data.import")], name: Name, brought: Annotated[Brought, Body()]) -> Received:
    """Bring records. Each is judged by the dataset's definition; what is wrong is kept with the reason, the others are
    stored. A record said again with other values is a revision; the same values change nothing.
    """
    feed = feed_of(viewer, name)
    within = importer_regions(viewer, feed)
    feeds = Feeds(viewer.platform)
    try:
        receipt = feeds.put(
            name, brought.rows, viewer.account.actor, source=brought.source.strip() or "api", within=within
        )
    except FeedError as error:
        raise HTTPException(422, str(error)) from None
    wrong = feeds.rejected(receipt.batch).head(100).select("line", "field", "value", "reason", "reason_en").to_dicts()
    return Received(
        batch=receipt.batch,
        new=receipt.new,
        revised=receipt.revised,
        unchanged=receipt.unchanged,
        rejected=receipt.rejected,
        flagged=receipt.flagged,
        refused=[Refused(**row) for row in wrong],
    )


def _question(asked: Asked, viewer: Viewer, feed: Feed) -> Question:
    start, end = (
        None if text is None else instant(moment(at, text), "hour")
        for at, text in (("start", asked.start), ("end", asked.end))
    )
    if start is not None and end is not None and start >= end:
        raise refuse("end", asked.end, f"must lie after start, which is {asked.start}")
    as_of = viewer.now if asked.as_of is None else instant(moment("as_of", asked.as_of), "hour")
    if as_of > viewer.now:
        raise refuse("as_of", asked.as_of, "must not lie after the platform's clock")
    if asked.region is not None:
        try:
            level_of(asked.region)
        except ValueError as error:
            raise refuse("region", asked.region, str(error)) from None
    since: datetime | Cursor | None = None
    if asked.since is not None:
        since = _read(asked.since, viewer.now) or instant(moment("since", asked.since), "hour")
    cursor = None
    if asked.cursor is not None:
        cursor = _read(asked.cursor, as_of)
        if cursor is None:
            raise refuse("cursor", asked.cursor, "must be X-Next-Cursor of an earlier answer")
    return Question(as_of, start, end, asked.region, _where(asked, feed), since, asked.limit, cursor)


def _where(asked: Asked, feed: Feed) -> Mapping[str, str]:
    found = {}
    for text in asked.where or []:
        name, colon, value = text.partition(":")
        if not colon:
            raise refuse("where", text, f"must be field:value; {feed.name} has {', '.join(feed.schema)}")
        try:
            records.asked_for(feed, name, value)
        except FeedError as error:
            raise refuse("where", text, str(error)) from None
        found[name] = value
    return found


def _page(viewer: Viewer, feed: Feed, reader: Reader, asked: Question) -> tuple[pl.DataFrame, Cursor | None, Cursor]:
    """One page, where the next begins if there is one, and where an incremental reading goes on."""
    feeds, size = Feeds(viewer.platform), asked.limit or MOST
    if feed.store != "records":
        at = asked.cursor or Cursor(0, asked.as_of)
        question = Question(at.at, asked.start, asked.end, asked.region, asked.where, asked.since)
        rows = kept.lazy(viewer.platform, feed, question, feeds.scope(feed, reader)).sort(
            kept.STAMPS[feed.store], *feed.key, nulls_last=True
        )
        found = rows.slice(at.last, size + 1).collect()
        following = Cursor(0, at.at, at.last + size) if found.height > size else None
        return found.head(size), following, Cursor(0, at.at)
    cursor = asked.cursor
    if cursor is None:
        with viewer.platform.engine.connect() as connection:
            cursor = Cursor(records.upto(connection, feed.name), asked.as_of)
    question = Question(asked.as_of, asked.start, asked.end, asked.region, asked.where, asked.since, size + 1, cursor)
    with feeds.seeing(feed, reader) as seen:
        found = records.read(seen.connection, feed, question, seen.uncovered, seen.condition())
    page = found.head(size)
    following = Cursor(cursor.upto, cursor.at, page["_id"][-1]) if found.height > size else None
    return page.drop("_id"), following, Cursor(cursor.upto, cursor.at)


def _answer(found: pl.DataFrame, wanted: str, name: str) -> Response:
    if wanted != "parquet":
        return table_response(found, wanted, name=name)  # type: ignore[arg-type]
    file = io.BytesIO()
    found.write_parquet(file)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.parquet"',
        "X-Row-Count": str(found.height),
    }
    return Response(file.getvalue(), media_type=PARQUET, headers=headers)


def _token(cursor: Cursor) -> str:
    said = json.dumps([cursor.upto, cursor.at.astimezone(UTC).isoformat(), cursor.last], separators=(",", ":"))
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _read(token: str, latest: datetime) -> Cursor | None:
    """The place that a token names; None where it is none. It never reads what the clock has not come to."""
    try:
        upto, at, last = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        when = datetime.fromisoformat(at)
        fits = all(type(one) is int and 0 <= one < 2**62 for one in (upto, last)) and when.tzinfo is not None
        return Cursor(upto, min(when.astimezone(UTC), latest), last) if fits else None
    except (ValueError, TypeError, OverflowError, binascii.Error):
        return None
