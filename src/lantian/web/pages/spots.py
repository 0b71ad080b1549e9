"""Places with their newest values, as the pages 现在 and 首页 show them: on a disc, in a table, in the panel beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.web import figures
from lantian.web.api.now import cities_now, level_of_hour, stations_now
from lantian.web.desk import Desk
from lantian.web.security import Viewer

Shown = Literal["aqi", "pm25", "pm10", "o3", "no2", "so2", "co"]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

SHOWN: tuple[Shown, ...] = ("aqi", "pm25", "pm10", "o3", "no2", "so2", "co")
"""What a disc can show: the index or one of the six pollutants, in the order in which offices list them."""


@dataclass(frozen=True)
class Spot:
    """One place with its newest values.

    Attributes:
        row: the values, see `web.api.now`.
        name: in the reader's language.
    """

    row: dict[str, Any]
    name: str

    @property
    def code(self) -> str:
        """The place's code."""
        return str(self.row["place"])

    @property
    def hourly(self) -> bool:
        """Whether the values are of an hour (a station's) or of a day (a city's)."""
        return bool(self.row["basis"] == "hour")

    @property
    def day(self) -> date:
        """The natural day of the values."""
        found: date = self.row["time"].astimezone(TIMEZONE).date() if self.hourly else self.row["date"]
        return found

    @property
    def aqi(self) -> int | None:
        """The index; None if there is none."""
        found: int | None = self.row["aqi"]
        return found

    @property
    def primary(self) -> str:
        """Symbols of the primary pollutants."""
        return ", ".join(symbol(item) for item in self.row["primary"] or ())

    def column(self, item: str) -> str:
        """The column that holds an item: a day's ozone is its largest 8-hour mean."""
        return "o3_8h" if item == "o3" and not self.hourly else item

    def value(self, item: str) -> float | None:
        """An item's value as measured or averaged."""
        found: float | None = self.row[self.column(item)]
        return found

    def text(self, item: str) -> str | None:
        """An item's value in published digits; None if it is missing."""
        value = self.aqi if item == "aqi" else self.value(item)
        return None if value is None else figures.digits(self.column(item), value)

    def level(self, item: str) -> int | None:
        """The level of the index, or of one pollutant by itself."""
        if item != "aqi" and self.hourly:
            return level_of_hour(item, self.value(item), self.day)
        found = aqi.level_of(self.row["aqi" if item == "aqi" else f"iaqi_{self.column(item)}"])
        return found.number if found else None


def stations(viewer: Viewer, language: str) -> list[Spot]:
    """Every station that reported in the last day, worst first, those without a value last."""
    return _worst_first(stations_now(viewer), namer(viewer, language))


def cities(viewer: Viewer, language: str) -> list[Spot]:
    """Every city with a published day, worst first."""
    return _worst_first(cities_now(viewer), namer(viewer, language))


def symbol(item: str) -> str:
    """How an item is called beside a number."""
    return ITEMS[item].symbol


def namer(viewer: Viewer, language: str) -> Callable[[str], str]:
    """Gives the name of a place by its code, in a language; stations have Chinese names only."""
    atlas = Desk(viewer).atlas
    return lambda code: atlas.name(code, language)


def hour_text(start: datetime, language: str) -> str:
    """An hour in words by its beginning: `12月16日 19:00–20:00`, `16 Dec 19:00–20:00`."""
    first = start.astimezone(TIMEZONE)
    until = first + timedelta(hours=1)
    return f"{day_text(first.date(), language)} {first:%H:%M}–{until:%H:%M}"


def day_text(day: date, language: str) -> str:
    """A day without its year: `12月16日`, `16 Dec`."""
    return f"{day.month}月{day.day}日" if language == "zh" else f"{day.day} {_MONTHS[day.month - 1]}"


def _worst_first(table: pl.DataFrame, name: Callable[[str], str]) -> list[Spot]:
    rows = table.sort(["aqi", "place"], descending=[True, False], nulls_last=True).to_dicts()
    return [Spot(row, name(row["place"])) for row in rows]
