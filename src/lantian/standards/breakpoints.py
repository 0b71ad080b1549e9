"""The breakpoint table of HJ 633, and the exact sub-index of one of its rows.

A concentration is a whole number of units of its last published digit (ug/m3, or 0.1 mg/m3 for CO), so the sub-index
is a quotient of integers and its round-up is exact: 81.25 becomes 82, and 100 never becomes 101 through a binary
fraction.
"""

from dataclasses import dataclass, replace
from functools import cache

import polars as pl

IAQI = (0, 50, 100, 150, 200, 300, 400, 500)
"""Sub-indices at the breakpoints: first column of table 1 of HJ 633-2012 and HJ 633-2026."""

TOP = IAQI[-1]
"""The largest sub-index that the standards define; a concentration above its row is given this, and a flag."""


@dataclass(frozen=True)
class Row:
    """One row of table 1: the concentrations at the sub-indices `IAQI`, as integers of the last published digit.

    ``nodes`` may be shorter than `IAQI`, where the table prints "-". ``decimals`` is the number of published
    decimals (CO 1, others 0). ``beyond`` is the sub-index above the last node: 500 for a whole row (the standards
    define nothing there; capping is common practice), None where the standard says that the row gives none and
    another one is used.
    """

    name: str
    nodes: tuple[int, ...]
    decimals: int = 0
    beyond: int | None = TOP

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip(self.nodes, self.nodes[1:], strict=False))
        if not (2 <= len(self.nodes) <= len(IAQI) and self.nodes[0] == 0 and rising):
            raise ValueError(f"{self.name}: breakpoints must rise from 0, got {self.nodes}")

    @property
    def last(self) -> int:
        """The highest breakpoint, as an integer of the last published digit."""
        return self.nodes[-1]

    @property
    def reaches_top(self) -> bool:
        """Whether the row goes up to 500, so that a concentration above it is beyond the index itself."""
        return len(self.nodes) == len(IAQI)

    def iaqi(self, concentration: int) -> int | None:
        """Sub-index 分指数 of a rounded concentration, rounded up (HJ 633 formula 1); None where this row gives none.

        ``concentration`` is an integer of the last published digit (12 is 1.2 mg/m3 of CO). Raises ValueError below 0.
        """
        if concentration < 0:
            raise ValueError(f"{self.name}: a concentration is >= 0, got {concentration}")
        if concentration > self.last:
            return self.beyond
        k = next(k for k, high in enumerate(self.nodes[1:]) if concentration <= high)
        rise, run = IAQI[k + 1] - IAQI[k], self.nodes[k + 1] - self.nodes[k]
        # Minus the floor of minus is the round-up, in whole numbers.
        return IAQI[k] - rise * (self.nodes[k] - concentration) // run

    @property
    def table(self) -> pl.Series:
        """Sub-index (UInt16) of every concentration 0 .. last + 1; the last entry is for all that is above the row."""
        return _table(self)


@cache
def _table(row: Row) -> pl.Series:
    return pl.Series(row.name, [row.iaqi(c) for c in range(row.last + 2)], dtype=pl.UInt16)


# HJ 633-2012 table 1. CO in tenths of mg/m3.
SO2_24H = Row("SO2 24h", (0, 50, 150, 475, 800, 1600, 2100, 2620))
SO2_1H_2012 = Row("SO2 1h", (0, 150, 500, 650, 800), beyond=None)  # above 800 the 24-hour row is used
NO2_24H = Row("NO2 24h", (0, 40, 80, 180, 280, 565, 750, 940))
NO2_1H = Row("NO2 1h", (0, 100, 200, 700, 1200, 2340, 3090, 3840))
PM10_24H_2012 = Row("PM10 24h", (0, 50, 150, 250, 350, 420, 500, 600))
PM25_24H_2012 = Row("PM2.5 24h", (0, 35, 75, 115, 150, 250, 350, 500))
CO_24H = Row("CO 24h", (0, 20, 40, 140, 240, 360, 480, 600), decimals=1)
CO_1H = Row("CO 1h", (0, 50, 100, 350, 600, 900, 1200, 1500), decimals=1)
O3_1H = Row("O3 1h", (0, 160, 200, 300, 400, 800, 1000, 1200))
O3_8H_2012 = Row("O3 8h", (0, 100, 160, 215, 265, 800), beyond=None)  # above 800 the 1-hour row is used

# HJ 633-2026 table 1: only the third node of the two particle rows moved; what lies above the short rows is now
# defined.
SO2_1H_2026 = replace(SO2_1H_2012, beyond=200)
PM10_24H_2026 = Row("PM10 24h", (0, 50, 120, 250, 350, 420, 500, 600))
PM25_24H_2026 = Row("PM2.5 24h", (0, 35, 60, 115, 150, 250, 350, 500))
O3_8H_2026 = replace(O3_8H_2012, beyond=300)
