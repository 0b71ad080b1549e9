"""From a few sites to every cell: optimal interpolation about a mean that is estimated with it.

Gandin (1963, Objective Analysis of Meteorological Fields); in other words ordinary kriging with a nugget (Cressie 1993,
Statistics for Spatial Data, chapter 3). What a site measures is the truth of its surroundings
plus what is its own (instrument, street, roof), of a share ``noise`` of the variance; what two places have in common
falls with their distance. The weights follow from both, add up to one, and far from all sites become those of the best
mean. They depend only on which sites measured, so an hour costs one small product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]


class Structure(NamedTuple):
    """How a quantity resembles itself from place to place."""

    length: float
    """m: at this distance the correlation has fallen to exp(-1)"""
    noise: float
    """variance that a site has for itself over the variance that it shares with its surroundings"""
    depth: float
    """m of height after which the correlation has fallen to exp(-1/2)"""


WIND: Final = Structure(20_000.0, 1.0, 400.0)
"""Of the two components and the speed. Length and noise were chosen among 7 lengths from 10 to 300 km and 4 noises from
0.2 to 2 by leaving out each site of Beijing in turn, 2013 to 2015; the error hardly depends on them."""
TEMPERATURE: Final = Structure(60_000.0, 0.3, 400.0)
PRESSURE: Final = Structure(200_000.0, 0.3, 2000.0)
HUMIDITY: Final = Structure(60_000.0, 0.3, 800.0)
RAIN: Final = Structure(30_000.0, 0.3, 2000.0)


def over_hours(values: Field) -> Field:
    """(T, S) with the hours before and after at half the weight of an hour itself, as far as they measured.

    What a gust or a street does to the wind of one hour is not there an hour later, what the air does mostly is. Chosen
    among seven kernels of up to 7 hours, 2013 to 2015: wider ones gain next to nothing and smear fronts.
    """
    total, weight = np.zeros_like(values), np.zeros_like(values)
    for shift, share in ((-1, 0.5), (0, 1.0), (1, 0.5)):
        here = slice(max(0, shift), len(values) + min(0, shift))
        there = slice(max(0, -shift), len(values) + min(0, -shift))
        known = np.isfinite(values[there])
        total[here] += share * np.where(known, values[there], 0.0)
        weight[here] += share * known
    known = np.isfinite(values)
    return np.where(known, total / np.where(known, weight, 1.0), np.nan)


@dataclass(frozen=True)
class Network:
    """Sites on the map: ``x``, ``y`` (S,) m and ``altitude`` (S,) m above the sea."""

    x: Field
    y: Field
    altitude: Field

    def weights(self, structure: Structure, known: NDArray[np.bool_], x: Field, y: Field, altitude: Field) -> Field:
        """(points, S) weights, adding up to one, of the ``known`` sites at places (points,); others have none.

        Raises:
            ValueError: no site is known.
        """
        if not known.any():
            raise ValueError("no site measured: nothing can be interpolated")
        own = self.x[known], self.y[known], self.altitude[known]
        n = len(own[0])
        system = np.ones((n + 1, n + 1))
        system[:n, :n] = _alike(structure, own, own) + structure.noise * np.eye(n)
        system[n, n] = 0.0
        right = np.ones((n + 1, len(x)))
        right[:n] = _alike(structure, own, (x, y, altitude))
        weights = np.zeros((len(x), len(known)))
        weights[:, known] = np.linalg.solve(system, right)[:n].T
        return weights


def _alike(structure: Structure, one: tuple[Field, Field, Field], other: tuple[Field, Field, Field]) -> Field:
    """(places, places) correlation: exponential over the ground, Gaussian in height; judgement."""
    dx, dy, dz = (a[:, None] - b for a, b in zip(one, other, strict=True))
    alike: Field = np.exp(-np.hypot(dx, dy) / structure.length - 0.5 * (dz / structure.depth) ** 2)
    return alike
