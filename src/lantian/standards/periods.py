"""Statistics of a month, quarter, half-year, year or any span of days (月、季、半年、年评价). GB 3095 table 4, HJ 663.

Means are arithmetic means of daily values; percentiles are those of HJ 663 (CO 95th, O3 90th, SO2 and NO2 98th, PM
95th). Means come with four decimals (half-even), percentiles exact with six; both are rounded to published digits
only where they are published or judged (:mod:`~lantian.standards.attainment`, :mod:`~lantian.standards.indices`).
"""

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from lantian.standards import limits, validity
from lantian.standards.attainment import JUDGED_ITEMS, STATISTICS, over_limit
from lantian.standards.frames import FrameLike, StandardsError, require_columns
from lantian.standards.keys import require_one_row_each
from lantian.standards.percentiles import PERCENT_DECIMALS, percentile_of
from lantian.standards.rounding import div_half_even, scaled, unscaled

DECIMALS = 4
"""Decimal places of daily values taken and of means given; a percentile has two more and is exact."""

Kind: TypeAlias = Literal["month", "quarter", "half-year", "year"]
"""Calendar periods."""

MONTHS_IN: dict[str, int] = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A span of days, ``start`` and ``end`` both counted, with the label under which it is published."""

    start: dt.date
    end: dt.date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise StandardsError(f"a period ends on or after its start; {self.start} to {self.end} does not")

    @property
    def days(self) -> int:
        """Calendar days in it."""
        return (self.end - self.start).days + 1

    @property
    def label(self) -> str:
        """``2016-12``, ``2016-Q4``, ``2016-H2``, ``2016``; any other span as ``2016-10-01/2016-11-15`` (ISO 8601)."""
        for kind, months in MONTHS_IN.items():
            if Period.holding(self.start, kind) == self:
                serial = (self.start.month - 1) // months + 1
                ends = {"month": f"-{serial:02d}", "quarter": f"-Q{serial}", "half-year": f"-H{serial}", "year": ""}
                return f"{self.start.year}{ends[kind]}"
        return f"{self.start}/{self.end}"

    @classmethod
    def holding(cls, day: dt.date, kind: str) -> "Period":
        """The calendar period of a kind (``month``, ``quarter``, ``half-year``, ``year``) in which ``day`` lies."""
        months = months_in(kind)
        first = (day.month - 1) // months * months + 1
        last = first + months - 1
        return cls(dt.date(day.year, first, 1), dt.date(day.year, last, calendar.monthrange(day.year, last)[1]))


def months_in(kind: str) -> int:
    """Months in a kind of calendar period; raises `StandardsError` for an unknown one."""
    if kind not in MONTHS_IN:
        raise StandardsError(f"unknown period {kind!r}, expected one of {', '.join(MONTHS_IN)} or (start, end)")
    return MONTHS_IN[kind]


def period(
    daily: FrameLike,
    *,
    by: Kind | tuple[dt.date, dt.date],
    edition: limits.Edition | None = None,
    grade: int = 2,
) -> pl.DataFrame:
    """Period statistics of daily values: one row for each place and period that has any row.

    Args:
        daily: ``place``, ``date`` and any of ``so2 no2 o3_8h pm10 pm25`` (ug/m3), ``co`` (mg/m3), a row a place and
            day; null = missing or not valid. Rows may be absent.
        by: a calendar period, or ``(start, end)``, both days counted, for one span.
        edition: limits for the days over the limit; None: those in force on each day.
        grade: 1 or 2, for the days over the limit.

    Returns:
        ``place, period`` (label), ``start, end, days`` (calendar days) and for every item given its mean (``pm25``),
        its percentile (``pm25_p95``, ``co_p95``, ``o3_8h_p90`` ...), ``n_<item>`` valid days, ``over_<item>`` days
        over the daily limit and ``valid_<item>``: whether the data suffice (year: 324 days and every month valid;
        month: 27 days, February 25; quarter and half-year: every month valid; null where no rule exists, as for parts
        of months).

    Raises:
        StandardsError: a column is missing, of a wrong type or unit, a day of a place is given twice, ``by`` is
            unknown.
    """
    where = "statistics.period"
    data = require_columns(daily, ("place", "date"), optional=JUDGED_ITEMS, where=where)
    items = [item for item in JUDGED_ITEMS if item in data.columns]
    if not items:
        raise StandardsError(f"{where}: no item to work on, expected one of {', '.join(JUDGED_ITEMS)}")
    require_one_row_each(data, "place", "date", where=where)
    data = data.select(pl.col("place").cast(pl.String), "date", *items)
    date = pl.col("date")
    if isinstance(by, str):
        months = months_in(by)
        first = (date.dt.month().cast(pl.Int32) - 1) // months * months + 1
        data = data.with_columns(start=pl.date(date.dt.year(), first, 1))
        spans = [Period.holding(start, by) for start in data["start"].unique().sort()]
    else:
        spans = [Period(*by)]
        data = data.filter(date.is_between(*by)).with_columns(start=pl.lit(spans[0].start))
    return (
        _statistics(data, items, edition, grade)
        .join(_names(spans), on="start")
        .join(_sufficient(data, items, spans), on=("place", "start"))
        .select(
            "place",
            "period",
            "start",
            "end",
            "days",
            *(name for item in items for name in (*_columns(item), f"n_{item}", f"over_{item}", f"valid_{item}")),
        )
        .sort("place", "start")
    )


def _columns(item: str) -> list[str]:
    percentiles = [each.column for each in STATISTICS if each.item == item and each.percent is not None]
    return [item, *percentiles]


def _names(spans: list[Period]) -> pl.DataFrame:
    return pl.DataFrame(
        [(span.start, span.end, span.label, span.days) for span in spans],
        schema={"start": pl.Date, "end": pl.Date, "period": pl.String, "days": pl.Int64},
        orient="row",
    )


def _statistics(data: pl.DataFrame, items: list[str], edition: limits.Edition | None, grade: int) -> pl.DataFrame:
    over = [
        over_limit(pl.col(item), pl.col("date"), item, grade=grade, edition=edition).alias(f"over_{item}")
        for item in items
    ]
    data = data.with_columns(*(scaled(pl.col(item), DECIMALS) for item in items), *over)
    wanted = [(each.column, each.item, each.percent) for each in STATISTICS if each.percent and each.item in items]
    return (
        data.group_by("place", "start")
        .agg(
            pl.col(items).sum(),
            *(pl.col(item).count().cast(pl.Int64).alias(f"n_{item}") for item in items),
            *(pl.col(f"over_{item}").sum().cast(pl.Int64) for item in items),
            *(pl.col(item).drop_nulls().sort().alias(column) for column, item, _ in wanted),
        )
        .with_columns(
            *(unscaled(div_half_even(pl.col(item), pl.col(f"n_{item}")), DECIMALS) for item in items),
            *(
                unscaled(percentile_of(pl.col(column), percent), DECIMALS + PERCENT_DECIMALS).alias(column)
                for column, _, percent in wanted
            ),
        )
    )


def _sufficient(data: pl.DataFrame, items: list[str], spans: list[Period]) -> pl.DataFrame:
    """``valid_<item>`` of every place and period, from its days month by month."""
    rules = {span.start: validity.requirement(span.start, span.end) for span in spans}
    needed = pl.DataFrame(
        [(start, month, days) for start, rule in rules.items() if rule for month, days in rule.months],
        schema={"start": pl.Date, "month": pl.Date, "needed": pl.Int64},
        orient="row",
    )
    totals = pl.DataFrame(
        [(start, len(rule.months), rule.days) for start, rule in rules.items() if rule],
        schema={"start": pl.Date, "months": pl.Int64, "total": pl.Int64},
        orient="row",
    )
    months = data.group_by("place", "start", pl.col("date").dt.truncate("1mo").alias("month")).agg(
        pl.col(items).count()
    )
    return (
        months.join(needed, on=("start", "month"), how="left")
        .group_by("place", "start")
        .agg(
            *((pl.col(item) >= pl.col("needed")).sum().alias(f"months_{item}") for item in items),
            *(pl.col(item).sum() for item in items),
        )
        .join(totals, on="start", how="left")
        .select(
            "place",
            "start",
            *(
                ((pl.col(f"months_{item}") == pl.col("months")) & (pl.col(item) >= pl.col("total"))).alias(
                    f"valid_{item}"
                )
                for item in items
            ),
        )
    )
