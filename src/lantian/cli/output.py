"""How every command speaks: a table for people, one JSON value for scripts (``--json``), few and fixed exit codes."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec

import typer
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

P = ParamSpec("P")

Json = Annotated[bool, typer.Option("--json", help="print one JSON value and nothing else")]
Home = Annotated[Path | None, typer.Option("--home", help="data directory; default LANTIAN_HOME, else ./var")]


WIDTH = 160
"""Columns of a table that is not printed on a terminal."""


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0
    FOUND = 1  # the command ran and found faults: rejected rows, a broken audit trail, a doctor's problem
    USAGE = 2  # the arguments cannot be understood
    NO_DATA = 3  # nothing is known for what was asked
    UNAVAILABLE = 4  # the database or the data directory cannot be used


def plain(value: Any) -> Any:
    """Turn a result into what JSON can hold: frames become lists of rows, dates ISO 8601, decimals numbers."""
    if (polars := sys.modules.get("polars")) and isinstance(value, polars.DataFrame):  # who has a frame has loaded it
        return [plain(row) for row in value.to_dicts()]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def emit(value: Any, as_json: bool, show: Callable[[Console], None]) -> None:
    """Print the JSON value, or let ``show`` draw it for a person."""
    if as_json:
        sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")
    else:
        show(Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False, markup=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "", note: str = "") -> RenderableType:
    """A table for people, under its title and above its note: first column left, the others right; None as ``--``."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="left" if index == 0 else "right")
    for row in rows:
        drawn.add_row(*(Text("--" if cell is None else str(cell)) for cell in row))
    return Group(*(part for part in (Text(title, style="bold"), drawn, Text(note)) if part))


def printed(value: float | None, decimals: int) -> str | None:
    """A published number with all its digits: 8.0 of an index is ``8.00``."""
    return None if value is None else f"{value:.{decimals}f}"


class NoDataError(LookupError):
    """Nothing is known for what was asked; the message says what is there."""


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Give a command the common ending: what is refused is one sentence and an exit code, as JSON when asked for."""

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            function(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):  # an ending that was meant, and a reader that went away
            raise
        except NoDataError as error:
            refuse(str(error), Exit.NO_DATA, as_json)
        except (ValueError, LookupError, FileNotFoundError) as error:
            # str() of a KeyError is its repr
            refuse(str(error.args[0]) if isinstance(error, KeyError) else str(error), Exit.USAGE, as_json)
        except (RuntimeError, OSError) as error:
            refuse(str(error), Exit.UNAVAILABLE, as_json)

    return run


def refuse(message: str, code: Exit, as_json: bool) -> NoReturn:
    """End the command with one sentence on stderr, or ``{"error": ..., "exit": ...}`` as its JSON value."""
    if as_json:
        sys.stdout.write(json.dumps({"error": message, "exit": int(code)}, ensure_ascii=False) + "\n")
    else:
        typer.secho(f"lantian: {message}", fg="red", err=True)
    raise typer.Exit(code)
