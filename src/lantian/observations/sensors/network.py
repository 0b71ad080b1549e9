"""Blind calibration 组网盲校准: sensors without a reference beside them, set right against the network around. Pure.

In many hours the air is well mixed, and places kilometres apart breathe the same. Such hours are those in which the
reference stations agree among each other best; in them a sensor should say what the references around it say, and is
fitted to that by the same few-parameter forms as beside a reference, without weather terms: these would learn how the
sensor's quarter differs from the stations'. (The idea of transferring calibration through hours of agreement: Kim et
al. 2018, doi 10.5194/amt-11-1937-2018; the choice of hours here is our own.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from lantian.observations.sensors.calibration import Calibration, CalibrationError, fit
from lantian.observations.sensors.fitting import Values

FORMS: Final = ("linear", "growth")
"""Forms that are tried blind."""

MIXED_SHARE: Final = 0.5
"""Share of the hours, those with least spread between the references, that count as well mixed: own choice."""

NEAREST: Final = 6
"""Neighbours whose median says what is expected at a place."""

_LEAST_KM = 0.3  # nearer than this all neighbours weigh the same
_FLOOR = 10.0  # ug/m3 added to the mean, so that clean hours do not all count as spread

Position = tuple[float, float]
"""Longitude and latitude, degrees (WGS-84)."""


@dataclass(frozen=True, slots=True)
class Blind:
    """What became of one sensor: a calibration with the number of well-mixed hours behind it, or the reason for none.

    ``anchored``: against reference stations; else only against the other sensors, so the network as a whole may be off.
    """

    sensor: str
    calibration: Calibration | None
    hours: int
    anchored: bool
    reason: str = ""


def blind(
    sensors: pl.DataFrame, references: pl.DataFrame, where: Mapping[str, Position], item: str
) -> dict[str, Blind]:
    """Calibrate every sensor of a network against the references around it.

    Args:
        sensors: hours ``sensor, time, <item>[, temperature, humidity]`` as the sensors say.
        references: hours ``place, time, <item>`` of reference stations; without a row the sensors are set right among
            each other, against the median of all.
        where: positions of sensors and places.
        item: what is calibrated.
    """
    anchored = references.height > 0
    wide = (
        references.pivot(on="place", index="time", values=item, aggregate_function="first")
        if anchored
        else sensors.pivot(on="sensor", index="time", values=item, aggregate_function="first")
    ).sort("time")
    names = [name for name in wide.columns if name != "time"]
    values = wide.select(names).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    chosen = mixed(values) if anchored and len(names) > 1 else np.isfinite(values).any(axis=1)
    found = {}
    for (sensor,), rows in sensors.group_by(["sensor"], maintain_order=True):
        name = str(sensor)
        around = _around(values, names, where, name) if anchored else _median(values)
        said = pl.DataFrame({"time": wide["time"], "reference": around}).filter(pl.Series(chosen))
        pairs = rows.rename({item: "sensor_value"}).drop("sensor").rename({"sensor_value": "sensor"})
        pairs = pairs.join(said, on="time").with_columns(pl.col("reference").fill_nan(None))
        pairs = pairs.drop_nulls(["sensor", "reference"])
        try:
            found[name] = Blind(name, fit(pairs, item, FORMS), pairs.height, anchored)
        except CalibrationError as error:
            found[name] = Blind(name, None, pairs.height, anchored, str(error))
    return found


def mixed(values: Values, share: float = MIXED_SHARE) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which hours are well mixed: those with least relative spread between stations (hours x stations; NaN: none)."""
    whole = np.isfinite(values).sum(axis=1) >= min(2, values.shape[1])
    spread = np.full(len(values), np.inf)
    some = values[whole]
    spread[whole] = (np.nanmax(some, axis=1) - np.nanmin(some, axis=1)) / (np.nanmean(some, axis=1) + _FLOOR)
    if not whole.any():
        return np.asarray(whole)
    return np.asarray(whole & (spread <= np.quantile(spread[whole], share)))


def expected(hours: pl.DataFrame, where: Mapping[str, Position], nearest: int = NEAREST) -> pl.DataFrame:
    """What the neighbourhood says: ``sensor, time, value, expected, neighbours``.

    Args:
        hours: ``sensor, time, value`` of everything that measures there, calibrated sensors and stations alike.
        where: their positions; who has none is no neighbour and is expected nothing of.
        nearest: the median of so many neighbours, those that have a value in the hour; fewer than two: null.
    """
    wide = hours.pivot(on="sensor", index="time", values="value", aggregate_function="first").sort("time")
    names = [name for name in wide.columns if name != "time" and name in where]
    values = wide.select(names).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    parts = []
    for at, name in enumerate(names):
        order = sorted(
            (other for other in range(len(names)) if other != at), key=lambda o: distance(where, name, names[o])
        )
        near = values[:, order[:nearest]]
        count = np.isfinite(near).sum(axis=1)
        middle = _median(near)
        middle[count < 2] = np.nan
        parts.append(
            pl.DataFrame(
                {
                    "sensor": [name] * len(values),
                    "time": wide["time"],
                    "value": values[:, at],
                    "expected": middle,
                    "neighbours": count,
                }
            )
        )
    if not parts:
        schema = {"value": pl.Float64, "expected": pl.Float64, "neighbours": pl.Int64}
        return (
            hours.select("sensor", "time")
            .clear()
            .with_columns(pl.lit(None, kind).alias(n) for n, kind in schema.items())
        )
    return pl.concat(parts).with_columns(pl.col("value", "expected").fill_nan(None))


def told(references: pl.DataFrame, where: Mapping[str, Position], sensor: str, item: str) -> pl.DataFrame:
    """What references say at the place of a sensor, hour by hour: ``time, value``; near ones weigh more."""
    if references.is_empty():
        return pl.DataFrame(schema={"time": pl.Datetime("us", "UTC"), "value": pl.Float64})
    wide = references.pivot(on="place", index="time", values=item, aggregate_function="first").sort("time")
    names = [name for name in wide.columns if name != "time"]
    values = wide.select(names).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return pl.DataFrame({"time": wide["time"], "value": _around(values, names, where, sensor)}).fill_nan(None)


def _around(values: Values, names: Sequence[str], where: Mapping[str, Position], sensor: str) -> Values:
    """Mean of the references, weighted by the inverse square of their distance."""
    weight = np.array([1.0 / max(distance(where, sensor, name), _LEAST_KM) ** 2 for name in names])
    there = np.isfinite(values)
    total = (there * weight).sum(axis=1)
    summed = (np.where(there, values, 0.0) * weight).sum(axis=1)
    return np.asarray(np.divide(summed, total, out=np.full(len(values), np.nan), where=total > 0))


def _median(values: Values) -> Values:
    out = np.full(len(values), np.nan)
    some = np.isfinite(values).any(axis=1)
    if some.any():
        out[some] = np.nanmedian(values[some], axis=1)
    return out


def distance(where: Mapping[str, Position], one: str, other: str) -> float:
    """Kilometres between two of the places."""
    (lon, lat), (lon2, lat2) = where[one], where[other]
    return math.hypot((lon - lon2) * math.cos(math.radians(lat)), lat - lat2) * 111.2
