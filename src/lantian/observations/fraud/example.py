"""The example's plants 示例: two months of hours of its three stacks by formula; two of them cheat on some days.

Called after the example's devices and feeds are in: their electricity is the feed's. The real stations' data stay
untouched; their thresholds are learned from eight months of their own hours, and their last two weeks are scored like
everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import TIMEZONE
from lantian.observations.faults import inject
from lantian.observations.fraud.days import FLOW, OXYGEN
from lantian.observations.fraud.service import Fraud
from lantian.observations.gateway.example_fleet import DAYS as OWN
from lantian.observations.gateway.example_fleet import FLEET, Member, values
from lantian.observations.gateway.register import Register
from lantian.observations.telemetry.store import TelemetryStore

DAYS = 50
"""Days of hours before the devices' own three."""

MINUTES = 32
"""Days of minutes before them."""

SCORED = 14
REFERENCE = 6.0
SOURCE = "example:fraud"
FACTOR = 0.85
"""What a turned factor makes of a value."""

CHEATS: tuple[tuple[int, int, str, str, Mapping[str, Any]], ...] = (
    (1, 4, "stuck", "so2", {}),
    (1, 6, "calibration_abuse", "nox", {}),
    (1, 9, "zeroed", FLOW, {}),
    (1, 11, "total", "nox", {}),
    (2, 5, "oxygen_dilution", "nox", {"air": 0.3, "also": ("so2", "a34013")}),
    (2, 8, "copied_day", "nox", {"lag_days": 1}),
    (2, 10, "stopped", "", {}),
    (2, 12, "hours", "so2", {}),
)
"""Which stack, how many days before the end, what it does to which item: a fault, or one of ours: `total` (totals are
reported too low), `stopped` (marked F until 14 h while production runs), `hours` (hours lower than their minutes)."""


