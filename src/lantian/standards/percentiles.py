"""Percentiles as HJ 663 defines them (百分位数): ``k = 1 + (n - 1) p``, linear between the neighbours of rank ``k``.

Exact: the position is a fraction of 100 and the values are scaled integers, so a percentile of numbers with four
decimals is a number with six, never a float that came near to it.
"""

from collections.abc import Iterable
from decimal import Decimal

import polars as pl

from lantian.standards.rounding import as_decimal

PERCENT_DECIMALS = 2
"""Decimals that a whole-numbered percentile adds to those of the values."""


def percentile(values: Iterable[str | int | float | Decimal | None], percent: int) -> Decimal:
    """The ``percent``-th percentile of daily values, exact and unrounded. HJ 663-2013 and -2026, annex A.

    Args:
        values: numbers in any order and unit; None is missing and does not count.
        percent: whole percent, 0 to 100: ``95``, not 0.95.

    Raises:
        ValueError: no value is left, a value is NaN, or ``percent`` is out of range.
        TypeError: ``percent`` is no whole number, or a value is no number.

    Examples:
        >>> percentile([1, 2, 3, 4], 90)
        Decimal('3.7')
    """
    check_percent(percent)
    ordered = sorted(as_decimal(value) for value in values if value is not None)
    if not ordered:
        raise ValueError("a percentile needs at least one value that is not missing")
    below, part = divmod((len(ordered) - 1) * percent, 100)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return low + (high - low) * part / 100


def percentile_of(ordered: pl.Expr, percent: int) -> pl.Expr:
    """The percentile of a column of ascending lists of ``Int64`` without nulls, in hundredths of their unit
    (``Int64``).

    An empty list has none (null). The lists come from ``group_by(...).agg(pl.col(item).drop_nulls().sort())``: to
    sort in the groups and look up outside is several times faster than to look up in each group. Raises as
    :func:`percentile`.
    """
    check_percent(percent)
    last = ordered.list.len().cast(pl.Int64) - 1
    position = last * percent
    low = ordered.list.get(position // 100, null_on_oob=True)
    high = ordered.list.get(pl.min_horizontal(position // 100 + 1, last), null_on_oob=True)
    return pl.when(last >= 0).then(low * 100 + (high - low) * (position % 100))


def check_percent(percent: int) -> None:
    """Raise unless ``percent`` is a whole number of 0 to 100."""
    if isinstance(percent, bool) or not isinstance(percent, int):
        raise TypeError(f"percent is a whole number of 0 to 100 such as 95, not {percent!r}")
    if not 0 <= percent <= 100:
        raise ValueError(f"percent is a whole number of 0 to 100 such as 95, not {percent}")
