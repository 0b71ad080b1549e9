"""Falsification screening: how much of what was put into real series is found at one false alarm per 100 device-days.

`python -m benchmarks.fraud`. Series: hours of the twelve Beijing stations. Judged: six of them 2015-06..2016-12.
Learned from the other six 2013-03..2015-05 (other stations, other months), and from the same six in those months, as a
fleet on a platform does; of these the limit is also moved until the judged, untouched days alarm once in 100.

Faults: `lantian.observations.faults`, seeded, default sizes, one day and one item each; those that last (the worst
fifth of 1, 2 or 4 weeks hidden, a factor turned for four weeks) begin on any day and count as found by an alarm up to
the Sunday after their end. Days that alarm without the fault do not count. Plants have no open data: their fleet is
made from the same real hours of NO2 as NOx of a stack, with invented oxygen, flow, electricity, marks and minutes, and
is named so.

Beside it in the same run, for faults of one day: fixed thresholds as rules of thumb have them (change under 1 % of the
fleet's range for twelve hours, coefficient of variation under 0.05, six hours of the day's highest value, an exact
repetition, a capture under 75 %, 2 % of conversion, oxygen over its 90th percentile, an hour without flow, six hours
with totals 30 % off).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from benchmarks.fraud_cases import (
    REFERENCE,
    Cases,
    fleet_of,
    lasting,
    minute_faults,
    minutes_of,
    plants,
    said,
    spoil,
    stations,
    tampered,
)
from benchmarks.report import Line, machine, peak_memory, table
from lantian.observations.fraud import Fleet, learn, scores
from lantian.observations.fraud.days import BESIDE, FLOW, OXYGEN, Minutes

LEARN = ("1001A", "1003A", "1005A", "1007A", "1009A", "1011A")
JUDGE = ("1002A", "1004A", "1006A", "1008A", "1010A", "1012A")
FIRST, CUT, LAST = (datetime(*day, tzinfo=UTC) for day in ((2013, 3, 1), (2015, 6, 1), (2016, 12, 31)))
OF_ONE_DAY = ("stuck", "quantised", "clipped", "low_variance", "copied_day", "copied_neighbour")
QUIET = 91
"""Days at the beginning of the judged months that have too little past to be judged."""

ROUNDS = 3
"""Fleets with lasting faults, each with others."""

Maker = Callable[[int], Cases]


def fixed(fleet: Fleet) -> np.ndarray:
    """The reference: rules of thumb with fixed thresholds; [days, devices] alarm or not."""
    found = np.zeros(fleet.shape, bool)
    for item, values in fleet.values.items():
        if item in BESIDE:
            continue
        known = (~np.isnan(values)).sum(axis=2)
        span = float(np.nanquantile(values, 0.99))
        still = np.abs(np.diff(values, axis=2)) < 0.01 * span
        length = np.zeros(fleet.shape)
        for h in range(still.shape[2]):
            length = np.where(still[:, :, h], length + 1, 0)
            found |= length >= 11
        mean = np.nansum(values, axis=2) / np.maximum(known, 1)
        spread = np.sqrt(np.nansum((values - mean[:, :, None]) ** 2, axis=2) / np.maximum(known, 1))
        found |= (known >= 12) & (spread < 0.05 * mean)
        highest = np.fmax.reduce(values, axis=2)
        found |= (values == highest[:, :, None]).sum(axis=2) >= 6
        for lag in range(1, 31):
            same = ((values[lag:] == values[:-lag]) | (np.isnan(values[lag:]) & np.isnan(values[:-lag]))).all(axis=2)
            found[lag:] |= same & (known[lag:] >= 12)
        for s in range(values.shape[1]):
            for other in range(values.shape[1]):
                if other != s:
                    found[:, s] |= (values[:, s] == values[:, other]).sum(axis=1) >= 12
        found |= known < 18
    for item, converted in fleet.converted.items():
        right = fleet.values[item] * REFERENCE / (21.0 - fleet.values[OXYGEN])
        found |= (np.abs(converted - right) > 0.02 * np.abs(right)).sum(axis=2) >= 6
        high = np.nanquantile(fleet.values[OXYGEN], 0.9, axis=(0, 2))
        found |= (fleet.values[OXYGEN] > high[None, :, None]).sum(axis=2) >= 12
        found |= ((fleet.values[FLOW] < 0.01 * np.nanmax(fleet.values[FLOW])) & (fleet.values[item] > 0)).any(axis=2)
        right = fleet.values[item] * fleet.values[FLOW] * 1e-9
        found |= (np.abs(fleet.totals[item] - right) > 0.3 * right).sum(axis=2) >= 6
    return found


def found_of(alarms: np.ndarray, clean: np.ndarray, cases: Cases) -> tuple[int, int]:
    """How many cases alarm, of how many; those that alarm without the fault do not count."""
    counted = [(first, last, s) for first, last, s in cases.truth if not clean[first : last + 1, s].any()]
    return sum(bool(alarms[first : last + 1, s].any()) for first, last, s in counted), len(counted)


def one_fleet(
    name: str, elsewhere: Fleet, own: Fleet, fleet: Fleet, makers: dict[str, tuple[Maker, ...]]
) -> list[Line]:
    """Learn from other devices and from the fleet's own earlier months, judge the untouched fleet, then each kind of
    fault; several makers of a kind are added up.
    """
    begin = time.perf_counter()
    histories = [learn(elsewhere), learn(own)]
    clean = [scores(fleet, one).score for one in histories]
    known = ~np.isnan(clean[1])
    known[:QUIET] = False
    settled = max(float(np.quantile(clean[1][known], 0.99)), 1e-9)
    rule = fixed(fleet)
    rates = " ".join(f"{100 * np.mean(score[known] > 50):.1f}" for score in clean)
    lines = [
        Line(f"{name}: learned from", f"{histories[0].days}, own {histories[1].days} device-days",
             f"{own.first} to {own.day(own.shape[0] - 1)}"),
        Line("  judged", f"{int(known.sum())} device-days", f"{fleet.day(QUIET)} to {fleet.day(fleet.shape[0] - 1)}"),
        Line("  false alarms per 100: learned elsewhere, from own past", rates),
        Line("  false alarms per 100 of the fixed thresholds", f"{100 * rule[known].mean():.1f}"),
        Line("  found, learned", "elsewhere   own past   at 1 per 100", "fixed thresholds"),
    ]  # fmt: skip
    for number, (fault, of) in enumerate(makers.items()):
        told, short = np.zeros((4, 2), int), True
        for round_, make in enumerate(of):
            cases = make(100 + number + 1000 * round_)
            score = [scores(cases.fleet, one).score for one in histories]
            told[0] += found_of(score[0] > 50, clean[0] > 50, cases)
            told[1] += found_of(score[1] > 50, clean[1] > 50, cases)
            told[2] += found_of(score[1] > settled, clean[1] > settled, cases)
            short &= all(first == last for first, last, _ in cases.truth)
            if short:
                told[3] += found_of(fixed(cases.fleet), rule, cases)
        percent = 100 * told[:, 0] / np.maximum(told[:, 1], 1)
        by_rule = f"{percent[3]:.0f} % of {told[3, 1]}; " if short else ""
        shown = "   ".join(f"{one:6.0f} %" for one in percent[:3])
        lines.append(Line(f"    {fault}", shown, f"{by_rule}{told[2, 1]} cases"))
    lines.append(Line("  time", f"{time.perf_counter() - begin:.0f} s"))
    return lines


def long_faults(fleet: Fleet) -> dict[str, tuple[Maker, ...]]:
    """Hidden hours and turned factors that last."""
    made: dict[str, tuple[Maker, ...]] = {}
    for days in (7, 14, 28):
        made[f"worst fifth hidden, {days} days"] = (
            lambda seed, d=days: lasting(fleet, "gap_when_bad", d, seed),
        ) * ROUNDS
    for factor in (0.5, 0.6, 0.7, 0.8, 0.9) if fleet.peers else (0.7,):
        made[f"times {factor}, 28 days"] = (
            lambda seed, f=factor: lasting(fleet, "scaled", 28, seed, factor=f),
        ) * ROUNDS
    return made


def with_minutes(wide: pl.DataFrame, minutes: pl.DataFrame) -> Fleet:
    """The fleet of invented plants with what their minutes say."""
    return replace(fleet_of(wide, "cems"), minutes=Minutes(said(minutes, wide), {"nox": 1.0}))


def run(count: int = 150) -> list[Line]:
    """Both fleets."""
    test = stations(JUDGE, CUT, LAST)
    fleet = fleet_of(test, "state")
    makers: dict[str, tuple[Maker, ...]] = {
        kind: (lambda seed, k=kind: spoil(test, fleet, k, seed, count),) for kind in OF_ONE_DAY
    }
    past = [fleet_of(stations(devices, FIRST, CUT), "state") for devices in (LEARN, JUDGE)]
    lines = one_fleet("stations", *past, fleet, makers | long_faults(fleet))

    made = plants(JUDGE, CUT, LAST, 2)
    minutes = minutes_of(made, 4)
    stacks = with_minutes(made, minutes)
    earlier = [plants(devices, FIRST, CUT, seed) for seed, devices in ((1, LEARN), (2, JUDGE))]
    past = [with_minutes(one, minutes_of(one, 3 + number)) for number, one in enumerate(earlier)]
    makers = {kind: (lambda seed, k=kind: spoil(made, stacks, k, seed, count),)
              for kind in (*OF_ONE_DAY, "oxygen_dilution", "calibration_abuse")}  # fmt: skip
    for kind in ("conversion", "total", "power", "stopped"):
        makers[kind] = (lambda seed, k=kind: tampered(stacks, k, seed, count),)
    for kind in ("zeroed", "stuck", "scaled"):
        makers[f"flow {kind}"] = (lambda seed, k=kind: spoil(made, stacks, k, seed, count, FLOW),)
    for kind in ("held", "quantised", "clipped", "hours"):
        makers[f"minutes {kind}"] = (lambda seed, k=kind: minute_faults(minutes, made, stacks, k, seed, count),)
    lines += one_fleet("plants (invented from real NO2)", *past, stacks, makers | long_faults(stacks))
    return [*lines, Line("memory at most", f"{peak_memory():.1f} GiB")]


if __name__ == "__main__":
    print(table([machine(), *run(int(sys.argv[1]) if len(sys.argv) > 1 else 150)]))
