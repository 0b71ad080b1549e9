"""``lantian import``, ``load``, ``places``, ``rejected``, ``export``: what comes in, is refused, goes out."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import sqlalchemy as sa
import typer
from rich.console import Console

from lantian.assessment import periods
from lantian.assessment.periods import Period
from lantian.assessment.service import Assessment
from lantian.cli import loading, words
from lantian.cli.output import Exit, Home, Json, NoDataError, command, emit, table
from lantian.cli.screen import Screen
from lantian.kernel.bootstrap import open_platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.importer import ImportReport, import_paths
from lantian.observations.tables import import_batch, import_rejected
from lantian.places import store as places_store

app = typer.Typer()
places = typer.Typer(help="Regions, stations, groups and outlines 区域与站点.", no_args_is_help=True)
app.add_typer(places, name="places")

FILES_SHOWN = 30
"""A longer list of files is cut on the terminal; JSON has all."""

Folder = Annotated[Path, typer.Argument(help="a folder with city.toml or example.toml, as examples/beijing")]


@app.command("import")
@command
def import_(
    paths: Annotated[
        list[Path], typer.Argument(help="files, or folders with files, in any layout of docs/importing.md")
    ],
    reviewed: Annotated[bool, typer.Option("--reviewed", help="these are reviewed 审核 values, not raw ones")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Import observations; the same file again changes nothing."""
    with open_platform(home) as platform, Screen(quiet=as_json) as screen:
        report = import_paths(
            platform, paths, words.actor(), screen.progress(), grade="reviewed" if reviewed else "raw"
        )
    emit(_import_value(report), as_json, lambda console: _show_import(console, report))
    _end(report)


@app.command("load")
@command
def load(folder: Folder, home: Home = None, as_json: Json = False) -> None:
    """Load a whole city from its folder: places, observations and targets; again changes nothing."""
    with open_platform(home) as platform, Screen(quiet=as_json) as screen:
        report = loading.load_folder(platform, folder, words.actor(), screen.progress())
    value = {
        "places": {"written": report.places.written, "notes": report.places.notes},
        "observations": _import_value(report.observations),
        "targets": report.targets,
    }

    def show(console: Console) -> None:
        _show_places(console, report.places)
        _show_import(console, report.observations)
        console.print(f"目标 targets: {report.targets}")

    emit(value, as_json, show)
    _end(report.observations)


@places.command("load")
@command
def load_places(folder: Folder, home: Home = None, as_json: Json = False) -> None:
    """Load the places of a folder: regions, stations, groups, outlines, terrain; again changes nothing."""
    with open_platform(home) as platform:
        report = places_store.load_folder(platform.engine, folder, words.actor(), home=platform.home)
    value = {"written": report.written, "notes": report.notes}
    emit(value, as_json, lambda console: _show_places(console, report))


