"""Two million passings of vehicles: what the vehicles' page, the rule of two exceedances and the interface take.

`python -m benchmarks.vehicles` (`--passings 20000` for a small one; `--home FOLDER` keeps what was filled, or asks what
is there). Passings of six months are brought as every feed is, then each question is asked through the platform's own
services. The reference is the rule on a plain typed Parquet file of the same passings, with Polars, in the same run.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
import sqlalchemy as sa

from benchmarks.report import Line, machine, peak_memory, table
from lantian.kernel.accounts import Account, Grant
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.observations import catalogue
from lantian.observations.feeds import PLATFORM, Feeds, Reader, records
from lantian.observations.feeds.records import Cursor, Question
from lantian.observations.feeds.tables import record
from lantian.observations.vehicles.emitters import PASSINGS, emitters
from lantian.observations.vehicles.service import FEED, Vehicles
from lantian.places.regions import Region
from lantian.places.store import PlaceStore

NOW = datetime(2018, 7, 1, tzinfo=UTC)
DAYS, GATES, BATCH, RUNS, NINE = 182, 40, 100_000, 3, 9
COUNTIES = ("110101", "110105")


def settle(platform: Platform) -> None:
    """Two counties and the gates."""
    platform.clock.set_simulated(NOW, paused=True)
    PlaceStore(platform.engine).put_regions(
        [Region("110000", "北京市"), *(Region(code, code) for code in COUNTIES)], "benchmark"
    )
    gates = [
        {"gate": f"G{n:02}", "name": f"示例点位 {n}", "road": f"R{n % 12}", "region": COUNTIES[n % 2]}
        for n in range(GATES)
    ]
    Feeds(platform).put("remote_sensing_gate", gates, "benchmark", example=True)


def passings(count: int, first: int, rows: int) -> pl.DataFrame:
    """Rows ``first`` and after of ``count`` invented ones, in the order of time: one vehicle in twelve is a diesel, one
    diesel in thirty smokes.
    """
    chance = np.random.default_rng(first)
    at = np.arange(first, first + rows)
    vehicle = chance.integers(0, max(1, count // 10), rows)
    diesel = vehicle % 12 == 0
    smokes = diesel & (vehicle % 30 == 0)
    opacity = np.where(smokes, chance.gamma(6, 6, rows), chance.gamma(2, 4, rows)).clip(0, 99)
    span = timedelta(days=DAYS) / timedelta(microseconds=1) / count
    return pl.DataFrame({
        "gate": pl.Series(chance.integers(0, GATES, rows)).cast(pl.String).str.zfill(2),
        "time": pl.Series((at * span).astype("int64")),
        "plate": pl.Series(vehicle).cast(pl.String).str.zfill(7),
        "vehicle": np.where(diesel, "heavy", "light"),
        "fuel": np.where(diesel, "diesel", "petrol"),
        "speed": chance.normal(45, 12, rows).clip(5, 120).round(1),
        "acceleration": chance.normal(0, 0.5, rows).clip(-5, 5).round(2),
        "co": chance.gamma(1, 0.3, rows).clip(0, 10).round(2),
        "co2": chance.normal(12, 2, rows).clip(2, 18).round(2),
        "hc": chance.gamma(1, 60, rows).clip(0, 9000).round(0),
        "no": chance.gamma(1, 300, rows).clip(0, 9000).round(0),
        "opacity": np.where(diesel, opacity, np.nan).round(1),
        "valid": chance.random(rows) > 0.1,
    }).with_columns(
        ("G" + pl.col("gate")).alias("gate"),
        (pl.lit(NOW - timedelta(days=DAYS)) + pl.duration(microseconds=pl.col("time"))).alias("time"),
        ("京" + pl.col("plate")).alias("plate"),
        pl.col("opacity").fill_nan(None),
    )  # fmt: skip


def fill(platform: Platform, count: int) -> Line:
    """Bring the passings, unless they are there."""
    with platform.engine.connect() as connection:
        there = connection.scalar(sa.select(sa.func.count()).where(record.c.feed == FEED).select_from(record))
    if there:
        return Line("passings that were there", f"{there:,}")
    settle(platform)
    feeds, begun = Feeds(platform), perf_counter()
    for first in range(0, count, BATCH):
        rows = passings(count, first, min(BATCH, count - first))
        receipt = feeds.put(FEED, rows, "benchmark", known_at="time", example=True)
        assert receipt.new == rows.height, receipt
    seconds = perf_counter() - begun
    with platform.engine.connect() as connection:
        size = connection.scalar(sa.text("select pg_total_relation_size('feed_record')")) or 0
    said = f"{count / seconds:,.0f} a second, {size / 2**30:.1f} GiB"
    return Line(f"{count:,} passings brought", f"{seconds:,.0f} s", said)


def run(platform: Platform, count: int, folder: Path) -> list[Line]:
    """Ask everything."""
    vehicles, feeds, feed = Vehicles(platform), Feeds(platform), Feeds(platform).feed(FEED)
    plain = folder / "passings.parquet"
    pl.concat([passings(count, first, min(BATCH, count - first)) for first in range(0, count, BATCH)]).with_columns(
        pl.lit(None, pl.Float64).alias("blackness")
    ).select(*PASSINGS).cast(PASSINGS).write_parquet(plain)
    office = Account(1, "office", "office", grants=(Grant("office", frozenset({"feeds.read", "plates.read"})),))
    county = Account(2, "county", "county", grants=(Grant("c", frozenset({"feeds.read"}), "ecology", "110105"),))
    seen = Reader.of(office)
    first = _timed("the copy in columns, made anew", lambda: vehicles.passings(NOW, NOW).collect(), 1)
    whole = vehicles.overview(NOW)
    worst = whole.vehicles[0]
    half = NOW - timedelta(days=DAYS / 2)

    def page(last: int = 0, reader: Reader = seen, **asked: object) -> pl.DataFrame:
        with platform.engine.connect() as connection:
            upto = records.upto(connection, FEED)
        cursor = Cursor(upto, NOW, last)
        question = Question(NOW, limit=10_001, cursor=cursor, **asked)  # type: ignore[arg-type]
        with feeds.seeing(feed, reader) as seeing:
            return records.read(seeing.connection, feed, question, seeing.uncovered, seeing.condition())

    nine, copies = Vehicles(platform), []
    for copy in range(NINE):  # as many as a city has in six months, other vehicles in each copy
        copies.append(folder / f"copy-{copy}.parquet")
        other = vehicles.passings(NOW - timedelta(days=DAYS), NOW).with_columns(pl.col("plate") + str(copy))
        other.sink_parquet(copies[-1])
    nine.passings = lambda *_: pl.scan_parquet(copies)  # type: ignore[method-assign]
    far = page(start=half)["_id"][0]
    with platform.engine.connect() as connection:
        upto = records.upto(connection, FEED)

    def small() -> int:
        with platform.engine.connect() as connection:
            return records.upto(connection, "remote_sensing_gate")

    lines = [
        first,
        _timed("reference: the rule on plain Parquet", lambda: emitters(pl.read_parquet(plain), vehicles.limits)),
        _timed("reference: newest 300 of plain Parquet", lambda: pl.read_parquet(plain).top_k(300, by="time")),
        _timed("vehicles' page: all it shows", lambda: vehicles.overview(NOW)),
        _timed("  one vehicle", lambda: vehicles.records(worst.key, whole, PLATFORM, NOW)),
        _timed("feed's page: newest 300", lambda: feeds.read(FEED, seen, limit=300)),
        _timed("  of a county", lambda: feeds.read(FEED, Reader.of(county), limit=300)),
        _timed("  of one gate", lambda: feeds.read(FEED, seen, limit=300, where={"gate": "G07"})),
        _timed("  of one plate", lambda: feeds.read(FEED, seen, limit=300, where={"plate": worst.plate})),
        _timed("interface: first 10,000", page),
        _timed("  10,000 from the middle", lambda: page(far)),
        _timed("  10,000 of a day", lambda: page(start=half, end=half + timedelta(days=1))),
        _timed("  what is new since an hour", lambda: page(since=NOW - timedelta(hours=1))),
        _timed("  what is new since a cursor", lambda: page(since=Cursor(upto - 1000, NOW))),
        _timed("  highest number of a small feed", small),
        _timed("catalogue: all entries", lambda: catalogue.entries(platform, seen, NOW)),
        _timed("a batch of 1,000 more", lambda: _more(platform, count)),
        _timed(f"vehicles' page of {NINE * count:,} passings", lambda: nine.overview(NOW), 1),
    ]
    return [*lines, Line("memory of this process at most", f"{peak_memory():.2f} GiB")]


def _more(platform: Platform, count: int) -> None:
    with platform.engine.connect() as connection:
        shift = timedelta(days=DAYS, microseconds=records.upto(connection, FEED))  # so that no row was there before
    rows = passings(count, 0, 1000).with_columns(pl.col("time") + shift)
    assert Feeds(platform).put(FEED, rows, "benchmark", example=True).new == 1000


def _timed(what: str, work: Callable[[], object], runs: int = RUNS) -> Line:
    times = []
    for _ in range(runs):
        begun = perf_counter()
        work()
        times.append(1000 * (perf_counter() - begun))
        print(f"  {what}: {times[-1]:,.0f} ms", flush=True)
    times.sort()
    return Line(what, f"{times[len(times) // 2]:,.0f} ms", f"{times[0]:,.0f} to {times[-1]:,.0f}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vehicles", description=__doc__)
    parser.add_argument("--passings", type=int, default=2_000_000)
    parser.add_argument("--home")
    asked = parser.parse_args(arguments)
    print(table([machine()]), flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="lantian-bench-") as folder,
        open_platform(asked.home or folder) as platform,
    ):
        filled = fill(platform, asked.passings)
        print(table([filled]), flush=True)
        print(table(run(platform, asked.passings, Path(folder))))


if __name__ == "__main__":
    main()
