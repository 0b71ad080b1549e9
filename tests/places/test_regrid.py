"""Regridding: nothing is lost, nothing is made, and what is uniform stays so, whatever the two grids."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.places.grid import EARTH_RADIUS, Grid, Projection, nests
from lantian.places.regrid import Regridder, ground_height
from lantian.places.terrain import Terrain

DEM = Path(__file__).parents[2] / "examples/beijing/data/dem_north_china_30s.nc"
BEIJING = Projection(35, 45, 40, 116.4)
SAME_MAP = Projection(45, 35, 40, 116.4)  # the same cone by another name: its cells go the long way, as polygons
OTHER = Projection(25, 47, 36, 108)

maps = st.sampled_from([BEIJING, SAME_MAP, OTHER])


@st.composite
def grids(draw: st.DrawFn, projection: st.SearchStrategy[Projection] = maps) -> Grid:
    """Small grids around Beijing, of any map, place, spacing and size; about half of their pairs overlap in part."""
    p = draw(projection)
    x, y = (float(at) for at in p.forward(116.4, 40))
    shift = st.floats(-150e3, 150e3)
    spacing = draw(st.sampled_from([7e3, 10e3, 23.456e3, 60e3]))
    nx, ny = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    return Grid("g", p, x + draw(shift), y + draw(shift), spacing, nx, ny)


def random(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(0.5, size=shape)


@pytest.mark.requirement("F3", part="regridding conserves to 1e-6")
@settings(max_examples=60)
@given(grids(), grids(), st.integers(0, 9))
def test_nothing_is_lost_and_nothing_is_made_between_grids(source: Grid, target: Grid, seed: int) -> None:
    for here, there in ((source, target), (target, source)):
        regridder = Regridder.between(here, there)
        given_ = random((2, here.ny, here.nx), seed)
        amount, lost = regridder.amount(given_), regridder.lost(given_)
        assert amount.shape == (2, there.ny, there.nx)
        assert amount.min() >= 0
        assert lost.min() >= 0
        assert amount.sum(axis=(1, 2)) + lost == pytest.approx(given_.sum(axis=(1, 2)), rel=1e-9)
        flux = regridder.flux(given_)
        total = (given_ * here.cell_area * regridder.inside).sum(axis=(1, 2))
        assert (flux * there.cell_area).sum(axis=(1, 2)) == pytest.approx(total, rel=1e-9, abs=1e-3)
        assert np.all((regridder.inside >= 0) & (regridder.inside <= 1))


@settings(max_examples=60)
@given(grids(), grids())
def test_what_is_uniform_stays_uniform(source: Grid, target: Grid) -> None:
    regridder = Regridder.between(source, target)
    ones = np.ones((source.ny, source.nx))
    mean, covered = regridder.mean(ones, least=0.5), regridder.coverage
    assert np.nanmax(np.abs(mean - 1), initial=0) < 1e-12
    assert np.array_equal(np.isnan(mean), covered < 0.5 * (1 - 1e-6))
    # edges drawn to a thousandth of a cell, and one map factor for each piece
    assert covered.max() <= 1 + 2e-5
    assert regridder.flux(ones) == pytest.approx(covered)


@settings(max_examples=40)
@given(grids(), grids())
def test_there_and_back_the_same_areas_are_shared(source: Grid, target: Grid) -> None:
    there, back = Regridder.between(source, target), Regridder.between(target, source)
    difference = there.overlap.toarray() - back.overlap.toarray().T
    assert np.abs(difference).max() <= 1e-3 * min(source.spacing, target.spacing) ** 2


@settings(max_examples=40)
@given(grids(st.just(BEIJING)), grids(st.just(BEIJING)))
def test_polygons_and_rectangles_agree(source: Grid, target: Grid) -> None:
    again = Grid("g", SAME_MAP, source.x0, source.y0, source.spacing, source.nx, source.ny)
    rectangles, polygons = Regridder.between(source, target), Regridder.between(again, target)
    difference = rectangles.overlap.toarray() - polygons.overlap.toarray()
    assert np.abs(difference).max() <= 1e-6 * min(source.spacing, target.spacing) ** 2


@given(grids(st.just(BEIJING)))
def test_a_grid_onto_itself_changes_nothing(grid: Grid) -> None:
    values = random((3, grid.ny, grid.nx))
    regridder = Regridder.between(grid, grid)
    assert regridder.overlap.nnz == grid.nx * grid.ny
    for result in (regridder.amount(values), regridder.mean(values), regridder.flux(values)):
        assert result == pytest.approx(values, rel=1e-12)


def test_shares_are_those_of_the_overlap() -> None:
    source = Grid("a", BEIJING, 0, 0, 1000, 1, 1)
    target = Grid("b", BEIJING, -750, -500, 1000, 3, 2)
    # a quarter of the cell's width lies in the first column of the target, half of its height in the first row
    expected = 8 * np.array([[0.125, 0.375, 0], [0.125, 0.375, 0]])
    assert Regridder.between(source, target).amount([[8.0]]) == pytest.approx(expected, rel=1e-4)
    smaller = Grid("c", BEIJING, -750, -500, 1000, 1, 2)
    assert Regridder.between(source, smaller).amount([[8.0]]) == pytest.approx(expected[:, :1], rel=1e-4)
    assert Regridder.between(source, smaller).lost([[8.0]]) == pytest.approx(6, rel=1e-4)


def test_an_aligned_nest_takes_each_cell_whole_and_a_free_one_in_part() -> None:
    d01, d02, d03, _ = nests(116.4, 39.9, cells=(20, 30, 41, 30))
    aligned, free = Regridder.between(d01, d02), Regridder.between(d02, d03)
    assert set(np.unique(aligned.inside)) == {0, 1}
    assert aligned.overlap.nnz == 900
    values = random((20, 20))
    within = aligned.inside == 1
    sums = aligned.amount(values).reshape(10, 3, 10, 3).sum(axis=(1, 3))
    assert sums.ravel() == pytest.approx(values[within])
    assert np.any((free.inside > 0) & (free.inside < 1))
    assert free.coverage == pytest.approx(np.ones((41, 41)), abs=1e-6)
    # a nest's means come back to the parent where it covers it
    back = Regridder.between(d02, d01).mean(aligned.mean(values))
    assert back[within] == pytest.approx(values[within])
    assert np.all(np.isnan(back[~within]))


def area_between(west: float, east: float, south: float, north: float) -> float:
    return EARTH_RADIUS**2 * np.radians(east - west) * (np.sin(np.radians(north)) - np.sin(np.radians(south)))


@pytest.mark.parametrize("step", [0.1, 0.25, 1.0, 4.0])
def test_cells_of_longitude_and_latitude_keep_their_area_and_their_amount(step: float) -> None:
    lon, lat = np.arange(114, 118 + step / 2, step), np.arange(38, 42 + step / 2, step)
    target = Grid("d", BEIJING, -300e3, -300e3, 20e3, 30, 30)
    regridder = Regridder.from_lonlat(lon, lat, target)
    values = random((lat.size - 1, lon.size - 1))
    assert np.all(regridder.inside == 1)
    assert regridder.lost(values) == 0
    assert regridder.amount(values).sum() == pytest.approx(values.sum(), rel=1e-12)
    flux = regridder.flux(np.ones_like(values))
    assert (flux * target.cell_area).sum() == pytest.approx(area_between(114, 118, 38, 42), rel=1e-12)
    # well inside, each cell of the target is covered to the last metre: coarse cells have bent edges
    lon_c, lat_c = target.lon, target.lat
    deep = (lon_c > 114.4) & (lon_c < 117.6) & (lat_c > 38.4) & (lat_c < 41.6)
    assert flux[deep] == pytest.approx(np.ones(np.count_nonzero(deep)), abs=5e-6)


def test_coarse_cells_have_bent_edges() -> None:
    target = Grid("d", BEIJING, -50e3, -50e3, 1e3, 100, 100)
    south, north = (Regridder.from_lonlat([100, 132], lat, target) for lat in ([30, 40], [40, 50]))
    assert south.coverage + north.coverage == pytest.approx(np.ones((100, 100)), abs=1e-6)
    known = south.coverage > 0.5
    assert np.array_equal(known[np.abs(target.lat - 40) > 0.006], target.lat[np.abs(target.lat - 40) > 0.006] < 40)


def test_any_turn_and_any_direction_of_the_axes_will_do() -> None:
    target = Grid("d", Projection(30, 50, 40, 178), -400e3, -300e3, 50e3, 16, 12)  # across the date line
    lon, lat = np.arange(0, 361, 2.5), np.arange(-90 + 2.5, 90, 2.5)
    values = random((lat.size - 1, lon.size - 1))
    expected = Regridder.from_lonlat(lon, lat, target)
    assert expected.coverage == pytest.approx(np.ones((12, 16)), abs=1e-5)
    amount, rolled = expected.amount(values), np.roll(values, 72, axis=1)
    assert Regridder.from_lonlat(lon - 180, lat, target).amount(rolled) == pytest.approx(amount)
    north_first = Regridder.from_lonlat(lon[::-1], lat[::-1], target)
    assert north_first.amount(values[::-1, ::-1]) == pytest.approx(amount)
    assert amount.sum() + expected.lost(values) == pytest.approx(values.sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("lon", "lat", "message"),
    [
        ([0, 1, 1], [30, 31], "lon_edges: expected two or more numbers that rise or fall"),
        ([0, 1], [31], "lat_edges: expected two or more"),
        ([0, 1], [80, 91], "within 90"),
        ([0, 200, 361], [30, 31], "within one turn"),
    ],
)
def test_impossible_edges_are_refused(lon: list[float], lat: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Regridder.from_lonlat(lon, lat, Grid("d", BEIJING, 0, 0, 1000, 2, 2))


@given(st.lists(st.tuples(st.floats(113, 120), st.floats(37, 43)), max_size=30))
def test_points_are_counted_once(points: list[tuple[float, float]]) -> None:
    target = Grid("d", BEIJING, -150e3, -100e3, 20e3, 15, 10)
    lon, lat = np.array(points).reshape(-1, 2).T
    regridder = Regridder.from_points(lon, lat, target)
    values = random((4, len(points)))
    amount = regridder.amount(values)
    assert amount.shape == (4, 10, 15)
    assert amount.sum(axis=(1, 2)) + regridder.lost(values) == pytest.approx(values.sum(axis=1), rel=1e-12)
    for number in range(len(points)):
        try:
            j, i = target.locate(lon[number], lat[number])
        except ValueError:
            assert regridder.inside[number] == 0
        else:
            assert amount[0, j, i] >= values[0, number] * (1 - 1e-12)
    assert regridder.coverage.sum() == regridder.inside.sum()


def test_points_have_means_but_no_flux() -> None:
    target = Grid("d", BEIJING, -10e3, -10e3, 10e3, 2, 2)
    lon, lat = target.projection.inverse([-5e3, -4e3, 5e3], [-5e3, -6e3, 5e3])
    regridder = Regridder.from_points(lon, lat, target)
    expected = np.array([[3.0, np.nan], [np.nan, 7.0]])
    assert regridder.mean([2.0, 4.0, 7.0]) == pytest.approx(expected, nan_ok=True)
    assert regridder.mean([2.0, np.nan, np.nan])[0, 0] == 2
    assert np.isnan(regridder.mean([2.0, np.nan, 7.0], least=0.6)[0, 0])
    with pytest.raises(ValueError, match="points have no area"):
        regridder.flux([1.0, 1.0, 1.0])


def test_missing_values_count_for_nothing_in_means_and_are_refused_in_amounts() -> None:
    source, target = Grid("a", BEIJING, 0, 0, 1000, 4, 4), Grid("b", BEIJING, 0, 0, 2000, 2, 2)
    regridder = Regridder.between(source, target)
    values = np.full((2, 4, 4), 5.0)
    values[1, 0, 0] = values[1, 2:, 2:] = np.nan
    values[1, 1, 1] = 8
    mean = regridder.mean(values)
    assert mean[0] == pytest.approx(np.full((2, 2), 5))
    assert mean[1] == pytest.approx(np.array([[6, 5], [5, np.nan]]), rel=1e-5, nan_ok=True)
    assert np.isnan(regridder.mean(values, least=0.8)[1, 0, 0])
    values[1, 3, 3] = 9
    assert regridder.mean(values, least=0.2)[1, 1, 1] == pytest.approx(9)
    for method in (regridder.amount, regridder.flux, regridder.lost):
        with pytest.raises(ValueError, match="4 of 32 values are missing or infinite"):
            method(values)
    with pytest.raises(ValueError, match=r"values of shape \(4, 3\): expected \(..., 4, 4\)"):
        regridder.amount(np.ones((4, 3)))


def test_a_smooth_field_is_carried_over_with_its_slope() -> None:
    lon, lat = np.arange(112, 121, 0.05), np.arange(36, 44, 0.05)
    target = Grid("d", BEIJING, -150e3, -150e3, 10e3, 30, 30)
    regridder = Regridder.from_lonlat(lon, lat, target)
    middle_lon, middle_lat = np.meshgrid((lon[1:] + lon[:-1]) / 2, (lat[1:] + lat[:-1]) / 2)
    mean = regridder.mean(3 * middle_lon - 2 * middle_lat)
    # the source is level within each of its cells of 0.05 degrees, over which it changes by 0.25
    difference = mean - (3 * target.lon - 2 * target.lat)
    assert np.abs(difference).max() < 0.02
    assert abs(difference.mean()) < 0.0005


@pytest.mark.requirement("F3", part="terrain of the grids")
def test_the_ground_of_a_grid_is_the_mean_of_the_sheet() -> None:
    terrain = Terrain.open(DEM)
    coarse = Grid("d", BEIJING, -60e3, -60e3, 20e3, 5, 4)
    fine = coarse.nest("e", 20, 0, 1, 40, 40)
    height = ground_height(terrain, coarse)
    assert height.shape == (4, 5)
    assert np.all((height > 10) & (height < 1500))
    again = Regridder.between(fine, coarse).mean(ground_height(terrain, fine))
    assert again[1:3, :2] == pytest.approx(height[1:3, :2], rel=1e-4)
    assert np.all(np.isnan(again[:, 2:]))


def test_the_sea_is_level_and_the_end_of_a_sheet_is_told() -> None:
    lon, lat = np.arange(115.05, 117, 0.1), np.arange(39.05, 41, 0.1)
    height = np.where(np.arange(lon.size) < 10, 100.0, np.nan) * np.ones((lat.size, 1))
    terrain = Terrain(lon, lat, height)
    inside = ground_height(terrain, Grid("d", BEIJING, -100e3, -50e3, 10e3, 15, 8))
    assert set(np.round(inside[0, [0, 1, -2, -1]])) == {0, 100}
    wide = Grid("w", BEIJING, -300e3, -50e3, 50e3, 12, 2)
    with pytest.raises(
        ValueError, match=r"grid 'w': \d+ of 24 cells .* 115\.000 to 117\.000 E .* needed are 112\.\d+ to"
    ):
        ground_height(terrain, wide)
    beyond = ground_height(terrain, wide, beyond=30)
    assert beyond[0, 0] == beyond[0, -1] == 30
    assert 30 < beyond[0, 3] <= 100


def test_weights_are_made_in_moments() -> None:
    """About a second each on one core; the processor's own time, so that a busy machine does not matter."""
    d01, *_, d04 = nests(116.4, 39.9, cells=(70, 90, 100, 200))
    lon, lat = np.arange(105, 125.05, 0.1), np.arange(32, 46.05, 0.1)
    for make in (lambda: Regridder.from_lonlat(lon, lat, d04), lambda: Regridder.between(d01, d04)):
        start = time.process_time()
        assert make().coverage.min() > 0.999
        assert time.process_time() - start < 4


def test_grids_on_other_sides_of_the_earth_share_nothing() -> None:
    here = Grid("here", BEIJING, -100e3, -100e3, 20e3, 10, 10)
    south = Grid("south", Projection(-40, -30, -35, 151), -100e3, -100e3, 20e3, 10, 10)
    behind = Grid(
        "behind", Projection(30, 50, 40, -63), -900e3, -900e3, 100e3, 18, 18
    )  # across the cut of the first map
    for source, target in ((here, south), (south, here), (here, behind), (behind, here)):
        regridder = Regridder.between(source, target)
        assert regridder.overlap.nnz == 0
        assert regridder.lost(np.ones((source.ny, source.nx))) == source.nx * source.ny
        assert np.all(np.isnan(regridder.mean(np.ones((source.ny, source.nx)))))
