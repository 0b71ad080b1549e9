"""Nests: what is exact, what is conserved, what is noted and refused."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lantian.places.grid import Domain, Grid, Projection, nests
from lantian.places.levels import Levels, stretched
from lantian.places.regrid import Regridder
from lantian.transport import door, idealised
from lantian.transport.background import WINTER, Profile, from_profile
from lantian.transport.nesting import edges_from, start_from

START = np.datetime64("2025-01-10T00", "ns")
PAIR = ("CO", "O3")
SHALLOW, DEEP = Levels(stretched(6, 60.0, 2000.0)), Levels(stretched(9, 40.0, 2600.0))


def domain(grid: Grid, levels: Levels = SHALLOW, hills: float = 0.0) -> Domain:
    x, y = np.meshgrid(grid.x, grid.y)
    return Domain(grid, levels, hills * (1 + np.sin(x / 9e3) * np.cos(y / 7e3)), 0.0)


def pair(spacings: tuple[float, float] = (3000.0, 1000.0), cells: tuple[int, int] = (10, 12)) -> tuple[Grid, Grid]:
    parent, child = nests(116.4, 39.9, spacings, cells)
    return parent, child


def free(parent: Grid) -> Grid:
    """A nest whose faces stand nowhere on the parent's, 10 to 3 km."""
    return Grid("free", parent.projection, parent.x0 + 20_700, parent.y0 + 31_900, 3000.0, 12, 11, parent)


def abroad(parent: Grid) -> Grid:
    """A nest on a map of its own."""
    return Grid("abroad", Projection(30.0, 50.0, 39.0, 115.0), 105e3, 85e3, 1000.0, 9, 8)


def fields(state: np.ndarray, species: tuple[str, ...] = PAIR, hours: int = 3) -> xr.Dataset:
    """(z, species, y, x), the same at all hours, or (time, z, species, y, x)."""
    series = state if state.ndim == 5 else np.broadcast_to(state, (hours, *state.shape))
    variables = {"mixing_ratio": (("time", "z", "species", "y", "x"), series, {"units": "ug kg-1"})}
    return xr.Dataset(variables, {"time": idealised.whole_hours(START, len(series)), "species": list(species)})


def middle(of: Domain) -> np.ndarray:
    return (of.heights[1:] + of.heights[:-1]) / 2


def uniform(of: Domain, *values: float) -> np.ndarray:
    return np.broadcast_to(np.array(values)[:, None, None], (of.levels.n, len(values), *of.terrain.shape)).astype(
        np.float32
    )


def everything(edges: xr.Dataset, start: xr.Dataset) -> list[np.ndarray]:
    return [
        *(edges[name].values for name in ("west", "east", "south", "north", "top")),
        start["mixing_ratio"].values[None],
    ]


def cases() -> dict[str, tuple[Domain, Domain]]:
    aligned, coarse = pair(), nests(116.4, 39.9, (10_000.0,), (12,))[0]
    return {
        "aligned": (domain(aligned[0]), domain(aligned[1])),
        "hills": (domain(aligned[0], SHALLOW, 120), domain(aligned[1], SHALLOW, 200)),
        "levels": (domain(aligned[0], DEEP, 80), domain(aligned[1], SHALLOW, 80)),
        "deeper": (domain(aligned[0], SHALLOW), domain(aligned[1], DEEP)),
        "free": (domain(coarse, DEEP, 150), domain(free(coarse), SHALLOW, 250)),
        "map": (domain(aligned[0], SHALLOW, 50), domain(abroad(aligned[0]), SHALLOW, 50)),
    }


CASES = cases()


@pytest.mark.parametrize("name", CASES)
def test_what_is_uniform_stays_uniform_to_the_bit(name):
    parent, child = CASES[name]
    given_fields = fields(uniform(parent, 193.4, 0.1))
    for values in everything(*(make(given_fields, parent, child, PAIR) for make in (edges_from, start_from))):
        assert values.dtype == np.float32
        for s, value in enumerate((193.4, 0.1)):
            species = (
                values[..., s, :] if values.ndim == 4 and values.shape[1] == child.levels.n else values[..., s, :, :]
            )
            assert np.all(species == np.float32(value))


@pytest.mark.parametrize("name", CASES)
def test_what_is_linear_in_height_is_exact(name):
    """In the child's layers that lie between the parent's first and last but one: those outermost are uniform."""
    parent, child = CASES[name]
    state = uniform(parent, 0.0, 0.0).astype(np.float64)
    state[:, 0], state[:, 1] = 600 - 0.1 * middle(parent), 60 + 0.02 * middle(parent)
    given_fields = fields(state)
    edges, start = (make(given_fields, parent, child, PAIR) for make in (edges_from, start_from))
    low, high = float(parent.heights[1].max()), float(parent.heights[-2].min())
    within = (child.heights[:-1] >= low) & (child.heights[1:] <= high)
    assert within.any(axis=0).all()
    exact = 60 + 0.02 * middle(child)
    np.testing.assert_allclose(start["mixing_ratio"].values[:, 1][within], exact[within], rtol=1e-9)
    at = {"west": np.s_[:, :, 0], "east": np.s_[:, :, -1], "south": np.s_[:, 0], "north": np.s_[:, -1]}
    for side, cut in at.items():
        np.testing.assert_allclose(edges[side].values[1, :, 1][within[cut]], exact[cut][within[cut]], rtol=1e-9)
    top = min(float(child.heights[-1, 0, 0]), float(middle(parent)[-1].min()))
    rtol = 1e-9 if top == child.heights[-1, 0, 0] else 0.05
    np.testing.assert_allclose(edges["top"].values[:, 0], 600 - 0.1 * top, rtol=rtol)


