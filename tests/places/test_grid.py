"""Grids: the map against pyproj, lengths and areas against the sphere, nests, levels, and the geometry of transport."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod, Proj, Transformer

from lantian.places.grid import EARTH_RADIUS, Domain, Grid, Levels, Projection, nests, stretched

PAGE = Path(__file__).parents[2] / "docs" / "places.md"
BEIJING = Projection(35, 45, 40, 116.4)
SPHERE = Geod(a=EARTH_RADIUS, b=EARTH_RADIUS)

projections = st.builds(
    lambda low, wide, side, lon: Projection(side * low, side * (low + wide), side * (low + wide / 2), lon),
    st.floats(5, 55),
    st.sampled_from([0.0, 5.0, 30.0]),
    st.sampled_from([1, -1]),
    st.floats(-180, 180),
)


def proj(p: Projection) -> Proj:
    return Proj(proj="lcc", R=EARTH_RADIUS, lat_1=p.lat_1, lat_2=p.lat_2, lat_0=p.lat_0, lon_0=p.lon_0)


def hills(grid: Grid, height: float) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(-1, 1, grid.nx), np.linspace(-1, 1, grid.ny))
    return 40 + height * np.exp(-4 * ((x - 0.2) ** 2 + (y + 0.1) ** 2))


@given(projections, st.floats(-40, 40), st.floats(-25, 25))
def test_map_factor_and_angle_are_those_of_pyproj(p: Projection, east: float, north: float) -> None:
    lon, lat = (p.lon_0 + east + 180) % 360 - 180, p.lat_0 + north
    x, y = p.forward(lon, lat)
    factors = proj(p).get_factors(lon, lat)
    assert p.map_factor(x, y) == pytest.approx(factors.meridional_scale, rel=1e-8)
    assert np.degrees(p.north(x, y)) == pytest.approx(factors.meridian_convergence, abs=1e-6)
    back = p.inverse(x, y)
    assert np.cos(np.radians(back[0] - lon)) == pytest.approx(1, abs=1e-13)
    assert back[1] == pytest.approx(lat, abs=1e-9)


def test_scale_is_true_on_the_standard_parallels_and_the_origin_is_zero() -> None:
    assert BEIJING.forward(116.4, 40) == pytest.approx((0, 0), abs=1e-6)
    x, y = BEIJING.forward([110, 116.4, 125], [[35], [45]])
    assert x.shape == (2, 3)
    assert BEIJING.map_factor(x, y) == pytest.approx(np.ones((2, 3)), rel=1e-12)
    assert BEIJING.map_factor(0, 0) < 1


@given(projections, st.floats(-20, 20), st.floats(-20, 20))
def test_a_wind_from_the_south_blows_along_the_meridian(p: Projection, east: float, north: float) -> None:
    lon, lat = p.lon_0 + east, p.lat_0 + north
    (x0, y0), (x1, y1) = p.forward(lon, lat), p.forward(lon, lat + 1e-4)
    g = p.north(x0, y0)
    assert np.array([x1 - x0, y1 - y0]) / np.hypot(x1 - x0, y1 - y0) == pytest.approx([-np.sin(g), np.cos(g)], abs=1e-5)


@pytest.mark.parametrize("p", [BEIJING, Projection(-30, -30, -20, 151), Projection(47, 25, 36, -110)])
def test_the_grid_mapping_is_understood_by_others(p: Projection) -> None:
    crs = CRS.from_cf(p.cf())
    lon, lat = np.array([p.lon_0 - 7, p.lon_0 + 3]), np.array([p.lat_0 - 4, p.lat_0 + 9])
    to_map = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    assert np.array(to_map.transform(lon, lat)) == pytest.approx(np.array(p.forward(lon, lat)), abs=1e-6)


@pytest.mark.parametrize(
    ("latitudes", "message"),
    [
        ((-10, 10, 0), "cylinder"),
        ((0, 0, 40), "cylinder"),
        ((95, 30, 40), "within 89"),
        ((np.nan, 30, 40), "within 89"),
    ],
)
def test_impossible_maps_are_refused(latitudes: tuple[float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Projection(*latitudes, 116)


def test_a_point_without_a_place_on_the_map_is_named() -> None:
    with pytest.raises(ValueError, match=r"longitude 120\.0, latitude -90\.0: no place"):
        BEIJING.forward([116, 120], [40, -90])


def spherical_area(grid: Grid, points: int = 4000) -> float:
    """The area in a grid's outline on the sphere: R2 times the integral of sin(lat) over longitude, round the edge."""
    side = np.linspace(0, 1, points, endpoint=False)
    width, height = grid.nx * grid.spacing, grid.ny * grid.spacing
    u = np.concatenate([side, np.ones(points), 1 - side, np.zeros(points)]) * width + grid.x0
    v = np.concatenate([np.zeros(points), side, np.ones(points), 1 - side]) * height + grid.y0
    lon, lat = np.radians(grid.projection.inverse(u, v))
    lon = np.unwrap(lon)
    step = np.diff(np.append(lon, lon[0]))
    sine = np.sin(lat)
    return float(EARTH_RADIUS**2 * np.sum(step * -(sine + np.roll(sine, -1)) / 2))


