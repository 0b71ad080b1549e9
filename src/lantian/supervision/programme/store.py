"""The programme in the database: versions of tasks and monthly reports, read as of any moment.

Nothing here asks who may: `service.Programme` does, or the caller, who is inside an act of the audit trail.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from lantian.assessment.periods import Period, parse
from lantian.supervision.events import BEIJING
from lantian.supervision.programme import tables
from lantian.supervision.programme.decompose import all_of, check, faults
from lantian.supervision.programme.task import Report, Step, Task, TaskError, check_report

_PLAIN = (
    *("number", "programme", "item", "title", "region", "department", "quantity", "unit", "start", "due", "parent"),
    *("enterprise", "source", "reference", "example", "withdrawn"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """A programme of work 工作方案: its names, template, period and the region whose plan it is."""

    code: str
    zh: str
    en: str
    template: str
    period: Period
    region: str
    example: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a task: who wrote it, when and why."""

    task: Task
    seq: int
    at: datetime
    actor: str
    why: str


def add_plan(connection: Connection, plan: Plan, *, actor: str, at: datetime) -> None:
    """Write a programme. Raises TaskError where its code is taken or no code, or it has no name."""
    table = tables.programme
    if not re.fullmatch(r"[\w.-]{1,40}", plan.code) or plan.code == "all":
        raise TaskError(
            f"programme {plan.code[:40]!r}: expected a code of up to 40 letters and digits",
            f"方案代号“{plan.code[:40]}”：应为 40 个以内的字母、数字",
        )
    if connection.scalar(sa.select(table.c.code).where(table.c.code == plan.code)):
        raise TaskError(f"programme {plan.code!r}: expected a code that is not taken", f"方案代号“{plan.code}”已被使用")
    if not plan.zh.strip():
        raise TaskError("zh: expected the programme's name", "请写明方案名称")
    values = {name: getattr(plan, name) for name in ("code", "zh", "en", "template", "region", "example")}
    connection.execute(sa.insert(table).values(**values, period=plan.period.label, made_by=actor, made_at=at))


def plans(connection: Connection, as_of: datetime) -> list[Plan]:
    """Programmes known at a moment, the newest first."""
    table = tables.programme
    query = sa.select(table).where(table.c.made_at <= as_of).order_by(table.c.made_at.desc(), table.c.code)
    return [
        Plan(row.code, row.zh, row.en, row.template, parse(row.period), row.region, row.example)
        for row in connection.execute(query)
    ]


def add_task(connection: Connection, task: Task, *, actor: str, at: datetime, reason: str = "") -> str:
    """Write a new task; its number, made where it has none.

    Inside an act of the audit trail. Raises TaskError where it does not fit those above and beside it.
    """
    return put_tasks(connection, [task], actor=actor, at=at, reason=reason)[0]


def put_tasks(
    connection: Connection,
    new: Sequence[Task],
    changed: Sequence[Task] = (),
    *,
    actor: str,
    at: datetime,
    reason: str = "",
) -> list[str]:
    """Write new tasks and further versions of others, in any order; the numbers of the new ones.

    Raises LookupError for a changed task that does not exist, TaskError with every fault of the whole list as it would
    be then; nothing is written.
    """
    present = {task.number: task for task in tasks(connection)}
    latest = _latest(connection)
    fresh = _numbered(new, latest, at)
    rows = [_row(task, 1, actor, at, reason) for task in fresh]
    for task in changed:
        if task.number not in latest:
            raise LookupError(f"task {task.number!r}: there is none")
        _same_unit(connection, task, present)
        if task.withdrawn:
            check(task, present)
            present.pop(task.number, None)
        rows.append(_row(task, latest[task.number] + 1, actor, at, reason))
    if changed and not reason.strip():
        raise TaskError("reason: expected why the task is changed, in words", "请写明改动任务的原因")
    present |= {task.number: task for task in (*fresh, *changed) if not task.withdrawn}
    if found := faults(present.values()):
        raise all_of(found)
    if rows:
        connection.execute(sa.insert(tables.task), rows)
    return [task.number for task in fresh]


def tasks(connection: Connection, as_of: datetime | None = None, *, programme: str | None = None) -> list[Task]:
    """Tasks that hold at a moment (None: everything written), by number; withdrawn ones are left out."""
    table = tables.task
    newest = sa.select(table.c.number, sa.func.max(table.c.seq).label("seq")).group_by(table.c.number)
    if as_of is not None:
        newest = newest.where(table.c.at <= as_of)
    last = newest.subquery("last")
    first = sa.select(table.c.number, table.c.at.label("entered_at")).where(table.c.seq == 1).subquery("first")
    query = (
        sa.select(table, first.c.entered_at)
        .join(last, sa.and_(last.c.number == table.c.number, last.c.seq == table.c.seq))
        .join(first, first.c.number == table.c.number)
        .where(sa.not_(table.c.withdrawn))
        .order_by(table.c.number)
    )
    if programme is not None:
        query = query.where(table.c.programme == programme)
    return [_task(row) for row in connection.execute(query).mappings()]


