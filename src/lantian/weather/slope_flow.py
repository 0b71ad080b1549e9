"""Air that slides down cooled slopes and climbs warmed ones, where the source of the weather is too coarse to have it.

Mahrt (1982, J. Atmos. Sci. 39:2701) in the equilibrium form that CALMET uses (Scire et al. 2000, user's guide of
version 5, section 2.2.1): drag and entrainment balance the buoyancy that the heat flux has given to the air on its way
along the slope,

    S = (|w'theta'| g x sin(alpha) / (theta (C_D + k)))^(1/3),

where x sin(alpha) is the height below the crest of what flows down, or above the valley of what flows up.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.ndimage import maximum_filter, minimum_filter  # type: ignore[import-untyped]

from lantian.places.grid import Domain
from lantian.transport.diffusivity import GRAVITY
from lantian.weather.columns import Air
from lantian.weather.surface_layer import Surface

DRAG: Final = 0.08
"""C_D + k, drag and entrainment, 0.04 each as in CALMET."""
REACH: Final = 5000.0
"""m, how far up or down a slope the flow comes from; judgement: the sides of a valley, not of a range."""
GENTLE: Final = 0.02
"""Rise over distance below which ground is no slope; judgement: errors of a plain's terrain do not blow."""
UPWARD_DEPTH: Final = 150.0
"""m, over which the flow up a slope falls off; judgement."""


class Slopes(NamedTuple):
    """The slopes of a domain, each (y, x)."""

    along_x: Array
    """what points up the slope, of length one on steep and zero on level ground"""
    along_y: Array
    below: Array
    """m below the crest"""
    above: Array
    """m above the valley"""

    @classmethod
    def of(cls, domain: Domain) -> Slopes:
        """Of a domain's own terrain: slopes narrower than its cells are not seen."""
        slope_x = (domain.slope_x[:, 1:] + domain.slope_x[:, :-1]) / 2
        slope_y = (domain.slope_y[1:] + domain.slope_y[:-1]) / 2
        steep = np.hypot(slope_x, slope_y)
        size = 2 * max(1, round(REACH / domain.grid.spacing)) + 1
        share = steep / (steep**2 + GENTLE**2)
        terrain = domain.terrain
        below = np.minimum(maximum_filter(terrain, size) - terrain, steep * REACH)
        above = np.minimum(terrain - minimum_filter(terrain, size), steep * REACH)
        return cls(*(jnp.asarray(part, jnp.float32) for part in (slope_x * share, slope_y * share, below, above)))


@jax.jit
def add(air: Air, slopes: Slopes, surface: Surface, height: Array) -> Air:
    """The air with the slopes' flow in its wind; ``height`` (z, y, x) m above the ground.

    Down the slope it fills a twentieth of the height it has fallen (Horst and Doran 1986, Bound.-Layer Meteor. 34:263),
    at least 20 m.
    """
    falling = surface.heat < 0
    drop = jnp.where(falling, slopes.below, slopes.above)
    speed = jnp.cbrt(jnp.abs(surface.heat) * GRAVITY * drop / (air.temperature[0] * DRAG))
    depth = jnp.where(falling, jnp.maximum(0.05 * drop, 20.0), UPWARD_DEPTH)
    up = jnp.where(falling, -speed, speed) * jnp.exp(-height / depth)
    return air._replace(x_wind=air.x_wind + up * slopes.along_x, y_wind=air.y_wind + up * slopes.along_y)
