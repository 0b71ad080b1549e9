"""Space: where amounts go, and that none is lost."""

import numpy as np
import polars as pl
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.emissions import SPECIES, Gridded, Inventory, Ledger, Sheet, allocate, proxies
from lantian.emissions.inventory import AREAS, LINES, POINTS
from lantian.emissions.ledger import ConservationError, Entry
from lantian.emissions.raster import Lattice
from lantian.places.grid import Grid, nests
from lantian.places.outlines import Outline

from .conftest import square

pytestmark = pytest.mark.requirement("F2", part="allocation in space keeps totals to 1e-6")

NOX = list(SPECIES).index("NOX")


def areas(*rows: tuple[str, str, str, float]) -> Inventory:
    return Inventory("a", "x", 2016, areas=pl.DataFrame(list(rows), schema=AREAS, orient="row"))


def space(found, species: str) -> dict:
    return found.totals.filter(step="space", item=species).row(0, named=True)


def test_a_region_s_amount_lies_inside_it_by_proxy(sheet: Sheet, grid: Grid):
    found = allocate(areas(("130602", "road", "NOX", 100.0)), grid, sheet)
    held = found.maps["road"][NOX]
    assert held.sum() == pytest.approx(100)
    far = (grid.lon > 115.7) | (grid.lat > 39.7) | (grid.lon < 114.8) | (grid.lat < 38.8)
    assert held[far].sum() == 0
    assert space(found, "NOX")["error"] < 1e-12


@pytest.mark.parametrize(("region", "parts"), [("130600", 2), ("130000", 4), ("130602001", 1)])
def test_a_city_or_province_is_all_its_counties_and_a_township_lies_in_its_county(sheet, grid, region, parts):
    held = allocate(areas((region, "fertiliser", "NH3", 40.0)), grid, sheet).maps["fertiliser"].sum(axis=0)
    west = held[:, grid.lon[5] < 115.45].sum()
    assert held.sum() == pytest.approx(40)
    assert west / 40 == pytest.approx(0.5 if parts == 4 else 1.0, abs=0.12)


def test_a_region_without_an_outline_is_told_and_not_hidden(sheet: Sheet, grid: Grid):
    found = allocate(areas(("130602", "road", "NOX", 60.0), ("440100", "road", "NOX", 40.0)), grid, sheet)
    row = space(found, "NOX")
    assert (row["before"], row["after"], row["elsewhere"]) == (100, pytest.approx(60), pytest.approx(40))
    assert "40 t 没有轮廓 in regions without an outline: 440100" in row["note"]
    with pytest.raises(ValueError, match="need a sheet of regions"):
        allocate(areas(("130602", "road", "NOX", 60.0)), grid)


@settings(max_examples=15)
@given(
    lon=st.floats(114.5, 116.5),
    lat=st.floats(38.5, 40.5),
    spacing=st.sampled_from([3_000.0, 9_000.0, 27_000.0]),
    amount=st.floats(1e-3, 1e9),
)
def test_inside_and_outside_are_all_wherever_the_grid_lies(sheet, lon, lat, spacing, amount):
    grid = nests(lon, lat, (spacing,), ((7, 9),))[0]
    rows = [(code, sector, "NOX", amount) for code in ("130000", "131002") for sector in ("road", "steel", "other")]
    found = allocate(areas(*rows), grid, sheet)
    row = space(found, "NOX")
    assert row["before"] == pytest.approx(6 * amount)
    assert row["error"] < 1e-9
    assert min(held.min() for held in found.maps.values()) >= 0


def test_nests_hold_what_their_part_of_the_parent_holds(sheet: Sheet):
    inventory = areas(("130602", "solvents", "NMVOC", 100.0), ("131002", "road", "NMVOC", 50.0))
    outer = nests(115.5, 39.5, (30_000,), (12,))[0]
    inner = outer.nest("d02", 10, 4, 4, 40, 40)
    one, other = (sum(allocate(inventory, grid, sheet).maps.values()).sum(axis=0) for grid in (outer, inner))
    assert other.sum() == pytest.approx(one[4:8, 4:8].sum(), rel=0.02)


