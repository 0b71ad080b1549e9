"""Facts: completions in published digits, and a file that is wrong is refused in a sentence."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.accountability import facts
from lantian.accountability.facts import FactsError, Subject

GIVEN: dict[str, Any] = {
    "as_of": "2018-04-20",
    "period": "2017AW",
    "cities": [
        {
            "code": "140500",
            "name": "晋城市",
            "target_percent": 10,
            "change_percent": -3.7,
            "before": 54,
            "after": 52,
            "rank": 28,
            "ranked": 28,
            "links": ["/targets?target=5"],
        }
    ],
    "counties": [{"code": "140581", "name": "高平市", "city": "140500", "unfinished": 2, "new": 0, "example": True}],
    "townships": [{"code": "140581100", "name": "示例镇", "county": "140581", "unfinished": 1}],
    "zones": [{"code": "Z14058101", "name": "示例开发区", "county": "140581", "value": 61.5, "mean": "58"}],
}


@pytest.mark.requirement("C1", part="completion in published digits")
@pytest.mark.parametrize(
    ("change", "target", "completion"),
    [
        ("-33.1", "25", "132.4"),
        ("-20.0", "20", "100.0"),
        ("-4.4", "10", "44.0"),
        ("-21.6", "15", "144.0"),
        ("-3.7", "10", "37.0"),
        ("62.7", "15", "-418.0"),
        ("-0.45", "100", "0.4"),  # 0.45 is a tie: to the even digit
        ("-0.55", "100", "0.6"),
        ("0.01", "25", "0.0"),
    ],
)
def test_completion_is_the_achieved_cut_over_the_wanted(change: str, target: str, completion: str) -> None:
    found = Subject("110000", "北京市", target_percent=Decimal(target), change_percent=Decimal(change)).completion
    assert str(found) == completion


@pytest.mark.requirement("C1", part="completion in published digits")
@given(st.decimals(-99, 500, places=2), st.decimals("0.1", 100, places=1))
def test_a_concentration_that_rose_never_has_a_positive_completion(change: Decimal, target: Decimal) -> None:
    subject = Subject("110000", "北京市", target_percent=target, change_percent=change)
    assert subject.completion is not None
    assert subject.rose == (change > 0)
    if subject.rose:
        assert subject.completion <= 0
    assert abs(subject.completion + change / target * 100) <= Decimal("0.05")


def test_the_change_comes_from_the_concentrations_where_it_is_not_published() -> None:
    assert Subject("1", "x", before=Decimal(80), after=Decimal(60)).change == Decimal("-25.0")
    level = Subject("1", "x", before=Decimal(80), after=Decimal(80), change_percent=Decimal("0.4"))
    assert level.rose  # equal in whole micrograms; the published change has more digits
    assert Subject("1", "x", before=Decimal(80)).completion is None


def test_facts_are_read_and_written_again_the_same(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(GIVEN, ensure_ascii=False), "utf-8")
    found = facts.read(file)
    assert found.cities[0].completion == Decimal("37.0")
    assert found.counties[0].example
    assert found.zones[0].value == Decimal("61.5")
    assert found.zones[0].mean == Decimal(58)
    assert facts.read(found.to_json()) == found
    assert facts.read(found.to_json()).to_json() == found.to_json()
    assert found.named("140581") is found.counties[0]
    assert found.named("999999") is None


def changed(path: str, value: object) -> str:
    """The given facts with one value in another form."""
    copy = json.loads(json.dumps(GIVEN))
    *steps, last = path.split(".")
    part = copy
    for step in steps:
        part = part[int(step)] if step.isdigit() else part[step]
    part[last] = value
    return json.dumps(copy, ensure_ascii=False)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("as_of", "20 April", "as_of '20 April': expected a day such as 2017-10-01"),
        ("as_of", "2016-01-01", "as_of '2016-01-01': expected 2017-10-01, the first day of 2017AW, or a later day"),
        ("period", "winter", "period 'winter': expected a period"),
        ("cities.0.target_percent", "ten", "cities 140500: target_percent 'ten': expected a number"),
        ("cities.0.target_percent", 0, "cities 140500: target_percent 0: expected the cut wanted, above 0"),
        ("cities.0.target_percent", True, "cities 140500: target_percent True: expected a number"),
        ("cities.0.before", -1, "before -1: expected a number of at least 0"),
        ("cities.0.before", 0, "before 0: expected a concentration above 0"),
        ("cities.0.after", 60, "change_percent -3.7: expected a change above 0, as from 54 to 60"),
        ("cities.0.rank", 29, "rank 29: expected at most ranked, 28"),
        ("cities.0.ranked", None, "ranked None: expected rank and ranked together, or neither"),
        ("cities.0.name", "", "cities 140500: name '': expected a text"),
        ("cities.0.unfinished", 3, "cities 140500: unfinished 3: expected one of"),
        ("cities.0.links", "/targets", "links '/targets': expected a list of texts"),
        ("counties.0.unfinished", 2.5, "counties 140581: unfinished"),
        ("counties.0.unfinished", -1, "unfinished -1: expected a whole number of at least 0"),
        ("counties.0.city", "999900", "counties 140581: city '999900': expected the code of one of the cities given"),
        ("counties.0.code", None, "counties 1: code None: expected a text"),
        ("zones", [GIVEN["zones"][0]] * 2, "zones Z14058101: code 'Z14058101' stands twice"),
        ("zones", {}, "zones {}: expected a list of zones entries"),
        ("regions", [], "regions []: expected one of"),
    ],
)
def test_wrong_facts_are_refused_with_file_entry_field_value_and_what_is_right(
    path: str, value: object, said: str
) -> None:
    with pytest.raises(FactsError) as caught:
        facts.read(changed(path, value))
    assert said in str(caught.value)


def test_text_that_is_no_json_and_keys_that_stand_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FactsError, match=r"line 2: .*expected JSON"):
        facts.read("{\n nothing")
    with pytest.raises(FactsError, match="as_of stands twice"):
        facts.read('{"as_of": "2018-01-01", "as_of": "2018-01-02"}')
    with pytest.raises(FileNotFoundError, match=r"no\.json: there is no such file"):
        facts.read(tmp_path / "no.json")
