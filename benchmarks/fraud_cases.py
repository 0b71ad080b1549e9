"""Fleets of the falsification benchmark and the faults put into them; see `benchmarks.fraud`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from benchmarks.quality import hours
from lantian.kernel.settings import TIMEZONE
from lantian.observations.faults import inject
from lantian.observations.fraud import Fleet
from lantian.observations.fraud.days import BESIDE, FLOW, OXYGEN, Array, Minutes
from lantian.observations.fraud.minutes import of_days
from lantian.standards.codes import POLLUTANTS

REFERENCE = 21.0 - 6.0
"""21 less the reference oxygen of the invented plants, percent."""

APART = 63
"""Days between two long faults of one fleet, so that each is judged against a clean past."""

At = tuple[int, int, int]
"""First and last day, and device, in which a fault should alarm."""


@dataclass
class Cases:
    """A fleet with faults in it, and where they are."""

    fleet: Fleet
    truth: list[At]


def stations(devices: tuple[str, ...], start: datetime, end: datetime) -> pl.DataFrame:
    """Hours of some stations, wide, `device`."""
    inside = pl.col("place").is_in(devices) & pl.col("time").is_between(start, end)
    return hours().filter(inside).select(pl.col("place").alias("device"), "time", *POLLUTANTS)


def plants(devices: tuple[str, ...], start: datetime, end: datetime, seed: int) -> pl.DataFrame:
    """Invented plants: NOx is thrice the real NO2 of a station moved by weeks; oxygen wanders about the plant's own
    level, production draws `kw` by the hour of the day, the flow follows it within some percent. `conv` is the
    converted value, `total` the kg of the hour, `flag` C in one hour of the day (automatic zero and span).
    """
    random = np.random.default_rng(seed)
    frames = []
    for number, device in enumerate(devices):
        frame = stations((device,), start, end).sort("time").select("device", "time", (pl.col("no2") * 3).alias("nox"))
        frame = frame.with_columns(pl.col("nox").shift(24 * 7 * (number + 1)))
        n = frame.height
        oxygen = np.clip(8.0 + number * 0.4 + _wander(random, n, 0.25, 0.95), 4.0, 15.0).round(2)
        clock = np.arange(n) % 24
        kw = (
            (700 + 100 * number)
            * (1 + 0.2 * np.sin(2 * np.pi * (clock - 8) / 24))
            * np.exp(_wander(random, n, 0.02, 0.98))
        )
        flow = (220 * kw * np.exp(_wander(random, n, 0.01, 0.98) + random.normal(0, 0.03, n))).round()
        frame = frame.with_columns(
            pl.Series(OXYGEN, oxygen), pl.Series(FLOW, flow), pl.Series("kw", kw.round(1))
        ).with_columns(
            (pl.col("nox") * REFERENCE / (21.0 - pl.col(OXYGEN))).round(1).alias("conv"),
            (pl.col("nox") * pl.col(FLOW) * 1e-9).round(4).alias("total"),
            pl.when(pl.col("time").dt.hour() == (number * 3) % 24)
            .then(pl.lit("C"))
            .otherwise(pl.lit("N"))
            .alias("flag"),
        )
        frames.append(frame)
    return pl.concat(frames)


def _wander(random: np.random.Generator, n: int, size: float, memory: float) -> Array:
    found, steps = np.zeros(n), random.normal(0, size, n)
    for k in range(1, n):
        found[k] = memory * found[k - 1] + steps[k]
    return found


def minutes_of(wide: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Ten-minute means of the plants' NOx: they vary by 5 % within the hour and give it, up to their last digit."""
    random = np.random.default_rng(seed)
    known = wide.drop_nulls("nox").select("device", "time", "nox")
    noise = random.normal(0, 0.05, (known.height, 6))
    values = known["nox"].to_numpy()[:, None] * (1 + noise - noise.mean(axis=1, keepdims=True))
    parts = [
        known.select(
            "device",
            pl.lit("nox").alias("item"),
            pl.col("time") + timedelta(minutes=10 * k),
            pl.Series("value", values[:, k].round()),
            pl.lit("N").alias("flag"),
        )
        for k in range(6)
    ]
    return pl.concat(parts)


