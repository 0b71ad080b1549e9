"""A workflow that could lose a case is refused when it is read, with the entry and what would be right."""

import copy

import pytest
import yaml

from lantian.supervision import workflow_file
from lantian.supervision.workflow_faults import faults
from lantian.supervision.workflow_file import FOLDER, WorkflowError, build, read

TEXT = (FOLDER / "five_step.yaml").read_text(encoding="utf-8")


@pytest.mark.requirement("V3", part="workflows as data")
@pytest.mark.parametrize("name", workflow_file.names())
def test_the_workflows_that_come_with_the_platform_are_sound(name):
    workflow = workflow_file.load(name)
    assert faults(workflow) == []
    assert workflow.states[workflow.initial].desk is not None
    assert any(state.verified for state in workflow.states.values())


def changed(path: str, value) -> dict:
    content = copy.deepcopy(yaml.safe_load(TEXT))
    *way, last = path.split(".")
    at = content
    for key in way:
        at = at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("initial", "nowhere", "initial: 'nowhere' is no state"),
        ("initial", None, "initial: expected exactly the keys"),
        ("desks.office.permission", "cases.fly", "'cases.fly' is no permission"),
        (
            "desks.checker.independent",
            False,
            "moves.pass: closes a case at the desk 'checker', which is not independent",
        ),
        ("moves.dismiss.second_person", False, "moves.dismiss: ends a case without a check"),
        ("moves.dismiss.desk", "owner", "moves.dismiss: ends a case without a check"),
        ("moves.hand_over.needs", ["days", "requirement"], "without a move that names the owner"),
        ("moves.special.to", "mending", "states.special: no case can reach it"),
        ("moves.report", None, "states.mending: no move out of it that its desk 'owner' may always make"),
        ("states.mending.term", None, "states.mending: desk and term belong together"),
        ("states.mending.desk", "cook", "states.mending.desk: 'cook' is no desk"),
        (
            "states.mending.escalate",
            [{"n": 1, "unit": "day", "to": "office", "propose": "pass"}],
            "'pass' does not lead",
        ),
        ("states.mending.term", {"n": 1, "unit": "hour"}, "expected one of day, workday"),
        ("states.mending.term", {"unit": "day"}, "missing 1 required positional argument: 'n'"),
        ("states.mending.colour", "red", "states.mending.colour: unknown; expected"),
        ("moves.report.needs", ["luck"], "moves.report.needs: 'luck': expected one of owner, days, requirement"),
        ("moves.report.from", ["mars"], "moves.report: 'mars' is no state"),
        ("extend.desk", "owner", "extend.desk: 'owner': expected a desk, and not the owner's"),
        ("states.closed.verified", False, "moves.pass: ends a case without a check"),
    ],
)
def test_a_workflow_that_could_lose_a_case_is_refused(tmp_path, path, value, said):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(changed(path, value), allow_unicode=True), encoding="utf-8")
    with pytest.raises(WorkflowError) as refused:
        read(file)
    assert str(refused.value).startswith("mine.yaml: ")
    assert said in str(refused.value)


def test_a_state_without_a_way_out_of_a_circle_is_refused():
    content = changed("moves.pass", None)
    content["states"]["closed"] = {"zh": "结", "en": "Closed", "verified": True}
    found = faults(build(content))
    assert "states.closed: no case can reach it" in found


def test_an_unknown_name_and_a_file_that_is_no_yaml_are_said(tmp_path):
    with pytest.raises(WorkflowError, match="expected one of county, five_step"):
        workflow_file.load("six_step")
    (tmp_path / "broken.yaml").write_text("{", encoding="utf-8")
    with pytest.raises(WorkflowError, match=r"broken\.yaml: cannot be read"):
        read(tmp_path / "broken.yaml")
