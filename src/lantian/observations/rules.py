"""Value rules 数值规则: which numbers can be a measurement at all, and which only stand for "no value".

Pure: tables and functions over Polars series. The rules stand in `RULES`, one row an item, and in `MISSING_CODES`;
docs/importing.md explains them. A rule here removes only what cannot be true (a negative concentration, 3000 hPa);
what is merely doubtful (PM2.5 above PM10) is flagged and stays.
"""

from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from lantian.observations import words

Resolution = Literal["hour", "day"]


@dataclass(frozen=True)
class Rule:
    """What a value of one item may be.

    `low` and `high` are inclusive bounds in `unit`. `zero_is_missing` lists the resolutions at which a 0 is a
    placeholder: a natural day whose mean concentration is exactly 0 does not occur in outdoor air, an hour below the
    detection limit does. `why` is the reason for the upper bound.
    """

    item: str
    unit: str
    low: float
    high: float
    zero_is_missing: tuple[Resolution, ...]
    why: str


_DAY: tuple[Resolution, ...] = ("day",)
_BOTH: tuple[Resolution, ...] = ("hour", "day")

# Bounds are deliberately wide: they catch wrong units, codes and broken lines, never a true extreme.
_POLLUTANTS = (
    Rule("so2", "ug/m3", 0, 5000, _DAY, "analysers reach 2 ppm; AQI 500 is 2620"),
    Rule("no2", "ug/m3", 0, 4000, _DAY, "AQI 500 is 3840 for an hour"),
    Rule("o3", "ug/m3", 0, 1500, _DAY, "AQI 500 is 1200 for an hour"),
    Rule("co", "mg/m3", 0, 150, _DAY, "AQI 500 is 150 for an hour"),
    Rule("pm25", "ug/m3", 0, 2000, _DAY, "the highest hours at Spring Festival stay below 2000"),
    Rule("pm10", "ug/m3", 0, 9990, _DAY, "sand storms pass 8000; monitors end at 9990"),
    Rule("no", "ug/m3", 0, 4000, _DAY, "as no2"),
    Rule("nox", "ug/m3", 0, 8000, _DAY, "no and no2 together"),
    Rule("tsp", "ug/m3", 0, 20000, _DAY, "sand storms"),
)
_WEATHER = (
    Rule("temperature", "degC", -60, 60, (), "records of China: -53.0 and 52.2"),
    Rule("pressure", "hPa", 450, 1100, (), "the highest stations of Tibet lie near 550"),
    Rule("dew_point", "degC", -80, 40, (), "dry Siberian air in winter; never above the sea's warmest"),
    Rule("humidity", "%", 0, 100, (), "relative humidity"),
    Rule("rain", "mm", 0, 400, (), "record hour of China: 201.9 (Zhengzhou 2021)"),
    Rule("wind_direction", "deg", 0, 360, (), "degrees from north"),
    Rule("wind_speed", "m/s", 0, 100, (), "strongest typhoon gusts"),
)
_PUBLISHED = (
    Rule("aqi", "1", 0, 500, _BOTH, "the index ends at 500"),
    Rule("aqi_low", "1", 0, 500, _BOTH, "as aqi"),
    Rule("aqi_high", "1", 0, 500, _BOTH, "as aqi"),
    Rule("level", "1", 1, 6, (), "six levels"),
    Rule("rank", "1", 1, 5000, _BOTH, "a rank among places"),
)
# A mean or a maximum over hours obeys the bounds of the hour it is made of; 0 is a placeholder, as in a day.
_DERIVED = {
    "so2_24h": "so2", "no2_24h": "no2", "co_24h": "co", "pm10_24h": "pm10", "pm25_24h": "pm25",
    "o3_1h": "o3", "o3_8h": "o3", "o3_24h": "o3", "o3_8h_24h": "o3",
}  # fmt: skip


def _table() -> dict[str, Rule]:
    base = {rule.item: rule for rule in _POLLUTANTS}
    derived = {name: replace(base[of], item=name, why=f"as {of}") for name, of in _DERIVED.items()}
    return base | derived | {rule.item: rule for rule in (*_WEATHER, *_PUBLISHED)}


RULES: dict[str, Rule] = _table()
"""The rule of every item that the readers know, by item name."""

MISSING_CODES: tuple[float, ...] = (
    -32768.0, -9999.9, -9999.0, -999.9, -999.0, -99.9, -99.0,
    999.0, 999.9, 9999.0, 9999.9, 32766.0, 32767.0, 99999.0, 99999.9, 999999.0,
)  # fmt: skip
"""Numbers that data loggers write for "no value". One counts as such only where it lies outside the item's bounds: a
PM10 of 999 is dust.
"""


@dataclass(frozen=True)
class Judgement:
    """Values that passed, and what happened to the others.

    `values` Float64, null where missing or refused; `codes` and `zeros` count the missing-value codes and placeholder
    zeros set to null; `faults` holds a boolean mask of refused positions and the reason, one pair a kind of fault.
    """

    values: pl.Series
    codes: int
    zeros: int
    faults: list[tuple[pl.Series, str]]


def judge(values: pl.Series, item: str, resolution: Resolution, written: pl.Series | None = None) -> Judgement:
    """Apply the rule of `item` to `values` (Float64 in the item's unit, null = missing).

    `written` are the same values in the unit of the file, where that is another: a missing-value code is one as
    written.

    Raises KeyError for an item that has no rule.
    """
    rule = RULES[item]
    outside = ~values.is_between(rule.low, rule.high).fill_null(value=True)
    code = outside & (values if written is None else written).is_in(MISSING_CODES).fill_null(value=False)
    zero = (values == 0).fill_null(value=False) & (resolution in rule.zero_is_missing)
    below = (values < rule.low).fill_null(value=False) & ~code & ~zero
    above = (values > rule.high).fill_null(value=False) & ~code
    unit = "" if rule.unit == "1" else f" {rule.unit}"
    must = {"item": item, "low": f"{rule.low:g}", "high": f"{rule.high:g}{unit}"}
    found = [(below, words.TOO_LOW.say(**must)), (above, words.TOO_HIGH.say(**must))]
    faults = [(mask, reason) for mask, reason in found if mask.any()]
    kept = values.set(outside | zero, None) if outside.any() or zero.any() else values
    return Judgement(kept, int(code.sum()), int(zero.sum()), faults)


def particle_order(frame: pl.DataFrame, *, tolerance: float = 0.0) -> pl.Series:
    """Flag rows whose PM2.5 exceeds their PM10 by more than `tolerance` (ug/m3): fine particles are a part of PM10.

    Takes a frame with `pm25` and `pm10` (ug/m3); gives a Boolean series, false where either is missing or a column is
    absent. A flag for the reviewer, never a reason to delete: two analysers of one station differ by noise at low
    concentrations.
    """
    if not {"pm25", "pm10"} <= set(frame.columns):
        return pl.repeat(False, frame.height, eager=True, dtype=pl.Boolean).alias("pm25_above_pm10")
    above = (frame["pm25"] - frame["pm10"]) > tolerance
    return above.fill_null(value=False).alias("pm25_above_pm10")
