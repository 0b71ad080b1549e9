"""``lantian feed``: shared data by definition files: what there are, templates, bring, take out, rights."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console

from lantian.cli import words
from lantian.cli.output import Exit, Home, Json, command, emit, table
from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.observations import catalogue
from lantian.observations.catalogue import rls
from lantian.observations.feeds import PLATFORM, Feed, Feeds, load, templates
from lantian.observations.feeds import duties as _duties  # noqa: F401  (registers its job and its check)
from lantian.observations.feeds.known import lookups
from lantian.observations.feeds.reading import read
from lantian.observations.feeds.validation import validate

app = typer.Typer()
feed = typer.Typer(help="Shared data 共享数据: a definition file makes a dataset.", no_args_is_help=True)
app.add_typer(feed, name="feed")

Name = Annotated[str, typer.Argument(help="name of a feed; `lantian feed list` shows them")]
SIGNS = {"fresh": "✓", "late": "◔", "stale": "⚠", "empty": "○"}


@feed.command("list")
@command
def list_(home: Home = None, as_json: Json = False) -> None:
    """All feeds: owner, freshness, newest record, how many."""
    with open_platform(home) as platform:
        now = platform.clock.now()
        found = catalogue.entries(platform, PLATFORM, now)
    rows: list[dict[str, Any]] = [
        {
            "feed": one.feed.name,
            "zh": one.feed.zh,
            "owner": one.feed.owner,
            "sensitivity": one.feed.sensitivity,
            "state": one.state,
            "newest": one.newest,
            "records": one.quality.records,
            "waiting": one.waiting,
        }
        for one in found
    ]

    def show(console: Console) -> None:
        cells = [
            (
                row["feed"],
                row["zh"],
                row["owner"],
                f"{SIGNS[row['state']]} {row['state']}",
                row["newest"],
                row["records"],
            )
            for row in rows
        ]
        console.print(
            table(("feed", "名称", "owner", "state", "newest", "records"), cells, f"共享数据 feeds, {now:%F %T}")
        )

    emit({"now": now, "feeds": rows}, as_json, show)


@feed.command("show")
@command
def show_(name: Name, home: Home = None, as_json: Json = False) -> None:
    """One feed: its fields, freshness, quality, grants."""
    with open_platform(home) as platform:
        now = platform.clock.now()
        Feeds(platform).feed(name)
        found = catalogue.entry(platform, name, PLATFORM, now)
        held = catalogue.requests(platform.engine, [name])
    value = found.describe()
    grants = [
        {"id": g.id, "department": g.department, "region": g.region, "state": g.state, "until": g.until} for g in held
    ]

    def show(console: Console) -> None:
        rows = [(one.name, one.zh, one.type, one.unit, templates.explain(one, "zh")) for one in found.feed.fields]
        title = f"{found.feed.zh} {found.feed.name}, {SIGNS[found.state]} {found.state}"
        console.print(table(("field", "名称", "type", "unit", "说明"), rows, title, found.feed.about.zh))
        if grants:
            console.print(
                table(("grant", "department", "region", "state", "until"), [tuple(g.values()) for g in grants])
            )

    emit({"feed": value, "grants": grants}, as_json, show)


@feed.command("template")
@command
def template(
    name: Name,
    output: Annotated[Path, typer.Option("--output", "-o", help="the file, .csv or .xlsx")],
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write the template of a feed."""
    if output.suffix not in (".csv", ".xlsx") or lang not in ("zh", "en"):
        raise ValueError(f"{output}, {lang}: expected a file .csv or .xlsx, and zh or en")
    with open_platform(home) as platform:
        known = Feeds(platform).feed(name)
    make = templates.as_csv if output.suffix == ".csv" else templates.as_workbook
    output.write_bytes(make(known, lang))
    emit({"file": output}, as_json, lambda console: console.print(str(output)))


