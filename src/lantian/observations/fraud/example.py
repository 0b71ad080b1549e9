"""The example's plants 示例: two months of hours of its three stacks by formula; two of them cheat on some days.

Called after the example's devices are in. The real stations' data stay untouched; their thresholds are learned from
eight months of their own hours, and their last two weeks are scored like everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import TIMEZONE
from lantian.observations.faults import inject
from lantian.observations.fraud.days import OXYGEN
from lantian.observations.fraud.service import Fraud
from lantian.observations.gateway.example_fleet import DAYS as OWN
from lantian.observations.gateway.example_fleet import FLEET, Member, values
from lantian.observations.gateway.register import Register
from lantian.observations.telemetry.store import TelemetryStore

DAYS = 75
"""Days of hours before the devices' own three."""

SCORED = 14
REFERENCE = 6.0
SOURCE = "example:fraud"

CHEATS: tuple[tuple[int, int, str, str, Mapping[str, Any]], ...] = (
    (1, 4, "stuck", "so2", {}),
    (1, 6, "calibration_abuse", "nox", {}),
    (2, 5, "oxygen_dilution", "nox", {"air": 0.3, "also": ("so2", "a34013")}),
    (2, 8, "copied_day", "nox", {"lag_days": 1}),
)
"""Which stack, how many days before the end, what it does to which item."""


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
    frame = pl.concat([hours(one, number, end) for number, one in enumerate(members)])
    for number, days, kind, item, sizes in CHEATS:
        if number < len(stacks):
            start = datetime.combine(today - timedelta(days=days), datetime.min.time(), TIMEZONE)
            stop = start + timedelta(days=1)
            frame = inject(
                frame, kind, item=item, start=start, end=stop, seed=2016 + days, place=stacks[number], **sizes
            ).frame
    frame = _converted(frame)
    TelemetryStore(platform).append(frame.select(*_COLUMNS), SOURCE)
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


_COLUMNS = ("device", "resolution", "item", "time", "value", "converted", "flag", "qn", "known_at")
_TAKEN = {"a21026": ("so2", 1000, -2), "a21002": ("nox", 1000, -2), "a34013": ("a34013", 1, 1), OXYGEN: (OXYGEN, 1, 1)}
"""Code -> item, factor into the platform's unit, decimals that are left."""


def hours(one: Member, number: int, end: datetime) -> pl.DataFrame:
    """Invented hours of a stack before `end`, by the formula of its own three days; an hour of calibration a day."""
    steps = DAYS * 86_400 // one.every
    said = values(one, {}, steps, np.random.default_rng(616 + number))
    times = [end - timedelta(hours=DAYS * 24 - k) for k in range(DAYS * 24)]
    parts = []
    for code, (item, factor, digits) in _TAKEN.items():
        means = said[code].reshape(DAYS * 24, -1).mean(axis=1) * factor
        parts.append(
            pl.DataFrame(
                {"time": times, "value": np.round(means, digits)}, schema_overrides={"time": pl.Datetime("us", "UTC")}
            ).with_columns(
                pl.lit(one.mn).alias("device"),
                pl.lit("hour").alias("resolution"),
                pl.lit(item).alias("item"),
                pl.when(pl.col("time").dt.hour() == 3 * number + 1)
                .then(pl.lit("C"))
                .otherwise(pl.lit("N"))
                .alias("flag"),
                pl.lit(None, pl.String).alias("qn"),
                (pl.col("time") + pl.duration(hours=1)).alias("known_at"),
            )
        )
    return pl.concat(parts)


def _converted(frame: pl.DataFrame) -> pl.DataFrame:
    """What the analyser converts of what it is given: at 6 % oxygen, the last digit of each item kept."""
    oxygen = frame.filter(pl.col("item") == OXYGEN).select("device", "time", pl.col("value").alias("oxygen"))
    whole = frame.join(oxygen, on=["device", "time"], how="left", maintain_order="left")
    step = pl.when(pl.col("item") == "a34013").then(0.1).otherwise(100.0)
    value = pl.col("value") * (21 - REFERENCE) / (21 - pl.col("oxygen"))
    rounded = (value / step).round() * step
    return whole.with_columns(pl.when(pl.col("item") != OXYGEN).then(rounded).alias("converted")).drop("oxygen")
