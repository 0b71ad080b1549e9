"""The hours of a place as chart.js draws them: what was observed, what is forecast, and the range of each day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from lantian.forecast import products
from lantian.forecast.service import OURS
from lantian.forecast.store import Run
from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.web.api.forecast_desk import ForecastDesk
from lantian.web.api.forecast_map import Item
from lantian.web.pages.course import bands

BEFORE = timedelta(hours=48)
"""Observed hours shown before the issue."""
_HOUR = timedelta(hours=1)
_MOVING = {"pm25": ("pm25_24h", 24), "pm10": ("pm10_24h", 24), "o3": ("o3_8h", 8)}
"""What is judged by a moving mean: its column and hours."""
_AQI_BANDS = [
    {"low": level.low and level.low - 1, "high": level.high if level.number < 6 else None, "level": level.number}
    for level in aqi.LEVELS
]


def chart(desk: ForecastDesk, run: Run, place: str, item: Item, language: str) -> dict[str, Any] | None:
    """The chart of a place: its hours, or its days where no hours are forecast; None where there is nothing."""
    hours = desk.hours(run).filter((pl.col("place") == place) & (pl.col("source") == OURS)).sort("time")
    return (
        _of_hours(desk, run, place, hours, item, language)
        if hours.height
        else _of_days(desk, run, place, item, language)
    )


def _of_hours(
    desk: ForecastDesk, run: Run, place: str, hours: pl.DataFrame, item: Item, language: str
) -> dict[str, Any]:
    zh = language == "zh"
    start, end = run.issue - BEFORE, hours["time"].to_list()[-1] + _HOUR
    seen = desk.observed_hours(place, start, end)
    ahead = _index(hours) if item == "aqi" else hours
    grid = pl.DataFrame(
        {"time": pl.datetime_range(start, end, "1h", closed="left", time_unit="us", time_zone="UTC", eager=True)}
    )
    both = grid.join(ahead.select("time", pl.col(item).cast(pl.Float64).alias("ahead")), on="time", how="left")
    known = seen.select("time", pl.col(item).cast(pl.Float64).alias("seen")) if seen.height else None
    both = (
        both.with_columns(pl.lit(None, pl.Float64).alias("seen"))
        if known is None
        else both.join(known, on="time", how="left")
    )
    times = [_iso(moment) for moment in both["time"]]
    spec = _frame(item, run.day, zh, "hourly")
    spec["series"] = [
        {"name": "预报" if zh else "forecast", "points": _points(times, both["ahead"], item)},
        {"name": "实况" if zh else "observed", "points": _points(times, both["seen"], item)},
    ]
    if moving := _MOVING.get(item):
        column, length = moving
        named = f"{length} 小时滑动" if zh else f"{length} h mean"
        values = grid.join(hours.select("time", column), on="time", how="left")[column]
        spec["series"].append({"name": named, "points": _points(times, values, item), "dashed": True})
    found = _day_ranges(desk, run, place, item)
    spread = [found.get(moment.astimezone(TIMEZONE).date()) for moment in both["time"]]
    if any(spread):
        named = "AQI 范围（日）" if item == "aqi" else "日均值 80 % 区间"
        english = "day's AQI range" if item == "aqi" else "day's 80 % range"
        points = [[at, *(pair or (None, None))] for at, pair in zip(times, spread, strict=True)]
        spec["ranges"] = [{"name": named if zh else english, "points": points}]
    if start <= desk.viewer.now < end:
        spec["now"] = _iso(desk.viewer.now)
    return spec


def _index(hours: pl.DataFrame) -> pl.DataFrame:
    """The index of hours; none while the moving means on which the 2012 edition judges particles are not whole."""
    judged = products.index_of_hours(hours)
    if aqi.on(hours["time"].to_list()[0].astimezone(TIMEZONE).date()).year > 2012:
        return judged
    return judged.with_columns(pl.when(pl.col("pm25_24h").is_not_null()).then(pl.col("aqi")).alias("aqi"))


def _of_days(desk: ForecastDesk, run: Run, place: str, item: Item, language: str) -> dict[str, Any] | None:
    zh = language == "zh"
    daily = "o3_8h" if item == "o3" else item
    if item == "aqi":
        rows = desk.published(run).filter(pl.col("place") == place)
        ahead = dict(rows.select("date", pl.col("aqi").cast(pl.Float64)).rows())
    else:
        rows = desk.values(run).filter(
            (pl.col("place") == place) & (pl.col("source") == OURS) & (pl.col("item") == daily)
        )
        ahead = dict(rows.select("date", "value").rows())
    if not ahead:
        return None
    first, last = run.day - timedelta(days=7), max(ahead)
    seen = desk.observed([place], first, last)
    known = dict(seen.select("date", pl.col(daily).cast(pl.Float64)).rows())
    days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
    spread = _day_ranges(desk, run, place, item, daily=True)
    spec = _frame(item, run.day, zh, "daily")
    digits = ITEMS[daily].decimals
    spec["series"] = [
        {"name": name, "points": [[day.isoformat(), _round(values.get(day), digits)] for day in days]}
        for name, values in (("预报" if zh else "forecast", ahead), ("实况" if zh else "observed", known))
    ]
    if spread:
        name = ("AQI 范围" if zh else "AQI range") if item == "aqi" else ("80 % 区间" if zh else "80 % range")
        spec["ranges"] = [{"name": name, "points": [[day.isoformat(), *spread.get(day, (None, None))] for day in days]}]
    return spec


def _frame(item: Item, day: date, zh: bool, span: str) -> dict[str, Any]:
    """Title, unit and the bands of the levels behind."""
    column = "o3_8h" if item == "o3" and span == "daily" else item
    meaning = ITEMS[column]
    frame: dict[str, Any] = {
        "title": meaning.zh if zh else meaning.en,
        "unit": f"{meaning.symbol} {meaning.printed_unit}".strip(),
        "decimals": meaning.decimals,
    }
    if item == "aqi":
        return frame | {"bands": _AQI_BANDS}
    subs = aqi.on(day).hourly if span == "hourly" else aqi.on(day).daily
    row = next(sub.row for sub in subs if sub.item == column)
    return frame | {"bands": bands(row.nodes, row.decimals)}


def _day_ranges(
    desk: ForecastDesk, run: Run, place: str, item: Item, *, daily: bool = False
) -> dict[date, tuple[float, float]]:
    """Lower and upper end of each day: the index's range as published, of a pollutant its 10 and 90 % quantiles.

    Hours of ozone have none: what is forecast of its day is the largest 8-hour mean.
    """
    if item == "aqi":
        rows = desk.published(run).filter(pl.col("place") == place).select("date", "aqi_low", "aqi_high").rows()
    elif item == "o3" and not daily:
        return {}
    else:
        wanted = (pl.col("place") == place) & (pl.col("source") == OURS)
        wanted &= pl.col("item") == ("o3_8h" if item == "o3" else item)
        rows = desk.values(run).filter(wanted).select("date", "q10", "q90").rows()
    digits = 0 if item == "aqi" else ITEMS[item].decimals + 1
    return {
        day: (round(float(low), digits), round(float(high), digits))
        for day, low, high in rows
        if low is not None and high is not None
    }


def _points(times: list[str], values: pl.Series, item: Item) -> list[list[Any]]:
    digits = ITEMS[item].decimals + (0 if item == "aqi" else 1)
    return [[at, _round(value, digits)] for at, value in zip(times, values.to_list(), strict=True)]


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
