"""Percentiles by HJ 663, against the rule written out and against the worked cases."""

import math
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.standards import statistics
from lantian.standards.percentiles import percentile, percentile_of


def rule(values: list[Fraction], percent: int) -> Fraction:
    """HJ 663: k = 1 + (n - 1) p, s = floor(k), m = X(s) + (k - s) (X(s+1) - X(s)); X counts from 1."""
    ordered = sorted(values)
    k = 1 + (len(ordered) - 1) * Fraction(percent, 100)
    s = math.floor(k)
    upper = ordered[s] if s < len(ordered) else ordered[s - 1]
    return ordered[s - 1] + (k - s) * (upper - ordered[s - 1])


@pytest.mark.requirement("A2", part="percentiles")
def test_worked_cases() -> None:
    # n = 365, p = 0.95: k = 346.8, between the 346th and 347th value.
    year = [Decimal(day * day) for day in range(1, 366)]
    assert percentile(year, 95) == 346**2 + Decimal("0.8") * (347**2 - 346**2)
    # n = 31, p = 0.90: k = 28 exactly.
    assert percentile(range(101, 132), 90) == 128
    assert percentile([7], 95) == 7
    assert percentile([3, 1, 2], 0) == 1
    assert percentile([3, 1, 2], 100) == 3
    assert statistics.percentile is percentile


@pytest.mark.requirement("A2", part="percentiles")
@given(st.lists(st.one_of(st.integers(0, 10**7), st.none()), min_size=1, max_size=60), st.integers(0, 100))
def test_column_and_scalar_follow_the_rule(values: list[int | None], percent: int) -> None:
    frame = pl.DataFrame({"x": values}, schema={"x": pl.Int64})
    lists = frame.select(pl.col("x").drop_nulls().sort().implode())
    column = lists.select(percentile_of(pl.col("x"), percent)).item()
    known = [Fraction(value) for value in values if value is not None]
    if not known:
        assert column is None
        with pytest.raises(ValueError, match="at least one value"):
            percentile(values, percent)
        return
    exact = rule(known, percent)
    assert Fraction(column, 100) == exact
    assert Fraction(percentile(values, percent)) == exact


def test_decimals_are_exact_where_floats_are_not() -> None:
    assert percentile([0.1, 0.2, 0.3], 95) == Decimal("0.29")
    assert percentile(["2.578", None, "1.548"], 95) == Decimal("2.5265")


@pytest.mark.parametrize(
    ("percent", "error"), [(0.95, TypeError), (True, TypeError), (101, ValueError), (-1, ValueError)]
)
def test_a_percentile_is_a_whole_percentage(percent: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="such as 95"):
        percentile([1, 2], percent)  # type: ignore[arg-type]
