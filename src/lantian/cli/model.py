"""``lantian model``: whether the engine is right on this machine, and how fast. Needs no platform, only the engine."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

import lantian
from lantian.cli.output import Exit, Json, command, emit, table

app = typer.Typer()
model = typer.Typer(help="The transport model 输送模式: is it right here, how fast is it.", no_args_is_help=True)
app.add_typer(model, name="model")

REPORT = Path("model-check")
"""Where the report is written unless a folder is named."""
PAGE = "report.html"

Tell = Callable[[int, int, str], None]


@model.command("check")
@command
def check(
    report: Annotated[
        Path | None,
        typer.Option(help=f"folder of the report; default {REPORT}, with --json none", file_okay=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Climb the validation ladder 检验阶梯 on this machine; a report with pictures says what was found.

    Exact solutions, conservation, chemistry against a stiff solver, adjoint against brute force, restart, precision.
    """
    ladder = _engine("ladder")
    with _watched(quiet=as_json) as tell:
        rungs = ladder.run(tell)
    facts = {"device": _engine("speed").device(), "version": lantian.__version__}
    folder = report or (None if as_json else REPORT)
    written = _write(folder, rungs, facts) if folder else None
    value = {
        "passed": all(rung.passed for rung in rungs),
        **facts,
        "rungs": [_rung(rung) for rung in rungs],
        "report": written,
    }
    emit(value, as_json, lambda console: _show_rungs(console, rungs, written))
    if not value["passed"]:
        raise typer.Exit(Exit.FOUND)


@model.command("bench")
@command
def bench(
    hours: Annotated[
        int | None, typer.Option(min=2, help="of the forecast; 72 are not extrapolated; default 6, with --quick 2")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="few cells: whether it works, not how fast it is")] = False,
    as_json: Json = False,
) -> None:
    """Measure how fast the model is on this machine 测速: bandwidth, each process, adjoint, compiling, a forecast.

    Some minutes; on 200 x 200 x 15 cells of 1 km with 10 species. Let the machine do nothing else meanwhile.
    """
    measuring, speed = _engine("bench"), _engine("speed")
    size = measuring.QUICK if quick else measuring.WHOLE._replace(hours=6)
    size = size._replace(hours=hours or size.hours)
    with _watched(quiet=as_json) as tell:
        figures = list(measuring.measure(size, tell))
    value = {"device": speed.device(), "cells": size.cells, "hours": size.hours, "figures": figures}
    emit(
        value,
        as_json,
        lambda console: _show_figures(console, figures, f"{value['device']}, {size.cells} x {size.cells} x 15"),
    )


def _engine(part: str) -> Any:
    """A module of the engine, imported when it is needed; where its packages are missing a sentence says what to do."""
    try:
        return importlib.import_module(f"lantian.transport.{part}")
    except ModuleNotFoundError as error:
        if (error.name or "lantian").partition(".")[0] == "lantian":
            raise
        sentence = f'`lantian model` needs the engine\'s packages ({error}): pip install "lantian[model]"'
        raise RuntimeError(sentence) from error


@contextmanager
def _watched(*, quiet: bool) -> Iterator[Tell]:
    """Progress on stderr: a bar in a terminal, a line for each new thing elsewhere, nothing when ``quiet``."""
    console = Console(stderr=True, quiet=quiet)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    last = ""
    with Bars(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bars:
        bar = bars.add_task("", total=None)

        def tell(done: int, total: int, text: str) -> None:
            nonlocal last
            bars.update(bar, completed=done, total=total, description=text)
            if bars.disable and text and text.partition(" ")[0] != last:
                last = text.partition(" ")[0]
                console.print(f"· {text} …", markup=False, highlight=False)

        yield tell


def _write(folder: Path, rungs: list[Any], facts: dict[str, str]) -> Path:
    when = f"{datetime.now().astimezone():%Y-%m-%d %H:%M %z}"
    told = {"日期 date": when, "设备 device": facts["device"], "版本 version": facts["version"]}
    page = _engine("report").page(rungs, told)
    folder.mkdir(parents=True, exist_ok=True)
    path = (folder / PAGE).resolve()
    path.write_text(page, encoding="utf-8")
    return path


def _rung(rung: Any) -> dict[str, Any]:
    measures = [
        {
            "name": one.name,
            "zh": one.zh,
            "value": one.value if math.isfinite(one.value) else None,
            "at_least": one.at_least,
            "at_most": one.at_most,
            "passed": one.passed,
        }
        for one in rung.measures
    ]
    told = {"name": rung.name, "zh": rung.zh, "what": rung.what}
    return {**told, "passed": rung.passed, "seconds": rung.seconds, "measures": measures}


def _show_rungs(console: Console, rungs: list[Any], written: Path | None) -> None:
    report = _engine("report")
    rows = []
    for rung in rungs:
        for index, one in enumerate(rung.measures):
            first = (f"{rung.zh} {rung.name}", f"{rung.seconds:.1f}") if index == 0 else ("", "")
            limits = report.limits(one)
            sign = ("✓" if one.passed else "✗") if limits else ""
            rows.append((first[0], f"{one.zh} {one.name}", report.number(one.value), limits, sign, first[1]))
    head = ("检验 rung", "量 measure", "值 value", "限 limit", "通过 passed", "秒 seconds")
    failed = sum(not rung.passed for rung in rungs)
    console.print(table(head, rows, "检验阶梯 the ladder", report.verdict(len(rungs), failed)))
    if written:
        console.print(f"报告 report: {written}", soft_wrap=True)


def _show_figures(console: Console, figures: list[Any], title: str) -> None:
    number = _engine("report").number
    rows = []
    for one in figures:
        value = f"{one.value:.0f}" if abs(one.value) >= 100 else number(one.value)
        median = f"{one.timing.median:.3f} / {one.timing.processor:.3f}" if one.timing else ""
        rows.append((f"{one.zh} {one.en.strip()}", f"{value} {one.unit}".rstrip(), one.wanted, median, one.note))
    head = ("量 measure", "值 value", "目标 wanted", "中位/处理器秒 median/processor s", "注 note")
    console.print(table(head, rows, title))
