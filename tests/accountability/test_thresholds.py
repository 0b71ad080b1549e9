"""Every threshold of every shipped pack: one below, at it, one above; what is expected is read from the YAML itself."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import yaml

from lantian.accountability import packs
from lantian.accountability.evaluate import Result, evaluate
from lantian.accountability.facts import Facts, Subject
from lantian.accountability.packs import FOLDER

RULES: list[tuple[str, dict[str, Any]]] = [
    (name, rule)
    for name in packs.names()
    for rule in yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))["rules"]
]


def of_kind(kind: str) -> Any:
    found = [(name, rule) for name, rule in RULES if rule["kind"] == kind]
    return pytest.mark.parametrize(("pack", "rule"), found, ids=[f"{name}-{rule['id']}" for name, rule in found])


def judge(pack: str, **levels: tuple[Subject, ...]) -> Result:
    return evaluate(packs.load(pack), Facts(date(2018, 3, 31), "2017AW", **levels))


def reached(result: Result, rule: str, where: str) -> list[tuple[str, str]]:
    return [(each.action, each.post) for each in result.proposals if each.where == where and each.rule == rule]


def expected(rule: dict[str, Any], met: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The heaviest of the steps that are met."""
    return [(met[-1].get("action", rule.get("action", "accountable")), met[-1]["post"])] if met else []


def around(rule: dict[str, Any]) -> list[int]:
    return sorted({step["at_least"] + by for step in rule["steps"] for by in (-1, 0, 1)})


@pytest.mark.requirement("C1", part="every threshold")
@of_kind("task")
def test_counts_of_problems(pack: str, rule: dict[str, Any]) -> None:
    for number in around(rule):
        counts = {"unfinished": 0, "new": 0, rule["measure"]: number}
        place = Subject("140581", "高平市", **counts)  # type: ignore[arg-type]
        met = [step for step in rule["steps"] if number >= step["at_least"]]
        result = judge(pack, **{rule["over"]: (place,)})
        assert reached(result, rule["id"], "140581") == expected(rule, met), number


@pytest.mark.requirement("C1", part="every threshold")
@of_kind("spread")
def test_counts_of_units(pack: str, rule: dict[str, Any]) -> None:
    for number in around(rule):
        held = tuple(Subject(f"1405{n:02d}", f"单位{n}", "140500", unfinished=9, new=0) for n in range(1, number + 1))
        met = [step for step in rule["steps"] if number >= step["at_least"]]
        result = judge(pack, **{rule["over"]: held}, **{rule["within"]: (Subject("140500", "晋城市"),)})
        assert reached(result, rule["id"], "140500") == expected(rule, met), number


@pytest.mark.requirement("C1", part="every threshold")
@of_kind("result")
def test_completions_of_the_last(pack: str, rule: dict[str, Any]) -> None:
    good = tuple(
        Subject(f"1301{n:02d}", f"市{n}", target_percent=Decimal(10), change_percent=Decimal(-20), unfinished=0, new=0)
        for n in range(rule["ranked_at_least"])
    )
    bounds = [Decimal(step.get("completion_below", 0)) for step in rule["steps"]]
    for completion in [bound + by for bound in bounds for by in (Decimal("-0.1"), Decimal(0), Decimal("0.1"))]:
        last = Subject(
            "140500", "晋城市", target_percent=Decimal(10), change_percent=-completion / 10, unfinished=0, new=0
        )
        assert last.completion == completion
        met = [
            step
            for step in rule["steps"]
            if (completion < 0 if step.get("rose") else completion < step["completion_below"])
        ]
        result = judge(pack, **{rule["over"]: (*good, last)})
        assert reached(result, rule["id"], "140500") == expected(rule, met), completion
        assert [each.where for each in result.proposals] == ["140500"] * bool(met)


@pytest.mark.requirement("C4", part="every threshold")
@of_kind("place")
@pytest.mark.parametrize("mean", ["50", "59.9", "60", "60.1"])
def test_places_from_the_end(pack: str, rule: dict[str, Any], mean: str) -> None:
    count = max(step["last"] for step in rule["steps"]) + 3
    for place in range(1, count + 1):  # from the end
        better = [
            Subject(f"Z110105{n:02d}", f"区{n}", value=Decimal(n), mean=Decimal(90)) for n in range(count - place)
        ]
        worse = [
            Subject(f"Z110105{50 + n}", f"区{n}", value=Decimal(61 + n), mean=Decimal(90)) for n in range(place - 1)
        ]
        own = Subject("Z11010599", "示例开发区", value=Decimal(60), mean=Decimal(mean))
        met = [step for step in rule["steps"] if place <= step["last"] and Decimal(60) > Decimal(mean)]
        result = judge(pack, zones=(*better, own, *worse))
        assert reached(result, rule["id"], "Z11010599") == expected(rule, met), place
