"""The course of the air at one place as panels on one axis of time, which series.js draws: the index, the six
pollutants on the bands of their levels, the weather, and how much of it all is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.aqi import LEVELS
from lantian.standards.codes import ITEMS, POLLUTANTS

ORDER = ("pm25", "pm10", "o3", "no2", "so2", "co")
"""The pollutants as offices list them."""

WEATHER_PANELS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("气温与露点", "Temperature, dew point", ("temperature", "dew_point")),
    ("相对湿度", "Humidity", ("humidity",)),
    ("风", "Wind", ("wind_speed",)),
    ("降水", "Rain", ("rain",)),
)


def of_hours(frame: pl.DataFrame, start: datetime, end: datetime, expected: int, language: str) -> dict[str, Any]:
    """Panels of judged hours.

    Args:
        frame: hours of one place, see `web.api.places.hours`; hours that are not there are gaps.
        start: first hour.
        end: end of the last hour.
        expected: values due in an hour: six at a station, six times its stations in a region.
        language: of the names.

    Returns:
        JSON values: `times` (ISO 8601, the beginning of each hour), `panels` (`name, unit, series, bands`), `coverage`
        (0 to 1 for each hour).
    """
    hours = pl.datetime_range(start, end, "1h", closed="left", time_unit="us", time_zone="UTC", eager=True)
    grid = pl.DataFrame({"time": hours}).join(frame, on="time", how="left").sort("time")
    subs = {sub.item: sub for sub in aqi.on(end.astimezone(TIMEZONE).date()).hourly}
    panels = [_index(grid)]
    panels += [_panel(grid, item, item, subs[item].row.nodes, subs[item].row.decimals, language) for item in ORDER]
    panels += _weather(grid, language)
    counts = [f"n_{item}" for item in POLLUTANTS]
    present = (
        pl.sum_horizontal(pl.col(counts).fill_null(0))
        if set(counts) <= set(grid.columns)
        else pl.sum_horizontal(pl.col(item).is_not_null() for item in POLLUTANTS)
    )
    coverage = grid.select((present / max(expected, 1)).clip(0, 1).round(3).alias("share"))["share"]
    times = [time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for time in grid["time"]]
    return {"times": times, "panels": panels, "coverage": coverage.to_list()}


def of_days(frame: pl.DataFrame, first: date, last: date, language: str) -> dict[str, Any]:
    """Panels of judged days, see `of_hours`; `times` are dates."""
    days = pl.date_range(first, last, "1d", eager=True)
    grid = pl.DataFrame({"date": days}).join(frame, on="date", how="left").sort("date")
    subs = {sub.item: sub for sub in aqi.on(last).daily}
    panels = [_index(grid)]
    for item in ORDER:
        column = "o3_8h" if item == "o3" else item
        panels.append(_panel(grid, item, column, subs[column].row.nodes, subs[column].row.decimals, language))
    columns = ["o3_8h" if item == "o3" else item for item in POLLUTANTS]
    present = grid.select(pl.mean_horizontal(pl.col(columns).is_not_null()).round(3).alias("share"))["share"]
    return {"times": [day.isoformat() for day in days], "panels": panels, "coverage": present.to_list()}


def _index(grid: pl.DataFrame) -> dict[str, Any]:
    series = {"name": "AQI", "kind": "level", "values": grid["aqi"].to_list(), "levels": grid["level"].to_list()}
    return {"key": "aqi", "name": "AQI", "unit": "", "decimals": 0, "series": [series], "bands": []}


def _panel(
    grid: pl.DataFrame, item: str, column: str, nodes: Sequence[int], decimals: int, language: str
) -> dict[str, Any]:
    meaning = ITEMS[column]
    series = {"name": meaning.symbol, "kind": "line", "values": _rounded(grid[column], meaning.decimals)}
    return {
        "key": item,
        "name": meaning.symbol,
        "title": meaning.zh if language == "zh" else meaning.en,
        "unit": meaning.printed_unit,
        "decimals": meaning.decimals,
        "series": [series],
        "bands": bands(nodes, decimals),
    }


def bands(nodes: Sequence[int], decimals: int) -> list[dict[str, Any]]:
    """The concentrations of each level: `low, high, level`; the last one has no upper end (null)."""
    scaled = [node / 10**decimals for node in nodes]
    # Six levels lie between the first five upper breakpoints; from the fifth on all is level 6.
    edges = scaled[: len(LEVELS)]
    found = [{"low": low, "high": high, "level": number + 1} for number, (low, high) in enumerate(pairwise(edges))]
    return [*found, {"low": edges[-1], "high": None, "level": len(found) + 1}]


def _weather(grid: pl.DataFrame, language: str) -> list[dict[str, Any]]:
    panels = []
    for zh, en, columns in WEATHER_PANELS:
        there = [name for name in columns if name in grid.columns and grid[name].count()]
        if not there:
            continue
        kind = "bar" if columns == ("rain",) else "line"
        series: list[dict[str, Any]] = [
            {
                "name": ITEMS[name].zh if language == "zh" else ITEMS[name].en,
                "kind": kind,
                "values": _rounded(grid[name], ITEMS[name].decimals),
            }
            for name in there
        ]
        if "wind_speed" in there and "wind_direction" in grid.columns:
            name = ITEMS["wind_direction"].zh if language == "zh" else "wind from"
            series.append({"name": name, "kind": "arrow", "values": _rounded(grid["wind_direction"], 0)})
        first = ITEMS[there[0]]
        panels.append(
            {"key": there[0], "name": zh if language == "zh" else en, "unit": first.printed_unit, "series": series}
            | {"decimals": first.decimals, "bands": []}
        )
    return panels


def _rounded(values: pl.Series, decimals: int) -> list[float | None]:
    # To the eye only: a chart needs no more digits than are published, and the page stays small.
    return values.round(decimals).to_list()
