"""The writers that test_kill.py kills: run as a program, it makes one writer a line of standard input, by fork.

A line is `<writer> <die_at>`. A writer appends batch after batch and notes each acknowledged one in the file of
acknowledgements, synced. With die_at > 0 it kills itself just before its die_at-th step towards the disk or the commit.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Engine, event

from lantian.kernel.bootstrap import open_platform
from lantian.kernel.settings import Settings
from lantian.observations.store import ObservationStore

HOURS = 30
MONTHS_END = datetime(2016, 11, 30, 1, tzinfo=UTC)  # 15 hours before and 15 after the turn of the month in Beijing


def batch(writer: str, number: int) -> pl.DataFrame:
    """Batch `number` of a writer: one place over two months, new numbers each time; every second one revises."""
    times = [MONTHS_END + timedelta(hours=hour) for hour in range(HOURS)]
    frame = pl.DataFrame(
        {"place": f"{writer}-{number // 2}", "time": times}, schema_overrides={"time": pl.Datetime("us", "UTC")}
    )
    return frame.with_columns(pl.lit(float(number)).alias("pm25"))


def write(home: str, url: str, acknowledgements: str, writer: str, die_at: int) -> None:
    with open_platform(settings=Settings(home=Path(home), database_url=url)) as platform:
        store = ObservationStore(platform)
        with Path(acknowledgements).open("a") as notes:
            if die_at:
                _die_before_step(die_at, platform.engine)
            for number in range(1_000_000):
                store.append(batch(writer, number), "hour", "test")
                notes.write(f"{writer} {number}\n")
                notes.flush()
                os.fsync(notes.fileno())
                if number % 5 == 4:
                    store.compact()


def _die_before_step(die_at: int, engine: Engine) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(function: Callable[..., Any]) -> Callable[..., Any]:
        def stepped(*arguments: Any, **named: Any) -> Any:
            step()
            return function(*arguments, **named)

        return stepped

    def half(frame: pl.DataFrame, file: Path, **options: Any) -> None:
        whole(frame, file, **options)
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        step()
        file.write_bytes(content)

    whole = pl.DataFrame.write_parquet
    pl.DataFrame.write_parquet = half  # type: ignore[method-assign, assignment]
    Path.replace = before(Path.replace)  # type: ignore[method-assign]
    os.fsync = before(os.fsync)
    event.listen(engine, "commit", lambda connection: step())


def main() -> None:
    home, url, acknowledgements = sys.argv[1:]
    for line in sys.stdin:
        writer, die_at = line.split()
        child = os.fork()
        if child == 0:
            write(home, url, acknowledgements, writer, int(die_at))
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
