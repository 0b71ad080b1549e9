"""How high the plume of a chimney rises, and which layers it feeds.

Briggs's formulas, used layer by layer as SMOKE and CMAQ do (``plmris``, with which they were compared): a layer lets a
plume of buoyancy flux F rise by the least of what stable stratification, mechanical turbulence and convection allow;
what lies beyond the layer's top is turned back into the flux that would reach it, and the next layer goes on with that.
So an inversion traps a weak plume, and a strong one penetrates it.

Where the coefficients come from (Briggs 1975, in Lectures on Air Pollution and Environmental Impact Analyses, AMS, p.
59; 1984, in Atmospheric Science and Power Production, DOE/TIC-27601; all derived again and checked): a bent-over plume
that entrains at the rate beta = 0.6 rises as z = 1.6 (F/u)^(1/3) t^(2/3), since (3 / (2 beta^2))^(1/3) = 1.6. In stable
air its buoyancy reverses and it stops at (6 / beta^2)^(1/3) (F/(u s))^(1/3) = 2.6 (F/(u s))^(1/3). In turbulent air it
stops where its own dissipation, 1.5 w^3 / z, has fallen to that of the air: with u*^3 / (k z) this gives 1.17, rounded
to 1.2; with a tenth of the surface flux of buoyancy 4.23, rounded to 4.3 (GEM-MACH, after Briggs 1984, has 3). SMOKE's
30 (F/u)^0.6 is the last one for a flux of 0.0078 m2 s-3, a heat flux of 280 W m-2.

Instead of choosing one regime by class of stability, the least rise counts always: regimes meet without a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from lantian.transport.diffusivity import GRAVITY, KARMAN
from lantian.transport.parameters import Parameter

LEAST_WIND: Final = 1.0
"""m s-1; the formulas are for bent-over plumes (SMOKE)."""
LEAST_FRICTION: Final = 0.05
"""m s-1; weaker turbulence than this ends no plume."""
LEAST_STABILITY: Final = 1e-7
"""s-2; stands for neutral air in the formula of stable air."""
NO_FLUX: Final = 1e-4
"""m4 s-3; a plume with less buoyancy than this has none: a tenth of a cubic metre a second, a tenth of a degree too
warm."""

PARAMETERS: Final = (
    Parameter(
        "plume_rise_scale",
        1.0,
        0.5,
        1.5,
        "1",
        "factor on the rise that a layer allows",
        "judgement: the scatter of observed rise about the formulas",
    ),
    Parameter(
        "plume_background_heating",
        0.0078,
        0.001,
        0.01,
        "m2 s-3",
        "flux of buoyancy whose turbulence ends a plume even without convection",
        "SMOKE's 30 (F/u)^0.6 in all air that is not stable",
    ),
)


class Stack(NamedTuple):
    """Chimneys, each field (source,)."""

    height: Array
    """m above ground"""
    diameter: Array
    """m, inner, at the exit"""
    exit_velocity: Array
    """m s-1"""
    exit_temperature: Array
    """K"""


class Profile(NamedTuple):
    """The air over each chimney: columns (layer, source), from the ground up, at least two layers; surface values
    (source,).
    """

    faces: Array
    """(layer + 1, source) or (layer + 1, 1) m above ground"""
    wind: Array
    """m s-1, speed"""
    temperature: Array
    """K"""
    potential_temperature: Array
    """K"""
    friction_velocity: Array
    """(source,) m s-1"""
    inverse_obukhov: Array
    """(source,) m-1, negative when unstable"""
    mixing_height: Array
    """(source,) m above ground"""


class Plume(NamedTuple):
    """Heights above ground of the risen plume, each (source,) m; it is as thick as it has risen."""

    top: Array
    centre: Array
    bottom: Array


class _Air(NamedTuple):
    """What limits a rise: wind m s-1, stability s = g/T dtheta/dz s-2, u* m s-1, surface flux of buoyancy m2 s-3, stack
    height m.
    """

    wind: Array
    stability: Array
    friction: Array
    heating: Array
    height: Array


def buoyancy_flux(stack: Stack, temperature: Array) -> Array:
    """F = g/4 d^2 v (Ts - T) / Ts, m4 s-3 (Briggs 1975), of the air's ``temperature`` (source,) K at the exit; negative
    if colder.
    """
    warmth = (stack.exit_temperature - temperature) / stack.exit_temperature
    return GRAVITY / 4 * stack.diameter**2 * stack.exit_velocity * warmth


def buoyant_rise(flux: Array, air: _Air) -> Array:
    """Rise of the centre, m, that a flux (positive, m4 s-3) reaches in air that does not change with height: the least
    of

    stable 2.6 (F/(u s))^(1/3); mechanical 1.2 X^(3/5) (h + 1.3 X)^(2/5) with X = F/(u u*^2), at most 10 h (SMOKE);
    convective 4.3 (F/u)^(3/5) H^(-2/5) with H = -u*^3/(k L).
    """
    stable = 2.6 * jnp.cbrt(flux / (air.wind * air.stability))
    x = flux / (air.wind * air.friction**2)
    mechanical = jnp.minimum(1.2 * x**0.6 * (air.height + 1.3 * x) ** 0.4, 10 * air.height)
    convective = 4.3 * (flux / air.wind) ** 0.6 * air.heating**-0.4
    return jnp.minimum(stable, jnp.minimum(mechanical, convective))


def needed_flux(rise: Array, air: _Air) -> Array:
    """The flux, m4 s-3, that rises by ``rise`` (positive, m): the inverse of `buoyant_rise`, the most that one of its
    limits asks for.
    """
    stable = air.wind * air.stability * (rise / 2.6) ** 3
    y = rise / 1.2
    log_x = jnp.log(y) * (5 / 3) - jnp.log(air.height + y) * (2 / 3)
    for _ in range(4):  # Newton on 0.6 ln X + 0.4 ln(h + 1.3 X) = ln y, whose slope lies between 0.6 and 1
        part = 1.3 * jnp.exp(log_x) / (air.height + 1.3 * jnp.exp(log_x))
        error = 0.6 * log_x + 0.4 * jnp.log(air.height + 1.3 * jnp.exp(log_x)) - jnp.log(y)
        log_x = log_x - error / (0.6 + 0.4 * part)
    mechanical = air.wind * air.friction**2 * jnp.exp(log_x)
    convective = air.wind * (rise / 4.3) ** (5 / 3) * air.heating ** (2 / 3)
    return jnp.maximum(stable, jnp.maximum(mechanical, convective))


def momentum_rise(stack: Stack, temperature: Array, wind: Array, stability: Array) -> Array:
    """Rise of the centre of a jet, m: the lesser of 3 d v/u and 1.5 (Fm / (u s^(1/2)))^(1/3), Fm = v^2 d^2 T / (4 Ts)
    (Briggs 1969, Plume Rise, USAEC TID-25075).
    """
    speed, width = stack.exit_velocity, stack.diameter
    flux = jnp.maximum((speed * width) ** 2 * temperature / (4 * stack.exit_temperature), 1e-6)
    stable = 1.5 * jnp.cbrt(flux / (wind * jnp.sqrt(stability)))
    return jnp.minimum(3 * width * speed / wind, stable)


def rise(stack: Stack, profile: Profile, parameters: Mapping[str, Any]) -> Plume:
    """Top, centre and bottom of each plume, m above ground, limited to the top of the profile.

    The centre rises by dh, by buoyancy or by momentum, whichever lifts it more; the plume fills hs + dh/2 to hs + 3
    dh/2 (Briggs 1975). The layers are climbed by the plume's top, 3/2 of the centre's rise, as in SMOKE.
    """
    faces = jnp.broadcast_to(profile.faces, (profile.wind.shape[0] + 1, profile.wind.shape[1]))
    low, high = faces[:-1], faces[1:]
    centres = (low + high) / 2
    at_stack = jax.vmap(jnp.interp, in_axes=(0, 1, 1))
    temperature = at_stack(stack.height, centres, profile.temperature)
    holds_stack = (low <= stack.height) & (stack.height < high)
    wind = jnp.where(holds_stack, at_stack(stack.height, centres, profile.wind), profile.wind)
    wind = jnp.maximum(wind, LEAST_WIND)
    slope = _slope(profile.potential_temperature, centres)
    stability = jnp.maximum(GRAVITY / profile.temperature * slope, LEAST_STABILITY)
    friction = jnp.maximum(profile.friction_velocity, LEAST_FRICTION)
    flux_of_heat = friction**3 * jnp.maximum(-profile.inverse_obukhov, 0.0) / KARMAN
    convection = jnp.where(low < profile.mixing_height, flux_of_heat, 0.0)
    heating = jnp.maximum(convection, parameters["plume_background_heating"])
    scale = 1.5 * parameters["plume_rise_scale"]
    room = jnp.maximum(high - jnp.maximum(low, stack.height), 0.0)

    def layer(flux: Array, here: tuple[Array, ...]) -> tuple[Array, Array]:
        room, wind, stability, heating = here
        air = _Air(wind, stability, friction, heating, jnp.maximum(stack.height, 1.0))
        buoyant = flux > NO_FLUX
        reach = jnp.where(buoyant, scale * buoyant_rise(jnp.where(buoyant, flux, 1.0), air), 0.0)
        beyond = (reach > room) & (room > 0)
        left = needed_flux(jnp.where(beyond, reach - room, 1.0) / scale, air)
        left = jnp.where(beyond, left, jnp.where(room > 0, 0.0, flux))
        return left, jnp.minimum(reach, room)

    start = buoyancy_flux(stack, temperature)
    _, climbed = lax.scan(layer, start, (room, wind, stability, heating))

    def there(field: Array) -> Array:
        """In the layer that holds the stack's mouth, the top one if none does."""
        aloft = jnp.where(stack.height >= high[-1], field[-1], 0.0)
        return aloft + jnp.sum(jnp.where(holds_stack, field, 0.0), axis=0)

    jet = scale * momentum_rise(stack, temperature, there(wind), there(stability))
    top_rise = jnp.maximum(jnp.sum(climbed, axis=0), jnp.minimum(jet, jnp.sum(room, axis=0)))
    centre_rise = top_rise / 1.5
    return Plume(stack.height + top_rise, stack.height + centre_rise, stack.height + centre_rise / 2)


def layer_shares(bottom: Array, top: Array, faces: Array) -> Array:
    """Part of an even plume from ``bottom`` to ``top`` (source,) m in each layer, (layer, source), sum 1.

    ``faces`` (layer + 1, source) or (layer + 1, 1) m above ground. What lies above the last face counts in the top
    layer, what lies under the first in the lowest. A plume thinner than 1 m is taken as 1 m thick.
    """
    under = jnp.clip((faces - bottom) / jnp.maximum(top - bottom, 1.0), 0.0, 1.0)
    return jnp.diff(under.at[0].set(0.0).at[-1].set(1.0), axis=0)


def _slope(field: Array, height: Array) -> Array:
    """Vertical slope in each layer: over both neighbours inside, over one at the ends."""
    rise = jnp.concatenate([field[1:2] - field[:1], field[2:] - field[:-2], field[-1:] - field[-2:-1]])
    run = jnp.concatenate([height[1:2] - height[:1], height[2:] - height[:-2], height[-1:] - height[-2:-1]])
    return rise / run
