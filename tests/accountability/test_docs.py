"""docs/accountability.md runs, and names what there is."""

import re
from pathlib import Path

import pytest

from lantian.accountability import packs
from lantian.accountability.facts import FIELDS
from lantian.accountability.money import FOLDER

PAGE = (Path(__file__).parents[2] / "docs" / "accountability.md").read_text("utf-8")


def test_the_example_runs_and_says_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    exec(compile(code, "accountability.md", "exec"), {})
    printed = capsys.readouterr().out
    promised = re.findall(r"# (晋城市：.*?)……", code)
    assert len(promised) == 1
    assert promised[0] in printed
    assert "('高平市', '副县（市、区）长', 'task-unfinished')" in printed


def test_every_pack_schedule_and_field_is_documented() -> None:
    for name in (*packs.names(), *(f"schedules/{path.name}" for path in FOLDER.glob("*.yaml"))):
        assert f"`{name}`" in PAGE, name
    for level, fields in FIELDS.items():
        assert f"`{level}`" in PAGE
        for field in fields:
            assert re.search(rf"[` ]{field}[` ]", PAGE), field
