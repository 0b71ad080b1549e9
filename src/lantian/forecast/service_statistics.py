"""A forecast from statistics alone: what the model on the shelf says of an issue, as the four products.

    calibrator = shelf.open(shelf.latest("history").version)
    products_of(platform, issue, calibrator)  # what RunStore.put takes

Ours (``lantian``) is the statistics' own word here: where the engine runs, its run puts what both say together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from lantian.forecast import clearing, hindcast, history, products, verify
from lantian.forecast.features import LEADS
from lantian.forecast.foreseen import first_open_day
from lantian.forecast.learn import LOOK_BACK, SOURCE, VALUES, Calibrator, Forecast
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE

if TYPE_CHECKING:
    from lantian.forecast.history import History

OURS: Final = "lantian"
HELD_BACK: Final = timedelta(days=45)
"""Training for a platform that has no model ends so long before the issue: what is forecast after that is no proof of
memory, and can be verified at once.
"""
_AHEAD: Final = timedelta(days=max(LEADS) + 1)


def products_of(
    platform: Platform,
    issue: datetime,
    calibrator: Calibrator,
    past: pl.DataFrame | None = None,
    *,
    weather: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """The products of an issue, of the sources ``lantian``, ``statistics`` and ``persistence``.

    A calibrator of mode ``perfect`` needs the weather of the days ahead. It is ``weather`` where a forecast is given,
    every hour of the stations from the issue on; days that it does not cover with all their 24 hours are in none of
    the products, of no source. Without it the weather is read as it was observed, however late it became known.
    ``past``: dirty spells of the years before (`spells`), for the clearing of mode ``history``.

    Raises:
        LookupError: the store knows nothing of the weeks before the issue.
    """
    day = issue.astimezone(TIMEZONE).date()
    known = history.read(platform, issue, day - LOOK_BACK, day)
    places = [place for place in dict.fromkeys((*known.places, *known.cities)) if place in calibrator.places]
    end = None if weather is None else first_open_day(weather)
    if weather is None and calibrator.mode == "perfect":
        weather = _weather_ahead(platform, issue, day)
    said = calibrator.predict(known, issue, places, weather=weather)
    if end is not None:
        said = Forecast(
            said.values.filter(pl.col("date") < end), said.hours.filter(pl.col("time") < history.midnight(end))
        )
    if said.values.is_empty():
        raise LookupError(f"nothing was known of the {LOOK_BACK.days} days before {issue.isoformat()}")
    hourly = hindcast.hours_of(known, known.places).filter(pl.col("time") < issue)
    daily = _published(known, issue)
    base = verify.persistence([issue], LEADS, hourly=hourly, daily=daily)
    if end is not None:
        base = base.filter(pl.col("date") < end)
    values = pl.concat(
        [said.values, _ours(said.values), base.select(pl.col(name).cast(kind) for name, kind in VALUES.items())]
    )
    hours = products.windows(pl.concat([said.hours, _ours(said.hours)]), hourly)
    clears = clearing.clearing(
        _ours(said.hours),
        values.filter(pl.col("source") == OURS),
        hourly.select("place", "time", "pm25"),
        weather=None if weather is None else with_regions(weather, known.members),
        past=None if calibrator.mode == "perfect" else past,
    )
    return {"values": values, "outlook": products.outlook(values), "hours": hours, "clearing": clears}


def spells(platform: Platform, until: datetime) -> pl.DataFrame:
    """The dirty spells of all places with hours that ended before a moment; see `clearing.events`."""
    known = history.read(platform, until)
    hourly = hindcast.hours_of(known, known.places).select("place", "time", "pm25").drop_nulls()
    return clearing.events(hourly.filter(pl.col("time") < until))


def with_regions(weather: pl.DataFrame, members: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Hourly weather of stations, and of regions as the mean of their stations; the wind's direction as a vector."""
    angle = pl.col("wind_direction").radians()
    east, north = (pl.col("wind_speed") * part for part in (angle.sin(), angle.cos()))
    of_stations = weather.select("place", "time", "wind_speed", "wind_direction", "rain")
    parts = [of_stations]
    for region, stations in members.items():
        inside = weather.filter(pl.col("place").is_in(list(stations))).with_columns(east=east, north=north)
        mean = inside.group_by("time").agg(pl.col("wind_speed", "east", "north", "rain").mean())
        toward = (pl.arctan2(pl.col("east"), pl.col("north")).degrees() + 360) % 360
        parts.append(mean.with_columns(place=pl.lit(region), wind_direction=toward).select(of_stations.columns))
    return pl.concat(parts, how="vertical_relaxed").sort("place", "time")


def _ours(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("source") == SOURCE).with_columns(pl.lit(OURS).alias("source"))


def _published(known: History, issue: datetime) -> pl.DataFrame:
    """Days of cities of which no hours are known, for their persistence."""
    cities = [city for city in known.cities if city not in known.members]
    days = hindcast.days_of(known, cities)
    return days.filter(pl.col("date") < issue.astimezone(TIMEZONE).date())


def _weather_ahead(platform: Platform, issue: datetime, day: date) -> pl.DataFrame:
    everything = max(platform.clock.now(), datetime.now(UTC))
    found = history.weather_of(platform, everything, day, day + _AHEAD)
    return found.filter(pl.col("time").is_between(issue, issue + _AHEAD, closed="left"))
