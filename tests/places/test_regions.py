"""What GB/T 2260 codes say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.places import Region, ancestors_of, is_within, level_of, parent_of
from lantian.places.regions import MUNICIPALITIES

counties = st.from_regex(r"(1[1-5]|3[1-7]|4[1-6]|50)(0[1-9]|[1-9][0-9]){2}", fullmatch=True)


@pytest.mark.parametrize(
    ("code", "kind", "parent"),
    [
        ("110000", "city", None),
        ("310000", "city", None),
        ("130000", "province", None),
        ("130100", "city", "130000"),
        ("130102", "county", "130100"),
        ("110105", "county", "110000"),
        ("500229", "county", "500000"),
        ("419001", "county", "410000"),
        ("110105001", "township", "110105"),
        ("441900003", "township", "441900"),
        ("Z11010501", "zone", "110105"),
        ("Z11000012", "zone", "110000"),
    ],
)
def test_the_code_says_kind_and_parent(code: str, kind: str, parent: str | None) -> None:
    assert (level_of(code), parent_of(code)) == (kind, parent)


@pytest.mark.parametrize(
    "code", ["", "11", "11010", "1101050", "910000", "100000", "110001", "1001A", "Z110105", "Z1101051", "１１００００"]
)
def test_what_is_no_code_is_refused_with_what_would_be(code: str) -> None:
    with pytest.raises(ValueError, match="expected six digits"):
        level_of(code)


@pytest.mark.parametrize("code", ["110100", "500200", "419000", "110100001", "Z11010001"])
def test_headings_are_no_places(code: str) -> None:
    with pytest.raises(ValueError, match="heading of GB/T 2260"):
        level_of(code)


@given(counties)
def test_every_county_lies_in_all_that_stand_above_it(code: str) -> None:
    above = ancestors_of(code)
    assert above[0] == parent_of(code)
    assert all(is_within(code, region) and not is_within(region, code) for region in above)
    assert above[-1] == code[:2] + "0000"
    assert (len(above) == 1) == (above[-1] in MUNICIPALITIES or code[2:4] == "90")


def test_neighbours_do_not_contain_each_other() -> None:
    assert is_within("110105", "110105")
    assert not is_within("110105", "120000")
    assert is_within("Z11010501", "110000")


def test_a_region_needs_a_name_and_an_invented_one_says_so() -> None:
    assert Region("110105", "朝阳区").parent == "110000"
    with pytest.raises(ValueError, match="name is empty"):
        Region("110105", " ")
    with pytest.raises(ValueError, match="must contain 示例"):
        Region("Z11010501", "朝阳开发区", example=True)