def install(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> int:
    """Put the hours in where ``[measuring] devices`` asks for it, learn and score; the number of device-days scored.

    0 where it was done before, or the example has no stacks.
    """
    until = datetime.fromisoformat(str(config.get("until", "2016-12-16T20:00"))).replace(tzinfo=TIMEZONE)
    there = {one.mn for one in Register(platform).devices(kind="cems") if one.example}
    members = [one for one in FLEET if one.mn in there]
    stacks = [one.mn for one in members]
    fraud, today = Fraud(platform), until.date()
    if not config.get("devices") or not stacks or fraud.versions(platform.clock.now(), most=1):
        return 0
    progress.stage("示例弄虚作假筛查 fraud")
    end = until - timedelta(days=OWN)
    told = [told_by(one, number, end) for number, one in enumerate(members)]
    true, minutes = (pl.concat([each[part] for each in told]) for part in (0, 1))
    cheats = [cheat for cheat in CHEATS if cheat[0] < len(stacks)]
    frame = true
    for number, days, kind, item, sizes in cheats:
        start, stop = _day(today, days)
        if kind == "stopped":
            frame = _stopped(frame, _of(stacks[number], start, start + timedelta(hours=14)))
        elif kind not in ("total", "hours"):
            frame = inject(
                frame, kind, item=item, start=start, end=stop, seed=2016 + days, place=stacks[number], **sizes
            ).frame
    minutes = _following(minutes, frame, true)
    turned = {
        kind: pl.any_horizontal(
            pl.lit(value=False),
            *(
                _of(stacks[n], *_day(today, days)) & (pl.col("item") == item)
                for n, days, k, item, _ in cheats
                if k == kind
            ),
        )
        for kind in ("total", "hours")
    }
    frame = frame.with_columns(
        pl.when(turned["hours"]).then(pl.col("value") * FACTOR).otherwise("value").alias("value")
    )
    frame = _computed(frame)
    frame = frame.with_columns(
        pl.when(turned["total"]).then(pl.col("total") * FACTOR).otherwise("total").alias("total")
    )
    store = TelemetryStore(platform)
    store.append(frame.select(*_COLUMNS), SOURCE)
    store.append(minutes.select(*_COLUMNS), SOURCE)
    last = today - timedelta(days=1)
    learned_to = today - timedelta(days=SCORED + 1)
    for kind, first in (("cems", end.date() - timedelta(days=DAYS - 1)), ("state", today - timedelta(days=240))):
        _learn(fraud, kind, first, learned_to, actor)
    return fraud.score(today - timedelta(days=SCORED), last, actor)


def _learn(fraud: Fraud, kind: str, first: date, last: date, actor: str) -> None:
    """Thresholds of a kind; where there is too little to learn from, there are none."""
    try:
        fraud.learn(kind, first, last, actor)
    except ValueError:
        return


_COLUMNS = ("device", "resolution", "item", "time", "value", "converted", "total", "flag", "qn", "known_at")
_TAKEN = {
    "a21026": ("so2", 1000, -2),
    "a21002": ("nox", 1000, -2),
    "a34013": ("a34013", 1, 1),
    OXYGEN: (OXYGEN, 1, 1),
    FLOW: (FLOW, 1, 0),
}
"""Code -> item, factor into the platform's unit, decimals that are left."""

_POLLUTANTS = ("so2", "nox", "a34013")


def told_by(one: Member, number: int, end: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Invented hours of a stack before `end`, by the formula of its own three days, an hour of calibration a day; and
    the minutes of the last of them.
    """
    steps, a_hour = DAYS * 86_400 // one.every, 3600 // one.every
    said = values(one, {}, steps, np.random.default_rng(616 + number))
    hours, minutes = [], []
    for code, (item, factor, digits) in _TAKEN.items():
        fine = np.round(said[code] * factor, digits)
        means = np.round(fine.reshape(DAYS * 24, -1).mean(axis=1), digits)
        hours.append(_series(one, item, "hour", means, end, timedelta(hours=1)))
        if item in _POLLUTANTS:
            last = fine[-MINUTES * 24 * a_hour :]
            minutes.append(_series(one, item, "minute", last, end, timedelta(seconds=one.every)))
    calibrated = pl.when(pl.col("time").dt.hour() == 3 * number + 1).then(pl.lit("C")).otherwise(pl.lit("N"))
    return pl.concat(hours).with_columns(calibrated.alias("flag")), pl.concat(minutes)


def _series(
    one: Member, item: str, resolution: str, said: np.ndarray, end: datetime, period: timedelta
) -> pl.DataFrame:
    times = pl.datetime_range(end - len(said) * period, end, period, closed="left", eager=True).alias("time")
    return pl.DataFrame({"time": times.dt.convert_time_zone("UTC"), "value": said}).with_columns(
        pl.lit(one.mn).alias("device"),
        pl.lit(resolution).alias("resolution"),
        pl.lit(item).alias("item"),
        pl.lit("N").alias("flag"),
        pl.lit(None, pl.Float64).alias("converted"),
        pl.lit(None, pl.Float64).alias("total"),
        pl.lit(None, pl.String).alias("qn"),
        (pl.col("time") + period).alias("known_at"),
    )


def _day(today: date, days: int) -> tuple[datetime, datetime]:
    start = datetime.combine(today - timedelta(days=days), datetime.min.time(), TIMEZONE).astimezone(UTC)
    return start, start + timedelta(days=1)


def _of(device: str, start: datetime, stop: datetime) -> pl.Expr:
    return (pl.col("device") == device) & pl.col("time").is_between(start, stop, closed="left")


def _stopped(frame: pl.DataFrame, hours: pl.Expr) -> pl.DataFrame:
    """Hours marked stopped: nothing comes out, the analyser sees air."""
    seen = pl.when(pl.col("item") == OXYGEN).then(20.9).otherwise(0.0)
    return frame.with_columns(
        pl.when(hours).then(seen).otherwise("value").alias("value"),
        pl.when(hours).then(pl.lit("F")).otherwise("flag").alias("flag"),
    )


def _following(minutes: pl.DataFrame, frame: pl.DataFrame, true: pl.DataFrame) -> pl.DataFrame:
    """Minutes as they would come with the hours as they are told: each moved as its hour was."""
    key = ["device", "item", "time"]
    moved = frame.select(*key, "flag", "value").join(true.select(*key, was="value"), on=key)
    moved = moved.select("device", "item", "flag", hour="time", ratio=pl.col("value") / pl.col("was"))
    both = minutes.drop("flag").with_columns(hour=pl.col("time").dt.truncate("1h"))
    digits = pl.when(pl.col("item") == "a34013").then(pl.lit(0.1)).otherwise(pl.lit(100.0))
    return both.join(moved, on=["device", "item", "hour"], how="left").with_columns(
        value=pl.when(pl.col("ratio") == 1)
        .then("value")
        .otherwise((pl.col("value") * pl.col("ratio") / digits).round() * digits)
    )


def _computed(frame: pl.DataFrame) -> pl.DataFrame:
    """What the analyser computes of what it is given: values at 6 % oxygen, the last digit of each item kept, and the
    kilograms of the hour.
    """
    key = ["device", "time"]
    beside = [
        frame.filter(pl.col("item") == item).select(*key, pl.col("value").alias(name))
        for item, name in ((OXYGEN, "oxygen"), (FLOW, "flow"))
    ]
    whole = frame
    for part in beside:
        whole = whole.join(part, on=key, how="left", maintain_order="left")
    soot = pl.col("item") == "a34013"
    step = pl.when(soot).then(0.1).otherwise(100.0)
    converted = (pl.col("value") * (21 - REFERENCE) / (21 - pl.col("oxygen")) / step).round() * step
    total = (pl.col("value") * pl.col("flow") * pl.when(soot).then(1e-6).otherwise(1e-9)).round(3)
    of_pollutants = pl.col("item").is_in(_POLLUTANTS)
    return whole.with_columns(
        converted=pl.when(of_pollutants).then(converted),
        total=pl.when(of_pollutants).then(total).when(pl.col("item") == FLOW).then("flow"),
    )
