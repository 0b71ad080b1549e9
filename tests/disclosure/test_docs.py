"""docs/disclosure.md runs, and names what there is."""

import re
from pathlib import Path

from lantian.disclosure import rules
from lantian.disclosure.values import DOCUMENTS

PAGE = (Path(__file__).parents[2] / "docs" / "disclosure.md").read_text("utf-8")


def test_the_examples_run(capsys) -> None:
    space: dict[str, object] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.S):
        exec(compile(code, "docs/disclosure.md", "exec"), space)
    assert capsys.readouterr().out == "inspection_letter 2017-10-09 overdue 3\n"
    assert space["pdf"][:5] == b"%PDF-"


def test_every_duty_and_template_is_named() -> None:
    for name in (*(rule.kind for rule in rules.load().rules), *DOCUMENTS):
        assert f"| `{name}`" in PAGE
    for kind in DOCUMENTS.values():
        assert f"`{kind.__name__}`" in PAGE
