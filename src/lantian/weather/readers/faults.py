"""What is wrong with weather files, told all together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

TOLD: Final = 20
"""So many faults are told; of more, their number."""


class Fault(NamedTuple):
    """One thing that is wrong: in which file and variable, what value, and what would be right."""

    file: str
    variable: str
    value: str
    right: str

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.variable) if part)
        return f"{where} {self.value}; {self.right}." if self.variable else f"{where}: {self.value}; {self.right}."


class ReadError(ValueError):
    """Weather files cannot be read as weather; ``faults`` says why, one `Fault` each."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        told = [str(fault) for fault in self.faults[:TOLD]]
        more = len(self.faults) - TOLD
        return "\n".join([*told, f"and {more} more"] if more > 0 else told)
