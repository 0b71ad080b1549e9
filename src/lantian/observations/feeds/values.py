"""From texts to values: how each type of field is written, and what would be right where it is not. Pure.

A `Judged` column has the value where there is a right one, and a fault's number where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from lantian.observations.feeds.definition import NUMBERS, TIME, Field
from lantian.observations.feeds.lookups import Lookups, resolve

LONGEST: Final = 4000
"""Characters of a text."""
EARLIEST, LATEST = 1900, 2200  # years

YES: Final = ("1", "true", "yes", "y", "是", "有", "√", "x")
NO: Final = ("0", "false", "no", "n", "否", "无", "×")

_DATE = r"^(\d{4})[-/.年]?(\d{1,2})(?:[-/.月]?(\d{1,2})日?|月)?(?:[ T]\d{1,2}:\d{2}.*)?$"
_CLOCK = r"(\d{1,2})[:时](?:(\d{1,2})(?:[:分](\d{1,2}(?:\.\d+)?)秒?|分)?)?"
_TIME = rf"^(\d{{4}})[-/.年]?(\d{{1,2}})[-/.月]?(\d{{1,2}})日?[ T]*(?:{_CLOCK})?\s*(Z|[+-]\d{{2}}:?\d{{2}})?$"
_SERIAL = r"^\d{5}(\.\d+)?$"  # days since 1899-12-30, as workbooks count


@dataclass(frozen=True)
class Judged:
    """A column after its reading: values (null where missing or wrong), which were wrong, what would be right in two
    languages, and hints beside it (``near``, null where there is none).
    """

    values: pl.Series
    wrong: pl.Series
    zh: str
    en: str
    near: pl.Series | None = None
    regions: pl.Series | None = None


def judge(column: pl.Series, field: Field, lookups: Lookups) -> Judged:
    """Read a column of texts, or check one that has values already."""
    if column.dtype == pl.Null:
        column = column.cast(pl.String)
    if column.dtype == pl.String:
        column = column.str.strip_chars().str.replace_all("\x00", "␀", literal=True)  # no database holds a NUL
        column = column.set((column == "").fill_null(value=False), None)
    elif column.dtype != field.dtype and field.type not in ("date", "time"):
        column = column.cast(pl.String) if field.dtype == pl.String else column
    if field.type in ("region", "station", "reference"):
        return _placed(column.cast(pl.String), field, lookups)
    return _READ[field.type](column, field)


def _numbers(column: pl.Series, field: Field) -> Judged:
    kind = "整数" if field.type == "integer" else "数"
    zh, en = f"应为{kind}", "expected a whole number" if field.type == "integer" else "expected a number"
    if column.dtype == pl.String:
        plain = column.str.replace_all(",", "").str.replace_all("，", "")
        found = plain.cast(pl.Float64, strict=False)
    else:
        found = column.cast(pl.Float64, strict=False)
    found = found.set(found.is_nan().fill_null(value=False) | found.is_infinite().fill_null(value=False), None)
    wrong = found.is_null() & column.is_not_null()
    if column.dtype.is_float():  # NaN in a frame of values says that there is none
        wrong = wrong & ~column.is_nan().fill_null(value=False)
    low, high = _bounds(field)
    if low is not None:
        wrong = wrong | (found < low).fill_null(value=False)
    if high is not None:
        wrong = wrong | (found > high).fill_null(value=False)
    if low is not None or high is not None:
        zh, en = f"{zh}，范围{_range(low, high, '至')}", f"{en} {_range(low, high, 'to')}"
    if field.unit:
        zh, en = f"{zh}，单位 {field.unit}", f"{en}, in {field.unit}"
    if field.type == "integer":
        wrong = wrong | ((found != found.floor()) | (found.abs() > 2**53)).fill_null(value=False)
        found = found.set(wrong, None).cast(pl.Int64)
    return Judged(found.set(wrong, None), wrong, zh, en)


def _bounds(field: Field) -> tuple[float | None, float | None]:
    most = {"lon": 180.0, "lat": 90.0}.get(field.type)
    if most is None:
        return field.low, field.high
    return (-most if field.low is None else field.low, most if field.high is None else field.high)


def _range(low: float | None, high: float | None, to: str) -> str:
    if high is None:
        return f"≥ {low:.12g}"
    return f"≤ {high:.12g}" if low is None else f" {low:.12g} {to} {high:.12g}"


def _days(column: pl.Series, field: Field) -> Judged:  # noqa: ARG001
    if column.dtype == pl.Datetime:
        local = column.dt.convert_time_zone("Asia/Shanghai") if column.dtype.time_zone else column  # type: ignore[attr-defined]
        column = local.dt.date()
    if column.dtype == pl.Date:
        found = column
    else:
        texts = column.cast(pl.String)
        parts = texts.str.extract_groups(_DATE).struct.unnest()
        year, month, day = (parts.to_series(at).cast(pl.Int32, strict=False) for at in range(3))
        frame = pl.DataFrame({"y": year, "m": month, "d": day.fill_null(1)})
        frame = frame.with_columns(
            pl.when(pl.col("d").is_between(1, 31) & pl.col("m").is_between(1, 12)).then(pl.col("d"))
        )
        written = pl.concat_str(
            pl.col("y").cast(pl.String),
            pl.lit("-"),
            pl.col("m").cast(pl.String),
            pl.lit("-"),
            pl.col("d").cast(pl.String),
        )
        found = frame.select(written.str.to_date("%Y-%m-%d", strict=False)).to_series()
        serial = texts.set(~texts.str.contains(_SERIAL).fill_null(value=False), None).cast(pl.Float64)
        counted = pl.select(pl.date(1899, 12, 30) + pl.duration(days=pl.lit(serial.floor().cast(pl.Int64)))).to_series()
        found = found.zip_with(serial.is_null(), counted.cast(pl.Date))
    found = found.set(~found.dt.year().is_between(EARLIEST, LATEST).fill_null(value=True), None)
    wrong = found.is_null() & column.is_not_null()
    return Judged(found, wrong, "应为日期，如 2016-12-16", "expected a day, such as 2016-12-16")


def _times(column: pl.Series, field: Field) -> Judged:  # noqa: ARG001
    zh, en = "应为北京时间，如 2016-12-16 20:00", "expected a time of Beijing, such as 2016-12-16 20:00"
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if column.dtype == pl.Datetime:
        if column.dtype.time_zone is None:  # type: ignore[attr-defined]
            column = column.dt.replace_time_zone("Asia/Shanghai")
        found = column.dt.convert_time_zone("UTC").cast(TIME)
        return Judged(found, found.is_null() & column.is_not_null(), zh, en)
    texts = column.cast(pl.String)
    parts = texts.str.extract_groups(_TIME).struct.unnest()
    names = ("y", "mo", "d", "h", "mi", "s", "z")
    frame = pl.DataFrame({name: parts.to_series(at) for at, name in enumerate(names)})
    number = [pl.col(name).cast(pl.Int32, strict=False).fill_null(0) for name in names[:5]]
    second = pl.col("s").cast(pl.Float64, strict=False).fill_null(0.0)
    right = (
        number[1].is_between(1, 12) & number[2].is_between(1, 31) & (number[3] <= 24) & (number[4] < 60) & (second < 60)
    )
    day = pl.when(right).then(
        pl.concat_str(*(pl.col(name) for name in names[:3]), separator="-").str.to_date("%Y-%m-%d", strict=False)
    )
    local = day.cast(pl.Datetime("us")) + pl.duration(
        hours=number[3], minutes=number[4], microseconds=second * 1_000_000
    )
    zone = pl.col("z").str.replace(":", "")
    hours = zone.str.slice(1, 2).cast(pl.Int32, strict=False) * 60 + zone.str.slice(3, 2).cast(pl.Int32, strict=False)
    ahead = (
        pl.when(pl.col("z").is_null())
        .then(480)
        .when(pl.col("z") == "Z")
        .then(0)
        .when(zone.str.starts_with("-"))
        .then(-hours)
        .otherwise(hours)
    )
    found = frame.select((local - pl.duration(minutes=ahead)).dt.replace_time_zone("UTC").cast(TIME)).to_series()
    serial = texts.set(~texts.str.contains(_SERIAL).fill_null(value=False), None).cast(pl.Float64)
    since = pl.datetime(1899, 12, 30, time_zone="UTC") - pl.duration(hours=8)
    counted = pl.select(since + pl.duration(seconds=pl.lit((serial * 86400).round()))).to_series().cast(TIME)
    found = found.zip_with(serial.is_null(), counted)
    found = found.set(~found.dt.year().is_between(EARLIEST, LATEST).fill_null(value=True), None)
    return Judged(found, found.is_null() & texts.is_not_null(), zh, en)


def _choices(column: pl.Series, field: Field) -> Judged:
    known: dict[str, str] = {}
    for code, words in field.codes.items():
        known |= {words.en.casefold(): code, words.zh.casefold(): code}
        known |= {f"{code} {name}".casefold(): code for name in (words.zh, words.en)}  # as a workbook's list shows it
    known |= {code.casefold(): code for code in field.codes}
    found = column.cast(pl.String).str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.String)
    listed = "、".join(f"{code} {words.zh}" for code, words in field.codes.items())
    english = ", ".join(f"{code} ({words.en})" for code, words in field.codes.items())
    return Judged(
        found, found.is_null() & column.is_not_null(), f"应为代码之一：{listed}", f"expected one of {english}"
    )


def _flags(column: pl.Series, field: Field) -> Judged:  # noqa: ARG001
    if column.dtype == pl.Boolean:
        return Judged(column, column.is_null() & False, "", "")
    known = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
    found = column.cast(pl.String).str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.Boolean)
    return Judged(found, found.is_null() & column.is_not_null(), "应为 是 或 否", "expected yes or no")


def _texts(column: pl.Series, field: Field) -> Judged:
    column = column.cast(pl.String)
    wrong = (column.str.len_chars() > LONGEST).fill_null(value=False)
    zh, en = f"最多 {LONGEST} 字", f"expected {LONGEST} characters at most"
    if field.pattern:
        wrong = wrong | ~column.str.contains(f"^(?:{field.pattern})$").fill_null(value=True)
        zh, en = f"格式应为 {field.pattern}", f"expected the form {field.pattern}"
    return Judged(column.set(wrong, None), wrong, zh, en)


def _links(column: pl.Series, field: Field) -> Judged:  # noqa: ARG001
    wrong = ~column.cast(pl.String).str.contains(r"^https://[^\s\x00]+$").fill_null(value=True)
    zh, en = "应为 https:// 开头的网址", "expected an address that begins with https://"
    return Judged(column.cast(pl.String).set(wrong, None), wrong, zh, en)


def _placed(column: pl.Series, field: Field, lookups: Lookups) -> Judged:
    if field.type == "reference":
        known = lookups.references.get(field.feed or "")

        def find(text: str) -> tuple[str | None, str | None, str]:
            if known is None:
                return text, None, ""
            code = known.find(text)
            return (code, known.regions[code], "") if code is not None else (None, None, ", ".join(known.near(text)))

        zh, en = f"数据资源 {field.feed} 里没有它", f"there is no such record of {field.feed}"
    else:

        def find(text: str) -> tuple[str | None, str | None, str]:
            return lookups.place(text, field.type)

        kind = ("区域", "region") if field.type == "region" else ("站点", "station")
        zh, en = f"没有这个{kind[0]}，应为代码或名称", f"no such {kind[1]}; expected its code or name"
    codes, regions, near = resolve(column, find)
    wrong = codes.is_null() & column.is_not_null()
    return Judged(codes, wrong, zh, en, near.set((near == "").fill_null(value=False), None), regions)


_READ: Final[Mapping[str, Callable[[pl.Series, Field], Judged]]] = MappingProxyType(
    {
        **dict.fromkeys(NUMBERS, _numbers),
        "text": _texts,
        "person": _texts,
        "date": _days,
        "time": _times,
        "choice": _choices,
        "flag": _flags,
        "link": _links,
    }
)
