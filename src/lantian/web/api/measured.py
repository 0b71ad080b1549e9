"""`/water`, `/soil`, `/waste`, `/dustfall`, `/network`, `/power`, `/cleaning`: what follows from the measured feeds.

The records themselves are datasets (`/datasets/<feed>`); here is what the rules make of them, of the rows that the
caller may see.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import polars as pl
from fastapi import Query, Response

from lantian.observations.cleaning import cleaned
from lantian.observations.feeds import Feeds
from lantian.observations.network import CountyNeed
from lantian.observations.power.running import settings
from lantian.observations.power.service import worked
from lantian.observations.water import SectionMonth, roman
from lantian.observations.water.service import WaterYear
from lantian.web.api.answers import TABLE, Format, refuse, resource, table_response
from lantian.web.measured import FeedReader, Month, Region, reader_of, remembered
from lantian.web.pages import dustfall as dustfall_page
from lantian.web.pages import network as network_page
from lantian.web.pages import soil as soil_page
from lantian.web.pages import waste as waste_page
from lantian.web.pages import water as water_page

router = resource("measured")

LONGEST: Final = timedelta(days=31)
"""Of a span of electricity or tracks in one answer."""

_TEXT, _NUMBER, _WHOLE, _YES = pl.String(), pl.Float64(), pl.Int64(), pl.Boolean()
_TIME: Final = pl.Datetime("us", "UTC")
Start = Annotated[datetime | None, Query(description="first moment, with its zone; left out: a day before the end")]
End = Annotated[datetime | None, Query(description="first moment after, with its zone; left out: the clock's now")]


@router.get("/water", responses=TABLE)
def water(
    viewer: FeedReader,
    month: Month = "",
    region: Region = "",
    format: Format = "json",  # noqa: A002
) -> Response:
    """Sections over the twelve months that end with one: class (6: worse than V), exceeding items, main pollutants.

    `exceeding` are items worse than the class aimed at, `multiples` (null for pH and oxygen) stand in their order.
    """
    year, _ = water_page.year_of(viewer, month, region)
    schema = {
        "section": _TEXT, "name": _TEXT, "region": _TEXT, "month": pl.Date(), "samples": _WHOLE, "class": _WHOLE,
        "class_text": _TEXT, "target": _WHOLE, "met": _YES, "exceeding": pl.List(_TEXT), "multiples": pl.List(_NUMBER),
        "main": pl.List(_TEXT), "example": _YES,
    }  # fmt: skip
    return _table([_section(one, year) for one in year.months], schema, format, "water")


def _section(one: SectionMonth, year: WaterYear) -> dict[str, Any]:
    place, said = year.sections[one.section], one.judgement
    return {
        "section": one.section,
        "name": place.name,
        "region": place.region,
        "month": one.month,
        "samples": one.samples,
        "class": said.grade,
        "class_text": None if said.grade is None else roman(said.grade),
        "target": place.target,
        "met": said.met,
        "exceeding": [each.item for each in said.exceeding],
        "multiples": [None if each.multiple is None else float(each.multiple) for each in said.exceeding],
        "main": list(said.main),
        "example": one.section in year.example,
    }


@router.get("/soil", responses=TABLE)
def soil(viewer: FeedReader, region: Region = "", format: Format = "json") -> Response:  # noqa: A002
    """Points of soil with their last sample: `low`, `screening` or `intervention` (above that value), `unjudged`.

    `exceeding` are items above their screening value, `multiples` (value / screening value - 1) stand in their order.
    """
    schema = {
        "point": _TEXT, "name": _TEXT, "region": _TEXT, "use": _TEXT, "date": pl.Date(), "level": _TEXT,
        "exceeding": pl.List(_TEXT), "multiples": pl.List(_NUMBER), "standard": _TEXT, "confidence": _TEXT,
        "example": _YES,
    }  # fmt: skip
    found = soil_page.soil_of(viewer, region)
    rows = [
        {
            "point": one.id,
            "name": one.name,
            "region": one.region,
            "use": one.use,
            "date": one.day,
            "level": one.judgement.level,
            "exceeding": [each.item for each in one.judgement.exceeding],
            "multiples": [float(each.multiple or 0) for each in one.judgement.exceeding],
            "standard": found.law.edition(one.use),
            "confidence": found.law.confidence,
            "example": one.example,
        }
        for one in found.points
    ]
    return _table(rows, schema, format, "soil")


@router.get("/waste", responses=TABLE)
def waste(viewer: FeedReader, region: Region = "", format: Format = "json") -> Response:  # noqa: A002
    """Manifests by state: `overdue` never arrived, `difference`, `refused`, `dispatched`, `planned`, `arrived`."""
    fields = ("producer", "region", "receiver", "waste_name", "waste_code", "loaded_kg", "received_kg")
    schema = {
        "manifest": _TEXT, "state": _TEXT, "due": _TIME, "late_hours": _WHOLE, "difference_kg": _NUMBER,
        **{name: _NUMBER if name.endswith("kg") else _TEXT for name in fields},
        "dispatched_at": _TIME, "received_at": _TIME, "example": _YES,
    }  # fmt: skip
    rows = [
        {
            "manifest": one.manifest,
            "state": one.state,
            "due": one.due,
            "late_hours": one.late,
            "difference_kg": None if one.difference_kg is None else float(one.difference_kg),
            **{name: one.row[name] for name in (*fields, "dispatched_at", "received_at", "example")},
        }
        for one in waste_page.recent(viewer, region)
    ]
    return _table(rows, schema, format, "waste")


@router.get("/dustfall", responses=TABLE)
def dustfall(
    viewer: FeedReader,
    month: Month = "",
    region: Region = "",
    format: Format = "json",  # noqa: A002
) -> Response:
    """Dustfall of the counties of a month in t/(km2 30 d), ranked from the least; equal values share a rank."""
    year, chosen = dustfall_page.year_of(viewer, month, region)
    schema = {
        "region": _TEXT, "month": pl.Date(), "value": _NUMBER, "rank": _WHOLE, "limit": _NUMBER, "met": _YES,
        "sites": _WHOLE,
    }  # fmt: skip
    rows = [
        {
            "region": one.region,
            "month": chosen,
            "value": float(one.value),
            "rank": one.rank,
            "limit": float(one.limit),
            "met": one.met,
            "sites": one.sites,
        }
        for one in year.ranked(chosen)
    ]
    return _table(rows, schema, format, "dustfall")


@router.get("/network", responses=TABLE)
def network(viewer: FeedReader, region: Region = "", format: Format = "json") -> Response:  # noqa: A002
    """Automatic stations that each county needs and has on the clock's day; `missing` above 0 is a gap."""
    found = network_page.coverage_of(viewer, region)
    schema = {
        "region": _TEXT, "name": _TEXT, "city": _TEXT, "kind": _TEXT, "needed": _WHOLE, "present": _WHOLE,
        "missing": _WHOLE, "stations": pl.List(_TEXT),
    }  # fmt: skip
    return _table([_county(one) for one in found.counties], schema, format, "network")


