"""Targets 目标 and how they stand today: value to date, remaining control allowance 剩余控制量, days that may be
lost, chance, completion.

A target is a limit for one place, one quantity and one period: a mean concentration (PM2.5 of the year at most 38), a
share or number of good days, or a number of heavy-pollution days. Targets that a plan states as a cut (autumn-winter
-15 %) carry the base value and are turned into a limit here. Targets are decomposed 分解 by pointing to a parent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import floor
from typing import Literal, TypeVar, get_args

from lantian.assessment.chance import DRAWS, chance_of
from lantian.assessment.periods import Period
from lantian.standards import rounding

Quantity = Literal["so2", "no2", "pm10", "pm25", "co", "o3_8h", "good_share", "good_days", "heavy_days"]

MEANS = ("so2", "no2", "pm10", "pm25")
PERCENTILES = {"co": Decimal("0.95"), "o3_8h": Decimal("0.90")}
DAY_COUNTS = ("good_share", "good_days", "heavy_days")
COUNTED = ("good_days", "heavy_days")
"""Counts only grow: what they achieve of a cut is known when the period is over."""
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)

N = TypeVar("N", float, Decimal)

GOOD_AQI = 100
HEAVY_AQI = 200


@dataclass(frozen=True)
class Day:
    """One day of one place: AQI and concentrations (``so2 no2 pm10 pm25 co o3_8h``);

    an absent key is a missing value.
    """

    date: date
    aqi: int | None
    values: Mapping[str, float]

    def load(self, quantity: str) -> float | None:
        """The number a quantity is judged by: the concentration, or the AQI for counts of days; None when missing."""
        if quantity in DAY_COUNTS:
            return None if self.aqi is None else float(self.aqi)
        return self.values.get(quantity)


@dataclass(frozen=True)
class Target:
    """What a place has to reach in a period.

    ``limit``: ug/m3 (CO mg/m3), percent for ``good_share``, days for ``good_days`` and ``heavy_days``. For good days
    it is a floor, else a ceiling. ``base``: the value the cut is counted from, when the plan states a cut;
    ``parent``: the target this one was decomposed from.
    """

    place: str
    quantity: Quantity
    period: Period
    limit: float
    base: float | None = None
    parent: int | None = None
    source: str = ""
    example: bool = False
    id: int | None = None

    @classmethod
    def from_cut(
        cls, place: str, quantity: Quantity, period: Period, *, base: float, percent: float, source: str = ""
    ) -> Target:
        """A target stated as a cut: ``percent`` 15 means 15 % below ``base``; the limit is not rounded."""
        return cls(place, quantity, period, limit=base * (100 - percent) / 100, base=base, source=source)

    @property
    def cut_percent(self) -> float | None:
        """The cut from the base that the limit means, in percent; None without a base."""
        return None if not self.base else (self.base - self.limit) / self.base * 100


@dataclass(frozen=True)
class MonthAllowance:
    """What one remaining month (or the rest of the running one) must average."""

    period: Period
    allowed: float
    usual: float | None


@dataclass(frozen=True)
class MonthSoFar:
    """One month of a target's period: the quantity over its ``known_days``, None before it begins, and what it
    ``usual``-ly is: over the same days of past years, counts of days as a mean count a year; None where unknown.
    """

    period: Period
    value: float | None
    known_days: int
    usual: float | None


@dataclass(frozen=True)
class Track:
    """Where a target stands on ``day`` (the last day that counts).

    ``value``: the quantity to date, published digits; None when nothing is known. ``allowance``: the mean that the
    remaining days may have; negative means the target is out of reach even with clean air. ``days_to_lose``: days
    that may still be bad (not good, or heavy, or over the percentile's limit) without missing the target; negative
    means it is missed. ``chance``: share of resampled rests of the period that meet it, None where fewer than two
    past years are known. ``completion``: achieved cut / wanted cut in percent. ``course``: every month of the period.
    """

    target: Target
    day: date
    value: float | None
    known_days: int
    days_left: int
    allowance: float | None
    months: tuple[MonthAllowance, ...]
    days_to_lose: int | None
    chance: float | None
    completion: float | None
    notes: tuple[str, ...] = ()
    course: tuple[MonthSoFar, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether the value to date meets the limit; None when nothing is known."""
        if self.value is None:
            return None
        floor_wanted = self.target.quantity in ("good_share", "good_days")
        return self.value >= self.target.limit if floor_wanted else self.value <= self.target.limit


def track(target: Target, days: Sequence[Day], day: date, past: Sequence[Day] = (), *, draws: int = DRAWS) -> Track:
    """Judge a target on the evening of ``day``.

    Parameters
    ----------
    target
        The target; its period may be running, finished or yet to come.
    days
        The place's days of the period; those after ``day`` are not used.
    day
        The last day that counts.
    past
        Days of earlier years, for the usual shape of the year and the chance of success.
    draws
        Resamples for the chance; the generator is seeded by the target, so the answer does not change from call to
        call.
    """
    period = target.period
    known = [d for d in days if period.start <= d.date <= min(day, period.end) and d.load(target.quantity) is not None]
    left = max(0, (period.end - max(day, period.start - timedelta(days=1))).days)
    value = value_of(target.quantity, known)
    missing = (min(day, period.end) - period.start).days + 1 - len(known) if day >= period.start else 0
    notes = (
        (f"{missing} 天无有效数据，不计入 ({missing} days without valid data are not counted)",) if missing > 0 else ()
    )
    allowance = _allowance(target, known, left)
    return Track(
        target=target,
        day=day,
        value=value,
        known_days=len(known),
        days_left=left,
        allowance=allowance,
        months=_by_month(target, allowance, day, past) if allowance is not None else (),
        days_to_lose=_days_to_lose(target, known, left),
        chance=_chance(target, known, day, past, draws),
        completion=None if left and target.quantity in COUNTED else completion(target, value),
        notes=notes,
        course=course(target, known, past),
    )


def course(target: Target, known: Sequence[Day], past: Sequence[Day] = ()) -> tuple[MonthSoFar, ...]:
    """How the quantity went month by month, beside what the months of past years were; ``known`` days carry a value."""
    quantity = target.quantity
    then: dict[int, list[Day]] = {}
    for day in past:
        if day.load(quantity) is not None:
            then.setdefault(day.date.month, []).append(day)
    months = []
    for month in target.period.months():
        now = [day for day in known if month.start <= day.date <= month.end]
        span = month.start.day, month.end.day
        same = [day for day in then.get(month.start.month, []) if span[0] <= day.date.day <= span[1]]
        usual = value_of(quantity, same)
        if usual is not None and quantity in COUNTED:
            usual /= len({day.date.year for day in same})
        months.append(MonthSoFar(month, value_of(quantity, now), len(now), usual))
    return tuple(months)


def value_of(quantity: Quantity, known: Sequence[Day]) -> float | None:
    """The quantity over the known days in published digits; None for no days."""
    if not known:
        return None
    if quantity in DAY_COUNTS:
        hits = sum(
            d.aqi <= GOOD_AQI if quantity != "heavy_days" else d.aqi > HEAVY_AQI for d in known if d.aqi is not None
        )
        if quantity != "good_share":
            return float(hits)
        return float(rounding.half_even(Decimal(100 * hits) / len(known), 1))
    values = [Decimal(repr(d.values[quantity])) for d in known]
    if quantity in MEANS:
        return float(rounding.half_even(sum(values) / len(values), 0))
    return float(rounding.half_even(_percentile(sorted(values), PERCENTILES[quantity]), 1 if quantity == "co" else 0))


def completion(target: Target, value: float | None) -> float | None:
    """Achieved cut / wanted cut in percent, one decimal 完成率; None without a base or without a wanted cut."""
    if value is None or not target.base or target.base == target.limit:
        return None
    base, limit = Decimal(repr(target.base)), Decimal(repr(target.limit))
    return float(rounding.half_even((base - Decimal(repr(value))) / (base - limit) * 100, 1))


def completion_of_cuts(achieved_percent: str | float, wanted_percent: str | float) -> float:
    """Completion from two published percentages, as the ministry prints it: 33.1 of 25 is 132.4."""
    return float(rounding.half_even(Decimal(str(achieved_percent)) / Decimal(str(wanted_percent)) * 100, 1))


def _chance(target: Target, known: Sequence[Day], day: date, past: Sequence[Day], draws: int) -> float | None:
    """Chance by resampling, on plain floats: the sum, the count or the sorted values decide, whichever the quantity
    needs.
    """
    quantity, limit = target.quantity, target.limit
    now = _series(known, quantity)
    so_far = list(now.values())
    counted = len(so_far) + max(0, (target.period.end - day).days)

    def reached(rest: Sequence[float]) -> bool:
        if quantity in MEANS:
            return round((sum(so_far) + sum(rest)) / max(1, counted)) <= limit
        if quantity in PERCENTILES:
            decimals = 1 if quantity == "co" else 0
            return round(float(_percentile(sorted([*so_far, *rest]), float(PERCENTILES[quantity]))), decimals) <= limit
        if quantity == "heavy_days":
            return sum(aqi > HEAVY_AQI for aqi in (*so_far, *rest)) <= limit
        good = sum(round(aqi) <= GOOD_AQI for aqi in (*so_far, *rest))
        return good >= limit if quantity == "good_days" else round(100 * good / max(1, counted), 1) >= limit

    first = max(day + timedelta(days=1), target.period.start)
    seed = f"{target.place} {quantity} {target.period.label} {day}"
    return chance_of(now, _series(past, quantity), first, target.period.end, reached, seed, draws)


def _series(days: Sequence[Day], quantity: Quantity) -> dict[date, float]:
    return {d.date: load for d in days if (load := d.load(quantity)) is not None}


def _allowance(target: Target, known: Sequence[Day], left: int) -> float | None:
    """Mean that the remaining days may have so that the mean of all counted days is the limit."""
    if target.quantity not in MEANS or not left:
        return None
    total = sum(d.values[target.quantity] for d in known)
    return (target.limit * (len(known) + left) - total) / left


def _days_to_lose(target: Target, known: Sequence[Day], left: int) -> int | None:
    counted = len(known) + left
    if target.quantity == "heavy_days":
        return floor(target.limit) - sum((d.aqi or 0) > HEAVY_AQI for d in known)
    if target.quantity in ("good_share", "good_days"):
        bad = sum((d.aqi or 0) > GOOD_AQI for d in known)
        if target.quantity == "good_days":
            return counted - bad - _ceil(target.limit)
        return floor(counted * (100 - Decimal(repr(target.limit))) / 100) - bad
    if target.quantity in PERCENTILES:
        # The percentile of n days stands on X(s) and X(s+1): within the limit while at most n - s - 1 days are over.
        k = 1 + (counted - 1) * PERCENTILES[target.quantity]
        allowed = counted - floor(k) - (0 if k == floor(k) else 1)
        return allowed - sum(d.values[target.quantity] > target.limit for d in known)
    return None


def _by_month(target: Target, allowance: float, day: date, past: Sequence[Day]) -> tuple[MonthAllowance, ...]:
    """Spread the allowance over the remaining months in the usual shape of past years (flat where unknown)."""
    rest = Period(max(day + timedelta(days=1), target.period.start), target.period.end)
    months = rest.months()
    usual = [_usual(month, target.quantity, past) for month in months]
    if any(u is None or u <= 0 for u in usual) or allowance <= 0:
        return tuple(MonthAllowance(month, allowance, u) for month, u in zip(months, usual, strict=True))
    shape = sum(month.days * (u or 0) for month, u in zip(months, usual, strict=True)) / rest.days
    return tuple(MonthAllowance(month, allowance * (u or 0) / shape, u) for month, u in zip(months, usual, strict=True))


def _usual(month: Period, quantity: Quantity, past: Sequence[Day]) -> float | None:
    """Mean of the same calendar days in past years."""
    first, last = (month.start.month, month.start.day), (month.end.month, month.end.day)
    values = [d.values[quantity] for d in past if first <= (d.date.month, d.date.day) <= last and quantity in d.values]
    return sum(values) / len(values) if values else None


def _percentile(ordered: Sequence[N], p: N) -> N:
    """HJ 663: k = 1 + (n - 1) p between the two neighbouring values, of values already in order."""
    k = 1 + (len(ordered) - 1) * p
    s = floor(k)
    return ordered[-1] if s >= len(ordered) else ordered[s - 1] + (k - s) * (ordered[s] - ordered[s - 1])


def _ceil(value: float) -> int:
    return -floor(-value)
