"""Verification 预报检验: how good a forecast was, by lead, place, season and source, and always beside persistence.

    days = aqi.daily(statistics.daily(hourly))  # what happened
    base = verify.persistence(issues, leads, hourly=hourly)
    table = verify.verify(pl.concat([values, base]), pl.concat([outlook, products.outlook(base)]), days)

Each row of the table gives the scores of one source and, in the columns ``<score>_persistence``, those that
persistence reaches on the same places and days. `DEFINITIONS` says of every score what it is and where that is from.
The functions are pure: frames in, frames out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from lantian.forecast import scores
from lantian.forecast.scores import DEFINITIONS, Definition
from lantian.standards import aqi, statistics
from lantian.standards.codes import POLLUTANTS

__all__ = ["DEFINITIONS", "ITEMS", "PERSISTENCE", "SEASONS", "Definition", "persistence", "reliability", "verify"]

ITEMS = ("so2", "no2", "co", "o3_8h", "pm10", "pm25")
"""The daily items that are forecast."""
PERSISTENCE = "persistence"
"""The source beside which all others stand."""
CASE = ("issue", "place", "date", "lead")
"""What makes one case of a source."""
SEASONS: dict[str, tuple[int, ...]] = {
    "spring": (3, 4, 5),
    "summer": (6, 7, 8),
    "autumn": (9, 10, 11),
    "winter": (12, 1, 2),
}
"""Meteorological seasons: their months."""
Season = Literal["spring", "summer", "autumn", "winter"]
QUANTILES = ("q10", "q25", "q50", "q75", "q90")
PROBABILITIES = tuple(f"p{k}" for k in scores.LEVELS)

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_PUBLISHED = timedelta(days=1, hours=12)
"""From the beginning of a day to noon of the next, when its value is published."""
_STALE = 3
_BOUNDS = ("aqi_low", "aqi_high", "level_low", "level_high")


def verify(
    values: pl.DataFrame,
    outlook: pl.DataFrame | None,
    observed: pl.DataFrame,
    *,
    by: Sequence[str] = ("source", "lead"),
    season: Season | None = None,
) -> pl.DataFrame:
    """Score forecasts against what was observed.

    Parameters
    ----------
    values, outlook
        As `docs/design/forecast.md` has them; ``outlook`` None: no scores of the index. Rows of the source
        ``persistence`` give the columns beside; they are a source of their own as well.
    observed
        ``place, date`` and daily items (ug/m3, CO mg/m3; null = missing), with ``aqi, level, primary`` or without: then
        `aqi.daily` judges them. A case whose day was not observed does not count.
    by
        Columns by which cases are grouped: those of both frames, and ``season``, ``month`` (1 to 12), ``year`` of the
        day. ``source`` is always among them.
    season
        Only days of this season.

    Returns
    -------
    One row a group and ``item``: for `ITEMS` the scores of HJ 1130-2020, for ``aqi`` those of the index; scores that
    do not apply, or that the group does not have, are null. Beside each, ``<score>_persistence`` on the cases of both,
    their number ``n_persistence``, and ``skill``. Shares are 0 to 1, concentrations in the units of the house.

    Raises
    ------
    ValueError
        A column is missing, a case is given twice, or ``by`` names something unknown.
    """
    by = tuple(dict.fromkeys(("source", *by)))
    days = observed if {"aqi", "level", "primary"} <= set(observed.columns) else aqi.daily(observed)
    tables = [_scored(_pairs_of_values(values, days), by, season, scores.of_values(), ("forecast", *QUANTILES))]
    if outlook is not None:
        given = ("forecast", "level", "primary", *_BOUNDS, *PROBABILITIES)
        tables.append(_scored(_pairs_of_index(outlook, days), by, season, scores.of_index(), given))
    return pl.concat(tables, how="diagonal_relaxed").sort(*by, "item", nulls_last=True)


def reliability(
    outlook: pl.DataFrame, observed: pl.DataFrame, *, by: Sequence[str] = ("source",), bins: int = 10
) -> pl.DataFrame:
    """How often a level came when its probability was said to be so: the reliability diagram.

    Parameters
    ----------
    outlook, observed
        As for `verify`; rows without probabilities do not count.
    by
        As for `verify`.
    bins
        Number of equal bins of probability.

    Returns
    -------
    One row a group, ``event`` (``level 1`` .. ``level 6``, ``heavy`` for AQI > 200, ``all``: the six levels together)
    and bin that holds a case: ``low, high`` of the bin, ``n``, mean ``probability``, observed ``frequency`` with
    ``frequency_low, frequency_high``, its 95 % interval by Wilson (1927), as if cases were independent.
    """
    if bins < 2:
        raise ValueError(f"a reliability diagram needs at least 2 bins, not {bins}")
    by = tuple(dict.fromkeys(("source", *by)))
    days = observed if {"aqi", "level", "primary"} <= set(observed.columns) else aqi.daily(observed)
    pairs = _grouped(_pairs_of_index(outlook, days), by).filter(pl.all_horizontal(pl.col(PROBABILITIES).is_not_null()))
    seen = pl.col("observed_level")
    levels = [
        pairs.select(*by, event=pl.lit(f"level {k}"), p=pl.col(f"p{k}"), happened=seen == k) for k in scores.LEVELS
    ]
    heavy = pairs.select(*by, event=pl.lit("heavy"), p=pl.col("p5") + pl.col("p6"), happened=seen >= 5)
    cases = pl.concat([*levels, heavy, *(each.with_columns(event=pl.lit("all")) for each in levels)])
    number = (pl.col("p").clip(0, 1) * bins).floor().clip(0, bins - 1).cast(pl.Int64)
    found = cases.group_by(*by, "event", number.alias("bin")).agg(
        n=pl.len().cast(pl.Int64), probability=pl.col("p").mean(), frequency=pl.col("happened").mean()
    )
    return (
        found.with_columns(low=pl.col("bin") / bins, high=(pl.col("bin") + 1) / bins, **_wilson())
        .select(*by, "event", "low", "high", "n", "probability", "frequency", "frequency_low", "frequency_high")
        .sort(*by, "event", "low")
    )


def persistence(
    issues: Iterable[datetime],
    leads: Iterable[int],
    *,
    hourly: pl.DataFrame | None = None,
    daily: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The forecast that tomorrow will be as the air was just now: the bar that any other must pass.

    At each issue the last 24 hours known are judged as one day: 24-hour means and the largest 8-hour mean, with the
    validity rules of a natural day. That is the strongest persistence there is at that hour: at 20:00 it knows all of
    the evening, where "yesterday's value" would be 20 hours old. A place without an hour in the 24 before the issue
    takes its last published day; a day is known at noon of the next.

    Parameters
    ----------
    issues
        Moments with a time zone, on the hour.
    leads
        Days ahead: 1 is the natural day (Asia/Shanghai) after that of the issue.
    hourly
        ``place, time`` and pollutants, stations and regions alike.
    daily
        ``place, date`` and daily items, for places without hours.

    Returns
    -------
    Values of the source ``persistence``, the same at every lead, for places and items that have one.
    """
    if hourly is None and daily is None:
        raise ValueError("verify.persistence needs hours, days or both")
    moments = pl.DataFrame(
        {"issue": sorted({each.astimezone(UTC) for each in issues})}, schema={"issue": pl.Datetime("us", "UTC")}
    )
    known = _nothing() if hourly is None else _last_hours(moments, hourly)
    if daily is not None:
        # A place that has hours is judged by them alone: it does not borrow the day before for one item.
        days = _last_days(moments, daily).join(known, on=("issue", "place"), how="anti")
        known = pl.concat([known, days])
    leads = sorted(set(leads))
    ahead = pl.DataFrame({"lead": leads}, schema={"lead": pl.Int16})
    day = pl.col("issue").dt.convert_time_zone(_SHANGHAI.key).dt.date()
    return (
        known.join(ahead, how="cross")
        .select(
            "issue",
            pl.lit(PERSISTENCE).alias("source"),
            "place",
            (day + pl.duration(days=pl.col("lead"))).alias("date"),
            "lead",
            "item",
            "value",
            *(pl.lit(None, pl.Float64).alias(name) for name in QUANTILES),
        )
        .sort("issue", "place", "lead", "item")
    )


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"issue": pl.Datetime("us", "UTC"), "place": pl.String, "item": pl.String, "value": pl.Float64}
    )


