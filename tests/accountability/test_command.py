"""``lantian account evaluate``: published digits, one JSON value, exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lantian.accountability import facts, packs
from lantian.accountability.evaluate import evaluate
from lantian.cli import app

FACTS: dict[str, Any] = {
    "as_of": "2018-04-20",
    "period": "2017AW",
    "cities": [
        {"code": "140500", "name": "晋城市", "target_percent": 10, "change_percent": -3.7, "rank": 28, "ranked": 28},
        {"code": "110000", "name": "北京市", "target_percent": 25, "change_percent": -33.1, "rank": 1, "ranked": 28},
    ],
    "counties": [
        {"code": "140581", "name": "高平市", "city": "140500", "unfinished": 2, "new": 0},
        {"code": "140525", "name": "泽州县", "city": "140500", "unfinished": 1, "new": 4},
    ],
}
"""The winter of 2017-18 as it was published: Jincheng completed 37 % and stood last; counties are examples."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(FACTS, ensure_ascii=False), "utf-8")
    return path


def run(*words: object, code: int = 0) -> str:
    answer = CliRunner().invoke(app, ["account", "evaluate", *map(str, words)])
    assert answer.exit_code == code, answer.output
    return answer.stdout


@pytest.mark.requirement("C1", part="command line")
def test_jincheng_is_the_vice_mayor_s_case(file: Path) -> None:
    value = json.loads(run("--pack", "2017-18", "--facts", file, "--json"))
    first = value["proposals"][0]
    assert (first["where"], first["post"], first["rule"]) == ("140500", "vice_mayor", "result")
    assert [(each["name"], each["value"], each["threshold"]) for each in first["facts"]] == [
        ("place", "28/28", "last 3"),
        ("completion", "37.0 %", "< 60 %"),
        ("change", "-3.7 %", ""),
    ]
    assert [each["where"] for each in value["proposals"]] == ["140500", "140581"]
    assert value == json.loads(evaluate(packs.load("2017-18"), facts.read(file)).to_json())
    assert (value["as_of"], value["document"]) == ("2018-04-20", "环督察〔2017〕115号")


@pytest.mark.requirement("C1", part="command line")
def test_people_read_a_table_and_what_is_near(file: Path) -> None:
    shown = run("--pack", "2017-18", "--facts", file)
    assert "2 条建议" in shown
    assert "晋城市 副市长" in shown
    assert "37.0 %" in shown
    assert "泽州县未完成整改问题 1 个，再多 1 个即达到问责副县（市、区）长一档。" in shown
    assert "泽州县新发现问题 4 个，再多 1 个" in shown


def test_what_cannot_be_used_is_refused_in_a_sentence(file: Path, tmp_path: Path) -> None:
    def refusal(*words: object, code: int = 2) -> str:
        value = json.loads(run(*words, "--json", code=code))
        assert value["exit"] == code
        return str(value["error"])

    assert "expected one of 2017-18, county, zones" in refusal("--pack", "2016", "--facts", file)
    assert "there is no such file" in refusal("--pack", "zones", "--facts", tmp_path / "none.json")
    assert "expected either --facts FILE, or --period" in refusal("--pack", "zones")
    assert "expected it only with --period" in refusal("--pack", "zones", "--facts", file, "--day", "2018-04-20")
    empty = tmp_path / "empty.json"
    empty.write_text('{"as_of": "2018-04-20", "period": "2017AW"}', "utf-8")
    assert "are known for 2017AW as of 2018-04-20" in refusal("--pack", "zones", "--facts", empty, code=3)
    file.write_text(file.read_text("utf-8").replace('"rank": 28', '"rank": 29'), "utf-8")
    assert "facts.json: cities 140500: rank 29: expected at most ranked, 28" in refusal(
        "--pack", "2017-18", "--facts", file
    )


@pytest.mark.requirement("C1", part="command line")
def test_the_platform_s_own_facts_are_evaluated(platform: Any) -> None:
    home, url = platform.home, platform.settings.database_url
    answer = CliRunner().invoke(
        app,
        ["account", "evaluate", "--pack", "zones", "--period", "2016-12", "--home", str(home), "--json"],
        env={"LANTIAN_DATABASE_URL": url},
    )
    assert answer.exit_code == 3, answer.output
    assert "no cities, counties, townships or zones are known for 2016-12" in json.loads(answer.stdout)["error"]
