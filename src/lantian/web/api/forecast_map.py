"""`/forecast/map`: what the animated map of a run draws, hour by hour: frames, wind, stations; and one point."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
from fastapi import HTTPException, Query, Response

from lantian.forecast import service_maps as maps
from lantian.forecast.service import OURS
from lantian.forecast.store import Run
from lantian.kernel.settings import TIMEZONE
from lantian.places.store import PlaceStore
from lantian.standards import aqi
from lantian.standards.codes import ITEMS, POLLUTANTS
from lantian.web import figures
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.api.forecast import Issue, OfMode, Reader
from lantian.web.api.forecast_desk import ForecastDesk
from lantian.web.api.now import cities_now

router = resource("forecast")

Item = Literal["aqi", "pm25", "pm10", "o3", "no2", "so2", "co"]
ADDRESS = "/api/v1/forecast/map"
_KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}
_BINARY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_HOUR = dt.timedelta(hours=1)


@router.get("/forecast/map")
def described(viewer: Reader, item: Item = "aqi", issue: Issue = None, mode: OfMode = None) -> dict[str, Any]:
    """What there is to draw of an item: `times` (beginnings of hours; `now` is the clock's), `discs` (stations with
    `values`, as published, and `levels` of each time; cities of which only days are forecast with those of the day),
    `ends` (where the levels end), and `frames`: null where the engine did not run, else the addresses of the bytes,
    the first time, and the mesh on which they lie.
    """
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    sheet = _sheet(desk, run)
    times = _times(desk, run, sheet)
    return {
        "issue": run.issue,
        "now": viewer.now,
        "mode": run.mode,
        "item": item,
        "unit": "" if item == "aqi" else ITEMS[item].printed_unit,
        "ends": maps.legend(item, run.day),
        "times": times,
        "discs": [*_stations(desk, run, item, times), *_cities(desk, run, item, times)],
        "frames": None if sheet is None else _frames(run, item, sheet, times),
    }


@router.get("/forecast/map/frames", responses=_BINARY, response_class=Response)
def frames(viewer: Reader, item: Item = "aqi", issue: Issue = None, mode: OfMode = None) -> Response:
    """Every frame of an item, hour after hour, south to north, west to east, a byte a cell: half its sub-index (HJ 633,
    one-hour mean), rounded up; 255 is missing. `item=aqi`: the largest of the pollutants.
    """
    desk = ForecastDesk(viewer)
    fields = _fields(desk, desk.needed(issue, mode))
    try:
        made = maps.frames(fields, item)
    except KeyError as error:
        raise HTTPException(404, str(error.args[0])) from None
    return Response(made, media_type="application/octet-stream", headers=_KEPT)


@router.get("/forecast/map/wind", responses=_BINARY, response_class=Response)
def wind(viewer: Reader, issue: Issue = None, mode: OfMode = None) -> Response:
    """The wind at the arrows, hour after hour: eastward and northward in steps of 0.25 m/s, a signed byte each."""
    desk = ForecastDesk(viewer)
    fields = _fields(desk, desk.needed(issue, mode))
    if "eastward_wind" not in fields:
        raise HTTPException(404, "this run kept no wind")
    return Response(maps.winds(fields), media_type="application/octet-stream", headers=_KEPT)


@router.get("/forecast/point", responses=TABLE)
def point(
    viewer: Reader,
    lon: Annotated[float, Query(ge=-180, le=180)],
    lat: Annotated[float, Query(ge=-90, le=90)],
    issue: Issue = None,
    mode: OfMode = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Hours of the cell that holds a point: `time` and the six pollutants, ug/m3, CO in mg/m3. 404 outside the map."""
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    found = maps.point(_fields(desk, run), lon, lat)
    if found is None:
        raise HTTPException(404, f"{lon}, {lat}: outside the map of {run.folder}")
    return table_response(found, format, name=f"point-{run.folder}")


def _fields(desk: ForecastDesk, run: Run) -> Any:
    fields = desk.forecasts.fields(run)
    if fields is None:
        raise HTTPException(404, f"{run.folder} has no fields: the engine did not run")
    return fields


def _sheet(desk: ForecastDesk, run: Run) -> maps.Sheet | None:
    fields = desk.forecasts.fields(run)
    return None if fields is None else maps.sheet(fields)