def versions(connection: Connection, number: str, as_of: datetime) -> list[Version]:
    """Every version of a task known at a moment, in order."""
    table = tables.task
    query = sa.select(table).where(table.c.number == number, table.c.at <= as_of).order_by(table.c.seq)
    rows = connection.execute(query).mappings().all()
    return [
        Version(_task({**row, "entered_at": rows[0]["at"]}), row["seq"], row["at"], row["actor"], row["why"])
        for row in rows
    ]


def add_report(connection: Connection, report: Report, own: Decimal) -> int:
    """Write a monthly report; its row. ``own``: how much of the task was not handed down.

    Raises LookupError for a task that does not hold, TaskError for a report that cannot stand (see `check_report`).
    """
    task = next((one for one in tasks(connection) if one.number == report.task), None)
    if task is None:
        raise LookupError(f"task {report.task!r}: there is none that holds")
    check_report(task, own, reports(connection, numbers=[report.task]), report)
    written = sa.insert(tables.report).values(_report_row(report)).returning(tables.report.c.id)
    row: int = connection.execute(written).scalar_one()
    return row


def put_reports(connection: Connection, given: Sequence[Report], own: Mapping[str, Decimal]) -> int:
    """Write many reports in the order in which they were given; how many.

    ``own``: by number of the task, how much of it was not handed down. Raises LookupError, TaskError as `add_report`;
    nothing is written then.
    """
    known = {task.number: task for task in tasks(connection)}
    before: dict[str, list[Report]] = {number: [] for number in own}
    for report in reports(connection, numbers=list(own)):
        before[report.task].append(report)
    for report in given:
        if report.task not in known or report.task not in own:
            raise LookupError(f"task {report.task!r}: there is none that holds")
        check_report(known[report.task], own[report.task], before[report.task], report)
        before[report.task].append(report)
    if given:
        connection.execute(sa.insert(tables.report), [_report_row(report) for report in given])
    return len(given)


def reports(
    connection: Connection, as_of: datetime | None = None, *, numbers: Collection[str] | None = None
) -> list[Report]:
    """Reports known at a moment (None: everything written), in the order in which they were given."""
    table = tables.report
    query = sa.select(table).order_by(table.c.at, table.c.id)
    if as_of is not None:
        query = query.where(table.c.at <= as_of)
    if numbers is not None:
        query = query.where(table.c.task.in_(numbers))
    return [
        Report(row.task, row.month, row.done, row.at, row.reported_by, tuple(row.evidence), row.note, row.why, row.id)
        for row in connection.execute(query)
    ]


def _report_row(report: Report) -> dict[str, Any]:
    plain = {name: getattr(report, name) for name in ("task", "month", "done", "note", "reported_by", "at")}
    return {**plain, "why": report.reason, "evidence": list(report.evidence)}


def _same_unit(connection: Connection, task: Task, present: dict[str, Task]) -> None:
    """Raises TaskError where reports that were given would come to mean something else."""
    old = present.get(task.number)
    given = len(reports(connection, numbers=[task.number])) if old and old.unit != task.unit else 0
    if old and given:
        raise TaskError(
            f"task {task.number}: unit {task.unit!r}: expected {old.unit!r}, {given} report(s) count in it",
            f"任务 {task.number} 的单位“{task.unit}”：应为“{old.unit}”，已有 {given} 次报送以它计",
        )


def _latest(connection: Connection) -> dict[str, int]:
    """The last version of every task ever written."""
    table = tables.task
    query = sa.select(table.c.number, sa.func.max(table.c.seq)).group_by(table.c.number)
    return {row[0]: row[1] for row in connection.execute(query)}


def _numbered(new: Sequence[Task], taken: dict[str, int], at: datetime) -> list[Task]:
    prefix = f"T{_day(at).year}-"
    serials = [text for number in taken if (text := number.removeprefix(prefix)) != number and text.isdigit()]
    serial, names, found = max(map(int, serials), default=0), set(taken), []
    for task in new:
        number = task.number
        if not number:
            serial += 1
            number = f"{prefix}{serial:04d}"
        if number in names:
            raise TaskError(f"number {number!r}: expected one that is not taken", f"任务编号“{number}”已被使用")
        names.add(number)
        found.append(replace(task, number=number))
    return found


def _row(task: Task, seq: int, actor: str, at: datetime, why: str) -> dict[str, Any]:
    steps = [
        {"text": step.text, "due": step.due.isoformat(), "share": None if step.share is None else str(step.share)}
        for step in task.steps
    ]
    plain = {name: getattr(task, name) for name in _PLAIN}
    return {**plain, "seq": seq, "at": at, "actor": actor, "why": why, "steps": steps}


def _task(row: RowMapping | dict[str, Any]) -> Task:
    steps = tuple(
        Step(step["text"], date.fromisoformat(step["due"]), None if step["share"] is None else Decimal(step["share"]))
        for step in row["steps"]
    )
    return Task(**{name: row[name] for name in _PLAIN}, steps=steps, entered_on=_day(row["entered_at"]))


def _day(at: datetime) -> date:
    return at.astimezone(BEIJING).date()
