"""Concentration limits of GB 3095 by date: the 2012 edition, its 2018 amendment, the 2026 edition in its two stages.

Limits are in the units of `lantian.standards.codes`. Days before 2016-01-01 are judged by GB 3095-2012 as well: it
came into force city by city from 2012 on, and for the whole country on that day.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Literal, TypeAlias

import polars as pl

from lantian.standards.codes import DAILY_ITEMS, GASES
from lantian.standards.frames import FrameLike, StandardsError, as_frame, require_columns

Period: TypeAlias = Literal["annual", "season", "day", "mda8", "hour"]
"""Averaging times of limits: year, season, 24 hours, largest 8-hour mean of the day, 1 hour."""

STANDARD_STATE = Fraction(273)
"""Kelvin; 标准状态 of GB 3095-2012 3.14: 273 K, 101.325 kPa."""

REFERENCE_STATE = Fraction("298.15")
"""Kelvin; 参比状态 of the 2018 amendment: 298.15 K, 1013.25 hPa (the same pressure)."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One line of the limit tables: grade I 一级 (nature reserves) and grade II 二级 (everywhere else)."""

    pollutant: str
    period: Period
    grade1: float
    grade2: float
    clause: str


@dataclass(frozen=True)
class Edition:
    """The limits in force from ``start`` until the next edition.

    ``gas_temperature`` (K) is the state to which gas concentrations are referred; ``particles`` says at which state
    particles and their components are given: ``"standard"`` (273 K) or ``"ambient"`` (temperature and pressure at
    the station).
    """

    name: str
    start: dt.date
    gas_temperature: Fraction
    particles: Literal["standard", "ambient"]
    limits: tuple[Limit, ...] = field(repr=False)

    @cached_property
    def _by_key(self) -> Mapping[tuple[str, str], Limit]:
        return MappingProxyType({(limit.pollutant, limit.period): limit for limit in self.limits})

    def limit(self, pollutant: str, period: Period, grade: int = 2) -> float:
        """The limit of a pollutant, ``grade`` 1 or 2. Raises `StandardsError` for none, saying which there are."""
        if grade not in (1, 2):
            raise StandardsError(f"{self.name} has grades 1 and 2, not {grade!r}")
        found = self._by_key.get((pollutant, period))
        if found is None:
            known = [limit.period for limit in self.limits if limit.pollutant == pollutant]
            there = (
                f"it has {known}" if known else f"it has limits of {sorted({limit.pollutant for limit in self.limits})}"
            )
            raise StandardsError(f"{self.name} has no {period!r} limit of {pollutant!r}; {there}")
        return float(found.grade1 if grade == 1 else found.grade2)

    def daily_limit(self, item: str, grade: int = 2) -> float:
        """The limit that judges a column of a daily frame: the MDA8 limit for ``o3_8h``, the hour's for ``o3_1h``."""
        if item not in DAILY_ITEMS:
            raise StandardsError(f"{item!r} is no column of a daily frame, expected one of {list(DAILY_ITEMS)}")
        if item in ("o3_8h", "o3_1h"):
            return self.limit("o3", "mda8" if item == "o3_8h" else "hour", grade)
        return self.limit(item, "day", grade)


_TABLE_2_OF_2012 = (
    Limit("tsp", "annual", 80, 200, "table 2"),
    Limit("tsp", "day", 120, 300, "table 2"),
    Limit("nox", "annual", 50, 50, "table 2"),
    Limit("nox", "day", 100, 100, "table 2"),
    Limit("nox", "hour", 250, 250, "table 2"),
    Limit("pb", "annual", 0.5, 0.5, "table 2"),
    Limit("pb", "season", 1.0, 1.0, "table 2"),
    Limit("bap", "annual", 0.001, 0.001, "table 2"),
    Limit("bap", "day", 0.0025, 0.0025, "table 2"),
)

_OF_2012 = (
    Limit("so2", "annual", 20, 60, "table 1"),
    Limit("so2", "day", 50, 150, "table 1"),
    Limit("so2", "hour", 150, 500, "table 1"),
    Limit("no2", "annual", 40, 40, "table 1"),
    Limit("no2", "day", 80, 80, "table 1"),
    Limit("no2", "hour", 200, 200, "table 1"),
    Limit("co", "day", 4, 4, "table 1"),
    Limit("co", "hour", 10, 10, "table 1"),
    Limit("o3", "mda8", 100, 160, "table 1"),
    Limit("o3", "hour", 160, 200, "table 1"),
    Limit("pm10", "annual", 40, 70, "table 1"),
    Limit("pm10", "day", 50, 150, "table 1"),
    Limit("pm25", "annual", 15, 35, "table 1"),
    Limit("pm25", "day", 35, 75, "table 1"),
    *_TABLE_2_OF_2012,
)


