"""The forcing of an hour: continuity, what is linear between its ends, and how many steps it needs."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.transport import hour as hours
from lantian.transport.advection import convergence, outflow
from lantian.transport.hour import COURANT, HOUR, STEPS, Edges, Hour, at, choose_steps, close, courant

requirement = pytest.mark.requirement
NZ, NY, NX = 4, 5, 6


def random(seed, strength, swap=0.0):
    """Random air and winds: ``strength`` is the usual share of a cell's air that a face passes in a second."""
    rng = np.random.default_rng(seed)
    mass = 1e7 * rng.uniform(0.5, 2, (1, NZ, NY, NX)) * rng.uniform(0.97, 1.03, (2, NZ, NY, NX))
    flux_x = 1e7 * strength * rng.normal(size=(2, NZ, NY, NX + 1))
    flux_y = 1e7 * strength * rng.normal(size=(2, NZ, NY + 1, NX))
    mass, flux_x, flux_y = (jnp.asarray(a, jnp.float32) for a in (mass, flux_x, flux_y))
    swaps = []
    for like, axis in ((flux_x, 3), (flux_y, 2)):
        exchange = np.abs(rng.normal(size=like.shape)) * 1e7 * swap
        np.moveaxis(exchange, axis, 0)[[0, -1]] = 0
        swaps.append(jnp.asarray(exchange, jnp.float32) if swap else None)
    nothing = jnp.zeros((2, NZ, 1, NY)), jnp.zeros((2, NZ, 1, NX)), jnp.zeros((2, 1, NY, NX))
    edges = Edges(nothing[0], nothing[0], nothing[1], nothing[1], nothing[2])
    ground, drain = jnp.ones((2, NY, NX)), jnp.zeros((2, 1, NY, NX))
    lifted = close(mass, flux_x, flux_y)
    exchange, emission = jnp.zeros((2, NZ - 1, NY, NX)), jnp.zeros((1, 1, NY, NX))
    return Hour(mass, flux_x, flux_y, lifted, exchange, *swaps, drain, emission, edges, ground, None)


def largest_share(now, share, seconds):
    """The Courant number at a moment of the hour, in float64 and sweep by sweep."""
    here = at(now._replace(drive=None), share)
    mass = np.asarray(here.mass, np.float64)
    sweeps = [(here.flux_x, 2, here.swap_x), (here.flux_y, 1, here.swap_y), (here.flux_z, 0, None)]
    largest = 0.0
    for order in (sweeps, sweeps[::-1]):
        met = mass
        for flux, axis, swap in order:
            largest = max(largest, float(np.max(np.asarray(outflow(flux, axis, swap)) * seconds / met)))
            met = met + np.asarray(convergence(flux, axis)) * seconds
            if met.min() <= 0:
                return np.inf
    return largest


@requirement("F3", part="continuity gives the vertical wind")
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_continuity_leaves_no_air_unaccounted_for(seed):
    now = random(seed, 1e-3)
    gain = convergence(now.flux_x, 3) + convergence(now.flux_y, 2) + convergence(now.flux_z, 1)
    tendency = (now.mass[1] - now.mass[0]) / HOUR
    np.testing.assert_allclose(gain, jnp.broadcast_to(tendency, gain.shape), atol=1e7 * 1e-3 * 1e-5)
    assert np.all(np.asarray(now.flux_z[:, 0]) == 0)


def test_everything_is_linear_between_the_ends():
    pair = {"a": jnp.asarray([1.0, 3.0]), "none": None}
    assert [float(at(pair, share)["a"]) for share in (0, 0.25, 1)] == [1, 1.5, 3]
    assert at(pair, 0.5)["none"] is None


@requirement("F3", part="automatic sub-stepping")
@given(
    seed=st.integers(0, 2**32 - 1),
    strength=st.floats(-5, -1.7).map(lambda power: 10**power),
    swap=st.sampled_from([0.0, 1e-4, 3e-3]),
)
@settings(max_examples=40)
def test_the_fewest_steps_that_no_cell_is_too_short_for(seed, strength, swap):
    now = random(seed, strength, swap)
    steps, number = (float(a) for a in choose_steps(now, 300.0))
    assert steps in STEPS
    if number > COURANT:
        assert steps == STEPS[-1]
        assert largest_share(now, 0.0, 300 / steps) > COURANT or largest_share(now, 1.0, 300 / steps) > COURANT
        return
    found = [largest_share(now, share, 300 / steps) for share in (0.0, 0.4, 0.8, 1.0)]
    assert max(found) <= number * (1 + 1e-4)  # the ends of the hour bound all that lies between them
    assert number == pytest.approx(max(found[0], found[-1]), rel=1e-4)
    if steps > 1:
        fewer = 300 / STEPS[STEPS.index(steps) - 1]
        assert max(largest_share(now, share, fewer) for share in (0.0, 1.0)) > COURANT * (1 - 1e-4)


def test_air_that_neighbours_swap_counts():
    still = random(1, 1e-9, 1e-3)
    steps, number = choose_steps(still, 300.0)
    most = np.max(np.asarray(outflow(0 * still.flux_x[0], 2, still.swap_x[0]) / still.mass[0])) * 300 / int(steps)
    assert float(number) >= most * (1 - 1e-5) > 0.3


def test_winds_that_no_number_of_steps_can_carry_are_told():
    now = random(1, 3.0)
    steps, number = choose_steps(now, 300.0)
    assert int(steps) == STEPS[-1]
    assert float(number) > COURANT
    assert float(number) == pytest.approx(float(courant(now, 300.0 / STEPS[-1])), rel=1e-5)


def test_the_steps_that_may_be_chosen_rise_from_one():
    assert hours.STEPS[0] == 1
    assert list(hours.STEPS) == sorted(set(hours.STEPS))
