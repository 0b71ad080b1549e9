"""The command line: ``lantian <command>``, for people and, with ``--json``, for scripts.

In: words. Out: tables and progress on a terminal, or one JSON value; few and fixed exit codes (``output.Exit``). No
rule is in here: commands call the rooms below. See docs/cli.md.

A command's module is imported when the command is asked for, so ``lantian calc`` works on a bare installation and
starts fast; a command whose packages are not installed says what to install.
"""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

import lantian
from lantian.cli.output import Exit, Json, refuse

__all__ = ["COMMANDS", "app", "main"]

COMMANDS = {
    "up": "serve",
    "replay": "replay",
    "worker": "serve",
    "calc": "calc",
    "evaluate": "judge",
    "rank": "judge",
    "target": "judge",
    "episodes": "judge",
    "deweather": "deweather",
    "coverage": "judge",
    "import": "data",
    "load": "data",
    "places": "data",
    "rejected": "data",
    "quality": "quality",
    "fraud": "quality",
    "export": "data",
    "feed": "feeds",
    "model": "model",
    "forecast": "forecast",
    "weather": "weather",
    "emissions": "emissions",
    "gateway": "gateway",
    "device": "gateway",
    "hj212": "hj212",
    "simulate-devices": "hj212",
    "sensors": "sensors",
    "poll": "sensors",
    "deadline": "publish",
    "publish": "publish",
    "case": "cases",
    "round": "rounds",
    "programme": "programme",
    "account": "admin",
    "token": "admin",
    "audit": "admin",
    "doctor": "admin",
}
"""Every command and the module of this package that has it, in the order of ``lantian --help``."""


class Commands(TyperGroup):
    """The commands by name, each imported when it is needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Name all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
        """Import a command; one whose packages are missing becomes a command that says so."""
        if cmd_name not in COMMANDS:
            return None
        try:
            part = importlib.import_module(f"lantian.cli.{COMMANDS[cmd_name]}")
        except ModuleNotFoundError as error:
            if (error.name or "lantian").partition(".")[0] == "lantian":
                raise
            return _not_installed(cmd_name, error)
        found: TyperCommand | TyperGroup = get_group(part.app).commands[cmd_name]  # type: ignore[assignment]
        return found


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(lantian.__version__)
        raise typer.Exit


@app.callback()
def lantian_(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version and end")
    ] = False,
) -> None:
    """Lantian 蓝天: a city's campaign for clean air, from instrument to public."""


def _not_installed(name: str, error: ModuleNotFoundError) -> TyperCommand | TyperGroup:
    sentence = f'`lantian {name}` needs the platform ({error}): pip install "lantian[platform]"'
    part = typer.Typer()

    anything: dict[str, Any] = {"allow_extra_args": True, "ignore_unknown_options": True}

    @part.command(name, help=escape(sentence), context_settings=anything)
    def missing(as_json: Json = False) -> None:
        refuse(sentence, Exit.UNAVAILABLE, as_json)

    found: TyperCommand = get_group(part).commands[name]  # type: ignore[assignment]
    return found


def main() -> None:
    """Run the command line of this process."""
    app()
