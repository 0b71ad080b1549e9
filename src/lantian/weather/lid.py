"""What passes through the model's top because the ground below rises and falls.

The top is level and the layers narrow over a plateau, so a lid that lets nothing through would press a plain's wind
through what is left: three times as fast over ground of two thirds of the top. In the air the flow aloft rises with
broad terrain. Here it does so as irrotational flow over low hills does: a wave of the terrain with the number K is felt
at the height z by its share exp(-K z).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.fft import dctn, idctn  # type: ignore[import-untyped]

from lantian.places.grid import Domain

FASTEST: Final = 0.3
"""m s-1; no more passes the top: the engine's door refuses 0.5."""


class Lid(NamedTuple):
    """Slopes (y, x) of the terrain as it is felt at the top, along the map's axes."""

    slope_x: Array
    slope_y: Array

    @classmethod
    def of(cls, domain: Domain) -> Lid:
        """That of a domain, whose terrain is taken to go on as in a mirror beyond its edges."""
        ny, nx = domain.terrain.shape
        spacing = domain.grid.spacing
        waves = np.hypot(np.pi * np.arange(ny)[:, None] / ny, np.pi * np.arange(nx) / nx) / spacing
        above = domain.levels.top - float(domain.terrain.mean() - (domain.base or 0.0))
        felt = idctn(dctn(domain.terrain, type=2, norm="ortho") * np.exp(-waves * above), type=2, norm="ortho")
        slopes = [
            np.gradient(felt, spacing, axis=axis) * domain.grid.map_factor if felt.shape[axis] > 1 else 0 * felt
            for axis in (1, 0)
        ]
        return cls(*(jnp.asarray(slope, jnp.float32) for slope in slopes))

    def flow(self, x_wind: Array, y_wind: Array, density: Array) -> Array:
        """Air upward through the top, kg m-2 s-1, (y, x), of the wind and density of the highest layer."""
        upward = self.slope_x * x_wind + self.slope_y * y_wind
        return density * FASTEST * jnp.tanh(upward / FASTEST)
