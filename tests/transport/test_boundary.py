"""Interpolation between columns: what is exact, what is conserved, and that nothing new appears."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lantian.places.grid import Domain, nests
from lantian.places.levels import Levels, stretched
from lantian.transport import boundary
from lantian.transport.boundary import Bilinear, Rim, gather, interpolate, remap
from lantian.transport.species import COMPACT, FULL

AMOUNT = st.one_of(st.just(0.0), st.floats(1e-6, 1e4))
TIMES = np.array(["2025-01-10T00", "2025-01-10T01"], "datetime64[ns]")


@st.composite
def faces(draw: st.DrawFn, columns: int = 3) -> np.ndarray:
    """(n + 1, columns) rising heights of 2 to 6 layers, each 10 to 500 m thick."""
    layers = draw(st.integers(2, 6))
    thickness = draw(hnp.arrays(float, (layers, columns), elements=st.floats(10, 500)))
    ground = draw(hnp.arrays(float, (1, columns), elements=st.floats(-100, 800)))
    return np.concatenate([ground, ground + np.cumsum(thickness, axis=0)])


@st.composite
def columns(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    source, target = draw(faces()), draw(faces())
    return draw(hnp.arrays(float, (len(source) - 1, 2, 3), elements=AMOUNT)), source, target


@given(columns())
def test_remap_makes_no_new_extremum(case):
    q, source, target = case
    mapped = remap(q, source, target)
    assert mapped.shape == (len(target) - 1, 2, 3)
    assert np.all(mapped >= q.min(axis=0) * (1 - 1e-12))
    assert np.all(mapped <= q.max(axis=0) * (1 + 1e-12))


@given(columns())
def test_remap_conserves_what_a_column_holds(case):
    """Both reach from the same ground to the same top."""
    q, source, target = case
    target = source[0] + (target - target[0]) / (target[-1] - target[0]) * (source[-1] - source[0])
    held = (q * np.diff(source, axis=0)[:, None]).sum(axis=0)
    mapped = (remap(q, source, target) * np.diff(target, axis=0)[:, None]).sum(axis=0)
    np.testing.assert_allclose(mapped, held, rtol=1e-9)


@given(faces(), st.floats(-0.05, 0.05))
def test_remap_keeps_a_value_linear_in_height(target, gradient):
    """Where the target's layers lie between the first and the last of the source."""
    source = np.linspace(-900.0, 5400.0, 15)[:, None] * np.array([1.0, 1.1, 0.9])

    def linear(height):
        return 500.0 + gradient * height

    mapped = remap(linear(boundary.middles(source))[:, None], source, target)[:, 0]
    np.testing.assert_allclose(mapped, linear(boundary.middles(target)), rtol=1e-9)


def test_remap_to_the_same_layers_changes_nothing():
    source = np.array(stretched(8, 20.0, 2000.0))[:, None]
    q = np.random.default_rng(1).uniform(0, 9, (8, 3, 1))
    np.testing.assert_allclose(remap(q, source, source), q, rtol=1e-12)


def test_beyond_the_column_the_outermost_layer_goes_on():
    source, target = np.array([[100.0], [200.0], [300.0]]), np.array([[0.0], [50.0], [90.0], [400.0], [900.0]])
    q = np.array([[[2.0]], [[5.0]]])
    np.testing.assert_allclose(remap(q, source, target)[[0, 1, 3], 0, 0], [2.0, 2.0, 5.0])
    half = (110.0 * 2 + 200.0 * 5) / 310
    assert remap(q, source, target)[2, 0, 0] == pytest.approx(half)


@given(hnp.arrays(float, (5, 2, 3), elements=AMOUNT), hnp.arrays(float, (4, 3), elements=st.floats(-500, 4e3)))
def test_interpolation_in_height_stays_between_its_neighbours(q, at):
    height = np.cumsum(np.full((5, 3), 400.0), axis=0)
    value = interpolate(q, height, at)
    assert np.all((value >= q.min(axis=0) * (1 - 1e-12)) & (value <= q.max(axis=0) * (1 + 1e-12)))
    linear = interpolate((3.0 + 0.5 * height)[:, None], height, at)[:, 0]
    np.testing.assert_allclose(linear, 3.0 + 0.5 * np.clip(at, 400, 2000), rtol=1e-12)


