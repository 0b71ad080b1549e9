"""Is a site's dust above its limit, how often a day, from when to when? Pure: frames in, frames and episodes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from lantian.observations.construction.rules import Limit, Rule
from lantian.observations.construction.site import Site

ZONE = "Asia/Shanghai"
MINUTES: Final = pl.Schema({
    "site": pl.String(), "item": pl.String(), "time": pl.Datetime("us", "UTC"), "value": pl.Float64(),
    "span": pl.Float64(),
})  # fmt: skip
"""Columns of instruments' short means: ug/m3, the beginning of the period, its length in minutes."""

VERDICTS: Final = pl.Schema({
    "site": pl.String(), "rule": pl.String(), "item": pl.String(), "time": pl.Datetime("us", "UTC"),
    "minutes": pl.Int64(), "value": pl.Float64(), "background": pl.Float64(), "compared": pl.Float64(),
    "limit": pl.Float64(), "allowed": pl.Int64(), "exceeds": pl.Boolean(), "count": pl.Int64(),
    "violates": pl.Boolean(),
})  # fmt: skip
"""Columns of `judge`: one row a site, period and limit. ``compared``: what stands against the limit (null: cannot be
judged), ``count``: exceedances of the natural day so far, ``violates``: more than are allowed."""


@dataclass(frozen=True, slots=True)
class Episode:
    """Exceedances of one site and day that follow each other.

    Attributes:
        begin, end: of the first and the last period, aware; end is exclusive.
        periods: how many means exceeded; count: how many of the day by its end; allowed: how many a day may have.
        value, background, compared, limit: of the worst period, ug/m3; worst: when it began.
        violates: more of the day than are allowed.
    """

    site: str
    rule: str
    item: str
    begin: datetime
    end: datetime
    periods: int
    count: int
    allowed: int
    worst: datetime
    value: float
    background: float | None
    compared: float
    limit: float
    violates: bool

    def standing(self, now: datetime, gap: int) -> bool:
        """Whether it may still go on: its last period ended no more than ``gap`` minutes ago."""
        return now - self.end <= timedelta(minutes=gap)


def means(values: pl.DataFrame, minutes: int, valid_share: float) -> pl.DataFrame:
    """Means over periods of a day that begin at midnight in Beijing: ``site, item, time, value``.

    A mean of fewer than ``valid_share`` of its minutes is left out. `values` as `MINUTES`; those longer than the
    period wanted say nothing of it.
    """
    kept = values.filter(pl.col("value").is_finite(), pl.col("span") <= minutes)
    weighed = (pl.col("value") * pl.col("span")).sum() / pl.col("span").sum()
    return (
        kept.group_by("site", "item", pl.col("time").dt.truncate(f"{minutes}m"))
        .agg(weighed.alias("value"), pl.col("span").sum().alias("n"))
        .filter(pl.col("n") >= valid_share * minutes - 1e-9)
        .select("site", "item", "time", "value")
        .sort("site", "item", "time")
    )


def judge(
    values: pl.DataFrame, sites: Sequence[Site], rule: Rule, background: pl.DataFrame, *, valid_share: float
) -> pl.DataFrame:
    """Judge sites by one rule.

    Args:
        values: minute values as `MINUTES`.
        sites: the sites that the rule holds for.
        rule: the rule.
        background: ``site, time, value``: the hourly mean of the site's county, ug/m3; needed where the rule compares
            with it: an hour without it cannot be judged.
        valid_share: of a mean's minutes.

    Returns:
        A frame as `VERDICTS`, by site and time.
    """
    limits = pl.DataFrame(
        [(site.id, limit.value, limit.allowed) for site in sites for limit in rule.limits_of(site)],
        schema={"site": pl.String, "limit": pl.Float64, "allowed": pl.Int64},
        orient="row",
    )
    found = means(values.filter(pl.col("item") == rule.item), rule.minutes, valid_share).join(limits, on="site")
    found = found.with_columns(pl.col("time").dt.truncate("1h").alias("hour"))
    hours = background.select("site", pl.col("time").alias("hour"), pl.col("value").alias("background"))
    found = found.join(hours, on=["site", "hour"], how="left")
    counted = pl.col("background")
    if rule.background_cap is not None:
        counted = counted.clip(upper_bound=rule.background_cap)
    compared = pl.when(counted.is_null()).then(None).otherwise(pl.col("value") - counted)
    if not rule.against:
        found = found.with_columns(pl.lit(None, pl.Float64).alias("background"))
        compared = pl.col("value")
    found = found.with_columns(compared.alias("compared")).with_columns(
        # floats of a mean: what differs by less than a millionth is at the limit, not above it
        (pl.col("compared") > pl.col("limit") + 1e-6).alias("exceeds"),
        pl.col("time").dt.convert_time_zone(ZONE).dt.date().alias("day"),
        pl.lit(rule.code).alias("rule"),
        pl.lit(rule.minutes, pl.Int64).alias("minutes"),
    )
    found = found.sort("site", "limit", "time").with_columns(
        pl.col("exceeds").fill_null(False).cast(pl.Int64).cum_sum().over("site", "limit", "day").alias("count")
    )
    violates = pl.col("exceeds").fill_null(False) & (pl.col("count") > pl.col("allowed"))
    return found.with_columns(violates.alias("violates")).select(*VERDICTS).cast(VERDICTS).sort("site", "time", "limit")


def episodes(verdicts: pl.DataFrame, gap: int) -> list[Episode]:
    """Exceedances that follow each other with at most ``gap`` minutes between, within one natural day; oldest first.

    An episode in which any limit's count is more than allowed violates; its figures are then of that limit.
    """
    over = verdicts.filter(pl.col("exceeds")).with_columns(
        pl.col("time").dt.convert_time_zone(ZONE).dt.date().alias("day")
    )
    runs: list[list[dict[str, Any]]] = []
    for row in over.sort("site", "rule", "time", "limit").iter_rows(named=True):
        last = runs[-1][-1] if runs else None
        apart = row["time"] - last["time"] - timedelta(minutes=row["minutes"]) if last else None
        same = last is not None and all(last[key] == row[key] for key in ("site", "rule", "day"))
        if same and apart is not None and apart <= timedelta(minutes=gap):
            runs[-1].append(row)
        else:
            runs.append([row])
    return sorted((_episode(run) for run in runs), key=lambda one: (one.begin, one.site))


def _episode(run: Sequence[dict[str, Any]]) -> Episode:
    bad = [row for row in run if row["violates"]] or list(run)
    told = max(row["limit"] for row in bad)
    worst = max((row for row in run if row["limit"] == told), key=lambda row: row["compared"])
    return Episode(
        site=worst["site"],
        rule=worst["rule"],
        item=worst["item"],
        begin=run[0]["time"],
        end=run[-1]["time"] + timedelta(minutes=run[-1]["minutes"]),
        periods=len({row["time"] for row in run}),
        count=max(row["count"] for row in run if row["limit"] == worst["limit"]),
        allowed=worst["allowed"],
        worst=worst["time"],
        value=worst["value"],
        background=worst["background"],
        compared=worst["compared"],
        limit=worst["limit"],
        violates=any(row["violates"] for row in run),
    )


def at(limit: Limit, rule: Rule, background: float | None) -> float | None:
    """The value, ug/m3, above which a site is over a limit while its county stands at a background; None: not known."""
    if not rule.against:
        return limit.value
    if background is None:
        return None
    return limit.value + (background if rule.background_cap is None else min(background, rule.background_cap))
