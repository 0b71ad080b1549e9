"""``lantian forecast``: train the statistics, and measure how good they would have been."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from lantian.cli import words
from lantian.cli.forecast_peers import peers
from lantian.cli.output import Home, Json, NoDataError, command, emit, printed, table
from lantian.cli.screen import Screen
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import TIMEZONE
from lantian.standards.codes import ITEMS

if TYPE_CHECKING:
    from lantian.forecast.hindcast import Hindcast
    from lantian.forecast.shelf import Card

app = typer.Typer()
forecast = typer.Typer(help="Tomorrow's air 预报: train, and measure on the past.", no_args_is_help=True)
app.add_typer(forecast, name="forecast")
forecast.add_typer(peers, name="peers")

MODE = "history (no weather of the days ahead) or perfect (observed weather 完美气象)"


@forecast.command("train")
@command
def train(
    mode: Annotated[str | None, typer.Option(help=f"{MODE}; default both")] = None,
    until: Annotated[str | None, typer.Option(help="the last day to learn from; default all that is known")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Learn from all that the store knows, and put the models on the shelf as new versions."""
    learn, shelves = _room("learn"), _room("shelf")
    modes = [_mode(mode)] if mode else list(learn.MODES)
    with open_platform(home) as platform, Screen(quiet=as_json) as screen:
        cards = shelves.train(platform, modes, until=words.day(until) if until else None, progress=screen.progress())
    emit({"models": [_card(card) for card in cards]}, as_json, lambda console: _show_cards(console, cards))


