"""An hour forth and back: its budget, what any wind may not do to it, and the way back as JAX would derive it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lantian.transport.hour import COURANT, HOUR, Edges, at, choose_steps, courant
from lantian.transport.ladder.flows import DIVERGENT, LEVEL, SHEARED, Wind, burden, hills, hour
from lantian.transport.step import advance, retreat

requirement = pytest.mark.requirement
SMALL = (6, 7, 4)
NY, NX, NZ = SMALL
SPECIES, LAYERS = 2, 3
STATE = (NZ, SPECIES, NY, NX)
forth = jax.jit(advance, static_argnames=("intervals", "processes", "keep", "adjoint"))
back = jax.jit(retreat, static_argnames=("intervals", "processes"))
QUICKLY = {"xla_backend_optimization_level": "0"}  # for what runs once
forth_once = jax.jit(advance, static_argnames=("intervals", "processes", "keep"), compiler_options=QUICKLY)
back_once = jax.jit(retreat, static_argnames=("intervals", "processes"), compiler_options=QUICKLY)


def random_hour(seed, speed=4.0, dtype=jnp.float32, wind=None, **more):
    """Rough random winds, emissions, edges and deposition over hills."""
    rng = np.random.default_rng(seed)

    def rough(z, x, y, t):
        return tuple(speed * rng.normal(size=np.broadcast(z, x, y).shape) for _ in range(2))

    emission = 10 ** rng.uniform(3, 8, (LAYERS, SPECIES, NY, NX)) * (rng.random((LAYERS, SPECIES, NY, NX)) < 0.2)
    settings_ = {"emission": emission, "velocity": (0.0, 0.02), "species": SPECIES, "dtype": dtype} | more
    made = hour(wind or Wind("rough", "", rough), domain=hills(*SMALL), **settings_)
    edges = jax.tree.map(
        lambda a: jnp.asarray(rng.uniform(0, 50, a.shape) * (rng.random(a.shape) < 0.5), dtype), made.edges
    )
    return made._replace(edges=edges, drive=jnp.asarray([1.0, 2.0], dtype))


def random_state(seed, dtype=jnp.float32):
    rng = np.random.default_rng(seed)
    return jnp.asarray(10 ** rng.uniform(-6, 3, STATE) * (rng.random(STATE) < 0.5), dtype)


def decay(q, drive, seconds):
    """Loss that grows with the state and with what drives it."""
    return q / (1 + 1e-6 * seconds * drive * q)


def exchange(q, drive, seconds):
    """The first species turns into the second."""
    moved = q[:, 0] * (1 - jnp.exp(-1e-5 * drive * seconds))
    return q.at[:, 0].add(-moved).at[:, 1].add(moved)


PROCESSES = (("loss", decay), ("reaction", exchange))


@requirement("F3", part="mass budget of each process; nothing negative in any wind, from any source")
@given(seed=st.integers(0, 2**32 - 1), speed=st.floats(0.1, 30), diffusivity=st.sampled_from([0.0, 2000.0]))
@settings(max_examples=20)
def test_any_wind_and_source_closes_the_budget_and_makes_nothing_negative(seed, speed, diffusivity):
    now = random_hour(seed, speed, diffusivity=diffusivity)
    steps, number = choose_steps(now, 300.0)
    assert float(number) <= COURANT
    q = random_state(seed)
    after = forth(q, now, int(steps), processes=PROCESSES)
    assert float(after.q.min()) >= 0
    assert float(after.mean.min()) >= 0
    gained = sum(np.asarray(change, np.float64) for change in after.budget.values())
    start, end = burden(q, now.mass[0]), burden(after.q, now.mass[1])
    gross = start + sum(np.abs(np.asarray(change, np.float64)) for change in after.budget.values())
    assert np.all(np.abs(end - start - gained) <= 1e-5 * gross)
    assert set(after.budget) == {"emission", "sides", "top", "deposition", "loss", "reaction"}
    emitted = np.sum(np.asarray(now.emission, np.float64), (0, 2, 3)) * HOUR
    np.testing.assert_allclose(after.budget["emission"], emitted, rtol=1e-5)
    assert np.all(np.asarray(after.budget["deposition"]) <= 0)
    assert float(after.budget["deposition"][0]) == 0  # the first species is not deposited
    assert np.all(np.asarray(after.budget["loss"]) <= 0)
    reaction = np.asarray(after.budget["reaction"], np.float64)
    assert abs(reaction.sum()) <= 1e-4 * abs(reaction).max() + 1e-30


@given(seed=st.integers(0, 2**32 - 1), speed=st.floats(0.1, 30))
@settings(max_examples=10)
def test_no_value_leaves_the_range_of_start_and_edges(seed, speed):
    now = random_hour(seed, speed, emission=np.zeros((LAYERS, SPECIES, NY, NX)), velocity=0.0)
    q = random_state(seed)
    after = forth(q, now, int(choose_steps(now, 300.0)[0]), processes=PROCESSES[:0]).q
    highest = max(float(q.max()), *(float(edge.max()) for edge in now.edges))
    assert float(after.max()) <= highest * (1 + 1e-5)
    assert float(after.min()) >= 0
    uniform = now._replace(edges=jax.tree.map(lambda edge: jnp.full_like(edge, 7.0), now.edges))
    same = forth(jnp.full_like(q, 7.0), uniform, int(choose_steps(now, 300.0)[0]), processes=PROCESSES[:0]).q
    np.testing.assert_allclose(same, 7.0, rtol=1e-5)


def derived(q, now, steps, weight, receptor, processes, intervals):
    """The derivative of weighted end and mean by state, emission and edges, as JAX chains it."""

    def value(q, emission, edges):
        after = advance(
            q, now._replace(emission=emission, edges=edges), steps, intervals=intervals, processes=processes
        )
        return jnp.sum(weight * after.q) + jnp.sum(receptor * after.mean)

    return jax.grad(value, (0, 1, 2))(q, now.emission, now.edges)


@requirement("F3", part="the hand-written way back is the derivative that JAX chains")
@pytest.mark.parametrize(
    ("steps", "intervals", "processes"), [(1, 3, ()), (2, 2, PROCESSES)], ids=["odd", "even, with processes"]
)
def test_the_way_back_is_the_chain_of_the_parts_derivatives(steps, intervals, processes):
    with jax.enable_x64(True):
        now = random_hour(3, 0.5, jnp.float64, diffusivity=500.0)
        rng = np.random.default_rng(11)
        q, weight = random_state(5, jnp.float64), jnp.asarray(rng.normal(size=STATE))
        receptor = jnp.asarray(rng.normal(size=STATE[1:]))
        chained = jax.jit(derived, static_argnums=(2, 5, 6), compiler_options=QUICKLY)(
            q, now, steps, weight, receptor, processes, intervals
        )
        states = forth_once(q, now, steps, intervals=intervals, processes=processes, keep=True).states
        assert states.shape == (intervals, *STATE)
        found = back_once(
            weight / now.mass[1][:, None], receptor, now, steps, intervals=intervals, processes=processes, states=states
        )
        by_state = found.mu * now.mass[0][:, None]
        for ours, theirs in zip(
            jax.tree.leaves((by_state, found.emission, found.edges)), jax.tree.leaves(chained), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11 * float(jnp.max(jnp.abs(theirs))))


@requirement("F3", part="CPU against the float64 reference")
def test_single_precision_agrees_with_double():
    def runs(dtype, forth=forth, back=back):
        now = random_hour(7, dtype=dtype, wind=LEVEL)
        q = random_state(8, dtype)
        after = forth(q, now, 4, processes=PROCESSES)
        felt = back(after.q / 1e9, after.mean, now, 4)
        return [after.q, after.mean, *after.budget.values(), felt.mu, felt.emission, *felt.edges]

    single = [np.asarray(a) for a in runs(jnp.float32)]
    with jax.enable_x64(True):
        double = [np.asarray(a) for a in runs(jnp.float64, forth_once, back_once)]
    for one, other in zip(single, double, strict=True):
        assert one.dtype == np.float32
        assert other.dtype == np.float64
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-5 * np.abs(other).max())


@requirement("F3", part="sensitivity to edges and start agrees with brute force")
@pytest.mark.parametrize("wind", [SHEARED, DIVERGENT], ids=lambda wind: wind.name)
def test_where_the_air_is_uniform_the_adjoint_is_brute_force(wind):
    nothing = np.zeros((LAYERS, SPECIES, NY, NX))
    now = random_hour(0, wind=wind, emission=nothing, velocity=0.001)
    edges = jax.tree.map(jnp.ones_like, now.edges)
    now, steps = now._replace(edges=edges), int(choose_steps(now, 300.0)[0])
    q = jnp.ones(STATE)
    receptor = jnp.zeros(STATE[1:]).at[:, 3, 4].set(1.0)
    felt = back(jnp.zeros(STATE), receptor, now, steps)
    start = float(jnp.sum(felt.mu * now.mass[0][:, None]))
    sides = {name: float(jnp.sum(getattr(felt.edges, name))) for name in Edges._fields}
    assert min(start, *sides.values()) >= 0

    def modelled(q, edges):
        return float(jnp.sum(receptor * forth(q, now._replace(edges=edges), steps).mean))

    # Everything twice as high: exact whatever the wind.
    everything = modelled(2 * q, jax.tree.map(lambda edge: 2 * edge, edges)) - modelled(q, edges)
    assert start + sum(sides.values()) == pytest.approx(everything, rel=2e-3)  # deposition bends the field a little
    # All edges alone make a front, which the limiter treats forth and back not quite alike.
    entering = modelled(0 * q, edges)
    assert sum(sides.values()) == pytest.approx(entering, rel=0.05)


def test_what_comes_back_is_never_negative():
    for seed in range(5):
        now = random_hour(seed, 8.0, diffusivity=1000.0)
        receptor = jnp.zeros(STATE[1:]).at[:, seed, seed].set(1.0)
        felt = back(jnp.zeros(STATE), receptor, now, int(choose_steps(now, 300.0)[0]))
        for part in (felt.mu, felt.emission, *felt.edges):
            assert float(part.min()) >= 0
        assert float(felt.emission.max()) > 0


def test_steps_may_be_a_number_or_an_array_and_the_hour_may_be_run_twice():
    now, q = random_hour(4, 1.0), random_state(4)
    assert float(courant(now, 100.0)) < COURANT
    plain = jax.jit(lambda q, now: advance(q, now, 3), compiler_options=QUICKLY)(q, now)
    for again in (forth(q, now, 3), forth(q, now, jnp.asarray(3))):
        np.testing.assert_allclose(again.q, plain.q, rtol=1e-4, atol=1e-6 * float(plain.q.max()))
    np.testing.assert_array_equal(forth(q, now, 3).q, forth(q, now, 3).q)


def test_the_mean_is_of_the_lowest_layer_at_the_ends_of_the_intervals():
    now = random_hour(2, 0.0)
    q = random_state(2)
    after = forth_once(q, now, 2, intervals=2, processes=PROCESSES, keep=True)
    first = exchange(decay(after.states[0], at(now.drive, 0.25), HOUR / 2), at(now.drive, 0.25), HOUR / 2)
    expected = (first[0] * at(now.ground_density, 0.5) + after.q[0] * now.ground_density[1]) / 2
    np.testing.assert_allclose(after.mean, expected, rtol=1e-5)


def test_calm_air_keeps_what_is_emitted_where_nothing_mixes():
    calm = Wind("calm", "", lambda z, x, y, t: (0 * (z + x + y), 0 * (z + x + y)))
    emission = np.zeros((LAYERS, SPECIES, NY, NX))
    emission[1, 0, 2, 3] = 1e6
    now = random_hour(0, wind=calm, emission=emission, velocity=0.0, diffusivity=0.0)
    now = now._replace(exchange=0 * now.exchange, flux_z=0 * now.flux_z, mass=jnp.stack([now.mass[0]] * 2))
    after = np.asarray(forth(jnp.zeros(STATE), now, 3).q, np.float64)
    assert after[1, 0, 2, 3] * float(now.mass[0, 1, 2, 3]) == pytest.approx(1e6 * HOUR, rel=1e-5)
    after[1, 0, 2, 3] = 0
    assert np.all(after == 0)


def test_deposition_alone_is_backward_euler():
    calm = Wind("calm", "", lambda z, x, y, t: (0 * (z + x + y), 0 * (z + x + y)))
    nothing = np.zeros((LAYERS, SPECIES, NY, NX))
    now = random_hour(0, wind=calm, emission=nothing, velocity=(0.01, 0.03), diffusivity=0.0)
    now = jax.tree.map(
        lambda a: jnp.stack([a[0]] * 2) if a.ndim > 1 else a, now._replace(emission=jnp.stack([now.emission] * 2))
    )
    now = now._replace(emission=now.emission[0], exchange=0 * now.exchange, flux_z=0 * now.flux_z)
    after = forth(jnp.ones(STATE), now, 2)
    loss = 1 + np.asarray(now.drain[0]) * 150 / np.asarray(now.mass[0, 0])
    np.testing.assert_allclose(after.q[0], loss**-24, rtol=1e-4)
    np.testing.assert_allclose(after.q[1:], 1, rtol=1e-5)
