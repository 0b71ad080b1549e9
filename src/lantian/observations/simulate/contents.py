"""What stands in an upload: the fields of every code for an instant, a period of minutes, an hour or a day."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np

from lantian.observations.simulate.profiles import Signal
from lantian.observations.simulate.source import Source, Values

__all__ = ["Fields", "of_instant", "of_period"]

Fields: TypeAlias = dict[str, dict[str, str]]
"""By code the fields and their text."""


def of_instant(source: Source, when: datetime) -> Fields:
    """Give the fields of a real-time upload: ``Rtd``, ``ZsRtd`` where it is converted, ``Flag``."""
    minute = when.replace(second=0, microsecond=0)
    values, marked = source.minutes(minute, 1)
    fields: Fields = {}
    for signal in source.profile.signals:
        value = float(values[signal.code][0])
        if np.isnan(value):
            continue
        item = {"Rtd": _shown(value, signal)}
        converted = source.converted(signal.code, values)
        if converted is not None and not np.isnan(converted[0]):
            item["ZsRtd"] = _shown(float(converted[0]), signal)
        item["Flag"] = "C" if signal.code in marked and bool(marked[signal.code][0]) else "N"
        fields[signal.code] = item
    return fields


def of_period(source: Source, start: datetime, length: timedelta) -> Fields:
    """Give the fields of the data of minutes, an hour or a day: ``Cou`` (kg, of a flow m3), ``Min``, ``Avg``, ``Max``,
    the converted ones, ``Flag``. A code without a value in the period is left out.
    """
    count = max(1, round(length.total_seconds() / 60))
    values, marked = source.minutes(start, count)
    flow = values.get("a00000")
    fields: Fields = {}
    for signal in source.profile.signals:
        series = values[signal.code]
        known = series[~np.isnan(series)]
        if not known.size:
            continue
        item: dict[str, str] = {}
        if signal.shape == "flow":
            item["Cou"] = f"{np.nansum(series) / 60:.1f}"
        elif signal.converted and flow is not None:
            item["Cou"] = f"{np.nansum(series * flow) / 60 * 1e-6:.4f}"
        low, mean, high = _three(known, signal)
        item |= {"Min": _shown(low, signal), "Avg": _shown(mean, signal), "Max": _shown(high, signal)}
        converted = source.converted(signal.code, values)
        if converted is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                item["ZsAvg"] = _shown(float(np.nanmean(converted)), signal)
        share = float(np.mean(marked[signal.code])) if signal.code in marked else 0.0
        item["Flag"] = "C" if share > 0.25 else "N"
        fields[signal.code] = item
    return fields


def _three(known: Values, signal: Signal) -> tuple[float, float, float]:
    if signal.shape != "angle":
        return float(known.min()), float(known.mean()), float(known.max())
    turned = np.deg2rad(known)
    mean = float(np.rad2deg(np.arctan2(np.sin(turned).mean(), np.cos(turned).mean()))) % 360
    return float(known.min()), mean, float(known.max())


def _shown(value: float, signal: Signal) -> str:
    text = f"{value:.{signal.decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text
