"""Between ground and wind: sun, heat flux, friction velocity and Obukhov length from what one height measures.

By day the heat flux follows from the sun, cloud and temperature (Holtslag and van Ulden 1983, J. Climate Appl. Meteor.
22:517) and the stress from similarity (Monin and Obukhov 1954, Tr. Geofiz. Inst. 24:163); by night both from the wind
and the temperature scale that the cloud allows (van Ulden and Holtslag 1985, J. Climate Appl. Meteor. 24:1196), in a
form that AERMOD offers. All functions are elementwise.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from lantian.transport.diffusivity import GRAVITY, KARMAN

HEAT_CAPACITY: Final = 1005.0
"""J kg-1 K-1, of air at constant pressure."""
STEFAN_BOLTZMANN: Final = 5.67e-8
INTO_GROUND: Final = 0.25
"""Share of the net radiation that ground and walls store by day; judgement: 0.1 of grass, up to 0.4 in cities."""
ALBEDO: Final = 0.2
STRONGEST: Final = 0.5
"""m-1, the largest 1/L in size: an Obukhov length of 2 m."""
LEAST_WIND: Final = 0.3
"""m s-1"""
LEAST_FRICTION: Final = 0.03
"""m s-1"""


class Surface(NamedTuple):
    """What the ground does to the air, each (y, x)."""

    friction_velocity: Array
    """m s-1"""
    inverse_obukhov: Array
    """m-1, negative when unstable"""
    heat: Array
    """kinematic heat flux w'theta', K m s-1, positive upward"""


def psi_m(zeta: ArrayLike) -> Array:
    """Integral of (1 - phi_m) / zeta from 0 to ``zeta`` = z/L.

    Unstable Paulson (1970, J. Appl. Meteor. 9:857) with 16; stable Beljaars and Holtslag (1991, J. Appl. Meteor.
    30:327), equation 28.
    """
    unstable = jnp.minimum(zeta, 0.0)
    x = (1 - 16 * unstable) ** 0.25
    below = 2 * jnp.log((1 + x) / 2) + jnp.log((1 + x**2) / 2) - 2 * jnp.arctan(x) + jnp.pi / 2
    stable = jnp.maximum(zeta, 0.0)
    a, b, c, d = 1.0, 0.667, 5.0, 0.35
    above = -(a * stable + b * (stable - c / d) * jnp.exp(-d * stable) + b * c / d)
    return below + above


def log_profile(height: ArrayLike, roughness: ArrayLike, inverse_obukhov: ArrayLike) -> Array:
    """ln(z/z0) - psi_m(z/L) + psi_m(z0/L): the wind at ``height`` m over u*/k. A height below 2 z0 is taken as that."""
    z = jnp.maximum(height, 2 * jnp.asarray(roughness))
    return jnp.log(z / roughness) - psi_m(z * inverse_obukhov) + psi_m(roughness * jnp.asarray(inverse_obukhov))


@jax.jit
def sunshine(cos_zenith: ArrayLike, cloud: ArrayLike, stagnation: ArrayLike = 0.0) -> Array:
    """Solar radiation at the ground, W m-2: (910 c - 30) (1 - 0.75 n^3.4) of the cosine c and cloud n.

    The form of Holtslag and van Ulden (1983), who have 990 for the Netherlands; 910 for more turbid air and the
    quarter that the haze of stagnant air takes are judgement.
    """
    clear = jnp.maximum(910 * jnp.asarray(cos_zenith) - 30, 0.0)
    return clear * (1 - 0.75 * jnp.asarray(cloud) ** 3.4) * (1 - 0.25 * jnp.asarray(stagnation))


def moist(temperature: ArrayLike) -> Array:
    """Holtslag and van Ulden's alpha, how moist the ground is: 1 over wet grass, 0.5 over bare dry ground.

    From 0.5 at 5 degC to 0.8 at 25 degC, the winter's bare fields and the summer's wet ones; judgement for north China.
    """
    return jnp.clip(0.5 + 0.015 * (jnp.asarray(temperature) - 278.15), 0.5, 0.8)


@jax.jit
def heat_flux(sun: ArrayLike, temperature: ArrayLike, cloud: ArrayLike) -> Array:
    """Sensible heat flux by day, W m-2, of solar radiation W m-2, temperature K and cloud 0..1.

    Holtslag and van Ulden (1983): net radiation [(1 - r) K + c1 T^6 - sigma T^4 + c2 n] / (1 + c3), of which a part
    goes into the ground; shared out by the modified Priestley-Taylor form with beta = 20 W m-2.
    Saturation by Bolton (1980, Mon. Wea. Rev. 108:1046, equation 10), its slope by Clausius and Clapeyron.
    """
    t = jnp.asarray(temperature)
    net = ((1 - ALBEDO) * jnp.asarray(sun) + 5.31e-13 * t**6 - STEFAN_BOLTZMANN * t**4 + 60 * jnp.asarray(cloud)) / 1.12
    saturation = 611.2 * jnp.exp(17.67 * (t - 273.15) / (t - 29.65))
    slope = 0.622 * 2.5e6 / (287.05 * t**2) * saturation * 0.622 / 1.0e5  # dqs/dT near 1000 hPa
    ratio = HEAT_CAPACITY / 2.5e6 / slope
    alpha = moist(t)
    return ((1 - alpha) + ratio) / (1 + ratio) * (1 - INTO_GROUND) * net - 20 * alpha


@jax.jit
def exchange(
    speed: ArrayLike,
    height: ArrayLike,
    roughness: ArrayLike,
    temperature: ArrayLike,
    heat: ArrayLike,
    cloud: ArrayLike,
    depth: ArrayLike = 500.0,
    warming: ArrayLike = 0.0,
) -> Surface:
    """Friction velocity, Obukhov length and heat flux from the wind ``speed`` m s-1 at one ``height`` m.

    ``heat`` W m-2: upward, what the sun gives; where it is not positive the night's forms hold, with ``cloud`` 0..1.
    ``depth`` m of the boundary layer scales the gusts that keep a calm day's stress alive (Beljaars 1995, Q. J. R.
    Meteor. Soc. 121:255). ``warming`` W m-2: what a city gives to the air at night.
    """
    theta = jnp.asarray(temperature)
    density = 1.0e5 / (287.05 * theta)
    flux = jnp.maximum(heat, 0.0) / (density * HEAT_CAPACITY)
    convective = (GRAVITY / theta * flux * depth) ** (1 / 3)
    gusty = jnp.sqrt(jnp.maximum(speed, LEAST_WIND) ** 2 + (1.2 * convective) ** 2)
    friction = KARMAN * gusty / log_profile(height, roughness, 0.0)
    inverse = jnp.zeros_like(friction)
    for _ in range(6):  # converges by a factor of four a time
        inverse = jnp.maximum(-KARMAN * GRAVITY * flux / (theta * friction**3), -STRONGEST)
        friction = KARMAN * gusty / log_profile(height, roughness, inverse)
    kinematic = jnp.asarray(warming) / (density * HEAT_CAPACITY)
    calm = _night(jnp.maximum(speed, LEAST_WIND), height, roughness, theta, cloud, kinematic)
    day = jnp.asarray(heat) > 0
    return Surface(
        jnp.maximum(jnp.where(day, friction, calm.friction_velocity), LEAST_FRICTION),
        jnp.where(day, inverse, calm.inverse_obukhov),
        jnp.where(day, flux, calm.heat),
    )


def _night(
    speed: Array, height: ArrayLike, roughness: ArrayLike, theta: Array, cloud: ArrayLike, warming: Array
) -> Surface:
    """Stable air: theta* = 0.09 (1 - 0.5 n^2) (van Ulden and Holtslag 1985), u* as Qian and Venkatram (2011,
    Bound.-Layer Meteor. 138:475).

    Their u* = C U (1 + exp(-r^2/2)) / (2 (1 - exp(-2/r))) of r = U_c / U does not collapse below the critical speed U_c
    of the log-linear profile, 2 (5 g z theta* / (theta C))^(1/2) as in AERMOD (Cimorelli et al. 2005). A city's
    ``warming`` K m s-1 takes from the flux that cools the air, at most all of it, which makes neutral air.
    """
    drag = KARMAN / jnp.log(jnp.maximum(height, 2 * jnp.asarray(roughness)) / roughness)
    scale = jnp.maximum(0.09 * (1 - 0.5 * jnp.asarray(cloud) ** 2) - warming / (drag * speed), 1e-4)
    critical = 2 * jnp.sqrt(5 * GRAVITY * jnp.asarray(height) * scale / theta / drag)
    r = critical / speed
    friction = drag * speed * (1 + jnp.exp(-(r**2) / 2)) / (2 * (1 - jnp.exp(-2 / r)))
    # the ground cannot give more than 64 W m-2 (Hanna and Chang 1993, Atmos. Environ. 27A:1491)
    scale = jnp.minimum(scale, 0.05 / friction)
    inverse = jnp.minimum(KARMAN * GRAVITY * scale / (theta * friction**2), STRONGEST)
    return Surface(friction, inverse, -friction * scale)
