"""The ledger 总量核对: what went into each step, what came out, what lies elsewhere, and whether that is all of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import polars as pl

TOLERANCE: Final = 1e-6
"""A step may lose or gain no more than this share of its total."""

STEPS: Final = {
    "inventory": ("清单合计", "inventory"),
    "space": ("空间分配", "space"),
    "species": ("物种转换", "speciation"),
    "year": ("时间分配（全年）", "time, over the year"),
    "height": ("高度分配", "height"),
    "hours": ("逐时输出", "hours written"),
}


class Entry(NamedTuple):
    """One total of one step: ``before`` = ``after`` + ``elsewhere``, or the step is at fault.

    ``item``: the species or sector; ``elsewhere``: what the step rightly leaves out, with the reason in ``note``.
    """

    step: str
    item: str
    before: float
    after: float
    elsewhere: float
    unit: str
    note: str = ""

    @property
    def error(self) -> float:
        """The share of the total that is lost or gained."""
        scale = max(abs(self.before), abs(self.after))
        return abs(self.before - self.after - self.elsewhere) / scale if scale else 0.0


class ConservationError(ArithmeticError):
    """A step lost or gained mass; the message says where and how much."""


@dataclass
class Ledger:
    """The totals of all steps so far."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """One more.

        Raises:
            ConservationError: it does not balance.
        """
        if not entry.error <= TOLERANCE:
            raise ConservationError(
                f"{entry.step} of {entry.item}: {entry.before:.6g} {entry.unit} became {entry.after:.6g} and "
                f"{entry.elsewhere:.6g} elsewhere; {entry.error:.2g} is beyond {TOLERANCE:g}"
            )
        self.entries.append(entry)

    def frame(self) -> pl.DataFrame:
        """Columns ``step item before after elsewhere unit error note``."""
        rows = [{**entry._asdict(), "error": entry.error} for entry in self.entries]
        columns = {"step": pl.String, "item": pl.String, "before": pl.Float64, "after": pl.Float64}
        more = {"elsewhere": pl.Float64, "unit": pl.String, "note": pl.String, "error": pl.Float64}
        return pl.DataFrame(rows, schema={**columns, **more})
