"""One hour of the model: transport steps between calls of the slow processes, the budget, and the way back.

The hour is cut into intervals (5 minutes); each takes a number of equal transport steps and then calls the slow
processes (chemistry, scavenging, settling). A transport step sweeps x, y, z or z, y, x in turn (Strang 1968, SIAM J.
Numer. Anal. 5:506), adds the emission, and mixes and deposits implicitly.

The way back is the same step with the wind reversed, in the opposite order, acting on ``mu = lambda / air mass``; slow
processes go back by their derivative at the state kept from the way forth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from lantian.transport.advection import Adjoint, Passage, convergence, passage, sweep
from lantian.transport.hour import HOUR, Edges, Hour, at
from lantian.transport.mixing import diffuse

Process = Callable[[Array, Any, float], Array]
"""A slow process: (state, what drives it at this moment, seconds) -> state."""
Processes = tuple[tuple[str, Process], ...]
"""Slow processes by name, in the order in which they act. Compiled code is kept for each such tuple: make it once."""
Tunable = Callable[[Mapping[str, Any]], Processes]
"""What makes the slow processes of values of uncertain numbers, by name."""


class Forth(NamedTuple):
    """The hour gone forth."""

    q: Array
    """(z, species, y, x) state at its end"""
    mean: Array
    """(species, y, x) hourly mean concentration in the lowest layer, ug m-3"""
    budget: Mapping[str, Array]
    """process -> (species,) ug gained in the hour; a loss is negative"""
    states: Array | None
    """(intervals, z, species, y, x) before each call of the slow processes, where they were asked for"""


class Back(NamedTuple):
    """The hour gone back: what the receptors feel of each thing at this hour."""

    mu: Array
    """(z, species, y, x) sensitivity per ug in a cell at the hour's beginning; times the air mass: per mixing ratio"""
    emission: Array
    """(layers, species, y, x) per ug s-1 emitted through the hour"""
    edges: Edges
    """per mixing ratio at the edges"""
    parameters: Mapping[str, Array]
    """per unit of each uncertain number that was given"""


Burden = dict[str, Array]
TRANSPORT = ("emission", "sides", "top", "deposition")
"""What a transport step does to the burden, in the budget's words."""


class _Interval(NamedTuple):
    """What the transport steps of one interval share: everything at its middle, in kg and ug in a step."""

    mass: Array
    """(z, y, x) air at its beginning, and what it gains in a step"""
    gain: Array
    x: Passage
    y: Passage
    z: Passage
    exchange: Array
    drain: Array
    emitted: Array
    edges: Edges


def _interval(hour: Hour, number: Array, intervals: int, steps: Array, emission: Array, *, back: bool) -> _Interval:
    """Prepare an interval; ``back`` with the wind reversed."""
    dt = HOUR / intervals / steps
    begin, middle = number / intervals, (number + 0.5) / intervals
    mass = at(hour.mass, begin)
    gain = (hour.mass[1] - hour.mass[0]) * (dt / HOUR)
    fluxes = [(at(f, middle) * dt, axis) for f, axis in ((hour.flux_x, 2), (hour.flux_y, 1), (hour.flux_z, 0))]
    swaps = [None if s is None else at(s, middle) * dt for s in (hour.swap_x, hour.swap_y, None)]
    least = jnp.minimum(mass, at(hour.mass, (number + 1) / intervals))
    passages = []
    for i, (flux, axis) in enumerate(fluxes):
        # The air a sweep meets depends on what was swept before it: the least over both orders and both ways.
        others = [convergence(f, a) for f, a in fluxes[:i]], [convergence(f, a) for f, a in fluxes[i + 1 :]]
        own = convergence(flux, axis)
        met = [sum(o, jnp.zeros_like(mass)) + (own if back else 0) for o in others]
        passages.append(passage(-flux if back else flux, least + jnp.minimum(*met), axis, swaps[i]))
    x, y, z = passages
    vertical, drain = at(hour.exchange, middle) * dt, at(hour.drain, middle) * dt
    return _Interval(mass, gain, x, y, z, vertical, drain, emission * dt, at(hour.edges, middle))


