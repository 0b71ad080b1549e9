"""A task 任务 of the programme and a monthly report 月调度 on it, checked when they are made.

A report is never changed: a later one for the same month corrects it, and both are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import yaml

from lantian.kernel.said import SaidError
from lantian.places.regions import level_of
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.events import BEIJING

WHOLE = Decimal(100)
SOURCES = ("programme", "meeting", "interview")
"""Where a task comes from: the plan, a decision of the joint meeting, a commitment given in an interview 约谈承诺."""

FIELDS: Mapping[str, str] = MappingProxyType({
    "number": "任务编号", "programme": "方案", "item": "任务项", "title": "任务", "region": "区划代码",
    "department": "责任部门", "quantity": "数量", "unit": "单位", "start": "开始", "due": "期限", "parent": "上级任务",
    "enterprise": "企业", "source": "来源", "reference": "来源编号", "example": "示例",
})  # fmt: skip
"""Fields of a task and what lists and messages call them."""

_LARGEST = Decimal("1e12")


class TaskError(SaidError):
    """A task or report that cannot be kept; the message names field and value and says what would be right."""


@cache
def units() -> Mapping[str, str]:
    """Units in which tasks are counted, Chinese to English."""
    text = files(__package__).joinpath("templates", "units.yaml").read_text(encoding="utf-8")
    return MappingProxyType(yaml.safe_load(text))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the reverse schedule: what, by the end of which day, and how many percent of the whole are then owed.

    ``share`` None: every step of the task is worth the same, and what is owed grows evenly from step to step.
    """

    text: str
    due: date
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """What one unit does.

    Attributes:
        title: the task in one line.
        region: code of the region that does it; ``department``: of it, code of ``standards.departments``.
        quantity, unit: how much; ``1 项`` where nothing is counted.
        start, due: first and last day.
        programme: code of the programme; empty: a task outside of any, from a meeting or an interview.
        item: code of the template's item.
        number: its own number; empty until it is stored.
        parent: number of the task that it was handed down from.
        steps: the reverse schedule; empty: evenly from start to due.
        enterprise: who does it at the lowest level.
        source: of `SOURCES`; ``reference``: number of the decision or interview.
        example: it is invented.
        withdrawn: it no longer holds; it stays in the record.
        entered_on: the day it was first stored; no report is owed for months that were over by then.
    """

    title: str
    region: str
    department: str
    quantity: Decimal
    unit: str
    start: date
    due: date
    programme: str = ""
    item: str = ""
    number: str = ""
    parent: str | None = None
    steps: tuple[Step, ...] = ()
    enterprise: str = ""
    source: str = "programme"
    reference: str = ""
    example: bool = False
    withdrawn: bool = False
    entered_on: date | None = None

    def __post_init__(self) -> None:
        """Raises TaskError naming field, value and what would be right."""
        if not self.title.strip() or len(self.title) > 120:
            raise TaskError(
                f"title {self.title[:40]!r}: expected the task in 1 to 120 characters",
                f"任务“{self.title[:40]}”：应为 1 至 120 字",
            )
        for name in ("title", "enterprise", "reference", "number", "item"):
            if not getattr(self, name).isprintable():
                given = getattr(self, name)[:40]
                raise TaskError(
                    f"{name} {given!r}: expected one line without control characters",
                    f"{FIELDS[name]}“{given}”：应为一行文字，不含控制符",
                )
        try:
            level_of(self.region)
        except ValueError as error:
            raise TaskError(
                f"region: {error}", f"{FIELDS['region']} {self.region}：应为区划代码（GB/T 2260）"
            ) from None
        for name, value, known in (
            ("department", self.department, DEPARTMENTS),
            ("unit", self.unit, units()),
            ("source", self.source, SOURCES),
        ):
            if value not in known:
                raise TaskError(
                    f"{name} {value!r}: expected one of {', '.join(known)}",
                    f"{FIELDS[name]}“{value}”：应为 {'、'.join(known)} 之一",
                )
        if not self.quantity.is_finite() or not 0 < self.quantity < _LARGEST:
            raise TaskError(
                f"quantity {self.quantity}: expected a number above 0", f"数量 {self.quantity}：应为大于 0 的数"
            )
        if self.due < self.start:
            raise TaskError(
                f"due {self.due}: expected no day before the start, {self.start}",
                f"期限 {self.due} 早于开始日 {self.start}",
            )
        if self.parent is not None and self.parent == self.number:
            raise TaskError(
                f"parent {self.parent}: a task is not its own parent", f"上级任务 {self.parent}：不能是任务自己"
            )
        _check_steps(self)


