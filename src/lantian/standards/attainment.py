"""Attainment (达标评价): daily values and period statistics against the limits of GB 3095 in force. HJ 663.

A value is first rounded to its published digits (GB/T 8170, the rounded-value method 修约值比较法) and then compared;
equal to the limit is within it. The exceed multiple (超标倍数) is ``(C - S) / S`` of these digits, two decimals.
"""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from lantian.standards import limits
from lantian.standards.codes import DAILY_ITEMS, ITEMS
from lantian.standards.frames import FrameLike, StandardsError, require_columns
from lantian.standards.rounding import div_half_even, half_even, scaled, unscaled

MULTIPLE_DECIMALS = ITEMS["exceed_multiple"].decimals


@dataclass(frozen=True, slots=True)
class Statistic:
    """A period statistic that HJ 663 judges: its column, its item, its percentile (None: mean) and the limit for it."""

    column: str
    item: str
    percent: int | None
    pollutant: str
    limit: limits.Period


STATISTICS: tuple[Statistic, ...] = (
    Statistic("so2", "so2", None, "so2", "annual"),
    Statistic("so2_p98", "so2", 98, "so2", "day"),
    Statistic("no2", "no2", None, "no2", "annual"),
    Statistic("no2_p98", "no2", 98, "no2", "day"),
    Statistic("co_p95", "co", 95, "co", "day"),
    Statistic("o3_8h_p90", "o3_8h", 90, "o3", "mda8"),
    Statistic("pm10", "pm10", None, "pm10", "annual"),
    Statistic("pm10_p95", "pm10", 95, "pm10", "day"),
    Statistic("pm25", "pm25", None, "pm25", "annual"),
    Statistic("pm25_p95", "pm25", 95, "pm25", "day"),
)
"""What a pollutant must keep to attain: HJ 663-2013 and -2026, annual evaluation of the basic items."""

JUDGED_ITEMS: tuple[str, ...] = ("so2", "no2", "co", "o3_8h", "pm10", "pm25")
"""The daily items that a period is judged by."""


def exceedance(daily: FrameLike, *, edition: limits.Edition | None = None, grade: int = 2) -> pl.DataFrame:
    """Judge daily values: which exceed their limit, and by how much (日评价达标, 超标倍数).

    Args:
        daily: ``date`` and any of ``so2 no2 o3_1h o3_8h pm10 pm25`` (ug/m3), ``co`` (mg/m3); null = missing.
        edition: limits to use for all rows; None: those in force on each row's day.
        grade: 1 or 2.

    Returns:
        The frame with ``over_<item>`` (true when the rounded value exceeds the limit; null when missing) and
        ``multiple_<item>`` (two decimals, null unless over).

    Raises:
        StandardsError: no such column, a wrong type or unit, an unknown grade.
    """
    where = "statistics.exceedance"
    data = require_columns(daily, ("date",), optional=DAILY_ITEMS, where=where)
    items = [item for item in DAILY_ITEMS if item in data.columns]
    if not items:
        raise StandardsError(f"{where}: no item to judge, expected one of {', '.join(DAILY_ITEMS)}")
    bounds = {item: limit_on(pl.col("date"), item, grade=grade, edition=edition) for item in items}
    judged = _judged(data, {item: item for item in items}, bounds)
    return judged.rename({f"_over_{item}": f"over_{item}" for item in items})


