"""The forms of a calibration and how one is fitted: Huber's weights, folds of days, knots in time. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Values: TypeAlias = npt.NDArray[np.float64]
"""One number an hour; NaN: missing."""

_KAPPAS: Final = (0.03, 0.06, 0.1, 0.16, 0.24, 0.34, 0.46)
_HUBER = 1.345  # 95 % as good as least squares where errors are normal (Huber 1964)
_WETTEST = 97.0  # percent; the growth factor has a pole at 100
_KNOT_DAYS = 14.0
_SLOW = 5.0  # weight of "the next knot is like this one", in rows of data: own choice, docs/sensors.md
_BLOCK_DAYS, _FOLDS = 2, 5
_LEAST = 36  # hours of a fold's other days below which it is not fitted


@dataclass(frozen=True, slots=True)
class Form:
    """A shape of calibration: which columns beside the sensor's own value it needs, and whether it moves with time."""

    name: str
    zh: str
    en: str
    weather: bool = False
    growth: bool = False
    drifting: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """The weather columns that it needs."""
        return ("temperature", "humidity") if self.weather else ("humidity",) if self.growth else ()

    @property
    def parameters(self) -> int:
        """How many numbers it fits, a moving one counted as two."""
        return 2 + 2 * self.weather + self.growth + 2 * self.drifting


_PLAIN = (
    Form("linear", "线性", "linear"),
    Form("growth", "吸湿增长", "hygroscopic growth", growth=True),
    Form("weather", "线性+温湿度", "linear with temperature and humidity", weather=True),
    Form(
        "growth_weather",
        "吸湿增长+温湿度",
        "hygroscopic growth with temperature and humidity",
        weather=True,
        growth=True,
    ),
)
FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        form.name: form
        for plain in _PLAIN
        for form in (
            plain,
            Form(
                plain.name + "_drift",
                plain.zh + "+漂移",
                plain.en + ", drifting",
                weather=plain.weather,
                growth=plain.growth,
                drifting=True,
            ),
        )
    }
)
"""Every form by its name, those with few parameters first."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours as arrays; ``at`` in days since 1970."""

    at: Values
    x: Values
    y: Values
    t: Values
    h: Values

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Hours:
        """From rows ``time, sensor, reference[, temperature, humidity]``."""
        at = rows["time"].dt.epoch("s").to_numpy().astype(np.float64) / 86400.0
        return cls(at, *(numbers_of(rows, name) for name in ("sensor", "reference", "temperature", "humidity")))

    def only(self, mask: npt.NDArray[np.bool_]) -> Hours:
        """Some of the hours."""
        return Hours(self.at[mask], self.x[mask], self.y[mask], self.t[mask], self.h[mask])

    @property
    def knots(self) -> Values:
        """Where offset and gain may bend, days since 1970: about one in two weeks, two at least."""
        return np.linspace(self.at[0], self.at[-1], max(2, round((self.at[-1] - self.at[0]) / _KNOT_DAYS) + 1))


