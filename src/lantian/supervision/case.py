"""A case 问题 as its events make it: state, owner, deadline, counts; computed from them and from nothing else.

`fold` takes all events up to a moment and gives the case as it stood then; an event that the workflow did not allow is
an error, so a record that was tampered with does not fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from lantian.standards.workdays import Calendar, Deadline
from lantian.supervision import deadlines
from lantian.supervision.deadlines import Pause, Unit
from lantian.supervision.events import CaseError, Event, Party
from lantian.supervision.rules import check
from lantian.supervision.workflow import State, Workflow


@dataclass(frozen=True, slots=True)
class Running:
    """A term as it runs: begun on ``start``, ``n`` days and ``extra`` by extension, with its pauses."""

    start: date
    n: int
    unit: Unit
    extra: int = 0
    extensions: int = 0
    pauses: tuple[Pause, ...] = ()

    def due(self, calendar: Calendar | None = None) -> Deadline:
        """Its last day."""
        return deadlines.due(self.start, self.n + self.extra, self.unit, self.pauses, calendar)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the reverse schedule 倒排工期: what, by when, and when it was done."""

    text: str
    due: date
    done_on: date | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """Where a case stands.

    Attributes:
        workflow: name and edition stand in it.
        finding: what was found, as the first event says: title, category, source, region, subject, address, lon, lat,
            round, example, industry and more.
        state: name of the state; ``since``: the day it began; ``running``: its term, None once the case is over.
        given: the term of the rectification, kept through the states beside it.
        owner: who owes the rectification; None: nobody was named yet.
        opener, opened_at: who opened the case, when.
        handlers: who acted for an owner so far; none of them may check.
        failures, reopened, interviews: how often.
        failed: sent back by a check or found again, and not closed since.
        requirement: what the owner was told to do.
        steps: the reverse schedule.
        evidence: every file, in order.
        due: the last day of the present state.
        events: how many; ``last_at``: when the last one was.
        handed_on: the day an owner was first named; ``closed_on``: the day it was closed or dismissed.
        public: shown to everybody, without log-in.
        looked_back_on: the last visit 回头看 since it was closed that found nothing; None: none yet.
    """

    workflow: Workflow = field(repr=False)
    finding: Mapping[str, Any]
    state: str
    since: date
    running: Running | None
    opener: str
    opened_at: datetime
    last_at: datetime
    due: Deadline | None = None
    given: Running | None = None
    owner: Party | None = None
    handlers: frozenset[str] = frozenset()
    failures: int = 0
    reopened: int = 0
    interviews: int = 0
    failed: bool = False
    requirement: str = ""
    steps: tuple[Step, ...] = ()
    evidence: tuple[str, ...] = ()
    events: int = 1
    handed_on: date | None = None
    closed_on: date | None = None
    public: bool = False
    looked_back_on: date | None = None

    @property
    def at(self) -> State:
        """The state it stands in."""
        return self.workflow.states[self.state]

    @property
    def over(self) -> bool:
        """Whether it is closed or dismissed."""
        return self.at.final

    def overdue(self, day: date) -> bool:
        """Whether its term has passed on a day."""
        return self.due is not None and day > self.due.date

    def unfinished(self, day: date) -> bool:
        """Whether it counts as unfinished rectification 未完成整改: sent back or found again and not closed, or owed
        beyond its day.
        """
        return not self.over and (self.failed or (self.at.owed and self.overdue(day)))

    def left(self, day: date, calendar: Calendar | None = None) -> int | None:
        """Days left in the unit of the term, negative once overdue; None: the case is over."""
        if self.due is None or self.running is None:
            return None
        return deadlines.left(day, self.due.date, self.running.unit, calendar)

    def paused(self, day: date) -> Pause | None:
        """The pause that a day lies in."""
        pauses = self.running.pauses if self.running else ()
        return next((one for one in pauses if one.start <= day < one.end), None)


def fold(events: Iterable[Event], workflow: Workflow, calendar: Calendar | None = None) -> Case:
    """The case as its events make it, in their order.

    Raises CaseError for an event that was not allowed, and where there is none.
    """
    case: Case | None = None
    for event in events:
        case = _opened(event, workflow, calendar) if case is None else apply(case, event, calendar)
    if case is None:
        raise CaseError("a case has at least the event that opened it")
    return case