def _changed(before: tuple[Limit, ...], *lines: Limit) -> tuple[Limit, ...]:
    """A table with some of its lines replaced; a line that replaces nothing would be a slip."""
    new = {(line.pollutant, line.period): line for line in lines}
    assert new.keys() <= {(limit.pollutant, limit.period) for limit in before}
    return tuple(new.get((limit.pollutant, limit.period), limit) for limit in before)


_TRANSITION_OF_2026 = _changed(
    _OF_2012,
    Limit("pm10", "annual", 40, 60, "table 1"),
    Limit("pm10", "day", 50, 120, "table 1"),
    Limit("pm25", "annual", 15, 30, "table 1"),
    Limit("pm25", "day", 35, 60, "table 1"),
)

_FINAL_OF_2026 = _changed(
    _TRANSITION_OF_2026,
    Limit("so2", "annual", 20, 20, "table 1"),
    Limit("so2", "day", 50, 50, "table 1"),
    Limit("so2", "hour", 150, 150, "table 1"),
    Limit("no2", "annual", 30, 30, "table 1"),
    Limit("no2", "day", 50, 50, "table 1"),
    Limit("pm10", "annual", 20, 50, "table 1"),
    Limit("pm10", "day", 50, 100, "table 1"),
    Limit("pm25", "annual", 10, 25, "table 1"),
    Limit("pm25", "day", 25, 50, "table 1"),
    Limit("nox", "annual", 40, 40, "table 2"),
    Limit("nox", "day", 70, 70, "table 2"),
)

EDITIONS: tuple[Edition, ...] = (
    Edition("GB 3095-2012", dt.date(2016, 1, 1), STANDARD_STATE, "standard", _OF_2012),
    Edition("GB 3095-2012, 2018 amendment", dt.date(2018, 9, 1), REFERENCE_STATE, "ambient", _OF_2012),
    Edition("GB 3095-2026, transition", dt.date(2026, 3, 1), REFERENCE_STATE, "ambient", _TRANSITION_OF_2026),
    Edition("GB 3095-2026", dt.date(2031, 1, 1), REFERENCE_STATE, "ambient", _FINAL_OF_2026),
)
"""The editions, oldest first."""


def on(day: dt.date) -> Edition:
    """The edition in force on a natural day of Asia/Shanghai; before 2016-01-01 the 2012 edition (see the module)."""
    return next((edition for edition in reversed(EDITIONS) if day >= edition.start), EDITIONS[0])


def gas_factor(measured: dt.date, wanted: dt.date) -> float:
    """What a gas concentration of one day is multiplied by to stand at the state in force on another day.

    Across 2018-09-01 it is 273/298.15 = 0.91565 forward and its inverse backward; otherwise 1. Particles have no such
    factor: they need the temperature and pressure at the station. Source: amendment of GB 3095-2012, announcement of
    2018-08-13.
    """
    return float(on(measured).gas_temperature / on(wanted).gas_temperature)


def at_gas_state(frame: FrameLike, wanted: dt.date) -> pl.DataFrame:
    """A frame with its gases at the state in force on ``wanted``, to compare years across 2018-09-01.

    ``frame`` has ``date`` (daily) or ``time`` (hourly) and any of `codes.GASES`; other columns and nulls stay as
    they are. The results are not rounded. Raises `StandardsError` for a frame without date and time, or with wrong
    columns.
    """
    where = "limits.at_gas_state"
    data = as_frame(frame)
    key = "date" if "date" in data.columns else "time"
    data = require_columns(data, (key,), optional=GASES, where=where)
    day = pl.col(key) if key == "date" else pl.col(key).dt.convert_time_zone("Asia/Shanghai").dt.date()
    factor = pl.lit(gas_factor(EDITIONS[0].start, wanted))
    for edition in EDITIONS[1:]:
        factor = pl.when(day >= edition.start).then(gas_factor(edition.start, wanted)).otherwise(factor)
    return data.with_columns(pl.col(gas) * factor for gas in GASES if gas in data.columns)
