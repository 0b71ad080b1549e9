"""The last step for any source: winds closed on the domain, turbulence from them, and the names of the door."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from lantian.places.grid import Domain
from lantian.transport import diffusivity
from lantian.transport.forcing import to_faces
from lantian.transport.parameters import values
from lantian.weather import lid, mass_consistent
from lantian.weather.columns import GAS_CONSTANT, Air, relative_humidity
from lantian.weather.lid import Lid
from lantian.weather.mass_consistent import Cells

Moment = dict[str, NDArray[np.float32]]
"""One time of the weather of the door, by variable."""

STIFFEST: Final = 0.04
"""The least share in which the upright wind gives way, in very stable air; alpha_h / alpha_v of a fifth."""
RELIEF: Final = 500.0
"""m, the height of hills with which the Froude number is made."""


class Near(NamedTuple):
    """What belongs to the ground, (y, x)."""

    friction_velocity: Array
    """m s-1"""
    inverse_obukhov: Array
    """m-1"""
    depth: Array
    """m, of the boundary layer"""
    cloud: Array
    """0..1"""
    rain: Array
    """kg m-2 s-1"""


class Finisher:
    """Makes the weather of the door for one domain; each hour starts from the multiplier of the one before."""

    def __init__(self, domain: Domain, urban: NDArray[np.float64]) -> None:
        self.cells, self.lid = Cells.of(domain), Lid.of(domain)
        self.grid_spacing = domain.grid.spacing
        self.urban = jnp.asarray(urban, jnp.float32)
        thickness = np.asarray(domain.thickness)
        faces = np.cumsum(thickness, axis=0)
        self.faces = jnp.asarray(faces[:-1], jnp.float32)
        self.middles = jnp.asarray(faces - thickness / 2, jnp.float32)
        self.spacing = jnp.asarray(domain.grid.spacing / domain.grid.map_factor, jnp.float32)
        self.knobs = values(diffusivity.PARAMETERS)
        self.multiplier: Array | None = None
        self.iterations: NDArray[np.int32] = np.zeros(2, np.int32)
        self.residual = 0.0

    def __call__(self, air: Air, near: Near, broad: float | None = None) -> Moment:
        """One time.

        What passes through the lid is what the terrain lifts, and with ``broad`` m what of the winds' convergence is
        broader than that: the rise and sinking of weather systems that the source resolves.
        """
        density, u, v, lift, beta = _first_guess(self.lid, self.middles, air)
        if broad is not None:
            rest = mass_consistent.convergence(self.cells, u, v, density) - lift
            lift = lid.limited(lift + jnp.asarray(lid.broad(rest, self.grid_spacing, broad), jnp.float32), density[-1])
        closed = mass_consistent.adjust(self.cells, u, v, density, top=lift, beta=beta, guess=self.multiplier)
        self.multiplier = closed.multiplier
        mixing, spreading = _turbulence(
            self.faces, self.middles, self.spacing, self.urban, self.knobs, closed.x_wind, closed.y_wind, air, near
        )
        self.iterations, self.residual = np.asarray(closed.iterations), float(closed.residual)
        told = {
            "x_wind": closed.x_wind,
            "y_wind": closed.y_wind,
            "air_density": density,
            "air_temperature": air.temperature,
            "air_pressure": air.pressure,
            "relative_humidity": jnp.clip(relative_humidity(air.humidity, air.temperature, air.pressure), 0.0, 1.0),
            "cloud_liquid_water_mixing_ratio": air.cloud_water,
            "atmosphere_heat_diffusivity": mixing,
            "horizontal_diffusivity": spreading,
            "boundary_layer_height": near.depth,
            "friction_velocity": near.friction_velocity,
            "inverse_obukhov_length": near.inverse_obukhov,
            "cloud_area_fraction": near.cloud,
            "precipitation_flux": near.rain,
        }
        return {name: np.asarray(value, np.float32) for name, value in told.items()}


@jax.jit
def _first_guess(ground: Lid, height: Array, air: Air) -> tuple[Array, Array, Array, Array, Array]:
    """Density, winds at the faces, what the terrain lifts through the top, and beta."""
    density = air.pressure / (GAS_CONSTANT * air.temperature * (1 + 0.608 * air.humidity))
    u, v = to_faces(air.x_wind, 2), to_faces(air.y_wind, 1)
    return density, u, v, ground.flow(air.x_wind[-1], air.y_wind[-1], density[-1]), _beta(height, air)


def _beta(height: Array, air: Air) -> Array:
    """(alpha_h / alpha_v)^2 = Fr^2, at most one: the Froude number U / (N h) of the air below 1000 m and hills of
    `RELIEF`, one number for the domain. The form is judgement: that the weights go with stability is common to such
    models.
    """
    low = (height < 1000).astype(air.temperature.dtype)
    theta = air.temperature * (1e5 / air.pressure) ** 0.286
    mean_z, mean_theta = (jnp.sum(low * a) / jnp.sum(low) for a in (height, theta))
    rise = jnp.sum(low * (height - mean_z) * (theta - mean_theta)) / jnp.sum(low * (height - mean_z) ** 2)
    speed2 = jnp.sum(low * (air.x_wind**2 + air.y_wind**2)) / jnp.sum(low)
    stiffness = diffusivity.GRAVITY / mean_theta * jnp.maximum(rise, 1e-5)
    return jnp.clip(speed2 / (stiffness * RELIEF**2), STIFFEST, 1.0)


@jax.jit
def _turbulence(
    faces: Array,
    middles: Array,
    spacing: Array,
    urban: Array,
    knobs: dict[str, Any],
    x_wind: Array,
    y_wind: Array,
    air: Air,
    near: Near,
) -> tuple[Array, Array]:
    """Vertical diffusivity at the inner faces, horizontal at the centres, m2 s-1, of the closed winds."""
    u, v = (x_wind[:, :, 1:] + x_wind[:, :, :-1]) / 2, (y_wind[:, 1:] + y_wind[:, :-1]) / 2
    theta = air.temperature * (1e5 / air.pressure) ** 0.286 * (1 + 0.608 * air.humidity)
    shear2 = diffusivity.shear_squared(u, v, middles)
    mixing = diffusivity.vertical(
        faces,
        near.friction_velocity,
        near.inverse_obukhov,
        near.depth,
        knobs,
        urban=urban,
        shear2=shear2,
        gradient_richardson=diffusivity.richardson(theta, middles, shear2),
    )
    return mixing, diffusivity.horizontal(u, v, spacing, knobs)
