"""Commands that people send to devices: which there are, asked for, listed; every one is audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway import answers
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import CHANNEL
from lantian.observations.gateway.tables import command
from lantian.observations.hj212 import COMMANDS, CommandError, Link

OFFERED = (
    *("1011", "1012", "1061", "1062", "1063", "1064", "2011", "2012", "2021", "2022", "2051", "2061", "2031"),
    *("3011", "3012", "3013", "3014", "3017", "3018", "3019", "3020"),
)
"""What a page offers. Not among them: what changes the password or a key (1072, 1014) or needs free text (3021)."""
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

    `fields`: parameters by name; empty ones are left out, `SystemTime` is the platform's where it is not given. Raises
    ValueError naming the field and what would be right.
    """
    if cn not in OFFERED:
        raise ValueError(f"cn {cn!r}: expected one of {', '.join(OFFERED)}")
    wanted = {one.name for one in COMMANDS[cn].request or ()}
    given = {name: text.strip() for name, text in fields.items() if name in wanted and text.strip()}
    if cn == "1012":
        given.setdefault("SystemTime", answers.stamp(now))
    link = Link(device.st, device.mn, "000000", device.version)
    try:
        packet = link.request(cn, "20000101000000000", **dict[str, Any](given))
    except (CommandError, ValueError) as error:
        raise ValueError(str(error)) from None
    cp = ";".join(",".join(f"{name}={text}" for name, text in item) for item in packet.cp)
    row = {"mn": device.mn, "cn": cn, "cp": cp, "asked_by": actor, "asked_at": now, "expires_at": now + LIFE}
    with audit.act(platform.engine, actor, f"{device.mn}: {cn} {cp}".strip()) as connection:
        number = connection.scalar(command.insert().values(**row, state="waiting").returning(command.c.id))
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "commands")))
    return int(number or 0)


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
