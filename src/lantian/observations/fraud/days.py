"""Hours of a fleet laid out as days x devices x 24, and what may be expected of each hour. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.kernel.settings import TIMEZONE

Array = NDArray[np.float64]
OXYGEN = "a19001"
"""Oxygen in HJ 212, percent."""

FLOW = "a00000"
"""Flow of waste gas in HJ 212, m3/h."""

BESIDE = (OXYGEN, FLOW)
"""What a stack measures beside its pollutants."""

USUAL = 30
"""Days before a day in which what is usual for a device is looked for."""

LEAST = 8
"""Days of them that must be known."""


@dataclass(frozen=True)
class Scale:
    """How fine and how high an item is measured in a fleet.

    Attributes:
        step: the last digit that devices give: the largest power of ten of which values are multiples.
        small: a concentration below which differences mean little: a tenth of the median.
        floor: the 5th percentile.
    """

    step: float
    small: float
    floor: float

    @classmethod
    def of(cls, values: Array) -> Scale:
        """From all known values; without any, one."""
        known, step = values[~np.isnan(values)], last_digit(values)
        if not known.size:
            return cls(1.0, 1.0, 0.0)
        return cls(step, max(float(np.median(known)) * 0.1, 5 * step), float(np.quantile(known, 0.05)))


@dataclass(frozen=True)
class Minutes:
    """What the minutes of each day say, put together day by day since a city's minutes are too many to hold.

    Attributes:
        frame: `device, item, day` and the columns that `minutes.of_days` gives.
        steps: item -> last digit of its minutes.
    """

    frame: pl.DataFrame
    steps: Mapping[str, float]


@dataclass(frozen=True)
class Fleet:
    """Devices of one kind.

    Attributes:
        kind: `state`, `micro`, `dust` or `cems`.
        devices: ids, the second axis.
        first: the first day (of Beijing); days follow without a gap.
        values: item -> [days, devices, 24] hourly means; NaN: missing.
        marks: [days, devices, 24] the device's mark of each hour (HJ 212: N F M S D C T B), an empty text for none.
        converted: item -> values at reference oxygen, of stacks.
        running: [days, devices, 24] share of each hour in which production ran, by its electricity.
        peers: whether the devices measure the same air, so that each says what the others should show.
        scales: item -> scale learned from a longer history; None: from these days.
        totals: item -> what was reported as emitted in each hour, kg; of the flow m3.
        load: [days, devices, 24] power of production, kW, by its electricity.
        minutes: what the minutes of each day say; None: there are none.
    """

    kind: str
    devices: tuple[str, ...]
    first: date
    values: Mapping[str, Array]
    marks: NDArray[np.str_] | None = None
    converted: Mapping[str, Array] = field(default_factory=dict)
    running: Array | None = None
    peers: bool = True
    scales: Mapping[str, Scale] | None = None
    totals: Mapping[str, Array] = field(default_factory=dict)
    load: Array | None = None
    minutes: Minutes | None = None

    @classmethod
    def of(
        cls,
        frame: pl.DataFrame,
        kind: str,
        *,
        running: pl.DataFrame | None = None,
        minutes: Minutes | None = None,
        peers: bool = True,
        first: date | None = None,
        last: date | None = None,
    ) -> Fleet:
        """From a long frame `device, item, time, value[, converted, total, flag]` of hours (UTC).

        `running`: `device, time, share[, kw]` by hour. `first`, `last`: days of Beijing; None: those of the frame.

        Raises ValueError where there is no row at all.
        """
        if frame.is_empty():
            raise ValueError("hours: no row; expected device, item, time, value")
        begin, end = _local(frame)["time"].min(), _local(frame)["time"].max()
        assert isinstance(begin, datetime)
        assert isinstance(end, datetime)
        first, last = first or begin.date(), last or end.date()
        devices = tuple(sorted(frame["device"].unique()))
        shape = ((last - first).days + 1, len(devices), 24)
        local = _placed(frame, devices, first, shape[0])
        of: dict[str, dict[str, Array]] = {"value": {}, "converted": {}, "total": {}}
        for (item,), part in sorted(local.partition_by("item", as_dict=True).items()):
            for column, laid in of.items():
                if column == "value" or (column in part.columns and part[column].count()):
                    laid[str(item)] = _laid(part, column, shape)
        marks = None
        if "flag" in local.columns and local["flag"].count():
            marks = np.full(shape, "", dtype="U1")
            # Of items that are marked differently the one that is not normal counts.
            part = local.filter(pl.col("flag").is_not_null()).sort(pl.col("flag") != "N")
            marks[part["d"].to_numpy(), part["s"].to_numpy(), part["h"].to_numpy()] = part["flag"].to_numpy()
        share = load = None
        if running is not None and running.height:
            known = _placed(running.filter(pl.col("device").is_in(devices)), devices, first, shape[0])
            share = _laid(known, "share", shape)
            load = _laid(known, "kw", shape) if "kw" in known.columns else None
        return cls(
            kind, devices, first, of["value"], marks, of["converted"], share, peers, None, of["total"], load, minutes
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of days and of devices."""
        any_ = next(iter(self.values.values()))
        return any_.shape[0], any_.shape[1]

    def day(self, number: int) -> date:
        """The day of a row."""
        return self.first + timedelta(days=int(number))

    def scale(self, item: str) -> Scale:
        """The item's scale: as learned where `scales` has it, else from these days."""
        if self.scales is not None and item in self.scales:
            return self.scales[item]
        if item not in self._own_scales:
            self._own_scales[item] = Scale.of(self.values[item])
        return self._own_scales[item]

    def step(self, item: str) -> float:
        """The last digit that devices of this fleet give."""
        return self.scale(item).step

    def small(self, item: str) -> float:
        """A concentration below which differences mean little."""
        return self.scale(item).small

    def noise(self, item: str) -> float:
        """A difference that means nothing: the last digit, or half of `small` where that is more."""
        return max(self.step(item), self.small(item) / 2)

    def floor(self, item: str) -> float:
        """Values up to here may stand still because the instrument sees nothing less."""
        return self.scale(item).floor

    @cached_property
    def _own_scales(self) -> dict[str, Scale]:
        return {}

    def expected(self, item: str) -> Array:
        """What may be expected of each hour, NaN where nothing can be said.

        With peers: the median of the others times the device's usual ratio to it; else the device's own median of this
        hour of the day. Both over the `USUAL` days before.
        """
        if item not in self._expected:
            self._expected[item] = self._by_peers(item) if self.peers else self._by_past(item)
        return self._expected[item]

    @cached_property
    def _expected(self) -> dict[str, Array]:
        return {}

    def _by_past(self, item: str) -> Array:
        values = self.values[item]
        found = np.full(values.shape, np.nan)
        for d in range(1, values.shape[0]):
            found[d] = median(values[max(0, d - USUAL) : d], least=LEAST)
        return found

    def _by_peers(self, item: str) -> Array:
        values, small = self.values[item], self.small(item)
        found = np.full(values.shape, np.nan)
        for s in range(values.shape[1]):
            others = np.delete(values, s, axis=1)
            middle = median(others.transpose(1, 0, 2), least=2)
            apart = np.log((values[:, s] + small) / (middle + small))
            usual = before(median(apart.T, least=12), USUAL, LEAST)
            found[:, s] = np.exp(usual)[:, None] * (middle + small) - small
        return found


