"""A writer killed at any moment loses no acknowledged batch and leaves no half of one to be seen (mark M1)."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.observations import ObservationStore, open_store

PROGRAM = Path(__file__).with_name("killed_writer.py")
HOURS = 30  # rows of one batch, over two months
AT_RANDOM = 16
STEPS = 18  # of the first append: folders, half and whole files, renames, syncs, commit, and into the second


class Nursery:
    """One process that has everything imported and makes writers by fork, so that a kill costs no second."""

    def __init__(self, platform: Platform, acknowledgements: Path) -> None:
        url = platform.engine.url.render_as_string(hide_password=False)
        arguments = [sys.executable, str(PROGRAM), str(platform.home), url, str(acknowledgements)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, writer: str, die_at: int) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{writer} {die_at}\n")
        self._process.stdin.flush()
        return int(self._line())

    def wait(self) -> int:
        """How the writer ended."""
        return int(self._line())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def watched(store: ObservationStore) -> Iterator[list[str]]:
    """Read all the time, as pages do; whatever is wrong with what is read stands in the list."""
    faults: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                faults.extend(halves(store))
            except Exception as error:  # any failure of a reader is what this looks for
                faults.append(repr(error))
            time.sleep(0.04)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield faults
    finally:
        done.set()
        reader.join()


def halves(store: ObservationStore) -> list[str]:
    """Places of which only a part, or parts of two batches, can be seen."""
    seen = (
        store.hourly(items=["pm25"])
        .group_by("place")
        .agg(pl.len(), pl.col("pm25").n_unique().alias("batches"))
        .collect()
    )
    return [str(row) for row in seen.filter((pl.col("len") != HOURS) | (pl.col("batches") != 1)).rows()]


@pytest.mark.requirement("M1", part="34 hard kills lose nothing acknowledged and show nothing half")
def test_killed_writers_lose_nothing_and_show_no_half(platform: Platform, tmp_path: Path) -> None:
    notes = tmp_path / "acknowledged"
    notes.touch()
    store = open_store(platform)
    chance = random.Random(20161216)
    nursery = Nursery(platform, notes)
    try:
        with watched(store) as faults:
            for kill in range(AT_RANDOM + STEPS):
                die_at = max(0, kill - AT_RANDOM + 1)
                writer = f"W{kill}"
                process = nursery.start(writer, die_at)
                if not die_at:
                    until = time.monotonic() + 60
                    while f"{writer} " not in notes.read_text() and time.monotonic() < until:
                        time.sleep(0.005)
                    time.sleep(chance.uniform(0, 0.1))
                    os.kill(process, signal.SIGKILL)
                assert nursery.wait() == -signal.SIGKILL, f"kill {kill}"
    finally:
        nursery.close()

    assert faults == []
    acknowledged = [line.split() for line in notes.read_text().splitlines()]
    assert len({writer for writer, _ in acknowledged}) >= AT_RANDOM
    seen = dict(store.hourly().group_by("place").agg(pl.col("pm25").first()).collect().rows())
    for writer, number in acknowledged:
        assert seen[f"{writer}-{int(number) // 2}"] >= float(number)
        first_word = store.hourly(f"{writer}-{int(number) // 2}")
        assert first_word.collect().height == HOURS

    open_store(platform)
    assert list(store.root.rglob("*.tmp")) == []
    assert [fault for fault in store.check(content=True) if "unknown" not in fault] == []
    assert audit.verify(platform.engine) == []
    assert halves(store) == []