def _times(desk: ForecastDesk, run: Run, sheet: maps.Sheet | None) -> list[dt.datetime]:
    """Every hour from the first that is known of to the last."""
    spoken = desk.hours(run).filter(pl.col("source") == OURS)["time"].unique().to_list()
    known = [*spoken, *(sheet.times if sheet else [])]
    if not known:
        return []
    first, last = min(known), max(known)
    return [first + _HOUR * step for step in range((last - first) // _HOUR + 1)]


def _frames(run: Run, item: Item, sheet: maps.Sheet, times: list[dt.datetime]) -> dict[str, Any] | None:
    if item not in sheet.items:
        return None
    asked = f"issue={run.issue.astimezone(TIMEZONE):%Y-%m-%dT%H}&mode={run.mode}&v={run.id}.{run.revision}"
    mesh = {name: getattr(sheet, name) for name in ("nx", "ny", "columns", "lon", "lat", "u", "v", "bounds")}
    arrows = {"url": f"{ADDRESS}/wind?{asked}", "lon": sheet.wind_lon, "lat": sheet.wind_lat}
    return mesh | {
        "url": f"{ADDRESS}/frames?item={item}&{asked}",
        "first": times.index(sheet.times[0]),
        "count": len(sheet.times),
        "wind": arrows if sheet.wind_lon else None,
    }


def _stations(desk: ForecastDesk, run: Run, item: Item, times: list[dt.datetime]) -> list[dict[str, Any]]:
    stations = {station.code: station for station in PlaceStore(desk.viewer.platform.engine).stations(on=run.day)}
    hours = desk.hours(run).filter((pl.col("source") == OURS) & pl.col("place").is_in(list(stations)))
    number = {time: at for at, time in enumerate(times)}
    found = []
    for (code,), part in hours.group_by("place", maintain_order=True):
        station = stations[str(code)]
        whole = {name: np.full(len(times), np.nan) for name in POLLUTANTS}
        at = [number[time] for time in part["time"]]
        for name in POLLUTANTS:
            whole[name][at] = part[name].cast(pl.Float64).to_numpy()
        frame = pl.DataFrame(whole)
        index = maps.index_of_hours(frame, run.day) if item == "aqi" else maps.sub_indices(whole[item], item, run.day)
        values = index if item == "aqi" else whole[item]
        found.append(
            {"key": station.code, "name": station.name, "lon": station.lon, "lat": station.lat, "square": False}
            | _told(item, values, index)
        )
    return sorted(found, key=lambda disc: str(disc["key"]))


def _cities(desk: ForecastDesk, run: Run, item: Item, times: list[dt.datetime]) -> list[dict[str, Any]]:
    """Cities of which only days are forecast: the day's value stands at all its hours."""
    if not times:
        return []
    places = cities_now(desk.viewer).select("place", "lon", "lat").drop_nulls()
    hourly = set(desk.hours(run)["place"])
    days = desk.published(run).filter(pl.col("place").is_in(places["place"].to_list()))
    daily = {"o3": "o3_8h"}.get(item, item)
    values = desk.values(run).filter((pl.col("source") == OURS) & (pl.col("item") == daily))
    of_day = {(row["place"], row["date"]): row["value"] for row in values.to_dicts()}
    index = {(row["place"], row["date"]): row["aqi"] for row in days.to_dicts()}
    found = []
    for row in places.to_dicts():
        code = row["place"]
        if code in hourly or not any(place == code for place, _ in index):
            continue
        dates = [time.astimezone(TIMEZONE).date() for time in times]
        known = index if item == "aqi" else of_day
        shown = np.array([known.get((code, day)) for day in dates], dtype=np.float64)
        levels = shown if item == "aqi" else _daily_index(shown, daily, run.day)
        name = desk.desk.atlas.name(code, "zh")
        found.append(
            {"key": code, "name": name, "lon": row["lon"], "lat": row["lat"], "square": True}
            | _told(item, shown, levels)
        )
    return found


def _daily_index(values: Any, item: str, day: dt.date) -> Any:
    """Sub-indices of daily values by themselves."""
    unique = {value for value in values.tolist() if value == value}
    judged = {value: aqi.of_day(**{item: value}, date=day).iaqi.get(item) for value in unique}
    return np.array([np.nan if judged.get(value) is None else judged[value] for value in values.tolist()], np.float64)


def _told(item: Item, values: Any, index: Any) -> dict[str, Any]:
    known = [None if value != value else value for value in values.tolist()]
    levels = [aqi.level_of(None if one != one else int(one)) for one in index.tolist()]
    return {
        "values": [None if value is None else figures.digits(item, value) for value in known],
        "levels": [None if level is None else level.number for level in levels],
    }
