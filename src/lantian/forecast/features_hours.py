"""Hours as the recurrent network reads them: standardised logarithms of the air, weather, and calendar, without holes.

Nothing is filled from later hours: a hole takes the last value before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lantian.forecast.features import YEAR, Windows, calendar_of, place_weather
from lantian.forecast.history import Array, History

Single = NDArray[np.float32]

FLOOR: Final = np.array([2.0, 2.0, 0.1, 4.0, 5.0, 3.0])
"""Added before the logarithm, by item of `POLLUTANTS`, ug/m3 and mg/m3: about what instruments can tell apart."""
OFFSET: Final = np.array([0.0, 1012.0, 0.0, 0.0, 0.0, 0.0, 0.0, 50.0])
UNIT: Final = np.array([10.0, 10.0, 10.0, 1.0, 2.0, 2.0, 2.0, 25.0])
"""What weather is measured from and in, so that all inputs are about as large; rain goes through a logarithm."""
HOURLY: Final = 16
"""Weather that the network reads of every hour; the rest, and the calendar, once a block."""
SPANS: Final = (12, 24, 48)
"""Hours over which the wind is averaged: how long air has been carried from somewhere, or has stood."""
LASTING: Final = 17
COMING: Final = 5
LATITUDE: Final = 40.0
"""Degrees north at which the height of the sun is reckoned: that of the region, in which it changes little."""


@dataclass(frozen=True)
class Scale:
    """Mean and standard deviation of ln(c + `FLOOR`) by item: what the network's numbers stand for."""

    mean: Array
    deviation: Array

    def __call__(self, concentration: Array) -> Array:
        """Concentrations (..., item) as the network has them; NaN stays NaN."""
        return np.asarray((np.log(np.maximum(concentration, 0.0) + FLOOR) - self.mean) / self.deviation)

    def back(self, standardised: NDArray[np.floating]) -> Array:
        """The concentrations, never negative; at most six deviations from the mean, so that nothing runs away."""
        raw = np.exp(np.clip(standardised, -6.0, 6.0) * self.deviation + self.mean) - FLOOR
        return np.asarray(np.maximum(raw, 0.0))


@dataclass(frozen=True)
class Hours:
    """Inputs and targets of the network on the hours of a history.

    Attributes:
        places: regions with stations, then stations.
        weather: (place, hour, `HOURLY` + `LASTING` + `COMING`): of the place and of the region it lies in; what has
            lasted at the place (`lasting`) and what comes (`coming`).
        calendar: (hour, 8): hour of the day, season, sun, day off.
        region: (hour, number): what is public of the region's cities when the hour begins; see `features_region`.
        air: (place, hour, item), standardised, holes filled; ``there``: where it was measured.
    """

    places: tuple[str, ...]
    weather: Single
    calendar: Single
    region: Single
    air: Single
    there: NDArray[np.bool_]


def scale_of(history: History) -> Scale:
    """The scale of all hours of the regions, or of the stations where there is no region."""
    every = np.concatenate([history.hourly(place) for place in history.members or history.stations])
    logs = np.log(every + FLOOR)
    return Scale(np.nanmean(logs, axis=0), np.maximum(np.nanstd(logs, axis=0), 0.1))


def hours_of(history: History, places: Sequence[str], scale: Scale, region: Single, *, perfect: bool) -> Hours:
    """What the network reads of places that have hours.

    Args:
        history: what is known.
        places: regions or stations.
        scale: of the air.
        region: (hour, number), see `Hours`.
        perfect: whether the weather ahead is known; else what comes is 0 at every hour.
    """
    air = np.stack([scale(history.hourly(place)) for place in places])
    near = {place: _filled(_plain(place_weather(history, place))) for place in {*places, *history.homes.values()}}
    weather = np.stack([_inputs(near[place], near[history.homes.get(place, place)]) for place in places])
    weather[..., -COMING:] *= perfect
    return Hours(
        tuple(places),
        weather.astype(np.float32),
        _calendar(history),
        region,
        np.stack([np.nan_to_num(_filled(one)) for one in air]).astype(np.float32),
        ~np.isnan(air),
    )