def test_one_level_is_the_same_at_all_heights():
    assert np.all(interpolate(np.full((1, 2, 3), 7.0), np.zeros((1, 3)), np.ones((4, 3))) == 7.0)


@given(
    hnp.arrays(float, (4, 5), elements=AMOUNT),
    hnp.arrays(float, (2, 6), elements=st.floats(-2, 7)),
)
def test_bilinear_weights_are_a_mean(values, points):
    x, y = np.arange(5.0), np.arange(4.0) * 2
    between = Bilinear.between(x, y, *points)
    assert np.all(between.weight >= 0)
    np.testing.assert_allclose(between.weight.sum(axis=0), 1.0, rtol=1e-12)
    value = between(values)
    assert np.all((value >= values.min() * (1 - 1e-12)) & (value <= values.max() * (1 + 1e-12)))
    plane = 3.0 + 2.0 * x + 0.5 * y[:, None]
    np.testing.assert_allclose(between(plane), 3.0 + 2.0 * np.clip(points[0], 0, 4) + 0.5 * np.clip(points[1], 0, 6))


def test_bilinear_from_a_single_row():
    between = Bilinear.between(np.array([0.0, 1.0]), np.array([5.0]), [0.25, 3.0], [7.0, 5.0])
    np.testing.assert_allclose(between(np.array([[2.0, 6.0]])), [3.0, 6.0])


def test_rim_follows_the_outer_faces_in_the_order_of_the_edges():
    grid = nests(116.4, 39.9, (1000.0,), ((3, 4),))[0]
    domain = Domain(grid, Levels(stretched(3, 50.0, 500.0)), np.arange(12.0).reshape(3, 4))
    rim = Rim.of(domain)
    values = np.stack([rim.x, rim.y, rim.heights[0]])[None, :, None] * np.ones((2, 1, 1, 1))
    edges = boundary.edges_dataset(domain, ("O3",), TIMES, values, np.zeros((2, 1, 3, 4)), ["a note"])
    x, y, ground = (edges.isel(time=0, species=0, z=k) for k in range(3))
    assert np.all(x["west"] == grid.x_faces[0])
    assert np.all(x["east"] == grid.x_faces[-1])
    assert np.all(y["south"] == grid.y_faces[0])
    assert np.all(y["north"] == grid.y_faces[-1])
    np.testing.assert_array_equal(y["east"], grid.y)
    np.testing.assert_array_equal(x["south"], grid.x)
    np.testing.assert_array_equal(ground["west"], domain.terrain[:, 0])
    np.testing.assert_array_equal(ground["north"], domain.terrain[-1])
    assert edges.attrs["notes"] == "a note"


def test_fine_particles_that_are_not_carried_count_as_primary_ones():
    made, missing = gather(FULL, COMPACT)
    assert missing == []
    given_to = {FULL[j] for j in np.flatnonzero(made[COMPACT.index("PPM25")])}
    assert given_to == {"PPM25", "BC", "DUST", "SOA"}
    assert np.all(made.sum(axis=1)[[COMPACT.index(n) for n in ("O3", "SO4", "CO")]] == 1)
    np.testing.assert_array_equal(gather(FULL, FULL)[0], np.eye(len(FULL)))


def test_a_lump_is_no_substitute_for_primary_particles():
    assert gather(("BC", "O3"), ("PPM25", "O3"))[1] == ["PPM25"]


@pytest.mark.parametrize(
    ("times", "says"),
    [
        (["2025-01-10T00", "2025-01-10T02"], "2025-01-10 01:00 is missing"),
        (["2025-01-10T00:30", "2025-01-10T01:30"], "2025-01-10 00:30 is no whole hour"),
        ([0.0, 1.0], "must be datetime64"),
    ],
)
def test_times_must_be_whole_hours_in_a_row(times, says):
    given_times = np.array(times, "datetime64[m]") if isinstance(times[0], str) else np.array(times)
    with pytest.raises(ValueError, match=f"times: .*{says}"):
        boundary.whole_hours(given_times, "times")
