"""The agenda 议题 of the next joint meeting: cases and tasks that stand between departments, each with why.

Pure: what is proposed follows from counts and days alone, and a person chooses. Decisions of earlier meetings that are
not done are always on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.events import Party
from lantian.supervision.programme.decisions import Decided
from lantian.supervision.programme.progress import Standing
from lantian.supervision.programme.rules import AgendaRules

Subject = Literal["decision", "case", "task"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is proposed: a code, and the sentence in Chinese and English."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """What the rule looks at in an open case.

    Attributes:
        number, title: of the case.
        owner: who owes it; None: nobody was named.
        usual: the department that usually owns such a finding.
        due: last day of its present state.
        sent_back: times an owner refused it; ``reassigned``: times another owner was named.
        failures: checks not passed.
    """

    number: str
    title: str
    owner: Party | None
    usual: str
    due: date
    sent_back: int = 0
    reassigned: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One item: a case, task or earlier decision by its key, who answers for it, why it is here."""

    subject: Subject
    key: str
    title: str
    owner: Party | None
    reasons: tuple[Reason, ...]
    days: int = 0


def propose(
    cases: Iterable[CaseSeen],
    standings: Iterable[Standing],
    decisions: Iterable[Decided],
    day: date,
    rules: AgendaRules | None = None,
) -> list[AgendaItem]:
    """The agenda of a meeting on a day: decisions not done, then what is stuck, most reasons and days first."""
    used = rules or AgendaRules()
    open_ = [_decision(one, day) for one in decisions if one.state in ("open", "late")]
    stuck = [item for one in cases if (item := _case(one, day, used)) is not None]
    stuck += [_task(one) for one in standings if one.state == "severe"]
    stuck.sort(key=lambda one: (-len(one.reasons), -one.days, one.key))
    return [*sorted(open_, key=lambda one: (-one.days, one.key)), *stuck[: used.most]]


def _case(case: CaseSeen, day: date, rules: AgendaRules) -> AgendaItem | None:
    over = max(0, (day - case.due).days)
    found = []
    if over > rules.overdue_days:
        found.append(Reason("overdue", f"超期 {over} 天", f"{over} days overdue"))
    if case.sent_back >= rules.sent_back:
        found.append(
            Reason("sent_back", f"被退回 {case.sent_back} 次，部门之间推不下去", f"sent back {case.sent_back} times")
        )
    if case.reassigned >= rules.reassigned:
        found.append(Reason("reassigned", f"责任单位改派 {case.reassigned} 次", f"reassigned {case.reassigned} times"))
    if case.failures >= rules.failed:
        found.append(Reason("failed", f"核查 {case.failures} 次不通过", f"{case.failures} checks not passed"))
    owner = case.owner
    if over and owner and owner.department not in (case.usual, "government"):
        names = DEPARTMENTS
        found.append(
            Reason(
                "differs",
                f"现由{names[owner.department].zh}承办，此类问题通常归{names[case.usual].zh}，且已超期",
                f"owned by {names[owner.department].en}, usually {names[case.usual].en}, and overdue",
            )
        )
    return AgendaItem("case", case.number, case.title, owner, tuple(found), over) if found else None


def _task(one: Standing) -> AgendaItem:
    why = Reason(
        "severe",
        f"任务严重滞后：比倒排工期晚 {one.behind_days} 天，少完成 {one.behind_points} 个百分点",
        f"very late: {one.behind_days} days and {one.behind_points} points behind schedule",
    )
    task = one.task
    return AgendaItem("task", task.number, task.title, Party(task.region, task.department), (why,), one.behind_days)


def _decision(one: Decided, day: date) -> AgendaItem:
    made = one.decision
    over = max(0, (day - one.due).days)
    late = one.state == "late"
    why = Reason(
        "late" if late else "open",
        f"第 {made.meeting} 次会议决定，"
        + (f"超期 {over} 天" if over else "进度滞后" if late else f"{one.due} 前完成"),
        f"decided at {made.meeting}, " + (f"{over} days overdue" if over else "late" if late else f"due {one.due}"),
    )
    return AgendaItem("decision", made.key, made.text, made.owner, (why,), over)
