"""`/places`: regions and stations, their hourly and daily values with the index, and how a value came about."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import polars as pl
from fastapi import HTTPException, Query, Response

from lantian.assessment.air import Air
from lantian.kernel.settings import TIMEZONE
from lantian.places.names import PlaceLookupError
from lantian.places.regions import Region, is_within
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.standards import aqi, statistics
from lantian.standards.codes import POLLUTANTS, WEATHER
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.remember import Memory
from lantian.web.security import Viewer, allow

router = resource("places")
Reader = Annotated[Viewer, allow("air.read")]
When = Annotated[str | None, Query(max_length=40, examples=["2016-12-16", "2016-12-16T20:00+08:00"])]
Text = Annotated[str | None, Query(max_length=40)]

ROLLING = ("o3_8h", "pm10_24h", "pm25_24h")
JUDGED = ("aqi", "level", "primary")
DAYS_REMEMBERED = 62
"""Longer series are asked for rarely and are large: they are read anew each time."""


@router.get("/places", responses=TABLE)
def places(
    viewer: Reader,
    kind: Text = None,
    within: Text = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """List regions and stations: `code, name, name_en, kind, region, lon, lat, since, until, evaluation, example`.

    `kind`: `province`, `city`, `county`, `township`, `zone`, or `station`; `within`: only what lies in this region.
    """
    return table_response(Memory(viewer)(("places", kind, within), lambda: listed(viewer, kind, within)), format)


@router.get("/places/{code}")
def place(viewer: Reader, code: str) -> dict[str, Any]:
    """Give one region or station, with the stations whose mean is a region's value."""
    return Memory(viewer)(("place", code), lambda: described(viewer, place_of(viewer, code)))


