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


def refused(case: Case, move: Move, who: Who, day: date) -> str | None:
    """Why somebody may not make a move on a day, as a sentence; None: they may."""
    if case.state not in move.source:
        return f"{move.name} ({move.zh}) leads from {', '.join(move.source)}; the case stands in {case.state}"
    if move.desk not in who.desks:
        return f"{move.name} ({move.zh}) belongs to {case.workflow.desks[move.desk].en}; {who.actor} does not sit there"
    return _person(case, move, who.actor, who.party) or _moment(case, move, day)


def _person(case: Case, move: Move, actor: str, party: Party | None) -> str | None:
    desk = case.workflow.desks[move.desk]
    if move.second_person and actor == case.opener:
        return f"{move.name} ({move.zh}): {actor} opened the case; somebody else must decide"
    return _independent(case, desk, actor, party)


def _independent(case: Case, desk: Desk, actor: str, party: Party | None) -> str | None:
    if desk.independent and case.owner is not None and party == case.owner:
        return f"{desk.en}: {actor} belongs to the owner, who may not check its own work"
    if desk.independent and actor in case.handlers:
        return f"{desk.en}: {actor} acted for the owner in this case, and may not check it"
    return None


def _moment(case: Case, move: Move, day: date) -> str | None:
    met = {
        "overdue": case.overdue(day),
        "failed": case.failures + case.reopened > 0,
        "interviewed": case.interviews > 0,
    }
    if move.when and not any(met[condition] for condition in move.when):
        return f"{move.name} ({move.zh}) is open only when {' or '.join(move.when)}"
    return None


def check(case: Case, event: Event) -> None:
    """Refuse an event that the workflow does not allow. Raises CaseError, saying what would be right."""
    if event.seq != case.events + 1:
        raise CaseError(f"event {event.seq}: expected {case.events + 1}; somebody else wrote first")
    if event.at < case.last_at:
        raise CaseError(f"event {event.seq} is of {event.at}, before the last one, {case.last_at}")
    if event.kind not in _CHECKS:
        raise CaseError(f"event {event.seq}: {event.kind!r}: expected one of {', '.join(_CHECKS)}")
    desk = case.workflow.desks.get(event.desk or "")
    if desk is None and event.kind != "note":
        raise CaseError(f"desk {event.desk!r}: expected one of {', '.join(case.workflow.desks)}")
    fault = _CHECKS[event.kind](case, event)
    if fault:
        raise CaseError(fault)


def _check_move(case: Case, event: Event) -> str | None:
    move = case.workflow.moves.get(event.move or "")
    if move is None:
        return f"move {event.move!r}: expected one of {', '.join(case.workflow.moves)}"
    who = Who(event.actor, frozenset({event.desk or ""}), event.party)
    fault = refused(case, move, who, event.day)
    if fault:
        return fault
    if len(event.evidence) < move.evidence:
        return f"{move.name} ({move.zh}): {move.evidence} file(s) as proof are needed, {len(event.evidence)} given"
    if not event.reason.strip():
        return f"{move.name} ({move.zh}): say why, in words"
    return next((fault for need in move.needs if (fault := _NEEDS[need](case, event))), None) or _unneeded(move, event)


def _unneeded(move: Move, event: Event) -> str | None:
    extra = [need for need in _NEEDS if need in event.data and need not in move.needs]
    return f"{move.name} ({move.zh}) does not take {extra[0]}" if extra else None


def _need_owner(case: Case, event: Event) -> str | None:  # noqa: ARG001
    owner = event.data.get("owner")
    if not isinstance(owner, dict) or set(owner) != {"region", "department"} or not owner["region"]:
        return "owner: expected region and department"
    if owner["department"] not in DEPARTMENTS:
        return f"owner: department {owner['department']!r}: expected one of {', '.join(DEPARTMENTS)}"
    return None


def _need_days(case: Case, event: Event) -> str | None:
    days, unit = event.data.get("days"), event.data.get("unit", "day")
    if unit not in UNITS:
        return f"unit {unit!r}: expected one of {', '.join(UNITS)}"
    most = max((state.term.most for state in case.workflow.states.values() if state.term), default=180)
    return _whole("days", days, most)


def _need_requirement(case: Case, event: Event) -> str | None:  # noqa: ARG001
    return None if str(event.data.get("requirement") or "").strip() else "requirement: say what must be done"


def _whole(name: str, value: Any, most: int) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        return f"{name} {value!r}: expected a whole number from 1 to {most}"
    return None


_NEEDS: dict[str, Callable[[Case, Event], str | None]] = {
    "owner": _need_owner,
    "days": _need_days,
    "requirement": _need_requirement,
}


