"""The index of single values, as an office checks one figure: with the reasons beside the number."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias

from lantian.standards.codes import ITEMS, POLLUTANTS
from lantian.standards.frames import CO_HIGHEST, StandardsError
from lantian.standards.levels import Level, level_of
from lantian.standards.rounding import half_even
from lantian.standards.subindices import DAILY_SUB_INDICES, HOURLY_SUB_INDICES, Edition, SubIndex, edition_of

Number: TypeAlias = int | float | str | Decimal
"""A concentration as it may be given; text and Decimal are taken digit by digit."""


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on a result, in both languages.

    ``item`` is what it is about (an input or ``aqi``). ``kind``: ``capped`` above the index, ``beyond`` above a row
    that ends early, ``missing``, ``unused`` by this edition, ``withheld`` index, ``least`` index.
    """

    kind: str
    item: str
    zh: str
    en: str


@dataclass(frozen=True)
class AqiResult:
    """Index of one day or hour.

    ``aqi`` is None when nothing was measured or the edition forbids to publish it; then ``level`` is None and
    ``primary`` empty. ``iaqi`` maps every sub-index of the edition to its value, None where there is none.
    ``primary`` and ``exceeding`` (2012 edition: above 100) name items in the order of the standard. ``complete`` and
    ``capped`` are those of `aqi.daily`. ``outside_plan`` repeats the pollutants that are not monitored by plan.
    """

    aqi: int | None
    level: Level | None
    primary: tuple[str, ...]
    iaqi: Mapping[str, int | None]
    exceeding: tuple[str, ...]
    complete: bool
    capped: bool
    outside_plan: tuple[str, ...]
    edition: Edition
    notes: tuple[Note, ...]

    def text(self, item: str) -> str:
        """``aqi`` or the sub-index of an item as a report prints it: ``NA`` when missing, ``/`` outside the plan."""
        value = self.aqi if item == "aqi" else self.iaqi[item]
        if value is not None:
            return str(value)
        return "/" if item.partition("_")[0] in self.outside_plan else "NA"


def of_day(
    *,
    so2: Number | None = None,
    no2: Number | None = None,
    co: Number | None = None,
    pm10: Number | None = None,
    pm25: Number | None = None,
    o3_1h: Number | None = None,
    o3_8h: Number | None = None,
    edition: int | Edition | None = None,
    date: dt.date | None = None,
    outside_plan: Collection[str] = (),
) -> AqiResult:
    """Daily index from 24-hour means, the largest hour and the largest 8-hour mean of ozone.

    ug/m3, CO in mg/m3; None is missing. Give the ``edition`` (2012 or 2026) or the ``date`` of the values.
    ``outside_plan`` names pollutants that the monitoring plan leaves out. Raises `StandardsError` for negative
    values, for CO in ug/m3, for something that is no number and without edition and date. Source: HJ 633-2012
    clauses 4 and 5, HJ 633-2026.

    >>> result = of_day(pm25=75, so2=10, no2=30, co="0.8", pm10=90, o3_8h=120, edition=2026)
    >>> result.aqi, result.level.zh, result.primary
    (114, '轻度污染', ('pm25',))
    """
    law = edition_of(edition, date)
    given = {"so2": so2, "no2": no2, "co": co, "pm10": pm10, "pm25": pm25, "o3_1h": o3_1h, "o3_8h": o3_8h}
    return _result(law, law.daily, DAILY_SUB_INDICES, given, outside_plan)


def of_hour(
    *,
    so2: Number | None = None,
    no2: Number | None = None,
    co: Number | None = None,
    o3: Number | None = None,
    pm10: Number | None = None,
    pm25: Number | None = None,
    o3_8h: Number | None = None,
    pm10_24h: Number | None = None,
    pm25_24h: Number | None = None,
    so2_24h: Number | None = None,
    edition: int | Edition | None = None,
    date: dt.date | None = None,
    outside_plan: Collection[str] = (),
) -> AqiResult:
    """Real-time index from one-hour means and, in the 2012 edition, rolling means of 8 and 24 hours.

    Arguments and errors as in `of_day`; ``date`` is the natural day of the hour. The 2012 edition judges particles by
    ``pm10_24h`` and ``pm25_24h``; giving it ``pm10`` or ``pm25`` instead is an error.

    >>> of_hour(pm25=115, so2=5, no2=20, co=1, o3=100, pm10=80, edition=2026).aqi
    150
    """
    law = edition_of(edition, date)
    given = {
        "so2": so2,
        "no2": no2,
        "co": co,
        "o3": o3,
        "pm10": pm10,
        "pm25": pm25,
        "o3_8h": o3_8h,
        "pm10_24h": pm10_24h,
        "pm25_24h": pm25_24h,
        "so2_24h": so2_24h,
    }
    for sub in law.hourly:
        hour = given.get(sub.pollutant)
        if sub.column.endswith("_24h") and hour is not None and given[sub.column] is None:
            raise StandardsError(
                f"{sub.pollutant} = {hour} is a one-hour mean; {law.name} judges an hour by the rolling 24-hour mean: "
                f"give {sub.column}"
            )
    return _result(law, law.hourly, HOURLY_SUB_INDICES, given, outside_plan)