@pytest.mark.requirement("F3", part="nested grids with true areas")
@pytest.mark.parametrize(
    "grid",
    [
        Grid("whole", BEIJING, -1050e3, -1050e3, 30e3, 70, 70),
        Grid("off the middle", BEIJING, 900e3, -700e3, 10e3, 60, 90),
        Grid("south", Projection(-20, -40, -30, 151), -500e3, -400e3, 20e3, 50, 40),
        Grid("across the date line", Projection(30, 50, 40, 178), -800e3, -400e3, 25e3, 64, 32),
    ],
    ids=lambda grid: grid.name,
)
def test_cells_add_up_to_the_area_on_the_sphere(grid: Grid) -> None:
    assert grid.cell_area.sum() == pytest.approx(abs(spherical_area(grid)), rel=2e-6)
    assert grid.cell_area.shape == grid.lon.shape == grid.map_factor.shape == grid.north.shape == (grid.ny, grid.nx)


def test_faces_have_their_length_on_the_sphere() -> None:
    grid = Grid("d", BEIJING, 500e3, 300e3, 10e3, 12, 9)
    lon, lat = grid.projection.inverse(*np.meshgrid(grid.x_faces, grid.y_faces))

    def distance(a: tuple, b: tuple) -> np.ndarray:
        return SPHERE.inv(*(np.ascontiguousarray(part) for part in (*a, *b)))[2]

    north = distance((lon[:-1], lat[:-1]), (lon[1:], lat[1:]))
    east = distance((lon[:, :-1], lat[:, :-1]), (lon[:, 1:], lat[:, 1:]))
    assert grid.face_length_x == pytest.approx(north, rel=1e-6)
    assert grid.face_length_y == pytest.approx(east, rel=1e-6)
    domain = Domain(grid, Levels(), np.zeros((9, 12)))
    between = distance((grid.lon[:, :-1], grid.lat[:, :-1]), (grid.lon[:, 1:], grid.lat[:, 1:]))
    assert domain.distance_x[:, 1:-1] == pytest.approx(between, rel=1e-6)
    assert domain.distance_y.shape == (10, 12)


def test_what_readers_share_cannot_be_changed() -> None:
    grid = Grid("d", BEIJING, 0, 0, 1000, 3, 2)
    for values in (grid.x, grid.lon, grid.cell_area, Domain(grid, Levels(), np.zeros((2, 3))).volume):
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 1


