"""When a line runs: a threshold of its own, learned from its past, and the half hours above it. Pure.

A line's power has two levels, standing still and running. The threshold between them is where the two groups differ
most (Otsu, IEEE Trans. SMC 9(1), 1979: largest variance between the classes of a histogram). A line that has one level
only (a fan that never stops) runs above a share of its usual upper power.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

SHIPPED: Final = Path(__file__).with_name("power.yaml")
BINS: Final = 64
"""Bins of the histogram in which a line's two levels are looked for."""

Means = Literal["groups", "share", "rated", "asleep", "unknown"]


@dataclass(frozen=True, slots=True)
class Settings:
    """The figures of ``power.yaml``, each explained there; ``step`` and ``lasting`` in minutes, ``history`` in days."""

    confidence: str
    step: int
    history: int
    fewest: int
    clear: float
    share: float
    asleep: float
    least: float
    lasting: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """Above which power a line runs, and how that is known.

    Attributes:
        line: its id.
        kw: runs above it; None: nobody can say yet.
        idle, running: mean power of the two groups, kW; None where there is one group only.
        readings: how many it was learned from.
        means: ``groups`` (two levels), ``share`` (of its usual upper power), ``rated`` (of its rated power),
            ``asleep`` (it has drawn next to nothing), ``unknown``.
    """

    line: str
    kw: float | None
    idle: float | None
    running: float | None
    readings: int
    means: Means


@cache
def settings(path: Path = SHIPPED) -> Settings:
    """The figures of a file. Raises ValueError naming the file and what is missing, unknown or no number."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    wanted = set(Settings.__dataclass_fields__)
    if not isinstance(value, dict) or set(value) != wanted:
        given = ", ".join(value) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"{path.name}: {given}; expected {', '.join(sorted(wanted))}")
    for name in sorted(wanted - {"confidence"}):
        if not isinstance(value[name], int | float) or value[name] <= 0:
            raise ValueError(f"{path.name}, {name}: {value[name]!r}; expected a number above 0")
    return Settings(**value)


def learned(
    frame: pl.DataFrame, rated: Mapping[str, float | None] | None = None, *, with_: Settings | None = None
) -> list[Threshold]:
    """The threshold of every line.

    Args:
        frame: ``line``, ``kw``: the past of the lines; null is missing.
        rated: rated power by line, kW, where known.
        with_: the figures; None: the shipped ones.
    """
    chosen, known = with_ or settings(), rated or {}
    parts = frame.drop_nulls("kw").group_by("line", maintain_order=True).agg("kw")
    past = {line: np.asarray(values, dtype=np.float64) for line, values in parts.iter_rows()}
    lines = sorted({*frame["line"].unique().to_list(), *known})
    return [_threshold(line, past.get(line, np.zeros(0)), known.get(line), chosen) for line in lines]


def _threshold(line: str, power: NDArray[np.float64], rated: float | None, chosen: Settings) -> Threshold:
    if power.size < chosen.fewest:
        kw = None if not rated else chosen.share * rated
        return Threshold(line, kw, None, None, int(power.size), "unknown" if kw is None else "rated")
    upper = float(np.percentile(power, 99))
    if rated and upper < chosen.asleep * rated:
        return Threshold(line, chosen.share * rated, None, None, int(power.size), "rated")
    if upper < chosen.least:
        return Threshold(line, chosen.least, None, None, int(power.size), "asleep")
    cut = _between(power)
    low, high = power[power <= cut], power[power > cut]
    if low.size and high.size and low.mean() <= chosen.clear * high.mean():
        return Threshold(
            line, round(cut, 2), round(float(low.mean()), 2), round(float(high.mean()), 2), int(power.size), "groups"
        )
    return Threshold(line, round(chosen.share * upper, 2), None, None, int(power.size), "share")


def _between(power: NDArray[np.float64]) -> float:
    """The power that parts the values into the two groups that differ most; half-way between the nearest of each."""
    counts, edges = np.histogram(power, BINS)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = power.size - below
    sums = np.cumsum(counts * middles)
    apart = np.zeros(BINS - 1)
    both = (below > 0) & (above > 0)
    means_low = sums[:-1][both] / below[both]
    means_high = (sums[-1] - sums[:-1][both]) / above[both]
    apart[both] = below[both] * above[both] * (means_high - means_low) ** 2
    at = edges[int(np.argmax(apart)) + 1]
    low, high = power[power < at], power[power >= at]
    return float((low.max() + high.min()) / 2) if low.size and high.size else float(at)


def working(frame: pl.DataFrame, thresholds: list[Threshold] | None = None) -> pl.DataFrame:
    """Which half hours an enterprise produced and treated in.

    Args:
        frame: ``enterprise``, ``line``, ``kind`` (``production`` or ``treatment``), ``time``, ``kw``.
        thresholds: of the lines; None: learned from the frame itself.

    Returns:
        ``enterprise``, ``time``, ``production``, ``treatment``: true where any line of the kind ran, false where all
        that are known stood still, null where no reading of the kind says; then ``production_kw``, ``treatment_kw``.

    Example:
        >>> day = pl.DataFrame(
        ...     {
        ...         "enterprise": ["E"] * 2,
        ...         "line": ["a", "b"],
        ...         "kind": ["production", "treatment"],
        ...         "time": [0, 0],
        ...         "kw": [90.0, 0.4],
        ...     }
        ... )
        >>> marks = [Threshold(line, 10.0, None, None, 400, "share") for line in "ab"]
        >>> working(day, marks).select("production", "treatment").row(0)
        (True, False)
    """
    marks = learned(frame) if thresholds is None else thresholds
    table = pl.DataFrame(
        [(one.line, one.kw) for one in marks], schema={"line": pl.String, "mark": pl.Float64}, orient="row"
    )
    judged = frame.join(table, on="line", how="left").with_columns(runs=pl.col("kw") > pl.col("mark"))

    def of(kind: str) -> list[pl.Expr]:
        mine = pl.col("kind") == kind
        runs = pl.col("runs").filter(mine & pl.col("runs").is_not_null())
        kw = pl.col("kw").filter(mine & pl.col("kw").is_not_null())
        return [
            pl.when(runs.len() > 0).then(runs.any()).alias(kind),
            pl.when(kw.len() > 0).then(kw.sum()).alias(f"{kind}_kw"),
        ]

    found = judged.group_by("enterprise", "time").agg(*of("production"), *of("treatment"))
    return found.select("enterprise", "time", "production", "treatment", "production_kw", "treatment_kw").sort(
        "enterprise", "time"
    )


def power(readings: pl.DataFrame, lines: pl.DataFrame, *, step: int | None = None) -> pl.DataFrame:
    """Rows of the feed ``electricity`` (``meter, time, kwh``) with what is known of their lines, as `working` wants.

    Args:
        readings: ``meter``, ``time``, ``kwh``; those of unknown meters are left out.
        lines: ``meter``, ``enterprise``, ``kind``: rows of the feed ``electricity_line``.
        step: minutes that a reading covers; None: the shipped figure.
    """
    minutes = step or settings().step
    known = lines.select("meter", "enterprise", "kind")
    joined = readings.join(known, on="meter", how="inner").rename({"meter": "line"})
    return joined.select("enterprise", "line", "kind", "time", kw=pl.col("kwh") * 60.0 / minutes).sort("line", "time")


def described(one: Threshold) -> dict[str, Any]:
    """A threshold as JSON values."""
    return {name: getattr(one, name) for name in Threshold.__dataclass_fields__}
