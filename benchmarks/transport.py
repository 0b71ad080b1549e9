"""How fast the engine is: `python -m benchmarks.transport`, about a quarter of an hour on two quiet cores.

What `lantian model bench` measures in any installation, and beside it the named reference (`benchmarks.van_leer`: the
same transport step in Numba) and the cost from 50 x 50 to 400 x 400 cells and 1 to 14 species. `--hours 6` shortens the
forecast, which is then extrapolated and says so; `--cells 40 --hours 2 --repeats 2 --no-table` is a look at it in a
minute or two. It runs unchanged where JAX finds a GPU; the reference stays on the processor.
"""

import argparse
from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks import van_leer
from benchmarks.report import Line, machine, table
from lantian.transport import bench, speed
from lantian.transport.bench import WHOLE, Size
from lantian.transport.hour import HOUR
from lantian.transport.speed import Bench, Figure, Row, Timing, timed

SIZES, COUNTS = (50, 100, 200, 400), (1, 4, 10, 14)


def run(size: Size = WHOLE, *, with_table: bool = True) -> Iterator[Line]:
    """Everything, each line as soon as it is there."""
    yield Line("device", speed.device())
    for figure in bench.measure(size):
        yield line(figure)
        if figure.key == "full_step":
            yield from reference(Bench.of(size.cells, size.names, size.repeats), figure)
    if with_table:
        yield from lines(list(speed.cost(SIZES, COUNTS)))


def line(figure: Figure) -> Line:
    """A figure with its median and the processor's time."""
    wanted = [f"wanted {figure.wanted}"] if figure.wanted else []
    return Line(figure.en, f"{shown(figure.value)} {figure.unit}".rstrip(), "; ".join([*wanted, *words(figure)]))


def words(figure: Figure) -> list[str]:
    """What stands beside a figure."""
    return [part for part in (figure.note, spread(figure.timing) if figure.timing else "") if part]


def spread(timing: Timing) -> str:
    """Best, median, and what the processor worked in the best."""
    return f"best {timing.best:.3f} s, median {timing.median:.3f} s, processor {timing.processor:.3f} s"


def shown(value: float) -> str:
    """Three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def reference(trial: Bench, ours: Figure) -> list[Line]:
    """The same hour by the reference. Fluxes and Courant numbers of its intervals are made ready and not counted."""
    intervals = round(HOUR / speed.INTERVAL)
    ready = [van_leer.interval(trial.hour, i, intervals, trial.steps) for i in range(intervals)]
    q = np.array(trial.q)
    spare = np.empty_like(q)

    def hour() -> None:
        for i, now in enumerate(ready):
            van_leer.run(q, spare, now, trial.steps, i * trial.steps)

    timing = timed(hour, trial.repeats)
    rate = trial.updates / timing.best / 1e6
    return [
        Line("  the same in Numba, van Leer", f"{shown(rate)} Mcs/s", spread(timing)),
        Line("  ours over the reference", f"{ours.value / rate:.2f}"),
    ]


def lines(rows: Sequence[Row]) -> list[Line]:
    """The cost of transport, and how far it is from linear."""
    found = [
        Line(
            f"{row.cells} x {row.cells}, {row.species} species",
            f"{row.seconds:.3f} s",
            f"{row.steps} steps; {row.rate:.0f} Mcs/s; {1e3 * row.per_step:.2f} ns a cell, species and step",
        )
        for row in rows
    ]
    large = [row.per_step for row in rows if row.cells >= 100 and row.species >= 4]
    if large:
        spread_ = max(large) / min(large)
        found.append(Line("dearest over cheapest, from 100 x 100 and 4 species", f"{spread_:.2f}", "linear: 1"))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transport", description=__doc__)
    parser.add_argument("--cells", type=int, default=WHOLE.cells, help="along x and y")
    parser.add_argument("--hours", type=int, default=WHOLE.hours, help="of the forecast")
    parser.add_argument("--repeats", type=int, default=WHOLE.repeats)
    parser.add_argument("--no-table", action="store_true", help="leave out the cost by cells and species")
    asked = parser.parse_args(arguments)
    size = WHOLE._replace(cells=asked.cells, hours=asked.hours, repeats=asked.repeats)
    print(table([machine()]), flush=True)
    show(size, with_table=not asked.no_table)


def show(size: Size = WHOLE, *, with_table: bool = True) -> None:
    """Print each line as soon as it is there."""
    for each in run(size, with_table=with_table):
        print(f"{each.what:<56}  {each.measured:>14}  {each.wanted}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
