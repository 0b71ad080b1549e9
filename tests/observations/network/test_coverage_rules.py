"""How many stations counties and cities need, which ones count, and what is missing."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lantian.observations.network import Size, cities, counties, minimum, rules
from lantian.observations.network.coverage import SHIPPED
from lantian.places.regions import Region
from lantian.places.stations import Station

DAY = date(2016, 12, 16)
REGIONS = [
    Region("130100", "石家庄市"), Region("130102", "长安区"), Region("130123", "正定县"), Region("130181", "辛集市"),
    Region("130000", "河北省"), Region("110000", "北京市"),
]  # fmt: skip


def station(code: str, region: str, kind: str = "state", **more: object) -> Station:
    return Station(code, code, kind, region, 114.5, 38.0, **more)  # type: ignore[arg-type]


@pytest.mark.requirement("M11", part="counties and districts")
def test_a_county_needs_two_and_a_district_one() -> None:
    stations = [
        station("A", "130102"),
        station("B", "130123", "city"),
        station("C", "130181", "micro"),
        station("D", "130181", "site"),
        station("E", "130181", since=date(2016, 12, 17)),
        station("F", "130181", until=date(2016, 12, 15)),
        station("G", "130181", "province", until=DAY),
    ]
    found = counties(REGIONS, stations, DAY)
    assert [(one.region.code, one.kind, one.needed, one.stations, one.missing) for one in found] == [
        ("130102", "district", 1, ("A",), 0),
        ("130123", "county", 2, ("B",), 1),
        ("130181", "county", 2, ("G",), 1),
    ]


@pytest.mark.requirement("M11", part="HJ 664 minimum")
@pytest.mark.parametrize(
    ("population", "area", "stations"),
    [
        (24.9, 19.9, 1), (25, 19, 2), (24, 20, 2), (50, 1, 4), (1, 99.9, 4), (100, 1, 6), (1, 100, 6), (200, 1, 8),
        (1, 200, 8), (299, 399, 8), (300, 1, 10), (1, 400, 10), (300, 601, 11), (2000, 1401, 24), (None, 30, 2),
        (30, None, 2), (None, None, None),
    ],
)  # fmt: skip
def test_the_larger_of_people_and_area_counts(
    population: float | None, area: float | None, stations: int | None
) -> None:
    assert minimum(population, area) == stations


@given(st.floats(0, 3000), st.floats(0, 3000), st.floats(1, 2))
def test_a_larger_city_never_needs_fewer(population: float, area: float, factor: float) -> None:
    assert (minimum(population * factor, area * factor) or 0) >= (minimum(population, area) or 0)


def test_control_points_do_not_count_for_a_city_and_an_unknown_size_is_said() -> None:
    stations = [station("A", "130102"), station("B", "130123"), station("C", "130123", evaluation=False)]
    sizes = {"130100": Size("130100", 260, 270, 2015)}
    beijing, shijiazhuang = cities(REGIONS, stations, sizes, DAY)
    assert (beijing.needed, beijing.missing, beijing.size) == (None, None, None)
    assert (shijiazhuang.needed, shijiazhuang.stations, shijiazhuang.missing) == (8, ("A", "B"), 6)


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ("county: 2 ", "county: two ", r"counties\.county: 'two'; expected a number above 0"),
        ("counted: [state, province, city]   # kinds", "counted: [national]   # kinds", "'national'; expected state"),
        ("population: 25,", "population: 60,", "from the smallest city to the largest"),
        ("beyond: {stations: 10,", "beyond: {number: 10,", r"cities\.beyond\.stations: missing"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, was: str, now: str, says: str) -> None:
    text, file = SHIPPED.read_text(encoding="utf-8"), tmp_path / "network.yaml"
    assert was in text
    file.write_text(text.replace(was, now), encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        rules(file)