@given(st.integers(0, 8), st.integers(0, 12), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_point_is_found_in_the_cell_that_holds_it(j: int, i: int, up: float, right: float) -> None:
    grid = Grid("d", BEIJING, -40e3, 25e3, 3e3, 13, 9)
    lon, lat = grid.projection.inverse(grid.x0 + (i + right) * 3e3, grid.y0 + (j + up) * 3e3)
    assert grid.locate(float(lon), float(lat)) == (j, i)


def test_a_point_outside_is_told_how_far() -> None:
    grid = Grid("d04", BEIJING, -40e3, 25e3, 1e3, 80, 50)
    lon, lat = map(float, grid.projection.inverse(-52.5e3, 80e3))
    with pytest.raises(ValueError, match=r"lies 12\.500 km west and 5\.000 km north of grid 'd04'"):
        grid.locate(lon, lat)


@given(st.integers(1, 6), st.integers(0, 5), st.integers(0, 5), st.integers(1, 4), st.integers(1, 4))
def test_a_nest_stands_on_the_faces_of_its_parent(ratio: int, i: int, j: int, wide: int, high: int) -> None:
    parent = Grid("d01", BEIJING, -3333.3, 777.7, 2700, 9, 9)
    nest = parent.nest("d02", ratio, i, j, wide * ratio, high * ratio)
    assert nest.x_faces[::ratio] == pytest.approx(parent.x_faces[i : i + wide + 1], abs=1e-6)
    assert nest.y_faces[::ratio] == pytest.approx(parent.y_faces[j : j + high + 1], abs=1e-6)
    assert nest.parent is parent
    assert nest.aligned


def test_nests_that_do_not_fit_are_refused() -> None:
    parent = Grid("d01", BEIJING, 0, 0, 3000, 10, 10)
    with pytest.raises(ValueError, match="7 x 9 cells do not fill cells of 'd01' at 3 to 1"):
        parent.nest("d02", 3, 0, 0, 9, 7)
    with pytest.raises(ValueError, match=r"sticks out of 'd01' by 3\.000 km in the east"):
        parent.nest("d02", 3, 8, 0, 9, 9)
    with pytest.raises(ValueError, match=r"sticks out of 'd01' by 1\.000 km in the south"):
        Grid("d02", BEIJING, 0, -1000, 1000, 3, 3, parent)
    with pytest.raises(ValueError, match="expected the projection of 'd01'"):
        Grid("d02", Projection(30, 40, 35, 116), 0, 0, 1000, 3, 3, parent)
    with pytest.raises(ValueError, match="no coarser cells"):
        Grid("d02", BEIJING, 0, 0, 5000, 1, 1, parent)


@pytest.mark.parametrize(
    ("p", "corner", "spacing", "message"),
    [
        (BEIJING, (-100e3, 7000e3), 10e3, "reaches the pole"),
        (Projection(5, 10, 7, 116), (15_000e3, 0), 100e3, "150 degrees from the central meridian"),
        (BEIJING, (0, np.nan), 10e3, "finite corner"),
        (BEIJING, (0, 0), -10e3, "positive spacing"),
    ],
)
def test_grids_off_the_map_are_refused(
    p: Projection, corner: tuple[float, float], spacing: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Grid("d", p, *corner, spacing, 50, 80)


@pytest.mark.requirement("F3", part="nested grids down to 1 km")
def test_nests_around_a_place_have_any_number_and_any_ratio() -> None:
    grids = nests(116.4, 39.9)
    assert [grid.spacing for grid in grids] == [30e3, 10e3, 3e3, 1e3]
    assert [grid.aligned for grid in grids] == [False, True, False, True]
    assert [grid.parent for grid in grids] == [None, *grids[:-1]]
    for grid in grids:
        j, i = grid.locate(116.4, 39.9)
        # the place lies at the centre to within half a cell of the parent
        half = (grid.parent or grid).spacing / grid.spacing / 2 + 1
        assert abs(j + 0.5 - grid.ny / 2) <= half
        assert abs(i + 0.5 - grid.nx / 2) <= half
        assert np.abs(grid.map_factor - 1).max() < 0.011
    five = nests(121.5, 31.2, (27e3, 9e3, 3e3, 1e3, 250), ((40, 50), 60, (60, 90), 90, 120), BEIJING)
    assert [grid.aligned for grid in five] == [False, True, True, True, True]
    assert (five[2].ny, five[2].nx) == (60, 90)
    with pytest.raises(ValueError, match="sticks out of 'd01'"):
        nests(116.4, 39.9, (9e3, 3e3), (20, 99))


def test_a_dataset_carries_coordinates_and_map() -> None:
    grid = Grid("d02", BEIJING, -30e3, 10e3, 3e3, 5, 4)
    data = grid.dataset()
    crs = CRS.from_cf(data["crs"].attrs)
    lon, lat = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(*np.meshgrid(data["x"], data["y"]))
    assert data["lon"].to_numpy() == pytest.approx(lon)
    assert data["lat"].to_numpy() == pytest.approx(lat)
    assert data["cell_area"].attrs == {"units": "m2", "grid_mapping": "crs"}
    assert data["x"].attrs["standard_name"] == "projection_x_coordinate"
    assert dict(data.sizes) == {"x": 5, "y": 4}


def test_the_default_levels_are_fifteen_to_three_kilometres() -> None:
    levels = Levels()
    thickness = np.diff(levels.faces)
    assert (levels.n, levels.top) == (15, pytest.approx(3000))
    assert thickness[0] == pytest.approx(25)
    assert thickness[1:] / thickness[:-1] == pytest.approx(np.full(14, thickness[1] / thickness[0]))
    assert thickness[1] / thickness[0] < 1.3
    assert np.diff(stretched(4, 10, 40)) == pytest.approx(np.full(4, 10))
    with pytest.raises(ValueError, match="do not stretch to"):
        stretched(5, 25, 100)
    for faces in ((0, 30, 20), (10, 30), (0,), (0, np.nan)):
        with pytest.raises(ValueError, match="rise from 0"):
            Levels(faces)


def test_levels_follow_the_ground_and_level_out_at_the_top() -> None:
    grid = Grid("d", BEIJING, 0, 0, 1000, 30, 20)
    terrain, levels = hills(grid, 1500), Levels()
    faces = levels.heights(terrain)
    assert faces.shape == (16, 20, 30)
    assert faces[0] == pytest.approx(terrain)
    assert faces[-1] == pytest.approx(np.full((20, 30), terrain.min() + levels.top))
    assert np.diff(faces, axis=0) == pytest.approx(levels.thickness(terrain))
    assert levels.thickness(terrain) == pytest.approx(np.diff(levels.faces)[:, None, None] * levels.jacobian(terrain))
    assert np.all((levels.centres(terrain) > faces[:-1]) & (levels.centres(terrain) < faces[1:]))
    assert levels.heights(terrain, base=-10)[-1] == pytest.approx(np.full((20, 30), levels.top - 10))
    with pytest.raises(ValueError, match="lies above the lowest ground"):
        levels.heights(terrain, base=500)


def test_too_high_relief_says_which_top_is_needed() -> None:
    terrain = hills(Grid("d", BEIJING, 0, 0, 1000, 30, 20), 2900)
    with pytest.raises(ValueError, match=r"rises \d+ m above \d+ m") as refused:
        Levels().heights(terrain)
    needed = float(re.search(r"a top of (\d+) m is needed", str(refused.value))[1])
    assert Levels(stretched(18, 25, needed + 1)).jacobian(terrain).min() == pytest.approx(0.2, abs=0.001)
    with pytest.raises(ValueError, match=r"more than 0\.8"):
        Levels(stretched(18, 25, needed - 10)).jacobian(terrain)
    with pytest.raises(ValueError, match="all known"):
        Levels().jacobian(np.full((3, 3), np.nan))


@pytest.mark.requirement("F3", part="terrain-following cells")
def test_cells_fill_the_air_between_ground_and_top() -> None:
    grid = Grid("d", BEIJING, 200e3, -100e3, 3000, 16, 12)
    terrain = hills(grid, 1800)
    domain = Domain(grid, Levels(), terrain)
    air = (grid.cell_area * (terrain.min() + 3000 - terrain)).sum()
    assert domain.volume.sum() == pytest.approx(air, rel=1e-12)
    assert domain.volume.shape == (15, 12, 16)
    assert domain.face_area_x.shape == (15, 12, 17)
    assert domain.face_area_y.shape == (15, 13, 16)
    assert domain.distance_z == pytest.approx(np.diff(Levels().centres(terrain), axis=0))
    assert domain.face_area_x.sum(axis=0)[:, 0] == pytest.approx(
        grid.face_length_x[:, 0] * (terrain.min() + 3000 - terrain[:, 0])
    )
    with pytest.raises(ValueError, match="expected 12 x 16 cells, got"):
        Domain(grid, Levels(), terrain.T)


@given(st.floats(-20, 20), st.floats(-20, 20), st.floats(-1, 1))
def test_a_uniform_wind_over_hills_neither_fills_nor_empties_a_cell(u: float, v: float, w: float) -> None:
    """The fluxes that `Domain` describes close the continuity equation; the map factor alone leaves a little."""
    grid = Grid("d", BEIJING, 0, 0, 1000, 10, 8)
    domain = Domain(grid, Levels(), hills(grid, 1500))
    fx, fy = u * domain.face_area_x, v * domain.face_area_y
    slope = (
        u * (domain.slope_x[:, 1:] + domain.slope_x[:, :-1]) / 2 + v * (domain.slope_y[1:] + domain.slope_y[:-1]) / 2
    )
    zeta = np.array(domain.levels.faces)[:, None, None]
    fz = grid.cell_area * (w - (1 - zeta / domain.levels.top) * slope)
    gain = -np.diff(fx, axis=2) - np.diff(fy, axis=1) - np.diff(fz, axis=0)
    through = (abs(u) + abs(v)) * domain.face_area_x.max(axis=(1, 2), keepdims=True)
    assert np.all(np.abs(gain) <= 2e-4 * through + 1e-6)


def test_the_room_needs_no_numpy_until_a_grid_is_made() -> None:
    program = "import sys, lantian.places; sys.exit(any(name in sys.modules for name in ('numpy', 'jax', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_example_of_the_page_runs() -> None:
    section = PAGE.read_text(encoding="utf-8").split("\n## Grids")[1].split("\n## ")[0]
    (example,) = re.findall(r"```python\n(.+?)```", section, re.S)
    exec(compile(example, str(PAGE), "exec"), {})
