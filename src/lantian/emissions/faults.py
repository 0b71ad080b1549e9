"""What is wrong with an inventory or its files: where, which value, what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``line`` 0 where it belongs to no line of a file."""

    file: str
    line: int
    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}, {self.field}: {self.value!r}; expected {self.expected}"


class EmissionError(ValueError):
    """Faults of an inventory, all of them together; ``faults`` holds them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        more = [f"and {len(self.faults) - _TOLD} more"] if len(self.faults) > _TOLD else []
        return "\n".join([*map(str, self.faults[:_TOLD]), *more])
