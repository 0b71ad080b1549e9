"""`/observations/hourly`, `/observations/daily`, `/coverage`: what was measured, and how completely; in bulk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

import polars as pl
from fastapi import Query, Response
from pydantic import Field

from lantian.kernel.bootstrap import Platform
from lantian.observations import manifest
from lantian.observations.selection import Moment, Selection, instant
from lantian.observations.statements import STAMP, Resolution, View
from lantian.observations.store import ObservationStore
from lantian.web.api.answers import TABLE, refuse, resource, table_response
from lantian.web.api.questions import Question, Span, checked
from lantian.web.security import Viewer, allow

router = resource("observations")


class Observed(Span):
    """What is asked of hourly or daily values."""

    grade: View = Field("best", description="best: the reviewed value where there is one, else the raw one")


class Covered(Span):
    """What is asked about completeness; `start`, `end` and `items` are needed."""

    resolution: Resolution = Field("hour", description="hourly values, or published daily values")


@router.get("/observations/hourly", response_class=Response, responses=TABLE)
def hourly(viewer: Annotated[Viewer, allow("air.read")], asked: Annotated[Observed, Query()]) -> Response:
    """Hourly values: `place, time, <items>`, one row a place and hour, by time, then place.

    `time` is the beginning of the hour, UTC. Units: ug/m3, CO mg/m3; weather degC, hPa, mm, degrees, m/s. A missing
    value is null. Months are read and sent one after the other, so years of a province are as easy as a day.
    """
    return _values(viewer, asked, "hour")


@router.get("/observations/daily", response_class=Response, responses=TABLE)
def daily(viewer: Annotated[Viewer, allow("air.read")], asked: Annotated[Observed, Query()]) -> Response:
    """Daily values as they were published: `place, date, <items>`, one row a place and day, by day, then place.

    `so2 no2 co pm10 pm25` are 24-hour means, `o3_8h` is the largest 8-hour mean; ug/m3, CO mg/m3. `start` and `end` are
    dates.
    """
    return _values(viewer, asked, "day")


@router.get("/coverage", response_class=Response, responses=TABLE)
def coverage(viewer: Annotated[Viewer, allow("data.read")], asked: Annotated[Covered, Query()]) -> Response:
    """How complete the values are: `place, item, expected, observed, percent`, one row a place and item.

    Expected are the hours (days) of the span that were due by `as_of`, from the place's beginning on; `percent` is null
    where none was. `start`, `end` and `items` must be given; without `places` those that have a row in the span.
    """
    question = checked(asked, viewer, asked.resolution)
    for name, value in (("start", question.start), ("end", question.end), ("items", question.items)):
        if not value:
            raise refuse(name, None, "must be given: coverage is a share of a span of time, item by item")
    assert question.start is not None
    assert question.end is not None
    assert question.items is not None
    table = ObservationStore(viewer.platform).coverage(
        question.places,
        start=question.start,
        end=question.end,
        items=question.items,
        resolution=asked.resolution,
        as_of=question.as_of,
    )
    return table_response(table, asked.format, name="coverage")


def _values(viewer: Viewer, asked: Observed, resolution: Resolution) -> Response:
    question = checked(asked, viewer, resolution)
    months = by_month(viewer.platform, question, resolution, asked.grade)
    return table_response(months, asked.format, name="hourly" if resolution == "hour" else "daily")


def by_month(platform: Platform, asked: Question, resolution: Resolution, grade: View) -> Iterator[pl.DataFrame]:
    """The answer to a question, month by month of Beijing, each read when the one before was taken; at least one
    frame, if need be an empty one.
    """
    store = ObservationStore(platform)
    read = store.hourly if resolution == "hour" else store.daily
    span = Selection.of(resolution, asked.places, asked.start, asked.end, asked.as_of, grade)
    with platform.engine.connect() as connection:
        months = sorted({one.month for one in manifest.holding(connection, span)})
    # Asked once, so that every month has the same columns.
    items = asked.items or read().collect_schema().names()[2:]
    for month in months or [f"{asked.as_of:%Y-%m}"]:
        first = date.fromisoformat(f"{month}-01")
        after = (first + timedelta(days=31)).replace(day=1)
        start, end = _later(first, asked.start, resolution), _earlier(after, asked.end, resolution)
        frame = read(asked.places, start, end, items, asked.as_of, grade)
        yield frame.collect().sort(STAMP[resolution], "place")


def _later(one: Moment, other: Moment | None, resolution: Resolution) -> Moment:
    return one if other is None else max(one, other, key=lambda moment: instant(moment, resolution))


def _earlier(one: Moment, other: Moment | None, resolution: Resolution) -> Moment:
    return one if other is None else min(one, other, key=lambda moment: instant(moment, resolution))
