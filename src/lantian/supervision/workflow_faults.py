"""What would lose a case: a state without owner or end, or out of reach; closing by those whom the case burdens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lantian.kernel.accounts import PERMISSIONS
from lantian.supervision.workflow import Move, State, Workflow


def faults(workflow: Workflow) -> list[str]:
    """Everything about a workflow that could lose a case, as sentences; none: it is sound."""
    found = [*_of_desks(workflow), *_of_state_names(workflow), *_of_move_names(workflow)]
    if found:
        return found  # what follows needs every name to lead somewhere
    return [
        *(fault for state in workflow.states.values() for fault in _of_state(workflow, state)),
        *(fault for move in workflow.moves.values() for fault in _of_move(workflow, move)),
        *_of_ways(workflow),
    ]


def _of_desks(workflow: Workflow) -> Iterator[str]:
    desks = workflow.desks
    for desk in desks.values():
        if desk.permission not in PERMISSIONS:
            yield f"desks.{desk.name}.permission: {desk.permission!r} is no permission"
    for name, change in (("extend", workflow.extend), ("pause", workflow.pause)):
        if change.desk not in desks or desks[change.desk].owner:
            yield f"{name}.desk: {change.desk!r}: expected a desk, and not the owner's"


def _of_state_names(workflow: Workflow) -> Iterator[str]:
    if workflow.initial not in workflow.states:
        yield f"initial: {workflow.initial!r} is no state"
    for state in workflow.states.values():
        if state.desk is not None and state.desk not in workflow.desks:
            yield f"states.{state.name}.desk: {state.desk!r} is no desk"
        for step in state.escalate:
            if step.to not in workflow.desks:
                yield f"states.{state.name}.escalate.to: {step.to!r} is no desk"
            if step.propose is not None and state.name not in getattr(workflow.moves.get(step.propose), "source", ()):
                yield f"states.{state.name}.escalate.propose: {step.propose!r} does not lead out of this state"


def _of_move_names(workflow: Workflow) -> Iterator[str]:
    for move in workflow.moves.values():
        for name in (*move.source, move.to):
            if name not in workflow.states:
                yield f"moves.{move.name}: {name!r} is no state"
        if move.desk not in workflow.desks:
            yield f"moves.{move.name}.desk: {move.desk!r} is no desk"


def _of_state(workflow: Workflow, state: State) -> Iterator[str]:
    out = workflow.moves_from(state.name)
    if (state.desk is None) != (state.term is None):
        yield f"states.{state.name}: desk and term belong together: a case that is not over has both"
    elif not state.final and not any(move.desk == state.desk and not move.when for move in out):
        yield f"states.{state.name}: no move out of it that its desk {state.desk!r} may always make"
    if state.final and state.owed:
        yield f"states.{state.name}.owed: nothing is owed in a case that is over"
    if state.verified and not state.final:
        yield f"states.{state.name}.verified: only a case that is over is verified"


def _of_move(workflow: Workflow, move: Move) -> Iterator[str]:
    target, desk = workflow.states[move.to], workflow.desks[move.desk]
    if target.verified and not desk.independent:
        yield f"moves.{move.name}: closes a case at the desk {move.desk!r}, which is not independent of the owner"
    if target.final and not target.verified and (desk.owner or not move.second_person):
        yield f"moves.{move.name}: ends a case without a check: needs second_person, and a desk that is no owner"


def _of_ways(workflow: Workflow) -> Iterator[str]:
    states, moves = workflow.states, workflow.moves.values()
    if not any(state.verified for state in states.values()):
        yield "states: none is verified, so no case could be closed"
    steps = [(source, move.to) for move in moves for source in move.source]
    forward = _reach({workflow.initial}, steps)
    ends = {name for name, state in states.items() if state.final}
    backward = _reach(ends, [(to, source) for source, to in steps])
    owned = _owned(workflow)
    for name, state in states.items():
        if name not in forward:
            yield f"states.{name}: no case can reach it"
        elif name not in backward:
            yield f"states.{name}: a case could never leave it for an end"
        elif name not in owned and (state.owed or (state.desk and workflow.desks[state.desk].owner)):
            yield f"states.{name}: can be reached without a move that names the owner (needs: [owner])"


def _reach(known: set[str], steps: Iterable[tuple[str, str]]) -> set[str]:
    steps = list(steps)
    while new := {to for source, to in steps if source in known} - known:
        known = known | new
    return known


def _owned(workflow: Workflow) -> set[str]:
    """States in which an owner surely stands, whatever way led there."""
    sure = set(workflow.states) - {workflow.initial}
    while True:
        lost = {
            move.to
            for move in workflow.moves.values()
            for source in move.source
            if "owner" not in move.needs and source not in sure
        }
        if not lost & sure:
            return sure
        sure -= lost