@router.get("/places/{code}/hourly", responses=TABLE)
def hourly(
    viewer: Reader,
    code: str,
    start: When = None,
    end: When = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Hours of a station, or of a region as the mean of its stations: the six pollutants, rolling means, AQI by the
    edition of each hour; for stations the weather, for regions the number of stations behind each value.

    `start` <= time < `end`; a date is its midnight, a time without a zone is Beijing's. Left out: the last three days.
    Only what was known at the clock's now. Values in ug/m3, CO in mg/m3.
    """
    place_of(viewer, code)
    first, last = span(viewer, start, end, dt.timedelta(days=3))
    return table_response(hours(viewer, code, first, last).drop("^iaqi_.*$"), format, name=f"{code}-hourly")


@router.get("/places/{code}/daily", responses=TABLE)
def daily(
    viewer: Reader,
    code: str,
    start: Annotated[dt.date | None, Query()] = None,
    end: Annotated[dt.date | None, Query()] = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Finished days `start`..`end` (both counted) with AQI, level and primary pollutant; `origin` says whether they
    were published or made from stations. Left out: the last 31 days.
    """
    place_of(viewer, code)
    last = end or viewer.today
    first = start or last - dt.timedelta(days=30)
    in_order(first, last)
    return table_response(days(viewer, code, first, last).drop("^iaqi_.*$"), format, name=f"{code}-daily")


@router.get("/places/{code}/revisions", responses=TABLE)
def revisions(
    viewer: Reader,
    code: str,
    time: Annotated[str, Query(max_length=40)],
    format: Format = "json",  # noqa: A002
) -> Response:
    """Everything stated about a station's hour up to the clock's now, first to last: `known_at, grade, source` and the
    values. A value that was taken back is null, as is one not spoken of.
    """
    place_of(viewer, code)
    return table_response(stated(viewer, code, moment(time, "time")), format, name=f"{code}-revisions")


def place_of(viewer: Viewer, code: str) -> Region | Station:
    """The region or station of a code; 404 where there is none."""
    store = PlaceStore(viewer.platform.engine)
    try:
        return store.region(code) if is_region(code) else store.station(code)
    except PlaceLookupError as error:
        raise HTTPException(404, str(error)) from None


def is_region(code: str) -> bool:
    """Region codes are digits, or Z and digits for zones."""
    return code.removeprefix("Z").isdigit()


def listed(viewer: Viewer, kind: str | None, within: str | None) -> pl.DataFrame:
    """All places as a table; see `places`."""
    store = PlaceStore(viewer.platform.engine)
    try:
        regions = [one for one in store.regions() if kind in (None, one.kind)]
        stations = store.stations() if kind in (None, "station") else []
        if within is not None:
            regions = [one for one in regions if is_within(one.code, within)]
            stations = [one for one in stations if is_within(one.region, within)]
    except ValueError as error:
        raise HTTPException(422, f"within: {error}") from None
    rows: list[dict[str, object]] = []
    for r in regions:
        rows.append({"code": r.code, "name": r.name, "name_en": r.name_en, "kind": r.kind, "region": r.parent})
        rows[-1]["example"] = r.example
    for s in stations:
        rows.append({"code": s.code, "name": s.name, "kind": f"station {s.kind}", "region": s.region, "lon": s.lon})
        rows[-1] |= {"lat": s.lat, "since": s.since, "until": s.until, "evaluation": s.evaluation, "example": s.example}
    types: dict[str, type[pl.DataType]] = dict.fromkeys(("code", "name", "name_en", "kind", "region"), pl.String)
    types |= {"lon": pl.Float64, "lat": pl.Float64, "since": pl.Date, "until": pl.Date, "evaluation": pl.Boolean}
    return pl.DataFrame(rows, schema=types | {"example": pl.Boolean})


def described(viewer: Viewer, found: Region | Station) -> dict[str, Any]:
    """One place as JSON values."""
    store = PlaceStore(viewer.platform.engine)
    common = {"code": found.code, "name": found.name, "example": found.example}
    if isinstance(found, Station):
        facts = {"kind": f"station {found.kind}", "region": found.region, "lon": found.lon, "lat": found.lat}
        return common | facts | {"elevation": found.elevation, "evaluation": found.evaluation} | _service(found)
    return common | {
        "name_en": found.name_en,
        "kind": found.kind,
        "region": found.parent,
        "stations": store.members(found.code, viewer.today),
        "children": [child.code for child in store.children(found.code)],
        "groups": [group.id for group in store.groups() if found.code in group.members],
    }


def _service(station: Station) -> dict[str, Any]:
    return {name: day and day.isoformat() for name, day in (("since", station.since), ("until", station.until))}


def hours(viewer: Viewer, code: str, start: dt.datetime, end: dt.datetime) -> pl.DataFrame:
    """Judged hours of a place as known at the viewer's now; see `hourly`. Empty where nothing is known."""

    def read() -> pl.DataFrame:
        air = Air(viewer.platform)
        # One more day before, so that rolling means are whole from the first hour on.
        before = air.hourly([code], start - dt.timedelta(hours=24), end, viewer.now, weather=True)
        if before.is_empty():
            return before
        judged = aqi.hourly(statistics.rolling(before)).filter(pl.col("time") >= start)
        order = ["place", "time", *POLLUTANTS, *ROLLING, *JUDGED, "^iaqi_.*$", "^n_.*$"]
        return judged.select(*order, *(name for name in WEATHER if name in judged.columns and not is_region(code)))

    if end - start > dt.timedelta(days=DAYS_REMEMBERED):
        return read()
    return Memory(viewer)(("hours", code, start, end), read)


def days(viewer: Viewer, code: str, first: dt.date, last: dt.date) -> pl.DataFrame:
    """Judged finished days of a place as known at the viewer's now; see `daily`."""

    def read() -> pl.DataFrame:
        return Air(viewer.platform).daily([code], first, last, viewer.now).drop("exceeding", "complete", "capped")

    if (last - first).days > DAYS_REMEMBERED:
        return read()
    return Memory(viewer)(("days", code, first, last), read)


def stated(viewer: Viewer, code: str, when: dt.datetime) -> pl.DataFrame:
    """What was stated about a place's hour up to the viewer's now."""
    history = Air(viewer.platform).store.revisions(code, when)
    return history.filter(pl.col("known_at") <= viewer.now).with_columns(pl.selectors.float().fill_nan(None))


def span(viewer: Viewer, start: str | None, end: str | None, usual: dt.timedelta) -> tuple[dt.datetime, dt.datetime]:
    """The span that was asked for, cut off at the viewer's now; what is left out is `usual` long and ends now.

    Raises HTTPException 422 for text that is no time, and for a span that ends before it begins.
    """
    now = viewer.now.replace(minute=0, second=0, microsecond=0)
    last = moment(end, "end") if end else now
    first = moment(start, "start") if start else last - usual
    in_order(first, last)
    return first, last


def in_order(first: dt.date, last: dt.date) -> None:
    """Refuse (422) a span that ends before it begins."""
    if last < first:
        raise HTTPException(422, f"start, end: {last.isoformat()} lies before {first.isoformat()}")


def moment(text: str, field: str) -> dt.datetime:
    """An instant in UTC from a date (its midnight) or time; without a zone it is Beijing's. 422 for anything else."""
    try:
        found = dt.datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text.strip())
    except ValueError:
        raise HTTPException(
            422, f"{field} = {text!r}: expected a date or time such as 2016-12-16 or 2016-12-16T20:00+08:00"
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=TIMEZONE)).astimezone(dt.UTC)
