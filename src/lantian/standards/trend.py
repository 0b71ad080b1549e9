"""Change on the year before (同比) and the rank-correlation test of a trend (Spearman 秩相关). HJ 663, annex B."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal

import polars as pl

from lantian.standards.codes import ITEMS
from lantian.standards.frames import FrameLike, StandardsError, as_frame
from lantian.standards.rounding import as_decimal, div_half_even, half_even, scaled, unscaled

CHANGE_DECIMALS = ITEMS["change_percent"].decimals
"""Decimals of a published change in percent: 1."""

_INDEX_DECIMALS = 3  # indices come rounded, to two or three places by variant; three keep both as they are

RANK_DECIMALS = 3
"""Decimals of the critical values, to which the coefficient is rounded before it is compared."""


@dataclass(frozen=True, slots=True)
class Critical:
    """Critical values ``Wp`` of Spearman's coefficient for one number of years, one-sided, and how sure we are."""

    p05: Decimal
    p01: Decimal
    confidence: str


def _table(confidence: str, **rows: str) -> dict[int, Critical]:
    table = {}
    for years, row in rows.items():
        p05, p01 = row.split()
        table[int(years[1:])] = Critical(Decimal(p05), Decimal(p01), confidence)
    return table


CRITICAL: Mapping[int, Critical] = MappingProxyType(
    _table("HIGH", n5="0.900 1.000", n6="0.829 0.943", n7="0.714 0.893", n8="0.643 0.833", n9="0.600 0.783")
    | _table("HIGH", n10="0.564 0.746")
    | _table("MEMORY", n12="0.506 0.712", n14="0.456 0.645", n16="0.425 0.601", n18="0.399 0.564", n20="0.377 0.534")
    | _table("MEMORY", n22="0.359 0.508", n24="0.343 0.485", n26="0.329 0.465", n28="0.317 0.448", n30="0.306 0.432")
)
"""Critical values by number of years; numbers between the lines have none."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Result of :func:`spearman`.

    ``coefficient`` rs with three decimals; ``years`` N; ``critical`` the value it was held against, None where the
    table has no line for N; ``significant`` None in that case; ``direction`` by the sign of a significant
    coefficient.
    """

    coefficient: Decimal
    years: int
    critical: Decimal | None
    significant: bool | None
    direction: Literal["rising", "falling", "none"] | None


def spearman(
    values: Mapping[int, str | int | float | Decimal | None], *, level: Literal["0.05", "0.01"] = "0.05"
) -> Trend:
    """Test the trend of yearly values: ``rs = 1 - 6 sum(d^2) / (N^3 - N)``, significant when ``|rs| >= Wp``. HJ 663.

    Args:
        values: year -> concentration or index of that year, any unit; None is missing and does not count. Equal values
            share the mean of their ranks.
        level: one-sided significance level of the critical value.

    Raises:
        StandardsError: fewer than five years with a value, or an unknown level.
    """
    if level not in ("0.05", "0.01"):
        raise StandardsError(f'level is "0.05" or "0.01", not {level!r}')
    series = [as_decimal(value) for _, value in sorted(values.items()) if value is not None]
    count = len(series)
    if count < 5:
        raise StandardsError(f"a trend needs at least 5 years with a value, there are {count}")
    squares = sum((rank - year) ** 2 for year, rank in enumerate(_ranks(series), start=1))
    exact = 1 - Fraction(6 * squares, count**3 - count)
    # Wp 0.829 for six years stands for 29/35: both sides are compared as printed.
    coefficient = Decimal(round(exact * 10**RANK_DECIMALS)).scaleb(-RANK_DECIMALS)
    line = CRITICAL.get(count)
    if line is None:
        return Trend(coefficient, count, None, None, None)
    critical = line.p05 if level == "0.05" else line.p01
    significant = abs(coefficient) >= critical
    direction: Literal["rising", "falling", "none"] = "none"
    if significant:
        direction = "rising" if coefficient > 0 else "falling"
    return Trend(coefficient, count, critical, significant, direction)


