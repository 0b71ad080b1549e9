"""When in the year: the share of a sector's annual amount that each hour has 时间分配.

A year of local time is laid out hour by hour; its shares add up to one, so nothing is lost or gained whatever the
profile, the calendar and the weather say. Ordinary activity follows month, kind of day and hour; heating follows the
degree days of the heating season.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lantian.emissions.profiles import Climate, Profile, Profiles
from lantian.standards import workdays

Field = NDArray[np.float64]

LOCAL: Final = 8
"""Hours by which China's clocks are ahead of universal time."""
_MILDEST: Final = 0.5
"""degC of degree day that a day of the season has at least: boilers are not put out on a warm afternoon; judgement."""
_RUN: Final = 3
"""days off in a row make a festival"""


@dataclass(frozen=True)
class Year:
    """The days of one year of local time: what each is, and how much it must be heated."""

    year: int
    months: NDArray[np.intp]
    """(days,) 0 to 11"""
    kinds: NDArray[np.intp]
    """(days,) 0 working day, 1 day off, 2 festival"""
    heat: Field
    """(days,) share of the year's degree days within the heating season; adds up to one"""

    @property
    def days(self) -> int:
        """365 or 366."""
        return len(self.months)

    def shares(self, profile: Profile, heating_hours: tuple[float, ...]) -> Field:
        """(days * 24,) share of the annual amount in each hour of local time; adds up to one."""
        factor = np.array([1.0, profile.rest, profile.festival])[self.kinds]
        month = np.array(profile.months)
        weight = np.bincount(self.months, factor, minlength=12)
        daily = factor * (month / month.sum() / weight)[self.months]
        ordinary = daily[:, None] * _normalised(profile.hours)
        warm = self.heat[:, None] * _normalised(heating_hours)
        return np.asarray(((1 - profile.heating) * ordinary + profile.heating * warm).ravel())


def lay_out(
    year: int,
    climate: Climate,
    temperature: Mapping[dt.date, float] | None = None,
    calendar: workdays.Calendar | None = None,
) -> Year:
    """The days of a year.

    ``temperature``: mean temperature of days, degC, as far as it is known; the other days have the usual one.
    """
    used, known = calendar or workdays.load(), temperature or {}
    first = dt.date(year, 1, 1)
    days = [first + dt.timedelta(days=k) for k in range((dt.date(year + 1, 1, 1) - first).days)]
    degrees = np.array(
        [
            max(climate.base - known.get(day, climate.normal(day)), _MILDEST) if climate.heats(day) else 0.0
            for day in days
        ]
    )
    months = np.array([day.month - 1 for day in days])
    return Year(year, months, _kinds(days, used), degrees / degrees.sum())


def hour_shares(
    profiles: Profiles,
    sectors: list[str],
    times: NDArray[np.datetime64],
    temperature: Mapping[dt.date, float] | None = None,
    calendar: workdays.Calendar | None = None,
) -> tuple[Field, dict[int, Field]]:
    """The shares (time, sector) of the hours that begin at ``times`` (UTC), and by year each sector's sum of shares.

    An hour belongs to the year of its local time.
    """
    local = times.astype("datetime64[h]") + np.timedelta64(LOCAL, "h")
    years = local.astype("datetime64[Y]").astype(int) + 1970
    found, sums = np.empty((len(times), len(sectors))), dict[int, Field]()
    for year in np.unique(years):
        laid_out = lay_out(int(year), profiles.climate, temperature, calendar)
        shares = np.stack([laid_out.shares(profiles.sectors[code], profiles.heating_hours) for code in sectors], axis=1)
        at = local.astype(int) - int(np.datetime64(f"{year}-01-01T00", "h").astype(int))
        here = years == year
        found[here] = shares[at[here]]
        sums[int(year)] = shares.sum(axis=0)
    return found, sums


def _normalised(weights: tuple[float, ...]) -> Field:
    return np.array(weights) / sum(weights)


def _kinds(days: list[dt.date], calendar: workdays.Calendar) -> NDArray[np.intp]:
    around = [days[0] - dt.timedelta(days=k) for k in range(_RUN - 1, 0, -1)]
    beyond = [days[-1] + dt.timedelta(days=k) for k in range(1, _RUN)]
    off = np.array([not calendar.is_workday(day) for day in (*around, *days, *beyond)])
    runs = np.convolve(off, np.ones(_RUN), "valid") >= _RUN  # the window that begins at each day lies in a festival
    festival = np.convolve(runs, np.ones(_RUN), "valid") > 0
    here = off[_RUN - 1 : _RUN - 1 + len(days)]
    return np.where(here & festival, 2, np.where(here, 1, 0))
