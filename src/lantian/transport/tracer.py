"""One species that does not react, alone or many times over, an hour forth and back: what footprints are made of."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from lantian.transport import reactions, tangent
from lantian.transport.hour import Edges, Hour
from lantian.transport.step import Back, Process, Processes, advance, retreat

ROOM = 8
"""Steps of an interval whose states there is room for at least, so that calm hours and windy ones share their code."""


@lru_cache
def processes(species: str, changed: tuple[tuple[str, float], ...] = ()) -> Processes:
    """Scavenging and settling of any number of tracers like ``species``; ``changed`` parameters as (name, value)."""

    def over_all(process: Process) -> Process:
        def act(q: Array, drive: Any, seconds: float) -> Array:
            def alone(tracer: Array) -> Array:
                return process(tracer[:, None], drive, seconds)[:, 0]

            return jax.vmap(alone, in_axes=1, out_axes=1)(q)

        return act

    made = reactions.processes((species,), dict(changed), reactive=False)
    return tuple((name, over_all(process)) for name, process in made)


@partial(jax.jit, static_argnames=("index", "intervals", "processes"), donate_argnames="q")
def forth(
    q: Array, hour: Hour, steps: Array, *, index: int, intervals: int, processes: Processes
) -> tuple[Array, Array]:
    """State (z, 1, y, x) at the end of the hour and its mean (y, x) in ug m-3, of the species of that ``index``."""
    result = advance(q, alike(hour, index, 1), steps, intervals=intervals, processes=processes)
    return result.q, result.mean[0]


@partial(jax.jit, static_argnames=("index", "intervals", "processes"), donate_argnames="mu")
def back(
    mu: Array, weight: Array, hour: Hour, steps: Array, *, index: int, intervals: int, processes: Processes
) -> Back:
    """`step.retreat` of ``mu`` (z, receptor, y, x), receptors that all feel the species of that ``index``."""
    return retreat(mu, weight, alike(hour, index, mu.shape[1]), steps, intervals=intervals, processes=processes)


def retrace(
    mu: Array,
    weight: Array,
    q: Array,
    hour: Hour,
    steps: Array,
    *,
    index: int,
    intervals: int,
    processes: Processes,
) -> Back:
    """`tangent.retrace` of ``mu`` (z, receptor, y, x) along the run that begins at ``q`` (z, 1, y, x).

    All receptors feel the species of that ``index``.
    """
    most = max(ROOM, 1 << int(steps - 1).bit_length())  # compiled once for all hours of about as many steps
    one = _one(hour, index=index)
    result: Back = tangent.retrace(mu, weight, q, one, steps, intervals=intervals, processes=processes, most=most)
    return result


@partial(jax.jit, static_argnames="index")
def _one(hour: Hour, *, index: int) -> Hour:
    return alike(hour, index, 1)


def alike(hour: Hour, index: int, count: int) -> Hour:
    """The hour of ``count`` species that are all that of ``index``."""

    def repeated(field: Array, axis: int) -> Array:
        one = jax.lax.index_in_dim(field, index, axis)
        return jnp.repeat(one, count, axis)

    west, east, south, north, top = hour.edges
    edges = Edges(repeated(west, 2), repeated(east, 2), repeated(south, 2), repeated(north, 2), repeated(top, 1))
    return hour._replace(drain=repeated(hour.drain, 1), emission=repeated(hour.emission, 1), edges=edges)
