"""``lantian calc``: the index of one set of values, as offices check every day. Needs no data and no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from lantian.cli.output import Json, command, emit, table
from lantian.standards import aqi, indices
from lantian.standards.aqi import AqiResult
from lantian.standards.codes import ITEMS, POLLUTANTS
from lantian.standards.indices import IndexResult
from lantian.standards.rounding import half_even
from lantian.standards.subindices import edition_of

app = typer.Typer()
calc = typer.Typer(help="AQI or composite index of one set of values 计算器.", no_args_is_help=True)
app.add_typer(calc, name="calc")

OUTSIDE = "/"
"""Given for a pollutant that the monitoring plan leaves out, as reports print it (HJ 633-2026)."""

DAILY = ("pm25", "pm10", "o3_8h", "o3_1h", "no2", "so2", "co")
HOURLY = ("pm25", "pm10", "o3", "no2", "so2", "co", "pm25_24h", "pm10_24h", "o3_8h", "so2_24h")

Values = Annotated[
    list[str], typer.Argument(help="item=value, for example pm25=75 co=1.2; co in mg/m3, others in ug/m3")
]
On = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="judge by what is in force on this day; default today"),
]


@calc.command("aqi")
@command
def calc_aqi(
    values: Values,
    daily: Annotated[bool, typer.Option("--daily/--hourly", help="24-hour values and MDA8, or one-hour values")] = True,
    edition: Annotated[Literal["2012", "2026"] | None, typer.Option(help="of HJ 633; default: by --date")] = None,
    on: On = None,
    as_json: Json = False,
) -> None:
    """AQI, level, primary pollutant and each sub-index 空气质量指数.

    so2 no2 co pm10 pm25 o3_8h o3_1h; hourly: so2 no2 co o3 pm10 pm25, by the 2012 edition pm10_24h pm25_24h o3_8h.
    "pm25=/" says that the monitoring plan leaves a pollutant out.
    """
    given = read_values(values, DAILY if daily else HOURLY)
    outside = sorted({name.partition("_")[0] for name, text in given.items() if text == OUTSIDE})
    measured: dict[str, Any] = {name: text for name, text in given.items() if text != OUTSIDE}
    law = edition_of(int(edition)) if edition else aqi.on(_day(on))
    result = (aqi.of_day if daily else aqi.of_hour)(**measured, edition=law, outside_plan=outside)
    emit(_aqi_value(result, daily), as_json, lambda console: _show_aqi(console, result, given, daily))


@calc.command("index")
@command
def calc_index(values: Values, on: On = None, as_json: Json = False) -> None:
    """Composite index 综合指数 of a month, quarter or year.

    so2 no2 pm10 pm25: means; co: 95th percentile of days; o3: 90th percentile of MDA8. By every rule; the one in use on
    the day leads.
    """
    given = read_values(values, POLLUTANTS)
    for name, text in given.items():
        _number(name, text)
    numbers: dict[str, Any] = dict(given)
    used = [variant.name for variant in indices.variants_on(_day(on))]
    known = [name for name, variant in indices.VARIANTS.items() if not variant.percentiles]
    order = [*used, *(name for name in known if name not in used)]
    results = [indices.of(**numbers, variant=name) for name in order]
    value = {
        "date": _day(on),
        "variant": order[0],
        "composite": results[0].composite,
        "variants": [_index_value(result, in_use=result.variant.name in used) for result in results],
    }
    emit(value, as_json, lambda console: _show_index(console, results, given))


def read_values(texts: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    """Read ``item=value`` arguments; the digits stay as typed, so that rounding is exact.

    Raises:
        ValueError: one is not of this form, names an item twice or one that is not among ``known``.
    """
    out: dict[str, str] = {}
    for text in texts:
        item, sign, number = (part.strip() for part in text.partition("="))
        if not sign or not number:
            raise ValueError(f"{text!r}: expected item=value, for example pm25=75")
        if item not in known:
            raise ValueError(f"{text!r}: no item {item!r} here; expected {', '.join(known)}")
        if item in out:
            raise ValueError(f"{text!r}: {item} was already given as {out[item]}")
        out[item] = number
    return out


def _number(name: str, text: str) -> None:
    try:
        half_even(text, 6)
    except ValueError as error:
        raise ValueError(f"{name}={text}: {error}") from None


def _day(on: datetime | None) -> date:
    return on.date() if on else datetime.now(ZoneInfo("Asia/Shanghai")).date()


def _aqi_value(result: AqiResult, daily: bool) -> dict[str, Any]:
    level = result.level
    return {
        "edition": result.edition.year,
        "period": "daily" if daily else "hourly",
        "aqi": result.aqi,
        "level": level and {"number": level.number, "zh": level.zh, "en": level.en},
        "primary": result.primary,
        "exceeding": result.exceeding,
        "complete": result.complete,
        "capped": result.capped,
        "iaqi": result.iaqi,
        "notes": [asdict(note) for note in result.notes],
    }


def _index_value(result: IndexResult, *, in_use: bool) -> dict[str, Any]:
    return {
        "variant": result.variant.name,
        "in_use": in_use,
        "composite": result.composite,
        "single": result.single,
        "max_index": result.max_index,
        "max_items": result.max_items,
        "source": result.variant.source,
        "confidence": result.variant.confidence,
    }


def _show_aqi(console: Console, result: AqiResult, given: dict[str, str], daily: bool) -> None:
    level = f"{result.level.zh} ({result.level.en})" if result.level else "--"
    primary = ", ".join(ITEMS[item].symbol for item in result.primary) or "--"
    title = f"AQI {result.text('aqi')}  {level}  首要污染物 primary: {primary}"
    subs = result.edition.daily if daily else result.edition.hourly
    rows = [(ITEMS[sub.column].symbol, given.get(sub.column), result.text(sub.item)) for sub in subs]
    console.print(table(("", "value", "IAQI"), rows, title, note=result.edition.name))
    for note in result.notes:
        console.print(f"· {note.zh} {note.en}", highlight=False, markup=False)


def _show_index(console: Console, results: Sequence[IndexResult], given: dict[str, str]) -> None:
    rows = [
        *((ITEMS[name].symbol, given.get(name), *(each.single[name] for each in results)) for name in POLLUTANTS),
        ("综合指数 composite index", "", *(each.composite for each in results)),
        ("最大指数 maximum index", "", *(each.max_index for each in results)),
    ]
    columns = ("", "value", *(each.variant.name for each in results))
    title = f"综合指数 composite index {_text(results[0].composite)}  ({results[0].variant.label})"
    console.print(table(columns, rows, title))


def _text(value: object) -> str:
    return "NA" if value is None else str(value)
