"""A made-up city whose air follows the wind: two stations by the hour, two cities by the day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from unittest.mock import patch

import jax
import numpy as np
import polars as pl

from lantian.forecast import history, learn, learn_recurrent
from lantian.forecast.history import History, midnight
from lantian.forecast.learn import ISSUE_HOUR, Calibrator, Effort, Mode
from lantian.kernel.bootstrap import Platform
from lantian.observations.store import open_store
from lantian.places.regions import Region
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

FIRST = date(2015, 1, 1)
DAYS = 230
REGION, STATIONS, FAR = "110000", ("1001A", "1002A"), "130100"
MEMBERS = {REGION: ["1001A"]}
HOMES = {"1002A": REGION}
QUICK = Effort(members=2, hidden=4, steps=3, batch=4, ahead=28, iterations=3)
UNLEARNT = replace(QUICK, steps=0)
"""For tests that do not ask how good it is: its network stays as it was drawn, so nothing is compiled."""
# For what runs three times, compiling without optimisation is much the shortest.
_IMPROVE = jax.jit(
    learn_recurrent._improve.__wrapped__,
    static_argnames=("ahead", "decay"),
    compiler_options={"xla_backend_optimization_level": "0"},
)
ISSUE = midnight(FIRST + timedelta(days=220)) + timedelta(hours=ISSUE_HOUR)


def frames() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Hours of stations and published days of cities."""
    random = np.random.default_rng(0)
    count = 24 * DAYS
    wind = np.repeat(random.uniform(0.5, 6.0, DAYS), 24)
    hour = np.arange(count) % 24
    times = [midnight(FIRST) + timedelta(hours=k) for k in range(count)]
    parts = []
    for k, station in enumerate(STATIONS):
        level = (k + 2) * 60.0 / wind * (1.0 + 0.2 * np.sin(2 * np.pi * hour / 24))
        columns = {
            "so2": level / 8,
            "no2": level / 2,
            "co": level / 60,
            "o3": 20.0 + 60.0 * np.clip(np.sin(2 * np.pi * (hour - 8) / 24), 0, 1),
            "pm10": level * 1.4,
            "pm25": level,
            "temperature": 10.0 + 5.0 * np.sin(2 * np.pi * hour / 24),
            "pressure": np.full(count, 1012.0),
            "dew_point": np.full(count, 1.0),
            "rain": np.zeros(count),
            "wind_direction": np.full(count, 0.0),
            "wind_speed": wind,
        }
        parts.append(pl.DataFrame({"place": [station] * count, "time": times, **columns}))
    days = [FIRST + timedelta(days=k) for k in range(DAYS)]
    level = 120.0 / wind[::24]
    daily = [
        pl.DataFrame(
            {
                "place": [code] * DAYS,
                "date": days,
                **{
                    item: level * share
                    for item, share in zip(history.ITEMS, (0.1, 0.5, 0.02, 0.8, 1.4, 1.0), strict=True)
                },
            }
        )
        for code in (REGION, FAR)
    ]
    return pl.concat(parts).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC"))), pl.concat(daily)


def city() -> History:
    """The made-up city on its grid."""
    hourly, daily = frames()
    return history.of_frames(hourly, daily, MEMBERS, HOMES)


@cache
def calibrator(mode: Mode, effort: Effort = QUICK) -> Calibrator:
    """A model of the made-up city, trained as briefly as may be; nobody changes it."""
    with patch.object(learn_recurrent, "_improve", _IMPROVE):
        return learn.train(city(), mode=mode, effort=effort)


def load(platform: Platform, *, later: timedelta = timedelta(), days: int = DAYS, hours: bool = True) -> None:
    """Bring the last ``days`` of the city into a platform's store, moved ``later``: what came in after training; with
    no ``hours`` only what cities publish by day.
    """
    places = PlaceStore(platform.engine)
    places.put_regions([Region(REGION, "北京市"), Region("130000", "河北省"), Region(FAR, "石家庄市")], "test")
    stations = [Station(code, code, "state", REGION, 116.3 + 0.1 * k, 39.9) for k, code in enumerate(STATIONS)]
    places.put_stations([stations[0], replace(stations[1], evaluation=False)], "test")
    hourly, daily = frames()
    first = FIRST + timedelta(days=DAYS - days)
    store = open_store(platform)
    if hours:
        known = hourly.filter(pl.col("time") >= midnight(first)).with_columns(pl.col("time") + later)
        store.append(known, "hour", "test", actor="test")
    store.append(
        daily.filter(pl.col("date") >= first).with_columns(pl.col("date") + later), "day", "test", actor="test"
    )


def moment(day: date, hour: int = 0) -> datetime:
    """An hour of Beijing, in UTC."""
    return (midnight(day) + timedelta(hours=hour)).astimezone(UTC)
