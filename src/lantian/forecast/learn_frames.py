"""From arrays to the frames `values` and `hours` of docs/design/forecast.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from lantian.forecast.features import LEADS
from lantian.forecast.history import ITEMS, Array, midnight
from lantian.forecast.learn_days import days_of
from lantian.forecast.learn_spread import QUANTILES
from lantian.kernel.settings import TIMEZONE
from lantian.standards.codes import POLLUTANTS

TIME: Final = pl.Datetime("us", "UTC")
VALUES: Final[dict[str, Any]] = {
    "issue": TIME,
    "source": pl.String,
    "place": pl.String,
    "date": pl.Date,
    "lead": pl.Int64,
    "item": pl.String,
    "value": pl.Float64,
    **{f"q{q}": pl.Float64 for q in QUANTILES},
}
HOURS: Final[dict[str, Any]] = {
    "issue": TIME,
    "source": pl.String,
    "place": pl.String,
    "time": TIME,
    **dict.fromkeys(POLLUTANTS, pl.Float64),
}


class Forecast(NamedTuple):
    """Frames `values` and `hours` of docs/design/forecast.md."""

    values: pl.DataFrame
    hours: pl.DataFrame


@dataclass(frozen=True)
class Made:
    """A forecast of one place.

    Attributes:
        values: (lead, item of `ITEMS`), NaN where there is none; ``quantiles``: (lead, item, one of `QUANTILES`).
        hours: (hour from the issue on, item of `POLLUTANTS`); None: only days are forecast.
    """

    place: str
    values: Array
    quantiles: Array
    hours: Array | None


def frames(issue: datetime, source: str, made: Sequence[Made]) -> Forecast:
    """The frames of all places; hours are brought to the days' values first."""
    values = [_values(issue, source, one) for one in made]
    hours = [_hours(issue, source, one, one.hours) for one in made if one.hours is not None]
    return Forecast(
        pl.concat(values or [pl.DataFrame(schema=VALUES)]), pl.concat(hours or [pl.DataFrame(schema=HOURS)])
    )


def _values(issue: datetime, source: str, made: Made) -> pl.DataFrame:
    today = issue.astimezone(TIMEZONE).date()
    lead = np.repeat(np.array(LEADS), len(ITEMS))
    columns: dict[str, Any] = {
        "date": [today + timedelta(days=int(one)) for one in lead],
        "lead": lead,
        "item": list(ITEMS) * len(LEADS),
        "value": made.values.ravel(),
        **{f"q{q}": made.quantiles[:, :, k].ravel() for k, q in enumerate(QUANTILES)},
    }
    frame = pl.DataFrame(columns).filter(pl.col("value").is_not_nan())
    return _headed(frame, issue, source, made.place, VALUES)


def _hours(issue: datetime, source: str, made: Made, hours: Array) -> pl.DataFrame:
    count = round((midnight(issue.astimezone(TIMEZONE).date()) - issue) / timedelta(hours=1)) + 24 * (len(LEADS) + 1)
    brought = brought_to(hours[:count], made.values)
    columns: dict[str, Any] = {item: brought[:, k] for k, item in enumerate(POLLUTANTS)}
    columns["time"] = [issue + timedelta(hours=hour) for hour in range(count)]
    return _headed(pl.DataFrame(columns), issue, source, made.place, HOURS)


def brought_to(hours: Array, days: Array) -> Array:
    """Hours (hour, item) times a factor a day, so that they give the daily values (lead, item); the hours of the day
    of the issue take the first day's factor. A day of nothing becomes even. The last hours are those of the last lead.
    """
    whole = 24 * len(days)
    own = np.repeat(days_of(hours[-whole:]), 24, axis=0)
    wanted = np.repeat(days, 24, axis=0)
    nothing = own <= 0
    factor = np.divide(wanted, own, out=np.ones_like(own), where=~nothing)
    brought = np.where(nothing, wanted, hours[-whole:] * factor)
    return np.concatenate([hours[:-whole] * factor[:1], brought])


def _headed(frame: pl.DataFrame, issue: datetime, source: str, place: str, schema: dict[str, Any]) -> pl.DataFrame:
    head = [
        pl.lit(issue).alias("issue"),
        pl.lit(source).alias("source"),
        pl.lit(place).alias("place"),
    ]
    return frame.with_columns(head).select(pl.col(name).cast(kind) for name, kind in schema.items())
