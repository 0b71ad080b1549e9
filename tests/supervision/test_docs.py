"""What the documents say of cases runs and is current."""

import re
from pathlib import Path

import pytest

from lantian.supervision import diagram, workflow_file

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.requirement("V3", part="workflows drawn in the docs")
@pytest.mark.parametrize("name", workflow_file.names())
def test_the_pictures_show_the_workflows_as_they_are(name):
    drawn = diagram.svg(workflow_file.load(name), "zh", style=True)
    assert (DOCS / "pictures" / f"workflow-{name}.svg").read_text(encoding="utf-8") == drawn
    workflow = workflow_file.load(name)
    assert all(f">{state.zh}</text>" in drawn for state in workflow.states.values())
    assert all(f">{move.zh}</text>" in drawn for move in workflow.moves.values())


def test_the_example_of_the_page_runs(platform, monkeypatch, capsys):
    from lantian.kernel import accounts
    from lantian.kernel.accounts import Account, Grant

    held = frozenset({"cases.read", "cases.report", "cases.assign"})
    office = Account(1, "office", "office", region="110000", grants=(Grant("office", held, None, "110000"),))
    monkeypatch.setattr(accounts, "get_account", lambda engine, login: office)
    monkeypatch.setattr("lantian.kernel.bootstrap.open_platform", lambda: Kept(platform))
    text = (DOCS / "supervision" / "cases.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
    exec(compile(code, "cases.md", "exec"), {})
    assert "Deadline(date=" in capsys.readouterr().out


class Kept:
    """A platform that stays open after the example has left it."""

    def __init__(self, platform):
        self.platform = platform

    def __enter__(self):
        return self.platform

    def __exit__(self, *_):
        return None
