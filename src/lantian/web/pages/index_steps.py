"""How a composite index came about: each concentration rounded, over its limit, rounded, times its weight."""

from collections.abc import Mapping
from dataclasses import dataclass

from lantian.standards.indices import IndexResult
from lantian.standards.rounding import half_even


@dataclass(frozen=True)
class IndexStep:
    """One single index.

    Attributes:
        item: the pollutant.
        given: the value as typed; None where it is missing.
        rounded: the value as it enters the ratio; None where it is missing.
        limit: what it is divided by.
        weight: how often it counts in the sum.
        single: the single index in its published digits; None where the value is missing.
    """

    item: str
    given: str | None
    rounded: str | None
    limit: int
    weight: int
    single: str | None


def index_steps(result: IndexResult, given: Mapping[str, str]) -> list[IndexStep]:
    """Show the way to a composite index, in the order of the sum.

    Args:
        result: of `indices.of`.
        given: the statistics that were given to it.
    """
    variant = result.variant
    return [
        IndexStep(
            item=name,
            given=given.get(name),
            rounded=f"{half_even(given[name], variant.decimals[name]):f}" if name in given else None,
            limit=variant.limits[name],
            weight=variant.weights[name],
            single=None if single is None else f"{single:f}",
        )
        for name, single in result.single.items()
    ]
