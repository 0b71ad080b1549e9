"""`/devices`: instruments that send by HJ 212, their readings and their packets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import polars as pl
from fastapi import HTTPException, Query, Response
from pydantic import Field

from lantian.observations.gateway import packets as log
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.standing import Standing, standings
from lantian.observations.selection import instant
from lantian.observations.telemetry import TelemetryStore
from lantian.web.api.answers import TABLE, refuse, resource, table_response
from lantian.web.api.questions import Listed, Parameters, Text, moment
from lantian.web.feed_rights import device_open
from lantian.web.security import Viewer, allow

router = resource("devices")
Reader = Annotated[Viewer, allow("devices.read")]

LONGEST = timedelta(days=400)


class Wanted(Parameters):
    """Which devices."""

    kind: Text = Field(None, description="only this kind: cems, dust, voc, micro, station, water, noise, other")


class Read(Parameters):
    """Which readings of a device."""

    resolution: Literal["real", "minute", "hour", "day"] = Field("minute", description="real: values of an instant")
    start: Text = Field(None, description="a time with its zone; left out: a day before the end")
    end: Text = Field(None, description="up to, not including; left out: the clock's now")
    items: Listed = Field(None, description="names or codes of items, as items=pm10,a19001; left out: all")


class Passed(Parameters):
    """Which packets of a device."""

    start: Text = Field(None, description="a time with its zone; left out: three days before the end")
    end: Text = Field(None, description="up to, not including; left out: the clock's now")
    limit: int = Field(100, ge=1, le=5000, description="at most so many, the newest")
    faulty: bool = Field(False, description="only those with a quirk or a fault")


_LIST = pl.Schema(
    {
        **dict.fromkeys(("mn", "name", "kind", "st", "region", "station", "site"), pl.String()),
        "lon": pl.Float64(),
        "lat": pl.Float64(),
        "every": pl.Int64(),
        "state": pl.String(),
        "heard_at": pl.Datetime("us", "UTC"),
        "coverage": pl.Float64(),
        "clock_off": pl.Float64(),
        "example": pl.Boolean(),
    }
)


@router.get("/devices", response_class=Response, responses=TABLE)
def devices(viewer: Reader, asked: Annotated[Wanted, Query()]) -> Response:
    """Devices in the caller's regions and how they stand: `mn, name, kind, st, region, station, site, lon, lat, every,
    state, heard_at, coverage, clock_off, example`.

    `state`: online, silent, never, over. `coverage`: percent of today's averages that are there. `clock_off`: seconds
    by which its clock is before ours. Passwords are never told.
    """
    found = [
        _row(one)
        for one in standings(viewer.platform, viewer.now)
        if viewer.may("devices.read", one.device.region) and asked.kind in (None, one.device.kind)
    ]
    return table_response(pl.DataFrame(found, schema=_LIST, orient="row"), asked.format, name="devices")


@router.get("/devices/{mn}/readings", response_class=Response, responses=TABLE)
def readings(viewer: Reader, mn: str, asked: Annotated[Read, Query()]) -> Response:
    """Readings of a device as they stand: `device, resolution, item, time, value, low, high, total, converted, flag,
    qn, known_at`, by item and time.

    One row an item and time; of several packets the one with the later QN. Units are the platform's.
    """
    _find(viewer, mn)
    start, end = _span(viewer, asked.start, asked.end, timedelta(days=1))
    store = TelemetryStore(viewer.platform)
    rows = store.read(mn, start, end, resolution=asked.resolution, items=asked.items, as_of=viewer.now)
    return table_response(rows.sort("item", "time"), asked.format, name="readings")


@router.get("/devices/{mn}/packets", response_class=Response, responses=TABLE)
def packets(viewer: Reader, mn: str, asked: Annotated[Passed, Query()]) -> Response:
    """The raw log of a device, the newest first: `device, time, known_at, way, address, st, cn, qn, part, values,
    quirks, faults, text`.

    `way`: kept, refused, sent (by us). `values`: how many readings it brought. `quirks`: tolerances that let it
    through. `text`: the packet as it came, passwords and keys covered.
    """
    _find(viewer, mn)
    start, end = _span(viewer, asked.start, asked.end, timedelta(days=3))
    rows = log.packets(
        viewer.platform, mn, as_of=viewer.now, start=start, end=end, most=asked.limit, faulty=asked.faulty
    )
    return table_response(rows, asked.format, name="packets")


def _row(one: Standing) -> tuple[object, ...]:
    device = one.device
    share = None if one.share is None else round(100 * one.share, 1)
    return (
        *(device.mn, device.name, device.kind, device.st, device.region, device.station, device.site),
        *(device.lon, device.lat, device.every, one.state, one.heard_at, share, one.clock_off, device.example),
    )


def _span(viewer: Viewer, start: str | None, end: str | None, long: timedelta) -> tuple[datetime, datetime]:
    last = viewer.now if end is None else instant(moment("end", end), "hour")
    first = last - long if start is None else instant(moment("start", start), "hour")
    if not first < last:
        raise refuse("end", end, f"must lie after start, which is {first.isoformat()}")
    if last - first > LONGEST:
        raise refuse("start", start, f"expected at most {LONGEST.days} days before end; ask for several spans")
    return first, last


def _find(viewer: Viewer, mn: str) -> None:
    try:
        device = Register(viewer.platform).device(mn.replace("\0", ""))
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    device_open(viewer, device)
