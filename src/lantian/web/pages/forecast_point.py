"""The forecast of one point: the days of the cell that holds it, and of the station nearest to it."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, radians
from typing import Any

import polars as pl

from lantian.forecast import service_maps
from lantian.forecast.service import OURS
from lantian.forecast.store import Run
from lantian.places.store import PlaceStore
from lantian.standards import aqi, statistics
from lantian.web.api.forecast_desk import ForecastDesk

_DEGREE = 111.2
"""km a degree of latitude."""


@dataclass(frozen=True)
class Near:
    """A place with its published days; ``km`` from the point, None where the place itself was asked for."""

    code: str
    km: float | None
    days: list[dict[str, Any]]


def days_at(desk: ForecastDesk, run: Run, lon: float, lat: float) -> list[dict[str, Any]]:
    """Whole days of the cell that holds a point: daily values with AQI, level and primary pollutant by the law; empty
    where the run has no fields, the point lies outside them, or they hold no whole day.
    """
    fields = desk.forecasts.fields(run)
    hours = None if fields is None else service_maps.point(fields, lon, lat)
    if hours is None:
        return []
    daily = statistics.daily(hours.with_columns(pl.lit("point").alias("place")))
    return aqi.daily(daily).drop_nulls("aqi").sort("date").to_dicts()


def nearest(desk: ForecastDesk, run: Run, lon: float, lat: float) -> Near | None:
    """The station nearest to a point that has a forecast; None where none has."""
    stations = {station.code: station for station in PlaceStore(desk.viewer.platform.engine).stations(on=run.day)}
    spoken = desk.hours(run).filter(pl.col("source") == OURS)["place"].unique().to_list()

    def far(code: str) -> float:
        station = stations[code]
        return _DEGREE * hypot((station.lon - lon) * cos(radians(lat)), station.lat - lat)

    found = min((code for code in spoken if code in stations), key=far, default=None)
    return None if found is None else Near(found, far(found), place_days(desk, run, found))


def place_days(desk: ForecastDesk, run: Run, code: str) -> list[dict[str, Any]]:
    """The published days of a place."""
    return desk.published(run).filter(pl.col("place") == code).sort("date").to_dicts()