def _ranks(series: Sequence[Decimal]) -> list[Fraction]:
    """Rank of each value from 1; equal values share the mean of the ranks that they take up."""
    return [
        Fraction(sum(other < value for other in series) * 2 + sum(other == value for other in series) + 1, 2)
        for value in series
    ]


def change(now: str | int | float | Decimal | None, before: str | int | float | Decimal | None) -> Decimal | None:
    """Change in percent (变化率), ``(now - before) / before * 100``, one decimal; None (printed "--") without a ratio.

    There is none when a value is missing or ``before`` is not above zero. Pass published digits: the published change
    is that of the published values.
    """
    if now is None or before is None or as_decimal(before) <= 0:
        return None
    base = Fraction(as_decimal(before))
    tenths = round((Fraction(as_decimal(now)) - base) / base * 100 * 10**CHANGE_DECIMALS)
    return half_even(Decimal(tenths).scaleb(-CHANGE_DECIMALS), CHANGE_DECIMALS)


def change_expr(now: pl.Expr, before: pl.Expr, decimals: int) -> pl.Expr:
    """:func:`change` for columns of values with ``decimals`` places: percent with one decimal, null without a ratio.

    The values are first rounded half-even to ``decimals``, their published digits.
    """
    new, old = scaled(now, decimals), scaled(before, decimals)
    return unscaled(div_half_even((new - old) * 100 * 10**CHANGE_DECIMALS, old), CHANGE_DECIMALS)


def year_on_year(stats: FrameLike, columns: Iterable[str]) -> pl.DataFrame:
    """Each period beside the same period of the year before (同比).

    Args:
        stats: rows a place and period with ``place``, ``start`` and ``end`` (Date), as
            :func:`lantian.standards.statistics.period` and :func:`lantian.standards.indices.composite` give them.
        columns: the columns to compare; decimals are those of the item (``pm25_p95`` those of ``pm25``).

    Returns:
        The frame with ``<column>_before`` and ``<column>_change`` (percent, one decimal; null where there is no ratio).

    Raises:
        StandardsError: a column is missing or belongs to no item.
    """
    data = as_frame(stats)
    names = list(columns)
    for name in ("place", "start", "end", *names):
        if name not in data.columns:
            raise StandardsError(
                f'statistics.year_on_year: missing column "{name}"; the frame has: {", ".join(data.columns)}'
            )
    decimals = {name: _decimals(name) for name in names}
    # The end moves to the end of its month again, so that February meets February across leap years.
    keys = [
        _year_later(pl.col("start"), first=True).alias("start"),
        _year_later(pl.col("end"), first=False).alias("end"),
    ]
    before = data.select("place", *keys, *(pl.col(name).alias(f"{name}_before") for name in names))
    joined = data.join(before, on=("place", "start", "end"), how="left", maintain_order="left")
    return joined.with_columns(
        change_expr(pl.col(name), pl.col(f"{name}_before"), decimals[name]).alias(f"{name}_change") for name in names
    )


def same_period_before(start: dt.date, end: dt.date) -> tuple[dt.date, dt.date]:
    """The span a year earlier; an end of February stays one."""
    frame = pl.DataFrame({"start": [start], "end": [end]}).select(
        _moved(pl.col("start"), -1, first=True), _moved(pl.col("end"), -1, first=False)
    )
    return frame.row(0)


def _year_later(day: pl.Expr, *, first: bool) -> pl.Expr:
    return _moved(day, 1, first=first)


def _moved(day: pl.Expr, years: int, *, first: bool) -> pl.Expr:
    moved = day.dt.offset_by(f"{years}y")
    return moved if first else pl.when(day == day.dt.month_end()).then(moved.dt.month_end()).otherwise(moved)


def _decimals(column: str) -> int:
    if column.startswith(("composite_index", "index_", "max_index")):
        return _INDEX_DECIMALS
    stem, _, tail = column.rpartition("_p")
    item = stem if stem and tail.isdigit() else column
    if item not in ITEMS:
        raise StandardsError(
            f'statistics.year_on_year: column "{column}" belongs to no item, so its decimals are unknown'
        )
    return ITEMS[item].decimals
