"""A forecast made by formula, in the frames and fields of docs/design/forecast.md: a heavy episode that clears.

The air gets worse for days and clears with the north wind on `CLEARS`; every source sees it a little differently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import xarray as xr

from lantian.forecast.store_files import SCHEMAS
from lantian.kernel.settings import TIMEZONE
from lantian.standards import aqi, statistics

ISSUE = datetime(2016, 12, 16, 12, tzinfo=UTC)  # 20:00 in Beijing
PLACES = ("110000", *(f"{number}A" for number in range(1001, 1013)))
COURSE = (130, 190, 240, 280, 310, 200, 45)
"""PM2.5 of the seven days, ug/m3."""
CLEARS = date(2016, 12, 22)
FACTORS = {"lantian": 1.0, "statistics": 0.92, "persistence": None, "model": 1.1}
_SHARES = {"pm25": 1.0, "pm10": 1.3, "no2": 0.4, "so2": 0.12, "co": 0.02, "o3_8h": 0.1}


def day_of(issue: datetime) -> date:
    """The natural day of an issue in Beijing."""
    return issue.astimezone(TIMEZONE).date()


def values(
    issue: datetime = ISSUE, places: Sequence[str] = PLACES, sources: Sequence[str] = tuple(FACTORS)
) -> pl.DataFrame:
    """Daily values of every source with quantiles."""
    rows = []
    for source in sources:
        for number, place in enumerate(places):
            for lead, course in enumerate(COURSE, start=1):
                factor = FACTORS[source]
                base = (COURSE[0] * 0.6 if factor is None else course * factor) * (1 + 0.01 * number)
                for item, share in _SHARES.items():
                    value = base * share
                    spread = 0.05 + 0.04 * lead
                    quantiles = {f"q{q}": value * (1 + spread * (q - 50) / 40) for q in (10, 25, 50, 75, 90)}
                    if source in ("persistence", "model"):
                        quantiles = dict.fromkeys(quantiles)
                    key = {"issue": issue, "source": source, "place": place}
                    when = {"date": day_of(issue) + timedelta(days=lead), "lead": lead}
                    rows.append(key | when | {"item": item, "value": value} | quantiles)
    return pl.DataFrame(rows, schema=dict(SCHEMAS["values"]), orient="row")


def outlook(made: pl.DataFrame) -> pl.DataFrame:
    """The outlook of daily values: index, range of plus and minus 12 %, probabilities around the level."""
    wide = made.pivot("item", index=["issue", "source", "place", "date", "lead"], values="value")
    judged = aqi.daily(wide)
    low, high = ((pl.col("aqi") * share).round().cast(pl.UInt16) for share in (0.88, 1.12))
    frame = judged.with_columns(aqi_low=low, aqi_high=high.clip(0, 500)).with_columns(
        level_low=aqi.level_expr(pl.col("aqi_low")), level_high=aqi.level_expr(pl.col("aqi_high"))
    )
    sure = pl.col("source").is_in(["lantian", "statistics"])
    far = [(pl.lit(k) - pl.col("level").cast(pl.Int64)).abs() for k in range(1, 7)]
    weights = [(-1.4 * each.cast(pl.Float64)).exp() for each in far]
    total = pl.sum_horizontal(weights)
    chances = [pl.when(sure).then(weight / total).alias(f"p{k}") for k, weight in enumerate(weights, start=1)]
    return frame.with_columns(chances).select(*SCHEMAS["outlook"])


def concentration(hour: datetime, issue: datetime = ISSUE) -> float:
    """PM2.5 of an hour: the course of the days with a wave of the day on it."""
    lead = (hour - issue).total_seconds() / 86400 - 1 / 6
    days = [COURSE[0] * 0.8, *COURSE]
    low = max(0, min(len(days) - 2, math.floor(lead)))
    share = min(1.0, max(0.0, lead - low))
    wave = 1 + 0.15 * math.sin(2 * math.pi * (hour.hour - 9) / 24)
    return (days[low] * (1 - share) + days[low + 1] * share) * wave


def hours(
    issue: datetime = ISSUE, places: Sequence[str] = PLACES, sources: Sequence[str] = ("lantian",), length: int = 172
) -> pl.DataFrame:
    """Hours of every place."""
    rows = []
    for source in sources:
        for number, place in enumerate(places):
            for step in range(length):
                time = issue + timedelta(hours=step)
                pm25 = concentration(time, issue) * (1 + 0.01 * number)
                shares = {item: pm25 * share for item, share in _SHARES.items() if item != "o3_8h"}
                rows.append({"source": source, "place": place, "time": time, "o3": 20.0} | shares)
    frame = pl.DataFrame(rows, schema_overrides={"time": pl.Datetime("us", "UTC")})
    parts = [
        statistics.rolling(part.drop("source")).with_columns(source=pl.lit(str(source), pl.String))
        for (source,), part in frame.group_by("source", maintain_order=True)
    ]
    made = pl.concat(parts).with_columns(issue=pl.lit(issue, pl.Datetime("us", "UTC")))
    return made.select(*SCHEMAS["hours"])


def clearing(issue: datetime = ISSUE, places: Sequence[str] = PLACES) -> pl.DataFrame:
    """The north wind of `CLEARS`."""
    begins = datetime(CLEARS.year, CLEARS.month, CLEARS.day, 2, tzinfo=TIMEZONE).astimezone(UTC)
    rows = [
        {
            "issue": issue,
            "source": "lantian",
            "place": place,
            "begins": begins,
            "cause": "N",
            "probability": 0.84,
            "wait_hours": (begins - issue).total_seconds() / 3600,
        }
        for place in places
    ]
    return pl.DataFrame(rows, schema=dict(SCHEMAS["clearing"]), orient="row")


def shares(issue: datetime = ISSUE, place: str = PLACES[0]) -> pl.DataFrame:
    """PM2.5 of the first day: four fifths statistics."""
    at = {"issue": issue, "place": place, "date": day_of(issue) + timedelta(days=1), "lead": 1, "item": "pm25"}
    told = (("statistics", 0.8, 0.0), ("model", 0.2, -0.1))
    rows = [at | {"source": source, "share": share, "bias": bias, "issues": 31} for source, share, bias in told]
    return pl.DataFrame(rows, schema=dict(SCHEMAS["shares"]), orient="row")


def fields(issue: datetime = ISSUE, *, cells: int = 30, length: int = 6, wind: bool = True) -> xr.Dataset:
    """Fields over Beijing: a plume that moves south, on a grid that is turned a little."""
    items = ["so2", "no2", "co", "o3", "pm10", "pm25"]
    y, x = np.meshgrid(np.linspace(-1, 1, cells), np.linspace(-1, 1, cells), indexing="ij")
    lon = 116.4 + 0.9 * x + 0.03 * y
    lat = 39.95 + 0.68 * y - 0.03 * x
    steps = np.arange(length)
    level = np.array([concentration(issue + timedelta(hours=int(step)), issue) for step in steps])
    centre = 0.8 - 1.2 * steps / max(length, 24)
    plume = np.exp(-((x - 0.1) ** 2 + (y[None] - centre[:, None, None]) ** 2) / 0.25)
    pm25 = level[:, None, None] * (0.45 + 0.9 * plume)
    shares = [_SHARES.get(name, 0.08) for name in items]
    made = np.stack([pm25 * share for share in shares], axis=1)
    start = np.datetime64(issue.replace(tzinfo=None), "ns")
    dataset = xr.Dataset(
        {"concentration": (("time", "item", "y", "x"), made)},
        {
            "time": start + steps * np.timedelta64(3600, "s").astype("timedelta64[ns]"),
            "item": items,
            "lon": (("y", "x"), lon),
            "lat": (("y", "x"), lat),
        },
    )
    if wind:
        dataset["eastward_wind"] = (("time", "y", "x"), np.full(pm25.shape, 1.0))
        dataset["northward_wind"] = (("time", "y", "x"), np.full(pm25.shape, -2.0))
    return dataset


def products(issue: datetime = ISSUE, places: Sequence[str] = PLACES) -> dict[str, pl.DataFrame]:
    """All four products of an issue, as `RunStore.put` takes them."""
    made = values(issue, places)
    return {
        "values": made,
        "outlook": outlook(made),
        "hours": hours(issue, places),
        "clearing": clearing(issue, places),
    }
