"""Ten days of five stations made by formula: a day's course, an episode that all share, small differences."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from lantian.kernel.bootstrap import Platform
from lantian.observations.store import ObservationStore
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

START = datetime(2016, 11, 1, tzinfo=UTC)
END = datetime(2016, 12, 16, tzinfo=UTC)
PLACES = ("A1", "A2", "A3", "A4", "A5")


def series(seed: int = 7) -> pl.DataFrame:
    """`place, time, pm25, pm10, so2`: whole numbers, as published."""
    hours = int((END - START) / timedelta(hours=1))
    random = np.random.default_rng(seed)
    t = np.arange(hours)
    common = 60 + 25 * np.sin(t * 2 * np.pi / 24) + 140 * np.exp(-(((t - 900) / 40) ** 2)) + 60 * np.sin(t / 61)
    common = np.maximum(common, 12)
    frames = []
    for k, place in enumerate(PLACES):
        pm25 = np.round(common * (0.9 + 0.05 * k) * np.exp(random.normal(0, 0.08, hours)))
        frames.append(
            pl.DataFrame(
                {
                    "place": place,
                    "time": [START + timedelta(hours=int(h)) for h in t],
                    "pm25": pm25,
                    "pm10": np.round(pm25 * 1.4 + 10),
                    "so2": np.round(20 + 5 * np.sin(t / 9) + random.normal(0, 2, hours) + k),
                },
                schema_overrides={"time": pl.Datetime("us", "UTC")},
            )
        )
    return pl.concat(frames)


@pytest.fixture(scope="session")
def clean() -> pl.DataFrame:
    """The series; read only."""
    return series()


@pytest.fixture
def city(platform: Platform, clean: pl.DataFrame) -> Platform:
    """A platform with the five stations and their hours, its clock at the end."""
    platform.clock.set_simulated(END, paused=True)
    places = PlaceStore(platform.engine)
    places.put_regions([Region("110000", "北京市", "Beijing")], "test", "test")
    places.put_stations(
        [
            Station(place, f"示例{place}", "state", "110000", 116.3 + 0.05 * k, 39.9 + 0.03 * (k % 2))
            for k, place in enumerate(PLACES)
        ],
        "test",
        "test",
    )
    ObservationStore(platform).append(clean, "hour", "test", actor="test")
    return platform


def spoiled(clean: pl.DataFrame, place: str, first: datetime, last: datetime, **values: object) -> pl.DataFrame:
    """The same with other values in the hours first to last of a place."""
    inside = (pl.col("place") == place) & pl.col("time").is_between(first, last)
    return clean.with_columns(
        pl.when(inside).then(pl.lit(value, pl.Float64)).otherwise(pl.col(item)).alias(item)
        for item, value in values.items()
    )