@feed.command("check")
@command
def check(
    file: Annotated[Path, typer.Argument(help="a definition (.yaml), or with --feed a file of records")],
    name: Annotated[str | None, typer.Option("--feed", help="judge the file as records of this feed")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with a definition, or with a file of records, and store nothing."""
    if name is None:
        load(file)
        emit({"rows": 0, "rejected": 0, "faults": []}, as_json, lambda console: console.print(f"{file}: ✓"))
        return
    with open_platform(home) as platform:
        known = Feeds(platform).feed(name)
        reading = read(file, known)
        _, refused = validate(reading.rows, known, lookups(platform.engine, known))
    refused = pl.concat([reading.rejects, refused]).drop("row")
    rejected = refused.select("file", "line").unique().height
    value = {"rows": reading.rows.height, "rejected": rejected, "faults": refused}
    emit(value, as_json, lambda console: _show_faults(console, reading.rows.height, refused))
    if rejected:
        raise typer.Exit(Exit.FOUND)


@feed.command("import")
@command
def import_(
    name: Name,
    files: Annotated[list[Path], typer.Argument(help="CSV, XLSX or JSON")],
    example: Annotated[bool, typer.Option("--example", help="the records are invented 示例")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Bring records; wrong rows are kept with the reason, the others stored."""
    done: list[dict[str, Any]] = []
    faults: list[pl.DataFrame] = []
    with open_platform(home) as platform:
        feeds = Feeds(platform)
        for file in files:
            receipt = feeds.put(name, file, words.actor(), example=example)
            counts = {
                key: getattr(receipt, key) for key in ("batch", "new", "revised", "unchanged", "rejected", "flagged")
            }
            done.append({"file": str(file), **counts, "notes": list(receipt.notes)})
            faults.append(feeds.rejected(receipt.batch).drop("row"))
    refused = pl.concat(faults)

    def show(console: Console) -> None:
        for one in done:
            console.print(
                "{file}: {new} new, {revised} revised, {unchanged} unchanged, {rejected} rejected".format(**one)
            )
        if refused.height:
            _show_faults(console, None, refused)

    emit({"files": done, "faults": refused}, as_json, show)
    if any(one["rejected"] for one in done):
        raise typer.Exit(Exit.FOUND)


@feed.command("add")
@command
def add(
    file: Annotated[Path, typer.Argument(help="a definition (.yaml)")], home: Home = None, as_json: Json = False
) -> None:
    """Put a definition of the city's own in force."""
    with open_platform(home) as platform:
        feeds = Feeds(platform)
        made = feeds.add(file.read_text(encoding="utf-8"), words.actor(), file=file.name)
        rls.refresh(platform.engine, feeds.all().values())
    value = {"feed": made.name, "file": made.file}
    emit(value, as_json, lambda console: console.print(f"{made.name} {made.zh}: {made.file}"))


@feed.command("export")
@command
def export(
    name: Name,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help=".csv, .json, .arrow or .parquet; default CSV here")
    ] = None,
    start: Annotated[str | None, typer.Option(help="from this moment on, Beijing time")] = None,
    end: Annotated[str | None, typer.Option(help="up to, not including")] = None,
    region: Annotated[str | None, typer.Option(help="only within this region")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take records out, masked fields in full: this command acts for the platform itself."""
    with open_platform(home) as platform:
        rows = Feeds(platform).read(
            name,
            PLATFORM,
            start=words.moment(start) if start else None,
            end=words.moment(end) if end else None,
            region=words.place(platform, region).code if region else None,
        )
    if output is not None:
        _write(rows, output)
    value = {"rows": rows.height, "file": output} if output else {"rows": rows.height, "records": rows}
    if output is None and not as_json:
        typer.echo(rows.with_columns(pl.col("flags").list.join(";")).write_csv(), nl=False)
        return
    emit(value, as_json, lambda console: console.print(f"{output}: {rows.height} rows"))


@feed.command("grant")
@command
def grant(
    name: Name,
    department: Annotated[str, typer.Argument(help="code of the department")],
    days: Annotated[int, typer.Option(min=1, max=3660, help="how long it holds")] = 180,
    region: Annotated[str | None, typer.Option(help="only within this region; default everywhere")] = None,
    purpose: Annotated[str, typer.Option(help="what it is for")] = "由管理员授权",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Grant a feed to a department, in the name of its owner."""
    with open_platform(home) as platform:
        now, known = platform.clock.now(), Feeds(platform).feed(name)
        code = words.place(platform, region).code if region else None
        owner = _owner(known)
        number = catalogue.request(platform.engine, known, department, code, purpose, now, owner.actor)
        until = (now + timedelta(days=days)).date()
        catalogue.decide(platform.engine, known, number, "granted", now, owner, until=until, region=code)
    value = {"grant": number, "feed": name, "department": department, "region": code, "until": until}
    emit(value, as_json, lambda console: console.print(f"{name} → {department}, {code or 'everywhere'}, until {until}"))


@feed.command("sql-role")
@command
def sql_role(
    department: Annotated[str, typer.Argument(help="code of the department")], home: Home = None, as_json: Json = False
) -> None:
    """Make the database role of a department, or give it a new password; it sees what the department was granted."""
    password = secrets.token_urlsafe(18)
    with open_platform(home) as platform:
        made = _role(platform, department, password)
    value = {"role": made.name, "password": password, "views": list(made.views)}

    def show(console: Console) -> None:
        console.print(f"{made.name}: 密码 password {password}  (shown this once only)", soft_wrap=True)
        console.print(f"views: {rls.SCHEMA}.<feed>, {len(made.views)} of them")

    emit(value, as_json, show)


@feed.command("roles")
@command
def roles(home: Home = None, as_json: Json = False) -> None:
    """Prepare the database roles of row-level security; once more after an administrator has made them."""
    with open_platform(home) as platform:
        ready = rls.prepare(platform.engine)
    emit({"ready": ready}, as_json, lambda console: console.print("✓" if ready else "✗ see `lantian doctor`"))
    if not ready:
        raise typer.Exit(Exit.FOUND)


def _role(platform: Platform, department: str, password: str) -> rls.SqlRole:
    try:
        return rls.sql_role(platform.engine, department, password, Feeds(platform).all().values())
    except PermissionError as error:
        raise RuntimeError(str(error)) from None


def _owner(known: Feed) -> Account:
    """The owner's own hand, as a command has it who sits at the machine."""
    return Account(
        None, words.actor(), "", known.owner, grants=(Grant("owner", frozenset({"feeds.manage"}), known.owner),)
    )


def _write(rows: pl.DataFrame, output: Path) -> None:
    flat = rows.with_columns(pl.col("flags").list.join(";"))
    kinds: dict[str, Callable[[Path], object]] = {
        ".csv": flat.write_csv,
        ".json": rows.write_json,
        ".arrow": rows.write_ipc,
        ".parquet": rows.write_parquet,
    }
    if output.suffix not in kinds:
        raise ValueError(f"{output}: expected a file {', '.join(kinds)}")
    kinds[output.suffix](output)


def _show_faults(console: Console, rows: int | None, faults: pl.DataFrame) -> None:
    cells = [
        (row["file"], row["line"], row["field"], row["value"], row["reason"]) for row in faults.head(200).to_dicts()
    ]
    title = f"{faults.height} faults" + (f" in {rows} rows" if rows is not None else "")
    console.print(table(("file", "line", "field", "value", "应当 what would be right"), cells, title))