def _last_hours(moments: pl.DataFrame, hourly: pl.DataFrame) -> pl.DataFrame:
    """The 24 hours before each issue, moved so that they fill a natural day, through the law of days."""
    items = [item for item in POLLUTANTS if item in hourly.columns]
    local = pl.col("issue").dt.convert_time_zone(_SHANGHAI.key)
    parts = [_nothing()]
    for (hour,), part in moments.group_by(local.dt.hour().alias("hour"), maintain_order=True):
        ahead = timedelta(hours=-int(str(hour)) % 24)
        issues = part.select("issue", (local + (ahead - timedelta(days=1))).dt.date().alias("date"))
        first, last = issues["issue"].min(), issues["issue"].max()
        within = hourly.filter(pl.col("time").is_between(pl.lit(first) - timedelta(days=1), last, closed="left"))
        if within.is_empty():
            continue
        days = statistics.daily(within.select("place", pl.col("time") + ahead, *items))
        parts.append(_long(issues.join(days, on="date")))
    return pl.concat(parts)


def _last_days(moments: pl.DataFrame, daily: pl.DataFrame) -> pl.DataFrame:
    """The last published day of each place at each issue, unless it is over `_STALE` days older than the newest."""
    local = pl.col("issue").dt.convert_time_zone(_SHANGHAI.key)
    newest = moments.select("issue", (local - _PUBLISHED).dt.date().alias("newest"))
    present = [item for item in ITEMS if item in daily.columns]
    known = (
        daily.filter(pl.any_horizontal(pl.col(present).is_not_null())).select("place", "date", *present).sort("date")
    )
    wanted = newest.join(known.select("place").unique(), how="cross").sort("newest")
    found = wanted.join_asof(
        known, left_on="newest", right_on="date", by="place", tolerance=f"{_STALE}d", check_sortedness=False
    )
    return _long(found)


