"""A network of invented sensors on the real air of the twelve stations: known errors, known drifts, known failures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from lantian.observations.sensors import drift, network
from lantian.observations.sensors.calibration import applied, fit, scores
from lantian.observations.sensors.fitting import growth

DATA = Path(__file__).parent.parent / "examples" / "beijing" / "data" / "beijing_hourly"
REFERENCES = ("1001A", "1008A", "1010A")
"""The few references that a county might have; the other nine stations lend their air to sensors."""


@cache
def air(year: int = 2016) -> pl.DataFrame:
    """Hours of the twelve stations: ``place, time, pm25, temperature, humidity`` (Magnus, from the dew point)."""
    names = {row["file_station"]: row["station"] for row in pl.read_csv(DATA / "stations.csv").to_dicts()}
    stamp = pl.datetime("year", "month", "day", "hour", time_unit="us", time_zone="Asia/Shanghai")
    parts = []
    for file in sorted(DATA.glob("PRSA_Data_*.csv.gz")):
        rows = pl.read_csv(file, null_values=["NA"], infer_schema_length=None).filter(pl.col("year") == year)
        t, d = pl.col("TEMP").cast(pl.Float64), pl.col("DEWP").cast(pl.Float64)
        wet = [(17.625 * x / (243.04 + x)).exp() for x in (d, t)]  # Magnus (Alduchov and Eskridge 1996)
        parts.append(
            rows.select(
                pl.lit(names[rows["station"][0]]).alias("place"),
                stamp.dt.convert_time_zone("UTC").alias("time"),
                pl.col("PM2.5").cast(pl.Float64).alias("pm25"),
                t.alias("temperature"),
                (100 * wet[0] / wet[1]).clip(0, 100).alias("humidity"),
            )
        )
    return pl.concat(parts).sort("place", "time")


@cache
def where() -> dict[str, tuple[float, float]]:
    """Positions of the stations."""
    return {row["station"]: (row["lon"], row["lat"]) for row in pl.read_csv(DATA / "stations.csv").to_dicts()}


@dataclass(frozen=True)
class Error:
    """What is wrong with an invented sensor: what it says is ``gain x air x growth(kappa) + offset`` and noise."""

    gain: float
    offset: float
    kappa: float


def sensors(start: datetime, days: int, seed: int, *, errors: bool = True) -> tuple[pl.DataFrame, dict[str, Error]]:
    """What invented sensors say beside the stations that are no references, and their errors."""
    draw = np.random.default_rng(seed)
    rows = air(start.year).filter(pl.col("time").is_between(start, start + timedelta(days=days), closed="left"))
    parts, made = [], {}
    for (place,), one in rows.group_by(["place"], maintain_order=True):
        if place in REFERENCES:
            continue
        wrong = (
            Error(draw.uniform(0.6, 1.6), draw.uniform(-10, 20), draw.uniform(0, 0.12)) if errors else Error(1, 0, 0)
        )
        truth, wet = (one[name].fill_null(float("nan")).to_numpy() for name in ("pm25", "humidity"))
        noise = 1 + 0.05 * draw.standard_normal(one.height)
        said = (
            wrong.gain * truth * growth(wrong.kappa, wet) * noise + wrong.offset + 2 * draw.standard_normal(one.height)
        )
        said_pl = pl.Series("pm25", said).fill_nan(None)
        parts.append(one.with_columns(said_pl, pl.Series("truth", truth).fill_nan(None)).rename({"place": "sensor"}))
        made[str(place)] = wrong
    return pl.concat(parts), made


@dataclass(frozen=True)
class Recovered:
    """Root mean square error on the days after, ug/m3: as it is, calibrated blind, calibrated beside its own truth."""

    sensor: str
    before: float
    blind: float
    beside: float

    @property
    def percent(self) -> float:
        """How much of the error blind calibration took away."""
        return 100 * (1 - self.blind / self.before)


def recovered(start: datetime, seed: int, days: int = 30) -> list[Recovered]:
    """Blind calibration on some days, judged on as many days after against the truth that it never saw."""
    said, _ = sensors(start, 2 * days, seed)
    until = start + timedelta(days=days)
    seen, rest = said.filter(pl.col("time") < until), said.filter(pl.col("time") >= until)
    told = air(start.year).filter(
        pl.col("place").is_in(REFERENCES), pl.col("time").is_between(start, until, closed="left")
    )
    references = told.select("place", "time", "pm25")
    found = network.blind(seen.drop("truth"), references, where(), "pm25")
    out = []
    for name, one in found.items():
        assert one.calibration is not None, one.reason
        later = rest.filter(pl.col("sensor") == name)
        own = seen.filter(pl.col("sensor") == name)
        pairs = own.select("time", "temperature", "humidity", sensor="pm25", reference="truth").drop_nulls()
        best = fit(pairs, "pm25", network.FORMS)
        truth = later["truth"].fill_null(float("nan")).to_numpy()

        def error(values: pl.Series, truth: np.ndarray = truth) -> float:
            return scores(values.cast(pl.Float64).fill_null(float("nan")).to_numpy(), truth).rmse

        out.append(
            Recovered(name, error(later["pm25"]), error(applied(one.calibration, later)), error(applied(best, later)))
        )
    return out


def watched(start: datetime, days: int, seed: int) -> pl.DataFrame:
    """Calibrated sensors and references as the watch sees them: ``sensor, time, value, expected, humidity``."""
    said, _ = sensors(start, days, seed, errors=False)
    told = (
        air(start.year)
        .filter(pl.col("place").is_in(REFERENCES))
        .filter(pl.col("time").is_between(start, start + timedelta(days=days), closed="left"))
    )
    both = pl.concat(
        [
            said.select("sensor", "time", value="pm25"),
            told.select("time", sensor="place", value="pm25").select("sensor", "time", "value"),
        ]
    )
    return both.join(said.select("sensor", "time", "humidity"), on=["sensor", "time"], how="left")


CASES = {
    "gain": "gain +50 % over 30 days",
    "loss": "gain -40 % over 30 days",
    "offset": "offset +30 ug/m3 over 30 days",
    "stuck": "the same value for 3 days",
    "dead": "no value for 3 days",
    "saturated": "three times the air in 12 h of fog",
}
"""Injected cases."""


def injected(rows: pl.DataFrame, sensor: str, case: str, at: datetime) -> pl.DataFrame:
    """The rows with one fault in one sensor from a moment on."""
    mine = pl.col("sensor") == sensor
    age = (pl.col("time") - at).dt.total_seconds() / 86400
    grown = (age / 30).clip(0, 1)
    short = mine & (age >= 0) & (age < 3)
    v = pl.col("value")
    if case == "saturated":
        fog = mine & (age >= 0) & (age < 0.5)
        return rows.with_columns(
            pl.when(fog).then(3 * v + 40).otherwise(v).alias("value"),
            pl.when(fog).then(99.0).otherwise(pl.col("humidity")).alias("humidity"),
        )
    held = v.filter(mine & (age < 0)).drop_nulls().last()
    changed = {
        "gain": pl.when(mine).then(v * (1 + 0.5 * grown)).otherwise(v),
        "loss": pl.when(mine).then(v * (1 - 0.4 * grown)).otherwise(v),
        "offset": pl.when(mine).then(v + 30 * grown).otherwise(v),
        "stuck": pl.when(short).then(held).otherwise(v),
        "dead": pl.when(short).then(None).otherwise(v),
    }[case]
    return rows.with_columns(changed.alias("value"))


def alarms(rows: pl.DataFrame, now: datetime) -> list[drift.Trouble]:
    """What the watch says of sensors (not of the references)."""
    seen = network.expected(rows.select("sensor", "time", "value"), where())
    seen = seen.join(rows.select("sensor", "time", "humidity"), on=["sensor", "time"], how="left")
    seen = seen.filter(~pl.col("sensor").is_in(REFERENCES))
    return [*drift.drifting(drift.weeks(seen)), *drift.failing(seen, now)]


@dataclass(frozen=True)
class Watch:
    """How the watch did: days from the beginning of each injected case to its alarm (None: missed)."""

    delays: dict[str, list[float | None]]
    false: dict[str, int]
    sensor_days: float


def watch(seeds: range, days: int = 90) -> Watch:
    """One case at a time in one sensor at a time; and the same network without any case, where every alarm is false."""
    delays: dict[str, list[float | None]] = {case: [] for case in CASES}
    false: dict[str, int] = dict.fromkeys(drift.KINDS, 0)
    total = 0.0
    kind = {"loss": "gain"}
    for seed in seeds:
        start = datetime(2015, 1, 10, tzinfo=UTC) + timedelta(days=85 * seed)
        rows, end = watched(start, days, seed), start + timedelta(days=days)
        clean = alarms(rows, end)
        for trouble in clean:
            false[trouble.kind] += trouble.kind != "dead"  # an hour that the station lacked is truly missing
        names = sorted(set(rows["sensor"]) - set(REFERENCES))
        total += len(names) * days
        for number, case in enumerate(CASES):
            sensor, at = names[(seed * 5 + number) % len(names)], start + timedelta(days=40)
            told = [
                one
                for one in alarms(injected(rows, sensor, case, at), end)
                if one.sensor == sensor and one.kind == kind.get(case, case) and one not in clean and one.noticed >= at
            ]
            first = min((one.noticed for one in told), default=None)
            delays[case].append((first - at).total_seconds() / 86400 if first else None)
    return Watch(delays, false, total)