def _county(one: CountyNeed) -> dict[str, Any]:
    return {
        "region": one.region.code,
        "name": one.region.name,
        "city": network_page.city_of(one.region.code),
        "kind": one.kind,
        "needed": one.needed,
        "present": len(one.stations),
        "missing": one.missing,
        "stations": list(one.stations),
    }


@router.get("/power", responses=TABLE)
def power(
    viewer: FeedReader,
    enterprise: Annotated[str, Query(max_length=60)] = "",
    start: Start = None,
    end: End = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Half hours of enterprises: did production run, did the treatment facility run (null: nobody knows), kW of each.

    At most 31 days of one enterprise, one day of all; `suspect`: production ran without treatment, or against an order
    to stop.
    """
    first, last = _span(viewer.now, start, end)
    if not enterprise and last - first > timedelta(days=1):
        raise refuse("enterprise", enterprise, "expected one enterprise where more than a day is asked for")
    only = [enterprise] if enterprise else None
    found = remembered(
        viewer,
        ("power", first, last, enterprise),
        lambda: worked(viewer.platform, reader_of(viewer), first, last, enterprises=only, as_of=viewer.now),
    )
    bad = pl.lit(value=False)
    for one in found.violations:
        bad = bad | (pl.col("enterprise") == one.enterprise) & pl.col("time").is_between(one.start, one.end, "left")
    return table_response(found.frame.with_columns(suspect=bad), format, name="power")


@router.get("/cleaning", responses=TABLE)
def cleaning(
    viewer: FeedReader,
    by: Annotated[str, Query(pattern="^(road|region)$", description="road or region")] = "road",
    start: Start = None,
    end: End = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Kilometres that sweepers and sprinklers cleaned by day of Beijing and road, or region; at most 31 days."""
    first, last = _span(viewer.now, start, end)
    points = Feeds(viewer.platform).read(
        "road_cleaning_track", reader_of(viewer), start=first, end=last, as_of=viewer.now
    )
    return table_response(cleaned(points, by), format, name="cleaning")


def _span(now: datetime, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    """A span that was asked for, never beyond now and at most 31 days; refuses what is none."""
    for name, moment in (("start", start), ("end", end)):
        if moment is not None and moment.tzinfo is None:
            raise refuse(name, moment.isoformat(), "expected a time with its zone, as 2016-12-16T00:00:00+08:00")
    try:
        half = now.astimezone(UTC).replace(
            minute=now.minute // settings().step * settings().step, second=0, microsecond=0
        )
        last = min(half, half if end is None else end.astimezone(UTC))
        first = last - timedelta(days=1) if start is None else start.astimezone(UTC)
    except OverflowError:
        raise refuse("start", f"{start} {end}", "expected times of this century") from None
    if not first < last <= first + LONGEST:
        raise refuse("start", first.isoformat(), f"expected before the end, {last.isoformat()}, by at most 31 days")
    return first, last


def _table(rows: list[dict[str, Any]], schema: dict[str, Any], format: Format, name: str) -> Response:  # noqa: A002
    return table_response(pl.DataFrame(rows, schema=schema, orient="row"), format, name=name)