def test_what_is_linear_along_the_ground_is_exact_at_the_edges():
    parent, child = CASES["free"][0].grid, CASES["free"][1].grid
    parent, child = domain(parent), domain(child)
    x, y = np.meshgrid(parent.grid.x, parent.grid.y)
    state = uniform(parent, 0.0, 0.0).astype(np.float64)
    state[:, 0] = 50 + (x + 2 * y) / 1e4
    edges = edges_from(fields(state), parent, child, PAIR)
    inside = child.grid
    np.testing.assert_allclose(edges["east"][0, 2, 0], 50 + (inside.x_faces[-1] + 2 * inside.y) / 1e4)
    np.testing.assert_allclose(edges["south"][0, 2, 0], 50 + (inside.x + 2 * inside.y_faces[0]) / 1e4)
    np.testing.assert_allclose(edges["top"][0, 0], 50 + np.add.outer(2 * inside.y, inside.x) / 1e4)


@settings(max_examples=25)
@given(st.sampled_from(sorted(CASES)), st.data())
def test_nothing_is_negative_and_no_extremum_is_new(name, data):
    parent, child = CASES[name]
    shape = parent.levels.n, 2, *parent.terrain.shape
    values = st.one_of(st.just(0.0), st.floats(0.125, 1e5, width=32))
    state = data.draw(hnp.arrays(np.float32, shape, elements=values, fill=st.just(0.0)))
    given_fields = fields(state, hours=2)
    edges, start = (make(given_fields, parent, child, PAIR) for make in (edges_from, start_from))
    for made in (*(edges[name] for name in edges.data_vars), start["mixing_ratio"]):
        for s in range(2):
            one = made.isel(species=s).values
            assert np.all(one >= state[:, s].min() * (1 - 1e-6))
            assert np.all(one <= state[:, s].max() * (1 + 1e-6))


@pytest.mark.parametrize("levels", [SHALLOW, Levels(stretched(9, 25.0, 2000.0)), Levels((0.0, 500.0, 2000.0))])
def test_the_start_holds_what_the_parent_holds(levels):
    """Levels of the same top over level ground: mixing ratio times volume is conserved to rounding."""
    grids = pair()
    parent, child = domain(grids[0]), domain(grids[1], levels)
    state = np.random.default_rng(2).gamma(0.5, 10.0, (6, 2, 10, 10))
    start = start_from(fields(state), parent, child, PAIR)["mixing_ratio"].values
    covered = Regridder.between(*grids).inside
    assert set(np.round(covered.ravel(), 9)) == {0.0, 1.0}
    held = (state * (parent.volume * covered)[:, None]).sum(axis=(0, 2, 3))
    np.testing.assert_allclose((start * child.volume[:, None]).sum(axis=(0, 2, 3)), held, rtol=1e-6)


def test_over_other_terrain_the_start_keeps_the_mass_within_a_few_per_cent():
    """Hills that the parent does not see: its layers near the ground fill the valleys and end at the slopes."""
    grids = pair()
    parent = domain(grids[0])
    child = Domain(grids[1], SHALLOW, 60 * (1 + np.sin(np.arange(144.0) * 2.4).reshape(12, 12)), 0.0)
    parent = Domain(parent.grid, SHALLOW, np.full((10, 10), 60.0), 0.0)
    state = np.broadcast_to(np.exp(-middle(parent) / 800)[:, None] * 40, (6, 2, 10, 10))
    start = start_from(fields(state), parent, child, PAIR)["mixing_ratio"].values
    held = (state * (parent.volume * Regridder.between(*grids).inside)[:, None]).sum()
    assert (start * child.volume[:, None]).sum() == pytest.approx(held, rel=0.03)


def test_each_hour_of_the_edges_is_that_of_the_parent():
    parent, child = CASES["aligned"]
    series = np.stack([uniform(parent, 10.0 * hour, 5.0) for hour in range(4)])
    edges = edges_from(fields(series), parent, child, PAIR)
    weather, emitted = idealised.weather(child, START, 3), idealised.emissions(child, START, 3)
    forcing = door.open_forcing(child, PAIR, weather=weather, emissions=emitted, edges=edges)
    for hour in range(3):
        north = np.asarray(forcing.hour(hour).edges.north)
        assert np.all(north[0, :, 0] == 10.0 * hour)
        assert np.all(north[1, :, 0] == 10.0 * (hour + 1))


