"""Vertical mixing: against a dense solve, its invariants at any strength, and its derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.transport.mixing import diffuse

requirement = pytest.mark.requirement
SHAPE = (7, 3, 2, 4)
mix = jax.jit(diffuse)


def random(seed, strength, shape=SHAPE, dtype=jnp.float32):
    """State, air, exchange up to ``strength`` times the air, and drain up to a tenth of it."""
    rng = np.random.default_rng(seed)
    nz, species, ny, nx = shape
    q = 10 ** rng.uniform(-6, 3, shape) * (rng.random(shape) < 0.6)
    mass = 10 ** rng.uniform(6, 8, (nz, ny, nx))
    exchange = strength * 1e7 * 10 ** rng.uniform(-4, 0, (nz - 1, ny, nx))
    drain = 1e6 * rng.random((species, ny, nx))
    return [jnp.asarray(a, dtype) for a in (q, mass, exchange, drain)]


def dense(q, mass, exchange, drain):
    """The matrix of the docstring, column by column, solved whole."""
    q, mass, exchange, drain = (np.asarray(a, np.float64) for a in (q, mass, exchange, drain))
    after = np.empty_like(q)
    for species, j, i in np.ndindex(*q.shape[1:]):
        g = exchange[:, j, i]
        matrix = np.diag(mass[:, j, i]) - np.diag(g, 1) - np.diag(g, -1)
        matrix[np.diag_indices_from(matrix)] += np.append(g, 0) + np.append(0, g)
        matrix[0, 0] += drain[species, j, i]
        after[:, species, j, i] = np.linalg.solve(matrix, mass[:, j, i] * q[:, species, j, i])
    return after


@pytest.mark.parametrize("nz", [2, 3, 7, 15])
@pytest.mark.parametrize("strength", [0.01, 10.0])
def test_it_is_the_solution_of_the_matrix(nz, strength):
    with jax.enable_x64(True):
        given_ = random(nz, strength, (nz, *SHAPE[1:]), jnp.float64)
        np.testing.assert_allclose(mix(*given_), dense(*given_), rtol=1e-9)


@requirement("F3", part="positive, conserving vertical mixing at any K")
@given(seed=st.integers(0, 2**32 - 1), strength=st.floats(-3, 5).map(lambda power: 10**power))
@settings(max_examples=100)
def test_any_strength_conserves_mass_and_makes_no_extremum(seed, strength):
    q, mass, exchange, drain = random(seed, strength)
    before = np.sum(np.float64(q) * np.float64(mass)[:, None], 0)

    closed = np.asarray(mix(q, mass, exchange, 0 * drain), np.float64)
    np.testing.assert_allclose(np.sum(closed * np.float64(mass)[:, None], 0), before, rtol=3e-6)
    low, high = np.asarray(q).min(0), np.asarray(q).max(0)
    assert np.all(closed >= low * (1 - 3e-6))
    assert np.all(closed <= high * (1 + 3e-6))
    np.testing.assert_allclose(mix(jnp.full_like(q, 3.0), mass, exchange, 0 * drain), 3.0, rtol=3e-6)

    open_ = np.asarray(mix(q, mass, exchange, drain), np.float64)
    assert open_.min() >= 0
    deposited = np.float64(drain) * open_[0]
    np.testing.assert_allclose(np.sum(open_ * np.float64(mass)[:, None], 0) + deposited, before, rtol=3e-6)


def test_mass_stays_through_hours_of_strong_mixing():
    # Exchange hundreds of times the air in every step: 1 - ratio as a difference would lose 1e-4 of the mass in a day.
    rng = np.random.default_rng(1)
    mass = jnp.asarray(1e6 * np.linspace(1, 8, 15)[:, None, None] * np.ones((1, 3, 3)), jnp.float32)
    exchange = jnp.asarray(rng.uniform(1e7, 3e8, (14, 3, 3)), jnp.float32)
    q, drain = jnp.asarray(rng.uniform(0, 1, (15, 1, 3, 3)), jnp.float32), jnp.zeros((1, 3, 3))
    day = jax.jit(lambda q: jax.lax.fori_loop(0, 1440, lambda _, q: diffuse(q, mass, exchange, drain), q))
    sums = [np.sum(np.float64(a) * np.float64(mass)[:, None], 0) for a in (q, day(q))]
    np.testing.assert_allclose(sums[1], sums[0], rtol=1e-5)


@requirement("F3", part="adjoint of vertical mixing")
def test_every_derivative_is_that_of_finite_differences():
    with jax.enable_x64(True):
        arguments = random(4, 2.0, dtype=jnp.float64)
        rng = np.random.default_rng(9)
        weight = jnp.asarray(rng.normal(size=SHAPE))

        @jax.jit
        def value_and_slopes(*arguments):
            return jax.value_and_grad(lambda *a: jnp.sum(weight * diffuse(*a)), (0, 1, 2, 3))(*arguments)

        _, slopes = value_and_slopes(*arguments)
        for k, (argument, slope) in enumerate(zip(arguments, slopes, strict=True)):
            direction = rng.normal(size=argument.shape) * np.asarray(argument)
            ends = []
            for eps in (1e-5, -1e-5):
                moved = list(arguments)
                moved[k] = argument + eps * direction
                ends.append(float(value_and_slopes(*moved)[0]))
            expected = (ends[0] - ends[1]) / 2e-5
            assert float(np.sum(np.asarray(slope) * direction)) == pytest.approx(expected, rel=1e-6), k


def test_mixing_is_its_own_adjoint_in_the_measure_of_mass():
    # <y, m A x> = <A y, m x>: what lets mu go back through the same solve.
    q, mass, exchange, drain = random(6, 1.0)
    y = jnp.flip(q, 1) + 1
    drain = jnp.broadcast_to(drain[:1], drain.shape)
    one = np.sum(np.float64(y) * np.float64(mass)[:, None] * np.float64(mix(q, mass, exchange, drain)))
    other = np.sum(np.float64(mix(y, mass, exchange, drain)) * np.float64(mass)[:, None] * np.float64(q))
    assert one == pytest.approx(other, rel=1e-5)


def test_single_precision_is_as_good_as_double():
    arguments = random(8, 100.0)
    single = np.asarray(mix(*arguments), np.float64)
    np.testing.assert_allclose(single, dense(*arguments), rtol=1e-5)