def test_a_file_s_cell_is_divided_by_proxy_where_regions_cover_it_and_evenly_elsewhere(sheet: Sheet, grid: Grid):
    amounts = {("road", "NOX"): np.array([[100.0, 10.0]])}
    # the first cell is Baoding's two counties, the second lies beyond all outlines
    cells = Gridded(np.array([115.0, 115.5, 116.0]), np.array([39.0, 40.0]), amounts)
    beyond = Gridded(np.array([116.1, 116.6]), np.array([39.0, 40.0]), {("road", "NOX"): np.array([[7.0]])})
    found = allocate(Inventory("a", "x", 2016, grids=(cells, beyond)), grid, sheet)
    held = found.maps["road"][NOX]
    assert held.sum() + space(found, "NOX")["elsewhere"] == pytest.approx(117)
    assert held[grid.lon < 115.4].max() > 3 * np.median(held[(grid.lon > 115.15) & (grid.lon < 115.35) & (held > 0)])
    east = held[(grid.lon > 116.25) & (grid.lon < 116.45) & (np.abs(grid.lat - 39.5) < 0.3)]
    assert np.ptp(east) < 0.1 * east.mean()
    plain = allocate(Inventory("a", "x", 2016, grids=(cells,)), grid)
    assert plain.maps["road"][NOX].sum() == pytest.approx(110)


def test_a_road_lies_along_its_path_and_its_end_outside_is_counted(grid: Grid):
    west, east = grid.lon.min() - 2, grid.lon.max() + 0.5
    path = f"{west} 39.5; {east} 39.5"
    lines = pl.DataFrame(
        [{"line": "G1", "sector": "road", "path": path, "species": "NOX", "amount": 90.0}], schema=LINES
    )
    found = allocate(Inventory("a", "x", 2016, lines=lines), grid)
    held = found.maps["road"][NOX]
    assert np.count_nonzero(held.sum(axis=1)) <= 2
    assert held.sum() == pytest.approx(90 * (np.ptp(grid.lon[5]) + 0.233) / (east - west), rel=0.02)
    assert space(found, "NOX")["error"] < 1e-12


def test_points_keep_their_place_and_count_with_the_rest(grid: Grid):
    rows = [
        {"enterprise": e, "sector": "power", "lon": lon, "lat": 39.5, "species": "SO2", "amount": 10.0}
        for e, lon in (("in", 115.5), ("out", 120.0))
    ]
    found = allocate(Inventory("a", "x", 2016, points=pl.DataFrame(rows, schema=POINTS)), grid)
    assert found.points.select("enterprise", "j", "i").rows() == [("in", *grid.locate(115.5, 39.5))]
    assert space(found, "SO2")["elsewhere"] == 10
    dataset = found.dataset()
    assert float(dataset.amount.sum()) == 10
    assert dataset.amount.dims == ("sector", "species", "y", "x")
    assert dataset.amount.attrs["units"] == "t a-1"


