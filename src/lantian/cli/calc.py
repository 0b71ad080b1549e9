"""``lantian calc``: the index of one set of values, as offices check every day. Needs no data and no database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli.output import Json, command, emit, table
from lantian.standards import aqi, indices
from lantian.standards.codes import ITEMS

app = typer.Typer(help="AQI or composite index of one set of values 计算器.", no_args_is_help=True)

Values = Annotated[
    list[str], typer.Argument(help="item=value, for example pm25=75 co=1.2; co in mg/m3, others in ug/m3")
]
On = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="judge by the edition in force on that day")
]


@app.command("aqi")
@command
def calc_aqi(
    values: Values,
    daily: Annotated[bool, typer.Option("--daily/--hourly", help="24-hour values and MDA8, or one-hour values")] = True,
    edition: Annotated[
        int | None, typer.Option(help="2012 or 2026; default: by --date, else the edition in force")
    ] = None,
    on: On = None,
    as_json: Json = False,
) -> None:
    """AQI, level, primary pollutant and each sub-index."""
    given = read_values(values)
    chosen = edition if edition is not None else aqi.on(on.date() if on else date.today()).year  # noqa: DTZ011
    result = (aqi.of_day if daily else aqi.of_hour)(**given, edition=chosen)
    level = aqi.level_of(result.aqi)

    def show(console: Console) -> None:
        rows = [(ITEMS[item].symbol, given.get(item), value) for item, value in result.iaqi.items()]
        words = f"{level.zh} ({level.en})" if level else "--"
        primary = ", ".join(ITEMS[item].symbol for item in result.primary) or "--"
        title = f"AQI {result.aqi if result.aqi is not None else 'NA'}  {words}  首要污染物 primary: {primary}"
        console.print(
            table(["", "value", "IAQI"], rows, title, note="\n".join([f"HJ 633-{chosen}", *map(str, result.notes)]))
        )

    emit(
        {**asdict(result), "edition": chosen, "level_zh": level and level.zh, "level_en": level and level.en},
        as_json,
        show,
    )


@app.command("index")
@command
def calc_index(values: Values, on: On = None, as_json: Json = False) -> None:
    """Composite index 综合指数 of a month, quarter or year: so2 no2 pm10 pm25 means, co 95th and o3 90th percentile."""
    given = read_values(values)
    results = indices.of_all(**given, date=on.date() if on else date.today())  # noqa: DTZ011

    def show(console: Console) -> None:
        for result in results:
            rows = [(ITEMS[item].symbol, given.get(item), value) for item, value in result.single.items()]
            title = f"综合指数 composite index {result.composite}   {result.variant}"
            console.print(table(["", "value", "index"], rows, title))

    emit({"variants": [asdict(result) for result in results]}, as_json, show)


def read_values(texts: list[str]) -> dict[str, Any]:
    """Read ``item=value`` arguments; a wrong one is refused by name, with the items that exist."""
    out: dict[str, Any] = {}
    for text in texts:
        item, sign, number = text.partition("=")
        try:
            if not sign:
                raise ValueError
            value = float(number)
        except ValueError:
            raise ValueError(f"{text!r}: expected item=value, for example pm25=75") from None
        if item in out:
            raise ValueError(f"{text!r}: {item} was already given as {out[item]}")
        out[item] = int(value) if value.is_integer() else value
    return out
