"""``lantian account evaluate``: who is proposed for what, by which rule, on which facts. A person decides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lantian.accountability import facts as files
from lantian.accountability import packs, service
from lantian.accountability.evaluate import Result, evaluate
from lantian.accountability.facts import Facts
from lantian.accountability.packs import ACTIONS
from lantian.accountability.words import said
from lantian.assessment import periods
from lantian.cli import words
from lantian.cli.output import Home, Json, NoDataError, command, emit, table
from lantian.kernel.bootstrap import open_platform
from lantian.kernel.settings import TIMEZONE


@command
def evaluate_(
    pack: Annotated[str, typer.Option("--pack", help=f"{', '.join(packs.names())}, or the path of a pack")],
    facts: Annotated[Path | None, typer.Option("--facts", help="facts in JSON; no database is needed then")] = None,
    period: Annotated[
        str | None, typer.Option("--period", help=f"or the platform's own facts of {periods.FORMS}")
    ] = None,
    day: Annotated[str | None, typer.Option("--day", help="as known at the end of this day; default today")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Evaluate facts by a rule pack 量化问责: proposals, near misses, and what could not be judged."""
    if (facts is None) == (period is None):
        raise ValueError("expected either --facts FILE, or --period for the platform's own facts")
    if facts is not None and day is not None:
        raise ValueError(f"--day {day}: expected it only with --period; a file of facts has its own as_of")
    rules = packs.load(pack)
    known = files.read(facts) if facts is not None else _own(home, period or "", day)
    if not any(known.of(level) for level in files.FIELDS):
        raise NoDataError(f"no cities, counties, townships or zones are known for {known.period} as of {known.as_of}")
    result = evaluate(rules, known)
    # The result's own JSON, not rebuilt: whoever keeps it can compare the bytes of what is inside.
    emit(json.loads(result.to_json()), as_json, lambda console: _show(console, result, rules))


def register(group: typer.Typer) -> None:
    """Add the commands of this room to the group ``lantian account``."""
    group.command("evaluate")(evaluate_)


def _own(home: Path | None, period: str, day: str | None) -> Facts:
    asked, until = periods.parse(period), words.day(day) if day else None
    with open_platform(home) as platform:
        return service.facts(platform, asked, until or platform.clock.now().astimezone(TIMEZONE).date())


def _show(console: Console, result: Result, pack: packs.Pack) -> None:
    console.print(f"{pack.zh} · {pack.document}", style="bold")
    console.print(f"{result.period}，截至 as of {result.as_of}：{len(result.proposals)} 条建议 proposals")
    if result.proposals:
        rows = [
            (
                f"{each.name} {each.post_zh}",
                ACTIONS[each.action][0],
                "+".join((each.rule, *each.also)),
                "；".join(f"{f.zh} {f.value} {said(f.threshold, 'zh')}".strip() for f in each.facts),
            )
            for each in result.proposals
        ]
        console.print(
            table(("建议对象 who", "方式 how", "规则 rule", "事实 facts"), rows, note="由人决定 a person decides")
        )
    for title, lines in (("临近 near misses", result.near_misses), ("未评 not judged", result.gaps)):
        if lines:
            console.print(title, style="bold")
            for line in lines:
                console.print(f"  {line.zh}", soft_wrap=True)
