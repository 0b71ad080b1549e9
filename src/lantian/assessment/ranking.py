"""Rankings 排名 of cities, counties, zones or stations: ties, year on year, and the position against a reference
group.

Rules: 环办〔2014〕64号 as revised by 环办监测〔2018〕19号 and the improvement ranking of the plan of 2017-02-12. The
smallest value is rank 1 (cleanest); equal published values share a rank and the next is skipped (1, 2, 2, 4).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from lantian.standards import rounding
from lantian.standards.trend import change_expr

RANKED = ("composite_index", "so2", "no2", "pm10", "pm25", "co_p95", "o3_8h_p90")
"""The index and the six statistics that a monthly ranking prints."""

MORE_IS_BETTER = ("good_day_share",)

PUBLISHED_DECIMALS = 3
"""No published figure has more decimals; scaled by them, ratios are of whole numbers."""


def rank(stats: pl.DataFrame, columns: Sequence[str] = RANKED) -> pl.DataFrame:
    """Add ``rank_<column>`` for each column present and sort by the first.

    Parameters
    ----------
    stats
        One row a place, published values (already rounded: ties are ties of the printed digits). A null has no rank
        and stands last.
    columns
        What to rank by; the first present decides the order of rows.

    Returns
    -------
    DataFrame with ``rank_<column>`` (Int64, null where the value is null).
    """
    present = [c for c in columns if c in stats.columns]
    if not present:
        raise ValueError(
            f"no column to rank by: expected one of {', '.join(columns)}; found {', '.join(stats.columns)}"
        )
    ranks = [pl.col(c).rank("min").cast(pl.Int64).alias(f"rank_{c}") for c in present]
    return stats.with_columns(ranks).sort(f"rank_{present[0]}", "place", nulls_last=True)


def year_on_year(now: pl.DataFrame, before: pl.DataFrame, columns: Sequence[str] = RANKED) -> pl.DataFrame:
    """Add last year's value, the change in percent (one decimal, half-even) and the rank of the change.

    The change is (now - before) / before * 100 of the *published* values; negative is better. A place without a value
    in either year, or with zero before, has no change (null, printed ``--``) and no rank. The largest
    improvement is rank 1 改善幅度排名: the largest fall, of ``good_day_share`` the largest rise.
    """
    present = [c for c in columns if c in now.columns and c in before.columns]
    earlier = before.select("place", *(pl.col(c).alias(f"{c}_before") for c in present))
    joined = now.join(earlier, on="place", how="left")
    joined = joined.with_columns(
        change_expr(pl.col(c), pl.col(f"{c}_before"), PUBLISHED_DECIMALS).alias(f"change_{c}") for c in present
    )
    return joined.with_columns(
        pl.col(f"change_{c}").rank("min", descending=c in MORE_IS_BETTER).cast(pl.Int64).alias(f"rank_change_{c}")
        for c in present
    )


def against(stats: pl.DataFrame, reference: pl.DataFrame, column: str = "composite_index") -> pl.DataFrame:
    """Add how far each place stands from the mean of a reference group, in percent with two decimals.

    ``reference`` holds the group's rows (a zone against the counties, say). The group's value is the mean of its
    published values, kept to the digits that make the percentage exact. Positive means worse than the group.
    """
    values = reference[column].drop_nulls()
    if values.is_empty():
        raise ValueError(f"the reference group has no {column}: nothing to compare with")
    scale = 10**PUBLISHED_DECIMALS
    exact = pl.lit(round(values.sum() * scale)) / len(values) / scale
    difference = (pl.col(column) - exact) / exact * 100
    return stats.with_columns(
        exact.alias(f"reference_{column}"), rounding.round_expr(difference, 2).alias(f"against_{column}")
    )


def last(ranked: pl.DataFrame, n: int, column: str = "composite_index") -> pl.DataFrame:
    """The worst ``n`` places 后n名, worst first; places that tie with the n-th are all listed."""
    known = ranked.filter(pl.col(column).is_not_null()).sort(column, "place", descending=[True, False])
    if known.height <= n:
        return known
    return known.filter(pl.col(column) >= known[column][n - 1])