def advance(
    q: Array,
    hour: Hour,
    steps: int | Array,
    *,
    intervals: int = 12,
    processes: Processes = (),
    keep: bool = False,
    adjoint: Adjoint = "continuous",
) -> Forth:
    """Go one hour forward from the state ``q`` (z, species, y, x) with ``steps`` transport steps in each interval.

    ``keep`` also returns the state before each call of the slow processes, which `retreat` needs. JAX can
    differentiate through it when ``steps`` is a plain number; in jitted code ``intervals``, ``processes``, ``keep``
    and ``adjoint`` are static.
    """
    budget = {name: jnp.zeros(q.shape[1], q.dtype) for name in (*TRANSPORT, *(name for name, _ in processes))}

    def one(carry: tuple[Array, Burden, Array], i: Array) -> tuple[tuple[Array, Burden, Array], Array | None]:
        q, budget, mean = carry
        now = _interval(hour, i, intervals, jnp.asarray(steps, q.dtype), hour.emission, back=False)

        def step(j: Array, carry: tuple[Array, Burden]) -> tuple[Array, Burden]:
            return _step(*carry, now, j, (i * steps + j) % 2 == 0, adjoint)

        # Each interval is summed by itself: hundreds of small terms on a large sum would round away 1e-5 of it.
        q, gained = lax.fori_loop(0, steps, step, (q, {name: jnp.zeros_like(budget[name]) for name in TRANSPORT}))
        budget = {**budget, **{name: budget[name] + gain for name, gain in gained.items()}}
        before = q if keep else None
        mass = at(hour.mass, (i + 1) / intervals)[:, None]
        drive = at(hour.drive, (i + 0.5) / intervals)
        for name, process in processes:
            after = process(q, drive, HOUR / intervals)
            budget = {**budget, name: budget[name] + jnp.sum((after - q) * mass, axis=(0, 2, 3))}
            q = after
        mean = mean + q[0] * at(hour.ground_density, (i + 1) / intervals) / intervals
        return (q, budget, mean), before

    (q, budget, mean), states = lax.scan(one, (q, budget, jnp.zeros_like(q[0])), jnp.arange(intervals))
    return Forth(q, mean, budget, states)


Along = Callable[[Any, Any], tuple[Any, Any]]
"""A sweep along one axis as the body of `lax.scan`: (what it changes, what it is given) -> (changed, what is kept)."""


def in_turn(even: Array, sweeps: Sequence[Along], carry: Any, given: Any = None, *, back: bool = False) -> Any:
    """The sweeps along x, y and z in that order when ``even``, else z, y, x; ``back``: from the last to the first.

    In a loop that chooses among them each is compiled once, and written to memory before anything reads it: XLA on the
    CPU would rather compute it again for each of the four cells that the next sweep reads (measured: three times
    slower). ``given`` to each and kept of each stand in the order of an even step or an odd one.
    """
    last = len(sweeps) - 1

    def one(carry: Any, now: tuple[Array, Any]) -> tuple[Any, Any]:
        k, given = now
        done: tuple[Any, Any] = lax.switch(jnp.where(even, k, last - k), sweeps, carry, given)
        return done

    return lax.scan(one, carry, (jnp.arange(len(sweeps)), given), reverse=back)


def _step(q: Array, budget: Burden, now: _Interval, j: Array, even: Array, adjoint: Adjoint) -> tuple[Array, Burden]:
    """Transport step ``j`` of an interval: x, y, z when ``even``, else z, y, x; then emission and mixing."""
    ground = jnp.zeros_like(q[0])
    edges = now.edges
    sweeps = ((3, now.x, edges.west, edges.east), (2, now.y, edges.south, edges.north), (0, now.z, ground, edges.top))

    def along(axis: int, passing: Passage, low: Array, high: Array) -> Along:
        def go(carry: tuple[Array, ...], _: None) -> tuple[tuple[Array, ...], None]:
            q, mass, sides, top = carry
            q, into, out = sweep(q, mass, passing, low, high, axis=axis, adjoint=adjoint)
            mass = mass + convergence(passing.flux[:, 0], max(axis - 1, 0))
            if axis == 0:
                return (q, mass, sides, top - jnp.sum(out, axis=(1, 2))), None
            return (q, mass, sides + jnp.sum(into - out, axis=(0, 2)), top), None

        return go

    nothing = jnp.zeros(q.shape[1], q.dtype)
    begin = q, now.mass + now.gain * j, nothing, nothing
    (q, _, sides, top), _ = in_turn(even, [along(*one) for one in sweeps], begin)
    mass = now.mass + now.gain * (j + 1)
    layers = now.emitted.shape[0]
    q = q.at[:layers].add(now.emitted / mass[:layers, None])
    q = diffuse(q, mass, now.exchange, now.drain)
    gained = (jnp.sum(now.emitted, axis=(0, 2, 3)), sides, top, -jnp.sum(now.drain * q[0], axis=(1, 2)))
    return q, {**budget, **{name: budget[name] + gain for name, gain in zip(TRANSPORT, gained, strict=True)}}


