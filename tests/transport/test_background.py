"""Background air: the table, profiles of one's own, and that the datasets pass the door."""

import re
from pathlib import Path

import numpy as np
import pytest

from lantian.places.grid import Domain, nests
from lantian.places.levels import Levels, stretched
from lantian.transport import background, door, idealised
from lantian.transport.background import HEIGHTS, SUMMER, TABLE, WINTER, Profile, from_profile
from lantian.transport.species import COMPACT, FULL, REGISTRY

PAGE = Path(__file__).parents[2] / "docs" / "transport" / "nesting.md"
TIMES = idealised.whole_hours("2025-01-10T00", 3)
LINEAR = Profile("linear", (0.0, 4000.0), {"O3": (10.0, 50.0), "CO": (300.0, 100.0)})


@pytest.fixture
def domain() -> Domain:
    grid = nests(116.4, 39.9, (3000.0,), ((6, 7),))[0]
    return Domain(grid, Levels(stretched(5, 60.0, 2000.0)), np.linspace(20.0, 500.0, 42).reshape(6, 7))


def test_table_names_every_species_and_where_its_numbers_come_from():
    assert set(TABLE) == set(REGISTRY)
    for name, row in TABLE.items():
        assert row.unit in ("ppb", "ug kg-1"), name
        assert row.source, name
        assert len(row.winter) == len(row.summer) == len(HEIGHTS)


@pytest.mark.parametrize("profile", [WINTER, SUMMER])
def test_ozone_grows_with_height_and_all_else_falls(profile):
    for name, row in profile.mixing_ratio.items():
        steps = np.diff(row)
        assert np.all(steps > 0) if name == "O3" else np.all(steps <= 0), name


def test_gases_are_given_in_ppb_and_kept_by_mass():
    assert REGISTRY["O3"].to_ppb(WINTER.at(["O3"], 0.0)[0]) == pytest.approx(35.0)
    assert REGISTRY["CO"].to_ppb(SUMMER.at(["CO"], 1000.0)[0]) == pytest.approx(180.0)
    assert WINTER.at(["SO4"], 500.0)[0] == pytest.approx(1.35)


def test_made_up_inputs_start_in_the_same_air():
    assert set(idealised.BACKGROUND) == set(TABLE)
    for name, value in idealised.BACKGROUND.items():
        assert value == WINTER.at(FULL, 0.0)[FULL.index(name)], name


def test_fine_particles_stay_whole_whatever_is_carried():
    def pm25(species):
        of = dict(zip(species, WINTER.at(species, 800.0), strict=True))
        return sum(of.get(name, 0.0) for name in ("PPM25", "BC", "DUST", "SOA"))

    assert pm25(COMPACT) == pytest.approx(pm25(FULL))


@pytest.mark.parametrize("species", [COMPACT, FULL])
def test_edges_and_start_pass_the_door(domain, species):
    made = from_profile(domain, species, TIMES)
    weather = idealised.weather(domain, TIMES[0], 2)
    emissions = idealised.emissions(domain, TIMES[0], 2)
    forcing = door.open_forcing(domain, species, weather=weather, emissions=emissions, edges=made.edges)
    state = np.asarray(door.open_start(domain, species, made.start))
    assert forcing.hours == 2
    west = np.asarray(forcing.hour(0).edges.west)
    np.testing.assert_array_equal(west[0], state[..., 0])  # the ground goes on level beyond the edge
    assert "winter" in made.edges.attrs["notes"]


def test_a_profile_linear_in_height_is_exact_over_terrain(domain):
    made = from_profile(domain, ("CO", "O3"), TIMES, LINEAR)
    middle = (domain.heights[1:] + domain.heights[:-1]) / 2
    np.testing.assert_allclose(made.start["mixing_ratio"][:, 1], 10 + middle / 100, rtol=1e-6)
    np.testing.assert_allclose(made.start["mixing_ratio"][:, 0], 300 - middle / 20, rtol=1e-6)
    np.testing.assert_allclose(made.edges["north"][1, :, 1], 10 + middle[:, -1] / 100, rtol=1e-6)
    np.testing.assert_allclose(made.edges["top"][:, 1], 10 + domain.heights[-1, 0, 0] / 100, rtol=1e-6)


def test_beyond_its_heights_a_profile_keeps_its_outermost_value():
    np.testing.assert_array_equal(LINEAR.at(["O3"], [-200.0, 0.0, 4000.0, 9000.0])[0], [10, 10, 50, 50])


@pytest.mark.parametrize(
    ("heights", "rows", "says"),
    [
        ((0.0, 0.0), {"O3": (1.0, 2.0)}, "heights that rise"),
        ((), {}, "heights that rise"),
        ((0.0, 9.0), {"O3": (1.0,)}, "O3 has .* expected 2 values"),
        ((0.0, 9.0), {"O3": (1.0, -2.0)}, "O3 has .* of 0 or more"),
        ((0.0, 9.0), {"O3": (1.0, float("nan"))}, "O3 has .* of 0 or more"),
        ((0.0, 9.0), {"Ozone": (1.0, 2.0)}, "unknown species Ozone"),
    ],
)
def test_a_wrong_profile_is_refused(heights, rows, says):
    with pytest.raises(ValueError, match=says):
        Profile("mine", heights, rows)


def test_a_species_that_the_profile_lacks_is_named(domain):
    with pytest.raises(ValueError, match="background 'linear' has no NO2, SO2"):
        from_profile(domain, ("O3", "NO2", "SO2"), TIMES, LINEAR)


def test_a_gap_in_the_times_is_named(domain):
    with pytest.raises(ValueError, match="2025-01-10 01:00 is missing"):
        from_profile(domain, ("O3",), TIMES[[0, 2]], LINEAR)


def test_page_has_the_table():
    """Each row of the page is that of the code."""
    rows = re.findall(
        r"^\| `(\w+)` \| ([\w -]+) \| ([\d., ]+) \| ([\d., ]+) \| (.+?) \|$", PAGE.read_text(), re.MULTILINE
    )
    told = {
        name: background.Row(unit, *(tuple(map(float, part.split(", "))) for part in (winter, summer)), source)
        for name, unit, winter, summer, source in rows
    }
    assert told == {
        name: row._replace(winter=tuple(map(float, row.winter)), summer=tuple(map(float, row.summer)))
        for name, row in TABLE.items()
    }
