"""How deep the ground mixes the air: growth by heat and wind by day, balance with the earth's rotation by night."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike

from lantian.transport.diffusivity import GRAVITY, KARMAN

SHALLOWEST: Final = 50.0
"""m"""
DEEPEST: Final = 3500.0
FREE: Final = 0.0035
"""K m-1, potential temperature gradient of the free air: 6.3 K km-1 lapse (US Standard Atmosphere 6.5)."""
INVERSION_DEPTH: Final = 200.0
"""m, over which the night's cooling falls off; judgement."""


def mechanical(friction_velocity: ArrayLike, inverse_obukhov: ArrayLike, latitude: ArrayLike) -> Array:
    """Depth in neutral and stable air, m: Nieuwstadt (1981, Bound.-Layer Meteor. 20:3).

    h/L = 0.3 u*/(f L) / (1 + 1.9 h/L): 0.3 u*/f in neutral air, Zilitinkevich's 0.4 sqrt(u* L / f) in very stable air.
    Unstable air counts as neutral here. All arguments broadcast; ``latitude`` degrees.
    """
    coriolis = 1.458e-4 * jnp.maximum(jnp.abs(jnp.sin(jnp.radians(jnp.asarray(latitude)))), 0.17)
    neutral = 0.3 * jnp.asarray(friction_velocity) / coriolis
    mu = neutral * jnp.maximum(inverse_obukhov, 0.0)
    # (sqrt(1 + 4 * 1.9 mu) - 1) / (2 * 1.9 mu) without the difference of near equals
    depth = neutral * 2 / (1 + jnp.sqrt(1 + 7.6 * mu))
    return jnp.clip(depth, SHALLOWEST, DEEPEST)


def grown(
    depth: Array,
    heat: Array,
    friction_velocity: Array,
    inverse_obukhov: Array,
    temperature: Array,
    inversion: Array,
    seconds: float = 3600.0,
) -> Array:
    """Depth m of a convective layer after ``seconds``: Batchvarova and Gryning (1991, Bound.-Layer Meteor. 56:261).

    dh/dt = (w'theta' / gamma) / ( h^2 / [(1 + 2A) h - 2 B k L] + C u*^2 T / (gamma g [(1 + A) h - B k L]) ), A 0.2, B
    2.5, C 8, no subsidence. ``heat`` K m s-1 (not positive: no growth), ``inversion`` K: how much colder the ground is
    than the air into which the layer grows was; gamma is `FREE` and that inversion over `INVERSION_DEPTH`.
    """
    length = -1 / jnp.minimum(inverse_obukhov, -1e-5)  # positive

    def step(h: Array, _: None) -> tuple[Array, None]:
        gamma = FREE + jnp.maximum(inversion, 0.0) / INVERSION_DEPTH * jnp.exp(-h / INVERSION_DEPTH)
        convective = h**2 / (1.4 * h + 5 * KARMAN * length)
        turning = 8 * friction_velocity**2 * temperature / (gamma * GRAVITY * (1.2 * h + 2.5 * KARMAN * length))
        rate = jnp.maximum(heat, 0.0) / gamma / (convective + turning)
        return jnp.minimum(h + rate * seconds / 12, DEEPEST), None

    deeper: Array = lax.scan(step, jnp.maximum(depth, SHALLOWEST), None, length=12)[0]
    return deeper


def evolved(
    before: Array,
    heat: Array,
    friction_velocity: Array,
    inverse_obukhov: Array,
    temperature: Array,
    inversion: Array,
    latitude: Array,
    seconds: float = 3600.0,
) -> Array:
    """Depth (y, x) m an hour after it was ``before``, as `grown` by day and `mechanical` at all times.

    When the heat ends the turbulence goes with it, over the time h / (2 u*) (as AERMOD smooths, Cimorelli et al. 2005).
    """
    wind = mechanical(friction_velocity, inverse_obukhov, latitude)
    day = grown(before, heat, friction_velocity, inverse_obukhov, temperature, inversion, seconds)
    left = jnp.exp(-seconds * 2 * friction_velocity / before)
    night = wind + (before - wind) * left
    return jnp.clip(jnp.where(heat > 0, jnp.maximum(day, wind), night), SHALLOWEST, DEEPEST)
