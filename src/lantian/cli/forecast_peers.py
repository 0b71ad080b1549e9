"""``lantian forecast peers``: other models' files beside ours."""

from __future__ import annotations

import importlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from lantian.cli import words
from lantian.cli.output import Home, Json, command, emit, table
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import TIMEZONE

if TYPE_CHECKING:
    from lantian.forecast.peers_store import Peer, PeerStore

peers = typer.Typer(help="Other models' forecasts beside ours 同行模式.", no_args_is_help=True)


@peers.command("add")
@command
def add(
    files: Annotated[list[Path], typer.Argument(help="NetCDF of WRF-CMAQ (combined CCTM), WRF-Chem or CAMS")],
    name: Annotated[str, typer.Option("--name", help="what it is called in tables, such as CMAQ")],
    issue: Annotated[str, typer.Option("--issue", help="when it was issued, such as 2016-12-16T20 (Beijing time)")],
    kind: Annotated[str | None, typer.Option(help="cmaq, wrfchem or cams; default by looking at the file")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Read another model's files at all stations and cities, and show and verify them beside ours."""
    with open_platform(home) as platform:
        made = _store(platform).add(files, name, words.moment(issue), actor=words.actor(), kind=kind)
    emit(_plain(made), as_json, lambda console: _show(console, [made]))


@peers.command("list")
@command
def list_(home: Home = None, as_json: Json = False) -> None:
    """Other models' forecasts that are known, the newest first."""
    with open_platform(home) as platform:
        known = _store(platform).peers()
    emit({"peers": [_plain(one) for one in known]}, as_json, lambda console: _show(console, known))


def _store(platform: Platform) -> PeerStore:
    try:
        found: PeerStore = importlib.import_module("lantian.forecast.peers_store").PeerStore(platform)
    except ModuleNotFoundError as error:
        if (error.name or "lantian").partition(".")[0] == "lantian":
            raise
        raise RuntimeError(f'`lantian forecast peers` needs more ({error}): pip install "lantian[model]"') from error
    return found


def _plain(one: Peer) -> dict[str, Any]:
    told = {name: value for name, value in asdict(one).items() if name not in ("id", "folder")}
    return told | {name: told[name].astimezone(TIMEZONE) for name in ("issue", "known_at")}


def _show(console: Console, known: list[Peer]) -> None:
    rows = [
        (one.name, f"{one.issue.astimezone(TIMEZONE):%Y-%m-%d %H:%M}", one.kind, one.places, ", ".join(one.files))
        for one in known
    ]
    notes = "\n".join(dict.fromkeys(note for one in known for note in one.notes))
    console.print(table(("模式 name", "起报 issue", "格式 kind", "places", "files"), rows, "同行模式 peers", notes))
