"""Days as a picture: months of one place as a calendar, or one place a row, coloured by the level of the AQI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from lantian.assessment.periods import Period


@dataclass(frozen=True)
class Cell:
    """One day.

    Attributes:
        day: the day.
        aqi: its AQI; None where there is none.
        level: number of the level; None likewise.
        primary: primary pollutants.
        due: whether the day is over, so that a missing value is missing and not still to come.
        episode: first day of the episode that it lies in; None outside of one.
    """

    day: date
    aqi: int | None
    level: int | None
    primary: tuple[str, ...]
    due: bool
    episode: date | None


@dataclass(frozen=True)
class Month:
    """A month as weeks from Monday to Sunday; None where a week reaches beyond the period."""

    first: date
    weeks: tuple[tuple[Cell | None, ...], ...]


def months(
    period: Period, days: Mapping[date, Mapping[str, Any]], episodes: Sequence[Period], last: date
) -> list[Month]:
    """Lay a period out as months.

    Args:
        period: first to last day.
        days: `aqi, level, primary` by day.
        episodes: spans of the place's episodes.
        last: the last day that is over.
    """
    found = []
    for month in period.months():
        start = month.start - timedelta(days=month.start.weekday())
        weeks = []
        while start <= month.end:
            week = (start + timedelta(days=offset) for offset in range(7))
            inside = (day if month.start <= day <= month.end else None for day in week)
            weeks.append(tuple(None if day is None else cell(day, days, episodes, last) for day in inside))
            start += timedelta(days=7)
        found.append(Month(month.start, tuple(weeks)))
    return found


def row(
    span: Iterable[date], days: Mapping[date, Mapping[str, Any]], episodes: Sequence[Period], last: date
) -> list[Cell]:
    """One place's days side by side; arguments as :func:`months`."""
    return [cell(day, days, episodes, last) for day in span]


def cell(day: date, days: Mapping[date, Mapping[str, Any]], episodes: Sequence[Period], last: date) -> Cell:
    """One day of one place; arguments as :func:`months`."""
    known = days.get(day, {})
    episode = next((each.start for each in episodes if each.start <= day <= each.end), None)
    return Cell(day, known.get("aqi"), known.get("level"), tuple(known.get("primary") or ()), day <= last, episode)


def by_day(daily: pl.DataFrame, place: str) -> dict[date, dict[str, Any]]:
    """A place's judged days by date."""
    rows = daily.filter(pl.col("place") == place).select("date", "aqi", "level", "primary").to_dicts()
    return {each["date"]: each for each in rows}
