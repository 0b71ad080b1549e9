"""Drift and failure 漂移与故障: which sensors no longer say what their neighbourhood says. Pure.

Drift is judged by the week: where the neighbourhood is dirty, the ratio to it tells the gain; where it is clean, the
difference tells the offset. Each is compared with the sensor's own first two weeks, and the change must exceed both a
size that matters and what the fleet's weeks scatter by themselves, for seven days running. Failures are judged by
the hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
import polars as pl

KINDS: Final = {
    "gain": ("增益漂移", "gain drifts"),
    "offset": ("零点漂移", "offset drifts"),
    "stuck": ("数值不变", "stuck"),
    "dead": ("无数据", "no data"),
    "saturated": ("湿度饱和", "saturated with moisture"),
}
"""Kinds of finding."""

_HOUR = timedelta(hours=1)

BASE_DAYS: Final = 14
"""The sensor's own first days, against which it is compared."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When something is said; chosen on the air of 2016, judged on that of 2015 (docs/benchmarks.md).

    Attributes:
        gain: share by which the ratio to the neighbourhood must change.
        offset: ug/m3 by which the difference in clean hours must change.
        scatter: how many times the fleet's own scatter a change must be.
        days: for how many days running.
        stuck_hours, stuck_moves: the value stays the same so long while the neighbourhood moves by that share.
        dead_hours: without any value so long.
        wet_percent, wet_hours, wet_ratio: humidity at least this, so long, and the value this many times the expected.
    """

    gain: float = 0.25
    offset: float = 12.0
    scatter: float = 4.0
    days: int = 7
    stuck_hours: int = 8
    stuck_moves: float = 0.3
    dead_hours: int = 6
    wet_percent: float = 97.0
    wet_hours: int = 6
    wet_ratio: float = 2.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """One finding: ``kind`` of `KINDS`, since when, when the rule had enough to say so, until when (None: it lasts).

    ``figure``: gain: the ratio now over the ratio then; offset: the change in ug/m3; else hours.
    """

    sensor: str
    kind: str
    since: datetime
    noticed: datetime
    until: datetime | None
    figure: float

    @property
    def zh(self) -> str:
        """In one Chinese sentence."""
        return {
            "gain": f"与周边相比，增益变为原来的 {self.figure:.2f} 倍",
            "offset": f"与周边相比，零点移动了 {self.figure:+.0f} μg/m³",
            "stuck": f"数值连续 {self.figure:.0f} 小时不变，周边在变",
            "dead": f"已有 {self.figure:.0f} 小时没有数据",
            "saturated": f"湿度饱和 {self.figure:.0f} 小时，数值超过周边两倍",
        }[self.kind]

    @property
    def en(self) -> str:
        """In one English sentence."""
        return {
            "gain": f"Against the neighbourhood its gain is {self.figure:.2f} times what it was",
            "offset": f"Against the neighbourhood its offset moved by {self.figure:+.0f} ug/m3",
            "stuck": f"The same value for {self.figure:.0f} hours while the neighbourhood moves",
            "dead": f"No data for {self.figure:.0f} hours",
            "saturated": f"Saturated with moisture for {self.figure:.0f} hours, more than twice the neighbourhood",
        }[self.kind]


def weeks(hours: pl.DataFrame) -> pl.DataFrame:
    """Each sensor's week up to each day: ``sensor, day, ratio, difference, hours``; days with under 48 hours left out.

    `hours`: ``sensor, time, value, expected`` as `network.expected` gives them. ``ratio``: median of value to expected
    (both plus 5 ug/m3) in the dirtier half; ``difference``: median of value less expected in the cleanest third.
    """
    both = hours.drop_nulls(["value", "expected"]).sort("sensor", "time")
    if both.is_empty():
        return pl.DataFrame(schema={"sensor": pl.String, "day": pl.Datetime("us", "UTC"), "ratio": pl.Float64,
                                    "difference": pl.Float64, "hours": pl.UInt32})  # fmt: skip
    e, v = pl.col("expected"), pl.col("value")
    return (
        both.rolling(index_column="time", period="7d", group_by="sensor")
        .agg(
            ((v + 5.0) / (e + 5.0)).filter(e >= e.median()).median().alias("ratio"),
            (v - e).filter(e <= e.quantile(1 / 3)).median().alias("difference"),
            pl.len().alias("hours"),
        )
        .with_columns(pl.col("time").dt.truncate("1d").alias("day"))
        .group_by("sensor", "day", maintain_order=True)
        .last()
        .filter(pl.col("hours") >= 48)
        .select("sensor", "day", "ratio", "difference", "hours")
    )


def drifting(table: pl.DataFrame, limits: Limits | None = None) -> list[Trouble]:
    """Sensors whose weeks left their own beginning.

    `table`: as `weeks` gives it. The scatter is the fleet's: the median, over the sensors, of how far a sensor's weeks
    lie from their own middle (MAD x 1.4826), so one sensor that drifts does not hide itself.
    """
    limits = limits or Limits()
    found: list[Trouble] = []
    for kind, column in (("gain", "ratio"), ("offset", "difference")):
        changes = []
        for (sensor,), rows in table.drop_nulls(column).group_by(["sensor"], maintain_order=True):
            days = rows["day"].to_list()
            values = rows[column].to_numpy()
            first = np.array([day < days[0] + timedelta(days=BASE_DAYS) for day in days])
            if first.sum() < BASE_DAYS // 2 or first.all():
                continue
            base = float(np.median(values[first]))
            change = np.log(np.maximum(values, 1e-3) / max(base, 1e-3)) if kind == "gain" else values - base
            changes.append((str(sensor), days, change, first))
        own = [1.4826 * float(np.median(np.abs(c - np.median(c)))) for _, _, c, _ in changes]
        scatter = float(np.median(own)) if own else 0.0
        size = float(np.log1p(limits.gain)) if kind == "gain" else limits.offset
        threshold = max(size, limits.scatter * scatter)
        for sensor, days, change, first in changes:
            beyond = (np.abs(change) > threshold) & ~first
            for start, stop in _runs(beyond, limits.days):
                figure = float(np.exp(change[stop])) if kind == "gain" else float(change[stop])
                until = None if stop == len(days) - 1 else days[stop + 1]
                found.append(Trouble(sensor, kind, days[start], days[start + limits.days - 1], until, figure))
    return found


def failing(hours: pl.DataFrame, now: datetime, limits: Limits | None = None) -> list[Trouble]:
    """Sensors that are stuck, dead or wet.

    `hours`: ``sensor, time, value, expected[, raw, humidity]``; a missing hour is a null, or no row at all. What comes
    before a sensor's first value does not count. ``raw``: as the sensor says it, which shows best that it is stuck.
    """
    limits = limits or Limits()
    found: list[Trouble] = []
    if hours.is_empty():
        return found
    begin = hours["time"].min()
    grid = pl.DataFrame({"time": pl.datetime_range(begin, now - timedelta(hours=1), "1h", eager=True, time_zone="UTC")})  # type: ignore[arg-type]
    grid = grid.with_columns(pl.col("time").cast(hours.schema["time"]))
    for (sensor,), rows in hours.group_by(["sensor"], maintain_order=True):
        name, first = str(sensor), rows.drop_nulls("value")["time"].min()
        if first is None:
            continue
        one = grid.filter(pl.col("time") >= first).join(rows.drop("sensor"), on="time", how="left").sort("time")
        times = one["time"].to_list()
        v, e = (_floats(one, c) for c in ("value", "expected"))
        raw = _floats(one, "raw") if "raw" in one.columns else v
        found += _spans(name, "dead", times, ~np.isfinite(v), limits.dead_hours)
        found += [
            trouble
            for trouble, start, stop in _stuck(name, times, raw, limits.stuck_hours)
            if _moves(e[start : stop + 1]) >= limits.stuck_moves
        ]
        if "humidity" in one.columns:
            h = _floats(one, "humidity")
            wet = (h >= limits.wet_percent) & (v > limits.wet_ratio * e + 10.0)
            found += _spans(name, "saturated", times, np.asarray(wet), limits.wet_hours)
    return found


def _floats(rows: pl.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _runs(mask: np.ndarray[tuple[int], np.dtype[np.bool_]], least: int) -> list[tuple[int, int]]:
    """First and last index of every run of True of at least so many."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= least]


