"""A national year made of real hours: the Beijing series, tiled.

Station k has the hours of real station k mod 12, moved by k // 12 whole weeks, so that the values, their gaps and
their course over the day are real and no two stations are alike; the season may be another than the calendar's.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter

import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.observations import readers
from lantian.standards.codes import POLLUTANTS
from lantian.standards.statistics import Period

STATIONS, CITIES = 1700, 337
FIRST, LAST = date(2016, 1, 1), date(2016, 12, 31)
DAYS = (LAST - FIRST).days + 1
FILES = Path(__file__).parents[1] / "examples/beijing/data/beijing_hourly"


def read_files() -> tuple[list[pl.DataFrame], float]:
    """The twelve real series (each every hour of 2013-03-01 to 2016-12-31, in order), and rows read a second."""
    begun = perf_counter()
    frames = [readers.read(path).frames["hour"] for path in sorted(FILES.glob("PRSA_Data_*.csv.gz"))]
    rate = sum(frame.height for frame in frames) / (perf_counter() - begun)
    return [frame.sort("time").select(POLLUTANTS) for frame in frames], rate


def station(k: int) -> str:
    """Code of the k-th station."""
    return f"{1001 + k}A"


def members(stations: int = STATIONS, cities: int = CITIES) -> Mapping[str, list[str]]:
    """City code -> codes of its stations, five or six each."""
    return {f"{110000 + 100 * c}": [station(k) for k in range(c, stations, cities)] for c in range(cities)}


def midnight(day: date) -> datetime:
    """When a natural day of Asia/Shanghai begins, in UTC."""
    return datetime.combine(day, time(), TIMEZONE).astimezone(UTC)


def months(last: date = LAST) -> list[Period]:
    """The months of the year up to `last`, the last one perhaps only a part."""
    firsts = [date(FIRST.year, month, 1) for month in range(1, last.month + 1)]
    return [Period(first, min(Period.holding(first, "month").end, last)) for first in firsts]


def month(series: list[pl.DataFrame], span: Period, stations: int = STATIONS) -> pl.DataFrame:
    """An hourly frame of one month: `place, time` and the six pollutants, as an importer would hand it to the store."""
    start = midnight(span.start)
    times = pl.datetime_range(
        start, start + timedelta(days=span.days), "1h", closed="left", time_zone="UTC", eager=True
    ).alias("time")
    return pl.concat(_moved(series, span, times, k) for k in range(stations))


def _moved(series: list[pl.DataFrame], span: Period, times: pl.Series, k: int) -> pl.DataFrame:
    weeks, which = divmod(k, len(series))
    day = (span.start - FIRST).days + 7 * weeks
    values = series[which].slice(day * 24, span.days * 24)
    return values.select(pl.lit(station(k)).alias("place"), times, *POLLUTANTS)


def all_months(series: list[pl.DataFrame], last: date = LAST, stations: int = STATIONS) -> Iterator[pl.DataFrame]:
    """Every month's frame, made when it is asked for."""
    return (month(series, span, stations) for span in months(last))
