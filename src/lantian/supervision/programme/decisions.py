"""Decisions 议定事项 of a joint meeting, and where they stand; pure.

A decision is a task of the programme, an event of a case (another owner, more days), or a joint enforcement 联合执法 of
several departments on a day; what it became says whether it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.events import Party
from lantian.supervision.programme.progress import Standing
from lantian.supervision.programme.task import TaskError

Kind = Literal["task", "assign", "extend", "joint"]
KINDS: Mapping[Kind, tuple[str, str]] = {
    "task": ("列入任务", "A task"),
    "assign": ("改派责任单位", "Another owner of a case"),
    "extend": ("延长整改期限", "More days for a case"),
    "joint": ("联合执法", "Joint enforcement"),
}
State = Literal["open", "late", "done", "dropped"]
STATES: Mapping[State, tuple[str, str]] = {
    "open": ("办理中", "Under way"),
    "late": ("超期", "Late"),
    "done": ("已办结", "Done"),
    "dropped": ("已撤销", "Withdrawn"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """That a joint enforcement was held: on which day, what was found, with which proof, said by whom."""

    done_on: date
    note: str
    evidence: tuple[str, ...]
    said_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What a meeting decided.

    Attributes:
        meeting, position: number of the meeting, and of the decision in it.
        kind: of `KINDS`; ``text``: what is to be done.
        owner: who answers for it; of a joint enforcement the lead.
        due: last day, of a joint enforcement its day.
        departments: all of a joint enforcement, the lead among them.
        case_number: of the case that it is about; ``event``: what it became there.
        task: number of the task that it became.
        decided_by, at: who entered it, when.
        outcome: of a joint enforcement.
        id: row; 0: not stored.
    """

    meeting: str
    kind: Kind
    text: str
    owner: Party
    due: date
    at: datetime
    decided_by: str
    position: int = 0
    departments: tuple[str, ...] = ()
    case_number: str | None = None
    event: int | None = None
    task: str | None = None
    outcome: Outcome | None = None
    id: int = 0

    def __post_init__(self) -> None:
        """Raises TaskError naming field, value and what would be right."""
        if self.kind not in get_args(Kind):
            raise TaskError(
                f"kind {self.kind!r}: expected one of {', '.join(KINDS)}",
                f"类别“{self.kind}”：应为 {'、'.join(zh for zh, _ in KINDS.values())} 之一",
            )
        if not self.text.strip() or len(self.text) > 300:
            raise TaskError(
                f"text {self.text[:40]!r}: expected what is to be done, in 1 to 300 characters",
                "请用 1 至 300 字写明要做什么",
            )
        for code in (self.owner.department, *self.departments):
            if code not in DEPARTMENTS:
                raise TaskError(
                    f"department {code!r}: expected one of {', '.join(DEPARTMENTS)}",
                    f"部门“{code}”：应为 {'、'.join(one.zh for one in DEPARTMENTS.values())} 之一",
                )
        several = len(set(self.departments))
        if self.kind == "joint" and (several < 2 or self.owner.department not in self.departments):
            raise TaskError(
                "departments: expected two or more of a joint enforcement, the lead among them",
                "联合执法应有两个以上部门，牵头部门在内",
            )
        if self.kind != "joint" and self.departments:
            raise TaskError(
                "departments: expected none; only a joint enforcement names several", "只有联合执法才列多个部门"
            )
        if (self.kind in ("assign", "extend")) != (self.case_number is not None):
            raise TaskError(
                f"case {self.case_number!r}: expected for {KINDS['assign'][1]} and {KINDS['extend'][1]} only",
                f"问题编号“{self.case_number or ''}”：只有{KINDS['assign'][0]}、{KINDS['extend'][0]}才填，也必须填",
            )

    @property
    def key(self) -> str:
        """Its name: ``2016-01/3``."""
        return f"{self.meeting}/{self.position}"


@dataclass(frozen=True, slots=True)
class CaseNow:
    """What a decision asks of its case: whether it is over, and its day."""

    over: bool
    due: date | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with where it stands on a day; ``due``: the day that holds now."""

    decision: Decision
    state: State
    due: date


def stands(decision: Decision, day: date, task: Standing | None = None, case: CaseNow | None = None) -> Decided:
    """Where a decision stands.

    Args:
        decision: the decision.
        day: as of its end.
        task: the task that it became; None where it was withdrawn.
        case: the case that it is about.
    """
    if decision.kind == "task":
        if task is None:
            return Decided(decision, "dropped", decision.due)
        state: State = "done" if task.state == "done" else "late" if task.late else "open"
        return Decided(decision, state, task.task.due)
    if decision.kind == "joint":
        state = "done" if decision.outcome else "late" if day > decision.due else "open"
        return Decided(decision, state, decision.due)
    due = case.due if case and case.due else decision.due
    return Decided(decision, "done" if case and case.over else "late" if day > due else "open", due)
