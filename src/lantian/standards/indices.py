"""Composite index 综合指数, single indices 单项指数 and the largest of them 最大指数, in named variants kept as data.

The index of all published rankings (环办〔2014〕64号) is the sum of ``C / S`` over six pollutants: means of SO2, NO2,
PM10 and PM2.5 over their annual limits, the CO 95th and the O3 90th percentile over the daily limits. How it is
rounded was found by reproducing published figures: concentrations first, each single index to two decimals half-even,
then the sum.

Since 2026-03-01 new limits are in force and weights are in use; until the official text of HJ 663-2026 is at hand both
weightings are given side by side, each under its name.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import polars as pl

from lantian.standards.frames import FrameLike, StandardsError, as_frame, require_columns
from lantian.standards.rounding import div_half_even, half_even, scaled, unscaled

POLLUTANTS: tuple[str, ...] = ("so2", "no2", "pm10", "pm25", "co", "o3")
"""The six terms, in the order in which they are published."""

COLUMNS: Mapping[str, str] = MappingProxyType(
    {"so2": "so2", "no2": "no2", "pm10": "pm10", "pm25": "pm25", "co": "co_p95", "o3": "o3_8h_p90"}
)
"""Term -> the column of :func:`lantian.standards.statistics.period` that it is made of."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to make the index.

    ``limits`` the divisors and ``weights`` of the six terms; ``decimals`` to which concentrations are rounded first;
    ``single_decimals`` of a single index, ``total_decimals`` of the sum. ``daily_limits``, where given, divide the
    percentiles ``<item>_p<k>`` named in ``percentiles``, and the larger of the two ratios is the single index.
    """

    name: str
    label: str
    limits: Mapping[str, int]
    weights: Mapping[str, int]
    decimals: Mapping[str, int]
    single_decimals: int
    total_decimals: int
    source: str
    confidence: str
    percentiles: Mapping[str, str] = field(default_factory=dict)
    daily_limits: Mapping[str, int] = field(default_factory=dict)


_OLD_LIMITS = MappingProxyType({"so2": 60, "no2": 40, "pm10": 70, "pm25": 35, "co": 4, "o3": 160})
_NEW_LIMITS = MappingProxyType({"so2": 60, "no2": 40, "pm10": 60, "pm25": 30, "co": 4, "o3": 160})
_EQUAL = MappingProxyType(dict.fromkeys(POLLUTANTS, 1))
_WEIGHTED = MappingProxyType({"so2": 1, "no2": 2, "pm10": 1, "pm25": 3, "co": 1, "o3": 2})
_WHOLE = MappingProxyType({"so2": 0, "no2": 0, "pm10": 0, "pm25": 0, "co": 1, "o3": 0})
_TENTHS = MappingProxyType({"so2": 1, "no2": 1, "pm10": 1, "pm25": 1, "co": 2, "o3": 1})
_PUBLISHED = "环办〔2014〕64号, 环办监测〔2018〕19号; rounding found from published figures"
_VENDOR = "a provincial ranking system; official text of HJ 663-2026 not at hand"

VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        variant.name: variant
        for variant in (
            Variant("2014", "2014 limits, equal weights", _OLD_LIMITS, _EQUAL, _WHOLE, 2, 2, _PUBLISHED, "HIGH"),
            Variant("2014-weighted", "2014 limits, weighted", _OLD_LIMITS, _WEIGHTED, _WHOLE, 2, 2, _VENDOR, "LOW"),
            Variant("2026", "2026 limits, equal weights", _NEW_LIMITS, _EQUAL, _TENTHS, 3, 3, _VENDOR, "MEDIUM-LOW"),
            Variant("2026-weighted", "2026 limits, weighted", _NEW_LIMITS, _WEIGHTED, _TENTHS, 3, 3, _VENDOR, "LOW"),
            Variant(
                "hj663-2013",
                "HJ 663-2013 annex C: the larger of mean and percentile ratio; not the ranking index",
                _OLD_LIMITS,
                _EQUAL,
                _WHOLE,
                2,
                2,
                "HJ 663-2013 annex C",
                "MEMORY",
                percentiles=MappingProxyType(
                    {"so2": "so2_p98", "no2": "no2_p98", "pm10": "pm10_p95", "pm25": "pm25_p95"}
                ),
                daily_limits=MappingProxyType({"so2": 150, "no2": 80, "pm10": 150, "pm25": 75}),
            ),
        )
    }
)
"""Every variant by name. ``2014`` is the ranking index to 2026-02-28; ``2026`` and ``2026-weighted`` follow it."""

_NEW_FROM = dt.date(2026, 3, 1)


def variants_on(day: dt.date) -> tuple[Variant, ...]:
    """The variants shown for a period that ends on ``day``, the leading one first."""
    names = ("2014",) if day < _NEW_FROM else ("2026", "2026-weighted")
    return tuple(VARIANTS[name] for name in names)


def variant_named(name: str) -> Variant:
    """A variant by name; raises `StandardsError` with the known names."""
    if name not in VARIANTS:
        raise StandardsError(f"unknown index variant {name!r}, expected one of {', '.join(VARIANTS)}")
    return VARIANTS[name]


@dataclass(frozen=True, slots=True)
class IndexResult:
    """Result of :func:`of`.

    ``composite`` is None when a pollutant is missing: a missing gas is not a clean one. ``single`` has the single index
    of each pollutant (None when missing), ``max_index`` the largest and ``max_items`` its pollutants (several when
    equal), None and empty when one is missing. ``beside`` holds the other weightings to be shown with it.
    """

    variant: Variant
    composite: Decimal | None
    single: Mapping[str, Decimal | None]
    max_index: Decimal | None
    max_items: tuple[str, ...]
    beside: tuple["IndexResult", ...] = ()


_Number = str | int | float | Decimal


def of(
    *,
    so2: _Number | None = None,
    no2: _Number | None = None,
    pm10: _Number | None = None,
    pm25: _Number | None = None,
    co: _Number | None = None,
    o3: _Number | None = None,
    date: dt.date | None = None,
    variant: str | None = None,
) -> IndexResult:
    """The composite index of one set of statistics (综合指数).

    Args:
        so2: mean, ug/m3.
        no2: mean, ug/m3.
        pm10: mean, ug/m3.
        pm25: mean, ug/m3.
        co: 95th percentile of daily means, mg/m3.
        o3: 90th percentile of MDA8, ug/m3.
        date: last day of the period, which chooses the variants in use.
        variant: a name of :data:`VARIANTS` instead. Without date and variant: ``2014``, the index of all published
            rankings up to February 2026. ``hj663-2013`` needs percentiles and therefore a frame: :func:`composite`.

    Raises:
        StandardsError: the variant is unknown or needs percentiles, a value is negative, or CO looks like ug/m3.
        TypeError, ValueError: a value is no number.

    Examples:
        >>> of(so2=6, no2=12, pm10=51, pm25=19, co=0.9, o3=137).composite
        Decimal('2.75')
    """
    values = {"so2": so2, "no2": no2, "pm10": pm10, "pm25": pm25, "co": co, "o3": o3}
    chosen = (variant_named(variant),) if variant else variants_on(date) if date else (VARIANTS["2014"],)
    if chosen[0].percentiles:
        raise StandardsError(f"the index {chosen[0].name!r} needs percentiles: use indices.composite with a frame")
    for name, value in values.items():
        if value is not None and half_even(value, 6) < 0:
            raise StandardsError(f"{name}={value}: a concentration is >= 0, or None when missing")
    if co is not None and half_even(co, 6) > 150:
        raise StandardsError(f"co={co} looks like ug/m3; mg/m3 expected")
    results = [_result(each, values) for each in chosen]
    first = results[0]
    return IndexResult(
        first.variant, first.composite, first.single, first.max_index, first.max_items, tuple(results[1:])
    )


def _result(variant: Variant, values: Mapping[str, _Number | None]) -> IndexResult:
    single: dict[str, Decimal | None] = {}
    for name, value in values.items():
        if value is None:
            single[name] = None
            continue
        ratio = Fraction(half_even(value, variant.decimals[name])) / variant.limits[name]
        single[name] = _digits(ratio, variant.single_decimals)
    known = {name: value for name, value in single.items() if value is not None}
    if len(known) < len(POLLUTANTS):
        return IndexResult(variant, None, MappingProxyType(single), None, ())
    total = sum(Fraction(value) * variant.weights[name] for name, value in known.items())
    largest = max(known.values())
    names = tuple(name for name in POLLUTANTS if known[name] == largest)
    return IndexResult(
        variant, _digits(Fraction(total), variant.total_decimals), MappingProxyType(single), largest, names
    )


def _digits(exact: Fraction, decimals: int) -> Decimal:
    return Decimal(round(exact * 10**decimals)).scaleb(-decimals)


def composite(stats: FrameLike, *, variant: str | None = None) -> pl.DataFrame:
    """Composite, single and largest index of period statistics (综合指数、单项指数、最大指数).

    Args:
        stats: ``so2 no2 pm10 pm25`` (means, ug/m3), ``co_p95`` (mg/m3), ``o3_8h_p90`` (ug/m3), as
            :func:`lantian.standards.statistics.period` gives them; ``hj663-2013`` also ``so2_p98 no2_p98 pm10_p95
            pm25_p95``. Without ``variant`` also ``end`` (Date), the last day of the period. Null = missing.
        variant: a name of :data:`VARIANTS`; None: by the end of each row's period.

    Returns:
        The frame with ``index_<item>`` for ``so2 no2 pm10 pm25 co o3``, ``composite_index``, ``max_index``,
        ``max_items`` (list of str, several when equal) and ``index_variant``. A row with a missing pollutant has null
        for the last three figures. Without ``variant`` also ``composite_index_weighted``, null before 2026-03-01.

    Raises:
        StandardsError: a column is missing or of a wrong type or unit, or the variant is unknown.
    """
    where = "indices.composite"
    chosen = None if variant is None else variant_named(variant)
    percentiles = chosen.percentiles.values() if chosen else ()
    data = require_columns(as_frame(stats), (*COLUMNS.values(), *percentiles), where=where)
    if chosen:
        return _with_index(data, chosen)
    if data.schema.get("end") != pl.Date:
        raise StandardsError(f'{where}: expected column "end" (Date, last day of the period), or name a variant')
    is_old = pl.col("end") < _NEW_FROM
    data = data.with_row_index("_row")
    old = _with_index(data.filter(is_old), VARIANTS["2014"])
    new = _with_index(data.filter(~is_old), VARIANTS["2026"])
    weighted = _with_index(data.filter(~is_old), VARIANTS["2026-weighted"]).get_column("composite_index")
    return (
        pl.concat(
            [
                old.with_columns(composite_index_weighted=pl.lit(None, dtype=pl.Float64)),
                new.with_columns(composite_index_weighted=weighted),
            ]
        )
        .sort("_row")
        .drop("_row")
    )


def _with_index(data: pl.DataFrame, variant: Variant) -> pl.DataFrame:
    """The new columns, made in steps: an expression that holds another several times grows with every use of it."""
    places = variant.single_decimals
    names = [f"index_{name}" for name in POLLUTANTS]
    data = data.with_columns(_single(variant, name).alias(f"index_{name}") for name in POLLUTANTS)
    total = pl.sum_horizontal(pl.col(f"index_{name}") * variant.weights[name] for name in POLLUTANTS)
    data = data.with_columns(
        _whole=pl.all_horizontal(pl.col(names).is_not_null()), _total=total, _largest=pl.max_horizontal(names)
    )
    whole, largest = pl.col("_whole"), pl.col("_largest")
    ranked = pl.concat_list(
        pl.when(pl.col(f"index_{name}") == largest).then(pl.lit(name)) for name in POLLUTANTS
    ).list.drop_nulls()
    total = div_half_even(pl.col("_total") * 10**variant.total_decimals, 10**places)
    return data.with_columns(
        *(unscaled(pl.col(name), places) for name in names),
        pl.when(whole).then(unscaled(total, variant.total_decimals)).alias("composite_index"),
        pl.when(whole).then(unscaled(largest, places)).alias("max_index"),
        pl.when(whole).then(ranked).alias("max_items"),
        index_variant=pl.lit(variant.name),
    ).drop("_whole", "_total", "_largest")


def _single(variant: Variant, name: str) -> pl.Expr:
    """Rounded concentration over limit, rounded: an integer of ``single_decimals`` places."""
    ratio = _ratio(variant, name, COLUMNS[name], variant.limits)
    if name not in variant.percentiles:
        return ratio
    by_day = _ratio(variant, name, variant.percentiles[name], variant.daily_limits)
    return pl.when(ratio.is_not_null() & by_day.is_not_null()).then(pl.max_horizontal(ratio, by_day))


def _ratio(variant: Variant, name: str, column: str, limits: Mapping[str, int]) -> pl.Expr:
    decimals = variant.decimals[name]
    digits = scaled(pl.col(column), decimals)
    return div_half_even(digits * 10**variant.single_decimals, limits[name] * 10**decimals)
