"""How deep the ground mixes the air: growth by heat and wind by day, balance with the earth's rotation by night."""

from __future__ import annotations

from typing import Final

import jax
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


def gradient(height: ArrayLike, inversion: ArrayLike, free: ArrayLike = FREE) -> Array:
    """Potential temperature gradient, K m-1, at a ``height`` m: that of the ``free`` air, and that of an ``inversion``
    K which falls off over `INVERSION_DEPTH`.
    """
    near = jnp.exp(-jnp.asarray(height) / INVERSION_DEPTH)
    return jnp.asarray(free) + jnp.maximum(inversion, 0.0) / INVERSION_DEPTH * near


@jax.jit
def mechanical(friction_velocity: ArrayLike, latitude: ArrayLike, free: ArrayLike = FREE) -> Array:
    """Depth m that wind alone keeps mixed, all arguments broadcast; ``latitude`` degrees.

    The lesser of 2300 u*^(3/2), which holds by night (Venkatram 1980, Bound.-Layer Meteor. 19:481, with the constant of
    AERMOD, Cimorelli et al. 2005, J. Appl. Meteor. 44:682), and 1.36 u* / sqrt(f N) below air of the gradient ``free``
    K m-1 (Zilitinkevich, Esau and Baklanov 2007, Q. J. R. Meteor. Soc. 133:265).
    """
    coriolis = 1.458e-4 * jnp.maximum(jnp.abs(jnp.sin(jnp.radians(jnp.asarray(latitude)))), 0.17)
    friction = jnp.asarray(friction_velocity)
    frequency = jnp.sqrt(GRAVITY / 280 * jnp.asarray(free))
    depth = jnp.minimum(2300 * friction**1.5, 1.36 * friction / jnp.sqrt(coriolis * frequency))
    return jnp.clip(depth, SHALLOWEST, DEEPEST)


def grown(
    depth: Array,
    heat: Array,
    friction_velocity: Array,
    inverse_obukhov: Array,
    temperature: Array,
    inversion: Array,
    free: ArrayLike = FREE,
    seconds: float = 3600.0,
) -> Array:
    """Depth m of a convective layer after ``seconds``: Batchvarova and Gryning (1991, Bound.-Layer Meteor. 56:261).

    dh/dt = (w'theta' / gamma) / ( h^2 / [(1 + 2A) h - 2 B k L] + C u*^2 T / (gamma g [(1 + A) h - B k L]) ), A 0.2, B
    2.5, C 8, no subsidence. ``heat`` K m s-1 (not positive: no growth), ``inversion`` K: how much colder the ground is
    than the air into which the layer grows was; gamma as `gradient`.
    """
    length = -1 / jnp.minimum(inverse_obukhov, -1e-5)  # positive

    def step(h: Array, _: None) -> tuple[Array, None]:
        gamma = gradient(h, inversion, free)
        convective = h**2 / (1.4 * h + 5 * KARMAN * length)
        turning = 8 * friction_velocity**2 * temperature / (gamma * GRAVITY * (1.2 * h + 2.5 * KARMAN * length))
        rate = jnp.maximum(heat, 0.0) / gamma / (convective + turning)
        # h dh is nearly the same at all depths, dh is not
        return jnp.minimum(jnp.sqrt(h**2 + 2 * h * rate * seconds / 12), DEEPEST), None

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
    free: ArrayLike = FREE,
    seconds: float = 3600.0,
) -> Array:
    """Depth (y, x) m an hour after it was ``before``, as `grown` by day and `mechanical` at all times.

    When the heat ends the turbulence goes with it, over the time h / (2 u*): AERMOD's smoothing of the mechanical
    height (Cimorelli et al. 2005), used here for the convective one's decay; own.
    """
    wind = mechanical(friction_velocity, latitude, free)
    day = grown(before, heat, friction_velocity, inverse_obukhov, temperature, inversion, free, seconds)
    left = jnp.exp(-seconds * 2 * friction_velocity / before)
    night = wind + (before - wind) * left
    return jnp.clip(jnp.where(heat > 0, jnp.maximum(day, wind), night), SHALLOWEST, DEEPEST)
