"""The evaluation of a national year out of the store, run in a process of its own so that its memory is its own.

`python -m benchmarks.evaluation HOME FIRST LAST STATIONS CITIES` prints one JSON object: seconds, GiB, rows.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeAlias

import polars as pl

from benchmarks import report, year
from lantian.assessment import ranking
from lantian.kernel.bootstrap import open_platform
from lantian.observations.store import ObservationStore, open_store
from lantian.standards import aqi, indices, statistics
from lantian.standards.codes import POLLUTANTS
from lantian.standards.statistics import Period

SIDE_BY_SIDE = 2
WINDOW = timedelta(hours=23)
"""Hours before a month that the moving means of its first hours need."""


Month: TypeAlias = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]
"""Hours of the stations by level, days of the stations, days of the cities."""


def evaluate(store: ObservationStore, last: date, stations: int, cities: int) -> dict[str, pl.DataFrame]:
    """Every station's hours by level, every station's and city's days with their index, and the cities' ranking.

    Hours are read and judged a month at a time, two months side by side. Only the number of hours at each level is
    kept, as a page would show it.
    """
    members = year.members(stations, cities)
    spans = year.months(last)
    share = -(-len(spans) // SIDE_BY_SIDE)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        runs = (spans[first : first + share] for first in range(0, len(spans), share))
        months = [month for run in pool.map(lambda run: _months(store, run, members), runs) for month in run]
    levels, station_days, city_days = (pl.concat(parts) for parts in zip(*months, strict=True))
    station_days, city_days = aqi.daily(station_days), aqi.daily(city_days)
    annual = statistics.attainment(statistics.period(city_days, by=(year.FIRST, last)))
    return {
        "levels": levels.group_by("place", "level").agg(pl.col("hours").sum()),
        "stations": station_days,
        "cities": city_days,
        "station years": statistics.period(station_days, by=(year.FIRST, last)),
        "ranking": ranking.rank(indices.composite(annual)),
    }


def _months(store: ObservationStore, spans: Sequence[Period], members: Mapping[str, list[str]]) -> list[Month]:
    """Months that follow one another; each hands its last hours to the moving means of the next."""
    start = year.midnight(spans[0].start)
    before = store.hourly(None, start - WINDOW, start, POLLUTANTS).collect()
    found = []
    for span in spans:
        start, end = year.midnight(span.start), year.midnight(span.end + timedelta(days=1))
        hours = store.hourly(None, start, end, POLLUTANTS).collect()
        judged = aqi.hourly(statistics.rolling(pl.concat([before, hours]))).select("place", "time", "level")
        levels = judged.filter(pl.col("time") >= start).group_by("place", "level").agg(pl.len().alias("hours"))
        # As the national centre publishes it: the mean of the stations hour by hour, and the day of that series.
        city_hours = statistics.city(hours, members).select("place", "time", *POLLUTANTS)
        found.append((levels, statistics.daily(hours), statistics.daily(city_hours)))
        before = hours.filter(pl.col("time") >= end - WINDOW)
    return found


def main(home: str, last: str, stations: str, cities: str) -> None:
    """Evaluate the store of `home` and print what it took."""
    with open_platform(Path(home)) as platform:
        store = open_store(platform)
        begun, used = perf_counter(), process_time()
        results = evaluate(store, date.fromisoformat(last), int(stations), int(cities))
        seconds, used = perf_counter() - begun, process_time() - used
    best = results["ranking"].row(0, named=True)
    facts = {
        "seconds": seconds,
        "processor": used,
        "gib": report.peak_memory(),
        "station_hours": results["levels"]["hours"].sum(),
        "station_days": results["stations"].height,
        "ranked": results["ranking"]["rank_composite_index"].count(),
        "best": best["place"],
        "best_index": best["composite_index"],
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
