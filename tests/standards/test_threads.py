"""A published figure does not depend on how many processors there were."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib

import polars as pl

from lantian.standards import indices, statistics

HOURS, PLACES = 24 * 400, 12
row = pl.int_range(HOURS * PLACES)
start = pl.datetime(2015, 11, 30, 16, time_zone="UTC")
wave = ((row * 7919) % 3989).cast(pl.Float64) / 13.0
hourly = pl.select(row.alias("row")).select(
    (pl.col("row") // HOURS).cast(pl.String).alias("place"),
    (start + pl.duration(hours=pl.col("row") % HOURS)).alias("time"),
    *(
        pl.when((row + offset) % 17 != 0).then(wave * (0.01 if item == "co" else 1.0) + offset).alias(item)
        for offset, item in enumerate(("so2", "no2", "co", "o3", "pm10", "pm25"))
    ),
).sample(fraction=1.0, shuffle=True, seed=5)
members = {"a": hourly["place"].unique().to_list(), "b": ["3", "7"]}
days = statistics.daily(statistics.city(hourly, members))
stats = statistics.attainment(indices.composite(statistics.period(days, by="month")))
digest = hashlib.sha256()
for frame in (days, stats, statistics.rolling(hourly)):
    digest.update(repr(frame.rows()).encode())
print(pl.thread_pool_size(), stats["composite_index"].count(), digest.hexdigest())
"""


@pytest.mark.requirement("A2", part="the same digits with one and two threads")
def test_one_and_two_threads_give_the_same_digits() -> None:
    results = []
    for threads in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert run.returncode == 0, run.stderr
        used, count, digest = run.stdout.split()
        assert used == threads
        results.append((count, digest))
    assert results[0] == results[1]
    assert int(results[0][0]) == 28  # two regions, fourteen months
