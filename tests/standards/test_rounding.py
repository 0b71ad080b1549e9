"""GB/T 8170: one value and whole columns follow the same rule."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.standards.rounding import div_half_even, half_even, round_expr, scaled, unscaled

TIES = [
    ("0.5", 0, "0"),
    ("1.5", 0, "2"),
    ("2.5", 0, "2"),
    ("0.725", 2, "0.72"),
    ("0.735", 2, "0.74"),
    ("0.225", 2, "0.22"),
    ("0.275", 2, "0.28"),
    ("35.5", 0, "36"),
    ("34.5", 0, "34"),
    ("4.5", 0, "4"),
    ("44.5", 0, "44"),
    ("50.5", 0, "50"),
    ("-2.5", 0, "-2"),
    ("2.5000001", 0, "3"),
    ("2.4999999", 0, "2"),
    ("-0.4", 0, "0"),
]
number = st.tuples(st.integers(-(10**8), 10**8), st.integers(0, 8)).map(lambda pair: pair[0] / 10 ** pair[1])


@pytest.mark.requirement("A2", part="GB/T 8170 rounding")
@pytest.mark.parametrize(("text", "decimals", "rounded"), TIES)
def test_ties_go_to_the_even_digit(text: str, decimals: int, rounded: str) -> None:
    assert str(half_even(text, decimals)) == rounded
    assert half_even(float(text), decimals) == Decimal(rounded)
    column = pl.DataFrame({"x": [float(text), 7.0]}).select(round_expr(pl.col("x"), decimals))
    assert column["x"].to_list() == [float(rounded), 7.0]


@given(number, st.integers(0, 6))
def test_column_and_scalar_agree_and_give_the_nearest_float(value: float, decimals: int) -> None:
    frame = pl.DataFrame({"x": [value, 0.3, None]})
    rounded = frame.select(round_expr(pl.col("x"), decimals))["x"].to_list()
    assert rounded == [float(half_even(value, decimals)), float(half_even(0.3, decimals)), None]
    alone = frame.head(1).select(round_expr(pl.col("x"), decimals)).item()
    assert alone == rounded[0]


@given(number, st.integers(0, 6))
def test_rounding_twice_to_the_same_place_changes_nothing(value: float, decimals: int) -> None:
    once = half_even(value, decimals)
    assert half_even(once, decimals) == once
    assert abs(once - Decimal(repr(value))) * 2 <= Decimal(1).scaleb(-decimals)


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(1, 9000)), min_size=1))
def test_integer_quotients_are_half_even(pairs: list[tuple[int, int]]) -> None:
    frame = pl.DataFrame(pairs, schema={"n": pl.Int64, "d": pl.Int64}, orient="row")
    got = frame.select(div_half_even(pl.col("n"), pl.col("d")))["n"].to_list()
    assert got == [round(Fraction(n, d)) for n, d in pairs]


@given(st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=20), st.integers(0, 6))
def test_scaled_integers_return_unchanged(whole: list[int], decimals: int) -> None:
    frame = pl.DataFrame({"x": whole}, schema={"x": pl.Int64})
    floats = frame.select(unscaled(pl.col("x"), decimals))
    assert floats["x"].to_list() == [float(Decimal(value).scaleb(-decimals)) for value in whole]
    assert floats.select(scaled(pl.col("x"), decimals)).equals(frame)


@given(st.integers(-(2**52) + 1, 2**52 - 1), st.integers(1, 10**6), st.integers(-1, 1))
def test_quotients_of_the_longest_integers_and_beside_ties_are_half_even(top: int, bottom: int, off: int) -> None:
    beside_a_tie = (2 * (top // (2 * bottom)) + 1) * bottom + off  # over 2 * bottom: a tie when off is 0
    frame = pl.DataFrame({"n": [top, beside_a_tie], "d": [bottom, 2 * bottom]})
    exact = [round(Fraction(n, d)) for n, d in frame.rows()]
    assert frame.select(div_half_even(pl.col("n"), pl.col("d")))["n"].to_list() == exact
    by_number = frame.select(div_half_even(pl.col("n"), bottom))["n"].to_list()
    assert by_number == [round(Fraction(n, bottom)) for n in frame["n"]]
    by_one_value = frame.select(div_half_even(pl.col("n"), pl.col("d").max()))["n"].to_list()
    assert by_one_value == [round(Fraction(n, 2 * bottom)) for n in frame["n"]]


def test_a_quotient_with_nothing_below_the_line_is_missing() -> None:
    frame = pl.DataFrame({"n": [1, 2, None], "d": [0, None, 3]})
    assert frame.select(div_half_even(pl.col("n"), pl.col("d")))["n"].to_list() == [None, None, None]


@pytest.mark.parametrize("bad", [None, True, [1]])
def test_only_numbers_are_rounded(bad: object) -> None:
    with pytest.raises(TypeError, match="expected a number"):
        half_even(bad, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", ["", "12 ug", float("nan"), float("inf"), Decimal("NaN")])
def test_missing_values_and_words_are_refused(bad: object) -> None:
    with pytest.raises(ValueError, match=r"cannot be rounded|not a decimal number"):
        half_even(bad, 1)  # type: ignore[arg-type]


def test_nan_in_a_column_is_an_error_not_a_number() -> None:
    with pytest.raises(pl.exceptions.InvalidOperationError):
        pl.DataFrame({"x": [float("nan")]}).select(round_expr(pl.col("x"), 0))


def test_decimals_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="decimals must be"):
        half_even(1, -1)
    with pytest.raises(ValueError, match="decimals must be"):
        scaled(pl.col("x"), 10)


def test_a_long_number_keeps_all_its_digits() -> None:
    text = "12345678901234567890.125"
    assert half_even(text, 2) == Decimal(text).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
