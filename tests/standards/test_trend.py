"""Year-on-year change and the rank-correlation test."""

import datetime as dt
from decimal import Decimal
from typing import Literal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.standards import StandardsError, statistics
from lantian.standards.trend import CRITICAL, change, change_expr, same_period_before, spearman, year_on_year


def series(*values: float | None, first: int = 2013) -> dict[int, float | None]:
    return dict(enumerate(values, start=first))


@pytest.mark.requirement("A2", part="trend test")
@pytest.mark.parametrize(
    ("values", "level", "coefficient", "significant", "direction"),
    [
        (series(90, 86, 81, 73, 58), "0.05", "-1.000", True, "falling"),
        (series(90, 86, 81, 73, 58), "0.01", "-1.000", True, "falling"),
        (series(1, 2, 3, 5, 4), "0.05", "0.900", True, "rising"),  # exactly the critical value
        (series(1, 2, 3, 5, 4), "0.01", "0.900", False, "none"),
        (series(1, 2, 5, 3, 4), "0.05", "0.700", False, "none"),
        # Six years: 29/35 = 0.8286 is the critical value that the table prints as 0.829.
        (series(2, 1, 3, 5, 4, 6), "0.05", "0.886", True, "rising"),
        (series(3, 1, 2, 4, 5, 6), "0.05", "0.829", True, "rising"),
        (series(7, 7, 7, 7, 7), "0.05", "0.500", False, "none"),
    ],
)
def test_trend_against_the_critical_values(
    values: dict[int, float | None],
    level: Literal["0.05", "0.01"],
    coefficient: str,
    significant: bool,
    direction: str,
) -> None:
    result = spearman(values, level=level)
    assert str(result.coefficient) == coefficient
    assert (result.significant, result.direction) == (significant, direction)


def test_the_table_of_critical_values() -> None:
    published = {
        5: ("0.900", "1.000"), 6: ("0.829", "0.943"), 7: ("0.714", "0.893"),
        8: ("0.643", "0.833"), 9: ("0.600", "0.783"), 10: ("0.564", "0.746"),
    }  # fmt: skip
    for years, (p05, p01) in published.items():
        assert (str(CRITICAL[years].p05), str(CRITICAL[years].p01)) == (p05, p01)
        assert CRITICAL[years].confidence == "HIGH"
    assert all(line.confidence == "MEMORY" for years, line in CRITICAL.items() if years > 10)


def test_years_without_a_value_do_not_count() -> None:
    result = spearman(series(90, None, 86, 81, 73, 58))
    assert (result.years, result.significant) == (5, True)
    with pytest.raises(StandardsError, match="at least 5 years with a value, there are 4"):
        spearman(series(90, None, 86, 81, 73))
    eleven = spearman(series(*range(11)))
    assert (eleven.coefficient, eleven.critical, eleven.significant) == (Decimal("1.000"), None, None)
    with pytest.raises(StandardsError, match="level is"):
        spearman(series(1, 2, 3, 4, 5), level="0.1")  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 100), min_size=5, max_size=10, unique=True))
def test_a_mirrored_series_has_the_opposite_trend(values: list[int]) -> None:
    forward = spearman(series(*values))
    backward = spearman(series(*reversed(values)))
    assert forward.coefficient == -backward.coefficient
    assert abs(forward.coefficient) <= 1


@pytest.mark.requirement("A3", part="year-on-year")
@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [
        (65, 84, "-22.6"),  # the 28 cities, October and November 2017
        (52, 92, "-43.5"),  # Beijing
        (71, "108.1", "-34.3"),  # fourth quarter
        (84, 84, "0.0"),
        ("1.0005", "1", "0.0"),  # 0.05 is a tie
        ("1.0015", "1", "0.2"),
        (0, 5, "-100.0"),
        (5, 0, None),
        (None, 5, None),
        (5, None, None),
    ],
)
def test_change_in_percent(now: float | str | None, before: float | str | None, percent: str | None) -> None:
    result = change(now, before)
    assert (None if result is None else str(result)) == percent


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_column_and_scalar_change_agree(now: int, before: int) -> None:
    frame = pl.DataFrame({"now": [now / 10], "before": [before / 10]})
    column = frame.select(change_expr(pl.col("now"), pl.col("before"), 1)).item()
    scalar = change(now / 10, before / 10)
    assert column == (None if scalar is None else float(scalar))


def test_year_on_year_meets_the_same_period_across_leap_years() -> None:
    dates = pl.date_range(dt.date(2015, 1, 1), dt.date(2017, 12, 31), "1d", eager=True)
    frame = pl.DataFrame({"place": "110000", "date": dates}).with_columns(
        pm25=pl.when(pl.col("date").dt.year() == 2015).then(84.4).otherwise(65.0)
    )
    months = year_on_year(statistics.period(frame, by="month"), ["pm25", "pm25_p95"])
    february = {row["period"]: row for row in months.iter_rows(named=True) if row["period"].endswith("-02")}
    assert february["2015-02"]["pm25_change"] is None
    # Published digits are compared: 65 against 84, not 84.4.
    assert february["2016-02"]["pm25_change"] == -22.6
    assert february["2016-02"]["pm25_p95_before"] == 84.4
    assert february["2017-02"]["pm25_change"] == 0.0
    assert months["pm25_change"].null_count() == 12
    assert same_period_before(dt.date(2016, 2, 1), dt.date(2016, 2, 29)) == (dt.date(2015, 2, 1), dt.date(2015, 2, 28))
    assert same_period_before(dt.date(2017, 2, 1), dt.date(2017, 2, 28)) == (dt.date(2016, 2, 1), dt.date(2016, 2, 29))
    assert same_period_before(dt.date(2016, 1, 1), dt.date(2016, 6, 15)) == (dt.date(2015, 1, 1), dt.date(2015, 6, 15))


def test_year_on_year_names_what_is_missing() -> None:
    frame = pl.DataFrame({"place": ["a"], "start": [dt.date(2016, 1, 1)], "end": [dt.date(2016, 1, 31)], "x": [1.0]})
    with pytest.raises(StandardsError, match='missing column "pm25"'):
        year_on_year(frame, ["pm25"])
    with pytest.raises(StandardsError, match='column "x" belongs to no item'):
        year_on_year(frame, ["x"])
