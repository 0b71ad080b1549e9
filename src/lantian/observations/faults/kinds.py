"""The kinds of fault: what each imitates, and what it does to one series."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from lantian.observations.faults.series import Mask, Values

__all__ = ["AIR_OXYGEN", "DOES", "KINDS", "Case", "Kind", "Others"]

AIR_OXYGEN = 20.9
"""Per cent of oxygen in air."""
ZERO_GAS = 0.02
"""What an instrument shows of zero gas, as a share of the period's median."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: its names, what it imitates, and its sizes with their defaults."""

    name: str
    zh: str
    en: str
    imitates: str
    sizes: Mapping[str, Any]


@dataclass(slots=True)
class Case:
    """One series of one item: times in days since the start, values, and what the fault does to them."""

    days: Values
    values: Values
    random: np.random.Generator
    sizes: dict[str, Any]
    others: Others
    struck: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.struck = ~np.isnan(self.values)

    def size(self, name: str) -> float:
        """A size that is a number."""
        return float(self.sizes[name])

    @property
    def known(self) -> Values:
        """The values that are not missing."""
        return self.values[~np.isnan(self.values)]

    @property
    def level(self) -> float:
        """The median of the period."""
        return float(np.median(self.known))

    @property
    def spread(self) -> float:
        """The standard deviation of the period; its level where that is 0."""
        return float(np.std(self.known)) or abs(self.level) or 1.0


@dataclass(slots=True)
class Others:
    """Values beside the case: an earlier stretch of the same series, the same times of another place or item."""

    earlier: Callable[[float], Values]
    neighbour: Callable[[str | None], Values]


def _stuck(case: Case) -> Values:
    value = case.sizes["value"]
    return np.full_like(case.values, case.known[0] if value is None else value)


def _spike(case: Case) -> Values:
    count = max(1, round(case.size("share") * case.known.size))
    at = case.random.choice(np.flatnonzero(case.struck), size=min(count, case.known.size), replace=False)
    case.struck = np.zeros_like(case.struck)
    case.struck[at] = True
    height = case.size("size") * case.spread * case.random.uniform(0.7, 1.5, case.values.size)
    return case.values + height


def _drift(case: Case) -> Values:
    return case.values + case.size("per_day") * case.level * case.days


def _offset(case: Case) -> Values:
    by = case.sizes["by"]
    return case.values + (0.5 * case.level if by is None else float(by))


def _noise(case: Case) -> Values:
    return case.values + case.random.normal(0.0, case.size("size") * case.spread, case.values.size)


def _quantised(case: Case) -> Values:
    step = float(case.sizes["step"] or 10.0 ** np.floor(np.log10(max(case.level, 1e-6))))
    return np.asarray(np.round(case.values / step) * step, dtype=float)


def _clipped(case: Case) -> Values:
    given = case.sizes["limit"]
    limit = float(np.quantile(case.known, 0.75)) if given is None else float(given)
    case.struck &= np.nan_to_num(case.values, nan=-np.inf) > limit
    return limit - case.random.uniform(0.0, case.size("below"), case.values.size) * abs(limit)


def _low_variance(case: Case) -> Values:
    middle = case.level
    return middle + (case.values - middle) * case.size("share")


def _copied_day(case: Case) -> Values:
    copied = case.others.earlier(case.size("lag_days"))
    case.struck &= ~np.isnan(copied)
    return copied


def _copied_neighbour(case: Case) -> Values:
    copied = case.others.neighbour(case.sizes["neighbour"])
    case.struck &= ~np.isnan(copied)
    return copied + case.random.normal(0.0, 1.0, copied.size) * case.size("jitter")


def _gap(case: Case) -> Values:
    return np.full_like(case.values, np.nan)


def _worst(case: Case) -> None:
    """Strike only what lies above the quantile of the period."""
    bad = np.nan_to_num(case.values, nan=-np.inf) > np.quantile(case.known, case.size("quantile"))
    case.struck &= bad & (case.random.random(case.values.size) < case.size("share"))


def _gap_when_bad(case: Case) -> Values:
    _worst(case)
    return np.full_like(case.values, np.nan)


