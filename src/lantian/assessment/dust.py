"""Sand-dust 沙尘 candidates, their confirmation, and the deducted series.

The detector follows the annex of 环办监测〔2016〕120号 as remembered (thresholds are configuration, not law: see
:class:`DustRule`). It proposes; a person confirms. Raw and deducted series stand side by side and nothing is deleted.
Deduction touches PM10, PM2.5 and what rests on them (composite index); the share of good days and the count of heavy
days are not deducted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from lantian.standards import indices, rounding, statistics
from lantian.standards.codes import ITEMS

PARTICLES = ("pm10", "pm25")


@dataclass(frozen=True)
class DustRule:
    """Thresholds of the detector (reference: MEMORY, hence configuration ``[dust]`` in lantian.toml).

    start: PM10 >= ``rise`` x the mean of the ``before`` hours, PM10 > ``least_pm10`` ug/m3, and PM2.5/PM10 <=
    ``ratio_fall`` x the mean ratio of those hours. end: the first hour with PM10 within ``back_within`` of that mean.
    An event longer than ``longest`` hours is cut there.
    """

    before: int = 6
    rise: float = 2.0
    least_pm10: float = 150.0
    ratio_fall: float = 0.5
    back_within: float = 0.10
    longest: int = 96
    least_known: int = 4

    def __post_init__(self) -> None:
        """Refuse thresholds that cannot mean anything."""
        if (
            self.before < 1
            or self.rise <= 1
            or not 0 < self.ratio_fall <= 1
            or not 1 <= self.least_known <= self.before
        ):
            raise ValueError(
                f"dust rule {self}: expected before >= 1, rise > 1, 0 < ratio_fall <= 1 and 1 <= least_known <= before"
            )


def rule_of(thresholds: Mapping[str, float]) -> DustRule:
    """The rule with some thresholds replaced by name, as ``[dust]`` in lantian.toml states them.

    Raises ValueError for a name that the rule does not have, or a threshold that cannot mean anything.
    """
    usual = DustRule()
    known = {field.name: type(getattr(usual, field.name)) for field in fields(usual)}
    unknown = sorted(set(thresholds) - set(known))
    if unknown:
        raise ValueError(f"[dust] {', '.join(unknown)}: no such threshold; expected {', '.join(known)}")
    return DustRule(**{name: known[name](value) for name, value in thresholds.items()})


def candidates(hourly: pl.DataFrame, rule: DustRule | None = None) -> pl.DataFrame:
    """Hours that look like sand-dust, joined to events.

    Parameters
    ----------
    hourly
        ``place, time, pm10, pm25``; the mean of the hours before needs ``least_known`` of them, else no event starts.

    Returns
    -------
    One row an event: ``place, start, end`` (end is the first hour after it; the last known hour + 1 h where the data
    end or the event is cut), ``hours, peak_pm10, before_pm10`` (mean of the hours before), ``ratio, ratio_before``
    (PM2.5/PM10), ``ended`` (whether the end was seen).
    """
    rule = rule or DustRule()
    parts = [
        _of_place(place, group, rule) for (place,), group in hourly.sort("time").group_by("place", maintain_order=True)
    ]
    found = [event for part in parts for event in part]
    return pl.DataFrame(found, schema=EVENT_SCHEMA, orient="row").sort("place", "start")


EVENT_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.String,
    "start": pl.Datetime("us", "UTC"),
    "end": pl.Datetime("us", "UTC"),
    "hours": pl.Int64,
    "peak_pm10": pl.Float64,
    "before_pm10": pl.Float64,
    "ratio": pl.Float64,
    "ratio_before": pl.Float64,
    "ended": pl.Boolean,
}


def _of_place(place: object, group: pl.DataFrame, rule: DustRule) -> list[tuple[object, ...]]:
    grid = group.upsample("time", every="1h").with_columns((pl.col("pm25") / pl.col("pm10")).alias("ratio"))
    grid = grid.with_columns(
        pl.col("pm10").shift(1).rolling_mean(rule.before, min_samples=rule.least_known).alias("before_pm10"),
        pl.col("ratio").shift(1).rolling_mean(rule.before, min_samples=rule.least_known).alias("before_ratio"),
    ).with_columns(
        (
            (pl.col("pm10") >= rule.rise * pl.col("before_pm10"))
            & (pl.col("pm10") > rule.least_pm10)
            & (pl.col("ratio") <= rule.ratio_fall * pl.col("before_ratio"))
        )
        .fill_null(False)
        .alias("starts")
    )
    pm10, starts = grid["pm10"].to_list(), grid["starts"].arg_true().to_list()
    events: list[tuple[object, ...]] = []
    busy_until = -1
    for i in starts:
        if i < busy_until:
            continue
        before, ratio_before = grid["before_pm10"][i], grid["before_ratio"][i]
        stop = min(len(pm10), i + rule.longest)
        end = next(
            (j for j in range(i + 1, stop) if pm10[j] is not None and pm10[j] <= before * (1 + rule.back_within)), None
        )
        busy_until = stop if end is None else end
        span = grid[i:busy_until]
        start_time = grid["time"][i]
        end_time = span["time"][-1] + (grid["time"][1] - grid["time"][0])
        ratio = span["ratio"].mean()
        events.append(
            (
                place,
                start_time,
                end_time,
                busy_until - i,
                span["pm10"].max(),
                before,
                ratio,
                ratio_before,
                end is not None,
            )
        )
    return events


def evidence(
    hourly: pl.DataFrame, place: str, start: datetime, end: datetime, rule: DustRule | None = None
) -> dict[str, Any]:
    """What the hours say of an event that a person stated: one row of :func:`candidates`, None where nothing is
    known.
    """
    rule = rule or DustRule()
    known = hourly.filter(pl.col("place") == place).with_columns((pl.col("pm25") / pl.col("pm10")).alias("ratio"))
    inside = known.filter(pl.col("time").is_between(start, end, closed="left"))
    before = known.filter(pl.col("time").is_between(start - timedelta(hours=rule.before), start, closed="left"))
    return {
        "place": place,
        "start": start,
        "end": end,
        "hours": int((end - start).total_seconds() // 3600),
        "peak_pm10": inside["pm10"].max(),
        "before_pm10": before["pm10"].mean(),
        "ratio": inside["ratio"].mean(),
        "ratio_before": before["ratio"].mean(),
        "ended": True,
    }


def by_month(raw: pl.DataFrame, deducted: pl.DataFrame) -> pl.DataFrame:
    """Raw and deducted monthly values side by side, for the months in which any day was deducted.

    Parameters
    ----------
    raw, deducted
        Daily frames of the same places and days, the second from :func:`deduct_days`.

    Returns
    -------
    ``place, start, end, dust_days`` and for ``pm10 pm25 composite_index`` the published value of either
    series: ``<column>`` and ``<column>_deducted``, by place and month.
    """
    keys = ("place", "start", "end")
    days = (
        deducted.filter("dust")
        .group_by("place", pl.col("date").dt.truncate("1mo").alias("start"))
        .agg(pl.len().cast(pl.Int64).alias("dust_days"))
    )
    columns = (*PARTICLES, "composite_index")
    was, became = (
        indices.composite(statistics.period(daily.drop("aqi", "level", "primary", strict=False), by="month"))
        .with_columns(rounding.round_expr(pl.col(item), ITEMS[item].decimals) for item in PARTICLES)
        .select(*keys, *columns)
        for daily in (raw, deducted)
    )
    return (
        days.join(was, on=("place", "start"))
        .join(became.drop("end"), on=("place", "start"), suffix="_deducted")
        .select(*keys, "dust_days", *(name for column in columns for name in (column, f"{column}_deducted")))
        .sort("place", "start")
    )


def deduct(hourly: pl.DataFrame, confirmed: pl.DataFrame) -> pl.DataFrame:
    """Hourly series with particles taken out of confirmed events.

    ``confirmed`` has ``place, start, end`` (end not included). PM10 and PM2.5 of the hours inside become null and
    ``dust`` is True there.
    """
    windows = confirmed.select("place", pl.col("start").alias("dust_start"), pl.col("end").alias("dust_end")).sort(
        "dust_start"
    )
    marked = hourly.sort("time").join_asof(
        windows, left_on="time", right_on="dust_start", by="place", strategy="backward", check_sortedness=False
    )
    inside = (pl.col("time") < pl.col("dust_end")).fill_null(False)
    return _blank(marked.with_columns(inside.alias("dust")).drop("dust_start", "dust_end"))


def deduct_days(daily: pl.DataFrame, confirmed: pl.DataFrame, zone: str = "Asia/Shanghai") -> pl.DataFrame:
    """Published daily values with particles taken out of every day that a confirmed event touches (where no hours are
    kept).
    """
    if confirmed.is_empty():
        return daily.with_columns(pl.lit(False).alias("dust"))
    days = (
        confirmed.select(
            "place",
            pl.date_ranges(
                pl.col("start").dt.convert_time_zone(zone).dt.date(),
                (pl.col("end") - pl.duration(microseconds=1)).dt.convert_time_zone(zone).dt.date(),
            ).alias("date"),
        )
        .explode("date")
        .unique()
        .with_columns(pl.lit(True).alias("dust"))
    )
    return _blank(daily.join(days, on=["place", "date"], how="left").with_columns(pl.col("dust").fill_null(False)))


def _blank(frame: pl.DataFrame) -> pl.DataFrame:
    present = [item for item in PARTICLES if item in frame.columns]
    return frame.with_columns(pl.when(~pl.col("dust")).then(pl.col(item)).alias(item) for item in present)