def said(minutes: pl.DataFrame, wide: pl.DataFrame) -> pl.DataFrame:
    """What the minutes say of each day."""
    reported = wide.select(
        "device", pl.lit("nox").alias("item"), "time", pl.col("nox").alias("value"), flag=pl.lit("N")
    )
    return of_days(minutes, reported, {"nox": 1.0})


def fleet_of(wide: pl.DataFrame, kind: str) -> Fleet:
    """The fleet of a wide frame."""
    index = ["device", "time", *(name for name in ("flag",) if name in wide.columns)]
    items = [name for name in wide.columns if name not in (*index, "conv", "total", "kw")]
    long = wide.unpivot(items, index=index, variable_name="item", value_name="value")
    if "conv" not in wide.columns:
        return Fleet.of(long, kind)
    more = wide.select("device", "time", pl.lit("nox").alias("item"), pl.col("conv").alias("converted"), "total")
    running = wide.select("device", "time", pl.lit(1.0).alias("share"), "kw")
    return Fleet.of(long.join(more, on=["device", "time", "item"], how="left"), kind, running=running, peers=False)


def spoil(wide: pl.DataFrame, fleet: Fleet, kind: str, seed: int, count: int, item: str | None = None) -> Cases:
    """Put `count` faults of a kind into days of their own, every third day at most, pollutants in turn or `item`."""
    random = np.random.default_rng(seed)
    days, devices = fleet.shape
    made = _copy(fleet)
    items = [item] if item else [name for name in fleet.values if name not in BESIDE]
    truth: list[At] = []
    for number, day in enumerate(random.permutation(np.arange(47, days - 1, 3))[:count]):
        s, name = int(random.integers(devices)), items[number % len(items)]
        begin = _midnight(fleet, day)
        part = wide.filter(
            pl.col("time").is_between(begin - timedelta(days=3), begin + timedelta(days=1), closed="left")
        )
        if kind != "copied_neighbour":
            part = part.filter(pl.col("device") == fleet.devices[s])
        sizes = {"lag_days": int(random.integers(1, 3))} if kind == "copied_day" else {}
        done = inject(part, kind, item=name, start=begin, end=begin + timedelta(days=1), seed=seed + number,
                      place=fleet.devices[s], **sizes)  # fmt: skip
        if int(done.changed.sum()) < 4:
            continue  # the fault changed next to nothing: still air, or a day that was missing anyhow
        truth.append((int(day), int(day), s))
        inside = (done.frame["device"] == fleet.devices[s]) & (done.frame["time"] >= begin)
        rows, struck = done.frame.filter(inside), done.truth.filter(inside).to_numpy()
        at = rows["time"].dt.convert_time_zone(str(TIMEZONE)).dt.hour().to_numpy()
        for each, values in made.values.items():
            values[day, s] = np.nan
            values[day, s, at] = rows[each].fill_null(float("nan")).to_numpy()
        if kind == "calibration_abuse" and made.marks is not None:
            made.marks[day, s, at[struck]] = "C"
        _follow(made, day, s)
    return Cases(made, truth)


def _follow(made: Fleet, day: int, s: int) -> None:
    """What the analyser computes of what it is given: the converted value and the hour's total."""
    if made.converted:
        nox, oxygen, flow = (made.values[name][day, s] for name in ("nox", OXYGEN, FLOW))
        made.converted["nox"][day, s] = np.round(nox * REFERENCE / (21.0 - oxygen), 1)
        made.totals["nox"][day, s] = np.round(nox * flow * 1e-9, 4)


def lasting(fleet: Fleet, kind: str, days: int, seed: int, **sizes: float) -> Cases:
    """Faults that last: the worst fifth of so many days hidden (`gap_when_bad`), or a factor turned for them
    (`scaled`). They begin on any day of the week, and count as found by an alarm up to the Sunday after.
    """
    random = np.random.default_rng(seed)
    made, truth = _copy(fleet), list[At]()
    for name, devices in _lanes(fleet):
        day = 100 + int(random.integers(APART))
        while day + days + 7 < fleet.shape[0]:
            s = int(random.choice(devices))
            part = fleet.values[name][day : day + days, s].ravel()
            if np.isnan(part).mean() < 0.3:
                times = pl.datetime_range(
                    at := _midnight(fleet, day), at + timedelta(hours=len(part) - 1), "1h", eager=True
                ).alias("time")
                frame = pl.DataFrame({"time": times, name: part}).with_columns(pl.col(name).fill_nan(None))
                done = inject(frame, kind, item=name, start=at, end=at + timedelta(days=days), seed=seed + day, **sizes)
                made.values[name][day : day + days, s] = (
                    done.frame[name].fill_null(float("nan")).to_numpy().reshape(days, 24)
                )
                for each in range(day, day + days):
                    _follow(made, each, s)
                last = day + days - 1
                truth.append((day, last + (6 - fleet.day(last).weekday()) % 7, s))
            day += days + APART + int(random.integers(7))
    return Cases(made, truth)


