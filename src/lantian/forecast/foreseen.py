"""The weather of files for an issue 预报气象: which hours of it count, and what it says at the stations.

given = foreseen(weather.read(files), issue, gather.stations(platform))
given.at_stations  # what the statistics read as the weather to come
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray

from lantian import weather
from lantian.forecast.inbox import GAP, last_needed
from lantian.kernel.settings import TIMEZONE

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Foreseen:
    """A weather forecast as an issue uses it.

    Attributes:
        fields: canonical fields without gaps, around the issue.
        at_stations: hourly weather of the stations from the issue on, as `weather.at_points` gives it.
        before, after: whole hours that the fields reach before and after the issue.
        label: the hours, and what tells one forecast from another; kept with the run.
    """

    fields: xr.Dataset
    at_stations: pl.DataFrame
    before: int
    after: int
    label: str


def foreseen(fields: xr.Dataset, issue: datetime, stations: pl.DataFrame) -> Foreseen:
    """What an issue knows of the weather to come.

    ``stations``: ``place, lon, lat, elevation``.

    Raises:
        LookupError: there are no stations.
        ValueError: the fields do not reach far enough (`around`), or not to a station.
    """
    if stations.is_empty():
        raise LookupError("no station that the statistics forecast is known; a weather forecast is read at stations")
    fields = around(fields, issue)
    first, last = (_moment(hour) for hour in fields["time"].values[[0, -1]])
    start = np.datetime64(issue.astimezone(UTC).replace(tzinfo=None), "s")
    found = weather.at_points(fields, stations, [start, fields["time"].values[-1].astype("datetime64[s]")])
    digest = int(found.hash_rows().sum()) % 16**8
    label = f"{_told(first)}..{_told(last)} {digest:08x}"
    return Foreseen(fields, found, (issue - first) // _HOUR, (last - issue) // _HOUR, label)


def around(fields: xr.Dataset, issue: datetime) -> xr.Dataset:
    """The fields from the last gap before an issue to the first after it.

    Raises:
        ValueError: they do not hold every hour from the issue to the end of the next day of Beijing, the first that is
            forecast; the message says which hours are there and which are needed.
    """
    hours = fields["time"].values.astype("datetime64[s]")
    spans = np.split(hours, np.flatnonzero(np.diff(hours) > np.timedelta64(GAP, "h")) + 1)
    needed = last_needed(issue)
    for span in spans:
        if span.size and _moment(span[0]) <= issue and _moment(span[-1]) >= needed:
            return fields.sel(time=slice(span[0], span[-1]))
    there = ", ".join(_span(span) for span in spans if span.size) or "no hour at all"
    raise ValueError(
        f"the weather files hold {there} (Beijing time); a forecast issued {_told(issue)} needs every "
        f"hour from then to {_told(needed)}, the end of the first day that it forecasts, at most {GAP} hours apart"
    )


def first_open_day(at_stations: pl.DataFrame) -> date:
    """The first day of Beijing that hourly weather without gaps does not wholly cover: from it on nothing is forecast.

    A day is covered when all of its 24 hours are.
    """
    last = at_stations["time"].max()
    if not isinstance(last, datetime):
        raise TypeError("weather: no hours")
    return (last + _HOUR).astimezone(TIMEZONE).date()


def carried(values: pl.DataFrame, until: date) -> pl.DataFrame:
    """Daily ``values`` with those of the last day repeated to ``until``: the air outside a domain, for the hours of
    the engine on the days that the weather does not wholly cover. Without them it would be clean background air.
    """
    if values.is_empty():
        return values
    last: date = values["date"].max()  # type: ignore[assignment]
    ends = values.filter(pl.col("date") == last)
    more = [ends.with_columns(date=pl.lit(last + timedelta(days=n))) for n in range(1, (until - last).days + 1)]
    return pl.concat([values, *more])


def _moment(hour: np.datetime64) -> datetime:
    seconds = int(hour.astype("datetime64[s]").astype(np.int64))
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _span(span: NDArray[np.datetime64]) -> str:
    return f"{_told(_moment(span[0]))} to {_told(_moment(span[-1]))}"


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(TIMEZONE):%Y-%m-%dT%H:%M}"
