"""Every move of both workflows, tried by every role with its account of the example: who sits at the desk may, all
others are refused, and nothing is written for them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lantian.kernel import accounts
from lantian.kernel.accounts import NotPermitted
from lantian.supervision import workflow_file
from lantian.supervision.events import Party
from lantian.supervision.findings import Finding
from lantian.supervision.service import Supervision
from lantian.supervision.workflow import Move, Workflow
from tests.supervision.conftest import person

HOUSING = Party("110105", "housing")
PROOF = ["e" * 64]
FINDING = Finding("示例土方未覆盖", "construction", "inspection", "110105")
REGIONS = {"county": "110105", "department": "110105", "inspector": "110000", "mayor": "110000", "analyst": "110000"}
MAKER = person("maker", {"cases.report"})
OWNER = person("owner", {"cases.handle"}, "110105", "housing")
ABOVE = person("above", {"cases.assign", "cases.verify", "cases.lead"})
"""Who brings a case to where a move begins: nobody of them is asked about."""


def way_to(workflow: Workflow, move: Move) -> list[str]:
    """Moves that lead from the beginning to where a move may be made."""
    ways: list[tuple[str, list[str]]] = [(workflow.initial, [])]
    for state, way in ways:
        if state in move.source:
            break
        ways += [(one.to, [*way, one.name]) for one in workflow.moves_from(state) if one.name not in way]
    if "interviewed" in move.when or "special" in way:
        at = way.index("special") if "special" in way else len(way)
        way[at:at] = ["interview", "commit"]
    return way


def given(move: Move) -> dict[str, Any]:
    """What a move needs beside its reason."""
    values = {"owner": HOUSING, "days": 5, "requirement": "覆盖"}
    return {"evidence": PROOF * move.evidence, **{need: values[need] for need in move.needs}}


def brought(desk: Supervision, workflow: Workflow, way: list[str], now: datetime) -> str:
    """A case that went a way, most of it forty days ago, so that its day has passed."""
    at = now - timedelta(days=40)
    number = desk.open(FINDING, MAKER, workflow=workflow.name, at=at)
    for name in way:
        move = workflow.moves[name]
        at = now if move.when or at == now else at + timedelta(minutes=1)
        who = OWNER if workflow.desks[move.desk].owner else ABOVE
        desk.move(number, name, who, "因为", at=at, **given(move))
    return number


@pytest.mark.requirement("K1", part="every move by every role")
@pytest.mark.parametrize("name", workflow_file.names())
def test_a_move_is_made_by_those_who_sit_at_its_desk_and_by_nobody_else(platform, name):
    accounts.ensure_example(platform.engine, True, REGIONS)
    desk, workflow = Supervision(platform), workflow_file.load(name)
    platform.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC), paused=True)
    now = platform.clock.now()
    roles = {role.code: role.permissions for role in accounts.list_roles(platform.engine) if role.code != "admin"}
    people = {role: accounts.get_account(platform.engine, f"example-{role}") for role in roles}
    made = refused = 0
    for move in workflow.moves.values():
        way = way_to(workflow, move)
        number = brought(desk, workflow, way, now)
        for role, account in people.items():
            before = desk.case(number).case.events
            if workflow.desks[move.desk].permission in roles[role]:
                done = desk.move(number, move.name, account, "因为", **given(move))
                assert done.case.state == move.to, (role, move.name)
                number, made = brought(desk, workflow, way, now), made + 1
            else:
                with pytest.raises(NotPermitted):
                    desk.move(number, move.name, account, "因为", **given(move))
                assert desk.case(number).case.events == before, (role, move.name)
                refused += 1
    assert made >= len(workflow.moves)  # somebody may make each of them
    assert refused > 4 * len(workflow.moves)
