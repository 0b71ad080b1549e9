"""Weather normalisation 气象归一化: how much of a change on the year is weather, and how much is control.

A model learns the hours of all years of record from their weather, the hour, the weekday, the day of the year and the
year itself; then each hour of the period, and of the same period a year before, is asked again under weather drawn
many times from the same season and hour of any year. The means of these answers differ by what changed apart from the
weather (control 减排), and the rest of the observed change is the weather 气象::

    observed change = (N_now - N_before) + rest        N: mean under drawn weather

Resampled weather: Grange et al. (2018), Atmos. Chem. Phys. 18: 6223; drawn from the same season and hour only: Vu et
al. (2019), Atmos. Chem. Phys. 19: 11303. Three things are our own: the model is additive splines and
boosted trees on the logarithm instead of a random forest; no answer comes from a model that has seen the hour's own
week (cross-fitting); and each year's answers are scaled by one factor so that under the weather that was, their mean
is the mean that was observed (a model alone pulls every year towards the others). The interval is a bootstrap of whole
weeks: all of it is done again on weeks drawn anew.

"Control" is all that the weather at the stations does not tell: emissions here and upwind, but also weather that no
station measures (the height of the mixed layer, inflow aloft).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.assessment.deweather_features import FEATURES, MEMORY, features
from lantian.assessment.deweather_model import Model, rhythm, shapes
from lantian.assessment.periods import Period

SEASON_DAYS = 14
"""Weather is drawn from up to this many days earlier or later in the year (Vu et al. 2019: two weeks)."""
MARGIN_DAYS = 30
"""The model learns from the period's season in all years, and this many days to either side."""
DRAWS, DRAWS_AGAIN = 30, 8
"""Weathers drawn for each hour: in the estimate, and in each repetition for the interval."""
REPETITIONS = 100
FOLDS = 5
SPLITS = 3
"""Ways to deal the weeks out to folds, whose mean is the estimate: one way alone moves it by a percent."""
LEVEL = 0.95
"""Of the interval: between the quantiles 0.025 and 0.975 of the repetitions."""
LEAST_YEARS = 2
LEAST_SHARE = 0.6
"""Of the hours of either period, with the pollutant and the weather."""
SMALLEST = 0.5
"""ug/m3 (CO: 0.05 mg/m3): what lies below is that much for the logarithm."""

Array = NDArray[np.float64]
Told = Callable[[int, int], None]


class DeweatherError(ValueError):
    """The record does not suffice; the message says what is missing."""


@dataclass(frozen=True)
class Part:
    """A part of the change with its interval, in the unit of the pollutant and in percent of the mean before."""

    value: float
    low: float
    high: float
    percent: float
    percent_low: float
    percent_high: float


@dataclass(frozen=True)
class Change:
    """One span against the same a year before: ``change = weather + control``, values in the pollutant's unit.

    ``before``, ``now``: means of the hours that were observed with their weather; ``normal_before``, ``normal_now``
    under drawn weather. ``hours_before``, ``hours``: how many.
    """

    period: Period
    before: float
    now: float
    normal_before: float
    normal_now: float
    change: float
    change_percent: float
    weather: Part
    control: Part
    hours_before: int
    hours: int

    @property
    def weather_share(self) -> float | None:
        """The share of the weather in the change, 0 to 1; None where the two parts pull in different directions."""
        if self.weather.value * self.control.value < 0 or self.change == 0:
            return None
        return self.weather.value / self.change


@dataclass(frozen=True)
class Split:
    """The answer: the whole period, its months, and on what it rests.

    ``explained``: share of the variance of the logarithm that the model explains in weeks it has not seen.
    ``years``: first days of the spans of record; ``repetitions``: behind the interval, of ``level``.
    """

    item: str
    whole: Change
    months: tuple[Change, ...]
    explained: float
    years: tuple[int, ...]
    learned_hours: int
    repetitions: int
    level: float


