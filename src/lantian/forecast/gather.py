"""What a run of the engine is made of, from the platform: observations known at the issue, terrain, inventory."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl
import xarray as xr

from lantian import emissions, weather
from lantian.emissions import installed
from lantian.emissions.proxies import build
from lantian.emissions.sheet import Sheet
from lantian.forecast.cycle import SPECIES, Ingredients
from lantian.forecast.emitting import CityEmitter
from lantian.forecast.history import ITEMS, WEATHER
from lantian.forecast.nests import Layout
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.store import ObservationStore
from lantian.places.stations import Station
from lantian.places.store import PlaceStore
from lantian.places.terrain import Terrain
from lantian.standards.codes import POLLUTANTS

_MARGIN: Final = 0.05
"""Degrees by which the outermost nest stays inside the terrain."""
_DAYS: Final = 3
"""Days of the cities' values before the approach: the newest is published the day after."""


class NotReadyError(LookupError):
    """Something is lacking without which the engine cannot run; the message says what and how to bring it."""


def stations(platform: Platform) -> pl.DataFrame:
    """``place, lon, lat`` and ``elevation`` of all stations, from the terrain where none is stated."""
    terrain = Terrain.installed(platform.home)
    rows = [
        {"place": one.code, "lon": one.lon, "lat": one.lat, "elevation": _elevation(one, terrain)}
        for one in PlaceStore(platform.engine).stations()
    ]
    schema = {"place": pl.String, "lon": pl.Float64, "lat": pl.Float64, "elevation": pl.Float64}
    return pl.DataFrame(rows, schema=schema)


def _elevation(station: Station, terrain: Terrain | None) -> float | None:
    if station.elevation is not None or terrain is None:
        return station.elevation
    return terrain.at(station.lon, station.lat)


def ingredients(
    platform: Platform,
    issue: datetime,
    city: str,
    air: xr.Dataset,
    ahead: pl.DataFrame,
    inventory: emissions.Inventory,
    *,
    hours: int = 72,
    approach: int = 24,
    layout: Layout | None = None,
) -> Ingredients:
    """All that `cycle.run` needs for a city.

    ``air``: canonical weather over all hours; see `observed_weather`. ``ahead``: `values` of the statistics with the
    region's cities on the days to come.

    Raises:
        NotReadyError: no terrain, outlines or stations of the city.
    """
    terrain = Terrain.installed(platform.home)
    if terrain is None:
        raise NotReadyError(
            "no terrain is installed; a city's folder names one under [places], see docs/your-own-city.md"
        )
    network = stations(platform)
    layout = layout or _layout(platform, city, network, terrain)
    begin = issue - timedelta(hours=approach)
    # without an approach the hour before the issue still corrects the start
    heard = min(begin, issue - timedelta(hours=1))
    observed = ObservationStore(platform).hourly(None, heard, issue, list(POLLUTANTS), issue).collect()
    return Ingredients(
        issue=issue,
        domains=tuple(layout.domains(terrain)),
        weather=air,
        emissions=CityEmitter(inventory, _sheet(platform, network, terrain), city, SPECIES),
        observed=observed.join(network.select("place", "lon", "lat"), on="place"),
        cities=cities(platform, issue, begin, issue + timedelta(hours=hours), ahead, network),
        hours=hours,
        approach=approach,
    )


def observed_weather(platform: Platform, begin: datetime, end: datetime, as_of: datetime) -> xr.Dataset:
    """Canonical station weather of the hours from ``begin`` to ``end``, both included, as known at a moment.

    Raises:
        NotReadyError: no station measured any.
    """
    frame = ObservationStore(platform).hourly(None, begin, end + timedelta(hours=1), list(WEATHER), as_of).collect()
    frame = frame.filter(pl.any_horizontal(pl.col(WEATHER).is_not_null()))
    if frame.is_empty():
        raise NotReadyError(f"no station has weather between {begin.isoformat()} and {end.isoformat()}")
    network = stations(platform).rename({"place": "code"})
    return weather.from_stations(frame, network.filter(pl.col("code").is_in(frame["place"].unique().implode())))