@dataclass(frozen=True, slots=True)
class Report:
    """What was done by the end of a month, as a unit reported it 月调度.

    Attributes:
        task: number of the task.
        month: first day of the month.
        done: quantity done since the task began.
        at: when it was reported; ``reported_by``: the account.
        evidence: SHA-256 of files.
        note: in words; ``reason``: why less is done than was reported before, or more than the task asks for.
        id: row; later rows correct earlier ones.
    """

    task: str
    month: date
    done: Decimal
    at: datetime
    reported_by: str
    evidence: tuple[str, ...] = ()
    note: str = ""
    reason: str = ""
    id: int = 0

    @property
    def measured_on(self) -> date:
        """The day on which it was so: the month's last one, or the day of the report where that is earlier."""
        return min(month_end(self.month), self.at.astimezone(BEIJING).date())


def month_of(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def month_end(month: date) -> date:
    """The last day of a month."""
    return next_month(month) - timedelta(days=1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def holding(reports: Iterable[Report]) -> dict[date, Report]:
    """The report that holds for each month, the last one given, in the order of the months."""
    found: dict[date, Report] = {}
    for report in sorted(reports, key=lambda one: (one.at, one.id)):
        found[report.month] = report
    return dict(sorted(found.items()))


def check_report(task: Task, own: Decimal, before: Iterable[Report], report: Report) -> None:
    """Refuse a report that cannot stand beside those before it.

    Args:
        task: what is reported on.
        own: how much of it the unit does itself, which is all that was not handed down.
        before: the task's reports so far.
        report: the new one.

    Raises TaskError: says what would be right.
    """
    day = report.at.astimezone(BEIJING).date()
    if own <= 0:
        raise TaskError(
            f"task {task.number}: all of it was handed down; the units below report",
            f"任务 {task.number} 已全部分解，由下级单位报送",
        )
    if report.month.day != 1 or not month_of(task.start) <= report.month <= day:
        raise TaskError(
            f"month {report.month:%Y-%m}: expected {task.start:%Y-%m} to {day:%Y-%m}",
            f"月份 {report.month:%Y-%m}：应在 {task.start:%Y-%m} 至 {day:%Y-%m} 之间",
        )
    if not report.done.is_finite() or not 0 <= report.done < _LARGEST:
        raise TaskError(
            f"done {report.done}: expected a quantity from 0 on, in {task.unit}",
            f"完成量 {report.done}：应为不小于 0 的数，单位{task.unit}",
        )
    kept = holding(before)
    earlier = [one for month, one in kept.items() if month < report.month]
    later = [one for month, one in kept.items() if month > report.month]
    same = kept.get(report.month)
    known = [*(earlier[-1:]), *([same] if same else [])]
    least = max((one.done for one in known), default=Decimal(0))
    if report.done > max((one.done for one in earlier), default=Decimal(0)) and not report.evidence:
        raise TaskError(
            f"done {report.done} {task.unit}: a rise needs proof, at least one file",
            f"完成量 {report.done} {task.unit}：增加时至少要有一份佐证",
        )
    if report.reason.strip():
        return
    if report.done < least:
        raise TaskError(
            f"done {report.done}: less than the {least} {task.unit} reported before; expected a reason",
            f"完成量 {report.done} 少于此前报送的 {least} {task.unit}，请写明原因",
        )
    if later and report.done > later[0].done:
        raise TaskError(
            f"done {report.done}: {later[0].month:%Y-%m} has only {later[0].done} {task.unit}; expected a reason",
            f"完成量 {report.done} 多于 {later[0].month:%Y-%m} 的 {later[0].done} {task.unit}，请写明原因",
        )
    if report.done > own:
        raise TaskError(
            f"done {report.done}: more than the {own} {task.unit} to be done; expected a reason",
            f"完成量 {report.done} 超过应完成的 {own} {task.unit}，请写明原因",
        )


def _check_steps(task: Task) -> None:
    given = [step.share for step in task.steps]
    shares = [share for share in given if share is not None]
    if shares and len(shares) != len(given):
        raise TaskError(
            "steps: expected a share for every step or for none", "倒排工期：各节点的累计占比应都填或都不填"
        )
    if shares and (shares != sorted(shares) or shares[0] < 0 or shares[-1] != WHOLE):
        raise TaskError(
            f"steps: shares {', '.join(map(str, shares))}: expected percentages that never fall and end at 100",
            f"倒排工期：累计占比 {'、'.join(map(str, shares))} 应逐步不减，最后为 100",
        )
    days = [step.due for step in task.steps]
    if days and (days != sorted(days) or days[0] < task.start or days[-1] > task.due):
        raise TaskError(
            f"steps: expected days in order from {task.start} to {task.due}",
            f"倒排工期：日期应按先后，在 {task.start} 至 {task.due} 之间",
        )
    if empty := [number for number, step in enumerate(task.steps, 1) if not step.text.strip()]:
        raise TaskError(
            f"steps: step {empty[0]}: expected what is done, in words", f"倒排工期：第 {empty[0]} 个节点要写明做什么"
        )
