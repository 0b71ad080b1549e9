"""What evidence says, in plain words with its figures. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from lantian.observations.fraud import minutes
from lantian.observations.fraud.catalogue import FEATURES
from lantian.observations.fraud.days import FLOW, OXYGEN, Fleet
from lantian.observations.fraud.features import STEPS, nearest_day, nearest_other
from lantian.observations.fraud.process import NO_FLOW, emitted, loads
from lantian.observations.fraud.thresholds import Evidence
from lantian.observations.fraud.weeks import SHIFTED, guessed, hiding, ratio, shifted
from lantian.observations.hj212.codes import POLLUTANTS
from lantian.standards.codes import ITEMS, printed


def item_name(item: str, language: str) -> str:
    """An item as people read it."""
    if item in ITEMS:
        return ITEMS[item].symbol
    known = POLLUTANTS.get(item)
    return item if known is None else (known.zh if language == "zh" else known.en)


def item_unit(item: str) -> str:
    """The unit in which an item is kept, as people write it."""
    if item in ITEMS:
        return ITEMS[item].printed_unit
    return printed(POLLUTANTS[item].item_unit) if item in POLLUTANTS else ""


def sentence(
    fleet: Fleet, one: Evidence, day: int, device: int, names: Mapping[str, str]
) -> tuple[str, str, dict[str, Any]]:
    """The evidence in Chinese and English, and the figures in it.

    `names`: device -> what people call it.
    """
    values = fleet.values[one.item][day, device]
    figures = _FIGURES[one.feature](fleet, one, day, device, names)
    shown = {name: _text(value) for name, value in figures.items()}
    unit = item_unit(one.item)
    shown["measure"] = unit if unit in ("", "%") else f" {unit}"
    says = FEATURES[one.feature]
    figures |= {
        "feature_value": round(one.value, 3),
        "threshold": round(one.threshold, 3),
        "known_hours": _known(values),
    }
    return (
        says.says_zh.format(item=item_name(one.item, "zh"), **shown),
        says.says_en.format(item=item_name(one.item, "en"), **shown),
        figures,
    )


def _constant(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    values = fleet.values[one.item][day, device]
    best, first = 1, 0
    length = 1
    for h in range(1, 24):
        length = length + 1 if values[h] == values[h - 1] else 1
        if length > best:
            best, first = length, h - length + 1
    return {"hours": best, "value": _round(values[first]), "first": first, "last": first + best}


def _quantised(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    step = fleet.step(one.item)
    values = fleet.values[one.item][day, device]
    known = np.round(values[~np.isnan(values)] / step)
    told = {g: int(np.sum(np.mod(known, g) == 0)) for g in STEPS}
    g = max(told, key=lambda each: told[each] * np.log(0.98 * each) + (len(known) - told[each]) * np.log(0.02))
    return {"count": len(known), "multiples": told[g], "step": _round(g * step)}


def _clipped(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    values, expected = fleet.values[one.item][day, device], fleet.expected(one.item)[day, device]
    top = float(np.fmax.reduce(values))
    return {
        "hours": int(np.sum(values >= 0.97 * top)),
        "top": _round(top),
        "expected": _round(np.fmax.reduce(expected)),
    }


def _low_variance(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    values = fleet.values[one.item][day, device]
    return {
        "low": _round(np.fmin.reduce(values)),
        "high": _round(np.fmax.reduce(values)),
        "ratio": f"{np.exp(-one.value):.0%}",
    }


def _copied_day(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    lag = nearest_day(fleet, one.item, day, device)
    values = fleet.values[one.item]
    return {"days": lag, **_alike(values[day, device], values[day - lag, device])}


def _copied_neighbour(fleet: Fleet, one: Evidence, day: int, device: int, names: Mapping[str, str]) -> dict[str, Any]:
    other = nearest_other(fleet, one.item, day, device)
    values = fleet.values[one.item][day]
    code = fleet.devices[other]
    return {"other": names.get(code, code), **_alike(values[device], values[other])}


def _periodic(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    values = fleet.values[one.item][day, device]
    apart = {lag: np.abs(values[lag:] - values[:-lag]) for lag in range(2, 13)}
    means = {lag: float(np.nanmean(one)) for lag, one in apart.items() if np.sum(~np.isnan(one)) >= 10}
    lag = min(means, key=lambda each: means[each])
    return {"hours": lag, "apart": _round(means[lag])}


def _missing(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    found = hiding(fleet, one.item, day, guessed(fleet, one.item))
    return {name: int(getattr(found, name)[device]) for name in ("days", "gaps", "missing", "worst")}


def _shift(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    apart = ratio(fleet, one.item)
    told = {days: [float(part[device]) for part in shifted(apart, day, days)] for days in SHIFTED}
    days = max(told, key=lambda each: np.nan_to_num(told[each][0], nan=-1.0))
    away, now, before = told[days]
    spread = abs(now - before) / away if away else 0.0
    return {"days": days, "now": f"{np.exp(now):.0%}", "before": f"{np.exp(before):.0%}", "spread": f"{spread:.0%}"}


def _conversion(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    values, oxygen = fleet.values[one.item], fleet.values[OXYGEN]
    with np.errstate(invalid="ignore", divide="ignore"):
        implied = 21.0 - fleet.converted[one.item] * (21.0 - oxygen) / values
        past = implied[max(0, day - 30) : day, device]
        usual = float(np.nanmedian(past)) if np.any(~np.isnan(past)) else np.nan
        right = values[day, device] * (21.0 - usual) / (21.0 - oxygen[day, device])
        off = np.abs(fleet.converted[one.item][day, device] / right - 1)
    known = off[np.isfinite(off)]
    return {"hours": int(np.sum(known > 0.02)), "off": _round(100 * float(known.mean())) if known.size else 0}


def _oxygen(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    start = max(0, day - 30)
    return {
        "oxygen": _middle(fleet.values[OXYGEN][day, device]),
        "usual_oxygen": _middle(fleet.values[OXYGEN][start:day, device]),
        "value": _middle(fleet.values[one.item][day, device]),
        "usual": _middle(fleet.values[one.item][start:day, device]),
    }


def _flow(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    flows = fleet.values[FLOW]
    known = _known(flows[day, device] + fleet.values[one.item][day, device])
    usual = _middle(flows[max(0, day - 30) : day, device])
    low = flows[day, device][flows[day, device] < NO_FLOW * (usual or 0.0)]
    return {"flow": _middle(low), "usual_flow": usual, "hours": round(one.value * known)}


def _mass(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    right, reported = emitted(fleet, one.item)[day, device], fleet.totals[one.item][day, device]
    known = ~np.isnan(right) & ~np.isnan(reported)
    return {
        "hours": round(one.value * int(known.sum())),
        "reported": _round(float(reported[known].sum())),
        "right": _round(float(right[known].sum())),
        "unit": "m3" if one.item == FLOW else "kg",
    }


def _load(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    assert fleet.load is not None
    return {
        "flow": _middle(fleet.values[one.item][day, device]),
        "kw": _middle(fleet.load[day, device]),
        "ratio": f"{np.exp(loads(fleet, one.item)[1][day, device]):.0%}",
    }


def _minutes(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    assert fleet.minutes is not None
    of_day = (pl.col("device") == fleet.devices[device]) & (pl.col("day") == fleet.day(day))
    row = fleet.minutes.frame.row(by_predicate=of_day & (pl.col("item") == one.item), named=True)
    row["off"] = round((row["off"] or 0.0) * (row["compared"] or 0))
    return {
        name: _round(value) if isinstance(value, float) else value
        for name, value in row.items()
        if name not in ("device", "item", "day")
    } | {"frozen": int(row["frozen"])}


def _calibration(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    assert fleet.marks is not None
    marked = np.isin(fleet.marks, ("C", "M"))
    past = marked[max(0, day - 30) : day, device].sum(axis=1)
    expected = fleet.expected(one.item)[day, device]
    known = expected[~np.isnan(expected)]
    high = float(np.quantile(known, 0.6)) if known.size else np.inf
    now = marked[day, device]
    return {
        "hours": int(now.sum()),
        "usual": _round(np.median(past)) if past.size else 0,
        "bad": int(np.sum(now & (expected >= high))),
    }


def _stopped(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    assert fleet.marks is not None
    marked = int(np.sum(fleet.marks[day, device] == "F"))
    return {"marked": marked, "hours": round(one.value * marked)}


def _power(fleet: Fleet, one: Evidence, day: int, device: int, _: Mapping[str, str]) -> dict[str, Any]:
    assert fleet.running is not None
    ran = int(np.sum(fleet.running[day, device] > 0.5))
    return {"ran": ran, "hours": round(one.value * ran)}


_FIGURES = {
    "constant": _constant,
    "quantised": _quantised,
    "clipped": _clipped,
    "low_variance": _low_variance,
    "copied_day": _copied_day,
    "copied_neighbour": _copied_neighbour,
    "periodic": _periodic,
    "missing_when_bad": _missing,
    "shift": _shift,
    "flow": _flow,
    "mass": _mass,
    "load": _load,
    "conversion": _conversion,
    "oxygen": _oxygen,
    "calibration": _calibration,
    "stopped": _stopped,
    "power": _power,
    **dict.fromkeys(minutes.FEATURES, _minutes),
}


def _alike(one: np.ndarray, other: np.ndarray) -> dict[str, Any]:
    apart = np.abs(one - other)
    known = apart[~np.isnan(apart)]
    return {"same": int(np.sum(known == 0)), "apart": _round(float(known.mean())) if known.size else 0}


def _middle(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return _round(float(np.median(known))) if known.size else None


def _known(values: np.ndarray) -> int:
    return int(np.sum(~np.isnan(values)))


def _round(value: float) -> float | None:
    if not np.isfinite(value):
        return None
    return float(f"{value:.4g}")


def _text(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
