"""Advection: one sweep of air and species along one axis, in flux form, and its adjoint.

Third-order direct space-time scheme (DST3) with the limiter of Hundsdorfer and Trompert (1994, Appl. Numer. Math.
13:469), applied to mixing ratios moved by given air-mass fluxes. A sweep never makes a new extremum, a negative value
or mass; a uniform mixing ratio stays uniform in any wind because the air itself is moved by the same fluxes (Easter
1993, Mon. Wea. Rev. 121:297; Lin & Rood 1996, Mon. Wea. Rev. 124:2046). Horizontal diffusion is an exchange of air
between neighbours and rides in the same face fluxes.

The adjoint is the continuous one (Zhao et al. 2020, Geosci. Model Dev. 13:2925, use it in CMAQ): with ``mu = lambda /
mass`` the adjoint of flux-form advection is flux-form advection by the reversed flux (Thuburn & Haine 2001, J.
Comput. Phys. 171:616), so the same kernel computes it and every sensitivity of a non-negative receptor is
non-negative. ``adjoint="discrete"`` differentiates the limiter itself; it is exact, noisy, slow, and there for tests.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

Adjoint = Literal["continuous", "discrete"]
SMALL = 1e-6
"""A Courant number below which the bound that divides by it is slack in any case."""
UNUSED = 1e-5
"""Part of what the limiter allows that is not used, so that rounding makes no cell negative."""


class Passage(NamedTuple):
    """How air passes the faces along one axis in a time step, with one axis of length one for the species."""

    flux: Array
    """kg, positive towards higher index; n + 1 faces"""
    courant: Array
    """share of the upwind cell's air that passes"""
    room: Array
    """(1 - everything that leaves the upwind cell) / courant"""
    exchange: Array | None
    """kg that neighbours swap (horizontal diffusion), zero at the first and last face"""
    least: Array | None
    """kg, the least air a cell may hold when it is swept; only the way back asks for it"""


class Swept(NamedTuple):
    """After a sweep: the mixing ratio, and the species' mass (ug) that went up through the first and the last face."""

    q: Array
    low: Array
    high: Array


def passage(flux: Array, least: Array, axis: int, exchange: Array | None = None) -> Passage:
    """Prepare a sweep along the air's ``axis`` (2 x, 1 y, 0 z).

    ``flux`` and ``exchange`` in kg in the step at n + 1 faces, ``least`` (z, y, x) the least air that a cell may hold
    when it is swept. The bounds of the limiter hold for any air mass of at least that; no cell may send away more
    than it.
    """
    inverse = 1 / least
    sent = outflow(flux, axis, exchange) * inverse
    courant = jnp.abs(flux) * _of_upwind_cell(inverse, flux, axis)
    left = (1 - UNUSED) * jnp.maximum(1 - _of_upwind_cell(sent, flux, axis), 0)
    room = left / jnp.maximum(courant, SMALL)
    swap = None if exchange is None else exchange[:, None]
    return Passage(flux[:, None], courant[:, None], room[:, None], swap, least[:, None])


def sweep(
    q: Array, mass: Array, through: Passage, low: Array, high: Array, *, axis: int, adjoint: Adjoint = "continuous"
) -> Swept:
    """Move air and species along ``axis`` (3 x, 2 y, 0 z of the state) for one time step.

    ``q`` (z, species, y, x) mixing ratio; ``mass`` (z, y, x) kg of air before the sweep, afterwards it is ``mass +
    convergence(flux)``; ``low`` and ``high`` the mixing ratio beyond the first and the last face, the state's shape
    without ``axis``; where air leaves through a face, or none passes, what lies beyond it has no influence.

    Derivatives reach ``q``, ``low`` and ``high``; the wind is not differentiated, nor are the fluxes through the
    outer faces. Raises ``ValueError`` for fewer than three cells along ``axis``.
    """
    if q.shape[axis] < 3:
        raise ValueError(f"advection needs at least 3 cells along an axis, got {'z?yx'[axis]} = {q.shape[axis]}")
    if adjoint == "discrete":
        return _sweep(axis, q, low, high, mass, through)
    return _continuous(axis, q, low, high, mass, through)


def outflow(flux: Array, axis: int, exchange: Array | None = None) -> Array:
    """What leaves each cell through both faces along the array's ``axis``, swapped air included, in the flux's unit."""
    n = flux.shape[axis] - 1
    leaving = jnp.maximum(_cut(flux, axis, 1, n + 1), 0) - jnp.minimum(_cut(flux, axis, 0, n), 0)
    return leaving if exchange is None else leaving + _cut(exchange, axis, 0, n) + _cut(exchange, axis, 1, n + 1)


def convergence(flux: Array, axis: int) -> Array:
    """What flows in minus what flows out of each cell along the array's ``axis``, in the flux's unit."""
    n = flux.shape[axis] - 1
    return _cut(flux, axis, 0, n) - _cut(flux, axis, 1, n + 1)


def _cut(a: Array, axis: int, start: int, stop: int) -> Array:
    return lax.slice_in_dim(a, start, stop, axis=axis)


