"""Alarms about devices: silent for longer than they should be, and packets that are of none of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts
from lantian.observations.alerts import Alert
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.tables import state, stranger

ACTOR = "gateway"
PATIENCE = timedelta(minutes=10)
"""No device is called silent earlier."""
STRANGER_ENDS = timedelta(days=1)
_EVERYWHERE = ((None, None),)
_MOST = 50
_REASONS: Mapping[str, tuple[str, str]] = {
    "mn": ("MN 未登记", "its MN is not registered"),
    "pw": ("密码错误", "its password is wrong"),
    "key": ("密文无法解开：密钥或加密方式与登记不符", "its data cannot be deciphered: other key or options"),
    "st": ("系统编码不符", "its ST is not that of the register"),
    "over": ("不在登记的有效期内", "it is not in use by the register"),
}


def reason_words(reason: str) -> tuple[str, str]:
    """Why packets were refused, in Chinese and English."""
    return _REASONS.get(reason, (reason, reason))


def patience(device: Device) -> timedelta:
    """How long a device may be silent: three of its intervals, ten minutes at least."""
    return max(PATIENCE, timedelta(seconds=3 * device.every))


def silent(devices: Iterable[Device], heard: Mapping[str, datetime], now: datetime) -> list[Alert]:
    """Alerts of devices that should have been heard by now; pure."""
    found = []
    for one in devices:
        since = max(heard.get(one.mn, one.since), one.since)
        if not one.counts_at(now) or now - since <= patience(one):
            continue
        minutes = int((now - since).total_seconds() // 60)
        when = since.astimezone(TIMEZONE).strftime("%Y-%m-%d %H:%M")
        zh = f"自 {when} 起无数据，已 {minutes} 分钟（应每 {one.every} 秒上报）"
        en = f"silent since {when}, {minutes} minutes (one packet every {one.every} s expected)"
        if one.mn not in heard:
            zh, en = f"自 {when} 登记后从未上报", f"never heard since it was registered at {when}"
        found.append(
            Alert(
                kind="silent",
                subject=one.mn,
                key=since.isoformat(timespec="minutes"),
                name=one.name,
                region=one.region,
                at=since,
                zh=f"{one.name}{zh}",
                en=f"{one.name}: {en}",
                department=one.department,
                figures={"minutes": minutes, "every": one.every},
                link=f"/devices/{one.mn}",
                lon=one.lon,
                lat=one.lat,
                example=one.example,
            )
        )
    return found


def look(platform: Platform, now: datetime) -> tuple[int, int]:
    """Raise and end alerts of silence and of strangers; how many were raised, and ended."""
    engine = platform.engine
    devices = Register(platform).devices()
    with engine.connect() as connection:
        heard = {row.mn: row.heard_at for row in connection.execute(sa.select(state.c.mn, state.c.heard_at))}
    quiet = silent(devices, heard, now)
    lasting = {
        one.alert.subject
        for one in alerts.listed(engine, _EVERYWHERE, as_of=now, kind="silent", most=100_000)
        if one.ended_at is None
    }
    raised = len(alerts.raised(engine, [one for one in quiet if one.subject not in lasting], now, ACTOR))
    over = sorted(lasting - {one.subject for one in quiet})
    ended = alerts.end(engine, "silent", over, now, ACTOR) if over else 0
    more, gone = _strangers(platform, {one.mn: one for one in devices}, now)
    return raised + more, ended + gone


def _strangers(platform: Platform, devices: Mapping[str, Device], now: datetime) -> tuple[int, int]:
    engine = platform.engine
    recent = sa.select(stranger).where(stranger.c.last_at > now - STRANGER_ENDS, stranger.c.last_at <= now)
    with engine.connect() as connection:
        rows = connection.execute(recent.order_by(stranger.c.times.desc()).limit(500)).mappings().all()
    found: dict[str, Alert] = {}
    for row in rows:
        one = _knock(row, devices)
        if one.subject not in found and len(found) < _MOST:
            found[one.subject] = one
    lasting = {
        one.alert.subject
        for one in alerts.listed(engine, _EVERYWHERE, as_of=now, kind="stranger", most=100_000)
        if one.ended_at is None
    }
    raised = alerts.raised(engine, [one for name, one in found.items() if name not in lasting], now, ACTOR)
    over = sorted(lasting - found.keys())
    return len(raised), alerts.end(engine, "stranger", over, now, ACTOR) if over else 0


def _knock(row: sa.RowMapping, devices: Mapping[str, Device]) -> Alert:
    """One alert a device of ours that is refused, or an address that sends unknown MNs."""
    device = devices.get(row["mn"])
    zh, en = reason_words(row["reason"])
    name = device.name if device else (row["mn"] or row["address"])
    region = device.region if device else _city(devices)
    return Alert(
        kind="stranger",
        subject=row["mn"] if device else f"address {row['address']}",
        key=row["first_at"].astimezone(TIMEZONE).strftime("%Y-%m-%d") + " " + row["reason"],
        name=name,
        region=region,
        at=row["first_at"],
        zh=f"来自 {row['address']} 的 MN {row['mn'] or '（空）'} 被拒收 {row['times']} 次：{zh}",
        en=f"MN {row['mn'] or '(none)'} from {row['address']} was refused {row['times']} times: {en}",
        department=device.department if device else "ecology",
        figures={"times": row["times"], "reason": row["reason"], "address": row["address"]},
        link="/devices#strangers",
        example=device.example if device else any(one.example for one in devices.values()),
    )


def _city(devices: Mapping[str, Device]) -> str:
    """Where a stranger is nobody knows: the alert is the city's that the register speaks of."""
    region = min((one.region for one in devices.values()), default="000000")
    return f"{region[:2]}0000" if region[:2] in ("11", "12", "31", "50") else f"{region[:4]}00"
