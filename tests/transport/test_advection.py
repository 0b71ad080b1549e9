"""One sweep: against a plain loop over faces, in any wind, at the edges, and its two adjoints."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.transport.advection import UNUSED, convergence, outflow, passage, sweep

requirement = pytest.mark.requirement
N, AXES = 9, (3, 2, 0)
ROUNDING = 2e-6


def shape(axis, n=N):
    return tuple(n if i == axis else size for i, size in enumerate((4, 2, 4, 5)))


def without(axis, values):
    return tuple(size for i, size in enumerate(values) if i != axis)


@partial(jax.jit, static_argnames=("axis", "adjoint"))
def go(q, mass, flux, exchange, low, high, axis, adjoint="continuous"):
    air_axis = max(axis - 1, 0)
    return sweep(q, mass, passage(flux, mass, air_axis, exchange), low, high, axis=axis, adjoint=adjoint)


def air(rng, axis, share, swap, n=N):
    """Mass, flux and exchange of random winds in which the most that any cell sends away or swaps is ``share``."""
    state = shape(axis, n)
    cells = (state[0], *state[2:])
    air_axis = max(axis - 1, 0)
    faces = tuple(size + (i == air_axis) for i, size in enumerate(cells))
    mass = 10 ** rng.uniform(6, 8, cells)
    flux = rng.normal(size=faces) * 10 ** rng.uniform(-4, 0, faces)
    exchange = np.abs(rng.normal(size=faces)) * swap
    np.moveaxis(exchange, air_axis, 0)[[0, -1]] = 0
    most = np.max(np.asarray(outflow(jnp.asarray(flux), air_axis, jnp.asarray(exchange))) / mass)
    flux, exchange = flux * (share / most), exchange * (share / most)
    return (jnp.asarray(a, jnp.float32) for a in (mass, flux, exchange))


def fields(rng, axis, n=N, empty=0.5):
    """A random state with holes, steps and values from 1e-8 to 1e3, and what lies beyond its edges."""
    state = shape(axis, n)

    def some(size):
        return jnp.asarray(10 ** rng.uniform(-8, 3, size) * (rng.random(size) > empty), jnp.float32)

    return some(state), some(without(axis, state)), some(without(axis, state))


def by_loop(q, mass, flux, exchange, low, high):
    """The scheme of the docstring on one line of cells, face by face, in float64."""
    n = len(q)
    inflow_low, inflow_high = flux[0] > 0, flux[n] < 0
    cells = [low if inflow_low else q[0]] * 2 + list(q) + [high if inflow_high else q[-1]] * 2
    sent = [max(flux[i + 1], 0) - min(flux[i], 0) + exchange[i] + exchange[i + 1] for i in range(n)]
    through = []
    for i in range(n + 1):
        up, direction = (i - 1, 1) if flux[i] > 0 else (i, -1)
        inside = min(max(up, 0), n - 1)
        courant = abs(flux[i]) / mass[inside]
        here, ahead, behind = (cells[up + 2 + k * direction] for k in (0, 1, -1))
        dn, du = ahead - here, here - behind
        s = np.sign(dn)
        left = (1 - UNUSED) * max(1 - sent[inside] / mass[inside], 0)
        rest = 1 - UNUSED - courant
        third = rest * ((2 - courant) * abs(dn) + (1 + courant) * s * du) / 6
        correction = s * max(0, min(third, rest * abs(dn), left / max(courant, 1e-6) * s * du))
        through.append(flux[i] * (here + correction) + exchange[i] * (cells[i + 1] - cells[i + 2]))
    through = np.array(through)
    after = (mass * q + through[:-1] - through[1:]) / (mass + flux[:-1] - flux[1:])
    return after, through[0], through[-1]


@pytest.mark.parametrize("n", [3, 4, 5, 9])
@pytest.mark.parametrize("axis", AXES)
def test_a_sweep_is_the_scheme_of_its_docstring_at_every_face(axis, n):
    rng = np.random.default_rng(n)
    mass, flux, exchange = air(rng, axis, 0.9, 0.5, n)
    q, low, high = fields(rng, axis, n, empty=0.2)
    found = go(q, mass, flux, exchange, low, high, axis)
    air_axis = max(axis - 1, 0)
    along = [np.moveaxis(np.asarray(a, np.float64), air_axis, -1) for a in (mass, flux, exchange)]
    for species in range(2):
        lines = [np.moveaxis(np.asarray(a, np.float64)[:, species], air_axis, -1) for a in (q, found.q)]
        beyond = [np.asarray(a, np.float64).take(species, 1 if axis else 0) for a in (low, high, found.low, found.high)]
        for at in np.ndindex(*lines[0].shape[:2]):
            after, first, last = by_loop(lines[0][at], *(a[at] for a in along), beyond[0][at], beyond[1][at])
            size = max(abs(lines[0][at]).max(), beyond[0][at], beyond[1][at])
            np.testing.assert_allclose(lines[1][at], after, atol=1e-5 * size)
            moved = np.max(np.abs(along[1][at])) * size
            np.testing.assert_allclose([beyond[2][at], beyond[3][at]], [first, last], atol=1e-5 * moved)


@requirement("F3", part="positive, monotone, conserving advection in any wind")
@pytest.mark.parametrize("axis", AXES)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.01, 0.95), swap=st.sampled_from([0.0, 0.1, 3.0]))
@settings(max_examples=60)
def test_any_wind_makes_nothing_negative_no_extremum_and_no_mass(axis, seed, share, swap):
    rng = np.random.default_rng(seed)
    mass, flux, exchange = air(rng, axis, share, swap)
    q, low, high = fields(rng, axis, empty=rng.random())
    found = go(q, mass, flux, exchange, low, high, axis)
    after = np.asarray(found.q, np.float64)
    assert after.min() >= 0

    # No value leaves the range of the cell and its neighbours; beyond an edge, of what comes in there.
    low_in, high_in = (np.expand_dims(np.asarray(a), axis) for a in (low, high))
    padded = np.concatenate([low_in, np.asarray(q), high_in], axis).astype(np.float64)
    trio = np.stack([padded.take(range(k, k + N), axis) for k in range(3)])
    slack = ROUNDING * trio.max(0)
    assert np.all(after >= trio.min(0) - slack)
    assert np.all(after <= trio.max(0) + slack)

    air_axis = max(axis - 1, 0)
    air_after = np.asarray(mass + convergence(flux, air_axis), np.float64)[:, None]
    before_sum, after_sum = np.sum(np.asarray(mass)[:, None] * np.float64(q)), np.sum(air_after * after)
    came = np.sum(np.asarray(found.low, np.float64)) - np.sum(np.asarray(found.high, np.float64))
    scale = before_sum + abs(np.asarray(found.low, np.float64)).sum() + abs(np.asarray(found.high, np.float64)).sum()
    assert abs(after_sum - before_sum - came) <= 1e-6 * scale

    same = go(jnp.full_like(q, 3.0), mass, flux, exchange, jnp.full_like(low, 3.0), jnp.full_like(high, 3.0), axis)
    np.testing.assert_allclose(same.q, 3.0, rtol=ROUNDING)


@pytest.mark.parametrize("share", [0.99, 0.9999])
def test_a_cell_that_sends_nearly_all_its_air_to_both_sides_stays_within_its_neighbours(share):
    # The middle cell of a ramp: both faces would each take more than half of what it has above its neighbour.
    q = jnp.asarray([0.0, 0, 1, 2, 3, 3, 3])[None, None, None]
    flux = jnp.zeros((1, 1, 8)).at[0, 0, 3].set(-share / 2).at[0, 0, 4].set(share / 2)
    found = go(q, jnp.ones((1, 1, 7)), flux, None, jnp.zeros((1, 1, 1)), jnp.zeros((1, 1, 1)), 3).q[0, 0, 0]
    assert 1 <= float(found[3]) <= 3
    assert float(found.min()) >= 0
    assert float(found.max()) <= 3 + 1e-6


def test_sweeps_along_all_axes_are_the_same_sweep():
    rng = np.random.default_rng(2)
    q = jnp.asarray(rng.uniform(0, 1, (N, 2, N, N)), jnp.float32)
    mass = jnp.asarray(rng.uniform(1, 2, (N, N, N)), jnp.float32)
    flux = jnp.asarray(rng.uniform(-0.4, 0.4, (N, N, N + 1)), jnp.float32)
    low, high = (jnp.asarray(rng.uniform(0, 1, (N, 2, N)), jnp.float32) for _ in range(2))
    along_x = go(q, mass, flux, None, low, high, 3)
    turned = [np.swapaxes(a, -1, -2) for a in (q, mass, flux)]
    along_y = go(*map(jnp.asarray, turned), None, low, high, 2)
    np.testing.assert_allclose(np.swapaxes(along_y.q, -1, -2), along_x.q, atol=1e-6)
    stood = (np.transpose(q, (3, 1, 0, 2)), np.transpose(mass, (2, 0, 1)), np.transpose(flux, (2, 0, 1)))
    edges = (np.transpose(a, (1, 0, 2)) for a in (low, high))
    along_z = go(*map(jnp.asarray, stood), None, *map(jnp.asarray, edges), 0)
    np.testing.assert_allclose(np.transpose(along_z.q, (2, 1, 3, 0)), along_x.q, atol=1e-6)
    mirrored = go(q[..., ::-1], mass[..., ::-1], -flux[..., ::-1], None, high, low, 3)
    np.testing.assert_allclose(mirrored.q[..., ::-1], along_x.q, atol=1e-6)


def line(values, flux, low, high):
    n = len(values)
    q, mass = jnp.asarray(values, jnp.float32).reshape(1, 1, 1, n), jnp.ones((1, 1, n))
    beyond = (jnp.full((1, 1, 1), value) for value in (low, high))
    return go(q, mass, jnp.asarray(flux, jnp.float32).reshape(1, 1, n + 1), None, *beyond, 3)


def test_inflow_carries_the_edge_value_and_outflow_does_not_see_it():
    wind = np.full(6, 0.4)
    found = line([0, 0, 0, 0, 0], wind, 7.0, 99.0)
    np.testing.assert_allclose(found.q.ravel(), [2.8, 0, 0, 0, 0], atol=1e-5)
    assert float(found.low[0, 0, 0]) == pytest.approx(2.8)
    ramp = np.arange(5.0)
    low_out, high_out = (line(ramp, sign * wind, low, high).q for sign, low, high in ((1, 0, 50), (-1, 50, 4)))
    np.testing.assert_array_equal(low_out, line(ramp, wind, 0, -50).q)
    np.testing.assert_array_equal(high_out, line(ramp, -wind, 0, 4).q)


def test_the_ground_has_no_value_beyond_it():
    # Rising air takes the lowest layer's own value along; a zero below the ground would make a new minimum.
    q = jnp.asarray([1.0, 2, 4, 8, 16])[:, None, None, None]
    flux = jnp.asarray([0, 0.5, 0.5, 0.5, 0.5, 0.5])[:, None, None]
    below = jnp.zeros((1, 1, 1))
    assert float(go(q, jnp.ones((5, 1, 1)), flux, None, below, below, 0).q.min()) >= 1


@pytest.mark.parametrize("axis", AXES)
def test_fewer_than_three_cells_are_refused(axis):
    state = shape(axis, 2)
    mass = jnp.ones((state[0], *state[2:]))
    flux = jnp.zeros(tuple(size + (i == max(axis - 1, 0)) for i, size in enumerate(mass.shape)))
    edge = jnp.zeros(without(axis, state))
    with pytest.raises(ValueError, match="at least 3 cells"):
        go(jnp.ones(state), mass, flux, None, edge, edge, axis)


def means(x):
    """Means of 2 + tanh 2x between the points x."""
    return np.diff(np.log(np.cosh(2 * x)) / 2 + 2 * x) / np.diff(x)


def test_the_scheme_is_of_third_order_where_nothing_is_limited():
    errors = []
    with jax.enable_x64(True):
        for n in (50, 100, 200):
            x = np.linspace(-1, 1, n + 1)
            q = jnp.asarray(means(x)).reshape(1, 1, 1, n)
            steps, courant = n // 10, 0.4
            flux, mass = jnp.full((1, 1, n + 1), courant), jnp.ones((1, 1, n))
            for _ in range(steps):
                q = go(q, mass, flux, None, q[..., 0], q[..., -1], 3).q
            exact = means(x - courant * steps * 2 / n)
            middle = slice(n // 3, 2 * n // 3)
            errors.append(np.max(abs(np.asarray(q)[0, 0, 0, middle] - exact[middle])))
    assert np.log2(errors[0] / errors[1]) > 2.7
    assert np.log2(errors[1] / errors[2]) > 2.4  # what the limiter leaves unused begins to be seen


@requirement("F3", part="adjoint of advection")
@pytest.mark.parametrize("axis", AXES)
@given(seed=st.integers(0, 2**32 - 1), share=st.floats(0.05, 0.95), swap=st.sampled_from([0.0, 0.3]))
@settings(max_examples=25)
def test_the_continuous_adjoint_is_never_negative_and_counts_every_kilogram(axis, seed, share, swap):
    rng = np.random.default_rng(seed)
    mass, flux, exchange = air(rng, axis, share, swap)
    q, low, high = fields(rng, axis)
    air_axis = max(axis - 1, 0)
    after = mass + convergence(flux, air_axis)
    receptor = jnp.asarray(rng.uniform(0, 1, q.shape) * (rng.random(q.shape) < 0.3), jnp.float32) * after[:, None]
    of_q, of_low, of_high = _transposed(q, low, high, mass, flux, exchange, receptor, axis)
    for part in (of_q, of_low, of_high):
        assert float(part.min()) >= 0
    # A mixing ratio of one everywhere is felt as what the receptor weighs in all.
    felt = sum(np.sum(np.asarray(part, np.float64)) for part in (of_q, of_low, of_high))
    assert felt == pytest.approx(np.sum(np.asarray(receptor, np.float64)), rel=1e-5)
    # Where air leaves, the edge is not felt.
    outer = np.moveaxis(np.asarray(flux), air_axis, 0)
    leaves = [
        np.broadcast_to(np.expand_dims(side, 1 if axis else 0), low.shape) for side in (outer[0] <= 0, outer[-1] >= 0)
    ]
    assert np.all(np.asarray(of_low)[leaves[0]] == 0)
    assert np.all(np.asarray(of_high)[leaves[1]] == 0)


@partial(jax.jit, static_argnames="axis")
def _transposed(q, low, high, mass, flux, exchange, receptor, axis):
    def swept(q, low, high):
        through = passage(flux, mass, max(axis - 1, 0), exchange)
        return sweep(q, mass, through, low, high, axis=axis).q

    return jax.vjp(swept, q, low, high)[1](receptor)


def test_the_two_adjoints_agree_where_the_field_is_smooth_and_the_receptor_wide():
    n = 60
    x = np.arange(n)
    q = jnp.asarray(5 + np.sin(x / 9), jnp.float32).reshape(1, 1, 1, n)
    weight = jnp.asarray(np.exp(-((x - 30) ** 2) / 60), jnp.float32).reshape(1, 1, 1, n)
    edge, mass, flux = jnp.full((1, 1, 1), 5.0), jnp.ones((1, 1, n)), jnp.full((1, 1, n + 1), 0.45)

    def value(q, adjoint):
        for _ in range(10):
            q = sweep(q, mass, passage(flux, mass, 2), edge, edge, axis=3, adjoint=adjoint).q
        return jnp.sum(weight * q)

    slopes = [jax.jit(jax.grad(partial(value, adjoint=kind)))(q) for kind in ("continuous", "discrete")]
    inner = slice(10, 50)
    difference = np.abs(np.asarray(slopes[0] - slopes[1])[..., inner]).max()
    assert difference < 0.03 * float(slopes[0].max())