def _given_term(case: Case, what: str) -> str | None:
    if case.at.term is None or not case.at.term.given:
        return f"{what}: only the term of a rectification can be changed; the case stands in {case.state}"
    return None


def _check_extend(case: Case, event: Event) -> str | None:
    rule, extensions = case.workflow.extend, case.running.extensions if case.running else 0
    if event.desk != rule.desk:
        return f"extend: only {case.workflow.desks[rule.desk].en} may"
    if extensions >= rule.most:
        return f"extend: {extensions} times already, {rule.most} at most"
    return _given_term(case, "extend") or _whole("days", event.data.get("days"), rule.days) or _reason(event)


def _check_pause(case: Case, event: Event) -> str | None:
    rule = case.workflow.pause
    if event.desk != rule.desk:
        return f"pause: only {case.workflow.desks[rule.desk].en} may"
    fault = _given_term(case, "pause") or _reason(event)
    if fault:
        return fault
    if case.paused(event.day):
        return "pause: the term stands still already"
    if case.running and len(case.running.pauses) >= rule.most:
        return f"pause: {rule.most} times at most"
    latest = event.day + timedelta(days=rule.days)
    try:
        until = date.fromisoformat(event.data.get("until", ""))
    except (TypeError, ValueError):
        return f"until {event.data.get('until')!r}: expected a date up to {latest}, on which the term runs on"
    return None if event.day < until <= latest else f"until {until}: expected after {event.day}, at most {latest}"


def _check_resume(case: Case, event: Event) -> str | None:
    if event.desk != case.workflow.pause.desk:
        return f"resume: only {case.workflow.desks[case.workflow.pause.desk].en} may"
    return None if case.paused(event.day) else "resume: the term runs"


def _check_assign(case: Case, event: Event) -> str | None:
    if event.desk != case.workflow.extend.desk:
        return f"assign: only {case.workflow.desks[case.workflow.extend.desk].en} may"
    if not case.at.owed:
        return f"assign: nothing is owed while the case stands in {case.state}"
    return _need_owner(case, event) or _reason(event)


def _check_plan(case: Case, event: Event) -> str | None:
    if not _owners(case, event):
        return "plan: only the owner, while it owes"
    steps = event.data.get("steps")
    if not isinstance(steps, list) or not 1 <= len(steps) <= 40:
        return "steps: expected 1 to 40 of them, each text and due"
    for number, step in enumerate(steps, 1):
        try:
            due = date.fromisoformat(step["due"])
            text = step["text"].strip()
        except (TypeError, KeyError, ValueError, AttributeError):
            return f"steps: step {number}: expected text and due (a date)"
        if not text or (case.due and due > case.due.date):
            return f"steps: step {number}: expected what is done, by {case.due.date if case.due else 'its day'}"
    return None


def _check_step(case: Case, event: Event) -> str | None:
    number = event.data.get("step")
    if not _owners(case, event):
        return "step: only the owner, while it owes"
    if not isinstance(number, int) or not 0 <= number < len(case.steps):
        return f"step {number!r}: expected 0 to {len(case.steps) - 1}"
    return "step: done already" if case.steps[number].done_on else None


def _owners(case: Case, event: Event) -> bool:
    return case.workflow.desks[event.desk or ""].owner and case.at.owed


def _check_publish(case: Case, event: Event) -> str | None:
    if not isinstance(event.data.get("public"), bool):
        return "public: expected true or false"
    if case.handed_on is None:
        return "publish: a finding that was not handed over is no case yet"
    if event.desk != case.workflow.extend.desk:
        return f"publish: only {case.workflow.desks[case.workflow.extend.desk].en} may"
    return _reason(event)


def _check_look_back(case: Case, event: Event) -> str | None:
    desk = case.workflow.desks[event.desk or ""]
    if not case.at.verified:
        return f"look_back: only a closed case is looked back at; this one stands in {case.state}"
    if not desk.independent:
        return f"look_back: {desk.en} is not independent of the owner"
    if not event.evidence:
        return "look_back: 1 file as proof is needed"
    return _independent(case, desk, event.actor, event.party) or _reason(event)


def _check_note(case: Case, event: Event) -> str | None:  # noqa: ARG001
    return _reason(event)


def _check_link(case: Case, event: Event) -> str | None:  # noqa: ARG001
    if event.data.get("relation") not in RELATIONS or not event.data.get("number"):
        return f"link: expected the other case's number, and relation one of {', '.join(RELATIONS)}"
    return _reason(event)


def _reason(event: Event) -> str | None:
    return None if event.reason.strip() else f"{event.kind}: say why, in words"


_CHECKS: dict[str, Callable[[Case, Event], str | None]] = {
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
