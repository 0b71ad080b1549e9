"""Products 预报产品: from values and quantiles to what a city publishes and what a warning rests on.

    outlook(values)           AQI by the law, its range, level(s), primary pollutant, probability of each level
    windows(hours, observed)  moving means of the hours to come, joined to those that were observed
    index_of_hours(windows)   AQI, level and primary pollutant of each hour
    index_of_fields(...)      the same for maps: arrays of any shape
    clearing(...)             when the wind or rain comes that cleans the air

The functions are pure; frames are those of docs/design/forecast.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from lantian.forecast import products_chance as chance
from lantian.forecast.clearing import clearing
from lantian.standards import aqi, statistics
from lantian.standards.codes import POLLUTANTS
from lantian.standards.subindices import Edition

__all__ = ["clearing", "index_of_fields", "index_of_hours", "outlook", "windows"]

DAILY = ("so2", "no2", "co", "o3_8h", "pm10", "pm25")
QUANTILES = ("q10", "q25", "q50", "q75", "q90")
CASE = ("issue", "source", "place", "date", "lead")
MIDDLE_HALF = (0.25, 0.75)
"""Where probabilities are known, the range holds the middle half of them: even odds."""
TOLERANCE = 0.25
"""Without probabilities the range is the forecast plus and minus this share, by which range accuracy is counted."""

_LEAD_IN = timedelta(hours=23)
_ROLLING = ("o3_8h", "pm10_24h", "pm25_24h")
_LEVELS = np.array([level.high for level in aqi.LEVELS[:-1]])


def outlook(values: pl.DataFrame) -> pl.DataFrame:
    """What is published of each place and day.

    Parameters
    ----------
    values
        ``issue, source, place, date, lead, item, value, q10 .. q90``: one row an item, of `DAILY`.

    Returns
    -------
    ``issue, source, place, date, lead`` and

    - ``aqi, level, primary``: of the values, by `aqi.daily` and the edition of the day. The 2026 edition publishes no
      index of 100 or less while a pollutant is missing; one that a source never forecasts does not block it.
    - ``p1 .. p6``: probability of each level; null unless every item of the day has its quantiles.
    - ``aqi_low, aqi_high``: with probabilities the range that holds the middle half of them, never without ``aqi``;
      else 0.75 and 1.25 of it; cut to the level(s).
    - ``level_low, level_high``: the level(s), at most two that adjoin: that of ``aqi`` and the likelier of its
      neighbours which that range reaches.

    Days without an index are left out. Raises ValueError for a case given twice or an unknown item.
    """
    wide = _wide(values)
    if wide.is_empty():
        return _EMPTY
    parts = []
    for _, part in wide.group_by("source", maintain_order=True):
        items = [item for item in DAILY if item in part.columns and part[item].null_count() < part.height]
        outside = {item.partition("_")[0] for item in DAILY if item not in items}
        judged = aqi.daily(part.select("date", *items), outside_plan=outside).select("aqi", "level", "primary")
        parts.append(_ranged(part.hstack(judged).drop_nulls("aqi"), items))
    return pl.concat(parts).select(_EMPTY.columns).sort(CASE)


def windows(hours: pl.DataFrame, observed: pl.DataFrame | None = None) -> pl.DataFrame:
    """Hours to come with their moving means ``pm25_24h, pm10_24h, o3_8h``: the windows over which warnings count.

    Parameters
    ----------
    hours
        ``issue, source, place, time`` and any of the six pollutants.
    observed
        ``place, time`` and pollutants: what a window holds that begins before the forecast. Hours of ``hours`` go
        before. None: the first windows are as incomplete as they are.

    Returns
    -------
    ``hours`` with the moving means of 24 or 8 hours that end with each hour; null under 20 of 24 or 6 of 8.
    """
    items = [item for item in POLLUTANTS if item in hours.columns]
    bare = hours.drop(_ROLLING, strict=False)
    if hours.is_empty():
        return bare.with_columns(pl.lit(None, pl.Float64).alias(name) for name in _ROLLING)
    # A run and source of a place is a series of its own: it gets a name of its own.
    series = bare.select("issue", "source", "place").unique(maintain_order=True).with_row_index("series")
    ahead = bare.join(series, on=("issue", "source", "place"))
    parts = [ahead.select("series", "time", *items)]
    if observed is not None:
        known = [item for item in items if item in observed.columns]
        first = ahead.group_by("series", "place").agg(first=pl.col("time").min())
        parts.append(
            first.join(observed.select("place", "time", *known), on="place")
            .filter(pl.col("time").is_between(pl.col("first") - _LEAD_IN, pl.col("first"), closed="left"))
            .select("series", "time", *known)
        )
    joined = pl.concat(parts, how="diagonal").with_columns(pl.col("series").cast(pl.String).alias("place"))
    moving = statistics.rolling(joined.drop("series"))
    present = [name for name in _ROLLING if name in moving.columns]
    found = joined.select("series", "time").hstack(moving.select(present))
    return ahead.join(found, on=("series", "time"), how="left", maintain_order="left").drop("series")


def index_of_hours(hours: pl.DataFrame) -> pl.DataFrame:
    """``aqi, level, primary`` beside each hour of `windows`, by `aqi.hourly` and the edition of the hour's day."""
    items = [name for name in (*POLLUTANTS, *_ROLLING) if name in hours.columns]
    judged = aqi.hourly(hours.select("time", *items), outside_plan=set(POLLUTANTS) - set(items))
    return hours.hstack(judged.select("aqi", "level", "primary"))


