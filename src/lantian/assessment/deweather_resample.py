"""Weather drawn anew: each hour of the two periods answered under the weather of many other hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lantian.assessment.deweather_record import Array, Record, Whole, model

SEASON_DAYS = 14
"""Weather is drawn from up to this many days earlier or later in the season (Vu et al. 2019: two weeks)."""
FOLDS = 5


@dataclass(frozen=True)
class Normal:
    """One run of the method: rows of the two periods, what was observed, and the answers under drawn weather."""

    rows: Whole
    normal: Array
    explained: float


def normalise(record: Record, rows: Whole, draws: int, generator: np.random.Generator) -> Normal:
    """Learn from the rows, and answer those of the two periods under drawn weather."""
    fold = _folds(record, generator)[rows]
    asked = rows[record.inside[rows] > 0]
    fold_of_asked = fold[record.inside[rows] > 0]
    weathers = _drawn(record, rows, asked, draws, generator)
    unseen, answers = np.empty(len(rows)), np.empty((draws, len(asked)))
    for number in range(FOLDS):
        learned, mine, due = rows[fold != number], rows[fold == number], fold_of_asked == number
        if not mine.size:  # of a short record no week of the fold was drawn
            continue
        fitted = model().Model(record.x[learned], record.basis[learned], record.y[learned])
        unseen[fold == number] = fitted.predict(record.x[mine], record.basis[mine])
        if due.any():
            answers[:, due] = fitted.predict(*_under(record, asked[due], weathers[:, due])).reshape(draws, -1)
    normal = np.exp(answers).mean(axis=0)
    expected = np.exp(unseen[record.inside[rows] > 0])
    for month in np.unique(record.month[asked]):
        mine = record.month[asked] == month
        normal[mine] *= record.value[asked[mine]].sum() / expected[mine].sum()
    spread = float(record.y[rows].var())
    return Normal(asked, normal, 1 - float(((record.y[rows] - unseen) ** 2).mean()) / spread if spread else 0.0)


def _under(record: Record, asked: Whole, weathers: Whole) -> tuple[Array, Array]:
    """Features and columns of hours, each under several weathers (draws, hours) of other hours."""
    when, what = np.tile(asked, len(weathers)), weathers.ravel()
    return tuple(  # type: ignore[return-value]
        np.hstack([table[what, :weather], table[when, weather:]])
        for table, weather in ((record.x, record.told), (record.basis, record.shaped))
    )


def mean(runs: Sequence[Normal]) -> Normal:
    """The mean of runs on the same rows."""
    normal = np.mean([run.normal for run in runs], axis=0)
    return Normal(runs[0].rows, normal, float(np.mean([run.explained for run in runs])))


def _folds(record: Record, generator: np.random.Generator) -> Whole:
    """A fold for each row: weeks stay whole, and those of each year and period are dealt out evenly."""
    fold, dealt = np.empty(len(record.y), np.int64), int(generator.integers(FOLDS))
    for rows in record.groups():
        weeks, week_of = np.unique(record.week[rows], return_inverse=True)
        fold[rows] = ((generator.permutation(len(weeks)) + dealt) % FOLDS)[week_of]
        dealt += len(weeks)
    return fold


def _drawn(record: Record, rows: Whole, asked: Whole, draws: int, generator: np.random.Generator) -> Whole:
    """For each hour asked, rows whose weather it is given: of the same hour, `SEASON_DAYS` around its day of any year.

    Gives (draws, len(asked)) numbers of the record's rows.
    """
    # Hours and days as one rising number, so that a window of days at one hour is a run of it.
    order = rows[np.lexsort((record.season_day[rows], record.hour[rows]))]
    place = record.hour[order] * 1000 + record.season_day[order]
    day = record.season_day[asked]
    first = np.searchsorted(place, record.hour[asked] * 1000 + np.maximum(day - SEASON_DAYS, 0), side="left")
    last = np.searchsorted(place, record.hour[asked] * 1000 + np.minimum(day + SEASON_DAYS, 999), side="right")
    number = first + (generator.random((draws, len(asked))) * (last - first)).astype(np.int64)
    return order[number]
