"""``lantian emissions``: inventories in and out, their versions, and their hourly emissions on a grid."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import xarray as xr
from rich.console import Console

from lantian.cli import words
from lantian.cli.output import Home, Json, NoDataError, command, emit, table
from lantian.cli.screen import Screen
from lantian.emissions import folder as folders
from lantian.emissions import installed, output, profiles, proxies, sources, tables
from lantian.emissions.gridded import STYLES
from lantian.emissions.hours import prepare
from lantian.emissions.inventory import Inventory
from lantian.emissions.library import Library
from lantian.emissions.raster import Lattice
from lantian.emissions.sectors import SECTORS
from lantian.kernel import settings
from lantian.places.geo import Box
from lantian.places.grid import Domain, Grid, Levels, nests
from lantian.places.outlines import read_geojson
from lantian.places.regrid import ground_height
from lantian.places.terrain import Terrain
from lantian.transport.species import COMPACT, FULL

app = typer.Typer()
emissions = typer.Typer(help="Emission inventories 源清单: tables, versions, hourly fields.", no_args_is_help=True)
app.add_typer(emissions, name="emissions")

Source = Annotated[
    str, typer.Argument(help="a version, a table (XLSX, CSV), MEIC, EDGAR or REAS files, or a city's folder")
]
Style = Annotated[str | None, typer.Option(help=f"whose files: {', '.join(STYLES)}; default by their names")]
Version = Annotated[str | None, typer.Option("--id", help="id of the version; default the table's, or the file's name")]
Year = Annotated[int | None, typer.Option(help="the year of the amounts, where the files do not say or have several")]


def library(home: Path | None) -> Library:
    """The versions of a data directory."""
    return installed.library(settings.load(home).home)


@emissions.command("template")
@command
def template(
    path: Annotated[Path, typer.Argument(help="a new workbook (.xlsx), or a new folder for CSV files")],
    as_json: Json = False,
) -> None:
    """Write empty tables to fill in 清单模板, with what each column means."""
    written = tables.template(path)
    emit({"files": written}, as_json, lambda console: console.print("\n".join(map(str, written)), soft_wrap=True))


@emissions.command("import")
@command
def import_(
    source: Source,
    style: Style = None,
    version: Version = None,
    year: Year = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read an inventory and keep it as a version, which never changes; the same again changes nothing."""
    shelf = library(home)
    inventory = sources.find(source, shelf, style=_style(style), version=version, year=year)
    path = shelf.add(inventory)
    value = {**_head(inventory), "folder": path, "totals": _totals(inventory), "notes": list(inventory.notes)}
    emit(value, as_json, lambda console: _show_inventory(console, inventory))


@emissions.command("list")
@command
def list_(home: Home = None, as_json: Json = False) -> None:
    """List the versions."""
    found = library(home).list()
    columns = ("id", "title", "year", "level", "sectors", "digest")
    rows = [[str(row[name])[:12] if name == "digest" else row[name] for name in columns] for row in found.to_dicts()]
    emit({"versions": found}, as_json, lambda console: console.print(table(columns, rows, "源清单版本 versions")))