def index_of_fields(fields: Mapping[str, ArrayLike], day: date) -> NDArray[np.uint16]:
    """The hourly index of whole maps.

    Parameters
    ----------
    fields
        Columns of an hourly frame (``so2 no2 co o3`` and, as the edition wants them, ``o3_8h pm10_24h pm25_24h`` or
        ``pm10 pm25``), arrays of one shape, in the units of the house; NaN is missing.
    day
        The natural day whose edition of HJ 633 holds.

    Returns
    -------
    The index, of the same shape; 0 where nothing is known. A pollutant that no field gives is left out.

    Raises
    ------
    ValueError
        No field that the edition knows.
    """
    subs = [sub for sub in aqi.on(day).hourly if sub.column in fields]
    if not subs:
        wanted = ", ".join(sub.column for sub in aqi.on(day).hourly)
        raise ValueError(f"index_of_fields: {aqi.on(day).name} uses {wanted}; given are {', '.join(fields) or 'none'}")
    found = np.zeros(np.shape(next(iter(fields.values()))), np.uint16)
    for sub in subs:
        field = np.asarray(fields[sub.column], float)
        table = sub.row.table.fill_null(0).to_numpy()
        # A half goes to the even digit, in NumPy as in GB/T 8170.
        digit = np.rint(np.nan_to_num(field) * 10**sub.row.decimals).clip(0, len(table) - 1).astype(int)
        found = np.maximum(found, np.where(np.isnan(field), 0, table[digit]).astype(np.uint16))
    return found


def _wide(values: pl.DataFrame) -> pl.DataFrame:
    """One row a case: ``<item>`` and ``<item> <quantile>``."""
    unknown = set(values["item"]) - set(DAILY)
    if unknown:
        raise ValueError(f"outlook: items {sorted(unknown)}; expected {', '.join(DAILY)}")
    given = values.drop_nulls("value")
    twice = given.filter(given.select(*CASE, "item").is_duplicated())
    if twice.height:
        raise ValueError(f"outlook: a case stands twice: {twice.select(*CASE, 'item').row(0, named=True)}")
    present = [name for name in QUANTILES if name in values.columns]
    if given.is_empty():
        return pl.DataFrame()
    wide = given.pivot(on="item", index=CASE, values=["value", *present])
    return wide.rename({name: _renamed(name) for name in wide.columns if name not in CASE})


def _renamed(column: str) -> str:
    """``value_pm25`` -> ``pm25``, ``q10_pm25`` -> ``pm25 q10``; with one kind of value it is the item already."""
    kind, _, item = column.partition("_")
    return item if kind == "value" else f"{item} {kind}" if kind in QUANTILES else column