def _calibration_abuse(case: Case) -> Values:
    _worst(case)
    return np.abs(case.random.normal(0.0, ZERO_GAS * abs(case.level), case.values.size))


def _scaled(case: Case) -> Values:
    return case.values * case.size("factor")


def _zeroed(case: Case) -> Values:
    return np.abs(case.random.normal(0.0, case.size("residue") * abs(case.level), case.values.size))


def _held(case: Case) -> Values:
    held = np.full_like(case.values, np.nan)
    stretch = np.floor(case.days * 1440.0 / case.size("minutes") + 1e-6)
    for each in np.unique(stretch):
        inside = (stretch == each) & case.struck
        held[inside] = case.values[inside].mean() if inside.any() else np.nan
    return held


def _oxygen_dilution(case: Case) -> Values:
    return case.values * (1.0 - case.size("air"))


_Effect: TypeAlias = Callable[[Case], Values]
DOES: dict[str, _Effect] = {}
_KINDS: dict[str, Kind] = {}


def _kind(name: str, zh: str, does: _Effect, imitates: str, **sizes: Any) -> None:
    DOES[name] = does
    _KINDS[name] = Kind(name, zh, name.replace("_", " "), imitates, MappingProxyType(sizes))


_kind("stuck", "恒值", _stuck, "a frozen sensor or logger, or one value typed in for the whole time", value=None)
_kind(
    "spike",
    "突跳",
    _spike,
    "electrical disturbance, a lost point: single values far above, by `size` standard deviations",
    share=0.03,
    size=8.0,
)
_kind("drift", "漂移", _drift, "a lamp that ages, a filter that clogs: a share of the median a day", per_day=0.05)
_kind("offset", "零点偏移", _offset, "a zero set wrong: in the item's unit; None is half the median", by=None)
_kind("noise", "噪声", _noise, "a bad contact, a pump that flutters; in standard deviations of the period", size=0.8)
_kind(
    "quantised",
    "量化",
    _quantised,
    "too few digits, or numbers made by hand: multiples of a step; None is the median's power of ten",
    step=None,
)
_kind(
    "clipped",
    "削顶",
    _clipped,
    "a range set to the emission limit: none above `limit` (None: upper quartile), up to a share `below` it",
    limit=None,
    below=0.0,
)
_kind(
    "low_variance", "低方差", _low_variance, "software that flattens: the swing is a share of the true one", share=0.1
)
_kind("copied_day", "复制日", _copied_day, "an earlier day sent again: the values of `lag_days` before", lag_days=1)
_kind(
    "copied_neighbour",
    "复制邻站",
    _copied_neighbour,
    "another instrument's values sent as one's own (None: one is drawn); jitter in the item's unit",
    neighbour=None,
    jitter=0.0,
)
_kind("gap", "缺失", _gap, "power or line cut: nothing")
_kind(
    "gap_when_bad",
    "超标时缺失",
    _gap_when_bad,
    "switched off when it is bad: a share of what lies above the period's quantile is missing",
    quantile=0.8,
    share=1.0,
)
_kind(
    "oxygen_dilution",
    "掺气稀释",
    _oxygen_dilution,
    "air let into the sampling line: the item, and those in `also`, fall by the share of air, oxygen rises to 20.9 %",
    air=0.3,
    oxygen="a19001",
    also=(),
)
_kind(
    "calibration_abuse",
    "滥用校准标记",
    _calibration_abuse,
    "called a calibration when it is bad: zero gas and the mark C above the period's quantile",
    quantile=0.8,
    share=1.0,
)

_kind(
    "scaled",
    "比例改动",
    _scaled,
    "a span, a slope or a factor of conversion turned: every value times `factor`",
    factor=0.7,
)
_kind(
    "zeroed",
    "归零",
    _zeroed,
    "a flow meter shut off while the plant runs: next to nothing, `residue` of the median",
    residue=0.005,
)
_kind(
    "held",
    "整段保持",
    _held,
    "minutes made from an hour: one value, the mean, throughout each stretch of so many minutes",
    minutes=60,
)

KINDS: Mapping[str, Kind] = MappingProxyType(_KINDS)
"""Every kind of fault by name."""