def _of_upwind_cell(cell: Array, flux: Array, axis: int) -> Array:
    """The value in the cell from which the air of each face comes; beyond the edge, that of the edge cell."""
    n = cell.shape[axis]
    below = jnp.concatenate([_cut(cell, axis, 0, 1), cell], axis)
    above = jnp.concatenate([cell, _cut(cell, axis, n - 1, n)], axis)
    return jnp.where(flux > 0, below, above)


def _face_flux(q2: Array, q1: Array, q0: Array, q_1: Array, through: Passage) -> Array:
    """Species mass through a face between cells ``q1 | q0`` with ``q2`` and ``q_1`` beyond them.

    The limited third-order value at the face, written without a division so that it is homogeneous of degree one in q::

        q_face = q_up + s max(0, min((1 - a) ((2 - a) |dn| + (1 + a) s du) / 6, (1 - a) |dn|, room s du))

    Hundsdorfer and Trompert (1994), as MITgcm's scheme 33. ``room``, own, is what the upwind cell can still give over
    a; with outflow on one side only it is the (1 - a) / a of the paper, and with outflow on both sides it keeps the
    cell from being emptied twice.
    """
    flux, courant, room, exchange, _ = through
    step = q0 - q1
    behind = jnp.where(flux > 0, q1 - q2, q_1 - q0)
    rest = (1 - UNUSED) - courant
    third = (rest / 6) * ((2 - courant) * step + (1 + courant) * behind)
    full = rest * step
    kept = room * behind
    rising = jnp.maximum(jnp.minimum(jnp.minimum(third, full), kept), 0)
    falling = jnp.minimum(jnp.maximum(jnp.maximum(third, full), kept), 0)
    carried = flux * jnp.where(flux > 0, q1, q0) + jnp.abs(flux) * (rising + falling)
    return carried if exchange is None else carried - exchange * step


def _face_fluxes(axis: int, q: Array, low: Array, high: Array, through: Passage) -> Array:
    """Species mass through all faces; the inner ones and the two at each edge go into one buffer, no copy of q."""
    n = q.shape[axis]
    through = through._replace(least=None)
    low = jnp.where(_cut(through.flux, axis, 0, 1) > 0, jnp.expand_dims(low, axis), _cut(q, axis, 0, 1))
    high = jnp.where(_cut(through.flux, axis, n, n + 1) < 0, jnp.expand_dims(high, axis), _cut(q, axis, n - 1, n))
    first = jnp.concatenate([low, low, _cut(q, axis, 0, 3)], axis)
    last = jnp.concatenate([_cut(q, axis, n - 3, n), high, high], axis)
    faces = jnp.zeros((*q.shape[:axis], n + 1, *q.shape[axis + 1 :]), q.dtype)
    for start, cells, count in ((2, q, n - 3), (0, first, 2), (n - 1, last, 2)):
        q2, q1, q0, q_1 = (_cut(cells, axis, i, i + count) for i in range(4))
        here = jax.tree.map(partial(_cut, axis=axis, start=start, stop=start + count), through)
        faces = lax.dynamic_update_slice_in_dim(faces, _face_flux(q2, q1, q0, q_1, here), start, axis)
    return faces


def _sweep(axis: int, q: Array, low: Array, high: Array, mass: Array, through: Passage) -> Swept:
    mass = mass[:, None]
    n = q.shape[axis]
    faces = _face_fluxes(axis, q, low, high, through)
    after = (mass * q + convergence(faces, axis)) * (1 / (mass + convergence(through.flux, axis)))
    return Swept(after, _cut(faces, axis, 0, 1).squeeze(axis), _cut(faces, axis, n, n + 1).squeeze(axis))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _continuous(axis: int, q: Array, low: Array, high: Array, mass: Array, through: Passage) -> Swept:
    return _sweep(axis, q, low, high, mass, through)


def _forward(
    axis: int, q: Array, low: Array, high: Array, mass: Array, through: Passage
) -> tuple[Swept, tuple[Array, Passage]]:
    return _sweep(axis, q, low, high, mass, through), (mass, through)


def _backward(axis: int, kept: tuple[Array, Passage], cotangent: Swept) -> tuple[Any, ...]:
    """``mu = lambda / mass`` goes back with the reversed flux from the air after the sweep to the air before it."""
    mass, through = kept
    air_axis = max(axis - 1, 0)
    flux = through.flux[:, 0]
    after = mass + convergence(flux, air_axis)
    exchange = None if through.exchange is None else through.exchange[:, 0]
    nothing = jnp.zeros_like(cotangent.low)
    least = after if through.least is None else through.least[:, 0] + convergence(flux, air_axis)
    reverse = passage(-flux, least, air_axis, exchange)
    back = _sweep(axis, cotangent.q / after[:, None], nothing, nothing, after, reverse)
    # What leaves through an outer face on the way back is the sensitivity to the air that came in there.
    wind = jax.tree.map(jnp.zeros_like, (mass, through))
    return mass[:, None] * back.q, -back.low, back.high, *wind


_continuous.defvjp(_forward, _backward)
