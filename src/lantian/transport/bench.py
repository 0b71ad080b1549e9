"""Everything that `lantian model bench` measures, in its order: see `speed` for what a figure is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from lantian.transport import speed, speed_alone
from lantian.transport.species import COMPACT
from lantian.transport.speed import DAYS3, Bench, Figure, Progress


class Size(NamedTuple):
    """How much is measured."""

    cells: int
    """along x, and along y"""
    hours: int
    """of the forecast; 72 are not extrapolated"""
    repeats: int
    copied: int = speed.COPIED
    """numbers in the array that is copied"""
    names: tuple[str, ...] = COMPACT


WHOLE: Final = Size(200, DAYS3, 5)
"""On what the wanted numbers are set."""
QUICK: Final = Size(40, 2, 2, 2**22)
"""To see that it works; the numbers say little."""
STAGES: Final = 5


def measure(size: Size = WHOLE, progress: Progress | None = None) -> Iterator[Figure]:
    """All figures, each as soon as it is there."""
    tell = progress or (lambda *_: None)
    tell(0, STAGES, "内存带宽 memory")
    copies = speed.bandwidth(size.repeats, size.copied)
    yield from copies
    tell(1, STAGES, "输送 transport")
    bench = Bench.of(size.cells, size.names, size.repeats)
    yield from speed.full_step(bench, copies[-1].value)
    tell(2, STAGES, "各过程 each process")
    yield from speed.each_process(bench)
    tell(3, STAGES, "伴随 adjoint")
    yield from speed.adjoints(bench)
    del bench  # its memory is the forecast's now
    words = "预报 forecast"
    tell(4, STAGES, words)

    def hour_done(done: int, total: int, _: str) -> None:
        tell(4, STAGES, f"{words} {done}/{total} h")

    yield from speed_alone.forecast(size.cells, size.hours, size.names, hour_done)
    tell(STAGES, STAGES, "")