def retreat(
    mu: Array,
    receptor: Array,
    hour: Hour,
    steps: int | Array,
    *,
    intervals: int = 12,
    processes: Processes | Tunable = (),
    states: Array | None = None,
    parameters: Mapping[str, Array] | None = None,
) -> Back:
    """Go one hour backward from ``mu`` (z, species, y, x), the sensitivity per ug in a cell at the hour's end.

    ``receptor`` (species, y, x): weight of the hourly mean concentration in the lowest layer (per ug m-3). ``steps``,
    ``intervals`` and ``processes`` as on the way forth; ``states`` as `advance` kept them, or None where every
    process is linear. The species axis may as well count receptors that feel the same species. With ``parameters``,
    uncertain numbers by name, ``processes`` is what makes the processes of them.
    """
    knobs = dict(parameters or {})
    make: Tunable = processes if callable(processes) else lambda _: processes
    emission = jnp.zeros(hour.emission.shape[:1] + mu.shape[1:], mu.dtype)
    edges = jax.tree.map(jnp.zeros_like, hour.edges)

    def one(
        carry: tuple[Array, Array, Edges, Burden], x: tuple[Array, Array | None]
    ) -> tuple[tuple[Array, Array, Edges, Burden], None]:
        mu, emission, edges, tuned = carry
        i, state = x
        mass = at(hour.mass, (i + 1) / intervals)
        share = at(hour.ground_density, (i + 1) / intervals) / intervals
        mu = mu.at[0].add(receptor * share / mass[0])
        drive = at(hour.drive, (i + 0.5) / intervals)
        mu, felt_by = _slow_back(mu, mass[:, None], drive, HOUR / intervals, make, knobs, state)
        tuned = {name: tuned[name] + felt_by[name] for name in tuned}
        now = _interval(hour, i, intervals, jnp.asarray(steps, mu.dtype), hour.emission, back=True)

        def step(j: Array, carry: tuple[Array, Array, Edges]) -> tuple[Array, Array, Edges]:
            k = steps - 1 - j
            return _step_back(*carry, now, k, (i * steps + k) % 2 == 0)

        inside = jax.tree.map(jnp.zeros_like, now.edges)
        mu, felt, outside = lax.fori_loop(0, steps, step, (mu, jnp.zeros_like(emission), inside))
        emission = emission + felt * (HOUR / intervals / jnp.asarray(steps, mu.dtype))
        middle = (i + 0.5) / intervals
        edges = jax.tree.map(lambda e, o: e + jnp.stack([(1 - middle) * o, middle * o]), edges, outside)
        return (mu, emission, edges, tuned), None

    begin = (mu, emission, edges, jax.tree.map(jnp.zeros_like, knobs))
    (mu, emission, edges, tuned), _ = lax.scan(one, begin, (jnp.arange(intervals), states), reverse=True)
    return Back(mu, emission, edges, tuned)


def _slow_back(
    mu: Array, mass: Array, drive: Any, seconds: float, make: Tunable, knobs: Burden, state: Array | None
) -> tuple[Array, Burden]:
    """The slow processes' derivative by state and ``knobs``, transposed, at the ``state`` before the first of them."""
    if not make(knobs):
        return mu, jax.tree.map(jnp.zeros_like, knobs)

    def all_of_them(q: Array, knobs: Burden) -> Array:
        for _, process in make(knobs):
            q = process(q, drive, seconds)
        return q

    _, transposed = jax.vjp(all_of_them, jnp.zeros_like(mu) if state is None else state, knobs)
    back, tuned = transposed(mu * mass)
    return back / mass, tuned


def _step_back(
    mu: Array, emission: Array, edges: Edges, now: _Interval, j: Array, even: Array
) -> tuple[Array, Array, Edges]:
    """`_step` in reverse: mixing is its own adjoint, a sweep's is the sweep by the reversed flux."""
    mu = diffuse(mu, now.mass + now.gain * (j + 1), now.exchange, now.drain)
    emission = emission + mu[: emission.shape[0]]
    sweeps = (
        (3, now.x, ("west", "east")),
        (2, now.y, ("south", "north")),
        (0, now.z, ("top", "top")),  # nothing comes through the ground
    )

    def along(axis: int, passing: Passage, sides: tuple[str, str]) -> Along:
        def go(carry: tuple[Array, Array, Edges], _: None) -> tuple[tuple[Array, Array, Edges], None]:
            mu, mass, edges = carry
            nothing = jnp.zeros_like(getattr(edges, sides[0]))
            mu, low, high = sweep(mu, mass, passing, nothing, nothing, axis=axis)
            mass = mass + convergence(passing.flux[:, 0], max(axis - 1, 0))
            felt = {sides[0]: -low} | {sides[1]: high}
            return (mu, mass, edges._replace(**felt)), None

        return go

    begin = mu, now.mass + now.gain * (j + 1), jax.tree.map(jnp.zeros_like, edges)
    (mu, _, felt), _ = in_turn(even, [along(*one) for one in sweeps], begin, back=True)
    return mu, emission, jax.tree.map(jnp.add, edges, felt)