def attainment(stats: FrameLike, *, edition: limits.Edition | None = None, grade: int = 2) -> pl.DataFrame:
    """Judge period statistics (达标评价): per pollutant and in all.

    Written for a calendar year (HJ 663); a shorter period is judged by the same limits, as offices do for a preview.

    Args:
        stats: the frame of :func:`lantian.standards.statistics.period`: ``end`` and any of the columns of
            :data:`STATISTICS`.
        edition: limits to use for all rows; None: those in force on the last day of each period.
        grade: 1 or 2.

    Returns:
        The frame with ``multiple_<statistic>`` (two decimals, null unless over the limit), ``attains_<item>`` (every
        statistic of the pollutant within its limit; null when one is missing and none is over) and ``attains`` (all six
        pollutants; false as soon as one fails, null when one is unknown). Whether the data suffice is not in it: that
        is ``valid_<item>`` of the period.

    Raises:
        StandardsError: a column is missing, of a wrong type or unit, or the grade is unknown.
    """
    where = "statistics.attainment"
    present = [name for name in (statistic.column for statistic in STATISTICS) if name in _columns(stats)]
    if "end" not in _columns(stats) or not present:
        expected = ", ".join(statistic.column for statistic in STATISTICS)
        raise StandardsError(f'{where}: expected "end" (Date) and statistics of statistics.period: {expected}')
    data = require_columns(stats, present, where=where)
    judged = {each.column: each.item for each in STATISTICS if each.column in present}
    bounds = {
        each.column: _by_date(pl.col("end"), each, grade, edition) for each in STATISTICS if each.column in present
    }
    data = _judged(data, judged, bounds)
    unknown = pl.lit(None, dtype=pl.Boolean)
    data = data.with_columns(
        pl.all_horizontal(
            pl.col(f"_over_{each.column}").not_() if each.column in present else unknown
            for each in STATISTICS
            if each.item == item
        ).alias(f"attains_{item}")
        for item in JUDGED_ITEMS
    )
    attains = pl.all_horizontal(f"attains_{item}" for item in JUDGED_ITEMS)
    return data.with_columns(attains=attains).drop(f"_over_{name}" for name in present)


def over_limit(
    value: pl.Expr, day: pl.Expr, item: str, *, grade: int = 2, edition: limits.Edition | None = None
) -> pl.Expr:
    """Whether the published digits of a daily item exceed its limit on that day; null where missing."""
    return scaled(value, ITEMS[item].decimals) > limit_on(day, item, grade=grade, edition=edition)


def limit_on(day: pl.Expr, item: str, *, grade: int = 2, edition: limits.Edition | None = None) -> pl.Expr:
    """The limit of a daily item on each day, ``Int64`` in its published digits (CO in tenths); ``edition`` None: in
    force.
    """
    return _stepped(day, item, lambda each: each.daily_limit(item, grade), edition)


def _by_date(day: pl.Expr, statistic: Statistic, grade: int, edition: limits.Edition | None) -> pl.Expr:
    return _stepped(day, statistic.item, lambda each: each.limit(statistic.pollutant, statistic.limit, grade), edition)


def _stepped(
    day: pl.Expr, item: str, limit_of: Callable[[limits.Edition], float], edition: limits.Edition | None
) -> pl.Expr:
    def digits(each: limits.Edition) -> pl.Expr:
        return pl.lit(int(half_even(limit_of(each), ITEMS[item].decimals).scaleb(ITEMS[item].decimals)), dtype=pl.Int64)

    if edition is not None:
        return digits(edition)
    result = digits(limits.EDITIONS[0])
    for each in limits.EDITIONS[1:]:
        result = pl.when(day >= each.start).then(digits(each)).otherwise(result)
    return result


def _judged(data: pl.DataFrame, items: dict[str, str], bounds: dict[str, pl.Expr]) -> pl.DataFrame:
    """``_over_<column>`` and ``multiple_<column>`` beside the columns; ``items`` names the item of each."""
    # In steps: an expression that holds another several times grows with every use of it.
    work = data.with_columns(
        *(scaled(pl.col(column), ITEMS[item].decimals).alias(f"_over_{column}") for column, item in items.items()),
        *(bound.alias(f"multiple_{column}") for column, bound in bounds.items()),
    )
    return work.with_columns(
        *((pl.col(f"_over_{column}") > pl.col(f"multiple_{column}")).alias(f"_over_{column}") for column in items),
        *(
            _multiple(pl.col(f"_over_{column}"), pl.col(f"multiple_{column}")).alias(f"multiple_{column}")
            for column in items
        ),
    )


def _multiple(value: pl.Expr, bound: pl.Expr) -> pl.Expr:
    ratio = div_half_even((value - bound) * 10**MULTIPLE_DECIMALS, bound)
    return pl.when(value > bound).then(unscaled(ratio, MULTIPLE_DECIMALS))


def _columns(frame: FrameLike) -> list[str]:
    return frame.collect_schema().names() if isinstance(frame, pl.LazyFrame) else list(frame.columns)