def _result(
    edition: Edition,
    subs: tuple[SubIndex, ...],
    order: tuple[str, ...],
    given: Mapping[str, Number | None],
    outside_plan: Collection[str],
) -> AqiResult:
    unknown = sorted(set(outside_plan) - set(POLLUTANTS))
    if unknown:
        raise StandardsError(f"outside_plan names {unknown}, expected pollutants among {list(POLLUTANTS)}")
    whole = {column: _whole(column, value) for column, value in given.items() if value is not None}
    notes = _unused(edition, subs, whole)
    by_item = {sub.item: sub for sub in subs}
    iaqi = {item: _sub_index(by_item[item], whole, notes) for item in order if item in by_item}
    known = {item: value for item, value in iaqi.items() if value is not None}
    measured = {by_item[item].pollutant for item in known}
    missing = [pollutant for pollutant in POLLUTANTS if pollutant not in measured and pollutant not in outside_plan]
    largest = max(known.values(), default=None)
    aqi = _publishable(edition, largest, missing, notes)
    published = {} if aqi is None else known
    return AqiResult(
        aqi=aqi,
        level=level_of(aqi),
        primary=tuple(item for item, value in published.items() if value == largest and value > 50),
        iaqi=MappingProxyType(iaqi),
        exceeding=tuple(item for item, value in published.items() if value > 100) if edition.exceedance else (),
        complete=not missing,
        capped=any(note.kind == "capped" for note in notes),
        outside_plan=tuple(outside_plan),
        edition=edition,
        notes=tuple(notes),
    )


def _whole(column: str, value: Number) -> int:
    """The concentration as an integer of its last published digit."""
    item = ITEMS[column]
    try:
        rounded = half_even(value, item.decimals)
    except (TypeError, ValueError) as error:
        raise StandardsError(f"{column}: {error}; expected a concentration in {item.unit}") from None
    if rounded < 0:
        raise StandardsError(f"{column} = {value}: a concentration is >= 0, or None when missing")
    if column == "co" and float(value) > CO_HIGHEST:
        raise StandardsError(f"co = {value}: looks like ug/m3, mg/m3 expected")
    return int(rounded.scaleb(item.decimals))


def _sub_index(sub: SubIndex, whole: Mapping[str, int], notes: list[Note]) -> int | None:
    """The sub-index, with a note when the concentration is missing or above its row."""
    concentration, row, symbol = whole.get(sub.column), sub.row, ITEMS[sub.column].symbol
    if concentration is None:
        notes.append(Note("missing", sub.column, f"缺{symbol}", f"{symbol} is missing"))
        return None
    if concentration <= row.last:
        return row.iaqi(concentration)
    top = f"{row.last // 10**row.decimals} {ITEMS[sub.column].printed_unit}"
    if row.reaches_top:
        zh, en = (
            f"{symbol}高于最高限值{top}，分指数取500",
            f"{symbol} is above the highest breakpoint {top}: capped at 500",
        )
        notes.append(Note("capped", sub.column, zh, en))
    elif row.beyond is not None:
        zh, en = f"{symbol}高于{top}，分指数取{row.beyond}", f"{symbol} is above {top}: its sub-index is {row.beyond}"
        notes.append(Note("beyond", sub.column, zh, en))
    else:
        other = ITEMS[sub.stand_in.column].symbol if sub.stand_in else "O3-1h"
        zh, en = (
            f"{symbol}高于{top}，不计分指数，按{other}计",
            f"{symbol} is above {top}: no sub-index, {other} counts instead",
        )
        notes.append(Note("beyond", sub.column, zh, en))
        return _sub_index(sub.stand_in, whole, notes) if sub.stand_in else None
    return row.beyond


def _unused(edition: Edition, subs: tuple[SubIndex, ...], whole: Mapping[str, int]) -> list[Note]:
    used = {part.column for sub in subs for part in (sub, sub.stand_in) if part is not None}
    return [
        Note("unused", column, f"{edition.name}不使用{symbol}", f"{edition.name} does not use {symbol}")
        for column in whole
        if column not in used
        for symbol in [ITEMS[column].symbol]
    ]


def _publishable(edition: Edition, largest: int | None, missing: list[str], notes: list[Note]) -> int | None:
    """The index that may be given, or None."""
    if largest is None:
        return None
    if missing and not edition.publish_incomplete and largest <= 100:
        names = "、".join(ITEMS[pollutant].symbol for pollutant in missing)
        zh = f"缺{names}且其余分指数不超过100，不发布AQI"
        en = f"without {names.replace('、', ', ')} an index of 100 or less is not published"
        notes.append(Note("withheld", "aqi", zh, en))
        return None
    if largest < edition.least:
        notes.append(Note("least", "aqi", f"AQI最小为{edition.least}", f"the smallest index is {edition.least}"))
    return max(largest, edition.least)
