"""The hours from which weather normalisation learns, as arrays: those of the period's season in every year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.assessment.deweather_features import CALENDAR, MEMORY
from lantian.assessment.periods import Period

MARGIN_DAYS = 30
"""The model learns from the period's season in all years, and this many days to either side."""
LEAST_SHARE = 0.6
"""Of the hours of either period, with the pollutant and the weather."""
LEAST_TOLD = 0.5
"""Weather that fewer of the hours have is left out."""
SMALLEST = 0.5
"""ug/m3 (CO: 0.05 mg/m3): what lies below is that much for the logarithm."""

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


class DeweatherError(ValueError):
    """The record does not suffice; the message says what is missing."""


@dataclass(frozen=True)
class Record:
    """Hours as arrays of one length.

    ``x`` features, of which the first ``told`` are the weather's (then calendar, year); ``basis`` their columns for
    the additive model, of which the first ``shaped`` are the weather's; ``y`` the logarithm of the pollutant,
    ``value`` itself; ``year`` in which the span of an hour begins, ``week`` its number, ``season_day`` and ``hour`` by
    which drawn weather is found, ``inside`` whether it belongs to the period (2), the same a year before (1) or
    neither (0), ``month`` counted on over the years, ``date``.
    """

    x: Array
    told: int
    basis: Array
    shaped: int
    y: Array
    value: Array
    year: Whole
    week: Whole
    season_day: Whole
    hour: Whole
    inside: Whole
    month: Whole
    date: NDArray[Any]

    @classmethod
    def of(cls, rows: pl.DataFrame, period: Period, item: str) -> Record:
        """From the rows of `deweather_features.features`. Raises DeweatherError where too few hours are known."""
        rows = _placed(rows, period)
        for number, span in ((2, period), (1, period.year_before())):
            there = rows.filter(pl.col("inside") == number).height
            if there < LEAST_SHARE * 24 * span.days:
                raise DeweatherError(
                    f"{span.label}: {there} of {24 * span.days} hours have {item} and weather; "
                    f"at least {LEAST_SHARE:.0%} are needed"
                )
        value = rows[item].to_numpy()
        told = [name for name in MEMORY if rows[name].is_not_nan().sum() >= LEAST_TOLD * rows.height]
        x = rows.select(*told, *CALENDAR, "year").to_numpy().astype(float)
        weather = model().shapes(x[:, : len(told)])
        calendar = model().rhythm(*(rows[name].to_numpy().astype(float) for name in ("hour", "season_day", "year")))
        whole = {name: rows[name].to_numpy().astype(np.int64) for name in ("year", "season_day", "hour", "inside")}
        return cls(
            x=x,
            told=len(told),
            basis=np.hstack([weather, calendar]),
            shaped=weather.shape[1],
            y=np.log(np.maximum(value, SMALLEST / 10 if item == "co" else SMALLEST)),
            value=value,
            week=rows.select(pl.col("date").dt.epoch("d").cast(pl.Int64) // 7).to_series().to_numpy(),
            month=rows.select(pl.col("date").dt.year() * 12 + pl.col("date").dt.month()).to_series().to_numpy(),
            date=rows["date"].to_numpy(),
            **whole,
        )

    def groups(self) -> list[Whole]:
        """The rows of each year, within and without its period."""
        group = self.year * 3 + self.inside
        return [np.flatnonzero(group == one) for one in np.unique(group)]

    def once(self) -> Whole:
        """All rows."""
        return np.arange(len(self.y))

    def drawn_anew(self, generator: np.random.Generator) -> Whole:
        """The rows of whole weeks drawn with return, within each group, so that none is lost."""
        drawn = []
        for rows in self.groups():
            weeks = [rows[self.week[rows] == week] for week in np.unique(self.week[rows])]
            drawn += [weeks[k] for k in generator.integers(0, len(weeks), len(weeks))]
        return np.concatenate(drawn)

    def within(self, span: Period, rows: Whole) -> NDArray[np.bool_]:
        """Which of the rows lie in a span of days."""
        days = self.date[rows]
        inside: NDArray[np.bool_] = (days >= np.datetime64(span.start)) & (days <= np.datetime64(span.end))
        return inside


def model() -> ModuleType:
    """The model, imported when it is needed: the platform runs without scikit-learn. Raises RuntimeError without."""
    try:
        from lantian.assessment import deweather_model
    except ModuleNotFoundError as error:
        raise RuntimeError(f'weather normalisation needs more ({error}): pip install "lantian[model]"') from error
    return deweather_model


def _placed(rows: pl.DataFrame, period: Period) -> pl.DataFrame:
    """The rows of the period's season in any year, each with its place in it.

    ``season_day`` counts from the first day that is learned from, ``year`` is the one in which that day lay, moved on
    where the period itself begins in the next: spans may cross New Year.
    """
    margin = 0 if period.days + 2 * MARGIN_DAYS >= 365 else MARGIN_DAYS
    first = period.start - timedelta(days=margin)
    day = pl.col("date")
    turned = day.dt.month().cast(pl.Int64) * 100 + day.dt.day() >= first.month * 100 + first.day
    before_turn = (~turned).cast(pl.Int64)
    begun = pl.date(day.dt.year().cast(pl.Int64) - before_turn, first.month, min(first.day, 28))
    now, then = (day.is_between(span.start, span.end) for span in (period, period.year_before()))
    return rows.with_columns(
        season_day=(day - begun).dt.total_days() - (first.day - min(first.day, 28)),
        year=begun.dt.year().cast(pl.Int64) + period.start.year - first.year,
        inside=pl.when(now).then(2).when(then).then(1).otherwise(0),
    ).filter(pl.col("season_day").is_between(0, period.days + 2 * margin))
