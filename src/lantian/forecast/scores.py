"""Every score of a forecast: its definition in words and as a formula, and the expression that computes it.

F is the forecast, O what was observed, one pair a place and day; sums run over the pairs of a group. Shares are 0 to 1.
What HJ 1130-2020 names is as the monitoring centres' own code, which cites it, implements it; the scores of the index
are the working definitions of the city forecast (see ``source`` and ``confidence`` of each).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from types import MappingProxyType
from typing import Literal

import polars as pl

TOLERANCE = 0.25
"""The range forecast is F plus and minus this share of F."""
HEAVY = 200
"""A heavy-pollution day 重污染天 has an AQI above this (levels 5 and 6)."""
PRIMARY_ABOVE = 50
"""Up to this AQI there is no primary pollutant (HJ 633)."""
HALF_LEVELS = (25, 50, 75, 100, 125, 150, 175, 200, 250, 300, 400)
"""AQI above which the next of the twelve half-levels begins: each of the six levels cut in its middle."""
LEVELS = range(1, 7)

Confidence = Literal["HIGH", "MEDIUM", "MEMORY", "OURS"]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a score means: printed with each number.

    ``better``: ``high``, ``low``, ``zero`` or ``none`` (a count, or a fact that is neither good nor bad).
    ``confidence``: how sure it is that the named source defines it so; OURS: defined here.
    """

    zh: str
    en: str
    formula: str
    better: Literal["high", "low", "zero", "none"]
    source: str
    confidence: Confidence


_HJ = "HJ 1130-2020, by the monitoring centres' code that cites it"
_CITY = "working definition of the city AQI forecast 城市空气质量预报"
_WANG = "王晓彦 et al., 环境科学 2022, 43(7): 3396"
_CODE, _EVENT = "MEDIUM", "two-by-two table of an event, WMO-No. 485"