def split(
    hourly: pl.DataFrame,
    period: Period,
    *,
    item: str = "pm25",
    repetitions: int = REPETITIONS,
    seed: int = 0,
    told: Told | None = None,
) -> Split:
    """Split the change of a period against the same a year before into weather and control.

    Parameters
    ----------
    hourly
        One place: ``time``, the pollutant, and weather: ``temperature dew_point pressure wind_speed wind_direction
        rain`` (units of the house; those absent are done without, wind speed is needed). All years of record, the more
        the better; the 72 hours before each span serve as well. Null = missing: such hours do not count.
    period
        At most a year. Its months are answered as well.
    item
        Any of the six pollutants; of ozone the mean of all hours is meant, not MDA8.
    repetitions
        Of the bootstrap; at least 20.
    seed
        The same seed gives the same digits.
    told
        Is told how many of the repetitions are done.

    Raises
    ------
    DeweatherError
        Fewer than two years of record, or too few hours in either period.
    """
    if period.days > 366:
        raise DeweatherError(f"{period.label}: a period to compare with the year before is at most a year long")
    record = _Record.of(features(hourly, item), period, item)
    generator = np.random.default_rng(seed)
    own = _mean([_normalise(record, record.weeks_once(), DRAWS, generator) for _ in range(SPLITS)])
    again = []
    for done in range(max(20, repetitions)):
        again.append(_normalise(record, record.weeks_drawn(generator), DRAWS_AGAIN, generator))
        if told:
            told(done + 1, max(20, repetitions))
    spans = [period, *(month for month in period.months() if month != period)]
    whole, *months = (_change(record, span, own, again) for span in spans)
    return Split(
        item=item,
        whole=whole,
        months=tuple(months) if len(months) > 1 else (),
        explained=own.explained,
        years=tuple(sorted(set(record.year.tolist()))),
        learned_hours=len(record.y),
        repetitions=len(again),
        level=LEVEL,
    )


