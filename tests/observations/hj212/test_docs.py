"""The examples of docs/hj212.md run, and its table names every tolerance."""

import re
from pathlib import Path

import pytest

from lantian.observations.faults import KINDS
from lantian.observations.hj212 import TOLERANCES
from lantian.observations.simulate import LINE_FAULTS

PAGE = (Path(__file__).parents[3] / "docs" / "hj212.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)

pytestmark = pytest.mark.requirement("M2", part="documentation")


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number, capsys):
    exec(compile(EXAMPLES[number], f"docs/hj212.md example {number}", "exec"), {})
    told = capsys.readouterr().out
    assert told
    if number == 0:
        assert "so2 2026-07-22 02:00:00+00:00 18.0" in told
        assert "CN=9014" in told


@pytest.mark.parametrize("names", [TOLERANCES, KINDS, LINE_FAULTS])
def test_every_name_is_explained(names):
    assert [name for name in names if f"`{name}`" not in PAGE] == []
