"""How an index came about, step by step, for the eye: where in the table each value fell, the formula with its
numbers, the round-up.

The index itself is `standards.aqi`'s; this only shows the way to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from lantian.standards.aqi import AqiResult
from lantian.standards.breakpoints import IAQI
from lantian.standards.codes import ITEMS
from lantian.standards.rounding import half_even
from lantian.standards.subindices import SubIndex


@dataclass(frozen=True)
class Step:
    """One sub-index.

    Attributes:
        item: name of the sub-index.
        column: name of the concentration behind it.
        given: the value as typed; None where it is missing.
        rounded: the value in its published digits (GB/T 8170).
        row: name of the breakpoint row.
        low: concentration at the lower breakpoint; None above the row or without a value.
        high: concentration at the upper breakpoint.
        iaqi_low: sub-index at the lower breakpoint.
        iaqi_high: sub-index at the upper breakpoint.
        exact: the interpolated sub-index before it is rounded up, to two decimals.
        iaqi: the sub-index; None where there is none.
    """

    item: str
    column: str
    given: str | None
    rounded: str | None
    row: str
    low: str | None
    high: str | None
    iaqi_low: int | None
    iaqi_high: int | None
    exact: str | None
    iaqi: int | None

    @property
    def formula(self) -> str:
        """The interpolation with its numbers (HJ 633 formula 1); empty where nothing was interpolated."""
        if self.exact is None:
            return ""
        rise, low = f"({self.iaqi_high} − {self.iaqi_low})", self.low
        return f"{rise} / ({self.high} − {low}) × ({self.rounded} − {low}) + {self.iaqi_low} = {self.exact}"


def steps(result: AqiResult, given: Mapping[str, str | None], *, hourly: bool = False) -> list[Step]:
    """Show the way to a result.

    Args:
        result: of `aqi.of_day` or `aqi.of_hour`.
        given: the concentrations that were given to it, by column.
        hourly: the result is one of an hour.
    """
    subs = result.edition.hourly if hourly else result.edition.daily
    return [_step(sub, given.get(sub.column), result.iaqi.get(sub.item)) for sub in subs]


def _step(sub: SubIndex, value: str | None, iaqi: int | None) -> Step:
    row, decimals = sub.row, ITEMS[sub.column].decimals
    nothing = Step(sub.item, sub.column, value, None, row.name, None, None, None, None, None, iaqi)
    if value is None:
        return nothing
    rounded = half_even(value, decimals)
    whole = int(rounded.scaleb(decimals))
    if whole > row.last:
        return Step(sub.item, sub.column, value, f"{rounded:f}", row.name, None, None, None, None, None, iaqi)
    k = next(k for k, high in enumerate(row.nodes[1:]) if whole <= high)
    low, high = row.nodes[k], row.nodes[k + 1]
    exact = Decimal((IAQI[k + 1] - IAQI[k]) * (whole - low)) / (high - low) + IAQI[k]
    return Step(
        item=sub.item,
        column=sub.column,
        given=value,
        rounded=f"{rounded:f}",
        row=row.name,
        low=f"{Decimal(low).scaleb(-decimals):f}",
        high=f"{Decimal(high).scaleb(-decimals):f}",
        iaqi_low=IAQI[k],
        iaqi_high=IAQI[k + 1],
        exact=f"{exact:.2f}".rstrip("0").rstrip("."),
        iaqi=iaqi,
    )
