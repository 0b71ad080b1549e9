"""How the devices stand at a moment: for pages, the interface and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import polars as pl
import sqlalchemy as sa

from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.packets import last_heard
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.tables import state
from lantian.observations.gateway.watch import patience
from lantian.observations.telemetry import TelemetryStore

State = Literal["online", "silent", "never", "over"]
STRAYS = 120.0
"""Seconds by which a clock may be off without a word."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A device and how it stands.

    `state`: online 在线, silent 失联, never 未上报, over 停用. `heard_at`: its last packet by then; `coverage`: share
    of the averages due that are there, for each hour of the day from 0 to now; `share`: of the day so far.
    """

    device: Device
    state: State
    heard_at: datetime | None
    connected_at: datetime | None = None
    address: str = ""
    cn: str = ""
    packets: int = 0
    faults: int = 0
    clock_off: float | None = None
    coverage: tuple[float, ...] = ()

    @property
    def share(self) -> float | None:
        """Share of the day's averages, None before any was due."""
        return sum(self.coverage) / len(self.coverage) if self.coverage else None

    @property
    def strays(self) -> bool:
        """Whether its clock is further off than it may be."""
        return self.clock_off is not None and abs(self.clock_off) > STRAYS


def standings(
    platform: Platform, now: datetime, *, mns: Sequence[str] | None = None, coverage: bool = True
) -> list[Standing]:
    """How each device stands at `now`, by MN; `mns`: only these."""
    devices = [one for one in Register(platform).devices() if mns is None or one.mn in mns]
    with platform.engine.connect() as connection:
        rows = {row["mn"]: row for row in connection.execute(sa.select(state)).mappings()}
    early = any(row["heard_at"] > now for row in rows.values())  # the clock was set back: ask the log
    heard = last_heard(platform.engine, platform, now) if early else {mn: row["heard_at"] for mn, row in rows.items()}
    shares = covered(platform, devices, now) if coverage else {}
    return [_standing(one, rows.get(one.mn), heard.get(one.mn), shares.get(one.mn, ()), now) for one in devices]


def covered(platform: Platform, devices: Iterable[Device], now: datetime) -> dict[str, tuple[float, ...]]:
    """For each hour of the present day in Beijing, the share of averages that are there; the hour that runs counts as
    far as it was due two intervals ago.
    """
    devices = list(devices)
    local = now.astimezone(TIMEZONE)
    begin = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    found: dict[str, dict[int, int]] = {}
    store = TelemetryStore(platform)
    for resolution, some in _by_resolution(devices).items():
        rows = (
            store.statements([one.mn for one in some], begin, now, resolution=resolution, as_of=now)
            .select("device", "time")
            .unique()
            .group_by("device", ((pl.col("time") - pl.lit(begin)).dt.total_hours()).alias("hour"))
            .len()
            .collect()
        )
        for mn, hour, count in rows.iter_rows():
            found.setdefault(mn, {})[int(hour)] = count
    return {one.mn: tuple(_hours(one, found.get(one.mn, {}), (now - begin))) for one in devices}


def _by_resolution(devices: Iterable[Device]) -> dict[str, list[Device]]:
    split: dict[str, list[Device]] = {}
    for one in devices:
        split.setdefault("hour" if one.every >= 3600 else "minute", []).append(one)
    return split


def _hours(one: Device, counts: Mapping[int, int], passed: timedelta) -> Iterable[float]:
    step = timedelta(seconds=one.every)
    for hour in range(24):
        begin, end = timedelta(hours=hour), timedelta(hours=hour + 1)
        due = max(0, (min(end, passed - 2 * step) - begin) // step) if one.every < 3600 else int(passed >= end + step)
        if due < 1:
            return
        yield min(1.0, counts.get(hour, 0) / due)


def _standing(
    one: Device, row: sa.RowMapping | None, heard_at: datetime | None, coverage: tuple[float, ...], now: datetime
) -> Standing:
    if heard_at is not None and heard_at > now:
        heard_at = None
    word: State
    if not one.counts_at(now):
        word = "over"
    elif heard_at is None:
        word = "never"
    else:
        word = "online" if now - heard_at <= patience(one) else "silent"
    known: dict[str, object] = {str(name): value for name, value in row.items()} if row else {}
    names = ("connected_at", "address", "cn", "packets", "faults", "clock_off")
    return Standing(one, word, heard_at, coverage=coverage, **{name: known[name] for name in names if name in known})  # type: ignore[arg-type]
