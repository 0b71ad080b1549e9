"""What statistics read: stations and cities by hour and by day, as they were known at a moment.

Frames of the house become dense arrays on the hours of Beijing, because a predictor is a number looked up at many
moments at once. Nothing in here looks ahead: `History.known_at` takes away all that was not public yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.kernel.settings import TIMEZONE
from lantian.standards import statistics
from lantian.standards.codes import POLLUTANTS

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

Array = NDArray[np.float64]

ITEMS: Final = ("so2", "no2", "co", "o3_8h", "pm10", "pm25")
"""What is forecast of a day, in the order of `POLLUTANTS`, which are its hours."""
WEATHER: Final = ("temperature", "pressure", "dew_point", "rain", "wind_direction", "wind_speed")
"""What is read of the weather, house units."""
WIND: Final = ("temperature", "pressure", "dew_point", "rain", "eastward", "northward", "wind_speed")
"""What is kept of it: the wind as a vector, m/s, beside its speed."""
PUBLISHED: Final = timedelta(hours=36)
"""After the beginning of a day: when the daily values of cities are published, 12:00 of the next day."""


@dataclass(frozen=True)
class History:
    """Observations on a grid of hours and days; NaN is missing.

    Attributes:
        first: the first natural day of Beijing; hour 0 is its midnight.
        stations: codes, in the order of ``air`` and ``weather``.
        cities: codes of regions with published daily values, in the order of ``days``.
        members: region -> the stations whose mean is its value; only regions of which a station is here.
        homes: station -> the region of ``members`` that it lies in, whether it counts for its value or not.
        air: (station, hour, item of `POLLUTANTS`), ug/m3, CO mg/m3.
        weather: (station, hour, `WIND`), degC, hPa, degC, mm, m/s.
        days: (city, day, item of `ITEMS`) as published.
    """

    first: date
    stations: tuple[str, ...]
    cities: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    homes: Mapping[str, str]
    air: Array
    weather: Array
    days: Array

    @property
    def hours(self) -> int:
        """How many hours the grid has, a multiple of 24."""
        return int(self.air.shape[1])

    @property
    def dates(self) -> list[date]:
        """The days of the grid."""
        return [self.first + timedelta(days=k) for k in range(self.hours // 24)]

    def hour_of(self, moment: datetime) -> int:
        """The index of the hour that begins at a moment, or in which it lies; it may be off the grid."""
        return (moment - midnight(self.first)) // timedelta(hours=1)

    def day_of(self, day: date) -> int:
        """The index of a day; it may be off the grid."""
        return (day - self.first).days

    @property
    def places(self) -> tuple[str, ...]:
        """Every place that has hours: regions made of stations, then the stations."""
        return (*self.members, *self.stations)

    def hourly(self, place: str) -> Array:
        """Hours of a station, or of a region as the mean of those of its stations that have a value: (hour, item)."""
        if place in self.members:
            rows = [self.stations.index(code) for code in self.members[place]]
            return mean(self.air[rows], axis=0)
        return np.asarray(self.air[self.stations.index(place)])

    @cached_property
    def daily(self) -> Mapping[str, Array]:
        """Days made of hours, by the rules of `standards.statistics.daily`: place -> (day, item of `ITEMS`)."""
        if not self.places or not self.hours:
            return {}
        start = midnight(self.first)
        times = pl.datetime_range(start, start + timedelta(hours=self.hours - 1), "1h", time_unit="us", eager=True)
        parts = [
            pl.DataFrame({"time": times, **{name: hours[:, k] for k, name in enumerate(POLLUTANTS)}}).select(
                pl.lit(place).alias("place"), "time", pl.col(POLLUTANTS).fill_nan(None)
            )
            for place in self.places
            for hours in [self.hourly(place)]
        ]
        grid = _lay(statistics.daily(pl.concat(parts)), "date", self.places, ITEMS, self.first, self.hours // 24)
        return dict(zip(self.places, grid, strict=True))

    def observed(self, place: str) -> Array:
        """What a forecast of a place is held against: days made of its stations' hours, else as published.

        Both exist for a city with stations; they differ where the table that publishes has another definition (ozone).
        """
        if place in self.daily:
            return self.daily[place]
        return np.asarray(self.days[self.cities.index(place)])

    def known_at(self, issue: datetime) -> Self:
        """The same grid with only what was public at a moment: an hour at its end, a city's day at `PUBLISHED`."""
        hour, day = self.hour_of(issue), (issue - PUBLISHED - midnight(self.first)) // timedelta(days=1) + 1
        air, weather, days = self.air.copy(), self.weather.copy(), self.days.copy()
        air[:, max(hour, 0) :] = np.nan
        weather[:, max(hour, 0) :] = np.nan
        days[:, max(day, 0) :] = np.nan
        return replace(self, air=air, weather=weather, days=days)

    def until(self, day: date) -> Self:
        """The same with the grid cut after a day."""
        stop = max(self.day_of(day) + 1, 0)
        return replace(
            self, air=self.air[:, : 24 * stop], weather=self.weather[:, : 24 * stop], days=self.days[:, :stop]
        )

    def reaching(self, moment: datetime) -> Self:
        """The same on a grid that holds a moment; new hours are missing."""
        return self.reaching_days(self.hour_of(moment) // 24 + 1 - self.hours // 24)

    def with_weather(self, weather: pl.DataFrame, since: datetime) -> Self:
        """The same with the weather of a frame (``place, time`` and house units) from a moment on; grown as needed."""
        last = weather["time"].max() if weather.height else None
        grown = self.reaching(last) if isinstance(last, datetime) else self
        laid = _lay(weather.filter(pl.col("time") >= since), "time", grown.stations, WEATHER, grown.first, grown.hours)
        given = _vectors(laid)
        hour = max(grown.hour_of(since), 0)
        merged = grown.weather.copy()
        merged[:, hour:] = given[:, hour:]
        return replace(grown, weather=merged)

    def reaching_days(self, days: int) -> Self:
        """The same on a grid of some days more; new days are missing."""
        if days <= 0:
            return self
        more = ((0, 0), (0, 24 * days), (0, 0))
        air, weather = (np.pad(one, more, constant_values=np.nan) for one in (self.air, self.weather))
        return replace(
            self, air=air, weather=weather, days=np.pad(self.days, ((0, 0), (0, days), (0, 0)), constant_values=np.nan)
        )


def of_frames(
    hourly: pl.DataFrame,
    daily: pl.DataFrame,
    members: Mapping[str, Iterable[str]],
    homes: Mapping[str, str] | None = None,
) -> History:
    """Put frames of the house on the grid.

    Args:
        hourly: ``place, time`` and any of `POLLUTANTS` and `WEATHER`.
        daily: published days of regions, ``place, date`` and any of `ITEMS`; may be empty. Zeros are missing values.
        members: region -> station codes; regions without a station in ``hourly`` are left out.
        homes: the region of a station that is no member of one, such as a control point 对照点.

    Raises:
        ValueError: both frames are empty.
    """
    local = hourly.select(pl.col("time").dt.convert_time_zone(str(TIMEZONE)).dt.date().alias("day"))["day"]
    found = [day for series in (local, daily["date"]) for day in (series.min(), series.max()) if isinstance(day, date)]
    if not found:
        raise ValueError("no observations to learn from: neither hours of stations nor days of cities")
    first, count = min(found), (max(found) - min(found)).days + 1
    stations = tuple(sorted(hourly["place"].unique()))
    cities = tuple(sorted(daily["place"].unique()))
    # In order: a mean's last digit, and with it what trees learn, hangs on the order of its terms.
    here = {region: tuple(sorted({*codes} & {*stations})) for region, codes in sorted(members.items())}
    here = {region: codes for region, codes in here.items() if codes}
    lies = {code: region for code, region in (homes or {}).items() if code in stations and region in here}
    lies |= {code: region for region, codes in here.items() for code in codes}
    days = _lay(daily, "date", cities, ITEMS, first, count)
    return History(
        first,
        stations,
        cities,
        here,
        lies,
        _lay(hourly, "time", stations, POLLUTANTS, first, 24 * count),
        _vectors(_lay(hourly, "time", stations, WEATHER, first, 24 * count)),
        np.where(days > 0, days, np.nan),
    )


def read(platform: Platform, as_of: datetime, first: date | None = None, last: date | None = None) -> History:
    """What the store knew at a moment, from one day to another (None: all there is).

    Regions are the cities with published days or with measured stations; a city's stations are its members on the
    last day that is read.
    """
    # The store needs the platform's packages; the arrays above do not.
    from lantian.observations.store import ObservationStore
    from lantian.places.regions import ancestors_of
    from lantian.places.store import PlaceStore

    store, places = ObservationStore(platform), PlaceStore(platform.engine)
    stop = None if last is None else last + timedelta(days=1)
    stations = {station.code: station for station in places.stations()}
    cities = [region.code for region in places.regions("city")]
    hourly = store.hourly(stations, first, stop, [*POLLUTANTS, *WEATHER], as_of).collect()
    daily = store.daily(cities, first, stop, list(ITEMS), as_of).collect()
    members = places.memberships(cities, last or as_of.astimezone(TIMEZONE).date())
    homes = {
        code: region
        for code, station in stations.items()
        for region in (station.region, *ancestors_of(station.region))
        if region in members
    }
    return of_frames(hourly, daily, members, homes)


def weather_of(platform: Platform, as_of: datetime, first: date, last: date) -> pl.DataFrame:
    """The observed weather of all stations from one day to another, as known at a moment: for perfect weather."""
    from lantian.observations.store import ObservationStore

    frame = ObservationStore(platform).hourly(None, first, last + timedelta(days=1), list(WEATHER), as_of).collect()
    return frame.filter(pl.any_horizontal(pl.col(WEATHER).is_not_null()))


def midnight(day: date) -> datetime:
    """The beginning of a natural day of Beijing, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=TIMEZONE).astimezone(UTC)


def mean(values: Array, axis: int) -> Array:
    """The mean of what is there; NaN where nothing is."""
    there = ~np.isnan(values)
    count = there.sum(axis)
    total = np.where(there, values, 0.0).sum(axis)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _lay(
    frame: pl.DataFrame, key: str, places: tuple[str, ...], names: Iterable[str], first: date, count: int
) -> Array:
    names = list(names)
    grid = np.full((len(places), count, len(names)), np.nan)
    known = frame.filter(pl.col("place").is_in(places))
    if key == "time":
        since = (pl.col("time") - pl.lit(midnight(first))).dt.total_hours()
    else:
        since = (pl.col("date") - pl.lit(first)).dt.total_days()
    index = known.select(
        pl.col("place").replace_strict(places, range(len(places)), return_dtype=pl.Int64), since.alias("at")
    )
    columns = [pl.col(name) if name in frame.columns else pl.lit(None).alias(name) for name in names]
    values = known.select(column.cast(pl.Float64).fill_null(float("nan")) for column in columns).to_numpy()
    row, at = (index[name].to_numpy().astype(np.intp) for name in ("place", "at"))  # also of no row at all
    inside = (at >= 0) & (at < count)
    grid[row[inside], at[inside]] = values[inside]
    return grid


def _vectors(weather: Array) -> Array:
    """`WEATHER` to `WIND`. A calm without a direction is a calm."""
    direction, speed = np.deg2rad(weather[..., 4]), weather[..., 5]
    calm = speed <= 0.2
    east, north = -speed * np.sin(direction), -speed * np.cos(direction)
    parts = [weather[..., k] for k in range(4)]
    return np.stack([*parts, np.where(calm, 0.0, east), np.where(calm, 0.0, north), speed], axis=-1)
