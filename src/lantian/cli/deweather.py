"""``lantian deweather``: how much of a change on the year is weather, and how much is control."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bars

from lantian.assessment import periods
from lantian.assessment.deweather import REPETITIONS, Change
from lantian.assessment.deweather_answers import Answer, Answers
from lantian.assessment.service import Assessment
from lantian.cli import words
from lantian.cli.output import Home, Json, NoDataError, command, emit, table
from lantian.kernel.bootstrap import open_platform
from lantian.kernel.settings import TIMEZONE
from lantian.standards.codes import ITEMS, POLLUTANTS

app = typer.Typer()


@app.command("deweather")
@command
def deweather(
    place: Annotated[str, typer.Option("--place", help="a region or station with weather: 北京, 110000, 1001A")],
    period: Annotated[str, typer.Option("--period", help=periods.FORMS)],
    item: Annotated[str, typer.Option(help=f"one of {', '.join(POLLUTANTS)}")] = "pm25",
    repetitions: Annotated[int, typer.Option(min=20, help="behind the interval")] = REPETITIONS,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Split a change on the year into weather and control 气象归一化; a minute or a few. The page shows it then too."""
    asked = periods.parse(period)
    if item not in POLLUTANTS:
        raise ValueError(f"--item {item}: expected one of {', '.join(POLLUTANTS)}")
    with open_platform(home) as platform:
        found, judge = words.place(platform, place), Assessment(platform)
        console = Console(stderr=True, quiet=as_json)
        with Bars(console=console, disable=as_json or not console.is_terminal, transient=True) as bars:
            bar = bars.add_task("重抽气象与周次 weather and weeks drawn anew", total=None)
            try:
                answer = judge.deweather(
                    found.code,
                    asked,
                    item=item,
                    repetitions=repetitions,
                    told=lambda done, of: bars.update(bar, completed=done, total=of),
                )
            except LookupError as error:
                raise NoDataError(str(error)) from None
        Answers(platform.home).put(answer)
        value = {
            "now": platform.clock.now().astimezone(TIMEZONE).isoformat(timespec="seconds"),
            "place": {"code": found.code, "name": found.name},
            **_plain(answer),
        }
    emit(value, as_json, lambda console: _show(console, found.name, answer))


def _plain(answer: Answer) -> dict[str, Any]:
    split = answer.split
    return {
        "item": split.item,
        "period": _period(split.whole),
        "as_of": answer.as_of.astimezone(TIMEZONE),
        "whole": _change(split.whole),
        "months": [{"period": _period(one)} | _change(one) for one in split.months],
        "explained": split.explained,
        "years": split.years,
        "learned_hours": split.learned_hours,
        "stations": answer.stations,
        "repetitions": split.repetitions,
        "level": split.level,
    }


def _period(change: Change) -> dict[str, object]:
    return {"label": change.period.label, "start": change.period.start, "end": change.period.end}


def _change(change: Change) -> dict[str, Any]:
    share = change.weather_share
    return {name: value for name, value in asdict(change).items() if name != "period"} | {
        "weather_share": asdict(share) if share else None
    }


def _show(console: Console, name: str, answer: Answer) -> None:
    split, unit = answer.split, ITEMS[answer.split.item].printed_unit
    decimals = 2 if split.item == "co" else 1
    rows = []
    for one in (split.whole, *split.months):
        parts = [
            f"{part.value:+.{decimals}f} [{part.low:+.{decimals}f}, {part.high:+.{decimals}f}]"
            for part in (one.weather, one.control)
        ]
        rows.append(
            (
                one.period.label,
                f"{one.before:.{decimals}f}",
                f"{one.now:.{decimals}f}",
                f"{one.change:+.{decimals}f}",
                *parts,
            )
        )
    columns = ("时段 span", "去年 before", "今年 now", "变化 change", "气象 weather", "减排等 control")
    note = (
        f"{split.level:.0%} interval of {split.repetitions} redraws of whole weeks; learned from "
        f"{', '.join(map(str, split.years))}, {split.learned_hours} hours, weather of {answer.stations} stations; "
        f"explained {split.explained:.0%} of the variance in unseen weeks. Control is all that the stations' weather "
        "does not explain."
    )
    console.print(table(columns, rows, f"{name} {ITEMS[split.item].symbol} {unit} 气象归一化 weather or control", note))
