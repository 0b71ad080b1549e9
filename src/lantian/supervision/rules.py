"""What may be done to a case, by whom: the workflow's word on one event, and the list of what one person may do now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.deadlines import UNITS
from lantian.supervision.events import CaseError, Event, Party
from lantian.supervision.workflow import Desk, Move

if TYPE_CHECKING:
    from lantian.supervision.case import Case

Fault = tuple[str, str]
"""Why something is not allowed, and what would be: a sentence in Chinese, one in English."""

_WHEN = {"overdue": "逾期", "failed": "核查未通过", "interviewed": "约谈"}

RELATIONS = ("duplicate", "same_subject", "origin")
"""How a case may be linked to another: the same problem, the same enterprise or site, the one it came from."""


@dataclass(frozen=True, slots=True)
class Who:
    """A person before a case.

    Attributes:
        actor: the account.
        desks: names of the desks at which their grants let them sit, for this case's region and owner.
        party: the unit they act for; None: the platform itself.
    """

    actor: str
    desks: frozenset[str]
    party: Party | None = None


def allowed(case: Case, who: Who, day: date) -> tuple[Move, ...]:
    """The moves that somebody may make on a day."""
    moves = case.workflow.moves_from(case.state)
    return tuple(move for move in moves if refused(case, move, who, day) is None)


def refused(case: Case, move: Move, who: Who, day: date) -> Fault | None:
    """Why somebody may not make a move on a day, as a sentence in Chinese and English; None: they may."""
    if case.state not in move.source:
        sources = "、".join(case.workflow.states[name].zh for name in move.source)
        return (
            f"“{move.zh}”只能在{sources}时进行；问题现为{case.at.zh}",
            f"{move.name} ({move.zh}) leads from {', '.join(move.source)}; the case stands in {case.state}",
        )
    if move.desk not in who.desks:
        desk = case.workflow.desks[move.desk]
        return (
            f"“{move.zh}”由{desk.zh}办理，{who.actor} 不在这一岗位",
            f"{move.name} ({move.zh}) belongs to {desk.en}; {who.actor} does not sit there",
        )
    return _person(case, move, who.actor, who.party) or _moment(case, move, day)


def _person(case: Case, move: Move, actor: str, party: Party | None) -> Fault | None:
    desk = case.workflow.desks[move.desk]
    if move.second_person and actor == case.opener:
        return (
            f"“{move.zh}”：问题由 {actor} 上报，应由他人决定",
            f"{move.name} ({move.zh}): {actor} opened the case; somebody else must decide",
        )
    return _independent(case, desk, actor, party)


def _independent(case: Case, desk: Desk, actor: str, party: Party | None) -> Fault | None:
    if desk.independent and case.owner is not None and party == case.owner:
        return (
            f"{desk.zh}：{actor} 属于责任单位，不得核查本单位的整改",
            f"{desk.en}: {actor} belongs to the owner, who may not check its own work",
        )
    if desk.independent and actor in case.handlers:
        return (
            f"{desk.zh}：{actor} 曾代表责任单位办理本件，不得核查",
            f"{desk.en}: {actor} acted for the owner in this case, and may not check it",
        )
    return None


def _moment(case: Case, move: Move, day: date) -> Fault | None:
    met = {
        "overdue": case.overdue(day),
        "failed": case.failures + case.reopened > 0,
        "interviewed": case.interviews > 0,
    }
    if move.when and not any(met[condition] for condition in move.when):
        when = "或".join(_WHEN[condition] for condition in move.when)
        return f"“{move.zh}”只在{when}后进行", f"{move.name} ({move.zh}) is open only when {' or '.join(move.when)}"
    return None


def check(case: Case, event: Event) -> None:
    """Refuse an event that the workflow does not allow. Raises CaseError, saying what would be right."""
    if event.seq != case.events + 1:
        raise CaseError(
            f"event {event.seq}: expected {case.events + 1}; somebody else wrote first",
            "本件刚刚有人办理，请刷新后再办",
        )
    if event.at < case.last_at:
        raise CaseError(f"event {event.seq} is of {event.at}, before the last one, {case.last_at}")
    if event.kind not in _CHECKS:
        raise CaseError(f"event {event.seq}: {event.kind!r}: expected one of {', '.join(_CHECKS)}")
    desk = case.workflow.desks.get(event.desk or "")
    if desk is None and event.kind != "note":
        raise CaseError(f"desk {event.desk!r}: expected one of {', '.join(case.workflow.desks)}")
    fault = _CHECKS[event.kind](case, event)
    if fault:
        raise CaseError(fault[1], fault[0])


def _check_move(case: Case, event: Event) -> Fault | None:
    move = case.workflow.moves.get(event.move or "")
    if move is None:
        known = case.workflow.moves
        return (
            f"没有“{event.move}”这一步，应为{'、'.join(one.zh for one in known.values())}之一",
            f"move {event.move!r}: expected one of {', '.join(known)}",
        )
    who = Who(event.actor, frozenset({event.desk or ""}), event.party)
    fault = refused(case, move, who, event.day)
    if fault:
        return fault
    if len(event.evidence) < move.evidence:
        return (
            f"“{move.zh}”须附 {move.evidence} 份佐证材料，现有 {len(event.evidence)} 份",
            f"{move.name} ({move.zh}): {move.evidence} file(s) as proof are needed, {len(event.evidence)} given",
        )
    if not event.reason.strip():
        return f"“{move.zh}”：请写明理由", f"{move.name} ({move.zh}): say why, in words"
    return next((fault for need in move.needs if (fault := _NEEDS[need](case, event))), None) or _unneeded(move, event)


def _unneeded(move: Move, event: Event) -> Fault | None:
    extra = [need for need in _NEEDS if need in event.data and need not in move.needs]
    return (f"“{move.zh}”不需要 {extra[0]}", f"{move.name} ({move.zh}) does not take {extra[0]}") if extra else None


def _need_owner(case: Case, event: Event) -> Fault | None:  # noqa: ARG001
    owner = event.data.get("owner")
    if not isinstance(owner, dict) or set(owner) != {"region", "department"} or not owner["region"]:
        return "责任单位：应给出区域和部门", "owner: expected region and department"
    if owner["department"] not in DEPARTMENTS:
        return (
            f"责任单位：没有部门 {owner['department']}，应为{'、'.join(one.zh for one in DEPARTMENTS.values())}之一",
            f"owner: department {owner['department']!r}: expected one of {', '.join(DEPARTMENTS)}",
        )
    return None


def _need_days(case: Case, event: Event) -> Fault | None:
    days, unit = event.data.get("days"), event.data.get("unit", "day")
    if unit not in UNITS:
        return f"期限单位 {unit}：应为{'、'.join(UNITS)}之一", f"unit {unit!r}: expected one of {', '.join(UNITS)}"
    most = max((state.term.most for state in case.workflow.states.values() if state.term), default=180)
    return _whole("days", days, most)


def _need_requirement(case: Case, event: Event) -> Fault | None:  # noqa: ARG001
    given = str(event.data.get("requirement") or "").strip()
    return None if given else ("整改要求：请写明要做什么", "requirement: say what must be done")


def _whole(name: str, value: Any, most: int) -> Fault | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        return f"天数 {value}：应为 1 到 {most} 的整数", f"{name} {value!r}: expected a whole number from 1 to {most}"
    return None


_NEEDS: dict[str, Callable[[Case, Event], Fault | None]] = {
    "owner": _need_owner,
    "days": _need_days,
    "requirement": _need_requirement,
}


def _given_term(case: Case, what: str) -> Fault | None:
    if case.at.term is None or not case.at.term.given:
        return (
            f"只能调整整改期限；问题现为{case.at.zh}",
            f"{what}: only the term of a rectification can be changed; the case stands in {case.state}",
        )
    return None


def _check_extend(case: Case, event: Event) -> Fault | None:
    rule, extensions = case.workflow.extend, case.running.extensions if case.running else 0
    if event.desk != rule.desk:
        return _only(case, "extend", "延期", rule.desk)
    if extensions >= rule.most:
        return (
            f"已延期 {extensions} 次，最多 {rule.most} 次",
            f"extend: {extensions} times already, {rule.most} at most",
        )
    return _given_term(case, "extend") or _whole("days", event.data.get("days"), rule.days) or _reason(event)


def _check_pause(case: Case, event: Event) -> Fault | None:
    rule = case.workflow.pause
    if event.desk != rule.desk:
        return _only(case, "pause", "中止", rule.desk)
    fault = _given_term(case, "pause") or _reason(event)
    if fault:
        return fault
    if case.paused(event.day):
        return "期限已经中止", "pause: the term stands still already"
    if case.running and len(case.running.pauses) >= rule.most:
        return f"最多中止 {rule.most} 次", f"pause: {rule.most} times at most"
    latest = event.day + timedelta(days=rule.days)
    try:
        until = date.fromisoformat(event.data.get("until", ""))
    except (TypeError, ValueError):
        return (
            f"中止到 {event.data.get('until')}：应为不晚于 {latest} 的日期，自那天起继续计算",
            f"until {event.data.get('until')!r}: expected a date up to {latest}, on which the term runs on",
        )
    if event.day < until <= latest:
        return None
    return (
        f"中止到 {until}：应晚于 {event.day}，不晚于 {latest}",
        f"until {until}: expected after {event.day}, at most {latest}",
    )


def _check_resume(case: Case, event: Event) -> Fault | None:
    if event.desk != case.workflow.pause.desk:
        return _only(case, "resume", "恢复计算", case.workflow.pause.desk)
    return None if case.paused(event.day) else ("期限没有中止", "resume: the term runs")


def _check_assign(case: Case, event: Event) -> Fault | None:
    if event.desk != case.workflow.extend.desk:
        return _only(case, "assign", "改派", case.workflow.extend.desk)
    if not case.at.owed:
        return (
            f"问题现为{case.at.zh}，没有待办的整改",
            f"assign: nothing is owed while the case stands in {case.state}",
        )
    return _need_owner(case, event) or _reason(event)


def _check_plan(case: Case, event: Event) -> Fault | None:
    if not _owners(case, event):
        return "倒排工期由责任单位在整改期间编制", "plan: only the owner, while it owes"
    steps = event.data.get("steps")
    if not isinstance(steps, list) or not 1 <= len(steps) <= 40:
        return "步骤：应有 1 到 40 步，每步写明内容和日期", "steps: expected 1 to 40 of them, each text and due"
    for number, step in enumerate(steps, 1):
        try:
            due = date.fromisoformat(step["due"])
            text = step["text"].strip()
        except (TypeError, KeyError, ValueError, AttributeError):
            return (
                f"步骤：第 {number} 步应写明内容和日期",
                f"steps: step {number}: expected text and due (a date)",
            )
        if not text or (case.due and due > case.due.date):
            latest = case.due.date if case.due else "its day"
            return (
                f"步骤：第 {number} 步应写明内容，且不晚于 {latest if case.due else '期限'}",
                f"steps: step {number}: expected what is done, by {latest}",
            )
    return None


def _check_step(case: Case, event: Event) -> Fault | None:
    number = event.data.get("step")
    if not _owners(case, event):
        return "步骤由责任单位在整改期间销号", "step: only the owner, while it owes"
    if not isinstance(number, int) or not 0 <= number < len(case.steps):
        return f"没有第 {number} 步", f"step {number!r}: expected 0 to {len(case.steps) - 1}"
    return ("这一步已经完成", "step: done already") if case.steps[number].done_on else None


def _owners(case: Case, event: Event) -> bool:
    return case.workflow.desks[event.desk or ""].owner and case.at.owed


def _check_publish(case: Case, event: Event) -> Fault | None:
    if not isinstance(event.data.get("public"), bool):
        return "是否公开：应为是或否", "public: expected true or false"
    if case.handed_on is None:
        return "尚未交办的线索不能公开", "publish: a finding that was not handed over is no case yet"
    if event.desk != case.workflow.extend.desk:
        return _only(case, "publish", "公开", case.workflow.extend.desk)
    return _reason(event)


def _check_look_back(case: Case, event: Event) -> Fault | None:
    desk = case.workflow.desks[event.desk or ""]
    if not case.at.verified:
        return (
            f"只对已销号的问题回头看；本件现为{case.at.zh}",
            f"look_back: only a closed case is looked back at; this one stands in {case.state}",
        )
    if not desk.independent:
        return f"{desk.zh}不独立于责任单位，不能回头看", f"look_back: {desk.en} is not independent of the owner"
    if not event.evidence:
        return "回头看须附 1 份佐证材料", "look_back: 1 file as proof is needed"
    return _independent(case, desk, event.actor, event.party) or _reason(event)


def _check_note(case: Case, event: Event) -> Fault | None:  # noqa: ARG001
    return _reason(event)


def _check_link(case: Case, event: Event) -> Fault | None:  # noqa: ARG001
    if event.data.get("relation") not in RELATIONS or not event.data.get("number"):
        return (
            "关联：应给出另一件的编号和关系",
            f"link: expected the other case's number, and relation one of {', '.join(RELATIONS)}",
        )
    return _reason(event)


def _reason(event: Event) -> Fault | None:
    return None if event.reason.strip() else ("请写明理由", f"{event.kind}: say why, in words")


def _only(case: Case, kind: str, zh: str, desk: str) -> Fault:
    who = case.workflow.desks[desk]
    return f"{zh}只能由{who.zh}办理", f"{kind}: only {who.en} may"


_CHECKS: dict[str, Callable[[Case, Event], Fault | None]] = {
    "move": _check_move,
    "extend": _check_extend,
    "pause": _check_pause,
    "resume": _check_resume,
    "assign": _check_assign,
    "plan": _check_plan,
    "step": _check_step,
    "publish": _check_publish,
    "look_back": _check_look_back,
    "note": _check_note,
    "link": _check_link,
}
