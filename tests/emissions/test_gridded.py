"""Files like those of MEIC, EDGAR and REAS, written here as those projects write them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lantian.emissions import EmissionError, gridded, profiles, reas
from lantian.places.geo import Box

pytestmark = pytest.mark.requirement("F2", part="files like MEIC's, EDGAR's and REAS's")

ROAD_JANUARY = profiles.load().sectors["transport"].months[0] / sum(profiles.load().sectors["transport"].months)


def ascii_grid(path: Path, rows: list[list[float]]) -> None:
    head = f"ncols {len(rows[0])}\nnrows {len(rows)}\nxllcorner 115\nyllcorner 39\ncellsize 0.5\nNODATA_value -9999\n"
    path.write_text(head + "\n".join(" ".join(map(str, row)) for row in rows) + "\n", encoding="ascii")


def test_twelve_months_of_meic_make_a_year_and_its_course(tmp_path: Path):
    for month in range(1, 13):
        ascii_grid(tmp_path / f"2016_{month:02d}__residential__PM25.asc", [[month, 0], [-9999, 2 * month]])
    read = gridded.read(tmp_path)
    (grid,) = read.grids
    assert (read.id, read.year, read.level) == ("meic-2016", 2016, "national")
    # rows in the file run from north to south
    assert grid.amounts["residential", "PM25"].tolist() == [[0, 156], [78, 0]]
    assert (grid.lon_edges.tolist(), grid.lat_edges.tolist()) == ([115, 115.5, 116], [39, 39.5, 40])
    shares = read.months.sort("month")["share"].to_numpy()
    assert shares == pytest.approx(np.arange(1, 13) / 78)


def test_one_month_of_meic_gives_the_year_that_gives_it_back(tmp_path: Path):
    # GMT's layout: corners, and one row of values from the north-west
    made = xr.Dataset(
        {
            "x_range": ("side", [115.0, 116.0]), "y_range": ("side", [39.0, 40.0]), "dimension": ("side", [2, 2]),
            "spacing": ("side", [0.5, 0.5]), "z": ("xysize", [1.0, 2.0, 3.0, 4.0]),
        }
    )  # fmt: skip
    made.to_netcdf(tmp_path / "2016_01__transportation__NOx.nc", engine="scipy")
    (tmp_path / "2016_01__transportation__CB05_PAR.nc").write_bytes(b"")
    read = gridded.read(tmp_path)
    amount = read.grids[0].amounts["transport", "NOX"]
    assert (amount * ROAD_JANUARY).tolist() == [pytest.approx([3.0, 4.0]), pytest.approx([1.0, 2.0])]
    assert any("1 of 12 months given" in note for note in read.notes)


def edgar(path: Path, value: float, units: str = "kg m-2 s-1") -> None:
    lon, lat = np.arange(114.95, 116.0, 0.1), np.arange(38.95, 40.0, 0.1)
    field = xr.DataArray(np.full((lat.size, lon.size), value), {"lat": lat, "lon": lon}, ("lat", "lon"), "emi")
    field.assign_attrs(units=units).to_netcdf(path, engine="h5netcdf")


def test_edgar_s_fluxes_become_tonnes_and_its_totals_are_not_counted_twice(tmp_path: Path):
    edgar(tmp_path / "v50_NOx_2015_TRO_noRES.0.1x0.1.nc", 1e-9)
    edgar(tmp_path / "v50_NOx_2015.0.1x0.1.nc", 5e-9)
    edgar(tmp_path / "v50_NOx_2015_TNR_Aviation_CRS.0.1x0.1.nc", 7e-9)
    edgar(tmp_path / "v8.1_FT2022_AP_SO2_2015_TOTALS_emi.nc", 2.0, "Tonnes")
    read = gridded.read(tmp_path, "edgar")
    (grid,) = read.grids
    area = 6.37e6**2 * np.radians(1.1) * (np.sin(np.radians(40)) - np.sin(np.radians(38.9)))
    assert grid.amounts["road", "NOX"].sum() == pytest.approx(1e-9 * area * 365 * 86400 / 1000)
    assert grid.amounts["other", "SO2"].sum() == pytest.approx(2 * 121)
    assert set(grid.amounts) == {("road", "NOX"), ("other", "SO2")}
    assert any("aircraft aloft" in note for note in read.notes)


def test_edgar_s_monthly_fluxes_are_those_of_months_as_long_as_they_were(tmp_path: Path):
    lon, lat = np.arange(114.95, 116.0, 0.1), np.arange(38.95, 40.0, 0.1)
    field = xr.DataArray(
        np.full((12, lat.size, lon.size), 1e-9), {"lat": lat, "lon": lon}, ("time", "lat", "lon"), "fluxes"
    )
    field.assign_attrs(units="kg m-2 s-1").to_netcdf(tmp_path / "v8.1_FT2022_AP_NOx_2016_TRO_flx.nc", engine="h5netcdf")
    read = gridded.read(tmp_path, "edgar")
    area = 6.37e6**2 * np.radians(1.1) * (np.sin(np.radians(40)) - np.sin(np.radians(38.9)))
    assert read.grids[0].amounts["road", "NOX"].sum() == pytest.approx(1e-9 * area * 366 * 86400 / 1000)
    assert read.months.sort("month")["share"][:2].to_list() == pytest.approx([31 / 366, 29 / 366])


def test_a_box_keeps_the_cells_that_reach_it_and_tells_the_rest(tmp_path: Path):
    edgar(tmp_path / "v50_CO_2015_RCO.0.1x0.1.nc", 2.0, "Tonnes")
    read = gridded.read(tmp_path, box=Box(115.42, 39.42, 115.58, 39.58))
    assert read.grids[0].amounts["residential", "CO"].shape == (2, 2)
    assert any("left out beyond the area asked for, t: CO 234" in note for note in read.notes)


def test_edgar_s_text_is_read_too(tmp_path: Path):
    lines = ["NOx emissions 2015", "lat;lon;emission 2015 (tons)", "39.2;115.1;4.0", "39.3;115.3;6.0"]
    (tmp_path / "v50_NOx_2015_ENE.0.1x0.1.txt").write_text("\n".join(lines), encoding="utf-8")
    (grid,) = gridded.read(tmp_path).grids
    assert grid.amounts["power", "NOX"].sum() == 10
    assert grid.amounts["power", "NOX"][0, 0] == 4
    assert (grid.lon_edges[0], grid.lat_edges[0]) == (pytest.approx(115.1), pytest.approx(39.2))


def test_a_grid_of_reas_has_twelve_months_in_a_line(tmp_path: Path):
    head = "REAS\n\nSO2_[t/mon]\n" + "x\n" * 6
    rows = [" ".join(map(str, [115.125 + 0.25 * i, 39.125, *range(1, 13)])) for i in range(2)]
    (tmp_path / "REASv3.2.1_SO2_INDUSTRY_2015_0.25x0.25").write_text(head + "\n".join(rows) + "\n", encoding="ascii")
    read = gridded.read(tmp_path)
    assert read.grids[0].amounts["industry", "SO2"].tolist() == [[78, 78]]
    assert read.grids[0].lon_edges.tolist() == [115, 115.25, 115.5]


def test_the_table_of_provinces_leaves_out_the_total_and_keeps_ammonia_and_solvents():
    path = Path("examples/beijing/data/emissions_provinces_reas32.csv")
    read = gridded.read(path, year=2013)
    rows, _ = reas.table(path, 2013)
    assert (read.year, read.areas["region"].n_unique()) == (2013, 6)
    assert read.areas["amount"].sum() == pytest.approx(rows["amount"].sum())
    assert read.areas.filter(sector="fertiliser", species="NH3")["amount"].sum() > 1e6
    assert read.areas.filter(sector="solvents", species="NMVOC")["amount"].sum() > 2e6
    assert gridded.read(path).year == 2015


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("SO2,PP", "SO2,SMOKE", "sector SMOKE: unknown"), ("11.12064", "99.12064", "do not add up to TOTAL")],
)
def test_a_table_of_provinces_that_is_wrong_is_refused(tmp_path: Path, old: str, new: str, said: str):
    text = Path("examples/beijing/data/emissions_provinces_reas32.csv").read_text(encoding="utf-8")
    (tmp_path / "t.csv").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(EmissionError, match=said):
        gridded.read(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("2016_01__smoke__SO2.asc", "", "sector 'smoke'; expected one of power"),
        ("2016_01__power__SO2.asc", "ncols 2\n", "nrows"),
        ("2016_01__power__SO2.asc", "ncols 2\nnrows 1\ncellsize 1\n1 2 3", "3 values; expected 1 x 2"),
        ("2016_01__power__SO2.asc", "ncols 2\nnrows 1\ncellsize 1\n1 -2", "expected 0 or more"),
        ("v50_NOx_2015_XYZ.0.1x0.1.txt", "39;115;1", "sector 'XYZ"),
        ("v50_NOx_2015_ENE.0.1x0.1.txt", "nothing", "expected lines of lat;lon;emission"),
        ("REASv3.2.1_SO2_INDUSTRY_2015_0.25x0.25", "nothing", "a line SPECIES"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, name: str, text: str, said: str):
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(EmissionError) as caught:
        gridded.read(tmp_path)
    assert said in str(caught.value)
    assert name in str(caught.value)


def test_nobody_s_files_and_two_years_at_once_are_refused(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no files named as those of"):
        gridded.read(tmp_path)
    for year in (2015, 2016):
        ascii_grid(tmp_path / f"{year}_01__power__SO2.asc", [[1, 1]])
    with pytest.raises(EmissionError, match="expected one year"):
        gridded.read(tmp_path)
