"""The examples of the room's page and docstrings run as they are printed."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "standards.md"


def test_the_page_runs(capsys):
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(block, names)
    printed = capsys.readouterr().out
    for promised in (
        "looks like ug/m3, mg/m3 expected",
        "114 轻度污染 #ff7e00 ('pm25',)",
        "183.",
        "2017, 1, 3",
        "True",
    ):
        assert promised in printed
    assert names["judged"]["aqi"].to_list() == [428, 114]


@pytest.mark.parametrize("module", ["aqi", "aqi_values"])
def test_docstring_examples_run(module):
    result = doctest.testmod(importlib.import_module(f"lantian.standards.{module}"))
    assert result.attempted > 0
    assert result.failed == 0
