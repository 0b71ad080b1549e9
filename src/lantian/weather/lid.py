"""What passes through the model's top because the ground below rises and falls.

The top is level and the layers narrow over a plateau, so a lid that lets nothing through would press a plain's wind
through what is left: three times as fast over ground of two thirds of the top. In the air the flow aloft rises with
broad terrain. Here it does so as irrotational flow over low hills does: a wave of the terrain with the number K is felt
at the height z by its share exp(-K z), the solution of Laplace's equation that fades upward (textbook); own use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import ArrayLike
from scipy.fft import dctn, idctn  # type: ignore[import-untyped]

from lantian.places.grid import Domain, Field

FASTEST: Final = 0.3
"""m s-1; no more passes the top: the engine's door refuses 0.5."""


class Lid(NamedTuple):
    """Slopes (y, x) of the terrain as it is felt at the top, along the map's axes."""

    slope_x: Array
    slope_y: Array

    @classmethod
    def of(cls, domain: Domain) -> Lid:
        """That of a domain, whose terrain is taken to go on as in a mirror beyond its edges."""
        spacing = domain.grid.spacing
        above = domain.levels.top - float(domain.terrain.mean() - (domain.base or 0.0))
        felt = _filtered(domain.terrain, spacing, lambda waves: np.exp(-waves * above))
        slopes = [
            np.gradient(felt, spacing, axis=axis) * domain.grid.map_factor if felt.shape[axis] > 1 else 0 * felt
            for axis in (1, 0)
        ]
        return cls(*(jnp.asarray(slope, jnp.float32) for slope in slopes))

    def flow(self, x_wind: Array, y_wind: Array, density: Array) -> Array:
        """Air upward through the top, kg m-2 s-1, (y, x), of the wind and density of the highest layer."""
        return limited(density * (self.slope_x * x_wind + self.slope_y * y_wind), density)


def limited(flow: Array, density: Array) -> Array:
    """A flow kg m-2 s-1 through the top that nowhere passes `FASTEST`; own."""
    return density * FASTEST * jnp.tanh(flow / (density * FASTEST))


def broad(flow: ArrayLike, spacing: float, length: float) -> Field:
    """What of a field (y, x) on cells of ``spacing`` m is broader than ``length`` m, by a Gaussian filter."""
    return _filtered(np.asarray(flow, np.float64), spacing, lambda waves: np.exp(-((waves * length) ** 2) / 2))


def _filtered(field: Field, spacing: float, share: Callable[[Field], Field]) -> Field:
    """The field with the ``share`` of each of its waves (rad m-1) that it gives, mirrored at the edges."""
    ny, nx = field.shape
    waves = np.hypot(np.pi * np.arange(ny)[:, None] / ny, np.pi * np.arange(nx) / nx) / spacing
    return np.asarray(idctn(dctn(field, type=2, norm="ortho") * share(waves), type=2, norm="ortho"))
