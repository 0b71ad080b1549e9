"""The tree of sectors and the names under which files know sectors and species."""

import pytest

from lantian.emissions import SECTORS, SPECIES, profiles
from lantian.emissions.sectors import branch, lineage, sector_of, species_of

pytestmark = pytest.mark.requirement("F2", part="sector tree")


def test_every_sector_hangs_on_the_tree_and_has_a_chinese_and_an_english_name():
    for code, sector in SECTORS.items():
        assert lineage(code)[0] == code
        assert sector.parent == "" or sector.parent in SECTORS
        assert sector.zh
        assert sector.en
    wanted = {
        "power",
        "steel",
        "cement",
        "coking",
        "chemicals",
        "residential_coal",
        "heating_boilers",
        "road",
        "non_road",
    }
    wanted |= {"construction_dust", "road_dust", "soil_dust", "solvents", "gas_stations", "open_burning", "catering"}
    assert wanted < SECTORS.keys()


def test_a_branch_holds_all_below_it():
    assert branch(["dust"]) == ("dust", "construction_dust", "road_dust", "soil_dust")
    with pytest.raises(ValueError, match="unknown sectors smoke"):
        branch(["smoke"])


@pytest.mark.parametrize(
    ("name", "code"),
    [("NOx", "NOX"), ("PM2.5", "PM25"), ("VOCs", "NMVOC"), ("so2", "SO2"), ("PMcoarse", "PMC"), ("CO2", None)],
)
def test_species_are_known_by_the_names_that_files_use(name, code):
    assert species_of(name) == code
    assert code is None or code in SPECIES


@pytest.mark.parametrize(("name", "code"), [("民用散煤", "residential_coal"), ("Steel", "steel"), ("smoke", None)])
def test_sectors_are_known_by_code_and_name(name, code):
    assert sector_of(name) == code


def test_a_sector_has_what_its_parent_says_where_it_says_nothing_itself():
    known = profiles.load().sectors
    assert set(known) == set(SECTORS)
    assert known["steel"].hours == known["industry"].hours
    assert known["steel"].stack != known["industry"].stack
    assert known["catering"].proxy == "population"


def test_a_city_puts_its_own_lines_over_the_shipped_ones(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text("[sector.road]\nrest = 0.5\n[shapes.months]\nmine = [1,1,1,1,1,1,1,1,1,1,1,9]\n", encoding="utf-8")
    changed = profiles.load(own)
    assert changed.sectors["road"].rest == 0.5
    assert changed.sectors["road"].hours == profiles.load().sectors["road"].hours


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sector.smoke]\nrest = 1", "unknown sectors smoke"),
        ("[sector.road]\nspeed = 1", "sector.road: unknown speed"),
        ('[sector.road]\nhours = "mine"', "hours 'mine'; expected one of"),
        ("[sector.road]\nheights = [[0, 10, 0.5]]", "shares that add up to 1"),
        ("[sector.road]\nno2 = 3", "no2 = 3; expected 0 to 1"),
        ("[shapes.hours]\nmine = [1, 2]", "expected 24 weights"),
        ("[climate]\nseason = [1, 2]", "climate.season"),
        ("[weather]", "unknown weather"),
        ("hours =", "not TOML"),
    ],
)
def test_a_wrong_table_of_profiles_is_refused_with_what_is_wrong(tmp_path, text, said):
    own = tmp_path / "own.toml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said.replace("[", r"\[")):
        profiles.load(own)
