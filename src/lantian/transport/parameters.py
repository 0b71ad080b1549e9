"""Uncertain numbers of the physics, by name, each with its prior and the range in which a calibration may move it.

A file of physics lists its own as ``PARAMETERS``; its functions take a mapping from name to value as last argument,
so that a value may be a number, a field, or something that JAX differentiates by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """One uncertain number: ``low <= prior <= high``, in ``unit``; ``source`` names the paper or says "judgement"."""

    name: str
    prior: float
    low: float
    high: float
    unit: str
    meaning: str
    source: str

    def __post_init__(self) -> None:
        if not self.low <= self.prior <= self.high:
            raise ValueError(f"{self.name}: the prior {self.prior} lies outside {self.low}..{self.high} {self.unit}")


def values(parameters: Iterable[Parameter], changed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The priors, with those that are ``changed`` put in their place.

    Raises ``ValueError`` for a name that does not exist, or a plain number outside its range.
    """
    known = {p.name: p for p in parameters}
    result: dict[str, Any] = {name: p.prior for name, p in known.items()}
    for name, value in (changed or {}).items():
        if name not in known:
            raise ValueError(f"unknown parameter {name!r}; known are {', '.join(known)}")
        p = known[name]
        if isinstance(value, Real) and not p.low <= float(value) <= p.high:
            raise ValueError(f"{name} = {value} {p.unit} lies outside {p.low}..{p.high}")
        result[name] = value
    return result
