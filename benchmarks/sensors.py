"""Sensors: what calibration takes off the error of a real sensor, of a network without references, and of faults.

`python -m benchmarks.sensors`. Named reference: plain least squares on a line, fitted on the same days.
"""

import gzip
import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks import sensors_network as invented
from benchmarks.report import Line, machine, table
from lantian.observations.sensors import calibration

FOLDER = Path(__file__).parent.parent / "examples" / "collocation"
ITEMS = {
    "pm25": ("PM2.5 (µg/m³)", "PM2.5-88101", 1.0),
    "o3": ("O3 (ppb)", "O3", 1.9632),
    "no2": ("NO2 (ppb)", "NO2", 1.8816),
}
"""Item: column of the sensor, parameter of the reference, ug/m3 for one of the file (gases: 298.15 K, 1013.25 hPa)."""
TRAIN_DAYS = 20


def sensor_minutes() -> pl.DataFrame:
    """The sensor's minutes in UTC and platform units; the file's times are UTC-05:00 (temperature agrees best so)."""
    text = gzip.decompress((FOLDER / "toco_toucan_RT01_raw.csv.gz").read_bytes())
    raw = pl.read_csv(io.BytesIO(text), skip_lines=6, infer_schema_length=None)
    stamp = pl.col("Time").str.to_datetime("%m/%d/%Y %H:%M", time_unit="us") + timedelta(hours=5)
    return raw.select(
        stamp.dt.replace_time_zone("UTC").alias("time"),
        *((pl.col(column) * factor).alias(item) for item, (column, _, factor) in ITEMS.items()),
        pl.col("TEMP (°C)").alias("temperature"),
        pl.col("RH (%)").alias("humidity"),
    )


def reference_hours() -> pl.DataFrame:
    """The reference monitors' hours in UTC and platform units; hours with a code of quality control are left out."""
    text = gzip.decompress((FOLDER / "reference.csv.gz").read_bytes())
    raw = pl.read_csv(io.BytesIO(text), schema_overrides={"Value": pl.Float64}).filter(pl.col("QC Code") == 0)
    stamp = (pl.col("Date (UTC)") + " " + pl.col("Time (UTC)")).str.to_datetime("%m/%d/%Y %H:%M", time_unit="us")
    wide = raw.with_columns(stamp.dt.replace_time_zone("UTC").alias("time")).pivot(
        on="Param", index="time", values="Value", aggregate_function="first"
    )
    return wide.select("time", *((pl.col(name) * factor).alias(item) for item, (_, name, factor) in ITEMS.items()))


def held_out(item: str) -> tuple[calibration.Calibration, dict[str, calibration.Scores]]:
    """Calibrated on the first 20 days, judged on the days after: `before`, `after`, `linear`."""
    pairs = calibration.collocated(calibration.hourly(sensor_minutes()), reference_hours(), item)
    until = pairs["time"][0] + timedelta(days=TRAIN_DAYS)
    seen, rest = pairs.filter(pl.col("time") < until), pairs.filter(pl.col("time") >= until)
    made = calibration.fit(seen, item)
    said = calibration.applied(made, rest.rename({"sensor": item})).to_numpy()
    x, y = (rest[name].to_numpy() for name in ("sensor", "reference"))
    line = calibration.plain_line(seen, rest)
    return made, {
        "before": calibration.scores(x, y),
        "after": calibration.scores(said, y),
        "linear": calibration.scores(line, y),
    }


def run() -> list[Line]:
    """All figures."""
    lines = []
    for item in ITEMS:
        begin = time.perf_counter()
        made, found = held_out(item)
        took = time.perf_counter() - begin
        for name, words in (
            ("before", "as it is"),
            ("linear", "reference: least squares on a line"),
            ("after", made.form),
        ):
            one = found[name]
            less = 100 * (1 - one.rmse / found["before"].rmse)
            lines.append(
                Line(
                    f"{item}, {words}",
                    f"RMSE {one.rmse:5.2f}  bias {one.bias:+6.2f}  r2 {one.r2:.2f}  95 % within {one.uncertainty:5.1f}",
                    f"n {one.n}, {less:+.0f} % less" + (f", {took:.1f} s" if name == "after" else ""),
                )
            )
    for item in ITEMS:
        pairs = calibration.collocated(calibration.hourly(sensor_minutes()), reference_hours(), item)
        made = calibration.fit(pairs, item)
        one, line, before = made.after, made.linear, made.before
        lines.append(
            Line(
                f"{item}, whole month by blocks of two days, {made.form}",
                f"RMSE {before.rmse:.2f} -> {one.rmse:.2f} (line {line.rmse:.2f})  r2 {one.r2:.2f}",
                f"n {one.n}, {made.gain_percent:.0f} % less",
            )
        )
    return lines


def network_lines() -> list[Line]:
    """Blind calibration and the watch, on invented sensors in the real air of 2016."""
    begin = time.perf_counter()
    found = [
        one
        for seed, month in ((1, 2), (2, 6), (3, 10))
        for one in invented.recovered(datetime(2016, month, 1, tzinfo=UTC), seed)
    ]
    took = time.perf_counter() - begin
    middle = [float(np.mean([getattr(one, name) for one in found])) for name in ("before", "blind", "beside")]
    shares = sorted(one.percent for one in found)
    lines = [
        Line(
            f"blind: {len(found)} sensors, 3 references, RMSE as it is",
            f"{middle[0]:.1f} ug/m3",
            "30 days after 30 days",
        ),
        Line(
            "blind: calibrated against the network",
            f"{middle[1]:.1f} ug/m3",
            f"{100 * (1 - middle[1] / middle[0]):.0f} % less, {took:.1f} s",
        ),
        Line(
            "blind: each sensor, least, median, most",
            f"{shares[0]:.0f}, {np.median(shares):.0f}, {shares[-1]:.0f} % less",
        ),
        Line(
            "reference: calibrated beside its own truth",
            f"{middle[2]:.1f} ug/m3",
            f"{100 * (1 - middle[2] / middle[0]):.0f} % less",
        ),
    ]
    begin = time.perf_counter()
    done = invented.watch(range(4))
    for case, delays in done.delays.items():
        there = [one for one in delays if one is not None]
        lines.append(
            Line(
                f"watch: {invented.CASES[case]}",
                f"{len(there)} of {len(delays)} found, after {min(there):.1f} to {max(there):.1f} d"
                if there
                else "none found",
            )
        )
    alarms = sum(done.false.values())
    lines.append(
        Line(
            "watch: alarms without any case",
            f"{alarms} in {done.sensor_days:.0f} sensor-days",
            f"{100 * alarms / done.sensor_days:.2f} per 100 d, {time.perf_counter() - begin:.1f} s",
        )
    )
    return lines


if __name__ == "__main__":
    print(table([machine(), *run(), *network_lines()]))