def _long(wide: pl.DataFrame) -> pl.DataFrame:
    present = [item for item in ITEMS if item in wide.columns]
    return (
        wide.unpivot(present, index=("issue", "place"), variable_name="item")
        .drop_nulls("value")
        .select(*_nothing().columns)
    )


def _pairs_of_values(values: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    _require(values, (*CASE, "source", "item", "value"), "values")
    present = [item for item in ITEMS if item in days.columns]
    seen = days.unpivot(present, index=("place", "date"), variable_name="item", value_name="observed").drop_nulls()
    absent = [pl.lit(None, pl.Float64).alias(name) for name in QUANTILES if name not in values.columns]
    pairs = values.with_columns(absent).rename({"value": "forecast"}).drop_nulls("forecast")
    return _once(pairs, "values").join(seen, on=("place", "date", "item"))


def _pairs_of_index(outlook: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """One row a judged case; ties of ozone's two sub-indices count as ozone."""
    _require(outlook, (*CASE, "source", "aqi", "level", "primary", *_BOUNDS), "outlook")
    seen = days.drop_nulls("aqi").select(
        "place",
        "date",
        pl.col("aqi").cast(pl.Float64).alias("observed"),
        pl.col("level").cast(pl.Int64).alias("observed_level"),
        _pollutants(pl.col("primary")).alias("observed_primary"),
    )
    absent = [pl.lit(None, pl.Float64).alias(name) for name in PROBABILITIES if name not in outlook.columns]
    pairs = outlook.drop_nulls("aqi").with_columns(
        pl.col("aqi").cast(pl.Float64).alias("forecast"),
        pl.col(_BOUNDS).cast(pl.Int64),
        _pollutants(pl.col("primary")),
        pl.lit("aqi").alias("item"),
        *(pl.lit(None, pl.Float64).alias(name) for name in QUANTILES),
        *absent,
    )
    return _once(pairs, "outlook").join(seen, on=("place", "date"))


def _pollutants(items: pl.Expr) -> pl.Expr:
    return items.list.eval(pl.element().str.replace("_.*$", "")).list.unique()


def _scored(
    pairs: pl.DataFrame, by: Sequence[str], season: Season | None, told: list[pl.Expr], given: Sequence[str]
) -> pl.DataFrame:
    """Scores of each group, and of persistence on the group's cases."""
    pairs = _grouped(pairs if season is None else pairs.filter(pl.col("date").dt.month().is_in(SEASONS[season])), by)
    base = pairs.filter(pl.col("source") == PERSISTENCE).select(*CASE, "item", *given)
    same = pairs.drop(given).join(base, on=(*CASE, "item"))
    own = pairs.group_by(*by, "item").agg(told)
    beside = same.group_by(*by, "item").agg(told).drop("mean_observed")
    errors = (
        pairs.join(base.select(*CASE, "item", pl.col("forecast").alias("base")), on=(*CASE, "item"))
        .group_by(*by, "item")
        .agg(
            ours=(pl.col("forecast") - pl.col("observed")).abs().sum(),
            base=(pl.col("base") - pl.col("observed")).abs().sum(),
        )
        .select(*by, "item", pl.when(pl.col("base") > 0).then(1 - pl.col("ours") / pl.col("base")).alias("skill"))
    )
    key = (*by, "item")
    beside = beside.rename({name: f"{name}_{PERSISTENCE}" for name in beside.columns if name not in key})
    for part in (beside, errors):
        own = own.join(part, on=key, how="left", nulls_equal=True)
    return own


def _grouped(pairs: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The pairs with the columns that a grouping may name beside those it has."""
    month = pl.col("date").dt.month()
    season = pl.coalesce(pl.when(month.is_in(months)).then(pl.lit(name)) for name, months in SEASONS.items())
    made = {"season": season, "month": month.cast(pl.Int64), "year": pl.col("date").dt.year().cast(pl.Int64)}
    unknown = [name for name in by if name not in pairs.columns and name not in made]
    if unknown:
        raise ValueError(f"verify: cannot group by {unknown}; expected columns of the forecast or {', '.join(made)}")
    return pairs.with_columns(**{name: expr for name, expr in made.items() if name in by})


def _require(frame: pl.DataFrame, names: Iterable[str], what: str) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(f"verify: {what} lack {missing}; they have {frame.columns}")


def _once(pairs: pl.DataFrame, what: str) -> pl.DataFrame:
    key = [*CASE, "source", "item"]
    twice = pairs.filter(pairs.select(key).is_duplicated())
    if twice.height:
        raise ValueError(f"verify: {what} hold a case twice: {twice.select(key).row(0, named=True)}")
    return pairs


def _wilson() -> dict[str, pl.Expr]:
    """The interval of a share, 95 %. Wilson (1927), J. Am. Stat. Assoc. 22: 209."""
    z = 1.959964
    n, share = pl.col("n"), pl.col("frequency")
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)).sqrt()
    return {"frequency_low": (middle - half).clip(0, 1), "frequency_high": (middle + half).clip(0, 1)}