def _lanes(fleet: Fleet) -> Iterator[tuple[str, list[int]]]:
    """What is spoiled one after the other: with peers one device of an item at a time, else each device for itself."""
    for name in fleet.values:
        if name in BESIDE:
            continue
        everybody = list(range(fleet.shape[1]))
        yield from [(name, everybody)] if fleet.peers else [(name, [s]) for s in everybody]


def tampered(fleet: Fleet, kind: str, seed: int, count: int) -> Cases:
    """Faults that are not of one series: a conversion or a total changed, production that is not reported, data while
    stopped.
    """
    random = np.random.default_rng(seed)
    days, devices = fleet.shape
    made, truth = _copy(fleet), list[At]()
    assert made.marks is not None
    for day in random.permutation(np.arange(40, days - 1, 3))[:count]:
        s = int(random.integers(devices))
        if np.isnan(made.values["nox"][day, s]).sum() > 6:
            continue
        truth.append((int(day), int(day), s))
        some = slice(0, int(random.integers(6, 20)))
        if kind == "conversion":
            made.converted["nox"][day, s] *= random.choice([0.8, 0.9, 0.95])
        elif kind == "total":
            made.totals["nox"][day, s] *= random.choice([0.8, 0.9, 0.95])
        elif kind == "power":
            made.marks[day, s, some], made.values["nox"][day, s, some] = "F", np.nan
        else:
            made.marks[day, s, some] = "F"
    return Cases(made, truth)


def minute_faults(minutes: pl.DataFrame, wide: pl.DataFrame, fleet: Fleet, kind: str, seed: int, count: int) -> Cases:
    """Days whose minutes are spoiled while their hours stay; `hours`: hours 5 to 20 % lower than their minutes."""
    assert fleet.minutes is not None
    random = np.random.default_rng(seed)
    chosen = random.permutation(np.arange(47, fleet.shape[0] - 1, 3))[:count]
    made, parts, truth = _copy(fleet), [], list[At]()
    reported = wide
    for number, day in enumerate(chosen):
        s = int(random.integers(fleet.shape[1]))
        begin = _midnight(fleet, day)
        inside = (pl.col("device") == fleet.devices[s]) & pl.col("time").is_between(
            begin, begin + timedelta(days=1), closed="left"
        )
        part = minutes.filter(inside)
        if part.height < 100:
            continue
        truth.append((int(day), int(day), s))
        if kind == "hours":
            factor = float(random.choice([0.8, 0.9, 0.95]))
            made.values["nox"][day, s] *= factor
            _follow(made, int(day), s)
            reported = reported.with_columns(pl.when(inside).then(pl.col("nox") * factor).otherwise("nox").alias("nox"))
            parts.append(part)
        else:
            end = begin + timedelta(days=1)
            parts.append(inject(part, kind, item="nox", start=begin, end=end, seed=seed + number).frame)
    rows = said(pl.concat(parts), reported)
    clean = fleet.minutes.frame.join(rows, on=["device", "item", "day"], how="anti")
    return Cases(replace(made, minutes=Minutes(pl.concat([clean, rows]), fleet.minutes.steps)), truth)


def _copy(fleet: Fleet) -> Fleet:
    """The same with arrays of its own."""
    values, converted, totals = (
        {item: array.copy() for item, array in part.items()} for part in (fleet.values, fleet.converted, fleet.totals)
    )
    marks = None if fleet.marks is None else fleet.marks.copy()
    return replace(fleet, values=values, converted=converted, totals=totals, marks=marks)


def _midnight(fleet: Fleet, day: int) -> datetime:
    return datetime.combine(fleet.day(day), datetime.min.time(), tzinfo=TIMEZONE).astimezone(UTC)
