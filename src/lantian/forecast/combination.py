"""Published values 组合预报: what the sources say of a day, each weighed by how it lately erred.

    ours, shares = combined(statistics, others, verified)

Every source is first freed from its own lately measured bias; the weights are those of least error variance (Bates and
Granger 1969, Oper. Res. Quart. 20: 451), none below nothing, and the less sure it is that they would have helped, the
nearer they stay to the statistics alone. All is in ln(c + `FLOOR`), by place, item and lead. Where nothing but the
statistics speaks, their digits are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy.optimize import nnls  # type: ignore[import-untyped]

from lantian.forecast.history import ITEMS, Array
from lantian.forecast.learn_trees import FLOOR
from lantian.forecast.store_files import SCHEMAS
from lantian.kernel.settings import TIMEZONE

STATISTICS: Final = "statistics"
KEY: Final = ("place", "item", "lead")
FEWEST: Final = 10
"""Issues that a source must have been verified on before it counts. Against its share count as many that spoke for the
statistics alone, and against a covariance as many in which the worse of the two repeated the errors of the better one
and added some of its own: then it deserves nothing.
"""
DOUBT: Final = 5.0
"""A bias counts as if so many more issues had shown none. Judgement: fewer than `learn_days.DOUBT`, for nobody has yet
calibrated the others."""
SURE: Final = 1.5
"""Of a gain that is so many standard errors nothing is believed. Chosen on the evenings of `benchmarks.combination`,
where anything less let a worse model cost the city 0.01 of 1 - NME: weights that are estimated on few issues often do
worse than none (Timmermann 2006, Handbook of Economic Forecasting 1: 135)."""
QUANTILES: Final = ("q10", "q25", "q50", "q75", "q90")
_FLOORS: Final = dict(zip(ITEMS, FLOOR.tolist(), strict=True))


@dataclass(frozen=True)
class Weights:
    """How sources are put together, in their order, the statistics first.

    Attributes:
        shares: (source,) not below nothing, sum 1.
        biases: (source,) to be added to the logarithms; nothing for the statistics, which correct themselves.
        issues: (source,) on how many each was verified together with the statistics.
        spread: the size of the errors together over that of the statistics alone, at most 1.
    """

    shares: Array
    biases: Array
    issues: Array
    spread: float


def combined(ours: pl.DataFrame, others: pl.DataFrame, verified: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is published of an issue.

    Args:
        ours: `values` of one issue as the statistics alone would publish them: their rows under our name.
        others: `values` of the same issue by other sources; a row that ours has no counterpart of is not used.
        verified: ``issue, source, place, lead, item, value, observed`` of issues before, `STATISTICS` among the
            sources: what was known at this issue and nothing else.

    Returns:
        ``ours``, changed where others have a share: value, and the quantiles moved with it and drawn in as the errors
        become smaller. And ``shares`` as `store_files.SCHEMAS` has them: every source that spoke, also in vain.
    """
    told = others.drop_nulls("value").join(ours, on=KEY, how="semi").sort(*KEY, "source")
    if told.is_empty():
        return ours, pl.DataFrame(schema=dict(SCHEMAS["shares"]))
    weights = _weights(told, verified)
    moved = (
        pl.concat([ours.with_columns(source=pl.lit(STATISTICS)), told.select(ours.columns)], how="vertical_relaxed")
        .join(weights, on=(*KEY, "source"))
        .group_by(KEY)
        .agg(
            new=(pl.col("share") * (logarithm("value") + pl.col("bias"))).sum(),
            alone=(pl.col("source") != STATISTICS).and_(pl.col("share") > 0).any().not_(),
            spread=pl.col("spread").first(),
        )
        .filter(~pl.col("alone"))
    )
    both = ours.join(moved, on=KEY, how="left", maintain_order="left")
    old = logarithm("value")
    found = {name: around(pl.col("new"), (logarithm(name) - old) * pl.col("spread")) for name in QUANTILES}
    found["value"] = around(pl.col("new"))
    changed = both.with_columns(
        pl.when(pl.col("new").is_null()).then(name).otherwise(made).alias(name) for name, made in found.items()
    )
    shares = weights.join(ours.select("issue", "date", *KEY), on=KEY).sort(*KEY)
    return changed.select(ours.columns), shares.select(pl.col(n).cast(t) for n, t in SCHEMAS["shares"].items())


