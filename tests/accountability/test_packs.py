"""Packs: the shipped ones say what the regulation says; a wrong one is refused in a sentence with all it needs."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from lantian.accountability import packs
from lantian.accountability.packs import FOLDER, PackError

TEXT = (FOLDER / "2017-18.yaml").read_text("utf-8")


@pytest.mark.requirement("C1", part="the pack of 2017-18")
def test_the_pack_of_2017_18_is_the_regulation() -> None:
    pack = packs.load("2017-18")
    ladders = {
        rule.id: [(step.completion_below or step.at_least or step.rose, step.post.code) for step in rule.steps]
        for rule in pack.rules
    }
    assert ladders == {
        "result": [(Decimal(60), "vice_mayor"), (Decimal(30), "mayor"), (True, "city_secretary")],
        "task-unfinished": [(2, "deputy_head"), (4, "head"), (6, "county_secretary")],
        "task-new": [(5, "deputy_head"), (10, "head"), (15, "county_secretary")],
        "city": [(2, "vice_mayor"), (3, "mayor"), (4, "city_secretary")],
    }
    assert (pack.rule("result").last, pack.document, pack.official) == (3, "环督察〔2017〕115号", True)
    assert (pack.start, pack.end) == (date(2017, 10, 1), date(2018, 3, 31))


@pytest.mark.requirement("C1", part="dated packs")
def test_packs_are_dated() -> None:
    for day, found in (("2017-09-30", 2), ("2017-10-01", 3), ("2018-03-31", 3), ("2018-04-01", 2)):
        assert len(packs.on(date.fromisoformat(day))) == found, day
    assert packs.on(date(2018, 1, 1))[0].name == "2017-18"  # the official one first
    assert packs.on(date(2010, 1, 1)) == ()


def test_every_rule_of_every_pack_cites_a_clause_and_own_designs_say_so() -> None:
    for name in packs.names():
        pack = packs.load(name)
        assert all(rule.clause and rule.confidence in packs.CONFIDENCES for rule in pack.rules)
        if not pack.official:
            assert pack.confidence == "OWN"
            assert "自拟" in pack.zh


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("kind: result", "kind: outcome", "rule result: kind 'outcome': expected one of result, task, spread, place"),
        (
            "completion_below: 60,",
            "completion_below: sixty,",
            "rule result, step 1: completion_below 'sixty': expected a number",
        ),
        (
            "completion_below: 60,",
            "completion_below: 20,",
            "rule result: steps",
        ),
        (
            "{at_least: 4, post: head}",
            "{at_least: 4, post: chief}",
            "step 2: post 'chief': expected one of deputy_head",
        ),
        ("{at_least: 2, post: deputy_head}", "{at_least: 0, post: deputy_head}", "a whole number of at least 1"),
        ("{at_least: 2, post: deputy_head}", "{post: deputy_head}", "step 1: field at_least is missing"),
        ("    near: 5", "    nearly: 5", "rule result: nearly 5: expected one of"),
        ("    last: 3", "", "rule result: field last is missing: expected a whole number of at least 1"),
        ("from: 2017-10-01", "from: October", "in_force: from 'October': expected a day such as 2017-10-01"),
        ("to: 2018-03-31", "to: 2016-03-31", "in_force, to 2016-03-31: expected 2017-10-01 or a later day"),
        ("counts: [task-unfinished, task-new]", "counts: [tasks]", "rule city: counts 'tasks': expected the id"),
        ("id: task-new", "id: task-unfinished", "rule task-unfinished: id 'task-unfinished' stands twice"),
        (
            "    confidence: HIGH\n    last: 3",
            "    confidence: sure\n    last: 3",
            "confidence 'sure': expected one of",
        ),
        ("measure: new", "measure: fresh", "rule task-new: measure 'fresh': expected one of unfinished, new"),
        ("official: true", "official: perhaps", "official 'perhaps': expected true or false"),
        ("issuer: 环境保护部", "issuer: ''", "issuer '': expected a text"),
        ("issuer: 环境保护部", "pack: again", "pack stands twice"),
        ("rules:", "rules: [", "expected YAML"),
        (TEXT, "- a\n- b\n", "expected fields with values"),
    ],
)
def test_a_wrong_pack_is_refused_with_file_rule_field_value_and_what_is_right(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    assert before in TEXT
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT.replace(before, after, 1), "utf-8")
    with pytest.raises(PackError) as caught:
        packs.load(file)
    assert str(caught.value).startswith("mine.yaml")
    assert said in str(caught.value)


def test_a_pack_is_found_by_name_or_path_and_a_missing_one_names_what_there_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(TEXT, "utf-8")
    assert packs.load(file) == packs.load("2017-18") == packs.load(TEXT)
    with pytest.raises(FileNotFoundError, match="expected one of 2017-18, county, zones, or the path"):
        packs.load("2018-19")