@app.command("rejected")
@command
def rejected(
    batch: Annotated[int | None, typer.Option(help="of one imported file, by its number; default all")] = None,
    limit: Annotated[int, typer.Option(min=1, help="at most so many, the newest files first")] = 100,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Entries that an import refused, with file, line, field, value and reason 退回记录."""
    r = import_rejected
    condition = r.c.batch == batch if batch is not None else sa.true()
    with open_platform(home) as platform, platform.engine.connect() as connection:
        if batch is not None and not connection.scalar(sa.select(sa.exists().where(import_batch.c.id == batch))):
            raise NoDataError(f"there is no import {batch}")
        total = connection.scalar(sa.select(sa.func.count()).select_from(r).where(condition)) or 0
        query = sa.select(r.c.batch, r.c.file, r.c.line, r.c.field, r.c.value, r.c.reason).where(condition)
        found = connection.execute(query.order_by(r.c.batch.desc(), r.c.id).limit(limit)).mappings().all()
    rows = [dict(row) for row in found]

    def show(console: Console) -> None:
        columns = ("import", "file", "line", "field", "value", "reason")
        shown = [(row["batch"], Path(row["file"]).name, *list(row.values())[2:]) for row in rows]
        console.print(table(columns, shown, f"退回 rejected: {total}, shown {len(rows)}"))

    emit({"total": total, "rejected": rows}, as_json, show)


@app.command("export")
@command
def export(
    wanted: Annotated[list[str], typer.Argument(metavar="PLACE...", help="regions or stations")],
    period: Annotated[str, typer.Option("--period", help=periods.FORMS)],
    daily: Annotated[
        bool, typer.Option("--daily", help="days with AQI, level and primary pollutant, not hours")
    ] = False,
    output: Annotated[Path | None, typer.Option(help="a .csv, .parquet or .arrow file; default CSV on stdout")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write out observations, hours (times in UTC) or days, as the clock knows them."""
    asked = periods.parse(period)
    if output and output.suffix not in (".csv", ".parquet", ".arrow"):
        raise ValueError(f"{output}: expected a name that ends in .csv, .parquet or .arrow")
    with open_platform(home) as platform:
        judge = Assessment(platform)
        codes = [words.place(platform, text).code for text in wanted]
        frame = _days(judge, codes, asked) if daily else _hours(judge, codes, asked)
    if frame.is_empty():
        raise NoDataError(f"nothing is known of {', '.join(wanted)} in {asked.label}")
    value: dict[str, Any] = {"resolution": "day" if daily else "hour", "rows": frame.height}
    if output:
        _write(frame, output)
        value["file"] = output
        emit(value, as_json, lambda console: console.print(f"{output}: {frame.height} rows"))
    elif as_json:
        emit(value | {"values": frame}, as_json, lambda _: None)
    else:
        sys.stdout.write(_csv(frame))


def _hours(judge: Assessment, codes: list[str], period: Period) -> pl.DataFrame:
    start = datetime(period.start.year, period.start.month, period.start.day, tzinfo=TIMEZONE).astimezone(UTC)
    return judge.air.hourly(codes, start, start + timedelta(days=period.days), weather=True)


def _days(judge: Assessment, codes: list[str], period: Period) -> pl.DataFrame:
    frame = judge.daily(codes, period)
    return frame.select(pl.exclude("^iaqi_.*$", "exceeding", "complete", "capped"))


def _write(frame: pl.DataFrame, file: Path) -> None:
    if file.suffix == ".csv":
        file.write_text(_csv(frame), encoding="utf-8")
    elif file.suffix == ".parquet":
        frame.write_parquet(file)
    else:
        frame.write_ipc(file)


def _csv(frame: pl.DataFrame) -> str:
    """As a text table: lists joined with ``+``, times as ``2016-12-16T12:00:00Z``."""
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    flat = frame.with_columns(pl.col(name).list.join("+") for name in lists)
    return flat.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ")


def _import_value(report: ImportReport) -> dict[str, Any]:
    files = [
        {
            "path": one.path,
            "state": one.state,
            "kind": one.kind or None,
            "import": one.batch,
            "rows": one.rows,
            **one.counts._asdict(),
            "rejected": one.rejected,
            "notes": one.notes,
        }
        for one in report.files
    ]
    numbers = {name: getattr(report, name) for name in ("rows", "new", "revised", "unchanged", "rejected")}
    return numbers | {"refused": len(report.refused), "files": files}


def _show_import(console: Console, report: ImportReport) -> None:
    columns = ("file", "state", "kind", "rows", "new", "revised", "unchanged", "rejected")
    rows = [
        (one.path.name, one.state, one.kind or None, one.rows, *one.counts, one.rejected or None)
        for one in report.files[:FILES_SHOWN]
    ]
    more = len(report.files) - len(rows)
    console.print(table(columns, rows, "导入 import", f"and {more} more files" if more > 0 else ""))
    for one in report.files:
        for note in one.notes if one.state in ("imported", "refused") else ():
            console.print(f"· {one.path.name}: {note}")
    console.print(
        f"{report.rows} rows read: {report.new} new, {report.revised} revised, {report.unchanged} unchanged; "
        f"{report.rejected} rejected 退回"
    )
    if report.rejected:
        console.print(
            "  `lantian rejected` shows each with file, line, field, value and reason; so does the page of data"
        )


def _show_places(console: Console, report: places_store.LoadReport) -> None:
    written = ", ".join(f"{name} {number}" for name, number in report.written.items())
    console.print(f"区域与站点 places, new or changed: {written}")
    for note in report.notes:
        console.print(f"· {note}")


def _end(report: ImportReport) -> None:
    if report.rejected or report.refused:
        raise typer.Exit(Exit.FOUND)
