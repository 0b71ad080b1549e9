"""Putting the example's fleet 示例 into a platform: three days of packets, through codec, journal and shelving."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import TIMEZONE
from lantian.observations.gateway import watch
from lantian.observations.gateway.example_fleet import (
    DAYS,
    FLEET,
    SILENT_FROM,
    Member,
    Series,
    devices,
    uploads,
    values,
)
from lantian.observations.gateway.journal import KEPT, SUFFIX, pack
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.shelving import Shelver, folder_of
from lantian.observations.gateway.tables import command, gap, state, stranger
from lantian.observations.store import ObservationStore

_ITEMS = {
    "pm25": 120.0,
    "pm10": 160.0,
    "so2": 12.0,
    "no2": 70.0,
    "co": 2.0,
    "o3": 12.0,
    "temperature": 0.0,
    "dew_point": -8.0,
    "pressure": 1024.0,
    "wind_speed": 1.2,
    "wind_direction": 200.0,
}
"""What the fleet follows, and a value where a station said nothing at all."""
_ADDRESS = "192.0.2."
_GONE = timedelta(hours=15), timedelta(hours=14, minutes=20)
_LATE = timedelta(hours=42), timedelta(hours=40)


def install(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> int:
    """Put the fleet in where ``[measuring] devices`` asks for it; the number of packets, 0 where it is there already.

    ``until`` in the same table says when it ends (Beijing, default 2016-12-16T20:00).
    """
    until = datetime.fromisoformat(str(config.get("until", "2016-12-16T20:00"))).replace(tzinfo=TIMEZONE)
    with platform.engine.connect() as connection:
        there = connection.scalar(sa.select(sa.exists().where(state.c.mn == FLEET[-1].mn)))
    if not config.get("devices") or there:
        return 0
    progress.stage("示例设备 devices")
    Register(platform).put(devices(until), actor, "示例 devices")
    packets = _packets(platform, until)
    folder = folder_of(platform)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    records = [
        pack(int(at.timestamp() * 1e6), KEPT, address.encode(), raw)
        for _, at, address, raw in sorted(packets, key=lambda one: one[1])
    ]
    (folder / f"example{SUFFIX}").write_bytes(b"".join(records))
    Shelver(platform).run()
    _around(platform, packets, until, actor)
    watch.look(platform, until)
    progress.advance(message=f"{len(packets)}")
    return len(packets)


def _packets(platform: Platform, until: datetime) -> list[tuple[Member, datetime, str, bytes]]:
    begin = until - timedelta(days=DAYS)
    hours = _stations(platform, begin, until)
    found = []
    for number, one in enumerate(FLEET):
        rng = np.random.default_rng(2016 + number)
        steps = DAYS * 86_400 // one.every
        at = np.arange(steps) * one.every / 3600.0
        said = values(one, _along(hours.get(one.station, {}), at), steps, rng)
        address = f"{_ADDRESS}{10 + number}"
        for moment, raw in uploads(one, said, begin, rng):
            if (when := _arrives(one, moment, until)) is not None and when <= until:
                found.append((one, when, address, raw))
    return found


def _arrives(one: Member, moment: datetime, until: datetime) -> datetime | None:
    """When a packet comes: one monitor falls silent, one lost forty minutes, one sent two hours late."""
    before = until - moment
    if one.serial == "D006" and before < SILENT_FROM:
        return None
    if one.serial == "D004" and _GONE[1] <= before < _GONE[0]:
        return None
    if one.serial == "D003" and _LATE[1] <= before < _LATE[0]:
        return moment + timedelta(hours=5)
    return moment


def _stations(platform: Platform, begin: datetime, until: datetime) -> dict[str, dict[str, Series]]:
    """Hours of the stations that the fleet follows, gaps bridged."""
    names = sorted({one.station for one in FLEET})
    grid = pl.DataFrame({"time": pl.datetime_range(begin, until, "1h", eager=True, time_zone="UTC")})
    rows = ObservationStore(platform).hourly(names, begin, until + timedelta(hours=1), list(_ITEMS)).collect()
    found = {}
    for name in names:
        own = grid.join(rows.filter(pl.col("place") == name), on="time", how="left", maintain_order="left")
        bridged = own.select(
            pl.col(item).interpolate().forward_fill().backward_fill().fill_null(value) for item, value in _ITEMS.items()
        )
        found[name] = {item: bridged[item].to_numpy().astype(float) for item in _ITEMS}
    return found


def _along(hours: Mapping[str, Series], at: Series) -> dict[str, Series]:
    return {
        item: np.interp(at, np.arange(len(hours[item])), hours[item]) if item in hours else np.full(len(at), value)
        for item, value in _ITEMS.items()
    }


def _around(
    platform: Platform, packets: list[tuple[Member, datetime, str, bytes]], until: datetime, actor: str
) -> None:
    """What the gateway knows besides: states, strangers, a gap that the device has no data for, two commands."""
    states: dict[str, dict[str, Any]] = {}
    for one, at, address, _ in packets:
        row = states.setdefault(one.mn, {"mn": one.mn, "address": address, "packets": 0, "heard_at": at})
        row["packets"] += 1
        row["heard_at"] = max(row["heard_at"], at)
    fixed = {"cn": "2051", "faults": 0, "told_at": None}
    for row in states.values():
        silent = until - row["heard_at"] > timedelta(hours=1)
        row |= fixed | {"connected_at": None if silent else until - timedelta(days=DAYS), "clock_off": 0.8}
    slow, idle = FLEET[4].mn, FLEET[6].mn
    states[slow] |= {"clock_off": -312.0, "told_at": until - timedelta(minutes=40)}
    lost = {"mn": FLEET[3].mn, "cn": "2051", "start": until - _GONE[0], "end": until - _GONE[1]}
    lost |= {"found_at": until - _GONE[1], "asked_at": until - _GONE[1], "times": 1, "result": "none"}
    with platform.engine.begin() as connection:
        connection.execute(gap.insert(), [lost])
        connection.execute(stranger.insert(), _strangers(until))
    asked = [
        _command(slow, "1011", "", until - timedelta(minutes=42), 1, "SystemTime=20161216191248"),
        _command(idle, "3011", "PolId=a21026", until - timedelta(hours=11), 1, ""),
        _command(idle, "1061", "", until - timedelta(hours=12), 1, "RtdInterval=30"),
    ]
    with audit.act(platform.engine, actor, "示例 commands") as connection:
        connection.execute(command.insert(), asked)
    with platform.engine.begin() as connection:  # last: it says that all is there
        connection.execute(state.insert(), [states[one.mn] for one in FLEET])


def _command(mn: str, cn: str, cp: str, at: datetime, exe_rtn: int, answer: str) -> dict[str, Any]:
    return {
        "mn": mn,
        "cn": cn,
        "cp": cp,
        "asked_by": "示例",
        "asked_at": at,
        "expires_at": at + timedelta(hours=1),
        "state": "done",
        "qn": None,
        "sent_at": at,
        "qn_rtn": 1,
        "exe_rtn": exe_rtn,
        "answer": answer,
        "ended_at": at + timedelta(seconds=4),
    }


def _strangers(until: datetime) -> list[dict[str, Any]]:
    def knock(mn: str, reason: str, address: str, hours: float, times: int) -> dict[str, Any]:
        sample = f"##0256QN=20161216150000000;ST=39;CN=2011;PW=******;MN={mn};Flag=5;CP=&&DataTime=20161216150000;…"
        first, last = until - timedelta(hours=hours), until - timedelta(minutes=9)
        fixed = {"mn": mn, "reason": reason, "address": address, "st": "39", "times": times, "sample": sample}
        return fixed | {"first_at": first, "last_at": last}

    return [
        knock("88888880000001", "mn", "203.0.113.24", 5.9, 341),
        knock(FLEET[1].mn, "pw", "198.51.100.7", 3.2, 12),
    ]
