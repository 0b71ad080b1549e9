"""How good clearing windows were 转清检验: the hour that was said beside the one that came, and the probability.

    table = verify(said, hours, observed)

The air of a place must have been dirty at the issue, by the rule of `clearing` and by what was observed before and
after: then people ask when it clears. Hours of waiting count no further than the forecast went. Where nothing was said
although the air was dirty, it was said to be clean at once. `DEFINITIONS` says of every score what it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import polars as pl

from lantian.forecast.clearing import DIRTY, events
from lantian.forecast.scores import Definition
from lantian.standards import statistics

__all__ = ["DEFINITIONS", "cases", "verify"]

KEY: Final = ("issue", "source", "place")
NEAR: Final = (6, 12)
"""Hours within which the hour said counts as right."""
_HOUR: Final = timedelta(hours=1)
_OURS: Final = "ours", "OURS"

DEFINITIONS: Final[Mapping[str, Definition]] = MappingProxyType(
    {
        "n": Definition("起报时污染的次数", "issues with dirty air", "number of cases", "none", *_OURS),
        "wait": Definition("实况等待小时（中位数）", "hours waited, median", "median of O", "none", *_OURS),
        "error": Definition("转清时刻平均误差（小时）", "mean error, hours", "Σ|F − O| / n", "low", *_OURS),
        "bias": Definition("偏晚（+）偏早（−）小时", "late (+) or early (−), hours", "Σ(F − O) / n", "zero", *_OURS),
        "within_6": Definition("误差6小时以内", "within 6 hours", "share with |F − O| ≤ 6", "high", *_OURS),
        "within_12": Definition("误差12小时以内", "within 12 hours", "share with |F − O| ≤ 12", "high", *_OURS),
        "error_usual": Definition(
            "总报中位数的误差（小时）",
            "error of always saying the median wait of these same cases, hours: the best that a fixed answer can do",
            "Σ|median O − O| / n",
            "none",
            *_OURS,
        ),
        "n_probability": Definition(
            "有概率的次数", "cases with a probability whose day is known", "number", "none", *_OURS
        ),
        "probability": Definition("平均预报概率", "mean probability said", "Σp / n", "none", *_OURS),
        "frequency": Definition(
            "首个整日 PM2.5 ≤ 75 的比例", "how often the first whole day stayed within 75", "Σo / n", "none", *_OURS
        ),
        "brier": Definition(
            "概率Brier评分", "Brier score of the probability", "Σ(p − o)² / n", "low", "Brier (1950)", "HIGH"
        ),
        "brier_usual": Definition(
            "总报同一频率的Brier评分", "Brier score of always saying the frequency", "ō (1 − ō)", "none", *_OURS
        ),
    }
)


def verify(
    said: pl.DataFrame, hours: pl.DataFrame, observed: pl.DataFrame, *, by: Sequence[str] = ("source",)
) -> pl.DataFrame:
    """Score clearing windows.

    Args:
        said: rows of `clearing.clearing`.
        hours: the hours forecast, ``issue, source, place, time``: for whom there is a forecast, and how far it goes.
        observed: ``place, time, pm25`` before and after the issues, ug/m3; null = missing.
        by: columns that group the cases, of `KEY`.

    Returns:
        One row a group with the scores of `DEFINITIONS`, hours and shares 0 to 1; no row where there is no case.
    """
    wait, seen = pl.col("forecast"), pl.col("observed")
    error, chance, clean = wait - seen, pl.col("probability"), pl.col("clean").cast(pl.Float64)
    told = chance.is_not_null() & clean.is_not_null()
    frequency = clean.filter(told).mean()
    return (
        cases(said, hours, observed)
        .group_by(by)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            seen.median().alias("wait"),
            error.abs().mean().alias("error"),
            error.mean().alias("bias"),
            *((error.abs() <= near).mean().alias(f"within_{near}") for near in NEAR),
            (seen - seen.median()).abs().mean().alias("error_usual"),
            told.sum().cast(pl.Int64).alias("n_probability"),
            chance.filter(told).mean().alias("probability"),
            frequency.alias("frequency"),
            ((chance - clean) ** 2).mean().alias("brier"),
            (frequency * (1 - frequency)).alias("brier_usual"),
        )
        .sort(by)
    )


def cases(said: pl.DataFrame, hours: pl.DataFrame, observed: pl.DataFrame) -> pl.DataFrame:
    """Every case: `KEY`, ``forecast`` and ``observed`` hours from the issue until the air clears, at most those that
    were forecast, ``probability`` said and whether the first whole day stayed ``clean`` (both null where unknown).

    A spell that the observations do not see to its end, nor to that of the forecast, is no case.
    """
    known = observed.drop_nulls("pm25")
    asked = hours.group_by(KEY).agg((pl.col("time").max() + _HOUR).alias("until"))
    last = known.group_by("place").agg((pl.col("time").max() + _HOUR).alias("last"))
    dirty = (
        asked.join(events(known), on="place")
        .filter(pl.col("dirty") < pl.col("issue"), pl.col("clear").is_null() | (pl.col("clear") >= pl.col("issue")))
        .join(last, on="place")
        .filter(pl.col("clear").is_not_null() | (pl.col("last") >= pl.col("until")))
    )
    begins = pl.when("said").then("begins").otherwise("issue")
    day = (pl.col("begins").dt.convert_time_zone("Asia/Shanghai") + timedelta(hours=18)).dt.date()
    days = statistics.daily(known.select("place", "time", "pm25")).select(
        "place", day=pl.col("date"), clean=pl.col("pm25") < DIRTY + 0.5
    )
    return (
        dirty.join(said.select(*KEY, "begins", "probability", said=pl.lit(value=True)), on=KEY, how="left")
        .with_columns(forecast=_wait(begins), observed=_wait(pl.col("clear")), day=day)
        .join(days, on=("place", "day"), how="left")
        .with_columns(probability=pl.when(pl.col("begins").is_not_null()).then("probability"))
        .select(*KEY, "forecast", "observed", "probability", "clean")
        .sort(KEY)
    )


def _wait(moment: pl.Expr) -> pl.Expr:
    """Hours from the issue to a moment (null: it never comes), no more than to ``until``."""
    end = pl.min_horizontal(pl.coalesce(moment, "until"), "until")
    return (end - pl.col("issue")).dt.total_hours().cast(pl.Float64)
