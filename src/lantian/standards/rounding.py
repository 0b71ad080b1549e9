"""GB/T 8170 rounding (数值修约): half-even on the decimal number, once.

A digit below 5 is dropped, above 5 (or 5 followed by anything) carries, and exactly 5 goes to the even digit
(四舍六入五成双). What counts is the *decimal* number that a reader sees: the float 0.725 is a hair below 0.725, yet
it is written 0.725 and so it is a tie and becomes 0.72. Every published digit of the platform passes through here, so
two engines, thread counts or machines print the same.

Two shapes of the same rule: :func:`half_even` for one value, and expressions for Polars columns. Statistics work on
*scaled integers* (:func:`scaled`, :func:`unscaled`): a column of concentrations times ``10**decimals`` as ``Int64``,
whose sums are exact in any order.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import polars as pl

MAX_DECIMALS = 9
"""Most decimals that a column can be rounded to; beyond it the scaled integers of a concentration would leave 53
bits.
"""

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def as_decimal(value: str | int | float | Decimal) -> Decimal:
    """The decimal number that ``value`` is written as.

    A float stands for its shortest text (``repr``), so ``0.725`` is 0.725 and not the binary number next to it.

    Raises:
        TypeError: ``value`` is not a number or the text of one (``bool`` and ``None`` are not numbers).
        ValueError: the text is not a number, or the value is NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise TypeError(f"expected a number as str, int, float or Decimal, not {value!r} ({type(value).__name__})")
    try:
        # float.__repr__ and not repr(): a NumPy float64 is a float, but writes itself as "np.float64(...)".
        number = Decimal(float.__repr__(value) if isinstance(value, float) else value)
    except ArithmeticError:
        raise ValueError(f"{value!r} is not a decimal number, expected one such as '0.725'") from None
    if not number.is_finite():
        raise ValueError(f"{value!r} cannot be rounded: a missing value is None, not NaN or infinity")
    return number


def half_even(value: str | int | float | Decimal, decimals: int) -> Decimal:
    """Round one value to ``decimals`` places (修约), exact ties to the even digit. GB/T 8170-2008, 3.2.

    Args:
        value: the number; a float is taken as it is written (its shortest text).
        decimals: places kept, 0 or more. Round only once: never pass a value that was already rounded to other places.

    Returns:
        A ``Decimal`` with exactly ``decimals`` places; never a negative zero.

    Raises:
        TypeError: ``value`` is no number.
        ValueError: ``value`` is NaN or infinite, or ``decimals`` is negative.

    Examples:
        >>> half_even(0.725, 2), half_even("35.5", 0), half_even(34.5, 0)
        (Decimal('0.72'), Decimal('36'), Decimal('34'))
    """
    if decimals < 0:
        raise ValueError(f"decimals must be 0 or more, not {decimals}")
    result = as_decimal(value).quantize(Decimal(1).scaleb(-decimals), context=_CONTEXT)
    return abs(result) if result.is_zero() else result


def scaled(expr: pl.Expr, decimals: int) -> pl.Expr:
    """A float column as ``Int64`` in units of ``10**-decimals``, rounded half-even on its decimal text.

    Exact, not through ``expr * 10**decimals`` alone: the tie next to each value, ``(2n + 1) / (2 * 10**decimals)``,
    is a quotient of two exact floats and therefore the float nearest to the decimal tie, so a value written as a tie
    compares equal to it.

    Args:
        expr: floats or integers; null stays null. NaN, infinity and numbers that do not fit are an error when the query
            runs (missing is null).
        decimals: 0 to :data:`MAX_DECIMALS`.

    Raises:
        ValueError: ``decimals`` is out of range.
    """
    if not 0 <= decimals <= MAX_DECIMALS:
        raise ValueError(f"decimals must be 0 to {MAX_DECIMALS}, not {decimals}")
    value = expr.cast(pl.Float64)
    if decimals == 0:
        return _to_even(value)  # the tie itself is a float, and a float is above or below it as its decimal text is
    factor = float(10**decimals)
    below = (value * factor).floor()
    tie = _quotient(2.0 * below + 1.0, 2.0 * factor)
    low = below.cast(pl.Int64)
    return low + ((value > tie) | ((value == tie) & (low % 2 == 1))).cast(pl.Int64)


def unscaled(expr: pl.Expr, decimals: int) -> pl.Expr:
    """The inverse of :func:`scaled`: an ``Int64`` column as the floats nearest to its decimal numbers; null stays
    null.
    """
    return _quotient(expr.cast(pl.Float64), float(10**decimals))


def _quotient(floats: pl.Expr, divisor: pl.Expr | float) -> pl.Expr:
    """``floats / divisor``, correctly rounded.

    Polars divides a column by a single number as a product with the reciprocal, which makes 7 / 10 =
    0.7000000000000001; by a column it divides truly. Zero times a float plus the divisor is such a column.
    """
    return floats / (floats * 0.0 + divisor)


def _to_even(floats: pl.Expr) -> pl.Expr:
    """The nearest integers as ``Int64``, halves to the even one."""
    return floats.round(0, mode="half_to_even").cast(pl.Int64)


def round_expr(expr: pl.Expr, decimals: int) -> pl.Expr:
    """Round a float column half-even to ``decimals`` places; the result is the float nearest to the rounded decimal.

    The same rule as :func:`half_even`, for whole columns; null stays null, NaN is an error when the query runs.

    Examples:
        >>> pl.Series([0.725, 0.735, None]).to_frame("x").select(round_expr(pl.col("x"), 2))["x"].to_list()
        [0.72, 0.74, None]
    """
    return unscaled(scaled(expr, decimals), decimals)


def div_half_even(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """The quotient of two ``Int64`` expressions rounded half-even to an integer: a mean of scaled integers, in one
    rounding.

    The correctly rounded float quotient decides it exactly: a quotient that is no tie is at least ``1 / (2 *
    denominator)`` away from one, which for a numerator below 2**52 is more than its float can be off, and a tie is a
    float itself. (Four times as fast as whole-number division with a remainder.)

    Args:
        numerator: any sign, below 2**52 (4.5e15) in size; null stays null.
        denominator: positive; null or zero in a column gives null.
    """
    if isinstance(denominator, int):
        bottom: pl.Expr | float = float(denominator)
    else:
        bottom = pl.when(denominator > 0).then(denominator.cast(pl.Float64))
    return _to_even(_quotient(numerator.cast(pl.Float64), bottom))