DEFINITIONS: Mapping[str, Definition] = MappingProxyType(
    {
        "n": Definition("样本数", "pairs of forecast and observation", "number of pairs", "none", "-", "OURS"),
        "mean_observed": Definition("实测均值", "mean observed", "ΣO / n", "none", "-", "OURS"),
        "mean_bias": Definition("平均偏差 MB", "mean bias", "Σ(F − O) / n", "zero", _HJ, "MEDIUM"),
        "nmb": Definition("标准化平均偏差 NMB", "normalised mean bias", "Σ(F − O) / ΣO", "zero", _HJ, "MEDIUM"),
        "nme": Definition("标准化平均误差 NME", "normalised mean error", "Σ|F − O| / ΣO", "low", _HJ, "MEDIUM"),
        "rmse": Definition("均方根误差 RMSE", "root mean square error", "√(Σ(F − O)² / n)", "low", _HJ, "MEDIUM"),
        "r": Definition("相关系数 R", "Pearson's correlation", "cov(F, O) / (σF σO)", "high", _HJ, "MEDIUM"),
        "accuracy": Definition(
            "浓度准确率 1−NME",
            "accuracy of the concentration: candidate (a) for “24-hour accuracy”, which nobody defines officially",
            "1 − Σ|F − O| / ΣO",
            "high",
            "ours, from NME of HJ 1130-2020",
            "OURS",
        ),
        "within_25": Definition(
            "误差25%以内天数比例",
            "share of days within 25 %: candidate (b) for “24-hour accuracy”",
            "share of pairs with |F − O| ≤ 0.25 F",
            "high",
            _CITY,
            "MEDIUM",
        ),
        "inside_50": Definition(
            "实测落入四分位区间比例",
            "share of observations between the quartiles; 0.5 is honest",
            "share of pairs with q25 ≤ O ≤ q75",
            "none",
            "ours",
            "OURS",
        ),
        "inside_80": Definition(
            "实测落入80%区间比例",
            "share of observations between the deciles; 0.8 is honest",
            "share of pairs with q10 ≤ O ≤ q90",
            "none",
            "ours",
            "OURS",
        ),
        "range": Definition(
            "AQI范围准确率", "AQI range accuracy", "share of days with 0.75 F ≤ O ≤ 1.25 F", "high", _CITY, "MEDIUM"
        ),
        "over": Definition("偏高比例", "over-forecast share", "share of days with O < 0.75 F", "low", _CITY, "MEDIUM"),
        "under": Definition(
            "偏低比例", "under-forecast share", "share of days with O > 1.25 F", "low", _CITY, "MEDIUM"
        ),
        "interval": Definition(
            "发布范围命中率",
            "share of days inside the AQI range as issued",
            "share of days with AQI low ≤ O ≤ AQI high",
            "high",
            "ours",
            "OURS",
        ),
        "interval_width": Definition(
            "发布范围平均宽度", "mean width of the AQI range as issued", "Σ(high − low) / n", "none", "ours", "OURS"
        ),
        "level": Definition(
            "级别准确率",
            "level accuracy, levels 1 to 6",
            "share of days with level(F) = level(O)",
            "high",
            _CITY,
            "MEDIUM",
        ),
        "level_interval": Definition(
            "级别范围准确率",
            "level interval accuracy: the interval as issued, which may straddle two levels",
            "share of days with low ≤ level(O) ≤ high",
            "high",
            _WANG,
            "MEDIUM",
        ),
        "within_one": Definition(
            "级别差不超过一级比例", "share of days within one level", "share of days with |level(F) − level(O)| ≤ 1",
            "high", "ours", "OURS",
        ),
        "half_level": Definition(
            "半级准确率（12级）",
            "half-level accuracy, twelve classes: each level cut in its middle",
            "share of days with half-level(F) = half-level(O); cuts " + " ".join(map(str, HALF_LEVELS)),
            "high",
            _WANG,
            "MEDIUM",
        ),
        "primary": Definition(
            "首要污染物准确率",
            "primary pollutant accuracy; undefined on days with an observed AQI up to 50",
            "share of days with O > 50 on which a primary pollutant of F is one of O",
            "high",
            _CITY,
            "MEDIUM",
        ),
        "n_primary": Definition("首要污染物样本数", "days with O > 50", "number of days", "none", "-", "OURS"),
        "heavy_days": Definition("重污染天数", "heavy days observed", "days with O > 200", "none", _CITY, "MEDIUM"),
        "heavy_level": Definition(
            "重污染级别准确率",
            "level accuracy of heavy days",
            "level hits on days with O > 200 / days with O > 200",
            "high",
            _CITY,
            "MEDIUM",
        ),
        "hits": Definition("命中", "hits", "days with F > 200 and O > 200", "none", _EVENT, "HIGH"),
        "misses": Definition("漏报", "misses", "days with F ≤ 200 and O > 200", "none", _EVENT, "HIGH"),
        "false_alarms": Definition("空报", "false alarms", "days with F > 200 and O ≤ 200", "none", _EVENT, "HIGH"),
        "pod": Definition(
            "命中率 POD", "probability of detection", "hits / (hits + misses)", "high", _EVENT, "HIGH"
        ),
        "far": Definition(
            "空报率 FAR", "false alarm ratio", "false alarms / (hits + false alarms)", "low", _EVENT, "HIGH"
        ),
        "threat": Definition(
            "TS评分", "threat score", "hits / (hits + misses + false alarms)", "high", _EVENT, "HIGH"
        ),
        "brier": Definition(
            "级别概率Brier评分",
            "Brier score of the level probabilities, 0 to 2",
            "Σ_days Σ_k (p_k − o_k)² / n, k = 1..6",
            "low",
            "Brier (1950), Mon. Wea. Rev. 78: 1",
            "HIGH",
        ),
        "brier_heavy": Definition(
            "重污染概率Brier评分",
            "Brier score of the probability of a heavy day, 0 to 1",
            "Σ (p5 + p6 − [O > 200])² / n",
            "low",
            "Brier (1950), Mon. Wea. Rev. 78: 1",
            "HIGH",
        ),
        "rps": Definition(
            "等级概率评分RPS",
            "ranked probability score, 0 to 1: far misses weigh more than near ones",
            "Σ_days Σ_k (P_k − O_k)² / (5 n), P and O cumulated over k = 1..5",
            "low",
            "Epstein (1969), J. Appl. Meteor. 8: 985; divided by 5",
            "HIGH",
        ),
        "n_probabilities": Definition(
            "概率样本数", "days with level probabilities", "number of days", "none", "-", "OURS"
        ),
        "persistence": Definition(
            "持续性预报",
            "persistence, beside which each score stands (<score>_persistence, on the same cases): the last 24 hours "
            "known at the issue judged as one day, at every lead; of a place without hours its last published day",
            "F = daily statistic of the hours issue − 24 h .. issue",
            "none",
            "ours",
            "OURS",
        ),
        "skill": Definition(
            "相对持续性的技巧", "skill over persistence: 1 is perfect, 0 is no better",
            "1 − NME / NME of persistence, on the cases of both", "high", "ours", "OURS",
        ),
    }
)  # fmt: skip
"""Name of a score or count -> what it means."""

_F, _O = pl.col("forecast"), pl.col("observed")

COUNTS = ("n", "n_primary", "heavy_days", "hits", "misses", "false_alarms", "n_probabilities")
"""The whole numbers among the columns."""


