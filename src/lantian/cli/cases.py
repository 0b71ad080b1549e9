"""``lantian case``: the ledger and one case for scripts, and computing anew where every case stands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli import words
from lantian.cli.output import Home, Json, NoDataError, command, emit, table
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.supervision import ledger
from lantian.supervision.service import Supervision

app = typer.Typer()
case = typer.Typer(help="Cases 督办问题: the ledger, one case, computing anew.", no_args_is_help=True)
app.add_typer(case, name="case")

AsOf = Annotated[str | None, typer.Option("--as-of", help="a moment, for example 2016-12-01T20:00; default now")]
_SHOWN = ("number", "title", "region", "state", "owner_region", "owner_department", "due", "closed_on")


@case.command("list")
@command
def listed(
    standing: Annotated[str, typer.Option(help=", ".join(ledger.STANDINGS))] = "open",
    region: Annotated[str, typer.Option(help="name or code of a region")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_of: AsOf = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List cases, the first due first."""
    if standing not in ledger.STANDINGS:
        raise ValueError(f"standing {standing!r}: expected one of {', '.join(ledger.STANDINGS)}")
    with open_platform(home) as platform:
        code = words.place(platform, region).code if region else ""
        asked = ledger.Filter(standing=standing, region=code)
        found = Supervision(platform).ledger(asked, _moment(platform, as_of), limit=limit)
    rows = [{name: row[name] for name in _SHOWN} for row in found.rows]

    def show(console: Console) -> None:
        heads = ("编号", "问题", "区域", "状态", "责任区域", "部门", "时限", "办结")
        console.print(table(heads, [tuple(row.values()) for row in rows]))
        console.print(f"{len(rows)} / {found.total}")

    emit({"total": found.total, "cases": rows}, as_json, show)


@case.command("show")
@command
def show(
    number: Annotated[str, typer.Argument(help="for example 2016-000123")],
    as_of: AsOf = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show a case with its events."""
    with open_platform(home) as platform:
        try:
            record = Supervision(platform).case(number, _moment(platform, as_of))
        except LookupError as error:
            raise NoDataError(str(error)) from None
    events: list[dict[str, Any]] = [
        {"seq": one.seq, "at": one.at, "actor": one.actor, "kind": one.kind, "move": one.move, "reason": one.reason}
        for one in record.events
    ]
    found = record.case
    value = {
        "number": number,
        "title": found.finding["title"],
        "state": found.state,
        "due": found.due.date if found.due else None,
        "events": events,
    }
    rows = [tuple(event.values()) for event in events]
    heads = ("seq", "at", "actor", "kind", "move", "reason")
    emit(value, as_json, lambda console: console.print(table(heads, rows, title=f"{number} {found.finding['title']}")))


@case.command("rebuild")
@command
def rebuild(home: Home = None, as_json: Json = False) -> None:
    """Compute anew from the events where every case stands, as after a new notice on holidays."""
    with open_platform(home) as platform:
        count, changed = Supervision(platform).rebuild(words.actor())
    said = f"{count} cases, {changed} changed"
    emit({"cases": count, "changed": changed}, as_json, lambda console: console.print(said))


def _moment(platform: Platform, as_of: str | None) -> datetime:
    return words.moment(as_of) if as_of else platform.clock.now()