def _inputs(own: Array, home: Array) -> Array:
    """The weather of the place and of its region, what is missing of one taken from the other; what lasts and comes."""
    own, home = np.where(np.isnan(own), home, own), np.where(np.isnan(home), own, home)
    return np.asarray(np.nan_to_num(np.concatenate([own, home, lasting(own), coming(own)], axis=-1)))


def coming(weather: Array) -> Array:
    """Means of temperature, pressure and wind over the day after every hour, of `_plain` weather: (hour, `COMING`).

    What comes tells where in the passage of highs and lows an hour stands.
    """
    hour = np.arange(len(weather))
    return Windows.of(weather).mean(hour + 1, hour + 25)[:, [0, 1, 4, 5, 6]]


def lasting(weather: Array) -> Array:
    """What the weather has been and how it changes, up to every hour, of `_plain` weather: (hour, `LASTING`).

    Means of the wind over `SPANS`; of a day's rain, temperature and humidity; changes of temperature, pressure and dew
    point in a day and of pressure in six hours; and how far the air is from saturation.
    """
    hour = np.arange(len(weather))
    windows = Windows.of(weather)

    def change(hours: int, columns: list[int]) -> Array:
        return np.asarray((weather - weather[np.maximum(hour - hours, 0)])[:, columns])

    winds = [windows.mean(hour + 1 - span, hour + 1)[:, 4:7] for span in SPANS]
    day = windows.mean(hour + 1 - 24, hour + 1)[:, [3, 0, 7]] * [3.0, 1.0, 1.0]
    return np.concatenate(
        [*winds, day, change(24, [0, 1, 2]), change(6, [1]), weather[:, :1] - weather[:, 2:3]], axis=1
    )


def _plain(weather: Array) -> Array:
    """Weather (hour, `features.NAMES`) in numbers of about one."""
    scaled = (weather - OFFSET) / UNIT
    scaled[:, 3] = np.log1p(5.0 * np.maximum(weather[:, 3], 0.0))
    return np.asarray(scaled)


def _filled(series: Array) -> Array:
    """A series (hour, column) with holes filled by the last value before them; NaN before the first."""
    hour = np.where(np.isnan(series), 0, np.arange(len(series))[:, None])
    return np.asarray(np.take_along_axis(series, np.maximum.accumulate(hour, axis=0), axis=0))


def _calendar(history: History) -> Single:
    hour = np.arange(history.hours, dtype=float) % 24
    days = [history.first + timedelta(days=k) for k in range(history.hours // 24)]
    of_year = np.repeat([float(day.timetuple().tm_yday) for day in days], 24)
    off = np.repeat([1.0 - calendar_of().is_workday(day) for day in days], 24)
    day_angle, year_angle = 2 * np.pi * hour / 24, 2 * np.pi * of_year / YEAR
    columns = [np.sin(day_angle), np.cos(day_angle), np.sin(2 * day_angle), np.cos(2 * day_angle)]
    columns += [np.sin(year_angle), np.cos(year_angle), 2.0 * sun(of_year, hour + 0.5) - 0.5, off]
    return np.stack(columns, axis=-1).astype(np.float32)


def sun(day_of_year: Array, hour: Array) -> Array:
    """The sine of the sun's height at `LATITUDE`, 0 by night; ``hour`` of Beijing time, noon taken at 12:15.

    Declination after Cooper (1969), Solar Energy 12: 333.
    """
    declination = np.deg2rad(23.45) * np.sin(2 * np.pi * (284.0 + day_of_year) / 365.0)
    angle = 2 * np.pi * (hour - 12.25) / 24
    latitude = np.deg2rad(LATITUDE)
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(angle)
    return np.asarray(np.maximum(sine, 0.0))
