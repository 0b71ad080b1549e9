"""From weights to dustfall: the formula, its one rounding, limits, ranks, shares, and weights that cannot be right."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.observations.dustfall import (
    Exposure,
    Jar,
    Site,
    attainment,
    counties,
    dustfall,
    faults,
    ranked,
    rules,
    site_months,
)  # fmt: skip
from lantian.observations.dustfall.weights import SHIPPED

MONTH = date(2016, 11, 1)
SITES = {
    one.id: one
    for one in (
        Site("a1", "甲", "110105"), Site("a2", "乙", "110105"), Site("b1", "丙", "110106", dusty=True),
        Site("c1", "丁", "110107"),
    )
}  # fmt: skip


def exposure(gain: str, blank: str = "0", area: str = "100", days: str = "30") -> Exposure:
    return Exposure(Decimal(gain), Decimal(blank), Decimal(area), Decimal(days))


def jar(site: str, gain: str, number: str = "1", **more: str) -> Jar:
    return Jar(site, MONTH, number, exposure(gain, **more))


@pytest.mark.requirement("M8", part="computed from weights")
def test_a_gram_on_a_hundred_square_centimetres_in_thirty_days_is_a_hundred_tonnes() -> None:
    assert dustfall(exposure("1")) == 100
    assert dustfall(exposure("0.1234", "0.0034")) == 12
    assert dustfall(exposure("0.12", days="31")).quantize(Decimal("0.0001")) == Decimal("11.6129")
    with pytest.raises(ValueError, match="area 0 cm2"):
        dustfall(exposure("1", area="0"))


@given(
    tonnes=st.decimals("0.1", 60, places=3),
    area=st.integers(50, 1000),
    days=st.integers(27, 33),
    blank=st.decimals(0, 1, places=4),
)
def test_weights_made_from_a_dustfall_give_it_back(tonnes: Decimal, area: int, days: int, blank: Decimal) -> None:
    """1 t/km2 is 1 g/m2: the grams on this mouth in these days, computed the other way round."""
    grams = tonnes * area / 10_000 * days / 30
    found = dustfall(Exposure(grams + blank, blank, Decimal(area), Decimal(days)))
    assert abs(found - tonnes) < Decimal("1e-20")


@pytest.mark.parametrize(
    ("weighing", "fields"),
    [
        (exposure("0.09", "0.001"), []),
        (exposure("0.09", "0.09"), ["blank"]),
        (exposure("0.09", "0.10"), ["blank"]),
        (exposure("-0.01"), ["gain"]),
        (exposure("0.09", days="26.9"), ["days"]),
        (exposure("0.09", days="27"), []),
        (exposure("0.09", days="33"), []),
        (exposure("0.09", days="34", area="7"), ["days", "area"]),
    ],
)
def test_weights_that_cannot_be_right_are_named(weighing: Exposure, fields: list[str]) -> None:
    found = faults(weighing)
    assert [one.field for one in found] == fields
    assert all(one.zh and one.en for one in found)


@pytest.mark.requirement("M8", part="limit 9, in dusty terrain 12")
def test_published_digits_decide_on_the_limit() -> None:
    found = site_months([jar("a1", "0.0905"), jar("a2", "0.0906"), jar("b1", "0.12"), jar("b1", "0.1", "2")], SITES)
    assert [(one.site.id, one.value, one.limit, one.met) for one in found] == [
        ("a1", Decimal("9.0"), 9, True),  # 9.05 to the even digit
        ("a2", Decimal("9.1"), 9, False),
        ("b1", Decimal("11.0"), 12, True),
    ]
    assert attainment(found) == (2, 3, Decimal("66.7"))


def test_a_jar_that_cannot_be_right_is_left_out_and_named() -> None:
    found = site_months([jar("a1", "0.05"), jar("a1", "0.9", "2", days="40"), jar("a2", "0.01", blank="0.02")], SITES)
    assert [(one.value, [number for number, _ in one.wrong]) for one in found] == [
        (Decimal("5.0"), ["2"]),
        (None, ["1"]),
    ]
    assert (found[1].met, attainment(found)) == (None, (1, 1, Decimal("100.0")))


@pytest.mark.requirement("M8", part="ranked, attainment share")
def test_counties_are_ranked_by_the_mean_of_exact_values() -> None:
    found = counties(
        site_months([jar("a1", "0.0804"), jar("a2", "0.0807"), jar("b1", "0.0804"), jar("c1", "0.12")], SITES)
    )
    # 8.04 and 8.07 have the mean 8.055, which is 8.1; rounded each by itself they would give 8.0
    assert [(one.region, one.value, one.rank, one.limit, one.met) for one in found] == [
        ("110106", Decimal("8.0"), 1, 12, True),
        ("110105", Decimal("8.1"), 2, 9, True),
        ("110107", Decimal("12.0"), 3, 9, False),
    ]
    assert attainment(found) == (2, 3, Decimal("66.7"))
    assert ranked({}) == {}


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    assert (rules().plain, rules().dusty) == (9, 12)
    file = tmp_path / "dustfall.yaml"
    file.write_text(SHIPPED.read_text(encoding="utf-8").replace('value: "9"', 'value: "-9"'), encoding="utf-8")
    with pytest.raises(ValueError, match=r"limits\.plain\.value: '-9'; expected a number above 0"):
        rules(file)
