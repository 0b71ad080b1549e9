"""`/vehicles`: high emitters by rank, emissions by road and hour; plates covered for those who may not see them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import polars as pl
from fastapi import HTTPException, Response

from lantian.observations.feeds import Reader as FeedReader
from lantian.observations.vehicles.service import FEED, Overview, Vehicles
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.pages.vehicles import overview
from lantian.web.security import Viewer, allow

router = resource("vehicles")
Reader = Annotated[Viewer, allow("alerts.read")]

COLUMNS: dict[str, Any] = {
    "rank": pl.Int64, "key": pl.String, "plate": pl.String, "vehicle": pl.String, "fuel": pl.String,
    "state": pl.String, "pollutants": pl.List(pl.String), "exceedances": pl.Int64, "worst": pl.Float64,
    "worst_pollutant": pl.String, "worst_value": pl.Float64, "worst_limit": pl.Float64, "unit": pl.String,
    "first": pl.Datetime("us", "UTC"), "last": pl.Datetime("us", "UTC"), "confirmed_at": pl.Datetime("us", "UTC"),
    "passings": pl.Int64, "route": pl.List(pl.String), "hours": pl.List(pl.Int64),
}  # fmt: skip
"""The columns of the table of vehicles."""


@router.get("/vehicles/emitters", responses=TABLE)
def emitters(viewer: Reader, format: Format = "json") -> Response:  # noqa: A002
    """Vehicles with exceedances by rank: `state` is confirmed, repeated or once; `worst` the largest value over its
    limit; `route` the gates of its most used way, `hours` its passings by hour of the day in Beijing. `key` names the
    vehicle in addresses; `plate` is covered unless the reader holds `plates.read`.
    """
    names = [name for name in COLUMNS if name not in ("route", "hours", "pollutants")]
    rows = [
        {name: getattr(one, name) for name in names}
        | {"route": list(one.routes[0][0]) if one.routes else [], "hours": list(one.by_hour)}
        | {"pollutants": list(one.pollutants)}
        for one in _shown(viewer).vehicles
    ]
    frame = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    if format == "csv":
        frame = frame.with_columns(pl.col("hours").cast(pl.List(pl.String)))
    return table_response(frame, format, name="emitters")


@router.get("/vehicles/road-hours", responses=TABLE)
def road_hours(viewer: Reader, format: Format = "json") -> Response:  # noqa: A002
    """Emissions by road, hour of the day (Beijing) and pollutant: `emission` in g/(km·h) = the sum over classes of
    `flow` (vehicles/h) x measured rate (g/kg fuel) x fuel use (kg/km); `rate` is the mean over the vehicles counted,
    `passings` how many were measured in that hour, `basis` where the rate comes from.
    """
    return table_response(_shown(viewer).road_hours, format, name="road-hours")


def _shown(viewer: Viewer) -> Overview:
    vehicles = Vehicles(viewer.platform)
    found = vehicles.shown(overview(viewer, vehicles), replace(FeedReader.of(viewer.account), via="api"))
    if found is None:
        raise HTTPException(403, f"{viewer.account.login} may not see the feed {FEED}: ask for it in the catalogue")
    return found
