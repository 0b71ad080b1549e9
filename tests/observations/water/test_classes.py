"""The class of a set of values: every limit of the table, the rules at equal limits, what exceeds and by how much."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.observations.water import WORSE, judge, law, roman
from lantian.observations.water.law import SHIPPED

LAW = law()
CEILINGS = [item for item in LAW.items.values() if item.rule == "ceiling"]


@pytest.mark.requirement("M12", part="section class")
@pytest.mark.parametrize("body", ["river", "lake"])
@pytest.mark.parametrize("item", CEILINGS, ids=lambda item: item.code)
def test_a_value_at_a_limit_has_the_better_class(item: object, body: str) -> None:
    limits = item.of(body)
    for number, limit in enumerate(limits, 1):
        first = limits.index(limit) + 1  # equal limits of adjacent classes give the better class
        assert judge({item.code: limit}, body).grades[item.code] == first
        above = next((n for n, other in enumerate(limits, 1) if other > limit), WORSE)
        assert judge({item.code: limit + Decimal("0.0000001")}, body).grades[item.code] == above, (number, limit)


@pytest.mark.parametrize(
    ("oxygen", "grade"), [("7.5", 1), ("7.49", 2), ("6", 2), ("5", 3), ("4.9", 4), ("3", 4), ("2", 5), ("1.99", 6)]
)
def test_oxygen_falls(oxygen: str, grade: int) -> None:
    assert judge({"do": oxygen}).grade == grade


def test_oxygen_near_saturation_is_of_class_one() -> None:
    assert judge({"do": "6.8", "do_saturation": 90}).grade == 1
    assert judge({"do": "6.8", "do_saturation": "89.9"}).grade == 2
    assert judge({"do_saturation": 95}).grade is None  # it says nothing alone


@pytest.mark.parametrize(("ph", "grade"), [("5.99", 6), ("6", 1), ("9", 1), ("9.01", 6)])
def test_ph_is_within_or_worse_than_five(ph: str, grade: int) -> None:
    assert judge({"ph": ph}).grade == grade


def test_the_worst_item_is_the_class_and_nitrogen_and_coliforms_do_not_count() -> None:
    found = judge({"cod": 14, "tp": "0.08", "tn": 8, "coliform": 90000}, "river", 3)
    assert (found.grade, found.met, found.grades["tn"], found.exceeding) == (2, True, WORSE, ())
    assert judge({"tp": "0.08"}, "lake").grade == 4


@pytest.mark.requirement("M12", part="main exceeding items")
def test_what_exceeds_is_measured_by_the_class_aimed_at() -> None:
    values = {"nh3n": "1.8", "cod": 36, "bod5": 6, "tp": "0.5", "do": "2.5", "ph": "9.4"}
    found = judge(values, target=4)
    assert found.grade == WORSE
    assert not found.met
    assert [(one.item, one.limit, one.multiple) for one in found.exceeding] == [
        ("tp", Decimal("0.3"), Decimal("0.67")),
        ("cod", Decimal(30), Decimal("0.20")),
        ("nh3n", Decimal("1.5"), Decimal("0.20")),
        ("ph", Decimal(9), None),
        ("do", Decimal(3), None),
    ]
    assert found.main == ("tp", "cod", "nh3n")  # against class III: 1.50, 0.80, 0.80


def test_without_a_target_what_exceeds_is_worse_than_three() -> None:
    found = judge({"cod": 25})
    assert (found.met, found.exceeding[0].multiple, found.main) == (None, Decimal("0.25"), ("cod",))
    assert judge({"temperature": 12}).grade is None


@given(
    st.dictionaries(
        st.sampled_from([item.code for item in CEILINGS if item.code not in LAW.not_judged]),
        st.decimals(0, 100, places=4), min_size=1,
    )
)  # fmt: skip
def test_more_of_anything_is_never_better(values: dict[str, Decimal]) -> None:
    grade = judge(values).grade
    assert grade == max(judge({code: value}).grade or 0 for code, value in values.items())
    assert all((judge({**values, code: value * 2}).grade or 0) >= (grade or 0) for code, value in values.items())


def test_words_and_numerals() -> None:
    assert [roman(grade) for grade in range(1, 7)] == ["I", "II", "III", "IV", "V", "劣V"]
    assert [LAW.word(grade, "zh") for grade in (1, 3, 4, 5, 6)] == ["优", "良好", "轻度污染", "中度污染", "重度污染"]
    assert (LAW.confidence, LAW.method_confidence) == ("HIGH", "MEMORY")


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ('["2", "4", "6", "10", "15"]', '["2", "4", "6", "10"]', r"items\.codmn\.limits: 4 values; expected"),
        ('["2", "4", "6", "10", "15"]', '["2", "4", "6", "10", "9"]', "from the strictest to the mildest"),
        ("rule: floor", "rule: least", r"items\.do\.rule: 'least'; expected"),
        ("not_judged: [tn,", "not_judged: [nt,", "'nt'; expected one of ph"),
        ("  main: 3 ", "  mean: 3 ", "'main' is missing"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, was: str, now: str, says: str) -> None:
    file = tmp_path / "city.yaml"
    text = SHIPPED.read_text(encoding="utf-8")
    assert was in text
    file.write_text(text.replace(was, now), encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        law(file)