@forecast.command("run")
@command
def run(
    issue: Annotated[
        str | None, typer.Option(help="moment such as 2016-12-16T20, Beijing; default the last 20:00 by the clock")
    ] = None,
    mode: Annotated[str | None, typer.Option(help=f"{MODE}; default perfect, with --weather none is given")] = None,
    city: Annotated[
        str | None, typer.Option(help="code of the city over which the engine runs; without it statistics alone")
    ] = None,
    hours: Annotated[int, typer.Option(help="how far the engine goes", min=1, max=168)] = 72,
    weather: Annotated[
        list[Path] | None,
        typer.Option(help="file of a weather forecast 气象预报 (WRF, GRIB, NetCDF), given once or more; mode weather"),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Make the forecast of an issue: statistics, and with --city the engine, its nests and its map.

    With `--weather` both read a weather forecast from files; days that the files do not cover whole are left out.
    """
    work, chosen = importlib.import_module("lantian.forecast.service_work"), _run_mode(mode, weather, city)
    _room("learn")
    with open_platform(home) as platform, Screen(quiet=as_json) as screen:
        when = words.moment(issue) if issue else work.last_issue(platform.clock.now())
        begun = time.perf_counter()
        progress = screen.progress()
        asked = {"issue": when.isoformat(), "weather": [str(file) for file in weather or ()]}
        if city is None:
            work.statistics(platform, "cli", progress, **asked, **({} if weather else {"modes": [chosen]}))
        else:
            work.engine(platform, "cli", progress, city=city, hours=hours, **asked)
        store = importlib.import_module("lantian.forecast.store").RunStore(platform)
        made = next(one for one in store.runs() if (one.issue, one.mode) == (when, chosen))
        told = {
            "issue": made.issue.astimezone(TIMEZONE).isoformat(),
            "mode": made.mode,
            "status": made.status,
            "sources": list(made.sources),
            "map": store.has_fields(made),
            "seconds": round(time.perf_counter() - begun, 1),
            "stages": [_stage(stage) for stage in made.stages],
            "folder": str(store.folder(made)),
        }
    emit({"run": told}, as_json, lambda console: _show_run(console, told))


@forecast.command("hindcast")
@command
def hindcast(
    first: Annotated[str, typer.Option("--from", help="the first day on which a forecast is issued, at 20:00")],
    last: Annotated[str, typer.Option("--to", help="the last such day")],
    mode: Annotated[str, typer.Option(help=MODE)] = "history",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="train a model on what lies before --from, instead of one from the shelf")
    ] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Issue a forecast every day with only what was known then, and verify it: by lead day, pollutant, city, station.

    With `--mode perfect` the weather observed later is used beside it.
    """
    shelves, hindcasts = _room("shelf"), _room("hindcast")
    begin, end, chosen = words.day(first), words.day(last), _mode(mode)
    if end < begin:
        raise ValueError(f"--to {end} lies before --from {begin}")
    with open_platform(home) as platform, Screen(quiet=as_json) as screen:
        progress = screen.progress()
        card, calibrator = _calibrator(platform, shelves, chosen, begin if fresh else None, progress)
        try:
            found = hindcasts.run(platform, calibrator, begin, end, progress=progress)
        except LookupError as error:
            raise NoDataError(str(error)) from error
        names = words.names(platform, found.table["place"].unique())
        now = platform.clock.now().astimezone(TIMEZONE).isoformat(timespec="seconds")
    rows = [{"name": names[row["place"]], **row} for row in found.table.to_dicts()]
    goals = _goals(found, names)
    value = {
        "now": now,
        "from": begin,
        "to": end,
        "mode": chosen,
        "issues": len(found.issues),
        "model": _card(card),
        "days": found.days,
        "seen": found.seen,
        "goals": goals,
        "table": rows,
        "reliability": found.reliability,
        "clearing": [{"name": names[row["place"]], **row} for row in found.clearing.to_dicts()],
        "definitions": dict(_room("verify").DEFINITIONS),
        "definitions_clearing": dict(_room("verify_clearing").DEFINITIONS),
    }
    emit(value, as_json, lambda console: _show(console, found, card, value))


def _room(part: str) -> Any:
    """A module of the room, imported when it is needed; where its packages are missing a sentence says what to do."""
    try:
        return importlib.import_module(f"lantian.forecast.{part}")
    except ModuleNotFoundError as error:
        if (error.name or "lantian").partition(".")[0] == "lantian":
            raise
        sentence = f'`lantian forecast` needs the model\'s packages ({error}): pip install "lantian[platform,model]"'
        raise RuntimeError(sentence) from error


def _mode(text: str) -> str:
    modes = _room("learn").MODES
    if text not in modes:
        raise ValueError(f"--mode {text}: expected one of {', '.join(modes)}")
    return text


def _run_mode(mode: str | None, files: Sequence[Path] | None, city: str | None) -> str:
    """The mode of a run, where what is asked for fits together."""
    if files:
        if mode not in (None, "weather"):
            raise ValueError(f"--mode {mode}: with --weather the forecast is of mode weather; leave --mode out")
        return "weather"
    if mode == "weather":
        raise ValueError("--mode weather: expected the files of a weather forecast, --weather FILE")
    chosen = _mode(mode or "perfect")
    if city is not None and chosen != "perfect":
        raise ValueError(
            f"--mode {mode}: the engine needs the weather of the days ahead, --mode perfect or --weather FILE"
        )
    return chosen


def _calibrator(platform: Platform, shelves: Any, mode: str, before: date | None, progress: Any) -> tuple[Card, Any]:
    """The newest model of the shelf, or one trained for the purpose on what lies before a day."""
    shelf = shelves.of(platform)
    if before is not None:
        until = date.fromordinal(before.toordinal() - 1)
        card = shelves.train(platform, [mode], until=until, progress=progress)[0]
    else:
        card = shelf.latest(mode)
        if card is None:
            raise NoDataError(f"no model of mode {mode} is on the shelf: lantian forecast train, or --fresh")
    return card, shelf.open(card.version)


def _stage(stage: Any) -> dict[str, Any]:
    took = (stage.ended - stage.began).total_seconds() if stage.ended else None
    return {"name": stage.name, "seconds": took, "note": stage.note}


def _show_run(console: Console, told: dict[str, Any]) -> None:
    rows = [(one["name"], printed(one["seconds"], 1), one["note"]) for one in told["stages"]]
    console.print(table(("stage", "s", ""), rows, f"{told['issue']} {told['mode']}"))
    console.print(f"{told['status']}; sources {', '.join(told['sources'])}; map: {'yes' if told['map'] else 'no'}")


def _card(card: Card) -> dict[str, Any]:
    told = ("version", "mode", "begins", "ends", "held_out", "trained_at", "places", "scores", "library", "digest")
    return {name: getattr(card, name) for name in told} | {"predictors": len(card.predictors)}


def _show_cards(console: Console, cards: Sequence[Card]) -> None:
    rows = [
        (card.version, card.mode, f"{card.begins} .. {card.ends}", len(card.predictors), card.digest[:12])
        for card in cards
    ]
    console.print(table(("version", "mode", "data", "predictors", "digest"), rows, "模型库 shelf"))


def _goals(found: Hindcast, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The goals at 24 hours by every definition, of regions: the documents speak of the city."""
    goals = _room("goals")
    return [
        {"name": names[place], "place": place, **one.plain()}
        for place in sorted(found.table["place"].unique())
        if place.isdigit()
        for one in goals.measured(found.table.filter(place=place), _room("learn").SOURCE)
    ]


def _show(console: Console, found: Hindcast, card: Card, value: Mapping[str, Any]) -> None:
    label = "完美气象 perfect weather" if card.mode == "perfect" else "仅历史资料 history only"
    seen = "none of these days was learnt from"
    if found.seen:
        seen = f"ATTENTION: {found.seen} of these {found.days} days were learnt from, so this is no proof"
    console.print(f"{label}; model {card.version}, data {card.begins} .. {card.ends}; {seen}", soft_wrap=True)
    columns = ("place", "lead", "item", "n", "NMB", "NME", "RMSE", "R", "persistence NME", "range", "level", "within 1")
    shown = [
        (
            row["name"],
            row["lead"],
            ITEMS[row["item"]].symbol,
            row["n"],
            *(printed(row.get(name), 3) for name in ("nmb", "nme", "rmse", "r", "nme_persistence")),
            *(printed(row.get(name), 3) for name in ("range", "level", "within_one")),
        )
        for row in value["table"]
        if row["source"] != "persistence"
    ]
    console.print(table(columns, shown, "检验 verification"))
    told = [
        (
            each["name"],
            f"{ITEMS[each['item']].symbol} ≥ {each['goal']:.0%}",
            _room("verify").DEFINITIONS[each["definition"]].formula,
            each["n"],
            *(printed(each[name], 3) for name in ("reached", "persistence")),
            "达到 met" if each["met"] else "未达到 missed",
        )
        for each in value["goals"]
    ]
    console.print(
        table(("place", "goal", "counted as", "n", "reached", "persistence", ""), told, "24 小时目标 goals at 24 h")
    )
    clears = [
        (
            row["name"],
            row["n"],
            *(printed(row[name], 1) for name in ("wait", "error", "error_usual", "bias")),
            *(printed(row[name], 2) for name in ("within_12", "probability", "frequency", "brier", "brier_usual")),
        )
        for row in value["clearing"]
    ]
    heads = ("place", "n", "waited h", "error h", "fixed h", "late h", "within 12 h", "said", "came", "Brier", "fixed")
    console.print(table(heads, clears, "转清 clearing of dirty air"))
    console.print("definitions: `--json`, docs/forecast/verification.md")


__all__ = ["app", "forecast"]
