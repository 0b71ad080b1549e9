"""Autumns whose PM2.5 follows from weather and emissions: what weather normalisation must find is known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from scipy.signal import lfilter

NOISE = 0.2


def red(generator: np.random.Generator, number: int, hours: float, spread: float = 1.0) -> np.ndarray:
    """Noise with a memory of so many hours."""
    keep = np.exp(-1 / hours)
    return spread * lfilter([np.sqrt(1 - keep**2)], [1, -keep], generator.standard_normal(number + 500))[500:]


def season(generator: np.random.Generator, year: int, emission: float, windiness: float) -> pl.DataFrame:
    """Autumn of a year: its weather, and PM2.5 that follows from wind, humidity, rain and emissions."""
    start, number = datetime(year, 9, 28, tzinfo=UTC), 24 * 100
    passing, hour = red(generator, number, 40), (np.arange(number) + 8) % 24
    wind = windiness * np.exp(0.45 + 0.45 * passing + 0.25 * red(generator, number, 4))
    direction = (180 - 120 * np.tanh(passing) + 40 * red(generator, number, 12)) % 360
    warmth = 12 - 0.12 * np.arange(number) / 24 + 5 * np.sin((hour - 9) / 12 * np.pi) + red(generator, number, 60, 3)
    humidity = np.clip(60 - 12 * passing + red(generator, number, 20, 10), 10, 98)
    ratio = np.log(humidity / 100) + 17.62 * warmth / (243.12 + warmth)
    rain = np.where((red(generator, number, 8) > 1.6) & (humidity > 60), 1.0, 0.0)
    lasting = np.convolve(np.r_[np.full(23, wind[0]), wind], np.ones(24) / 24, "valid")
    clean = 70 * np.exp(
        -0.8 * (np.log(lasting) - 0.5) + 0.012 * (humidity - 60) + 0.15 * np.cos((hour - 22) / 12 * np.pi)
    )
    return pl.DataFrame({
        "time": [start + timedelta(hours=k) for k in range(number)],
        "pm25": emission * clean * np.exp(red(generator, number, 15, NOISE)),
        "temperature": warmth,
        "dew_point": 243.12 * ratio / (17.62 - ratio),
        "pressure": 1015 + 4 * passing,
        "wind_speed": wind,
        "wind_direction": direction,
        "rain": rain,
        "clean": clean,
    }, schema_overrides={"time": pl.Datetime("us", "UTC")})  # fmt: skip


def years(seed: int, emissions: tuple[float, ...], windiness: tuple[float, ...]) -> pl.DataFrame:
    """Autumns from 2014 on; ``clean`` is the PM2.5 of their weather at emission 1, without noise."""
    generator = np.random.default_rng(seed)
    return pl.concat(
        season(generator, 2014 + k, *both) for k, both in enumerate(zip(emissions, windiness, strict=True))
    )


def usual(frame: pl.DataFrame, month: int) -> float:
    """The mean of a month under the weather of all years, at emission 1: known from the making."""
    local = pl.col("time").dt.convert_time_zone("Asia/Shanghai")
    mean = frame.filter(local.dt.month() == month)["clean"].to_numpy().mean()
    return float(mean * np.exp(NOISE**2 / 2))
