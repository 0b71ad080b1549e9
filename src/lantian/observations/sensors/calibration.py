"""Calibration 校准 of a low-cost sensor against a reference beside it: few parameters, chosen on days not seen. Pure.

The reference is described as a function of what the sensor says, of temperature and of humidity. Which function is
decided by cross-validation over blocks of days, since hours beside each other are alike: a fold that leaves out single
hours would praise the model with most parameters.

Humidity: particles take up water, and an optical sensor sees the wet ones. A kappa-Koehler growth of the scattering
volume gives the factor ``1 + kappa * h / (1 - h)`` (Crilley et al. 2018, doi 10.5194/amt-11-709-2018, equation 3, with
their density ratio drawn into kappa). Huber's weights keep single wild hours of the reference from bending the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import polars as pl

from lantian.observations.sensors.fitting import (
    FORMS,
    Hours,
    Values,
    growth,
    knots_of,
    named,
    numbers_of,
    plain_unseen,
    solve,
    unseen,
)

LEAST_HOURS: Final = 72
"""Hours with both values below which nothing is fitted."""

PARTICLES: Final = frozenset({"pm25", "pm10", "tsp"})
"""Items that take up water; for the others growth is not tried."""

_ENOUGH = 1.02  # a model with fewer parameters is taken if its error is within 2 % of the least


class CalibrationError(ValueError):
    """Nothing can be fitted; the message says why and what would do."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How values agree with the reference: ``n`` hours; root mean square error, mean error (bias), squared correlation
    and the half-width within which 95 % of the errors lie, in the item's unit.
    """

    n: int
    rmse: float
    bias: float
    r2: float
    uncertainty: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted calibration of one item.

    Attributes:
        item: name in the registry.
        form: name of the form in `FORMS`.
        coefficients: by term: ``offset gain temperature humidity``; temperature from 20 degC, humidity from 50 %.
        kappa: of the growth; 0: none.
        knots: where time matters: moments with what is to be added to offset and gain there; between them on a line,
            outside as at the nearest.
        start, end: the hours it was fitted on.
        low, high: smallest and largest sensor value among them.
        before, after, linear: the sensor as it is, this calibration, and plain least squares, all on days that the fit
            did not see.
    """

    item: str
    form: str
    coefficients: Mapping[str, float]
    kappa: float
    knots: tuple[tuple[datetime, float, float], ...]
    start: datetime
    end: datetime
    low: float
    high: float
    before: Scores
    after: Scores
    linear: Scores

    @property
    def gain_percent(self) -> float:
        """By how many percent the root mean square error fell."""
        return 100.0 * (1.0 - self.after.rmse / self.before.rmse) if self.before.rmse else 0.0


def scores(said: Values, truth: Values) -> Scores:
    """Scores of values against the truth; hours that lack either do not count. Without any, all are NaN."""
    both = np.isfinite(said) & np.isfinite(truth)
    a, b = said[both], truth[both]
    if not a.size:
        return Scores(0, *[float("nan")] * 4)
    error = a - b
    spread = a.size > 2 and a.std() > 0 and b.std() > 0
    r2 = float(np.corrcoef(a, b)[0, 1] ** 2) if spread else float("nan")
    half = float(np.quantile(np.abs(error), 0.95))
    return Scores(int(a.size), float(np.sqrt(np.mean(error**2))), float(error.mean()), r2, half)


def hourly(frame: pl.DataFrame, *, every: float = 60.0, share: float = 0.75) -> pl.DataFrame:
    """Hourly means of a sensor: ``time`` and one column an item.

    Args:
        frame: ``time`` (aware) and numeric columns, one row each ``every`` seconds.
        every: seconds between two values.
        share: an item's hour counts from this share of its values on (HJ 663 asks the same of a station's hour).
    """
    items = [name for name in frame.columns if name != "time"]
    least = share * 3600.0 / every
    whole = [
        pl.when(pl.col(name).count() >= least).then(pl.col(name).mean()).otherwise(None).alias(name) for name in items
    ]
    return frame.group_by(pl.col("time").dt.truncate("1h")).agg(whole).sort("time")


def collocated(sensor: pl.DataFrame, reference: pl.DataFrame, item: str) -> pl.DataFrame:
    """Hours with both: ``time, sensor, reference[, temperature, humidity]``; the weather is the sensor's own, else the
    reference's.
    """
    weather = ("temperature", "humidity")
    own = [name for name in weather if name in sensor.columns and sensor[name].count()]
    given = [name for name in weather if name not in own and name in reference.columns]
    left = sensor.select("time", pl.col(item).cast(pl.Float64).alias("sensor"), *own)
    right = reference.select("time", pl.col(item).cast(pl.Float64).alias("reference"), *given)
    return left.join(right, on="time").drop_nulls(["sensor", "reference"]).sort("time")


