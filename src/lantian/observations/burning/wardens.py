"""Who is called to a fire: the warden 网格员 whose place it is, on duty, nearest. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lantian.kernel.accounts import covers
from lantian.kernel.settings import TIMEZONE
from lantian.observations.burning.joining import distance


@dataclass(frozen=True, slots=True)
class Warden:
    """A warden; ``from_hour`` to ``to_hour`` (Beijing) is the duty, past midnight where it ends before it begins."""

    login: str
    name: str
    region: str
    phone: str = ""
    grid: str = ""
    lon: float | None = None
    lat: float | None = None
    from_hour: int | None = None
    to_hour: int | None = None
    until: date | None = None

    def on_duty(self, now: datetime) -> bool:
        """Whether they are on duty; without hours, always."""
        local = now.astimezone(TIMEZONE)
        if self.until is not None and local.date() > self.until:
            return False
        if self.from_hour is None or self.to_hour is None or self.from_hour == self.to_hour % 24:
            return True
        if self.from_hour < self.to_hour:
            return self.from_hour <= local.hour < self.to_hour
        return local.hour >= self.from_hour or local.hour < self.to_hour


def of_row(row: Mapping[str, Any]) -> Warden:
    """A warden of a row of the feed `warden`."""
    return Warden(**{name: row[name] for name in Warden.__dataclass_fields__ if row.get(name) is not None})


def nearest(
    wardens: Sequence[Warden], region: str, lon: float, lat: float, now: datetime, *, but: Collection[str] = ()
) -> Warden | None:
    """The warden to call for a point of a region; None: nobody's place, or nobody on duty.

    A warden of the point's own township comes before those of its county, they before a warden of a wider place; among
    equals the one whose post is nearest, one without a post last. ``but``: logins that were called already.
    """
    fit = [
        one
        for one in wardens
        if one.login not in but and one.on_duty(now) and (covers(one.region, region) or covers(region, one.region))
    ]

    def order(one: Warden) -> tuple[int, float, str]:
        # where the point is known to its county only, the wardens of its townships are as good as the county's own
        wide = 0 if covers(region, one.region) else 9 - len(re.sub(r"(?:00){1,2}$", "", one.region))
        away = float("inf") if one.lon is None or one.lat is None else distance(one.lon, one.lat, lon, lat)
        return wide, away, one.login

    return min(fit, key=order, default=None)