@pytest.mark.requirement("F2", part="proxies of one's own")
def test_a_proxy_of_one_s_own_takes_the_place_of_the_built_one(tmp_path, counties, grid):
    lon, lat = np.arange(115.05, 116, 0.1), np.arange(39.05, 40, 0.1)
    weight = np.zeros((lat.size, lon.size))
    weight[1, 1] = 5.0
    data = xr.Dataset({"road": (("lat", "lon"), weight)}, {"lat": lat, "lon": lon})
    data.to_netcdf(tmp_path / "own.nc", engine="scipy")  # NetCDF 3, as GDAL exports it
    own = proxies.build(counties, own=tmp_path / "own.nc", step=1 / 60)
    held = allocate(areas(("130602", "road", "NOX", 100.0)), grid, own).maps["road"][NOX]
    assert held[grid.locate(115.15, 39.15)] + held[grid.lat < 39.3].sum() >= 100
    assert held.max() > 50
    xr.Dataset({"road": (("lat", "lon"), -weight)}, {"lat": lat, "lon": lon}).to_netcdf(
        tmp_path / "bad.nc", engine="h5netcdf"
    )
    with pytest.raises(ValueError, match="weights below 0"):
        proxies.build(counties, own=tmp_path / "bad.nc", step=1 / 60)
    xr.Dataset({"road": ("n", [1.0])}).to_netcdf(tmp_path / "none.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="expected fields over lat and lon"):
        proxies.build(counties, own=tmp_path / "none.nc", step=1 / 60)


def test_given_roads_carry_the_traffic(counties: list[Outline]):
    path = np.array([[115.1, 39.25], [115.4, 39.25]])
    road = proxies.build(counties, roads=[(path, 2.0)], step=1 / 60).weights["road"]
    rows = np.flatnonzero(road.sum(axis=1))
    assert len(rows) == 1
    assert road.sum() == pytest.approx(2 * 0.3 * 111_177 * np.cos(np.radians(39.25)), rel=1e-3)


@pytest.mark.requirement("F2", part="example inventory")
def test_proxies_of_the_example_find_the_cities_and_leave_the_mountains(north_china: Sheet):
    def at(name: str, lon: float, lat: float) -> float:
        lattice = north_china.lattice
        j, i = int((lat - lattice.south) / lattice.step), int((lon - lattice.west) / lattice.step)
        return float(north_china.weights[name][j - 2 : j + 3, i - 2 : i + 3].mean())

    beijing, plain, mountain = (116.40, 39.92), (116.3, 38.3), (115.45, 40.05)
    assert at("population", *beijing) > 5 * at("population", *plain) > 50 * at("population", *mountain)
    assert at("cropland", *plain) > 3 * at("cropland", *beijing)
    assert at("urban", *beijing) > 20 * at("urban", *plain)
    assert len(north_china.codes) == 609
    assert any("beyond the terrain" in note for note in north_china.notes)
    assert all(weight.min() >= 0 for weight in north_china.weights.values())


def test_a_proxy_that_is_nowhere_in_a_region_gives_way_to_its_area(counties, grid):
    sheet = proxies.build(counties, roads=[(np.array([[115.6, 39.2], [115.9, 39.2]]), 1.0)], step=1 / 60)
    held = allocate(areas(("130606", "road", "NOX", 10.0)), grid, sheet).maps["road"][NOX]
    assert held.sum() == pytest.approx(10)
    with pytest.raises(ValueError, match="no outlines"):
        proxies.build([])
    lacking = Sheet(sheet.lattice, sheet.codes, sheet.labels, {"area": sheet.weights["area"]})
    with pytest.raises(ValueError, match="proxy 'road' is not on the sheet"):
        allocate(areas(("130606", "road", "NOX", 10.0)), grid, lacking)


def test_a_grid_far_from_all_regions_gets_nothing_and_says_where_it_is(sheet: Sheet):
    far = nests(100.0, 30.0, (3_000,), (5,))[0]
    found = allocate(areas(("130602", "road", "NOX", 60.0)), far, sheet)
    assert "60 t 网格以外 outside the grid" in space(found, "NOX")["note"]


def test_the_ledger_refuses_what_does_not_balance():
    ledger = Ledger()
    ledger.add(Entry("space", "NOX", 100.0, 60.0, 40.0, "t"))
    with pytest.raises(ConservationError, match="space of NOX: 100 t became 60 and 39 elsewhere"):
        ledger.add(Entry("space", "NOX", 100.0, 60.0, 39.0, "t"))
    assert square("130602", 0, 0).holds(0.1, 0.1)


def test_a_lattice_of_the_sheet_takes_an_inventory_as_a_grid_does(sheet: Sheet, tmp_path):
    lattice = sheet.lattice.coarser(7)
    rows = [("130602", "road", "NOX", 60.0), ("131002", "steel", "SO2", 40.0)]
    cells = Gridded(np.array([114.9, 115.4]), np.array([39.1, 39.3]), {("solvents", "NMVOC"): np.array([[10.0]])})
    path = "115.1 39.1; 115.9 39.9"
    lines = [{"line": "G1", "sector": "road", "path": path, "species": "CO", "amount": 9.0}]
    point = [{"enterprise": "E", "sector": "power", "lon": 115.3, "lat": 39.6, "species": "SO2", "amount": 5.0}]
    held = Inventory(
        "a", "x", 2016, areas=pl.DataFrame(rows, schema=AREAS, orient="row"), points=pl.DataFrame(point, POINTS),
        lines=pl.DataFrame(lines, LINES), grids=(cells,),
    )  # fmt: skip
    sheet.save(tmp_path / "sheet.npz")
    found = allocate(held, lattice, Sheet.load(tmp_path / "sheet.npz"))
    assert {name: space(found, name)["after"] for name in ("NOX", "SO2", "CO")} == pytest.approx(
        {"NOX": 60, "SO2": 45, "CO": 9}
    )
    assert space(found, "NMVOC")["after"] == pytest.approx(8)  # a fifth of the cell lies west of the sheet
    assert found.maps["road"].shape[1:] == (lattice.ny, lattice.nx)
    with pytest.raises(ValueError, match=r"made by Lattice\.coarser"):
        allocate(held, Lattice(115.0, 39.0, 0.123, 5, 5), sheet)
