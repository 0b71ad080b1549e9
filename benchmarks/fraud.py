"""Falsification screening: how much of what was put into real series is found at one false alarm per 100 device-days.

`python -m benchmarks.fraud`. Series: hours of the twelve Beijing stations. Learned from six of them 2013-03..2015-05,
judged on the other six 2015-06..2016-12: other stations, other months. Faults: `lantian.observations.faults`, default
sizes, one day and one item each (missing when bad: a week), seeded. Plants have no open data: their fleet is made from
the same real hours of NO2 as NOx of a stack, with invented oxygen, electricity and marks, and is named so.

Beside it in the same run: fixed thresholds as rules of thumb have them (change under 1 % of the fleet's range for
twelve hours, coefficient of variation under 0.05, six hours of the day's highest value, an exact repetition, a capture
under 75 %, 2 % of conversion, oxygen over its 90th percentile).
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from benchmarks.quality import hours
from benchmarks.report import Line, machine, peak_memory, table
from lantian.kernel.settings import TIMEZONE
from lantian.observations.faults import inject
from lantian.observations.fraud import Fleet, Learned, learn, scores
from lantian.observations.fraud.days import OXYGEN
from lantian.standards.codes import POLLUTANTS

LEARN = ("1001A", "1003A", "1005A", "1007A", "1009A", "1011A")
JUDGE = ("1002A", "1004A", "1006A", "1008A", "1010A", "1012A")
FIRST, CUT, LAST = (datetime(*day, tzinfo=UTC) for day in ((2013, 3, 1), (2015, 6, 1), (2016, 12, 31)))
STATION_KINDS = ("stuck", "quantised", "clipped", "low_variance", "copied_day", "copied_neighbour", "gap_when_bad")
PLANT_KINDS = ("stuck", "quantised", "clipped", "low_variance", "copied_day", "copied_neighbour", "gap_when_bad",
               "oxygen_dilution", "calibration_abuse")  # fmt: skip
REFERENCE = 21.0 - 6.0
"""21 less the reference oxygen of the invented plants, percent."""


@dataclass
class Cases:
    """A fleet with faults in it: which day and device holds which kind."""

    fleet: Fleet
    truth: dict[tuple[int, int], str]


def stations(devices: tuple[str, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """Hours of some stations, wide, `device`."""
    inside = pl.col("place").is_in(devices) & pl.col("time").is_between(start, end)
    return hours().filter(inside).select(pl.col("place").alias("device"), "time", *POLLUTANTS)


def plants(devices: tuple[str, ...], start: datetime, end: datetime, seed: int) -> pl.DataFrame:
    """Invented plants: NOx is thrice the real NO2 of a station moved by weeks, oxygen wanders about the plant's own
    level; `conv` is the converted value, `flag` C in one hour of the day (automatic zero and span), `share` the
    share of the hour in which production ran.
    """
    random = np.random.default_rng(seed)
    frames = []
    for number, device in enumerate(devices):
        frame = stations((device,), start, end).sort("time").select("device", "time", (pl.col("no2") * 3).alias("nox"))
        shift = 24 * 7 * (number + 1)
        frame = frame.with_columns(pl.col("nox").shift(shift))
        n = frame.height
        wander = np.zeros(n)
        steps = random.normal(0, 0.25, n)
        for k in range(1, n):
            wander[k] = 0.95 * wander[k - 1] + steps[k]
        oxygen = np.clip(8.0 + number * 0.4 + wander, 4.0, 15.0).round(2)
        frame = frame.with_columns(pl.Series(OXYGEN, oxygen)).with_columns(
            (pl.col("nox") * REFERENCE / (21.0 - pl.col(OXYGEN))).round(1).alias("conv"),
            pl.when(pl.col("time").dt.hour() == (number * 3) % 24)
            .then(pl.lit("C"))
            .otherwise(pl.lit("N"))
            .alias("flag"),
        )
        frames.append(frame)
    return pl.concat(frames)


def fleet_of(wide: pl.DataFrame, kind: str) -> Fleet:
    """The fleet of a wide frame."""
    index = ["device", "time", *(name for name in ("flag",) if name in wide.columns)]
    items = [name for name in wide.columns if name not in (*index, "conv")]
    long = wide.unpivot(items, index=index, variable_name="item", value_name="value")
    if "conv" in wide.columns:
        converted = wide.select("device", "time", pl.lit("nox").alias("item"), pl.col("conv").alias("converted"))
        long = long.join(converted, on=["device", "time", "item"], how="left")
    return Fleet.of(long, kind, peers=kind != "cems")


def spoil(wide: pl.DataFrame, fleet: Fleet, kind: str, seed: int, count: int) -> Cases:
    """Put `count` faults of a kind into days of their own, every third day at most, items in turn."""
    random = np.random.default_rng(seed)
    days, devices = fleet.shape
    chosen = random.permutation(np.arange(47, days - 1, 8 if kind == "gap_when_bad" else 3))[:count]
    values = {item: array.copy() for item, array in fleet.values.items()}
    converted = {item: array.copy() for item, array in fleet.converted.items()}
    marks = None if fleet.marks is None else fleet.marks.copy()
    items = [item for item in fleet.values if item != OXYGEN]
    truth: dict[tuple[int, int], str] = {}
    for number, day in enumerate(chosen):
        s, item = int(random.integers(devices)), items[number % len(items)]
        begin = datetime.combine(fleet.day(day), datetime.min.time(), tzinfo=TIMEZONE).astimezone(UTC)
        part = wide.filter(
            pl.col("time").is_between(begin - timedelta(days=3), begin + timedelta(days=1), closed="left")
        )
        if kind != "copied_neighbour":
            part = part.filter(pl.col("device") == fleet.devices[s])
        sizes = {"lag_days": int(random.integers(1, 3))} if kind == "copied_day" else {}
        if kind == "gap_when_bad":  # a habit: the worst fifth of a week; the last day with two such hours is judged
            truth |= habit(values, wide, fleet, (int(day), s), item, seed + number)
            continue
        done = inject(part, kind, item=item, start=begin, end=begin + timedelta(days=1), seed=seed + number,
                      place=fleet.devices[s], **sizes)  # fmt: skip
        if int(done.changed.sum()) < 4:
            continue  # the fault changed next to nothing: still air, or a day that was missing anyhow
        truth[(int(day), s)] = kind
        rows = done.frame.filter((pl.col("device") == fleet.devices[s]) & (pl.col("time") >= begin)).sort("time")
        at = rows["time"].dt.convert_time_zone(str(TIMEZONE)).dt.hour().to_numpy()
        for name in values:
            values[name][day, s] = np.nan
            values[name][day, s, at] = rows[name].fill_null(float("nan")).to_numpy()
        struck = done.truth.to_numpy()[
            ((done.frame["device"] == fleet.devices[s]) & (done.frame["time"] >= begin)).to_numpy()
        ]
        if kind == "calibration_abuse" and marks is not None:
            marks[day, s, at[struck]] = "C"
        if converted:  # the analyser converts what it is given
            converted[item][day, s] = values[item][day, s] * REFERENCE / (21.0 - values[OXYGEN][day, s])
    return Cases(replace(fleet, values=values, converted=converted, marks=marks), truth)


def habit(
    values: dict[str, np.ndarray], wide: pl.DataFrame, fleet: Fleet, at: tuple[int, int], item: str, seed: int
) -> dict[tuple[int, int], str]:
    """Take away the worst hours of the week up to a day; where that day was struck."""
    day, s = at
    end = datetime.combine(fleet.day(day + 1), datetime.min.time(), tzinfo=TIMEZONE).astimezone(UTC)
    begin = end - timedelta(days=7)
    part = wide.filter((pl.col("device") == fleet.devices[s]) & pl.col("time").is_between(begin, end, closed="left"))
    done = inject(part, "gap_when_bad", item=item, start=begin, end=end, seed=seed, place=fleet.devices[s])
    local = done.frame.filter(done.changed)["time"].dt.convert_time_zone(str(TIMEZONE))
    rows = np.array([(one.date() - fleet.first).days for one in local], int)
    values[item][rows, s, local.dt.hour().to_numpy()] = np.nan
    struck = [row for row in sorted(set(rows)) if (rows == row).sum() >= 2]
    return {(int(struck[-1]), s): "gap_when_bad"} if struck else {}


def tampered(fleet: Fleet, kind: str, seed: int, count: int) -> Cases:
    """Faults that are not of one series: a conversion changed, production that is not reported, data while stopped."""
    random = np.random.default_rng(seed)
    days, devices = fleet.shape
    converted = {item: array.copy() for item, array in fleet.converted.items()}
    values = {item: array.copy() for item, array in fleet.values.items()}
    marks = None if fleet.marks is None else fleet.marks.copy()
    running = np.ones((days, devices, 24))
    truth = {}
    for day in random.permutation(np.arange(40, days - 1, 3))[:count]:
        s = int(random.integers(devices))
        if np.isnan(values["nox"][day, s]).sum() > 6:
            continue
        truth[(int(day), s)] = kind
        if kind == "conversion":
            converted["nox"][day, s] *= random.choice([0.8, 0.9, 0.95])
        elif kind == "power" and marks is not None:
            hidden = slice(0, int(random.integers(6, 20)))
            marks[day, s, hidden], values["nox"][day, s, hidden] = "F", np.nan
        elif marks is not None:
            marks[day, s, : int(random.integers(6, 20))] = "F"
    return Cases(replace(fleet, values=values, converted=converted, marks=marks, running=running), truth)


def fixed(fleet: Fleet) -> np.ndarray:
    """The reference: rules of thumb with fixed thresholds; [days, devices] alarm or not."""
    found = np.zeros(fleet.shape, bool)
    for item, values in fleet.values.items():
        if item == OXYGEN:
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
    return found


def judged(learned: Learned, cases: Cases, clean: np.ndarray) -> tuple[int, int]:
    """How many cases are found, of how many; those that alarm without the fault do not count."""
    score = scores(cases.fleet, learned).score
    hits = [at for at in cases.truth if not clean[at]]
    return sum(score[at] > 50 for at in hits), len(hits)


def one_fleet(kind: str, train: pl.DataFrame, test: pl.DataFrame, faults: tuple[str, ...], count: int) -> list[Line]:
    """Learn, judge the untouched fleet, then each kind of fault."""
    begin = time.perf_counter()
    history, fleet = fleet_of(train, kind), fleet_of(test, kind)
    if kind == "cems":
        history = replace(history, running=np.ones((*history.shape, 24)))
        fleet = replace(fleet, running=np.ones((*fleet.shape, 24)))
    learned = learn(history)
    score = scores(fleet, learned).score
    known = ~np.isnan(score)
    known[:40] = False
    alarms = score > 50
    rate = alarms[known].mean()
    # Stations differ: the limit that gives one false alarm per 100 on the fleet that is judged, from its own quiet days
    limit = float(np.quantile(score[known], 0.99)) / 50 * learned.limit
    settled = replace(learned, limit=limit)
    rule = fixed(fleet)
    name = {"state": "stations", "cems": "plants (invented from real NO2)"}[kind]
    lines = [
        Line(
            f"{name}: learned from",
            f"{learned.days} device-days",
            f"{history.first} to {history.day(history.shape[0] - 1)}",
        ),
        Line("  judged", f"{int(known.sum())} device-days", f"{fleet.day(40)} to {fleet.day(fleet.shape[0] - 1)}"),
        Line("  false alarms per 100, limit as learned elsewhere", f"{100 * rate:.1f}"),
        Line("  false alarms per 100 of the fixed thresholds", f"{100 * rule[known].mean():.1f}"),
        Line("  found at", "limit as learned   1 per 100 here", "fixed thresholds"),
    ]
    for seed, fault in enumerate(faults):
        made = tampered(fleet, fault, 100 + seed, count) if fault in ("conversion", "power", "stopped") else spoil(
            test, fleet, fault, 100 + seed, count
        )  # fmt: skip
        found, of = judged(learned, made, alarms)
        exact, of_exact = judged(settled, made, score / 50 * learned.limit > limit)
        thumb = fixed(made.fleet)
        hits = [at for at in made.truth if not rule[at]]
        by_rule = sum(thumb[at] for at in hits)
        told = f"{100 * found / max(of, 1):5.0f} %            {100 * exact / max(of_exact, 1):5.0f} %"
        lines.append(
            Line(f"    {fault}", told, f"{100 * by_rule / max(len(hits), 1):.0f} % of {len(hits)}; {of} cases")
        )
    lines.append(Line("  time", f"{time.perf_counter() - begin:.0f} s"))
    return lines


def run(count: int = 150) -> list[Line]:
    """Both fleets."""
    lines = one_fleet("state", stations(LEARN, FIRST, CUT), stations(JUDGE, CUT, LAST), STATION_KINDS, count)
    lines += one_fleet(
        "cems",
        plants(LEARN, FIRST, CUT, 1),
        plants(JUDGE, CUT, LAST, 2),
        (*PLANT_KINDS, "conversion", "power", "stopped"),
        count,
    )
    return [*lines, Line("memory at most", f"{peak_memory():.1f} GiB")]


if __name__ == "__main__":
    print(table([machine(), *run(int(sys.argv[1]) if len(sys.argv) > 1 else 150)]))