def median(values: Array, *, least: int = 1) -> Array:
    """The median over the first axis; NaN where fewer than `least` are known."""
    if values.shape[0] == 0:
        return np.full(values.shape[1:], np.nan)
    ordered = np.sort(values, axis=0)  # NaN goes last
    n = np.sum(~np.isnan(values), axis=0)
    low = np.take_along_axis(ordered, (np.maximum(n - 1, 0) // 2)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.minimum(n // 2, values.shape[0] - 1)[None], axis=0)[0]
    return np.where(n >= least, (low + high) / 2, np.nan)


def before(values: Array, days: int, least: int) -> Array:
    """The median of the `days` before each day, the day itself not among them; over the first axis, [days] or
    [days, devices].
    """
    if values.ndim == 1:
        series = pl.Series(values).fill_nan(None)
        return series.rolling_median(days, min_samples=least).shift(1).fill_null(float("nan")).to_numpy()
    return np.stack([before(column, days, least) for column in values.T], axis=1)


def _local(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("time").dt.convert_time_zone(str(TIMEZONE)).dt.replace_time_zone(None))


def _placed(frame: pl.DataFrame, devices: tuple[str, ...], first: date, days: int) -> pl.DataFrame:
    """With the place of each row in [days, devices, 24]: `d`, `s`, `h`; rows of other days are left out."""
    return (
        _local(frame)
        .with_columns(
            (pl.col("time").dt.date() - pl.lit(first)).dt.total_days().alias("d"),
            pl.col("device")
            .replace_strict({device: number for number, device in enumerate(devices)}, return_dtype=pl.Int64)
            .alias("s"),
            pl.col("time").dt.hour().cast(pl.Int64).alias("h"),
        )
        .filter(pl.col("d").is_between(0, days - 1))
    )


def _laid(part: pl.DataFrame, column: str, shape: tuple[int, int, int]) -> Array:
    found = np.full(shape, np.nan)
    numbers = part[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    found[part["d"].to_numpy(), part["s"].to_numpy(), part["h"].to_numpy()] = numbers
    return found


def last_digit(values: Array) -> float:
    """The largest power of ten of which 95 % of the values are multiples; 0.0001 where there is none."""
    known = values[~np.isnan(values)]
    for power in range(3, -5, -1):
        step = 10.0**power
        if known.size and np.mean(np.abs(known / step - np.round(known / step)) < 1e-6) > 0.95:
            return step
    return 1e-4
