"""What a rung of the ladder says: what was measured, against which limit, and what to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """One number and its limits; with neither limit it is told and not judged."""

    name: str
    zh: str
    value: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the value is a number within its limits."""
        low = self.at_least is None or self.value >= self.at_least
        high = self.at_most is None or self.value <= self.at_most
        return bool(np.isfinite(self.value)) and low and high


@dataclass(frozen=True)
class Map:
    """A field to draw: ``values`` (rows from below to above, columns from left to right)."""

    title: str
    zh: str
    values: Values
    unit: str = "1"


@dataclass(frozen=True)
class Curve:
    """Computed and exact values along a line."""

    title: str
    zh: str
    x: Values
    computed: Values
    exact: Values
    x_label: str
    y_label: str


@dataclass(frozen=True)
class Rung:
    """One step of the ladder, climbed: ``what`` says in a sentence what was done; ``seconds`` it took."""

    name: str
    zh: str
    what: str
    measures: tuple[Measure, ...]
    pictures: tuple[Map | Curve, ...] = ()
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether all its measures lie within their limits."""
        return all(measure.passed for measure in self.measures)


def array(values: Any) -> Values:
    """Values of the engine as float64, so that checking them adds no rounding."""
    return np.asarray(values, np.float64)


def error(computed: ArrayLike, exact: ArrayLike, power: int = 2) -> float:
    """Norm of the error over the norm of the exact values: L1 (``power`` 1) or L2."""
    computed, exact = array(computed), array(exact)
    return float((np.sum(abs(computed - exact) ** power) / np.sum(abs(exact) ** power)) ** (1 / power))
