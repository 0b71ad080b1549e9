"""Weather normalisation 气象归一化: how much of a change on the year is weather, and how much is control.

A model learns the hours of all years of record from their weather, the hour, the weekday, the day of the year and the
year itself; then each hour of the period, and of the same period a year before, is asked again under weather drawn
many times from the same season and hour of any year. The means of these answers differ by what changed apart from the
weather (control 减排), and the rest of the observed change is the weather 气象::

    observed change = (N_now - N_before) + rest        N: mean under drawn weather

Resampled weather: Grange et al. (2018), Atmos. Chem. Phys. 18: 6223; drawn from the same season and hour only: Vu et
al. (2019), Atmos. Chem. Phys. 19: 11303. Three things are our own: the model is additive splines and boosted trees on
the logarithm instead of a random forest; no answer comes from a model that has seen the hour's own week
(cross-fitting); and the answers of each month are scaled by one factor so that under the weather that was, their mean
is the mean that was observed (a model alone pulls every year towards the others, and every month of a year towards
the year). The interval is a bootstrap of whole weeks: all of it is done again on weeks drawn anew.

"Control" is all that the weather at the stations does not tell: emissions here and upwind, but also weather that no
station measures (the height of the mixed layer, inflow aloft).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from lantian.assessment.deweather_features import features
from lantian.assessment.deweather_record import DeweatherError, Record, model
from lantian.assessment.deweather_resample import Normal, mean, normalise
from lantian.assessment.periods import Period

DRAWS, DRAWS_AGAIN = 30, 8
"""Weathers drawn for each hour: in the estimate, and in each repetition for the interval."""
REPETITIONS, LEAST_REPETITIONS = 100, 10
SPLITS = 3
"""Ways to deal the weeks out to folds, whose mean is the estimate: one way alone moves it by a percent."""
LEVEL = 0.95
"""Of the interval: between the quantiles 0.025 and 0.975 of the repetitions."""

Told = Callable[[int, int], None]


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
class Share:
    """A share in the change with its interval: 1 is all of it. Of a small change the interval reaches far beyond."""

    value: float
    low: float
    high: float


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
    def weather_share(self) -> Share | None:
        """The share of the weather in the change; None where the two parts pull in different directions."""
        if self.weather.value * self.control.value < 0 or self.change == 0:
            return None
        low, high = sorted(end / self.change for end in (self.weather.low, self.weather.high))
        return Share(self.weather.value / self.change, low, high)


@dataclass(frozen=True)
class Split:
    """The answer: the whole period, its months, and on what it rests.

    ``explained``: share of the variance of the logarithm that the model explains in weeks it has not seen.
    ``years`` in which the spans of record begin; ``learned_hours`` in them; ``repetitions`` behind the interval, of
    ``level``.
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
        Of the bootstrap; at least `LEAST_REPETITIONS`, and 100 for an interval that is shown to others.
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
    if repetitions < LEAST_REPETITIONS:
        raise ValueError(f"{repetitions} repetitions: an interval needs {LEAST_REPETITIONS} at least")
    record = Record.of(features(hourly, item), period, item)
    generator = np.random.default_rng(seed)
    with model().one_thread():
        own = mean([normalise(record, record.once(), DRAWS, generator) for _ in range(SPLITS)])
        again = []
        for done in range(repetitions):
            again.append(normalise(record, record.drawn_anew(generator), DRAWS_AGAIN, generator))
            if told:
                told(done + 1, repetitions)
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


def _change(record: Record, span: Period, own: Normal, again: Sequence[Normal]) -> Change:
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


def _observed(record: Record, span: Period) -> tuple[float, float, int, int]:
    now, before = (record.within(each, record.once()) for each in (span, span.year_before()))
    return float(record.value[before].mean()), float(record.value[now].mean()), int(before.sum()), int(now.sum())


def _means(record: Record, span: Period, normal: Normal) -> tuple[float, float]:
    """Means under drawn weather a year before and now; NaN where a repetition drew no week of the span."""
    chosen = (record.within(each, normal.rows) for each in (span.year_before(), span))
    before, now = (float(normal.normal[mask].mean()) if mask.any() else np.nan for mask in chosen)
    return before, now
