"""The derivative of the limited scheme at a run: a sweep's against JAX, an hour's against differences."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lantian.transport.advection import Swept, convergence, passage, sweep
from lantian.transport.hour import Edges, Hour
from lantian.transport.ladder.flows import EDDY, hills, hour
from lantian.transport.step import advance
from lantian.transport.tangent import FLAT, linearise, retrace, transpose

SMALL = (6, 7, 4)
NY, NX, NZ = SMALL
RECEPTORS, LAYERS, INTERVALS = 2, 2, 12
QUICKLY = {"xla_backend_optimization_level": "0"}  # for what runs once


@pytest.fixture(autouse=True)
def _double():
    with jax.enable_x64(True):
        yield


def made(seed: int, emission: np.ndarray | None = None) -> Hour:
    rng = np.random.default_rng(seed)
    given = 10 ** rng.uniform(5, 8, (LAYERS, 1, NY, NX)) if emission is None else emission
    now = hour(EDDY, domain=hills(*SMALL), emission=given, species=1, velocity=0.01, dtype=jnp.float64)
    edges = jax.tree.map(lambda a: jnp.asarray(rng.uniform(5, 50, a.shape)), now.edges)
    return now._replace(edges=edges, drive=jnp.asarray([1.0, 2.0]))


def rain(q: jax.Array, drive: jax.Array, seconds: float) -> jax.Array:
    return q * jnp.exp(-1e-4 * drive * seconds)


@pytest.mark.requirement("F3", part="the transposed derivative of a limited sweep is that of JAX")
@pytest.mark.parametrize("axis", [3, 0])
def test_a_sweep_is_turned_back_as_jax_would(axis: int) -> None:
    now, rng = made(1), np.random.default_rng(2)
    shape = (NZ, 1, NY, NX)
    q = jnp.asarray(rng.gamma(1.0, 10.0, shape))
    edge = tuple(n for i, n in enumerate(shape) if i != axis)
    low, high = (jnp.asarray(rng.gamma(1.0, 10.0, edge)) for _ in range(2))
    air_axis = max(axis - 1, 0)
    flux = {3: now.flux_x, 0: now.flux_z}[axis][0] * 40.0
    swap = now.swap_x[0] * 40.0 if axis == 3 else None
    mass = now.mass[0]
    through = passage(flux, mass, air_axis, swap)

    @partial(jax.jit, compiler_options=QUICKLY)
    def both(mu: jax.Array, q: jax.Array, low: jax.Array, high: jax.Array) -> tuple[Swept, list[tuple[jax.Array, ...]]]:
        def swept(q: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
            return sweep(q, mass, through, low, high, axis=axis, adjoint="discrete").q

        back = transpose(mu, linearise(q, mass, through, low, high, axis=axis), axis=axis)
        _, transposed = jax.vjp(swept, q, low, high)
        after = mass + convergence(flux, air_axis)
        return back, [transposed(mu[:, r : r + 1] * after[:, None]) for r in range(RECEPTORS)]

    back, chained = both(jnp.asarray(rng.normal(size=(NZ, RECEPTORS, NY, NX))), q, low, high)
    inside = [slice(None)] * 4
    inside[axis] = slice(2, -2)  # at an outer face JAX halves the derivative of a step that is always zero
    for r, (of_q, of_low, of_high) in enumerate(chained):
        one = slice(r, r + 1)
        found = back.q[:, one] * mass[:, None]
        np.testing.assert_allclose(found[tuple(inside)], of_q[tuple(inside)], rtol=1e-9, atol=1e-9 * abs(of_q).max())
        along = {3: (slice(None), one), 0: (one,)}[axis]
        for ours, theirs in ((back.low[along], of_low), (back.high[along], of_high)):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * abs(of_q).max())


def test_where_nothing_differs_but_by_rounding_nothing_is_limited() -> None:
    now = made(3)
    flux = now.flux_x[0] * 40.0
    through = passage(flux, now.mass[0], 2)
    edge = jnp.full((NZ, 1, NY), 7.0)
    noise = 1 + np.finfo(float).eps * np.random.default_rng(0).integers(-FLAT // 4, FLAT // 4, (NZ, 1, NY, NX))
    exact, rough = (
        linearise(7.0 * q, now.mass[0], through, edge, edge, axis=3) for q in (jnp.ones((NZ, 1, NY, NX)), noise)
    )
    for one, other in zip(jax.tree.leaves(exact), jax.tree.leaves(rough), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.requirement(
    "F3", part="an hour of a tracer back along its own run is the derivative, by finite differences"
)
def test_an_hour_back_is_what_differences_say() -> None:
    now, rng = made(5), np.random.default_rng(6)
    q = jnp.asarray(rng.gamma(2.0, 10.0, (NZ, 1, NY, NX)))
    processes = (("rain", rain),)
    weight = rng.uniform(size=(RECEPTORS, NY, NX))
    steps = jnp.asarray(3)
    forth = jax.jit(advance, static_argnames=("intervals", "processes"), compiler_options=QUICKLY)

    def values(q: jax.Array, now: Hour) -> np.ndarray:
        after = forth(q, now, steps, intervals=INTERVALS, processes=processes)
        return np.einsum("ryx,yx->r", weight, after.mean[0]) + float(jnp.sum(after.q * now.mass[1][:, None])) / 1e9

    mu = jnp.full((NZ, RECEPTORS, NY, NX), 1e-9)
    quick = jax.jit(retrace.__wrapped__, static_argnames=("intervals", "processes", "most"), compiler_options=QUICKLY)
    back = quick(mu, jnp.asarray(weight), q, now, steps, intervals=INTERVALS, processes=processes, most=4)
    of_state = np.asarray(back.mu * now.mass[0][:, None])
    edges = [np.asarray(edge) for edge in back.edges]

    def said(dq: np.ndarray, de: np.ndarray, outside: Edges) -> np.ndarray:
        total = np.einsum("zryx,zyx->r", of_state, dq[:, 0]) + np.einsum("lryx,lyx->r", back.emission, de[:, 0])
        for name, felt, change in zip(Edges._fields, edges, outside, strict=True):
            axis = 1 if name == "top" else 2
            total = total + (np.moveaxis(felt, axis, 0) * np.moveaxis(change, axis, 0)).reshape(RECEPTORS, -1).sum(1)
        return total

    np.testing.assert_allclose(said(q, now.emission, now.edges), values(q, now), rtol=1e-9)  # Euler: the closure is 1
    nothing = jax.tree.map(jnp.zeros_like, now.edges)
    for dq, de, outside in (
        (rng.normal(size=q.shape), 0 * now.emission, nothing),
        (0 * q, rng.normal(size=now.emission.shape) * 1e6, nothing),
        (0 * q, 0 * now.emission, jax.tree.map(lambda a: rng.normal(size=a.shape), now.edges)),
    ):
        up, down = (
            values(
                q + h * dq,
                now._replace(
                    emission=now.emission + h * de,
                    edges=jax.tree.map(lambda e, o, h=h: e + h * o, now.edges, outside),
                ),
            )
            for h in (1e-6, -1e-6)
        )
        np.testing.assert_allclose(said(dq, de, outside), (up - down) / 2e-6, rtol=1e-5)
