"""Vertical mixing: backward Euler in one solve with emission before it and dry deposition inside it.

For each column and species, with air mass m (kg), exchange g = dt rho K A / dz between neighbours (kg) and drain d at
the ground (kg)::

    (m_k + g_{k-1/2} + g_{k+1/2} + [k = 0] d) q_k - g_{k-1/2} q_{k-1} - g_{k+1/2} q_{k+1} = m_k q_k^old

The matrix is symmetric and diagonally dominant: the solve is unconditionally stable, positive and mass conserving,
and its adjoint is the same solve. Backward Euler in time and elimination by Thomas (Press et al. 2007, Numerical
Recipes, sections 20.2 and 2.4), but from the top down: that leaves the species' own drain to the last row, so that
the factors are shared by all species.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from lantian.transport.compilation import on_processor


def diffuse(q: Array, mass: Array, exchange: Array, drain: Array) -> Array:
    """Mix in the vertical and deposit at the ground for one time step.

    ``q`` (z, species, y, x); ``mass`` (z, y, x) kg; ``exchange`` (z - 1, y, x) kg of air that neighbours swap in the
    step; ``drain`` (species, y, x) kg of air that loses its species to the ground in the step, ``dt rho vd A``. What
    is deposited is ``drain * q[0]`` of the result. Derivatives reach every argument.
    """
    return _diffuse(q, mass, exchange, drain)


def _solve(q: Array, mass: Array, exchange: Array, drain: Array) -> Array:
    """A^-1 (m q) for (z, species, y, x) ``q``, written over it from the top to the ground and back."""
    top = mass.shape[0] - 1
    unroll = not on_processor()  # loops are cheap on a CPU, launches are dear on a GPU
    closed = jnp.zeros_like(exchange[:1])
    above = jnp.concatenate([exchange, closed])
    below = jnp.concatenate([closed, exchange])

    def eliminate(i: int, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        """Row k becomes q_k = ratio_k q_{k-1} + part_k; the factors are the same for all species.

        ``kept`` is 1 - ratio; as a difference it would lose the digits that conserve mass where the exchange is many
        times the air.
        """
        pivot, ratio, kept_above = carry
        k = top - i
        own = _get(mass, k) + _get(above, k) * kept_above
        here = 1 / (own + _get(below, k))
        return _put(pivot, here, k), _put(ratio, _get(below, k) * here, k), own * here

    start = (jnp.zeros_like(mass), jnp.zeros_like(mass), jnp.zeros_like(mass[0]))
    pivot, ratio, kept = lax.fori_loop(0, top, eliminate, start, unroll=unroll)

    def down(i: int, part: Array) -> Array:
        k = top - i
        from_above = _get(above, k) * _get(part, jnp.minimum(k + 1, top))
        return _put(part, (_get(mass, k) * _get(part, k) + from_above) * _get(pivot, k), k)

    part = lax.fori_loop(0, top, down, q, unroll=unroll)
    # Level 0 is not written yet; read here and not from q, it spares a copy of the state.
    ground = (mass[0] * part[0] + above[0] * part[1]) / (mass[0] + above[0] * kept + drain)

    def up(k: int, part: Array) -> Array:
        return _put(part, _get(ratio, k) * _get(part, k - 1) + _get(part, k), k)

    result: Array = lax.fori_loop(1, top + 1, up, _put(part, ground, 0), unroll=unroll)
    return result


def _get(a: Array, k: Any) -> Array:
    """Level k, without the bounds check that would keep the loop from writing in place."""
    level: Array = lax.dynamic_index_in_dim(a, k, keepdims=False)
    return level


def _put(a: Array, level: Array, k: Any) -> Array:
    written: Array = lax.dynamic_update_index_in_dim(a, level, k, 0)
    return written


@jax.custom_vjp
def _diffuse(q: Array, mass: Array, exchange: Array, drain: Array) -> Array:
    return _solve(q, mass, exchange, drain)


def _forward(q: Array, mass: Array, exchange: Array, drain: Array) -> tuple[Array, tuple[Array, ...]]:
    after = _diffuse(q, mass, exchange, drain)
    return after, (q, after, mass, exchange, drain)


def _backward(kept: tuple[Array, ...], cotangent: Array) -> tuple[Array, ...]:
    """With nu = A^-1 lambda: of q it is m nu; of the matrix's entries, -nu times what they multiply."""
    q, after, mass, exchange, drain = kept
    nu = _solve(cotangent / mass[:, None], mass, exchange, drain)
    of_mass = jnp.sum(nu * (q - after), axis=1)
    of_exchange = -jnp.sum(jnp.diff(nu, axis=0) * jnp.diff(after, axis=0), axis=1)
    return mass[:, None] * nu, of_mass, of_exchange, -nu[0] * after[0]


_diffuse.defvjp(_forward, _backward)