def apply(case: Case, event: Event, calendar: Calendar | None = None) -> Case:
    """The case after one more event. Raises CaseError where the workflow does not allow it."""
    check(case, event)
    after = _CHANGES[event.kind](case, event)
    after = replace(
        after,
        evidence=after.evidence + event.evidence,
        events=event.seq,
        last_at=event.at,
    )
    desk = case.workflow.desks.get(event.desk or "")
    if desk and desk.owner:
        after = replace(after, handlers=after.handlers | {event.actor})
    return _dated(after, calendar)


def _opened(event: Event, workflow: Workflow, calendar: Calendar | None) -> Case:
    if event.kind != "open" or event.seq != 1:
        raise CaseError(f"event {event.seq} is {event.kind!r}: the first is 1, 'open'")
    state = workflow.states[workflow.initial]
    case = Case(
        workflow=workflow,
        finding=MappingProxyType(dict(event.data)),
        state=state.name,
        since=event.day,
        running=_term(state, event, None),
        opener=event.actor,
        opened_at=event.at,
        last_at=event.at,
        evidence=event.evidence,
    )
    return _dated(case, calendar)


def _dated(case: Case, calendar: Calendar | None) -> Case:
    """With the day computed from the term, which a wrong term never survives."""
    try:
        return replace(case, due=case.running.due(calendar) if case.running else None)
    except ValueError as error:
        raise CaseError(str(error)) from None


def _term(state: State, event: Event, given: Running | None) -> Running | None:
    term = state.term
    if term is None:
        return None
    if term.given and given is not None:
        return given
    return Running(event.day, term.n, term.unit)


def _move(case: Case, event: Event) -> Case:
    move = case.workflow.moves[event.move or ""]
    state = case.workflow.states[move.to]
    given = case.given
    if "days" in event.data:
        given = Running(event.day, int(event.data["days"]), event.data.get("unit", "day"))
    counted = move.counts
    return replace(
        case,
        state=state.name,
        since=event.day,
        given=given,
        running=_term(state, event, given),
        owner=event.owner or case.owner,
        handed_on=case.handed_on or (event.day if event.owner else None),
        requirement=event.data.get("requirement", case.requirement),
        failures=case.failures + (counted == "failure"),
        reopened=case.reopened + (counted == "reopened"),
        interviews=case.interviews + (counted == "interview"),
        failed=not state.final and (case.failed or counted in ("failure", "reopened")),
        closed_on=event.day if state.final else None,
        looked_back_on=None,
    )


def _retimed(case: Case, running: Running) -> Case:
    return replace(case, running=running, given=running)


def _extend(case: Case, event: Event) -> Case:
    old = _run(case)
    return _retimed(case, replace(old, extra=old.extra + int(event.data["days"]), extensions=old.extensions + 1))


def _pause(case: Case, event: Event) -> Case:
    old, until = _run(case), date.fromisoformat(event.data["until"])
    return _retimed(case, replace(old, pauses=(*old.pauses, Pause(event.day, until))))


def _resume(case: Case, event: Event) -> Case:
    old = _run(case)
    *before, last = old.pauses
    return _retimed(case, replace(old, pauses=(*before, Pause(last.start, event.day))))


def _run(case: Case) -> Running:
    if case.running is None:  # `check` has refused it before
        raise CaseError("the case is over", "本件已经办结")
    return case.running


def _assign(case: Case, event: Event) -> Case:
    return replace(case, owner=event.owner)


def _plan(case: Case, event: Event) -> Case:
    steps = tuple(Step(step["text"], date.fromisoformat(step["due"])) for step in event.data["steps"])
    return replace(case, steps=steps)


def _step(case: Case, event: Event) -> Case:
    number = event.data["step"]
    done = replace(case.steps[number], done_on=event.day, evidence=event.evidence)
    return replace(case, steps=(*case.steps[:number], done, *case.steps[number + 1 :]))


def _publish(case: Case, event: Event) -> Case:
    return replace(case, public=bool(event.data["public"]))


def _look_back(case: Case, event: Event) -> Case:
    return replace(case, looked_back_on=event.day)


def _nothing(case: Case, event: Event) -> Case:  # noqa: ARG001
    return case


_CHANGES = {
    "move": _move,
    "extend": _extend,
    "pause": _pause,
    "resume": _resume,
    "assign": _assign,
    "plan": _plan,
    "step": _step,
    "publish": _publish,
    "look_back": _look_back,
    "note": _nothing,
    "link": _nothing,
}
