"""The region's air 区域背景: from the daily values of its cities to the edges and the start of the outermost domain.

Where no larger model stands outside, the cities' own values do: background air of the season, corrected by what the
cities of the region have that day (`assimilate`), gives the air that comes in and the air at the start. Inside, the
outermost domain moves, mixes and reacts by itself and is drawn to the cities' values once a day.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from lantian.forecast.assimilate import STANDS_FOR, Errors, analyse, placed
from lantian.places.grid import Domain
from lantian.transport.background import SUMMER, WINTER, Profile, from_profile
from lantian.transport.boundary import Boundary, Times, edges_dataset, whole_hours

ERRORS: Final = Errors(
    local=0.5, local_length=60_000.0, regional=1.0, regional_length=200_000.0, station=0.25, most=60.0
)
"""Of background air that knows nothing of the cities; lengths about the distance of neighbouring cities. Judgement."""
_EAST: Final = 8
"""Hours of Beijing time before universal time."""
_MIDDLE: Final = np.timedelta64(12 - _EAST, "h")
"""From a date's midnight, universal time, to the middle of that Beijing day."""


def profile(day: date) -> Profile:
    """Background air of the season: summer from 16 April to 15 October."""
    return SUMMER if (4, 16) <= (day.month, day.day) <= (10, 15) else WINTER


def boundary(domain: Domain, species: tuple[str, ...], weather: xr.Dataset, cities: pl.DataFrame) -> Boundary:
    """Edges at all hours of the ``weather``, and the start at its first, from the ``cities``' days.

    ``weather``: the door's dataset. ``cities``: ``place``, ``lon``, ``lat``, ``date`` (Beijing), and ``so2 no2 co pm10
    pm25 o3_8h`` in house units, null where missing; of the ozone only what the day's mean is likely to be of its
    largest eight hours is used. Cities beyond the domain count for nothing; a day that none inside has is background
    air (`background_days`). Linear in time between the middles of days.
    """
    hours = whole_hours(weather["time"].values, "the weather")
    days = [_date(hours[0]) + timedelta(days=n) for n in range(-1, (_date(hours[-1]) - _date(hours[0])).days + 2)]
    states = [_of_day(domain, species, weather, cities, day) for day in days]
    middles: Times = np.array([np.datetime64(day, "h") + _MIDDLE for day in days])
    ceiling = from_profile(domain, species, hours, profile(_date(hours[0]))).edges["top"].values
    sides = np.stack([_at(states, middles, hour)[1] for hour in hours])
    edges = edges_dataset(domain, list(species), hours, sides, ceiling, ["the cities' daily values"])
    start = from_profile(domain, species, hours[:1], profile(_date(hours[0]))).start
    start["mixing_ratio"] = start["mixing_ratio"].copy(data=_at(states, middles, hours[0])[0])
    return Boundary(edges, start)


def background_days(domain: Domain, cities: pl.DataFrame, first: date, last: date) -> list[date]:
    """Days from ``first`` to ``last`` on which no city inside the domain has a value: all air that comes in is then the
    season's background. ``cities`` as for `boundary`.
    """
    items = [name for name in (*STANDS_FOR, "o3_8h") if name in cities.columns]
    inside = placed(domain.grid, cities)
    heard = set(inside.filter(pl.any_horizontal(pl.col(items).is_not_null()))["date"])
    return [day for n in range((last - first).days + 1) if (day := first + timedelta(days=n)) not in heard]


def means(cities: pl.DataFrame) -> pl.DataFrame:
    """The ``cities`` with ``o3``, the day's mean, estimated from ``o3_8h``: `OZONE_MEAN` of it."""
    return cities.with_columns(o3=pl.col("o3_8h") * OZONE_MEAN)


OZONE_MEAN: Final = 0.56
"""Of the largest eight-hour mean of a day: its 24-hour mean. Median of the twelve Beijing stations, 2013 to 2015."""


def _of_day(
    domain: Domain, species: tuple[str, ...], weather: xr.Dataset, cities: pl.DataFrame, day: date
) -> NDArray[Any]:
    """(z, species, y, x) background air corrected by the cities of a day."""
    hours = weather["time"].values
    noon = np.datetime64(day, "h") + _MIDDLE
    moment = weather.isel(time=int(np.argmin(np.abs(hours - noon))))
    start = from_profile(domain, species, hours[:1], profile(day)).start
    heard = means(cities.filter(pl.col("date") == day))
    heard = heard.drop("pm10") if "PMC" not in species and "pm10" in heard.columns else heard
    if heard.is_empty():
        return np.asarray(start["mixing_ratio"].values)
    return np.asarray(analyse(domain, start, moment, heard, ERRORS).start["mixing_ratio"].values)


def _at(states: list[NDArray[Any]], middles: Times, hour: np.datetime64) -> tuple[NDArray[Any], NDArray[Any]]:
    """The state at an ``hour``, and its rim (z, species, columns) west, east, south, north."""
    after = int(np.clip(np.searchsorted(middles, hour, side="right"), 1, len(states) - 1))
    share = float(np.clip((hour - middles[after - 1]) / (middles[after] - middles[after - 1]), 0, 1))
    state = (1 - share) * states[after - 1] + share * states[after]
    rim = np.concatenate([state[..., 0], state[..., -1], state[:, :, 0], state[:, :, -1]], axis=-1)
    return state.astype(np.float32), rim.astype(np.float32)


def _date(hour: np.datetime64) -> date:
    """The Beijing day of an hour."""
    day: date = (hour + np.timedelta64(_EAST, "h")).astype("datetime64[D]").astype(object)
    return day


def redrawn(domain: Domain, end: xr.Dataset, weather: xr.Dataset, cities: pl.DataFrame, mean: xr.Dataset) -> xr.Dataset:
    """The state at the ``end`` of a day, drawn to the ``cities``' values of that day.

    ``mean``: the domain's own mean of the day at the ground, items (y, x); ``weather``: one moment of the door's.
    """
    within = mean[[item for item in STANDS_FOR if item in mean]]
    drawn = Errors(local=0.3, local_length=60_000.0, regional=0.5, regional_length=200_000.0, station=0.3)
    return analyse(domain, end, weather, means(cities), drawn, within).start
