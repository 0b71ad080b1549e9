"""``lantian programme``: the work programme's task list in and out, and how far every task is.

Who may run commands on this machine may edit the programme; the audit trail names them.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.assessment.periods import parse
from lantian.cli import words
from lantian.cli.output import Home, Json, NoDataError, command, emit, table
from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import TIMEZONE
from lantian.supervision.programme import rollup, sheet, templates
from lantian.supervision.programme.progress import STATES, Standing
from lantian.supervision.programme.service import Programme
from lantian.supervision.programme.store import Plan

app = typer.Typer()
programme = typer.Typer(help="The work programme 工作方案: task list, progress, who is late.", no_args_is_help=True)
app.add_typer(programme, name="programme")

Code = Annotated[str | None, typer.Option("--plan", help="code of the programme; default every task")]


@programme.command("begin")
@command
def begin(
    code: Annotated[str, typer.Argument(help="a short code, for example 2017")],
    zh: Annotated[str, typer.Argument(help="its name")],
    region: Annotated[str, typer.Option(help="whose programme it is: a region's name or code")],
    period: Annotated[str, typer.Option(help="for example 2017 or 2017AW")],
    template: Annotated[str, typer.Option(help=f"its items: {', '.join(templates.NAMES)}")] = "thirty_two",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Begin a programme, whose tasks come by `import` or on the page."""
    with open_platform(home) as platform:
        templates.load(template)
        plan = Plan(code, zh, zh, template, parse(period), words.place(platform, region).code)
        Programme(platform).add_plan(plan, _me())
    value = {"code": code, "region": plan.region, "period": plan.period.label, "template": template}
    emit(value, as_json, lambda console: console.print(f"{code} {zh}"))


@programme.command("template")
@command
def template(
    file: Annotated[Path, typer.Argument(help="where to write the list, .xlsx")],
    plan: Annotated[str, typer.Option("--plan", help="code of the programme")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write the programme's items as a list whose quantities are to be filled in."""
    _free(file)
    with open_platform(home) as platform:
        found = _plan(platform, plan)
    items = templates.load(found.template)
    span = found.period
    content = sheet.blank(items, programme=plan, region=found.region, start=span.start, due=span.end)
    file.write_bytes(content)
    emit(
        {"file": file, "rows": len(items.items)}, as_json, lambda console: console.print(f"{file}: {len(items.items)}")
    )


@programme.command("import")
@command
def import_(
    file: Annotated[Path, typer.Argument(help="the list of tasks, .xlsx")],
    reason: Annotated[str, typer.Option(help="why, for the record")] = "import",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Bring a list of tasks in, all of it or nothing; a known number becomes a new version of its task."""
    if not file.is_file():
        raise FileNotFoundError(f"{file}: there is no such file")
    tasks = sheet.read(file)
    with open_platform(home) as platform:
        done = Programme(platform).import_tasks(tasks, _me(), reason)
    value = {"added": done.added, "changed": done.changed, "same": len(done.same)}
    words_ = f"新增 {len(done.added)}，更改 {len(done.changed)}，不变 {len(done.same)}"
    emit(value, as_json, lambda console: console.print(words_))


@programme.command("export")
@command
def export(
    file: Annotated[Path, typer.Argument(help="where to write the list, .xlsx")],
    plan: Code = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write the list of tasks as `import` reads it."""
    _free(file)
    with open_platform(home) as platform:
        tasks = Programme(platform).tasks(programme=plan)
    file.write_bytes(sheet.write(tasks))
    emit({"file": file, "rows": len(tasks)}, as_json, lambda console: console.print(f"{file}: {len(tasks)}"))


@programme.command("status")
@command
def status(
    as_of: Annotated[str | None, typer.Option("--as-of", help="evening of this day; default now")] = None,
    plan: Code = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """How far every task is 进度, which are late and by how much, whose monthly report is missing."""
    with open_platform(home) as platform:
        moment = _evening(as_of) if as_of else platform.clock.now()
        found = Programme(platform).standings(moment, programme=plan)
        if not found:
            raise NoDataError("no task is known: `lantian programme import FILE.xlsx` brings a list in")
        names = words.names(platform, {one.task.region for one in found})
    whole, missing = rollup.total("", found), rollup.missing(found)
    value = {
        "as_of": moment,
        "total": whole.total,
        "states": whole.states,
        "late": whole.late,
        "missing": [{"task": one.standing.task.number, "month": f"{one.month:%Y-%m}"} for one in missing],
        "tasks": [_value(one) for one in found],
    }

    def show(console: Console) -> None:
        rows = [
            (
                f"{names[one.task.region]} {one.task.title}",
                f"{one.done:f}/{one.task.quantity:f} {one.task.unit}",
                f"{one.percent}%",
                STATES[one.state][0],
                one.behind_days or None,
                one.task.due,
                one.finished_on or one.forecast,
            )
            for one in found
        ]
        head = ("任务 task", "完成 done", "比例", "状态 state", "晚(天)", "期限 due", "预计 end")
        title = f"{whole.total} 项任务完成 {whole.states['done']} 项，{whole.late} 项滞后，{len(missing)} 份月报缺报"
        console.print(table(head, rows, title))

    emit(value, as_json, show)


def _value(one: Standing) -> dict[str, Any]:
    task = one.task
    return {
        **{name: getattr(task, name) for name in ("number", "title", "region", "department", "item", "unit", "parent")},
        **{name: getattr(task, name) for name in ("quantity", "start", "due")},
        **{name: getattr(one, name) for name in ("done", "own", "percent", "state", "behind_days", "behind_points")},
        **{name: getattr(one, name) for name in ("judged_on", "forecast", "finished_on")},
        "missing": [f"{month:%Y-%m}" for month in one.missing],
    }


def _plan(platform: Platform, code: str) -> Plan:
    plans = Programme(platform).plans()
    found = next((one for one in plans if one.code == code), None)
    if found is None:
        raise LookupError(
            f"programme {code!r}: expected one of {', '.join(p.code for p in plans) or 'none is there yet'}"
        )
    return found


def _free(file: Path) -> None:
    if file.exists():
        raise ValueError(f"{file} is there already; it is not written over")


def _evening(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--as-of {text!r}: expected a day such as 2016-12-16") from None
    return datetime.combine(day + timedelta(days=1), time(), TIMEZONE) - timedelta(microseconds=1)


def _me() -> Account:
    name = words.actor()
    return Account(None, name, name, grants=(Grant("admin", frozenset({"programme.read", "programme.edit"})),))
