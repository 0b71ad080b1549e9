"""An hour of one species back from many receptors, by the derivative of the limited scheme at the species' own run.

The limited scheme is homogeneous of degree one, so its derivative by everything times everything is the value itself
(Euler): the parts of a receptor add up to it, to rounding. Where the limiter acts, on the spike of a chimney or in
front of a plume, the way back takes what it did there on the way forth. The run, which is that of one species, is
computed again with the state before each sweep kept; the receptors go back together.

With ``F = f q_up + |f| (A s + B b) - x s`` through a face, ``s`` the step across it and ``b`` the one behind it, the
limiter of `advection` chooses A and B by which of its bounds holds; where none changes its mind they are constant.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from lantian.transport.advection import UNUSED, Passage, Swept, convergence, sweep
from lantian.transport.hour import HOUR, Edges, Hour, at
from lantian.transport.mixing import diffuse
from lantian.transport.step import Along, Back, Processes, _Interval, _interval, _slow_back, in_turn

FLAT = 64
"""Steps below so many units of rounding say nothing of the limiter: there it is left out, as in a smooth field."""
FORTH, BACKWARD = (0, 1, 2), (2, 1, 0)
"""The order of the sweeps, x, y, z, of an even step and of an odd one."""


class Stencil(NamedTuple):
    """How a sweep at a state turns sensitivities back; one axis of length one for the receptors."""

    differences: tuple[Array, Array, Array, Array]
    """of a cell, the weights of mu's differences across the face before its first one, its first, its second, and the
    face after that"""
    low: tuple[Array, Array]
    """what lies beyond the first face: weights of the differences across the first two faces, zero where air leaves"""
    high: tuple[Array, Array]
    """the same at the last face and the one before it"""


def linearise(q: Array, mass: Array, through: Passage, low: Array, high: Array, *, axis: int) -> Stencil:
    """The derivative of `advection.sweep` at the state ``q`` (z, 1, y, x), arguments as there."""
    n = q.shape[axis]
    flux, courant, room, exchange, _ = through
    comes_in = _face(flux, 0, axis) > 0, _face(flux, n, axis) < 0
    first = jnp.where(comes_in[0], jnp.expand_dims(low, axis), _face(q, 0, axis))
    last = jnp.where(comes_in[1], jnp.expand_dims(high, axis), _face(q, n - 1, axis))
    cells = jnp.concatenate([first, first, q, last, last], axis)
    q2, q1, q0, q_1 = (lax.slice_in_dim(cells, i, i + n + 1, axis=axis) for i in range(4))
    right = flux > 0
    step, behind = q0 - q1, jnp.where(right, q1 - q2, q_1 - q0)
    of_step, of_behind = _active(step, behind, jnp.maximum(jnp.abs(q0), jnp.abs(q1)), courant, room)
    a, b = jnp.abs(flux) * of_step, jnp.abs(flux) * of_behind
    if exchange is not None:
        a = a - exchange
    # Of F by each of the four cells, from the second below the face to the second above it.
    k2, k1 = jnp.where(right, -b, 0), jnp.where(right, flux + b, 0) - a
    k0, k_1 = jnp.where(right, 0, flux - b) + a, jnp.where(right, 0, b)
    at_low = _face(k2, 0, axis) + _face(k1, 0, axis), _face(k2, 1, axis)
    at_high = _face(k0, n, axis) + _face(k_1, n, axis), _face(k_1, n - 1, axis)
    inside = partial(lax.slice_in_dim, axis=axis)
    nothing = jnp.zeros_like(at_low[0])
    before, after = inside(k0, 0, n), inside(k1, 1, n + 1)
    # Where air leaves, what lies beyond the face is the cell itself.
    before = _add(before, 0, jnp.where(comes_in[0], 0, at_low[0]), axis)
    after = _add(after, 0, jnp.where(comes_in[0], 0, at_low[1]), axis)
    after = _add(after, n - 1, jnp.where(comes_in[1], 0, at_high[0]), axis)
    before = _add(before, n - 1, jnp.where(comes_in[1], 0, at_high[1]), axis)
    ahead = jnp.concatenate([nothing, inside(k_1, 0, n - 1)], axis)
    beyond = jnp.concatenate([inside(k2, 2, n + 1), nothing], axis)
    inverse = 1 / mass[:, None]
    return Stencil(
        (ahead * inverse, before * inverse, after * inverse, beyond * inverse),
        (jnp.where(comes_in[0], at_low[0], 0), jnp.where(comes_in[0], at_low[1], 0)),
        (jnp.where(comes_in[1], at_high[0], 0), jnp.where(comes_in[1], at_high[1], 0)),
    )


def _active(step: Array, behind: Array, size: Array, courant: Array, room: Array) -> tuple[Array, Array]:
    """What `advection` multiplies ``step`` and ``behind`` by: that of the bound which holds, nothing at an extremum."""
    rest = (1 - UNUSED) - courant
    of_step, of_behind = (rest / 6) * (2 - courant), (rest / 6) * (1 + courant)
    third, full, kept = jnp.abs(of_step * step + of_behind * behind), rest * jnp.abs(step), room * jnp.abs(behind)
    flat = jnp.maximum(jnp.abs(step), jnp.abs(behind)) <= FLAT * float(np.finfo(size.dtype).eps) * size
    rises = step * behind > 0
    free = flat | (rises & (third <= full) & (third <= kept))
    downwind = rises & ~free & (full <= kept)
    emptied = rises & ~free & ~downwind
    return (
        jnp.where(free, of_step, jnp.where(downwind, rest, 0)),
        jnp.where(free, of_behind, jnp.where(emptied, room, 0)),
    )


def transpose(mu: Array, stencil: Stencil, *, axis: int) -> Swept:
    """``mu`` (z, receptor, y, x), the sensitivity per ug in a cell, before the sweep; and that to what came in."""
    n = mu.shape[axis]
    nothing = jnp.zeros_like(_face(mu, 0, axis))
    wide = jnp.concatenate([nothing, nothing, mu, nothing, nothing], axis)
    near = [lax.slice_in_dim(wide, i, i + n, axis=axis) for i in range(5)]
    steps = (after - before for before, after in pairwise(near))
    back = mu + sum(weight * step for weight, step in zip(stencil.differences, steps, strict=True))
    first, last = _face(mu, 0, axis), _face(mu, n - 1, axis)
    low = stencil.low[0] * first + stencil.low[1] * (_face(mu, 1, axis) - first)
    high = stencil.high[1] * (last - _face(mu, n - 2, axis)) - stencil.high[0] * last
    return Swept(back, low.squeeze(axis), high.squeeze(axis))


def _face(a: Array, i: int, axis: int) -> Array:
    return lax.slice_in_dim(a, i, i + 1, axis=axis)


def _add(a: Array, i: int, value: Array, axis: int) -> Array:
    return lax.dynamic_update_slice_in_dim(a, _face(a, i, axis) + value, i, axis)


@partial(jax.jit, static_argnames=("intervals", "processes", "most"), donate_argnames="mu")
def retrace(
    mu: Array,
    receptor: Array,
    q: Array,
    hour: Hour,
    steps: Array,
    *,
    intervals: int,
    processes: Processes,
    most: int,
) -> Back:
    """`step.retreat` of ``mu`` (z, receptor, y, x) along the run whose state is ``q`` (z, 1, y, x) at the beginning.

    ``hour`` is of that one species, ``receptor`` (receptor, y, x) the weights of its hourly mean; all ``processes`` are
    linear. ``most``: no fewer than ``steps``; so many steps of an interval have room for their states.
    """
    count = mu.shape[1]

    def prepared(i: Array) -> _Interval:
        return _interval(hour, i, intervals, jnp.asarray(steps, q.dtype), hour.emission, back=False)

    def forth(q: Array, i: Array) -> tuple[Array, Array]:
        now = prepared(i)
        after = lax.fori_loop(0, steps, lambda j, q: _forth(q, now, j, _even(i, j, steps))[0], q)
        drive = at(hour.drive, (i + 0.5) / intervals)
        for _, process in processes:
            after = process(after, drive, HOUR / intervals)
        return after, q

    Carry = tuple[Array, Array, Edges]

    def back(carry: Carry, x: tuple[Array, Array]) -> tuple[Carry, None]:
        mu, emission, edges = carry
        i, q = x
        now = prepared(i)
        mass = at(hour.mass, (i + 1) / intervals)
        mu = mu.at[0].add(receptor * (at(hour.ground_density, (i + 1) / intervals) / intervals / mass[0]))
        drive = at(hour.drive, (i + 0.5) / intervals)
        mu, _ = _slow_back(mu, mass[:, None], drive, HOUR / intervals, lambda _: processes, {}, None)

        def keep(j: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            q, met = _forth(carry[0], now, j, _even(i, j, steps))
            return q, lax.dynamic_update_index_in_dim(carry[1], met, j, 0)

        _, states = lax.fori_loop(0, steps, keep, (q, jnp.zeros((most, len(FORTH), *q.shape), q.dtype)))

        def step(j: Array, carry: Carry) -> Carry:
            k = steps - 1 - j
            met = lax.dynamic_index_in_dim(states, k, keepdims=False)
            return _back(*carry, met, now, k, _even(i, k, steps))

        inside = jax.tree.map(lambda e: jnp.zeros_like(e[0]), edges)
        mu, felt, outside = lax.fori_loop(0, steps, step, (mu, jnp.zeros_like(emission), inside))
        emission = emission + felt * (HOUR / intervals / jnp.asarray(steps, mu.dtype))
        middle = (i + 0.5) / intervals
        edges = jax.tree.map(lambda e, o: e + jnp.stack([(1 - middle) * o, middle * o]), edges, outside)
        return (mu, emission, edges), None

    emission = jnp.zeros((hour.emission.shape[0], *mu.shape[1:]), mu.dtype)
    west, east, south, north = (jnp.repeat(jnp.zeros_like(edge), count, 2) for edge in hour.edges[:4])
    edges = Edges(west, east, south, north, jnp.repeat(jnp.zeros_like(hour.edges.top), count, 1))
    _, begins = lax.scan(forth, q, jnp.arange(intervals))
    (mu, emission, edges), _ = lax.scan(back, (mu, emission, edges), (jnp.arange(intervals), begins), reverse=True)
    return Back(mu, emission, edges, {})


def _even(i: Array, j: Array, steps: Array) -> Array:
    return (i * steps + j) % 2 == 0


def _sweeps(now: _Interval, like: Array) -> tuple[tuple[int, Passage, Array, Array], ...]:
    """Axis, passage and what lies beyond the edges, of x, y and z."""
    west, east, south, north, top = now.edges
    return ((3, now.x, west, east), (2, now.y, south, north), (0, now.z, jnp.zeros_like(like[0]), top))


def _masses(now: _Interval, j: Array, order: tuple[int, ...]) -> list[Array]:
    """The air before each sweep of step ``j``."""
    masses = [now.mass + now.gain * j]
    for passing, axis in (((now.x, 2), (now.y, 1), (now.z, 0))[which] for which in order[:-1]):
        masses.append(masses[-1] + convergence(passing.flux[:, 0], axis))
    return masses


def _forth(q: Array, now: _Interval, j: Array, even: Array) -> tuple[Array, Array]:
    """Step ``j`` of the run, and the states before its sweeps in their order."""

    def along(axis: int, passing: Passage, low: Array, high: Array) -> Along:
        def go(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
            q, mass = carry
            after = sweep(q, mass, passing, low, high, axis=axis).q
            return (after, mass + convergence(passing.flux[:, 0], max(axis - 1, 0))), q

        return go

    begin = q, now.mass + now.gain * j
    (q, _), met = in_turn(even, [along(*one) for one in _sweeps(now, q)], begin)
    mass, layers = now.mass + now.gain * (j + 1), now.emitted.shape[0]
    q = q.at[:layers].add(now.emitted / mass[:layers, None])
    return diffuse(q, mass, now.exchange, now.drain), met


def _back(
    mu: Array, emission: Array, edges: Edges, met: Array, now: _Interval, j: Array, even: Array
) -> tuple[Array, Array, Edges]:
    """Step ``j`` transposed; ``met``: the states before its sweeps."""
    mu = diffuse(mu, now.mass + now.gain * (j + 1), now.exchange, jnp.repeat(now.drain, mu.shape[1], 0))
    emission = emission + mu[: emission.shape[0]]

    def along(sides: tuple[str, ...], axis: int, passing: Passage, low: Array, high: Array) -> Along:
        def go(carry: tuple[Array, Edges], given: tuple[Array, Array]) -> tuple[tuple[Array, Edges], None]:
            mu, felt = carry
            q, mass = given
            swept = transpose(mu, linearise(q, mass, passing, low, high, axis=axis), axis=axis)
            felt = felt._replace(**dict(zip(sides, (swept.low, swept.high)[-len(sides) :], strict=True)))
            return (swept.q, felt), None

        return go

    sweeps = zip((("west", "east"), ("south", "north"), ("top",)), _sweeps(now, met[0]), strict=True)
    masses = lax.cond(even, lambda: jnp.stack(_masses(now, j, FORTH)), lambda: jnp.stack(_masses(now, j, BACKWARD)))
    begin = mu, jax.tree.map(jnp.zeros_like, edges)
    (mu, felt), _ = in_turn(even, [along(sides, *one) for sides, one in sweeps], begin, (met, masses), back=True)
    return mu, emission, jax.tree.map(jnp.add, edges, felt)