def cities(
    platform: Platform, issue: datetime, begin: datetime, end: datetime, ahead: pl.DataFrame, network: pl.DataFrame
) -> pl.DataFrame:
    """``place, lon, lat, date`` and daily items of the region's cities: as published by the issue, then as forecast.

    The day of the issue itself is in neither; it lies between its neighbours.
    """
    first, last = ((moment.astimezone(TIMEZONE)).date() for moment in (begin, end))
    known = ObservationStore(platform).daily(None, first - timedelta(days=_DAYS), last, list(ITEMS), issue).collect()
    known = known.select("place", "date", *ITEMS).with_columns(pl.col(ITEMS).replace(0.0, None))
    forecast = ahead.filter(pl.col("place").is_in(known["place"].unique().implode()))
    wide = forecast.pivot("item", index=["place", "date"], values="value", aggregate_function="first")
    wide = wide.select("place", "date", *(pl.col(i) if i in wide.columns else pl.lit(None).alias(i) for i in ITEMS))
    days = pl.concat([known, wide.cast(dict.fromkeys(ITEMS, pl.Float64))]).unique(
        ("place", "date"), keep="first", maintain_order=True
    )
    return _between(days, first - timedelta(days=_DAYS), last + timedelta(days=1)).join(
        _middles(platform, network), on="place"
    )


def _between(days: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    """Every day of every city; one that is missing between two lies between them."""
    calendar = pl.date_range(first, last, eager=True).alias("date").to_frame()
    every = days.select(pl.col("place").unique()).join(calendar, how="cross")
    filled = every.join(days, on=("place", "date"), how="left").sort("place", "date")
    return filled.with_columns(pl.col(ITEMS).interpolate().over("place"))


def _middles(platform: Platform, network: pl.DataFrame) -> pl.DataFrame:
    """``place, lon, lat`` of cities: the middle of the stations that count for them."""
    store = PlaceStore(platform.engine)
    members = store.memberships([region.code for region in store.regions("city")])
    rows = [{"city": city, "place": code} for city, codes in members.items() for code in codes]
    listed = pl.DataFrame(rows, schema={"city": pl.String, "place": pl.String}).join(network, on="place")
    return listed.group_by("city").agg(pl.col("lon", "lat").mean()).rename({"city": "place"})


def _layout(platform: Platform, city: str, network: pl.DataFrame, terrain: Terrain) -> Layout:
    """Nests around the middle of the stations that count for the city."""
    middle = _middles(platform, network).filter(place=city)
    if middle.is_empty():
        raise NotReadyError(f"no station counts for {city}; its nests need a middle")
    bounds = (
        float(terrain.lon.min()) + _MARGIN,
        float(terrain.lat.min()) + _MARGIN,
        float(terrain.lon.max()) - _MARGIN,
        float(terrain.lat.max()) - _MARGIN,
    )
    return Layout(round(middle["lon"][0], 2), round(middle["lat"][0], 2), bounds)


def _sheet(platform: Platform, network: pl.DataFrame, terrain: Terrain) -> Sheet:
    """Regions and proxies as they were loaded with the inventory, else on the finest outlines that there are."""
    if (loaded := installed.sheet(platform.home)) is not None:
        return loaded
    store = PlaceStore(platform.engine)
    sets = [store.outlines(one.id) for one in store.outline_sets()]
    if not sets:
        raise NotReadyError("no outlines are loaded; emissions are spread over the regions that they draw")
    finest = max(sets, key=lambda one: len(one.outlines))
    return build(list(finest.outlines.values()), terrain, list(network.select("lon", "lat").iter_rows()))


def later(platform: Platform) -> datetime:
    """A moment at which everything in the store is known: for perfect weather, where a replay stands before it."""
    return max(platform.clock.now(), datetime.now(UTC))
