"""A city's folder put into a data directory: its inventory as a version, its sheet of regions and proxies."""

from pathlib import Path

import pytest

from lantian.emissions import installed
from tests.emissions.north_china import EXAMPLE

CITY = """
name = "小城"
[places]
regions = "regions.csv"
[emissions]
inventory = "town.csv.d"
outlines = { file = "outlines.geojson", code = "code", name = "name" }
"""
OUTLINES = """{"type": "FeatureCollection", "features": [{"type": "Feature",
"properties": {"code": "130602", "name": "x"},
"geometry": {"type": "Polygon", "coordinates": [[[115, 39], [115.5, 39], [115.5, 39.5], [115, 39.5], [115, 39]]]}}]}"""
AREAS = "region,sector,SO2\n130602,road,{}\n"

pytestmark = pytest.mark.requirement("F2", part="an inventory loads with its city")


@pytest.fixture
def city(tmp_path: Path) -> Path:
    folder = tmp_path / "city"
    (folder / "town.csv.d").mkdir(parents=True)
    (folder / "city.toml").write_text(CITY, encoding="utf-8")
    (folder / "regions.csv").write_text("code,name\n130602,竞秀区\n", encoding="utf-8")
    (folder / "outlines.geojson").write_text(OUTLINES, encoding="utf-8")
    (folder / "town.csv.d" / "inventory.csv").write_text("field,value\nyear,2016\nid,town\n", encoding="utf-8")
    (folder / "town.csv.d" / "areas.csv").write_text(AREAS.format(10), encoding="utf-8")
    return folder


def test_an_inventory_of_one_s_own_loads_and_a_changed_one_is_a_version_of_its_own(city: Path, tmp_path: Path):
    home = tmp_path / "home"
    assert installed.sheet(home) is None
    assert installed.install(city, home) == "town"
    assert installed.install(city, home) == "town"
    (city / "town.csv.d" / "areas.csv").write_text(AREAS.format(12), encoding="utf-8")
    changed = installed.install(city, home)
    assert changed is not None
    assert changed.startswith("town-")
    assert installed.library(home).ids() == ("town", changed)
    sheet = installed.sheet(home)
    assert sheet is not None
    assert sheet.codes == ("130602",)


def test_a_folder_without_an_inventory_loads_nothing(city: Path, tmp_path: Path):
    (city / "city.toml").write_text('name = "小城"\n', encoding="utf-8")
    assert installed.install(city, tmp_path / "home") is None
    assert not (tmp_path / "home").exists()
    (city / "city.toml").write_text('name = "小城"\n[emissions]\nsmoke = 1\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"\[emissions\]: unknown smoke"):
        installed.install(city, tmp_path / "home")


def test_the_example_loads(tmp_path: Path):
    assert installed.install(EXAMPLE, tmp_path, step=1 / 15) == "example-north-china-2015"
    assert installed.library(tmp_path).list()["example"].to_list() == [True]
