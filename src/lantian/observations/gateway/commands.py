"""Commands that people send to devices: which there are, asked for, listed; every one is audited."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway import answers
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.offers import COVER, PLACES, Offer
from lantian.observations.gateway.register import CHANNEL, Register
from lantian.observations.gateway.tables import command
from lantian.observations.hj212 import COMMANDS, CommandError, Link, encode
from lantian.observations.hj212.fields import read_cp

OFFERED = tuple(cn for cn, one in COMMANDS.items() if one.request is not None and not cn.startswith("9"))
"""Every command of the standard that a platform may send."""
LIFE = timedelta(hours=1)
"""How long a command waits for its device to connect."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it stands; `state` as in the table `device_command`."""

    id: int
    mn: str
    cn: str
    cp: str
    asked_by: str
    asked_at: datetime
    state: str
    sent_at: datetime | None
    qn_rtn: int | None
    exe_rtn: int | None
    answer: str
    ended_at: datetime | None

    def said(self, language: str) -> str:
        """What the device answered, in words."""
        parts = (answers.meaning("QnRtn", self.qn_rtn, language), answers.meaning("ExeRtn", self.exe_rtn, language))
        return " → ".join(part for part in parts if part)


def ask(platform: Platform, device: Device, cn: str, fields: Mapping[str, str], actor: str, now: datetime) -> int:
    """Ask for a command; the gateway sends it when the device is connected, within an hour. Its number.

    `fields`: parameters by name; empty ones are left out; `cp` is text as it stands between && and &&, for fields
    whose name begins with a code (``i13004-Info=168``). `SystemTime` and `SKCreateTime` are the platform's where they
    are not given, `NewSK` is drawn. A new password or key is kept sealed until the device has taken or refused it, and
    is the register's once it has taken it. Raises ValueError naming the field and what would be right.
    """
    if cn not in OFFERED:
        raise ValueError(f"cn {cn!r}: expected one of {', '.join(OFFERED)}")
    wanted = [one.name for one in COMMANDS[cn].request or ()]
    given = {name: fields[name].strip() for name in wanted if fields.get(name, "").strip()}
    place = PLACES.get(cn, "")
    given |= {} if place else _written(fields.get("cp", "").strip())
    for name in wanted:
        if name in ("SystemTime", "SKCreateTime"):
            given.setdefault(name, answers.stamp(now))
    if cn == "1014" and not device.cipher:
        raise ValueError("cn 1014: this device sends in clear; enter its cipher and first key in the register")
    if place == "NewSK":
        given.setdefault(place, secrets.token_hex(16).upper())
    link = Link(device.st, device.mn, "000000", device.version)
    try:
        packet = link.request(cn, "20000101000000000", **dict[str, Any](given))
        encode(packet, cipher=device.data_cipher("0" * 32))  # is it short enough
        if place:
            Offer(0, device.mn, cn, given[place]).taken(device)
    except (CommandError, ValueError) as error:
        raise ValueError(str(error).replace(repr(given.get(place)), COVER)) from None
    cp = ";".join(f"{name}={COVER if name == place else text}" for name, text in packet.fields())
    row = {"mn": device.mn, "cn": cn, "cp": cp, "asked_by": actor, "asked_at": now, "expires_at": now + LIFE}
    if place:
        row["secret"] = Register(platform).seal.close(given[place])
    with audit.act(platform.engine, actor, f"{device.mn}: {cn} {cp}".strip()) as connection:
        if place:
            _alone(connection, device.mn, cn, now)
        number = connection.scalar(command.insert().values(**row, state="waiting").returning(command.c.id))
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "commands")))
    return int(number or 0)


def _written(text: str) -> dict[str, str]:
    """The fields of a CP that a person wrote, by the strict grammar of the standard."""
    items, faults = read_cp(text)
    if faults:
        raise ValueError(f"cp {text[:60]!r}: {faults[0]}")
    return {name: value for item in items for name, value in item}


def _alone(connection: sa.Connection, mn: str, cn: str, now: datetime) -> None:
    """Two new passwords at once would leave open which of them holds; one that was never sent is forgotten."""
    ours = (command.c.mn == mn) & (command.c.cn == cn)
    over = ours & (command.c.state == "waiting") & (command.c.expires_at <= now)
    connection.execute(command.update().where(over, command.c.secret.is_not(None)).values(secret=None))
    under_way = command.c.state.in_(["sent", "accepted"]) | (
        (command.c.state == "waiting") & (command.c.expires_at > now)
    )
    if connection.scalar(sa.select(sa.exists().where(ours, under_way))):
        raise ValueError(f"cn {cn}: one is under way to this device; wait for its result")


def listed(platform: Platform, mn: str, *, as_of: datetime, most: int = 20) -> list[Asked]:
    """Commands to a device, the newest first; one that nobody could send within its time shows as `expired`."""
    query = sa.select(command).where(command.c.mn == mn, command.c.asked_at <= as_of)
    with platform.engine.connect() as connection:
        rows = connection.execute(query.order_by(command.c.id.desc()).limit(most)).mappings().all()
    names = Asked.__dataclass_fields__
    found = []
    for row in rows:
        values = {name: row[name] for name in names}
        if row["state"] == "waiting" and row["expires_at"] < as_of:
            values["state"] = "expired"
        found.append(Asked(**values))
    return found
