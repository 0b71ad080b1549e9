"""``lantian weather``: what weather files hold, and what will be made of it. Needs no platform, only the engine."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli.output import Exit, Json, command, emit, table

app = typer.Typer()
weather = typer.Typer(help="Weather 气象: what files hold.", no_args_is_help=True)
app.add_typer(weather, name="weather")

STATES = {"given": "有 given", "derived": "导出 derived", "later": "降尺度 later", "missing": "缺 missing"}


@weather.callback()
def group() -> None:
    """Weather 气象: what files hold."""


@weather.command("look")
@command
def look(
    files: Annotated[list[Path], typer.Argument(help="WRF output, GRIB of ECMWF or GFS, NetCDF of ERA5 or CF")],
    kind: Annotated[str | None, typer.Option(help="wrf, grib, era5 or cf; default: by looking")] = None,
    bounds: Annotated[
        tuple[float, float, float, float] | None,
        typer.Option(help="only around west south east north, in degrees"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what weather files hold together 看一看, what is missing, and what will be derived from what."""
    readers = _readers()
    found = readers.look(files, kind=kind, bounds=bounds)
    value = {
        "complete": not found.faults,
        "kind": found.kind,
        "files": found.files,
        "grid": found.grid,
        "bounds": found.bounds,
        "points": found.points,
        "vertical": found.vertical,
        "levels": found.levels,
        "times": [f"{time}+00:00" for time in found.times],
        "variables": found.variables,
        "unused": found.unused,
        "notes": found.notes,
        "faults": [fault._asdict() for fault in found.faults],
    }
    emit(value, as_json, lambda console: _show(console, found))
    if found.faults:
        raise typer.Exit(Exit.FOUND)


def _readers() -> Any:
    """The readers, imported when they are needed; where packages are missing a sentence says what to do."""
    try:
        return importlib.import_module("lantian.weather.readers")
    except ModuleNotFoundError as error:
        if (error.name or "lantian").partition(".")[0] == "lantian":
            raise
        sentence = f'`lantian weather` needs the engine\'s packages ({error}): pip install "lantian[model]"'
        raise RuntimeError(sentence) from error


def _show(console: Console, found: Any) -> None:
    rows = [(one["name"], STATES[one["state"]], ", ".join(one["from"] or one["read"])) for one in found.variables]
    times = found.times
    when = f"{times[0]}Z .. {times[-1]}Z ({len(times)})" if len(times) else "--"
    west, south, east, north = found.bounds
    console.print(f"文件 files: {', '.join(found.files)} ({found.kind})", soft_wrap=True)
    console.print(f"时刻 times: {when}")
    console.print(
        f"格网 grid: {found.grid}, {found.points[0]} x {found.points[1]}, {west}..{east} E, {south}..{north} N"
    )
    console.print(f"层 levels: {found.levels} {found.vertical or ''}".rstrip())
    console.print(table(("变量 variable", "状态 state", "来自 from"), rows))
    if found.unused:
        console.print(f"不用 not used: {', '.join(found.unused)}", soft_wrap=True)
    for note in found.notes:
        console.print(f"注 note: {note}", soft_wrap=True)
    for fault in found.faults:
        console.print(f"错 fault: {fault}", soft_wrap=True)
