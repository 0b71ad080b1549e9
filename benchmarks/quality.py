"""Quality checks: what they find of faults put into real series, and what they flag where nothing was touched.

`python -m benchmarks.quality`. Series: hours of the twelve Beijing stations; thresholds were tuned on 2013-2014, this
judges 2015 and 2016. Faults: `lantian.observations.faults`, seeded; each lasts a day (offset and drift ten, noise
three) in one item of one station. Precision and recall count hours: a flag that the untouched series does not have is
right where it lies in the fault's span.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.report import Line, machine, peak_memory, table
from lantian.observations import readers
from lantian.observations.faults import inject
from lantian.observations.quality import book, checks
from lantian.observations.quality.grid import neighbours
from lantian.standards.codes import POLLUTANTS

FOLDER = Path(__file__).parents[1] / "examples" / "beijing" / "data" / "beijing_hourly"
START, END = datetime(2015, 1, 1, tzinfo=UTC), datetime(2016, 12, 30, tzinfo=UTC)
NOW = datetime(2017, 1, 1, tzinfo=UTC)
EPISODES = (
    ("red alert 2015-12-07 to 10", datetime(2015, 12, 6, tzinfo=UTC), datetime(2015, 12, 11, tzinfo=UTC)),
    ("red alert 2015-12-18 to 22", datetime(2015, 12, 18, tzinfo=UTC), datetime(2015, 12, 24, tzinfo=UTC)),
    ("red alert 2016-12-16 to 21", datetime(2016, 12, 15, tzinfo=UTC), datetime(2016, 12, 23, tzinfo=UTC)),
    ("sand storm 2015-04-15", datetime(2015, 4, 15, tzinfo=UTC), datetime(2015, 4, 17, tzinfo=UTC)),
)
"""Real extremes: what is flagged there is looked at by itself."""

WANTED = {
    "stuck": ("stuck",),
    "spike": ("spike", "neighbour", "range"),
    "offset": ("neighbour", "shift", "order"),
    "drift": ("neighbour", "shift", "order"),
    "noise": ("neighbour", "spike", "order"),
    "gap": ("validity",),
}
"""Fault -> the checks that should see it."""

SIZES: dict[str, dict[str, Any]] = {"drift": {"per_day": 0.25}, "spike": {"share": 0.1}, "offset": {}}
DAYS = {"offset": 10, "drift": 10, "noise": 3}
"""How long a fault lasts, days, where it is not one; `offset` is half the median, `drift` a quarter of it each day."""


@cache
def hours() -> pl.DataFrame:
    """The hours of the twelve stations 2013-2016, wide."""
    frames = [readers.read(path).frames["hour"] for path in sorted(FOLDER.glob("PRSA_*.csv.gz"))]
    return pl.concat(frames, how="diagonal").sort("place", "time")


def near() -> dict[str, tuple[str, ...]]:
    """The neighbours of each station."""
    listed = pl.read_csv(FOLDER / "stations.csv")
    kind = book().kinds["state"]
    positions = {row["station"]: (row["lon"], row["lat"]) for row in listed.to_dicts()}
    return neighbours(positions, kind.near_stations, kind.near_km)


def flags(frame: pl.DataFrame, start: datetime = START, end: datetime = END) -> pl.DataFrame:
    """What the checks of reference stations say."""
    return checks.run(frame, book().kinds["state"], near(), start=start, end=end, now=NOW)


def untouched(frame: pl.DataFrame, clean: pl.DataFrame) -> list[Line]:
    """Flags where nothing was touched, per 1,000 station-hours, all items together; and in the real extremes."""
    inside = frame.filter(pl.col("time").is_between(START, END, closed="left")).height
    lines = [Line(f"untouched: flags per 1,000 of {inside} station-hours, six items together", "")]
    for check in ("range", "zero", "stuck", "spike", "order", "neighbour", "shift", "validity"):
        n = clean.filter(pl.col("check") == check).height
        note = "days with a real lack" if check == "validity" else ""
        lines.append(Line(f"  {check}", f"{1000 * n / inside:.2f}", note))
    for name, start, end in EPISODES:
        span = pl.col("time").is_between(start, end, closed="left")
        part, n = clean.filter(span & (pl.col("check") != "validity")), frame.filter(span).height
        highest = [float(max(frame.filter(span)[item].drop_nulls())) for item in ("pm25", "pm10")]
        by = ", ".join(f"{row[0]} {row[1]}" for row in part.group_by("check").len().sort("check").iter_rows())
        lines.append(
            Line(f"  {name} (PM2.5 to {highest[0]:.0f}, PM10 to {highest[1]:.0f})", f"{1000 * part.height / n:.2f}", by)
        )
    return lines


def fault(frame: pl.DataFrame, clean: pl.DataFrame, kind: str, seed: int, count: int) -> Line:
    """One kind of fault: recall of the changed hours, and the share of new flags that are right."""
    random = np.random.default_rng(seed)
    places, days = sorted(frame["place"].unique()), int((END - START).days) - 2
    spoiled, truth, length = frame, [], timedelta(days=DAYS.get(kind, 1))
    cases = [
        (START + timedelta(days=int(day)), places[int(random.integers(len(places)))], POLLUTANTS[k % len(POLLUTANTS)])
        for k, day in enumerate(random.permutation(np.arange(1, days - 10, 4 if DAYS.get(kind, 1) < 4 else 14))[:count])
    ]
    pieces = []
    for number, (begin, place, item) in enumerate(cases):
        part = frame.filter(
            (pl.col("place") == place) & pl.col("time").is_between(begin, begin + length, closed="left")
        )
        done = inject(part, kind, item=item, start=begin, end=begin + length, seed=seed + number,
                      **SIZES.get(kind, {}))  # fmt: skip
        struck = done.frame.filter(done.changed).select("place", "time", pl.lit(item).alias("item"))
        truth.append(struck)
        pieces.append(done.frame.select("place", "time", pl.lit(item).alias("item"), pl.col(item).alias("put")))
    put = pl.concat(pieces)
    for item in POLLUTANTS:
        one = put.filter(pl.col("item") == item).select("place", "time", "put", pl.lit(True).alias("is_put"))
        spoiled = (
            spoiled.join(one, on=["place", "time"], how="left")
            .with_columns(pl.when("is_put").then("put").otherwise(item).alias(item))
            .drop("put", "is_put")
        )
    changed = pl.concat(truth)
    key = ["place", "time", "item"]
    said = flags(spoiled).filter(pl.col("check").is_in(WANTED[kind]))
    new = said.join(clean, on=[*key, "check"], how="anti").select(key).unique()
    if kind == "gap":  # one flag a day: a case is found where its day is flagged
        days_of = pl.col("time").dt.offset_by("8h").dt.date().alias("day")
        real = changed.group_by("place", "item", days_of).len().filter(pl.col("len") > 4)
        told = said.select("place", "item", days_of).unique()
        found = real.join(told, on=["place", "item", "day"], how="semi").height
        return Line(
            f"  {kind}", f"recall {100 * found / real.height:5.1f} %", f"{real.height} days with over 4 hours lost"
        )
    found = changed.join(said.select(key).unique(), on=key, how="semi").height
    right = new.join(put.select(key), on=key, how="semi").height
    seen = changed.join(put, on=key).join(said.select(key).unique(), on=key, how="semi")
    starts = pl.DataFrame(cases, schema=["start", "place", "item"], orient="row").with_columns(
        pl.col("start").cast(pl.Datetime("us", "UTC"))
    )
    within = (pl.col("time") >= pl.col("start")) & (pl.col("time") < pl.col("start") + length)
    of_cases, cases_found = (
        one.select(key).join(starts, on=["place", "item"]).filter(within).select("start", "place").unique().height
        for one in (changed, seen)
    )
    numbers = f"recall {100 * found / changed.height:5.1f} %, precision {100 * right / max(new.height, 1):5.1f} %"
    return Line(
        f"  {kind}", numbers, f"{changed.height} hours; cases {cases_found} of {of_cases}; by {', '.join(WANTED[kind])}"
    )


def run(count: int = 150) -> list[Line]:
    """Everything."""
    frame = hours()
    begin = time.perf_counter()
    clean = flags(frame)
    took = time.perf_counter() - begin
    lines = untouched(frame, clean)
    lines.append(Line(f"faults, {count} of each kind at most", "recall of hours, precision"))
    lines += [fault(frame, clean, kind, 300 + number, count) for number, kind in enumerate(WANTED)]
    month = flags(frame, datetime(2016, 12, 1, tzinfo=UTC), datetime(2016, 12, 30, tzinfo=UTC)).height
    begin = time.perf_counter()
    flags(frame, datetime(2016, 12, 28, tzinfo=UTC), datetime(2016, 12, 30, tzinfo=UTC))
    lines += [
        Line("two years of twelve stations judged", f"{took:.1f} s", "one core"),
        Line("two days of twelve stations", f"{time.perf_counter() - begin:.2f} s", f"December 2016: {month} flags"),
        Line("memory at most", f"{peak_memory():.1f} GiB"),
    ]
    return lines


if __name__ == "__main__":
    print(table([machine(), *run(int(sys.argv[1]) if len(sys.argv) > 1 else 150)]))
