"""Days and hours of places with hours, put together: network, direct days of the region, and late errors.

ensemble: the network alone      joined: moved as the region's direct days say      corrected: less late errors
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lantian.forecast import features_hours, learn_days
from lantian.forecast.features import LEADS, Indices
from lantian.forecast.history import Array, History
from lantian.forecast.learn_days import RECENT
from lantian.forecast.learn_direct import Direct
from lantian.forecast.learn_recurrent import BLOCK, PAST, Network


@dataclass(frozen=True)
class Joined:
    """What was learnt of places with hours, asked with one history, which must reach past the days that are forecast.

    Attributes:
        network: of hours.
        direct: of days of regions; it knows only issues at its own hour, from others the network stands alone.
        history: what is known.
    """

    network: Network
    direct: Direct | None
    history: History
    _shifts: dict[tuple[str, bytes, int], Array] = field(default_factory=dict, repr=False)

    def corrected(self, place: str, issues: Indices) -> tuple[Array, Array]:
        """As `joined`, less what such forecasts were lately wrong by at the same hour of issue."""
        hours, days = self.joined(place, issues)
        asked = issues // 24
        past = np.arange(asked.min() - RECENT - 1, asked.max() - 1)
        past = past[past * 24 + issues[0] % 24 >= PAST]
        made = days[:0, 0]
        if len(past):
            made = self.joined(place, past * 24 + issues[0] % 24, leads=1)[1][:, 0]
        return hours, late(days, made, self.history.daily[place], past, asked)

    def joined(self, place: str, issues: Indices, leads: int = len(LEADS)) -> tuple[Array, Array]:
        """As `ensemble`, the days moved as those of the place's region are."""
        hours, days = self.ensemble(place, issues, leads)
        region = self.history.homes.get(place, place)
        if self.direct is None or region not in self.direct.regions or issues[0] % 24 != self.direct.hour:
            return hours, days
        return hours, moved(days, self._shift(region, issues, leads, days if place == region else None))

    def ensemble(self, place: str, issues: Indices, leads: int = len(LEADS)) -> tuple[Array, Array]:
        """The network alone, from several issues at the same hour of the day, which see nothing after themselves.

        Hours from the issue on (issue, hour, item of `POLLUTANTS`) and days (issue, lead, item of `ITEMS`), ug/m3, CO
        mg/m3: geometric means of the members.
        """
        own = self.network
        region = own.region(self.history)
        hours = features_hours.hours_of(self.history, (place,), own.scale, region, perfect=own.perfect)
        made = own.forecast(hours, issues, place, ahead(issues, leads))
        return _together(made), _together(days_of(made, issues, leads))

    def _shift(self, region: str, issues: Indices, leads: int, days: Array | None) -> Array:
        """Once for a region, however many stations ask."""
        key = region, issues.tobytes(), leads
        if key not in self._shifts:
            assert self.direct is not None
            own = self.ensemble(region, issues, leads)[1] if days is None else days
            self._shifts[key] = self.direct.shift(self.history, region, issues, own)
        return self._shifts[key]


def moved(days: Array, shift: Array) -> Array:
    """Days (issue, lead, item) with a shift (issue, lead, item) of their logarithms added."""
    return np.stack([learn_days.moved(days[:, lead], shift[:, lead]) for lead in range(days.shape[1])], axis=1)


def late(days: Array, made: Array, observed: Array, issued: Indices, asked: Indices) -> Array:
    """Days (issue, lead, item) with the late errors of ``made`` (issue, item) added; see `learn_days.lately`."""
    error = learn_days.lately(made, observed, issued, asked)
    return moved(days, np.repeat(error[:, None], days.shape[1], axis=1))


def ahead(issues: Indices, leads: int = len(LEADS)) -> int:
    """Hours from the issue to the end of the last lead's day, filled up to whole blocks."""
    return -(-(24 - int(issues[0]) % 24 + 24 * leads) // BLOCK) * BLOCK


def days_of(hours: Array, issues: Indices, leads: int = len(LEADS)) -> Array:
    """(..., hour from the issue, item) -> (..., lead, item)."""
    begin = 24 - int(issues[0]) % 24
    return learn_days.days_of(hours[..., begin : begin + 24 * leads, :])


def _together(made: Array) -> Array:
    return np.asarray(np.expm1(np.log1p(made).mean(axis=0)))
