"""`lantian emissions`: tables out and in, versions, and the one step to an hourly field."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

ROOT = Path(__file__).parents[2]
PROVINCES = ROOT / "examples/beijing/data/emissions_provinces_reas32.csv"
AREAS = "region,sector,SO2,PM2.5,BC\n130602,residential_coal,{so2},20,25\n"

OUTLINES = """{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"code": "130602",
"name": "竞秀区"}, "geometry": {"type": "Polygon", "coordinates":
[[[115, 39], [115.5, 39], [115.5, 39.5], [115, 39.5], [115, 39]]]}}]}"""

pytestmark = pytest.mark.requirement("F2", part="lantian emissions: template, import, list, compare, grid")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "town-v1.csv").write_text(AREAS.format(so2=10), encoding="utf-8")
    (tmp_path / "town-v2.csv").write_text(AREAS.format(so2=8), encoding="utf-8")
    (tmp_path / "outlines.geojson").write_text(OUTLINES, encoding="utf-8")
    return tmp_path / "town-v1.csv"


def test_templates_are_written_once(alone, tmp_path):
    value = alone.value("emissions", "template", tmp_path / "t.xlsx")
    assert [Path(one).name for one in value["files"]] == ["t.xlsx"]
    assert "never overwrites" in alone.refusal("emissions", "template", tmp_path / "t.xlsx", code=4)
    assert "areas.csv" in alone.run("emissions", "template", tmp_path / "folder").stdout


def test_versions_are_kept_listed_and_compared(alone, table):
    first = alone.value("emissions", "import", table, "--year", "2016")
    assert (first["id"], first["year"], len(first["digest"])) == ("town-v1", 2016, 64)
    assert {"sector": "residential_coal", "species": "PM25", "amount": 20.0} in first["totals"]
    assert alone.value("emissions", "import", table, "--year", "2016") == first
    assert "give the new one another id" in alone.refusal(
        "emissions", "import", table.with_name("town-v2.csv"), "--year", "2016", "--id", "town-v1", code=2
    )
    alone.value("emissions", "import", table.with_name("town-v2.csv"), "--year", "2017")
    assert [row["id"] for row in alone.value("emissions", "list")["versions"]] == ["town-v1", "town-v2"]
    differences = alone.value("emissions", "compare", "town-v1", "town-v2")["differences"]
    assert [row["difference"] for row in differences if row["species"] == "SO2"] == [-2.0]
    told = alone.run("emissions", "compare", "town-v1", "town-v2").stdout
    assert "民用散煤" in told
    assert "-20.0" in told
    assert "town-v2" in alone.run("emissions", "list").stdout
    assert "no version 'x'" in alone.refusal("emissions", "compare", "x", "town-v1", code=2)


def test_a_table_with_faults_is_refused_with_all_of_them(alone, table):
    table.write_text(AREAS.format(so2="many"), encoding="utf-8")
    told = alone.refusal("emissions", "import", table, "--year", "2016", code=2)
    assert "town-v1.csv, line 2, amount: 'many'; expected a number" in told


def test_totals_become_an_hourly_field_in_one_step(alone, table, tmp_path):
    grid = ("--outlines", tmp_path / "outlines.geojson", "--cells", "20", "--spacing", "3000", "--hours", "3")
    value = alone.value(
        "emissions", "grid", table, "--year", "2016", "--from", "2016-12-16T20", *grid, "--out", tmp_path / "e.nc"
    )
    assert (value["hours"], value["from"]) == (3, "2016-12-16T20:00:00+08:00")
    assert max(row["error"] for row in value["ledger"]) < 1e-6
    assert {row["step"] for row in value["ledger"]} >= {"inventory", "space", "species", "height", "year", "hours"}
    with xr.open_dataset(tmp_path / "e.nc", engine="h5netcdf") as field:
        assert field.time.values[0] == np.datetime64("2016-12-16T12")
        assert float(field.SO2.sum() * 3.6) == pytest.approx(value["tonnes"]["SO2"], rel=1e-5)
        assert field.SO2.attrs["units"] == "kg s-1"
    told = alone.run(
        *("emissions", "grid", table, "--year", "2016", "--from", "2016-12-16T20", *grid, "--out", tmp_path / "e.zarr")
    )
    assert told.exit_code == 0, told.output
    assert "空间" in told.stdout or "space" in told.stdout
    assert "e.zarr" in told.stdout
    assert "species BC: 5 t left out: more than PM25 holds" in told.stdout  # also where BC is no species of its own


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "expected --lon and --lat"),
        (("--lon", "115"), "expected both --lon and --lat"),
        (("--lon", "115.2", "--lat", "39.2"), "amounts of regions need outlines"),
        (("--lon", "115.2", "--lat", "39.2", "--style", "cams"), "expected one of meic, edgar, reas"),
    ],
)
def test_what_the_grid_needs_is_said(alone, table, tmp_path, more, said):
    given = ("--year", "2016", "--from", "2016-12-16T20", "--out", tmp_path / "e.nc")
    assert said in alone.refusal("emissions", "grid", table, *given, *more, code=2)


def test_a_table_of_provinces_is_known_by_its_columns(alone):
    value = alone.value("emissions", "import", PROVINCES, "--year", "2013")
    assert (value["id"], value["level"]) == ("reas-2013", "province")
    assert any("TOTAL repeats" in note for note in value["notes"])


CITY = """name = "小城"
[places]
regions = "regions.csv"
[emissions]
inventory = "town"
outlines = { file = "outlines.geojson", code = "code", name = "name" }
"""


def test_a_city_s_inventory_comes_with_the_city(commands, table, tmp_path):
    (tmp_path / "city.toml").write_text(CITY, encoding="utf-8")
    (tmp_path / "regions.csv").write_text("code,name\n130602,竞秀区\n", encoding="utf-8")
    (tmp_path / "town").mkdir()
    (tmp_path / "town" / "inventory.csv").write_text("field,value\nid,town\nyear,2016\n", encoding="utf-8")
    (tmp_path / "town" / "areas.csv").write_text(AREAS.format(so2=3), encoding="utf-8")
    assert commands.run("load", tmp_path).exit_code == 0
    assert [row["id"] for row in commands.value("emissions", "list")["versions"]] == ["town"]