@dataclass(frozen=True)
class _Record:
    """The hours to learn from, as arrays of one length: ``x`` features, ``basis`` their columns, of which the first
    ``shaped`` are the weather's, ``y`` the logarithm of the pollutant, ``value`` itself.

    ``year`` of the span that an hour belongs to, ``week`` its number, ``doy`` and ``hour`` where drawn weather is
    looked up, ``inside`` whether it belongs to the period itself (0 no, 1 the year before, 2 now), ``month`` of it.
    """

    x: Array
    basis: Array
    shaped: int
    y: Array
    value: Array
    year: NDArray[np.int64]
    week: NDArray[np.int64]
    doy: NDArray[np.int64]
    hour: NDArray[np.int64]
    inside: NDArray[np.int64]
    date: NDArray[Any]
    item: str

    @classmethod
    def of(cls, rows: pl.DataFrame, period: Period, item: str) -> _Record:
        rows = _in_season(rows, period)
        before = period.year_before()
        day = pl.col("date")
        now, then = (day.is_between(span.start, span.end) for span in (period, before))
        inside = pl.when(now).then(2).when(then).then(1).otherwise(0)
        rows = rows.with_columns(inside.alias("inside"), _span_year(period).alias("year"))
        for number, span in ((2, period), (1, before)):
            there = rows.filter(pl.col("inside") == number).height
            if there < LEAST_SHARE * 24 * span.days:
                raise DeweatherError(
                    f"{span.label}: {there} of {24 * span.days} hours have {item} and weather; "
                    f"at least {LEAST_SHARE:.0%} are needed"
                )
        value = rows[item].to_numpy()
        least = SMALLEST / 10 if item == "co" else SMALLEST
        whole = rows.with_columns(pl.col("date").dt.epoch("d").alias("epoch"))
        x = rows.select(*FEATURES, "year").to_numpy().astype(float)
        weather = shapes(x[:, : len(MEMORY)])
        calendar = rhythm(*(rows[name].to_numpy().astype(float) for name in ("hour", "doy", "year")))
        return cls(
            x=x,
            basis=np.hstack([weather, calendar]),
            shaped=weather.shape[1],
            y=np.log(np.maximum(value, least)),
            value=value,
            year=rows["year"].to_numpy().astype(np.int64),
            week=(whole["epoch"].to_numpy() // 7).astype(np.int64),
            doy=rows["date"].dt.ordinal_day().to_numpy().astype(np.int64),
            hour=rows["hour"].to_numpy().astype(np.int64),
            inside=rows["inside"].to_numpy().astype(np.int64),
            date=rows["date"].to_numpy(),
            item=item,
        )

    def groups(self) -> list[NDArray[np.int64]]:
        """The rows of each year, within and without its period."""
        group = self.year * 3 + self.inside
        return [np.flatnonzero(group == one) for one in np.unique(group)]

    def weeks_once(self) -> NDArray[np.int64]:
        """All rows."""
        return np.arange(len(self.y))

    def weeks_drawn(self, generator: np.random.Generator) -> NDArray[np.int64]:
        """The rows of weeks drawn anew, within each year and within and without its period, so that none is lost."""
        drawn = []
        for rows in self.groups():
            weeks = [rows[self.week[rows] == week] for week in np.unique(self.week[rows])]
            drawn += [weeks[k] for k in generator.integers(0, len(weeks), len(weeks))]
        return np.concatenate(drawn)


@dataclass(frozen=True)
class _Normal:
    """One run of the method: rows of the two periods, what was observed, and the answers under drawn weather."""

    rows: NDArray[np.int64]
    normal: Array
    explained: float


def _normalise(record: _Record, rows: NDArray[np.int64], draws: int, generator: np.random.Generator) -> _Normal:
    """Learn from the rows, and answer those of the two periods under drawn weather."""
    fold = _folds(record, generator)[rows]
    asked = rows[record.inside[rows] > 0]
    fold_of_asked = fold[record.inside[rows] > 0]
    weathers = _drawn(record, rows, asked, draws, generator)
    unseen, answers = np.empty(len(rows)), np.empty((draws, len(asked)))
    for number in range(FOLDS):
        learned, mine, due = rows[fold != number], rows[fold == number], fold_of_asked == number
        model = Model(record.x[learned], record.basis[learned], record.y[learned])
        unseen[fold == number] = model.predict(record.x[mine], record.basis[mine])
        if due.any():
            answers[:, due] = model.predict(*_under(record, asked[due], weathers[:, due])).reshape(draws, -1)
    normal = np.exp(answers).mean(axis=0)
    expected = np.exp(unseen[record.inside[rows] > 0])
    for period in (1, 2):
        mine = record.inside[asked] == period
        normal[mine] *= record.value[asked[mine]].sum() / expected[mine].sum()
    spread = float(record.y[rows].var())
    return _Normal(asked, normal, 1 - float(((record.y[rows] - unseen) ** 2).mean()) / spread if spread else 0.0)


def _under(record: _Record, asked: NDArray[np.int64], weathers: NDArray[np.int64]) -> tuple[Array, Array]:
    """Features and columns of hours, each under several weathers (draws, hours) of other hours."""
    when, what = np.tile(asked, len(weathers)), weathers.ravel()
    return tuple(  # type: ignore[return-value]
        np.hstack([table[what, :weather], table[when, weather:]])
        for table, weather in ((record.x, len(MEMORY)), (record.basis, record.shaped))
    )


def _mean(runs: Sequence[_Normal]) -> _Normal:
    """The mean of runs on the same rows."""
    normal = np.mean([run.normal for run in runs], axis=0)
    return _Normal(runs[0].rows, normal, float(np.mean([run.explained for run in runs])))


def _folds(record: _Record, generator: np.random.Generator) -> NDArray[np.int64]:
    """A fold for each row: weeks stay whole, and those of each year and period are dealt out evenly."""
    fold = np.empty(len(record.y), np.int64)
    for rows in record.groups():
        weeks, week_of = np.unique(record.week[rows], return_inverse=True)
        fold[rows] = ((generator.permutation(len(weeks)) + generator.integers(FOLDS)) % FOLDS)[week_of]
    return fold


def _drawn(
    record: _Record, rows: NDArray[np.int64], asked: NDArray[np.int64], draws: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """For each hour asked, rows whose weather it is given: of the same hour, `SEASON_DAYS` around its day of any year.

    Gives (draws, len(asked)) numbers of the record's rows.
    """
    order = rows[np.lexsort((record.doy[rows], record.hour[rows]))]
    place = record.hour[order] * 1000 + record.doy[order]
    day = record.doy[asked]
    first = np.searchsorted(place, record.hour[asked] * 1000 + np.maximum(day - SEASON_DAYS, 0), side="left")
    last = np.searchsorted(place, record.hour[asked] * 1000 + np.minimum(day + SEASON_DAYS, 999), side="right")
    number = first + (generator.random((draws, len(asked))) * (last - first)).astype(np.int64)
    return order[number]


def _change(record: _Record, span: Period, own: _Normal, again: Sequence[_Normal]) -> Change:
    (before, now, hours_before, hours), (normal_before, normal_now) = _observed(record, span), _means(record, span, own)
    change, control = now - before, normal_now - normal_before
    repeated = np.array([pair[1] - pair[0] for pair in (_means(record, span, one) for one in again)])
    # The observed change is a fact: what control may be uncertain by, the weather is too.
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(repeated, [tail, 1 - tail])
    return Change(
        period=span,
        before=before,
        now=now,
        normal_before=normal_before,
        normal_now=normal_now,
        change=change,
        change_percent=100 * change / before,
        weather=_part(change - control, change - high, change - low, before),
        control=_part(control, low, high, before),
        hours_before=hours_before,
        hours=hours,
    )


def _part(value: float, low: float, high: float, before: float) -> Part:
    return Part(value, float(low), float(high), *(100 * float(each) / before for each in (value, low, high)))


def _observed(record: _Record, span: Period) -> tuple[float, float, int, int]:
    now, before = (_rows_of(record, each, np.arange(len(record.y))) for each in (span, span.year_before()))
    return float(record.value[before].mean()), float(record.value[now].mean()), int(before.sum()), int(now.sum())


def _means(record: _Record, span: Period, normal: _Normal) -> tuple[float, float]:
    """Means under drawn weather a year before and now; NaN where a repetition drew no week of the span."""
    chosen = (_rows_of(record, each, normal.rows) for each in (span.year_before(), span))
    before, now = (float(normal.normal[mask].mean()) if mask.any() else np.nan for mask in chosen)
    return before, now


def _rows_of(record: _Record, span: Period, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    days = record.date[rows]
    inside: NDArray[np.bool_] = (days >= np.datetime64(span.start)) & (days <= np.datetime64(span.end))
    return inside


def _margin(period: Period) -> int:
    """Days to either side from which the model learns; a period of a year or nearly has no other season."""
    return 0 if period.days + 2 * MARGIN_DAYS >= 365 else MARGIN_DAYS


def _in_season(rows: pl.DataFrame, period: Period) -> pl.DataFrame:
    """The rows of the period's season in any year; of a period of a year or nearly, all of them."""
    margin = _margin(period)
    if not margin:
        return rows
    since = (pl.col("date").dt.ordinal_day().cast(pl.Int64) - period.start.timetuple().tm_yday + margin) % 365
    return rows.filter(since < period.days + 2 * margin)


def _span_year(period: Period) -> pl.Expr:
    """The year in which a day's span begins: spans, with what the model learns before them, may cross New Year."""
    anchor = period.start - timedelta(days=_margin(period))
    day, year = pl.col("date").dt.ordinal_day(), pl.col("date").dt.year().cast(pl.Int64)
    first = anchor.timetuple().tm_yday
    if anchor.year < period.start.year:
        return year + (day >= first).cast(pl.Int64)
    return year - (day < first).cast(pl.Int64)