def test_the_start_may_be_at_a_later_hour():
    parent, child = CASES["aligned"]
    series = np.stack([uniform(parent, 10.0 * hour, 5.0) for hour in range(4)])
    start = start_from(fields(series), parent, child, PAIR, time="2025-01-10T02")
    assert np.all(start["mixing_ratio"][:, 0] == 20.0)
    with pytest.raises(ValueError, match="from 2025-01-10 00:00 to 2025-01-10 03:00, not to 2025-01-10T07"):
        start_from(fields(series), parent, child, PAIR, time="2025-01-10T07")


def test_a_species_that_the_parent_lacks_comes_from_the_background_and_is_noted():
    parent, child = CASES["hills"]
    given_fields = fields(uniform(parent, 193.4, 58.0))
    wanted = ("O3", "NO2", "CO")
    edges, start = (make(given_fields, parent, child, wanted, WINTER) for make in (edges_from, start_from))
    air = from_profile(child, wanted, given_fields["time"].values)
    for made, own in ((edges, air.edges), (start, air.start)):
        assert "NO2: not carried by the parent, from background 'north China winter'" in made.attrs["notes"]
        for name in made.data_vars:
            np.testing.assert_allclose(made[name].sel(species="NO2"), own[name].sel(species="NO2"), rtol=1e-6)
            assert np.all(made[name].sel(species="O3") == np.float32(58.0))


def test_fine_particles_that_the_child_does_not_carry_stay_fine_particles():
    parent, child = CASES["aligned"]
    given_fields = fields(uniform(parent, 3.0, 4.0, 5.0), ("PPM25", "BC", "DUST"))
    edges = edges_from(given_fields, parent, child, ("PPM25", "DUST"))
    assert np.all(edges["top"].sel(species="PPM25") == 7.0)
    assert np.all(edges["top"].sel(species="DUST") == 5.0)


def test_a_child_that_reaches_above_its_parent_is_noted():
    parent, child = CASES["deeper"]
    edges = edges_from(fields(uniform(parent, 1.0, 2.0)), parent, child, PAIR)
    assert "the child's top lies 600 m above the parent's" in edges.attrs["notes"]
    assert "above" not in edges_from(fields(uniform(child, 1.0, 2.0)), child, child, PAIR).attrs["notes"]


def unfinished(parent: Domain) -> xr.Dataset:
    series = np.stack([uniform(parent, 1.0, 2.0)] * 3)
    series[2] = np.nan
    return fields(series)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f, p: f.isel(time=[0, 2]), "the parent's fields: 2025-01-10 01:00 is missing"),
        (lambda f, p: f.isel(z=slice(1, None)), "expected .* with .* \\(6, 10, 10\\) of grid 'd01'"),
        (lambda f, p: f.transpose("time", "species", "z", "y", "x"), "expected \\('time', 'z', 'species', 'y', 'x'\\)"),
        (lambda f, p: f.rename(mixing_ratio="q"), "expected mixing_ratio"),
        (lambda f, p: f.drop_vars("species"), "with the coordinates time and species"),
        (lambda f, p: f.assign(mixing_ratio=f["mixing_ratio"].assign_attrs(units="ug m-3")), "in 'ug m-3'; .* ug kg-1"),
        (lambda f, p: f.assign_coords(x=p.grid.x + 3000), "their x is not that of grid 'd01'"),
        (lambda f, p: unfinished(p), "at 2025-01-10 02:00: 1200 values .* the first CO nan at z 0, y 0, x 0"),
        (lambda f, p: "nowhere.zarr", "no fields at nowhere.zarr; run the parent with keep_fields"),
    ],
)
def test_wrong_fields_are_refused(spoil, says):
    parent, child = CASES["aligned"]
    with pytest.raises(ValueError, match=says):
        edges_from(spoil(fields(uniform(parent, 1.0, 2.0)), parent), parent, child, PAIR)


def test_what_nobody_has_is_named():
    parent, child = CASES["aligned"]
    given_fields = fields(uniform(parent, 1.0, 2.0))
    with pytest.raises(ValueError, match="the fields of 'd01' have no SO2, only CO, O3; give a background"):
        edges_from(given_fields, parent, child, ("CO", "SO2"))
    with pytest.raises(ValueError, match="background 'bare' has no SO2"):
        start_from(given_fields, parent, child, ("CO", "SO2"), Profile("bare", (0.0,), {"O3": (1.0,)}))


def test_a_child_outside_its_parent_is_refused():
    parent, child = pair()
    outside = Grid("d02", child.projection, child.x0 - 12_000, child.y0, 1000.0, 12, 12)
    with pytest.raises(ValueError, match=r"'d02' sticks out of its parent 'd01' by 3\.000 km in the west"):
        edges_from(fields(uniform(domain(parent), 1.0, 2.0)), domain(parent), domain(outside), PAIR)
