"""``lantian round``: the plan of rounds, and the random draw that anybody can repeat."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli import words
from lantian.cli.output import Home, Json, NoDataError, command, emit, table
from lantian.kernel.bootstrap import open_platform
from lantian.supervision import candidates as files
from lantian.supervision import draw as draws
from lantian.supervision.coverage import Standing, coverage
from lantian.supervision.draw import STRATA, Candidate, Draw, Shares, draw, read_shares
from lantian.supervision.register import files as site_files
from lantian.supervision.register.service import Register
from lantian.supervision.rounds import STAGES, Campaign

app = typer.Typer()
rounds = typer.Typer(help="Rounds of inspection 轮次督查: the plan, the random draw.", no_args_is_help=True)
app.add_typer(rounds, name="round")

Seed = Annotated[str, typer.Option(help="published before the draw: any text, for example a lottery's number")]
Parts = Annotated[str, typer.Option("--shares", help="parts of the strata, such as random=50,hot_cell=20,complaint=30")]


@rounds.command("plan")
@command
def plan(
    start: Annotated[str, typer.Option(help="first day, for example 2017-09-01")],
    n: Annotated[int, typer.Option("--rounds", help="number of rounds")] = 15,
    days: Annotated[int, typer.Option(help="days in all")] = 210,
    as_json: Json = False,
) -> None:
    """Print the days of each round; 15 rounds in 210 days are split as in 2017-18 (5 in 70 days, 10 in 140)."""
    campaign = Campaign("plan", words.day(start), n, days, STAGES if (n, days) == (15, 210) else ())
    found = campaign.schedule()
    rows = [(f"第 {one.number} 轮", one.start, one.end, one.days) for one in found]
    value = [{"number": one.number, "start": one.start, "end": one.end, "days": one.days} for one in found]
    emit({"rounds": value}, as_json, lambda console: console.print(table(("轮次 round", "起", "止", "天"), rows)))


@rounds.command("draw")
@command
def draw_(
    seed: Seed,
    n: Annotated[int, typer.Option("--n", help="how many to draw")] = 100,
    candidates: Annotated[
        Path | None, typer.Option(help="the list (.csv, .xlsx, .json); default the register of the platform")
    ] = None,
    parts: Parts = Shares().text,
    campaign: Annotated[str, typer.Option(help="leave out who was inspected in it before (register only)")] = "",
    number: Annotated[
        int | None, typer.Option("--round", help="count only what was inspected before this round")
    ] = None,
    write: Annotated[Path | None, typer.Option(help="write the list as it was drawn from, to be published")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Draw at random whom to inspect 双随机; the same seed and list give the same draw on every machine."""
    shares = read_shares(parts)
    people = files.read(candidates) if candidates else _registered(home, campaign, number)
    if write is not None:
        if write.exists():
            raise ValueError(f"{write} is there already; a published list is not written over")
        write.write_text(files.to_csv(people), encoding="utf-8")
    found = draw(people, n, seed, shares)
    again = draws.command(str(write or candidates or "candidates.csv"), found.seed, found.n, shares.text)
    value = {**as_value(found), "command": again}
    emit(value, as_json, lambda console: _show(console, found, again, written=bool(write or candidates)))


@rounds.command("sites")
@command
def sites(
    path: Annotated[Path, typer.Argument(help="a list of sites (.csv, .xlsx, .json); see docs/supervision/rounds.md")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Load sites 检查对象 into the register; one of a known id is replaced."""
    found = site_files.read(path)
    with open_platform(home) as platform:
        n = Register(platform).store.put_sites(found, words.actor(), f"loaded from {path.name}")
    emit({"sites": n}, as_json, lambda console: console.print(f"{n} 个检查对象 sites"))


def as_value(found: Draw) -> dict[str, Any]:
    """A draw as JSON: what was asked, who was drawn and why, how counties are covered."""
    drawn = [
        {
            **{key: getattr(one.candidate, key) for key in ("id", "name", "region", "industry", "address")},
            **{key: getattr(one, key) for key in ("stratum", "rank", "hash", "for_county", "again")},
        }
        for one in found.drawn
    ]
    counties = coverage([Standing(one.candidate.region, one.candidate.industry, drawn=True) for one in found.drawn])
    return {
        "method": found.method,
        "seed": found.seed,
        "n": found.n,
        "shares": found.shares.parts(),
        "candidates": found.candidates,
        "list_hash": found.list_hash,
        "drawn": drawn,
        "counties": {one.key: one.drawn for one in counties.counties},
        "notes": list(found.notes),
    }


def _registered(home: Path | None, campaign: str, number: int | None) -> list[Candidate]:
    with open_platform(home) as platform:
        people = Register(platform).candidates(campaign or None, before=number)
    if not people:
        raise NoDataError("the register has no active site: give a list with --candidates FILE")
    return people


def _show(console: Console, found: Draw, again: str, *, written: bool) -> None:
    rows = [
        (
            one.candidate.name,
            one.candidate.id,
            one.candidate.region,
            STRATA[one.stratum][0] + ("（保县）" if one.for_county else ""),
            one.rank,
            one.hash[:12],
        )
        for one in found.drawn
    ]
    head = ("名称 name", "编号 id", "区划 region", "层 stratum", "序 rank", "SHA-256")
    title = f"{found.candidates} 家中抽取 {len(rows)} 家：种子 seed {found.seed}，名单 list SHA-256 {found.list_hash}"
    console.print(
        table(head, rows, title, "\n".join(f"{note.zh}\n  {note.en}" for note in found.notes)), soft_wrap=True
    )
    lead = "重复 repeat:" if written else "重复 repeat (write the list with --write candidates.csv first):"
    console.print(f"{lead} {again}", soft_wrap=True)