def _ranged(part: pl.DataFrame, items: list[str]) -> pl.DataFrame:
    """The judged rows of one source with range, levels and probabilities."""
    parts = [part.clear()]
    for edition in aqi.EDITIONS:
        rows = part.filter(_of_edition(edition))
        if rows.height:
            parts.append(_with_chances(rows, items, edition))
    return pl.concat(parts, how="diagonal")


def _of_edition(edition: Edition) -> pl.Expr:
    later = [known.start for known in aqi.EDITIONS if known.start > edition.start]
    began = pl.col("date") >= edition.start if edition is not aqi.EDITIONS[0] else pl.lit(True)
    return began & (pl.col("date") < later[0]) if later else began


def _with_chances(rows: pl.DataFrame, items: list[str], edition: Edition) -> pl.DataFrame:
    index = rows["aqi"].cast(pl.Int64).to_numpy()
    low, high = np.ceil((1 - TOLERANCE) * index), np.floor((1 + TOLERANCE) * index)
    chances = np.full((rows.height, 6), np.nan)
    told, quantiles = _quantiles(rows, items)
    if told.any():
        given = {item: array[told] for item, array in quantiles.items()}
        low[told], high[told] = (chance.index_quantile(given, share, edition) for share in MIDDLE_HALF)
        chances[told] = chance.level_chances(given, edition)
    low, high = np.minimum(low, index), np.minimum(np.maximum(high, index), chance.TOP)
    level_low, level_high = _two_levels(low, index, high, chances)
    floor, ceiling = np.array([0, *(_LEVELS + 1)]), np.array([*_LEVELS, chance.TOP])
    low, high = np.maximum(low, floor[level_low - 1]), np.minimum(high, ceiling[level_high - 1])
    made: dict[str, NDArray[Any]] = {
        "aqi_low": low.astype(np.uint16),
        "aqi_high": high.astype(np.uint16),
        "level_low": level_low,
        "level_high": level_high,
    } | {f"p{k + 1}": chances[:, k] for k in range(6)}
    return rows.with_columns(pl.Series(name, array, nan_to_null=True) for name, array in made.items())


def _quantiles(rows: pl.DataFrame, items: list[str]) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.float64]]]:
    """Which rows have all quantiles of all their items, and the quantiles: item -> (n, 5), NaN where it is missing."""
    told, found = np.ones(rows.height, bool), {}
    for item in items:
        names = [f"{item} {name}" for name in QUANTILES]
        if any(name not in rows.columns for name in names):
            return np.zeros(rows.height, bool), {}
        found[item] = rows.select(names).fill_null(np.nan).to_numpy().astype(float)
        told &= rows[item].is_null().to_numpy() | ~np.isnan(found[item]).any(axis=1)
    return told, found


def _two_levels(
    low: NDArray[Any], index: NDArray[Any], high: NDArray[Any], chances: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The level of the index and, where the range leaves it, the likelier neighbour; the nearer one where unknown."""
    first, own, last = (np.searchsorted(_LEVELS, bound, side="left") for bound in (low, index, high))
    rows = np.arange(len(own))
    under, over = chances[rows, np.maximum(own - 1, 0)], chances[rows, np.minimum(own + 1, 5)]
    bounds = np.array([0, *_LEVELS, chance.TOP])
    nearer_below = (index - bounds[own]) < (bounds[own + 1] + 1 - index)
    downwards = np.where(np.isnan(under), nearer_below, under > over)
    both = (first < own) & (last > own)
    first = np.where((first < own) & (~both | downwards), own - 1, own)
    last = np.where((last > own) & (~both | ~downwards), own + 1, own)
    return (first + 1).astype(np.uint8), (last + 1).astype(np.uint8)


_EMPTY = pl.DataFrame(
    schema={
        "issue": pl.Datetime("us", "UTC"),
        "source": pl.String,
        "place": pl.String,
        "date": pl.Date,
        "lead": pl.Int16,
        "aqi": pl.UInt16,
        "aqi_low": pl.UInt16,
        "aqi_high": pl.UInt16,
        "level": pl.UInt8,
        "level_low": pl.UInt8,
        "level_high": pl.UInt8,
        "primary": pl.List(pl.String),
        **{f"p{k}": pl.Float64 for k in range(1, 7)},
    }
)