def _spans(
    sensor: str, kind: str, times: Sequence[datetime], mask: np.ndarray[tuple[int], np.dtype[np.bool_]], least: int
) -> list[Trouble]:
    out = []
    for start, stop in _runs(mask, least):
        until = None if stop == len(times) - 1 else times[stop + 1]
        noticed = times[start + least - 1] + _HOUR
        out.append(Trouble(sensor, kind, times[start], noticed, until, float(stop - start + 1)))
    return out


def _stuck(
    sensor: str, times: Sequence[datetime], values: np.ndarray[tuple[int], np.dtype[np.float64]], least: int
) -> list[tuple[Trouble, int, int]]:
    same = np.array([False] + [a == b for a, b in pairwise(values)])
    out = []
    for start, stop in _runs(same, least - 1):
        until = None if stop == len(times) - 1 else times[stop + 1]
        noticed = times[start + least - 2] + _HOUR
        trouble = Trouble(sensor, "stuck", times[start - 1], noticed, until, float(stop - start + 2))
        out.append((trouble, start - 1, stop))
    return out


def _moves(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """By what share of its mean the neighbourhood moved."""
    some = values[np.isfinite(values)]
    return float((some.max() - some.min()) / (some.mean() + 5.0)) if some.size > 1 else 0.0
