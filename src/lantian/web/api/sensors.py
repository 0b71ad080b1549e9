"""`/sensors`: low-cost sensors, their calibrations, and their hours, raw and calibrated."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

import polars as pl
from fastapi import HTTPException, Query, Response

from lantian.kernel.accounts import regions_of
from lantian.observations.selection import instant
from lantian.observations.sensors.service import Sensors
from lantian.observations.sensors.store import Sensor
from lantian.places.regions import is_within
from lantian.web.api.answers import TABLE, Format, refuse, resource, table_response
from lantian.web.security import Viewer, allow

router = resource("sensors")
Reader = Annotated[Viewer, allow("devices.read")]
MOST_DAYS = 100
"""Days of hours in one answer."""

TIME = pl.Datetime("us", "UTC")
COLUMNS: dict[str, Any] = {
    "sensor": pl.String,
    "network": pl.String,
    "name": pl.String,
    "region": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "items": pl.String,
    "station": pl.String,
    "every": pl.Int64,
    "since": TIME,
    "until": TIME,
    "newest": TIME,
    "battery": pl.Float64,
    "example": pl.Boolean,
}
"""The columns of the list."""

CALIBRATION: dict[str, Any] = {
    "sensor": pl.String,
    "item": pl.String,
    "version": pl.Int64,
    "method": pl.String,
    "reference": pl.String,
    "form": pl.String,
    "offset": pl.Float64,
    "gain": pl.Float64,
    "kappa": pl.Float64,
    "n": pl.Int64,
    "rmse_before": pl.Float64,
    "rmse_linear": pl.Float64,
    "rmse_after": pl.Float64,
    "bias_before": pl.Float64,
    "bias_after": pl.Float64,
    "r2_after": pl.Float64,
    "uncertainty": pl.Float64,
    "valid_from": TIME,
    "made_at": TIME,
    "made_by": pl.String,
}
"""The columns of the table of calibrations."""


@router.get("/sensors", responses=TABLE)
def listed(
    viewer: Reader,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Every sensor in the regions that the account may see, with the time of its newest value."""
    service = Sensors(viewer.platform)
    states = service.store.states()
    rows = []
    for one in seen(viewer, service):
        state = states.get(one.id)
        row = {name: getattr(one, name, None) for name in COLUMNS} | {"sensor": one.id, "items": " ".join(one.items)}
        newest = state.newest if state and state.newest and state.newest <= viewer.now else None
        rows.append(row | {"newest": newest, "battery": state.battery if state else None})
    return table_response(pl.DataFrame(rows, schema=COLUMNS, orient="row"), format, name="sensors")


@router.get("/sensors/{sensor}", responses=TABLE)
def hours(
    viewer: Reader,
    sensor: str,
    start: Annotated[date | None, Query(description="first day, in Beijing; default the last week")] = None,
    end: Annotated[date | None, Query(description="behind the last day")] = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Hours of a sensor: `sensor, time`, each item as it was sent, `<item>_calibrated` and `<item>_version`."""
    service = Sensors(viewer.platform)
    one = find(viewer, service, sensor)
    for name, given in (("start", start), ("end", end)):
        if given is not None and not 1990 <= given.year <= 2200:
            raise refuse(name, given, "a day from 1990 to 2200")
    until = viewer.now if end is None else instant(end, "hour")
    begin = until - timedelta(days=7) if start is None else instant(start, "hour")
    if not timedelta() < until - begin <= timedelta(days=MOST_DAYS):
        raise refuse("start", start, f"a day before end, at most {MOST_DAYS} days")
    frame = service.calibrated([one.id], begin, until, as_of=viewer.now)
    return table_response(frame, format, name=one.id)


@router.get("/sensors/{sensor}/calibrations", responses=TABLE)
def calibrations(
    viewer: Reader,
    sensor: str,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Every version of a sensor's calibrations; errors are of days that the fit did not see, in the item's unit."""
    service = Sensors(viewer.platform)
    one = find(viewer, service, sensor)
    rows = []
    for version in service.store.versions([one.id], as_of=viewer.now):
        fitted = version.fitted
        row = {name: getattr(version, name, None) for name in CALIBRATION}
        row |= {"form": fitted.form, "kappa": fitted.kappa, "n": fitted.after.n}
        row |= {name: fitted.coefficients.get(name) for name in ("offset", "gain")}
        row |= {f"rmse_{name}": number(getattr(fitted, name).rmse) for name in ("before", "linear", "after")}
        row |= {f"bias_{name}": number(getattr(fitted, name).bias) for name in ("before", "after")}
        rows.append(row | {"r2_after": number(fitted.after.r2), "uncertainty": number(fitted.after.uncertainty)})
    return table_response(pl.DataFrame(rows, schema=CALIBRATION, orient="row"), format, name="calibrations")


def seen(viewer: Viewer, service: Sensors) -> list[Sensor]:
    """The sensors in use at the clock's now, in the regions that a viewer may see."""
    scopes = regions_of(viewer.account, "devices.read")
    sensors = [one for one in service.store.sensors() if one.counts(viewer.now)]
    return [one for one in sensors if scopes is None or any(is_within(one.region, scope) for scope in scopes)]


def find(viewer: Viewer, service: Sensors, name: str) -> Sensor:
    """One sensor; the problem 404 where there is none that the viewer may see."""
    for one in seen(viewer, service):
        if one.id == name:
            return one
    raise HTTPException(404, f"there is no sensor {name[:64]!r}")


def number(value: float) -> float | None:
    """A figure, null where it could not be computed."""
    return None if value != value else value