def hours_like(hours: pl.DataFrame, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Hours ``place, time`` and items brought from the days ``before`` to those ``after``, both `values` of one issue.

    A factor a day; the hours of the day of the issue take the first day's. A day of nothing becomes even. Hours of
    days that did not change keep their digits.
    """
    changed = before.join(after, on=("place", "date", "item"), suffix="_after").filter(
        pl.col("value") != pl.col("value_after")
    )
    if changed.is_empty():
        return hours
    # a factor, and what is added to nothing
    factor = pl.when(pl.col("value") > 0).then(pl.col("value_after") / pl.col("value")).otherwise(0.0)
    even = pl.when(pl.col("value") > 0).then(0.0).otherwise(pl.col("value_after"))
    days = changed.with_columns(factor=factor, even=even)
    first = days.filter(lead=1).with_columns(date=pl.col("date").dt.offset_by("-1d"))
    wide = pl.concat([days, first]).pivot("item", index=["place", "date"], values=["factor", "even"])
    day = pl.col("time").dt.convert_time_zone(str(TIMEZONE)).dt.date()
    joined = hours.with_columns(date=day).join(wide, on=("place", "date"), how="left", maintain_order="left")
    items = sorted(set(changed["item"]))
    return joined.with_columns(
        pl.when(pl.col(names[0]).is_null()).then(hour).otherwise(hour * pl.col(names[0]) + pl.col(names[1])).alias(hour)
        for item in items
        for hour in ["o3" if item == "o3_8h" else item]
        for names in [(f"factor_{item}", f"even_{item}")]
    ).select(hours.columns)


def weighed(errors: Array) -> Weights:
    """Weights from errors ln(observed) - ln(forecast): (issue, source), the statistics first, NaN where not known."""
    there = ~np.isnan(errors)
    both = there & there[:, :1]
    count = both.sum(0).astype(float)
    known, total = there.sum(0), np.where(there, errors, 0.0)
    biases = total.sum(0) / (known + DOUBT)
    biases[0] = 0.0
    # Each error less the bias that the other issues show: less its own it would look smaller than it is.
    beside = (total.sum(0) - total) / (np.maximum(known - 1, 0) + DOUBT)
    beside[:, 0] = 0.0
    left = np.where(both, errors - beside, 0.0)
    pairs = both.T.astype(float) @ both
    shown = left.T @ left / np.maximum(pairs, 1.0)
    size = np.diag(shown)
    kept = pairs / (pairs + FEWEST * (1.0 - np.eye(len(size))) + 1e-9)  # all of a variance
    covariance = kept * shown + (1.0 - kept) * np.minimum(size[:, None], size)
    usable = np.flatnonzero(count >= FEWEST)
    shares = np.zeros(len(count))
    if len(usable) > 1:
        best = _least(covariance[np.ix_(usable, usable)])
        rows = both[:, usable[best > 0]].all(1)
        shares[usable] = best * kept[0, usable] * _sure(left[rows, 0] ** 2 - (left[np.ix_(rows, usable)] @ best) ** 2)
    shares[0] = 0.0
    shares[0] = 1.0 - shares.sum()
    alone = covariance[0, 0]
    spread = np.sqrt(min(shares @ covariance @ shares / alone, 1.0)) if alone > 0 else 1.0
    return Weights(shares, biases, count, float(spread))


def logarithm(column: str) -> pl.Expr:
    """ln(c + `FLOOR`) of a column of concentrations, by ``item``."""
    floor = pl.col("item").replace_strict(_FLOORS, return_dtype=pl.Float64)
    return (pl.col(column).clip(0) + floor).log()


def around(centre: pl.Expr, by: pl.Expr | float = 0.0) -> pl.Expr:
    """The concentration of a logarithm moved ``by`` some more; never negative."""
    floor = pl.col("item").replace_strict(_FLOORS, return_dtype=pl.Float64)
    return ((centre + by).exp() - floor).clip(0)


def _weights(told: pl.DataFrame, verified: pl.DataFrame) -> pl.DataFrame:
    """``place, item, lead, source, share, bias, issues, spread`` of every case of which others spoke."""
    late = verified.select("issue", "source", *KEY, error=logarithm("observed") - logarithm("value"))
    by_case = late.drop_nulls("error").partition_by(KEY, as_dict=True)
    rows = []
    for case, part in told.partition_by(KEY, as_dict=True, maintain_order=True).items():
        sources = [STATISTICS, *part["source"]]
        found = weighed(_table(by_case.get(case), sources))
        rows += [
            (*case, *each, found.spread) for each in zip(sources, found.shares, found.biases, found.issues, strict=True)
        ]
    kinds = {name: told.schema[name] for name in (*KEY, "source")}
    return pl.DataFrame(
        rows, schema=kinds | dict.fromkeys(("share", "bias", "issues", "spread"), pl.Float64), orient="row"
    )


def _table(late: pl.DataFrame | None, sources: Sequence[str]) -> Array:
    """Errors (issue, source), NaN where a source has none."""
    if late is None:
        return np.full((0, len(sources)), np.nan)
    issues, row = np.unique(late["issue"].to_physical().to_numpy(), return_inverse=True)
    found = np.full((len(issues), len(sources)), np.nan)
    for k, source in enumerate(sources):
        own = (late["source"] == source).to_numpy()
        found[row[own], k] = late["error"].to_numpy()[own]
    return found


def _sure(gains: Array) -> float:
    """How much of a mean gain is believed: 1 - (`SURE` standard errors over it) squared, nothing where that is less."""
    mean = gains.mean() if len(gains) >= FEWEST else 0.0
    if mean <= 0:
        return 0.0
    return float(max(0.0, 1.0 - (SURE * gains.std(ddof=1) / np.sqrt(len(gains)) / mean) ** 2))


def _least(covariance: Array) -> Array:
    """The shares, not below nothing and of sum 1, that make w' C w least; under a hundredth they are nothing.

    Those of least w' C w + (1 - sum w)^2 are the same but for their sum, and are found by non-negative least squares.
    """
    size, directions = np.linalg.eigh(covariance)
    root = np.sqrt(np.maximum(size, 0.0))[:, None] * directions.T
    found, _ = nnls(np.vstack([root, np.ones(len(size))]), np.append(np.zeros(len(size)), 1.0))
    found[found < found.sum() / 100] = 0.0
    return np.asarray(found / found.sum())
