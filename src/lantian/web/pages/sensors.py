"""Sensors 微站: how many low-cost sensors report, which of them drift, how far may each be believed?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts
from lantian.observations.alerts import Standing
from lantian.observations.sensors.fitting import FORMS
from lantian.observations.sensors.service import Sensors
from lantian.observations.sensors.store import Sensor, State, Version
from lantian.places.geo import Box
from lantian.standards.codes import ITEMS, POLLUTANTS
from lantian.web.api.now import level_of_hour
from lantian.web.api.outlines import outline_set
from lantian.web.api.sensors import find, seen
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("sensors", "/sensors", "monitor", "devices.read", "instruments")
router = APIRouter()
Reader = Annotated[Viewer, allow("devices.read")]

REPORTS = timedelta(hours=3)
"""A sensor without a value for so long does not report."""

_LAST = timedelta(hours=6)
_EVERYWHERE = [(None, None)]
MOST_DAYS = 45


@dataclass(frozen=True, slots=True)
class Row:
    """A sensor as the list shows it; ``state``: well, drift, silent or raw (not calibrated)."""

    sensor: Sensor
    known: State | None
    newest: datetime | None
    raw: float | None
    value: float | None
    version: Version | None
    troubles: tuple[Standing, ...]
    state: str

    @property
    def item(self) -> str:
        """The item shown: the first that it measures."""
        return self.sensor.items[0]


@router.get("/sensors")
def page(
    request: Request,
    viewer: Reader,
    state: Literal["", "well", "drift", "silent", "raw"] = "",
    network: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """List the sensors in the viewer's regions with state, newest value and calibration."""
    service, desk, language = Sensors(viewer.platform), Desk(viewer), language_of(request)
    everything = rows_of(viewer, service)
    shown = [one for one in everything if state in ("", one.state) and network in ("", one.sensor.network)]
    manages = viewer.may("devices.manage")
    return render(
        request,
        "sensors.html",
        rows=shown,
        total=len(everything),
        reporting=sum(one.state != "silent" for one in everything),
        drifting=sum(bool(one.troubles) for one in everything),
        calibrated=sum(one.version is not None for one in everything),
        networks=sorted({one.sensor.network for one in everything}),
        chosen={"state": state, "network": network},
        items=ITEMS,
        map=map_spec(viewer, shown, language),
        strangers=service.store.strangers(as_of=viewer.now) if manages else [],
        refused=service.store.refused(as_of=viewer.now, most=20) if manages else [],
        manages=manages,
        name=lambda code: desk.atlas.name(code, language),
    )


@router.get("/sensors/{sensor_id}")
def one_sensor(
    request: Request, viewer: Reader, sensor_id: str, days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 7
) -> Response:
    """One sensor: raw, calibrated and reference; its calibrations with their scores; what is wrong with it."""
    service, desk, language = Sensors(viewer.platform), Desk(viewer), language_of(request)
    find(viewer, service, sensor_id)
    [row] = [one for one in rows_of(viewer, service) if one.sensor.id == sensor_id]
    versions = service.store.versions([sensor_id], as_of=viewer.now)
    return render(
        request,
        "sensors_one.html",
        page_name="sensors",
        row=row,
        versions=versions[::-1],
        forms=FORMS,
        items=ITEMS,
        days=days,
        chart=chart(viewer, service, row, days, language),
        history=alerts.listed(viewer.platform.engine, _EVERYWHERE, as_of=viewer.now, kind="drift", subject=sensor_id),
        refused=service.store.refused(as_of=viewer.now, topic=f"/{sensor_id}/", most=10),
        name=lambda code: desk.atlas.name(code, language),
    )


def rows_of(viewer: Viewer, service: Sensors) -> list[Row]:
    """The viewer's sensors as they stand at the clock's now."""
    sensors = seen(viewer, service)
    ids = [one.id for one in sensors]
    if not ids:
        return []
    memory = Memory(viewer)
    last = memory(
        ("sensors", tuple(ids)), lambda: service.calibrated(ids, viewer.now - _LAST, viewer.now, as_of=viewer.now)
    )
    states = service.store.states(ids)
    newest = {(one.sensor, one.item): one for one in service.store.versions(ids, as_of=viewer.now)}
    raised = alerts.listed(viewer.platform.engine, _EVERYWHERE, as_of=viewer.now, kind="drift", most=5000)
    troubles: dict[str, list[Standing]] = {}
    for alert in raised:
        if alert.ended_at is None:
            troubles.setdefault(alert.alert.subject, []).append(alert)
    return [
        _row(viewer, one, states.get(one.id), newest.get((one.id, one.items[0])), troubles.get(one.id, []), last)
        for one in sensors
    ]


