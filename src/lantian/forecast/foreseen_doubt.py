"""How sure a forecast is whose weather is forecast 气象误差: quantiles wider than those of observed weather.

The statistics learnt their errors with the weather as it was observed. Issues before, made with weather forecasts, show
how much larger errors are then; until there are some, the quantiles are drawn towards those of the forecast that knows
no weather at all.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lantian.forecast.combination import KEY, QUANTILES, around, logarithm

LOST: Final = {1: 0.2, 2: 0.3, 3: 0.4, 4: 0.5, 5: 0.6, 6: 0.7, 7: 0.8}
"""Lead -> the share of what knowing the weather is worth that a weather forecast does not give. LOW: judgement, from
memory that forecasts of the circulation are of little use from about the tenth day on; it counts as `DOUBT` issues.
"""
DOUBT: Final = 10.0
"""Issues for which `LOST` counts beside those that were verified."""
_OF_NORMAL: Final = 1.2816 / 0.7979
"""The ninth decile over the mean absolute value, both of a normal variable of unit variance."""


def widened(ours: pl.DataFrame, plain: pl.DataFrame, verified: pl.DataFrame) -> pl.DataFrame:
    """Quantiles of ``ours`` as wide as errors are with weather that is forecast; values stay.

    By place, item and lead, in ln(c + floor): with h half the distance of the outer deciles, e = ln(observed) -
    ln(forecast), n issues before and the factor f0 = 1 + `LOST` (h of ``plain`` / h - 1), at least 1, all quantiles
    move away from the value by the factor ::

        f = max(1, (sum |e| / h * 1.606 + DOUBT f0) / (n + DOUBT))

    Args:
        ours: `values` of one issue, the quantiles as of observed weather.
        plain: `values` of the same issue by statistics that know no weather to come; may be empty, then f0 is 1.
        verified: ``place, lead, item, value, q10, q90, observed`` of issues before with weather forecasts, their
            quantiles as of observed weather too; may be empty.
    """
    half = (logarithm("q90") - logarithm("q10")).clip(1e-6) / 2
    error = (logarithm("observed") - logarithm("value")).abs()
    seen = (
        verified.select(*KEY, size=error / half * _OF_NORMAL)
        .drop_nulls()
        .group_by(KEY)
        .agg(pl.col("size").sum(), issues=pl.len())
    )
    known_less = plain.select(*KEY, plain=half)
    lost = pl.col("lead").replace_strict(LOST, default=max(LOST.values()), return_dtype=pl.Float64)
    both = (
        ours.join(known_less, on=KEY, how="left", maintain_order="left")
        .join(seen, on=KEY, how="left", maintain_order="left")
        .with_columns(guess=(1 + lost * (pl.col("plain") / half - 1)).clip(1).fill_null(1.0))
        .with_columns(pl.col("size").fill_null(0.0), pl.col("issues").fill_null(0))
        .with_columns(
            factor=((pl.col("size") + DOUBT * pl.col("guess")) / (pl.col("issues") + DOUBT)).clip(1).fill_null(1.0)
        )
    )
    value = logarithm("value")
    wider = pl.col("factor") > 1
    return both.with_columns(
        pl.when(wider).then(around(value, (logarithm(name) - value) * pl.col("factor"))).otherwise(name).alias(name)
        for name in QUANTILES
    ).select(ours.columns)