@emissions.command("compare")
@command
def compare(
    one: Annotated[str, typer.Argument(help="a version")],
    other: Annotated[str, typer.Argument(help="another version")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Compare two versions: sector, species, before, after, difference, in t a year."""
    found = library(home).compare(one, other)
    value = {"before": one, "after": other, "differences": found}

    def show(console: Console) -> None:
        changed = found.filter(pl.col.difference != 0)
        rows = [
            (SECTORS[s].zh, p, f"{b:.1f}", f"{a:.1f}", f"{d:+.1f}", "" if c is None else f"{c:+.1f}")
            for s, p, b, a, d, c in changed.iter_rows()
        ]
        head = ("行业 sector", "污染物", f"{one} t", f"{other} t", "差 difference t", "%")
        console.print(table(head, rows, f"{len(rows)} of {found.height} differ"))

    emit(value, as_json, show)


@emissions.command("grid")
@command
def grid(
    source: Source,
    out: Annotated[Path, typer.Option(help="the file to write, .nc or .zarr")],
    begin: Annotated[str, typer.Option("--from", help="first hour, Beijing time, such as 2016-12-16T20")],
    hours: Annotated[int, typer.Option(min=1, max=8784, help="how many")] = 72,
    lon: Annotated[float | None, typer.Option(help="middle of the grid; default that of the outlines")] = None,
    lat: Annotated[float | None, typer.Option(help="middle of the grid")] = None,
    cells: Annotated[int, typer.Option(min=1, max=2000, help="along each side")] = 200,
    spacing: Annotated[float, typer.Option(min=50, max=100_000, help="m")] = 1000.0,
    places: Annotated[
        Path | None, typer.Option(help="a city's folder with outlines and terrain; default the source, if it is one")
    ] = None,
    outlines: Annotated[Path | None, typer.Option(help="GeoJSON of regions (properties code, name) instead")] = None,
    own: Annotated[Path | None, typer.Option("--proxies", help="NetCDF with proxies of your own")] = None,
    weather: Annotated[Path | None, typer.Option(help="the weather of the door, for plumes and degree days")] = None,
    profile: Annotated[Path | None, typer.Option("--profiles", help="a table of profiles of your own")] = None,
    sectors: Annotated[list[str] | None, typer.Option("--sector", help="only these and those below them")] = None,
    species: Annotated[str, typer.Option(help="compact, full, or names with commas")] = "compact",
    style: Style = None,
    year: Year = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make hourly emissions of any domain in one step 一步成网格: inventory or totals in, NetCDF or Zarr out."""
    used = profiles.load(profile)
    city = places or (Path(source) if sources.is_city(Path(source)) else None)
    with Screen(quiet=as_json) as screen:
        progress = screen.progress()
        progress.stage("区域与代用参数 proxies")
        sheet = _sheet(city, outlines, own)
        target = _grid(lon, lat, cells, spacing, sheet)
        progress.stage("清单 inventory")
        inventory = sources.find(
            source, library(home), style=_style(style), year=year, box=_around(target), profiles=used
        )
        if inventory.areas.height and sheet is None:
            raise ValueError("amounts of regions need outlines: --places FOLDER or --outlines FILE")
        first = np.datetime64(words.moment(begin).astimezone(UTC).replace(tzinfo=None), "h")
        progress.stage("分配 allocation")
        with _weather(weather) as air:
            prepared = prepare(
                inventory, _domain(target, city), first + np.arange(hours), weather=air, sheet=sheet, profiles=used,
                species=_species(species),
            )  # fmt: skip
            progress.stage("逐时 hours", total=hours)
            kg = output.write(prepared, out, sectors=sectors, progress=lambda *_: progress.advance())
        progress.finish()
    ledger = prepared.ledger.frame()
    value = {
        **_head(inventory),
        "file": out,
        "grid": {"cells": [cells, cells], "spacing_m": spacing, "lon": target.lon.mean(), "lat": target.lat.mean()},
        "from": words.moment(begin),
        "hours": hours,
        "layers": prepared.layers,
        "points": prepared.points.height,
        "tonnes": {name: total / 1000 for name, total in kg.items()},
        "ledger": ledger.select("step", "item", "before", "after", "elsewhere", "unit", "error", "note"),
        "notes": [*inventory.notes, *(sheet.notes if sheet else ())],
    }
    emit(value, as_json, lambda console: _show_grid(console, value, ledger))


def _style(text: str | None) -> Any:
    if text is not None and text not in STYLES:
        raise ValueError(f"--style {text!r}: expected one of {', '.join(STYLES)}")
    return text


def _species(text: str) -> tuple[str, ...]:
    known = {"compact": COMPACT, "full": FULL}
    return known.get(text) or tuple(name.strip() for name in text.split(","))


def _sheet(city: Path | None, outlines: Path | None, own: Path | None) -> proxies.Sheet | None:
    if outlines is not None:
        regions = list(read_geojson(outlines).outlines.values())
        return proxies.build(regions, _terrain(city), own=own)
    return folders.sheet(city, own=own) if city is not None else None


def _terrain(city: Path | None) -> Terrain | None:
    path = folders.terrain(city) if city is not None else None
    return Terrain.open(path) if path else None


def _grid(lon: float | None, lat: float | None, cells: int, spacing: float, sheet: proxies.Sheet | None) -> Grid:
    if (lon is None) != (lat is None):
        raise ValueError("expected both --lon and --lat, or none of them")
    if lon is None or lat is None:
        if sheet is None:
            raise ValueError("expected --lon and --lat: there are no outlines in whose middle the grid could lie")
        lon, lat = _middle(sheet.lattice)
    return nests(lon, lat, (spacing,), (cells,))[0]


def _middle(lattice: Lattice) -> tuple[float, float]:
    return float(lattice.lon.mean()), float(lattice.lat.mean())


def _around(grid: Grid) -> Box:
    """A box around a grid with a cell of the coarsest inventories beside it."""
    return Box(grid.lon.min() - 0.5, grid.lat.min() - 0.5, grid.lon.max() + 0.5, grid.lat.max() + 0.5)


def _domain(grid: Grid, city: Path | None) -> Domain:
    terrain = _terrain(city)
    height = ground_height(terrain, grid, beyond=0.0) if terrain else np.zeros((grid.ny, grid.nx))
    return Domain(grid, Levels(), height)


def _weather(path: Path | None) -> AbstractContextManager[Any]:
    if path is None:
        return nullcontext()
    return xr.open_zarr(path) if path.is_dir() else xr.open_dataset(path, engine="h5netcdf")


def _head(inventory: Inventory) -> dict[str, Any]:
    fields = ("id", "title", "year", "level", "source", "licence", "example", "digest")
    return {name: getattr(inventory, name) for name in fields}


def _totals(inventory: Inventory) -> list[dict[str, Any]]:
    found = inventory.totals("sector", "species")
    if found.is_empty():
        raise NoDataError(f"{inventory.id}: the inventory is empty")
    return found.to_dicts()


def _show_inventory(console: Console, inventory: Inventory) -> None:
    totals = inventory.totals("species")
    rows = [(species, f"{amount:,.1f}") for species, amount in totals.iter_rows()]
    note = "\n".join([f"{inventory.id}  {inventory.digest[:12]}", *inventory.notes])
    console.print(table(("污染物 species", "t/a"), rows, inventory.title, note))


def _show_grid(console: Console, value: dict[str, Any], ledger: pl.DataFrame) -> None:
    rows = [
        (row["step"], row["item"], f"{row['before']:,.4g}", f"{row['after']:,.4g}", f"{row['elsewhere']:,.4g}",
         row["unit"], f"{row['error']:.0e}")
        for row in ledger.filter(~pl.col.step.is_in(["year"])).to_dicts()
    ]  # fmt: skip
    head = ("步骤 step", "项 item", "前 before", "后 after", "其余 elsewhere", "单位", "误差 error")
    tonnes = ", ".join(f"{name} {total:,.1f}" for name, total in value["tonnes"].items())
    lost = ledger.filter(pl.col.elsewhere > 0, (pl.col.step == "species") | pl.col.note.str.contains("没有轮廓"))
    said = [f"{row['step']} {row['item']}: {row['note']}" for row in lost.to_dicts()]
    note = "\n".join([f"{value['hours']} h, t: {tonnes}", *said, *value["notes"], f"文件 file: {value['file']}"])
    console.print(table(head, rows, f"{value['title']} → {value['grid']['spacing_m']:g} m", note), soft_wrap=True)
