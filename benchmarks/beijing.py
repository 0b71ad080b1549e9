"""The Beijing example in a platform of its own, for benchmarks of the forecast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from lantian.cli.loading import load_folder
from lantian.emissions import example
from lantian.forecast import gather, history, verify
from lantian.forecast.cycle import Ingredients
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.jobs import Progress

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "beijing"
CITY = "110000"
SHANGHAI = ZoneInfo("Asia/Shanghai")


@contextmanager
def platform(home: Path) -> Iterator[Platform]:
    """A platform under ``home`` with the example's observations, its clock at the end of them."""
    with open_platform(home) as opened:
        opened.clock.set_simulated(datetime(2017, 1, 10, tzinfo=SHANGHAI), paused=True, actor="benchmark")
        load_folder(opened, EXAMPLE, "benchmark", Progress())
        yield opened


def ingredients(opened: Platform, issue: datetime, hours: int, nests: int = 4) -> Ingredients:
    """A run with perfect weather; the region's cities go on as they were last known, which needs no trained model."""
    begin, end = issue - timedelta(hours=24), issue + timedelta(hours=hours)
    air = gather.observed_weather(opened, begin, end, opened.clock.now())
    inventory, ahead = example.inventory(EXAMPLE), persistent(opened, issue)
    made = gather.ingredients(opened, issue, CITY, air, ahead, inventory, hours=hours)
    return replace(made, domains=made.domains[:nests])


def persistent(opened: Platform, issue: datetime) -> pl.DataFrame:
    """The last published day of every city, as a forecast for each of the next seven."""
    day = issue.astimezone(SHANGHAI).date()
    known = history.read(opened, issue, day - timedelta(days=7), day)
    days = pl.concat(
        [
            pl.DataFrame({"place": city, "date": known.dates, **dict(zip(history.ITEMS, known.days[k].T, strict=True))})
            for k, city in enumerate(known.cities)
        ]
    ).with_columns(pl.col(history.ITEMS).fill_nan(None))
    return verify.persistence([issue], range(1, 8), daily=days)