def _row(
    viewer: Viewer,
    sensor: Sensor,
    known: State | None,
    version: Version | None,
    troubles: Sequence[Standing],
    last: pl.DataFrame,
) -> Row:
    item = sensor.items[0]
    own = last.filter(pl.col("sensor") == sensor.id).drop_nulls(item).sort("time").tail(1).to_dicts()
    raw, value = (own[0][item], own[0][f"{item}_calibrated"]) if own else (None, None)
    # A replay may stand before what the sensor has said since.
    newest = known.newest if known and known.newest and known.newest <= viewer.now else own[0]["time"] if own else None
    silent = newest is None or viewer.now - newest > REPORTS
    state = "silent" if silent else "drift" if troubles else "raw" if version is None else "well"
    return Row(sensor, known, newest, raw, value, version, tuple(troubles), state)


def map_spec(viewer: Viewer, rows: Sequence[Row], language: str) -> dict[str, Any] | None:
    """Sensors as discs with their newest value; None without any, or where no outlines are loaded."""
    if not rows:
        return None
    try:
        outlines = outline_set(viewer, Memory(viewer), "counties")
    except HTTPException:
        return None
    discs = []
    for one in rows:
        value = one.value if one.value is not None else one.raw
        decimals = ITEMS[one.item].decimals
        well = one.state in ("well", "raw") and value is not None
        discs.append(
            {
                "key": one.sensor.id,
                "lon": one.sensor.lon,
                "lat": one.sensor.lat,
                "value": f"{value:.{decimals}f}" if well and value is not None else "!",
                "level": level_of_hour(one.item, max(value, 0.0), viewer.today)
                if well and value is not None and one.item in POLLUTANTS
                else None,
                "title": one.sensor.name,
                "lines": [standing.alert.zh if language == "zh" else standing.alert.en for standing in one.troubles],
                "href": f"/sensors/{one.sensor.id}",
                "small": True,
                "square": True,
            }
        )
    box = Box.around([(one.sensor.lon, one.sensor.lat) for one in rows])
    bounds = [box.west - 0.03, box.south - 0.03, box.east + 0.03, box.north + 0.03]
    return {
        "bounds": bounds,
        "outlines": ["/api/v1/outlines/counties?step=0.004"],
        "caption": outlines.caption,
        "discs": discs,
    }


def chart(viewer: Viewer, service: Sensors, row: Row, days: int, language: str) -> dict[str, Any] | None:
    """Raw, calibrated and reference of the last days; None where there is nothing."""
    item, start = row.item, viewer.now - timedelta(days=days)
    hours = service.calibrated([row.sensor.id], start, viewer.now, as_of=viewer.now)
    if hours.is_empty():
        return None
    first = hours["time"].to_list()[0]
    span = pl.datetime_range(first, viewer.now, "1h", eager=True, time_unit="us", time_zone="UTC")
    grid = pl.DataFrame({"time": span}).join(hours, on="time", how="left").sort("time")
    zh = language == "zh"
    decimals = ITEMS[item].decimals + 1
    series = [
        {
            "name": "原始值" if zh else "raw",
            "points": _points(grid, item, decimals),
            "dashed": True,
            "decimals": decimals,
        },
        {
            "name": "校准值" if zh else "calibrated",
            "points": _points(grid, f"{item}_calibrated", decimals),
            "decimals": decimals,
        },
    ]
    if row.version is not None:
        told = service.reference(row.version, start, viewer.now, viewer.now)
        grid = grid.join(told, on="time", how="left")
        beside = row.version.method == "beside"
        name = ("参照站" if beside else "周边标准站") if zh else ("reference" if beside else "stations around")
        series.append({"name": name, "points": _points(grid, "value", decimals), "decimals": decimals})
    title = ITEMS[item].zh if zh else ITEMS[item].en
    return {"title": title, "unit": ITEMS[item].printed_unit, "series": series}


def _points(grid: pl.DataFrame, column: str, decimals: int) -> list[list[Any]]:
    return [
        [at.astimezone(TIMEZONE).isoformat(), None if value is None else round(value, decimals)]
        for at, value in zip(grid["time"], grid[column], strict=True)
    ]