def fit(pairs: pl.DataFrame, item: str, forms: Sequence[str] = tuple(FORMS)) -> Calibration:
    """Fit a calibration to hours beside a reference.

    Args:
        pairs: as `collocated` gives them; hours that lack the weather which a form needs do not count for it.
        item: what is calibrated.
        forms: names in `FORMS` among which it is chosen on blocks of days not seen: the one with fewest parameters
            whose error is within 2 % of the least. Those that lack their weather, and growth for gases, are left out.

    Raises:
        CalibrationError: too few hours, or a sensor that never changes.
    """
    if unknown := [name for name in forms if name not in FORMS]:
        raise CalibrationError(f"form {unknown[0]!r}: expected one of {', '.join(FORMS)}")
    have = [name for name in ("temperature", "humidity") if name in pairs.columns and pairs[name].count()]
    rows = pairs.drop_nulls(["time", "sensor", "reference", *have]).sort("time")
    asked = [FORMS[name] for name in forms]
    chosen = [one for one in asked if set(one.needs) <= set(have) and (not one.growth or item in PARTICLES)]
    if not chosen:
        raise CalibrationError(
            f"{item}: none of {', '.join(forms)} can be fitted with {', '.join(have) or 'no weather'}"
        )
    data = Hours.of(rows)
    low, high = (float(data.x.min()), float(data.x.max())) if rows.height else (float("nan"), float("nan"))
    if rows.height < LEAST_HOURS or low == high:
        raise CalibrationError(
            f"{item}: {rows.height} hours with sensor and reference, values from {low:g} to {high:g}; "
            f"expected at least {LEAST_HOURS} hours in which the sensor moves"
        )
    errors = {one.name: scores(unseen(one, data), data.y) for one in chosen}
    least = min(one.rmse for one in errors.values())
    best = next(f for f in sorted(chosen, key=lambda f: f.parameters) if errors[f.name].rmse <= _ENOUGH * least)
    kappa, numbers = solve(best, data)
    return Calibration(
        item,
        best.name,
        named(best, numbers),
        kappa,
        knots_of(best, numbers, data),
        rows["time"][0],
        rows["time"][-1],
        low,
        high,
        scores(data.x, data.y),
        errors[best.name],
        scores(plain_unseen(data), data.y),
    )


def applied(calibration: Calibration, frame: pl.DataFrame) -> pl.Series:
    """Calibrated values of a frame with ``time``, the item's column and the weather that the form needs.

    Null where the value is missing, or the weather that the form needs; nothing is clipped, so a mean stays a mean.
    """
    form = FORMS[calibration.form]
    if missing := [name for name in form.needs if name not in frame.columns]:
        raise CalibrationError(f"calibration of {calibration.item} ({form.name}): the frame lacks {', '.join(missing)}")
    nothing = np.full(frame.height, np.nan)
    x = numbers_of(frame, calibration.item)
    t, h = (numbers_of(frame, name) if name in form.needs else nothing for name in ("temperature", "humidity"))
    said = x / growth(calibration.kappa, h) if form.growth else x
    c = calibration.coefficients
    offset, gain = np.full(x.size, c["offset"]), np.full(x.size, c["gain"])
    if calibration.knots:
        at = frame["time"].dt.epoch("s").to_numpy().astype(np.float64)
        where = np.array([moment.timestamp() for moment, _, _ in calibration.knots])
        offset = offset + np.interp(at, where, [one for _, one, _ in calibration.knots])
        gain = gain + np.interp(at, where, [one for _, _, one in calibration.knots])
    value = offset + gain * said
    if form.weather:
        value = value + c["temperature"] * (t - 20.0) + c["humidity"] * (h - 50.0)
    return pl.Series(calibration.item, value).fill_nan(None)


def plain(calibration: Calibration) -> dict[str, Any]:
    """A calibration as JSON values; `of_plain` reads it back."""
    value = {one.name: getattr(calibration, one.name) for one in fields(calibration)}
    for name in ("before", "after", "linear"):
        value[name] = {key: None if number != number else number for key, number in asdict(value[name]).items()}
    value["coefficients"] = dict(calibration.coefficients)
    value["knots"] = [[at.isoformat(), offset, gain] for at, offset, gain in calibration.knots]
    return value | {"start": calibration.start.isoformat(), "end": calibration.end.isoformat()}


def of_plain(value: Mapping[str, Any]) -> Calibration:
    """A calibration from its JSON values."""
    moment = datetime.fromisoformat
    return Calibration(
        **{
            **value,
            "coefficients": MappingProxyType(dict(value["coefficients"])),
            "knots": tuple((moment(at), a, b) for at, a, b in value["knots"]),
            "start": moment(value["start"]),
            "end": moment(value["end"]),
            **{name: _scores(value[name]) for name in ("before", "after", "linear")},
        }
    )


def plain_line(seen: pl.DataFrame, rest: pl.DataFrame) -> Values:
    """What least squares on a line, fitted to hours seen, says of others: the named reference for every calibration."""
    x, y = (seen[name].to_numpy() for name in ("sensor", "reference"))
    return np.asarray(np.polyval(np.polyfit(x, y, 1), rest["sensor"].to_numpy()), dtype=np.float64)


def _scores(value: Mapping[str, Any]) -> Scores:
    numbers: dict[str, Any] = {key: float("nan") if number is None else number for key, number in value.items()}
    return Scores(**numbers)
