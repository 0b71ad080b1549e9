"""Levels that follow the terrain and level out towards the top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Field = NDArray[np.float64]

_STEEPEST: Final = 0.8  # of the top: with higher relief the layers over the summits become too thin to be of use


def stretched(layers: int = 15, first: float = 25.0, top: float = 3000.0) -> tuple[float, ...]:
    """Heights in m of ``layers`` + 1 faces from 0 to ``top``.

    Each layer is thicker than the one below by the same ratio, 1.26 by default.

    Raises:
        ValueError: no such ratio of at least one exists.
    """
    if layers < 1 or not 0 < first <= top / layers * (1 + 1e-12):
        raise ValueError(f"{layers} layers from {first} m upwards do not stretch to {top} m")
    low, high = 1.0, top / first
    for _ in range(100):  # the sum of the layers rises with the ratio: halving finds it to rounding
        middle = (low + high) / 2
        low, high = (middle, high) if first * np.sum(middle ** np.arange(layers)) < top else (low, middle)
    faces = np.concatenate([[0.0], np.cumsum(first * low ** np.arange(layers))])
    return tuple(float(face) for face in faces * (top / faces[-1]))


@dataclass(frozen=True)
class Levels:
    """n layers, in the coordinate of Gal-Chen & Somerville (1975, J. Comput. Phys. 17:209).

    ``faces``: n + 1 heights zeta in m, 0 at the ground to H at the top. Over terrain h above the ``base`` they lie at
    z = base + h + zeta (1 - h/H) above the sea. ``base`` is the lowest ground of the domain unless given; nests whose
    levels are to meet those of their parent take its base.

    Raises:
        ValueError: faces that do not rise from 0; in the methods, terrain that is not (y, x) or not known everywhere,
            a base above the ground, or relief over 0.8 H.
    """

    faces: tuple[float, ...] = stretched()

    def __post_init__(self) -> None:
        object.__setattr__(self, "faces", tuple(float(face) for face in self.faces))
        if len(self.faces) < 2 or self.faces[0] != 0 or not np.all(np.diff(self.faces) > 0) or np.isinf(self.top):
            raise ValueError(f"levels: expected heights that rise from 0, got {self.faces}")

    @property
    def n(self) -> int:
        """How many layers."""
        return len(self.faces) - 1

    @property
    def top(self) -> float:
        """H, the height of the top above the base, m."""
        return self.faces[-1]

    def relief(self, terrain: ArrayLike, base: float | None = None) -> tuple[Field, float]:
        """(ny, nx) ``terrain`` in m above the base, and the base in m above the sea."""
        height = np.asarray(terrain, np.float64)
        if height.ndim != 2 or not np.all(np.isfinite(height)):
            raise ValueError(f"terrain: expected (y, x) metres, all known; got shape {height.shape}")
        lowest = float(height.min())
        base = lowest if base is None else base
        if not base <= lowest:
            raise ValueError(f"the base at {base} m lies above the lowest ground at {lowest:.1f} m")
        relief = height - base
        if relief.max() > _STEEPEST * self.top:
            raise ValueError(
                f"the terrain rises {relief.max():.0f} m above {base:.0f} m, more than {_STEEPEST} of the levels' "
                f"top at {self.top:.0f} m; a top of {relief.max() / _STEEPEST:.0f} m is needed"
            )
        return relief, base

    def jacobian(self, terrain: ArrayLike, base: float | None = None) -> Field:
        """(ny, nx) dz/dzeta, the same at all heights, from ``terrain`` (ny, nx) in m above the sea."""
        return 1 - self.relief(terrain, base)[0] / self.top

    def heights(self, terrain: ArrayLike, base: float | None = None) -> Field:
        """(n + 1, ny, nx) heights of the faces, m above the sea."""
        relief, base = self.relief(terrain, base)
        zeta = np.array(self.faces)[:, None, None]
        return base + relief + zeta * (1 - relief / self.top)

    def centres(self, terrain: ArrayLike, base: float | None = None) -> Field:
        """(n, ny, nx) heights of the middle of the layers, m above the sea."""
        faces = self.heights(terrain, base)
        return (faces[1:] + faces[:-1]) / 2

    def thickness(self, terrain: ArrayLike, base: float | None = None) -> Field:
        """(n, ny, nx) thickness of the layers, m."""
        return np.diff(self.faces)[:, None, None] * self.jacobian(terrain, base)