def of_values() -> list[pl.Expr]:
    """Scores of ``forecast`` against ``observed``, both without nulls; ``q10 .. q90`` may be null.

    HJ 1130-2020: NMB, NME, RMSE, R. A score that a group does not have (R of one pair, NME of zeros) is null.
    """
    error, total = _F - _O, _O.sum()
    return [
        pl.len().cast(pl.Int64).alias("n"),
        _O.mean().alias("mean_observed"),
        error.mean().alias("mean_bias"),
        _where(total > 0, error.sum() / total).alias("nmb"),
        _where(total > 0, error.abs().sum() / total).alias("nme"),
        (error**2).mean().sqrt().alias("rmse"),
        _correlation().alias("r"),
        _where(total > 0, 1 - error.abs().sum() / total).alias("accuracy"),
        (error.abs() <= TOLERANCE * _F).mean().alias("within_25"),
        _O.is_between("q25", "q75").mean().alias("inside_50"),
        _O.is_between("q10", "q90").mean().alias("inside_80"),
    ]


def of_index() -> list[pl.Expr]:
    """Scores of the index: ``forecast, level, aqi_low, aqi_high, level_low, level_high, primary, p1..p6`` against
    ``observed, observed_level, observed_primary``; ``forecast`` and ``observed`` are AQI without nulls.
    """
    level, seen = pl.col("level").cast(pl.Int64), pl.col("observed_level").cast(pl.Int64)
    has_primary = (_O > PRIMARY_ABOVE) & pl.col("primary").is_not_null() & pl.col("observed_primary").is_not_null()
    shared = pl.col("primary").list.set_intersection("observed_primary").list.len() > 0
    return [
        *of_values()[:-3],
        _O.is_between((1 - TOLERANCE) * _F, (1 + TOLERANCE) * _F).mean().alias("range"),
        (_O < (1 - TOLERANCE) * _F).mean().alias("over"),
        (_O > (1 + TOLERANCE) * _F).mean().alias("under"),
        _O.is_between("aqi_low", "aqi_high").mean().alias("interval"),
        (pl.col("aqi_high") - pl.col("aqi_low")).mean().alias("interval_width"),
        (level == seen).mean().alias("level"),
        seen.is_between("level_low", "level_high").mean().alias("level_interval"),
        ((level - seen).abs() <= 1).mean().alias("within_one"),
        (half_level(_F) == half_level(_O)).mean().alias("half_level"),
        shared.filter(has_primary).mean().alias("primary"),
        has_primary.sum().cast(pl.Int64).alias("n_primary"),
        *_heavy(level, seen),
        *_probabilities(seen),
    ]


def half_level(aqi: pl.Expr) -> pl.Expr:
    """The half-level of an AQI, 1 to 12."""
    return reduce(add, [(aqi > cut).cast(pl.Int64) for cut in HALF_LEVELS]) + 1


def _heavy(level: pl.Expr, seen: pl.Expr) -> list[pl.Expr]:
    warned, happened = _F > HEAVY, _O > HEAVY
    hits, misses, alarms = (
        both.sum().cast(pl.Int64) for both in (warned & happened, ~warned & happened, warned & ~happened)
    )
    return [
        happened.sum().cast(pl.Int64).alias("heavy_days"),
        (level == seen).filter(happened).mean().alias("heavy_level"),
        hits.alias("hits"),
        misses.alias("misses"),
        alarms.alias("false_alarms"),
        _where(hits + misses > 0, hits / (hits + misses)).alias("pod"),
        _where(hits + alarms > 0, alarms / (hits + alarms)).alias("far"),
        _where(hits + misses + alarms > 0, hits / (hits + misses + alarms)).alias("threat"),
    ]


def _probabilities(seen: pl.Expr) -> list[pl.Expr]:
    p = {k: pl.col(f"p{k}") for k in LEVELS}
    apart = [(p[k] - (seen == k).cast(pl.Float64)) ** 2 for k in LEVELS]
    cumulated = [
        (reduce(add, [p[j] for j in range(1, k + 1)]) - (seen <= k).cast(pl.Float64)) ** 2 for k in range(1, 6)
    ]
    heavy = (p[5] + p[6] - (_O > HEAVY).cast(pl.Float64)) ** 2
    return [
        reduce(add, apart).mean().alias("brier"),
        heavy.mean().alias("brier_heavy"),
        (reduce(add, cumulated) / 5).mean().alias("rps"),
        p[1].count().cast(pl.Int64).alias("n_probabilities"),
    ]


def _correlation() -> pl.Expr:
    spread = (_F.std() > 0) & (_O.std() > 0)
    return _where(spread, pl.corr(_F, _O)).fill_nan(None)


def _where(condition: pl.Expr, value: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value)
