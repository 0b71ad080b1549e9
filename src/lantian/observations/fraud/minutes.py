"""What the minutes of a day say: minutes that stand still, that do not give their hour, made numbers. Pure.

A city's minutes are too many to lay out, so a day of a device and item becomes one row (`of_days`), which is all that
is kept of them. A "minute" is what the device sends as one (HJ 212: 2051), often five or ten of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.observations.fraud.days import BESIDE, Array, Fleet, last_digit
from lantian.observations.fraud.features import STEPS

ENOUGH: Final = 6
"""Minutes of an hour that must be known."""

COVERED: Final = 0.75
"""Share of an hour's usual minutes from which on they give its mean (45 of 60: HJ 76-2017, appendix B)."""

TOLERANCE: Final = 0.02
"""Deviation of the reported hour from the mean of its minutes that is allowed (own start value)."""

FEATURES: Final[Mapping[str, str]] = {
    "minute_constant": "frozen",
    "minute_mean": "off",
    "minute_quantised": "made",
    "minute_clipped": "tied",
}
"""Feature -> the column of `of_days` that it is."""

OF_BESIDE: Final = ("minute_constant", "minute_mean")
"""Those that are looked at in oxygen and flow too."""

_KEY = ("device", "item", "day")


def steps_of(minutes: pl.DataFrame) -> dict[str, float]:
    """The last digit of each item's minutes: frame `item, value`."""
    parts = minutes.drop_nulls("value").group_by("item").agg("value")
    return {item: last_digit(np.asarray(values, dtype=np.float64)) for item, values in parts.iter_rows()}


def of_days(minutes: pl.DataFrame, hours: pl.DataFrame, steps: Mapping[str, float]) -> pl.DataFrame:
    """One row a device, item and day (of Beijing) of what its minutes say.

    Args:
        minutes: `device, item, time, value, flag`, UTC; only those marked normal count.
        hours: the same of the hours that the device reported.
        steps: the last digit of each item.

    Returns:
        `device, item, day`; `frozen`: hours above zero whose minutes are all one value; `hours`: those with enough
        minutes; `off`: share of the reported hours that depart from the mean of their minutes by over 2 %, null where
        fewer than six can be compared; `compared`: how many, `apart`: by how many percent, on average; `made`:
        log-likelihood that the minutes are multiples of a coarse step, `step`, `multiples`, `count`: which, how many
        of how many; `tied`: minutes beyond the first at the day's highest value, weighted by how far that stands above
        the middle, `at_top`: how many, `top`: the value.
    """
    normal = pl.col("value").is_not_null() & pl.col("flag").fill_null("N").is_in(["N", ""])
    known = minutes.filter(normal).sort("device", "item", "time").with_columns(_day(), _hour(), _step(steps))
    by_hour = known.group_by(*_KEY, "hour").agg(
        n=pl.len(), mean=pl.col("value").mean(), one=pl.col("value").n_unique() == 1, level=pl.col("value").first()
    )
    enough = pl.col("n") >= ENOUGH
    frozen = by_hour.group_by(_KEY).agg(
        frozen=(enough & pl.col("one") & (pl.col("level") > 0)).sum().cast(pl.Float64), hours=enough.sum()
    )
    return frozen.join(_reported(by_hour, hours.filter(normal), steps), on=_KEY, how="left").join(
        _numbers(known), on=_KEY, how="left"
    )


def measured(fleet: Fleet) -> Iterator[tuple[str, str, Array]]:
    """Every feature of minutes: feature, item, [days, devices]; NaN where there are no minutes."""
    if fleet.minutes is None or fleet.minutes.frame.is_empty():
        return
    at = {device: number for number, device in enumerate(fleet.devices)}
    for (item,), part in sorted(fleet.minutes.frame.partition_by("item", as_dict=True).items()):
        d = np.array([(one - fleet.first).days for one in part["day"]], dtype=np.int64)
        s = np.array([at.get(one, -1) for one in part["device"]], dtype=np.int64)
        inside = (d >= 0) & (d < fleet.shape[0]) & (s >= 0)
        for name, column in FEATURES.items():
            if item in BESIDE and name not in OF_BESIDE:
                continue
            found = np.full(fleet.shape, np.nan)
            numbers = part[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            found[d[inside], s[inside]] = numbers[inside]
            yield name, str(item), found


def _reported(by_hour: pl.DataFrame, hours: pl.DataFrame, steps: Mapping[str, float]) -> pl.DataFrame:
    """How the reported hours depart from the means of their minutes."""
    usual = pl.col("n").max().over("device", "item", "day")
    both = by_hour.filter(pl.col("n") >= COVERED * usual).join(
        hours.with_columns(_day(), _hour(), _step(steps)).select(*_KEY, "hour", "step", "value"), on=[*_KEY, "hour"]
    )
    allowed = TOLERANCE * pl.col("mean").abs() + 1.5 * pl.col("step")
    apart = (pl.col("value") - pl.col("mean")).abs()
    return both.group_by(_KEY).agg(
        off=pl.when(pl.len() >= ENOUGH).then((apart > allowed).mean()),
        compared=pl.len(),
        apart=(100 * apart / pl.col("mean").abs()).filter(apart > allowed).mean(),
    )


def _numbers(known: pl.DataFrame) -> pl.DataFrame:
    """What the digits and the top of each day's minutes say."""
    whole = (pl.col("value") / pl.col("step")).round().cast(pl.Int64)
    changed = (pl.col("value") != pl.col("value").shift(1).over(_KEY)).fill_null(value=True)
    marked = known.with_columns(whole=whole, changed=changed)
    counts = marked.group_by(_KEY).agg(
        pl.col("changed").sum().alias("count"),
        pl.col("step").first().alias("digit"),
        pl.col("value").max().alias("top"),
        pl.col("value").median().alias("middle"),
        (pl.col("value") >= pl.col("value").max() - 0.5 * pl.col("step")).sum().alias("at_top"),
        *[(pl.col("changed") & (pl.col("whole") % g == 0)).sum().alias(f"k{g}") for g in STEPS],
    )
    k = counts.select(f"k{g}" for g in STEPS).to_numpy().astype(float)
    n = counts["count"].to_numpy().astype(float)[:, None]
    g = np.array(STEPS, dtype=float)
    told = k * np.log(0.98 * g) + (n - k) * np.log(0.02 * g / (g - 1))
    best = told.argmax(axis=1) if len(told) else np.zeros(0, dtype=np.int64)
    rows = np.arange(len(told))
    noise = pl.max_horizontal("digit", 0.05 * pl.col("middle").abs())
    above = ((pl.col("top") - pl.col("middle")) / (3 * noise)).clip(0, 1)
    return counts.select(
        *_KEY,
        "count",
        "top",
        "at_top",
        ((pl.col("at_top") - 1) * above).alias("tied"),
        pl.Series("made", told[rows, best]),
        pl.Series("multiples", k[rows, best].astype(np.int64)),
        (pl.col("digit") * pl.Series("g", g[best])).alias("step"),
    )


def _day() -> pl.Expr:
    return pl.col("time").dt.convert_time_zone(str(TIMEZONE)).dt.date().alias("day")


def _hour() -> pl.Expr:
    return pl.col("time").dt.convert_time_zone(str(TIMEZONE)).dt.hour().alias("hour")


def _step(steps: Mapping[str, float]) -> pl.Expr:
    return (
        pl.col("item").replace_strict(dict(steps), default=None, return_dtype=pl.Float64).fill_null(1e-4).alias("step")
    )
