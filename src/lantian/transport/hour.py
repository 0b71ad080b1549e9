"""One hour of forcing as the engine sees it: kilograms of air, kilograms per second, and how many steps they allow.

Everything that changes within an hour is given at its beginning and its end and is linear between them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from lantian.transport.advection import convergence, outflow

HOUR = 3600.0
STEPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 60, 120)
"""Transport steps in an interval that may be chosen."""
COURANT = 0.95
"""The largest share of a cell's air that one sweep may send away or swap."""


class Edges(NamedTuple):
    """Mixing ratio beyond the domain's edges at both ends of the hour, ug kg-1; or the sensitivity to it."""

    west: Array
    """(2, z, species, y)"""
    east: Array
    south: Array
    """(2, z, species, x)"""
    north: Array
    top: Array
    """(2, species, y, x)"""


class Hour(NamedTuple):
    """What drives one hour. Arrays that change within it have a first axis of two: its beginning and its end."""

    mass: Array
    """(2, z, y, x) air in each cell, kg"""
    flux_x: Array
    """(2, z, y, x + 1) air through faces, kg s-1, positive to the east"""
    flux_y: Array
    """(2, z, y + 1, x) positive to the north"""
    flux_z: Array
    """(2, z + 1, y, x) positive upward, from continuity (`close`), zero at the ground"""
    exchange: Array
    """(2, z - 1, y, x) vertical exchange rho K A / dz, kg s-1"""
    swap_x: Array | None
    """(2, z, y, x + 1) horizontal exchange rho K A / dx, kg s-1, zero at the outer faces; None: no such diffusion"""
    swap_y: Array | None
    """(2, z, y + 1, x)"""
    drain: Array
    """(2, species, y, x) dry deposition rho vd A, kg s-1"""
    emission: Array
    """(layers, species, y, x) ug s-1, constant through the hour"""
    edges: Edges
    ground_density: Array
    """(2, y, x) air density of the lowest layer, kg m-3"""
    drive: Any
    """what the slow processes need, each leaf with a first axis of two"""


def close(mass: Array, flux_x: Array, flux_y: Array) -> Array:
    """Vertical air flux (2, z + 1, y, x) in kg s-1 that continuity leaves, from the ground up.

    As TM5 diagnoses it (Krol et al. 2005, Atmos. Chem. Phys. 5:417). Shapes as in `Hour`. What passes the top is what
    the columns could not keep.
    """
    tendency = (mass[1] - mass[0]) / HOUR
    gain = convergence(flux_x, 3) + convergence(flux_y, 2) - tendency
    return jnp.concatenate([jnp.zeros_like(gain[:, :1]), jnp.cumsum(gain, axis=1)], axis=1)


def at(pair: Any, share: Any) -> Any:
    """Everything in ``pair`` at ``share`` (0..1) of the hour."""
    return jax.tree.map(lambda a: a[0] + (a[1] - a[0]) * jnp.asarray(share, a.dtype), pair)


@jax.jit
def choose_steps(hour: Hour, seconds: Array) -> tuple[Array, Array]:
    """The fewest steps in an interval of ``seconds`` that keep the Courant number below `COURANT`, and that number.

    The Courant number is the largest share of a cell's air that leaves in one sweep: over all cells, both ends of the
    hour and both orders of the sweeps. Where not even the most steps are enough, it comes back above `COURANT`; the
    caller says where.
    """
    choices = jnp.asarray(STEPS)
    enough = _needed(hour) * seconds <= choices
    first = jnp.where(jnp.any(enough), jnp.argmax(enough), len(STEPS) - 1)

    def too_few(carry: tuple[Array, Array]) -> Array:
        index, number = carry
        return (number > COURANT) & (index < len(STEPS) - 1)

    def more(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        index = carry[0] + 1
        return index, courant(hour, seconds / choices[index])

    index, number = lax.while_loop(too_few, more, (first, courant(hour, seconds / choices[first])))
    return choices[index], number


def courant(hour: Hour, seconds: Any) -> Array:
    """The Courant number of steps of ``seconds``; see `choose_steps`."""
    largest = jnp.zeros((), hour.mass.dtype)
    for end in (0, 1):
        for order in (_sweeps(hour, end), _sweeps(hour, end)[::-1]):
            mass = hour.mass[end]
            for flux, axis, swap in order:
                share = outflow(flux, axis, swap) * seconds / jnp.maximum(mass, 1e-3 * hour.mass[end])
                largest = jnp.maximum(largest, jnp.max(share))
                mass = mass + convergence(flux, axis) * seconds
    return largest


def _needed(hour: Hour) -> Array:
    """Steps per second that the Courant number asks for: out dt <= C (m + gain dt) solved for 1/dt."""
    largest = jnp.zeros((), hour.mass.dtype)
    for end in (0, 1):
        for order in (_sweeps(hour, end), _sweeps(hour, end)[::-1]):
            gain = jnp.zeros_like(hour.mass[end])
            for flux, axis, swap in order:
                rate = (outflow(flux, axis, swap) / COURANT - gain) / hour.mass[end]
                largest = jnp.maximum(largest, jnp.max(rate))
                gain = gain + convergence(flux, axis)
    return largest


def _sweeps(hour: Hour, end: int) -> list[tuple[Array, int, Array | None]]:
    swap_x, swap_y = (None if swap is None else swap[end] for swap in (hour.swap_x, hour.swap_y))
    return [(hour.flux_x[end], 2, swap_x), (hour.flux_y[end], 1, swap_y), (hour.flux_z[end], 0, None)]
