"""The register 设备登记: which devices may send, kept in the database with every change audited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.offers import BRINGS, Offer
from lantian.observations.gateway.seal import Seal
from lantian.observations.gateway.tables import command, device

CHANNEL = "lantian_gateway"
"""NOTIFY channel on which a running gateway hears that devices or commands changed."""

_SECRETS = {"password": "secret", "key": "cipher_key"}
"""Fields that are sealed, and the columns in which they stand."""
_FIELDS = tuple(one.name for one in fields(Device) if one.name not in _SECRETS)


class Register:
    """The devices of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._engine = platform.database.engine
        self._home = platform.settings.home
        self._kept: Seal | None = None

    @property
    def seal(self) -> Seal:
        """What seals passwords and keys."""
        self._kept = self._kept or Seal(self._home)
        return self._kept

    def devices(
        self,
        *,
        kind: str | None = None,
        sites: Sequence[str] | None = None,
        passwords: bool = False,
        at: datetime | None = None,
    ) -> list[Device]:
        """Devices by MN. `kind`, `sites`: only these; `at`: only those in use then; `passwords`: with them and the keys
        (the gateway needs them, nobody else).
        """
        conditions: list[sa.ColumnElement[bool]] = []
        if kind:
            conditions.append(device.c.kind == kind)
        if sites is not None:
            conditions.append(device.c.site.in_(list(sites)))
        if at is not None:
            conditions += [device.c.since <= at, device.c.until.is_(None) | (device.c.until > at)]
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(device).where(*conditions).order_by(device.c.mn)).mappings()
            return [self._device(row, passwords) for row in rows]

    def device(self, mn: str) -> Device:
        """One device, without its password. Raises LookupError."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(device).where(device.c.mn == mn)).mappings().one_or_none()
        if row is None:
            raise LookupError(f"no device {mn!r} is registered")
        return self._device(row, passwords=False)

    def put(self, devices: Iterable[Device], actor: str, reason: str = "") -> int:
        """Register devices or change them; the number of those that differ from what stood. A device without a
        password, or a key, keeps the one it has.

        Raises ValueError where a new device has no password, or one that is to encipher no key.
        """
        known = {one.mn: one for one in self.devices(passwords=True)}
        rows = []
        for one in {one.mn: one for one in devices}.values():
            before = known.get(one.mn)
            if before is None and not one.password:
                raise ValueError(f"device {one.mn}: password: missing; a new device needs one")
            password = one.password or (before.password if before else "")
            key = one.key or (before.key if before and one.cipher else "")
            if one.cipher and not key:
                raise ValueError(f"device {one.mn}: key: missing; a device that enciphers needs one")
            row = {name: getattr(one, name) for name in _FIELDS}
            row |= {"tolerances": list(one.tolerances), "units": dict(one.units)}
            if before is None or _differs(one, before) or (password, key) != (before.password, before.key):
                sealed = {"secret": self.seal.close(password), "cipher_key": self.seal.close(key) if key else None}
                rows.append(row | sealed)
        if not rows:
            return 0
        with audit.act(self._engine, actor, reason or "devices") as connection:
            statement = insert(device)
            new = {name: statement.excluded[name] for name in (*_FIELDS, *_SECRETS.values()) if name != "mn"}
            connection.execute(statement.on_conflict_do_update(index_elements=["mn"], set_=new), rows)
            connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "devices")))
        return len(rows)

    def offers(self) -> list[Offer]:
        """Passwords and keys that devices were told, or will be, and have neither confirmed nor refused."""
        wanted = sa.select(command.c.id, command.c.mn, command.c.cn, command.c.secret)
        with self._engine.connect() as connection:
            rows = connection.execute(wanted.where(command.c.secret.is_not(None)).order_by(command.c.id)).all()
        return [Offer(row.id, row.mn, row.cn, self.seal.open(row.secret)) for row in rows]

    def confirm(self, connection: sa.Connection, offer: Offer) -> None:
        """The device took what it was told: it holds from now on, and what was told it before is over."""
        sealed = {_SECRETS[BRINGS[offer.cn]]: self.seal.close(offer.secret)}
        one = device.c.mn == offer.mn
        if BRINGS[offer.cn] == "key":  # one that enciphers no more needs none
            one &= device.c.cipher != ""
        connection.execute(device.update().where(one).values(sealed))
        over = (command.c.mn == offer.mn) & (command.c.cn == offer.cn) & command.c.secret.is_not(None)
        connection.execute(command.update().where(over).values(secret=None))
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "devices")))

    def _device(self, row: Mapping[Any, Any], passwords: bool) -> Device:
        values = {name: row[name] for name in _FIELDS}
        values["tolerances"] = tuple(values["tolerances"])
        if passwords:
            values |= {name: self.seal.open(row[column]) for name, column in _SECRETS.items() if row[column]}
        return Device(**values)


def _differs(one: Device, before: Device) -> bool:
    def plain(value: object) -> object:
        return dict(value) if isinstance(value, Mapping) else value

    return any(plain(getattr(one, name)) != plain(getattr(before, name)) for name in _FIELDS)
