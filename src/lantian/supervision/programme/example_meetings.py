"""The example's joint meetings 示例联席会议: two, with the agenda as it was then, minutes, and decisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform
from lantian.supervision.events import BEIJING, Party
from lantian.supervision.example import photographs
from lantian.supervision.findings import categories
from lantian.supervision.ledger import Filter
from lantian.supervision.programme import minutes, store
from lantian.supervision.programme.agenda import AgendaItem
from lantian.supervision.programme.decisions import Decision, Outcome
from lantian.supervision.programme.meetings import Meetings
from lantian.supervision.programme.minutes import Meeting
from lantian.supervision.programme.task import Report, Task, next_month
from lantian.supervision.service import Supervision
from lantian.supervision.story import OFFICE

_CHAIR = "示例：分管副市长"
_THERE = ("市生态环境局", "市住建委", "市交通委", "市城管委", "市农业局", "市工信局")
_ITEMS = 8
"""Items of an agenda that a meeting dealt with."""


def install(platform: Platform, until: datetime, actor: str) -> None:
    """Keep both meetings as of their own days: twenty weeks and three weeks before ``until``."""
    office = _office()
    service, proof = Meetings(platform), photographs(platform, actor)["checked"]
    first, second = (datetime.combine((until - timedelta(weeks=weeks)).date(), time(15), BEIJING) for weeks in (20, 3))
    for moment, text in (
        (first, "示例纪要：听取上半年任务进度，研究渣土运输夜间执法。"),
        (second, "示例纪要：研究久拖未结的问题和秋冬季散煤复查。"),
    ):
        items = _few(service.agenda(office, moment))
        meeting = Meeting("", moment.date(), _CHAIR, _THERE, items, example=True)
        with audit.act(platform.engine, actor, f"示例 meeting of {meeting.held_on}") as connection:
            number = minutes.add_meeting(connection, meeting, actor=office.actor, at=moment)
            minutes.write_minutes(connection, number, text, actor=office.actor, at=moment + timedelta(hours=2))
            if moment == first:
                _first(connection, number, moment, proof, office)
            else:
                _second(connection, number, moment, office)
    _reassigned(platform, service.meetings(second)[0].number, second, office)


def _few(found: list[AgendaItem]) -> tuple[AgendaItem, ...]:
    """Of each kind the first ones, so that an agenda shows cases as well as tasks."""
    half = _ITEMS // 2
    cases = [one for one in found if one.subject == "case"][:half]
    return (*cases, *[one for one in found if one.subject != "case"][: _ITEMS - len(cases)])


def _first(connection: sa.Connection, number: str, moment: datetime, proof: str, office: Account) -> None:
    """A task that is done by now, and a joint enforcement that was held."""
    day = moment.date()
    owner = Party(OFFICE.region, "transport")
    task = _task(f"{number}/1", "建成渣土运输车辆夜间联查点", owner, day, day + timedelta(days=60), Decimal(6), "处")
    name = store.add_task(connection, task, actor=office.actor, at=moment)
    made = Decision(number, "task", task.title, owner, task.due, moment, office.actor, 1, task=name)
    minutes.add_decision(connection, made)
    reports, month = [], day.replace(day=1)
    for done in (2, 4, 6):
        at = datetime.combine(next_month(month) + timedelta(days=3), time(11), BEIJING)
        reports.append(Report(name, month, Decimal(done), at, "example-transport", (proof,), "示例"))
        month = next_month(month)
    store.put_reports(connection, reports, {name: task.quantity})
    held = day + timedelta(days=13)
    text = "渣土车夜间联合执法：城管、交通、公安同时上路"
    joint = Decision(
        number, "joint", text, owner, held, moment, office.actor, 2, departments=("transport", "urban", "police")
    )
    row = minutes.add_decision(connection, joint)
    at = datetime.combine(held + timedelta(days=1), time(9, 30), BEIJING)
    note = "示例：检查渣土车 42 辆，处理未密闭 5 辆"
    minutes.add_outcome(connection, row, Outcome(held, note, (proof,), "example-transport", at))


def _second(connection: sa.Connection, number: str, moment: datetime, office: Account) -> None:
    """A task under way, and a joint enforcement whose day passed without a word."""
    day = moment.date()
    owner = Party(OFFICE.region, "market")
    task = _task(f"{number}/1", "散煤销售点逐一复查", owner, day, date(day.year, 12, 31), Decimal(30), "家")
    name = store.add_task(connection, task, actor=office.actor, at=moment)
    made = Decision(number, "task", task.title, owner, task.due, moment, office.actor, 1, task=name)
    minutes.add_decision(connection, made)
    joint = Decision(
        number, "joint", "城乡结合部散乱污夜查", Party(OFFICE.region, "ecology"), day + timedelta(days=18), moment,
        office.actor, 2, departments=("ecology", "industry", "market"),
    )  # fmt: skip
    minutes.add_decision(connection, joint)


def _reassigned(platform: Platform, number: str, moment: datetime, office: Account) -> None:
    """Another owner for the case of Beijing that is due first of those that nobody has touched since, if any."""
    desk = Supervision(platform)
    for row in desk.ledger(Filter(region=OFFICE.region), moment, limit=50).rows:
        case = desk.case(row["number"]).case
        if row["state"] == "mending" and case.last_at < moment and case.owner is not None:
            usual = categories()[case.finding["category"]].department
            other = usual if case.owner.department != usual else "government"
            _reassign(platform, desk, row["number"], Party(case.owner.region, other), number, moment, office)
            break


def _reassign(
    platform: Platform, desk: Supervision, case: str, owner: Party, number: str, moment: datetime, office: Account
) -> None:
    made = Decision(
        number, "assign", "部门之间推诿，改由新的责任单位牵头整改", owner, date.max, moment, office.actor, 3,
        case_number=case,
    )  # fmt: skip
    at = moment + timedelta(hours=1)
    record = desk.act(case, "assign", office, f"联席会议 {number} 议定：{made.text}", at=at, owner=owner)
    due = record.case.due.date if record.case.due else moment.date()
    with audit.act(platform.engine, office.actor, f"示例 decision of {number}") as connection:
        minutes.add_decision(connection, replace(made, due=due, event=record.case.events))


def _task(reference: str, title: str, owner: Party, start: date, due: date, quantity: Decimal, unit: str) -> Task:
    return Task(
        title, owner.region, owner.department, quantity, unit, start, due, source="meeting", reference=reference,
        example=True,
    )  # fmt: skip


def _office() -> Account:
    """The example's office, which exists also where its account was not opened."""
    may = frozenset({"meetings.manage", "programme.read", "programme.edit", "cases.read", "cases.assign"})
    return Account(None, "example-office", "example-office", example=True, grants=(Grant("office", may),))