def _folds(at: Values) -> npt.NDArray[np.int64]:
    return np.asarray((np.floor(at) - np.floor(at[0])) // _BLOCK_DAYS % _FOLDS, dtype=np.int64)


def unseen(form: Form, data: Hours) -> Values:
    """What the form says of each block of days when it was fitted on the others."""
    folds, said = _folds(data.at), np.full(data.x.size, np.nan)
    knots = data.knots
    for fold in np.unique(folds):
        seen = folds != fold
        if seen.sum() < _LEAST:
            continue
        kappa, numbers = solve(form, data.only(seen), knots=knots)
        held = data.only(~seen)
        said[~seen] = _design(form, held, kappa, knots) @ numbers
    return said


def plain_unseen(data: Hours) -> Values:
    """The same for plain least squares on a line: what everybody else does."""
    folds, said = _folds(data.at), np.full(data.x.size, np.nan)
    for fold in np.unique(folds):
        seen = folds != fold
        if seen.sum() > 2:
            said[~seen] = np.polyval(np.polyfit(data.x[seen], data.y[seen], 1), data.x[~seen])
    return said


def solve(form: Form, data: Hours, knots: Values | None = None) -> tuple[float, Values]:
    """The growth's kappa (by trying) and the coefficients (by Huber's weighted least squares)."""
    knots = data.knots if knots is None else knots
    tried = []
    for kappa in _KAPPAS if form.growth else (0.0,):
        design = _design(form, data, kappa, knots)
        numbers, cost = _huber(design, data.y, _slow(form, design.shape[1], len(knots), data.x.std()))
        tried.append((cost, kappa, numbers))
    _, kappa, numbers = min(tried, key=lambda one: one[0])
    return kappa, numbers


def _design(form: Form, data: Hours, kappa: float, knots: Values) -> Values:
    said = data.x / growth(kappa, data.h) if form.growth else data.x
    columns = [np.ones(said.size), said]
    if form.weather:
        columns += [data.t - 20.0, data.h - 50.0]
    if form.drifting:
        hats = _hats(data.at, knots)
        columns += [*hats.T, *(hats * said[:, None]).T]
    return np.column_stack(columns)


def _hats(at: Values, knots: Values) -> Values:
    """Piecewise linear functions that are 1 at one knot and 0 at the others; flat outside."""
    return np.column_stack([np.interp(at, knots, row) for row in np.eye(len(knots))])


def _slow(form: Form, width: int, knots: int, spread: float) -> Values:
    """Rows that say: the next knot is like this one, and all knots are small."""
    if not form.drifting:
        return np.zeros((0, width))
    first = width - 2 * knots
    rows = []
    for base, scale in ((first, 1.0), (first + knots, max(spread, 1e-9))):
        for left, right in pairwise(range(knots)):
            row = np.zeros(width)
            row[base + left], row[base + right] = -_SLOW * scale, _SLOW * scale
            rows.append(row)
        for knot in range(knots):  # what all knots share belongs to offset and gain
            row = np.zeros(width)
            row[base + knot] = 0.3 * scale
            rows.append(row)
    return np.array(rows)


def _huber(design: Values, y: Values, extra: Values) -> tuple[Values, float]:
    """Coefficients and mean cost; ``extra`` rows want zero."""
    weights, zeros = np.ones(y.size), np.zeros(len(extra))
    numbers = np.zeros(design.shape[1])
    for _ in range(6):
        root = np.sqrt(weights)
        left = np.vstack([design * root[:, None], extra])
        normal = left.T @ left
        normal[np.diag_indices_from(normal)] += 1e-9 * np.trace(normal) / len(normal)
        numbers = np.linalg.solve(normal, left.T @ np.concatenate([y * root, zeros]))
        error = np.abs(y - design @ numbers)
        scale = max(1.4826 * float(np.median(error)), 1e-9)
        weights = np.minimum(1.0, _HUBER * scale / np.maximum(error, 1e-12))
    return numbers, float(np.mean(weights * error**2))


def growth(kappa: float, humidity: Values) -> Values:
    """The factor by which water makes particles look larger; humidity in percent."""
    h = np.clip(humidity, 0.0, _WETTEST) / 100.0
    return np.asarray(1.0 + kappa * h / (1.0 - h))


def named(form: Form, numbers: Values) -> Mapping[str, float]:
    """Coefficients by their terms; those of the knots are apart."""
    names: Sequence[str] = ("offset", "gain", *(("temperature", "humidity") if form.weather else ()))
    return MappingProxyType({name: float(value) for name, value in zip(names, numbers, strict=False)})


def knots_of(form: Form, numbers: Values, data: Hours) -> tuple[tuple[datetime, float, float], ...]:
    """Moments with what is added to offset and gain there."""
    if not form.drifting:
        return ()
    where = data.knots
    offsets, gains = np.split(numbers[len(numbers) - 2 * len(where) :], 2)
    moments = [datetime.fromtimestamp(round(day * 86400.0), UTC) for day in where]
    return tuple((at, float(a), float(b)) for at, a, b in zip(moments, offsets, gains, strict=True))


def numbers_of(frame: pl.DataFrame, name: str) -> Values:
    """A column as floats, NaN where it is missing or null."""
    if name not in frame.columns:
        return np.full(frame.height, np.nan)
    return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()
