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
from lantian.observations.gateway.seal import Seal
from lantian.observations.gateway.tables import device

CHANNEL = "lantian_gateway"
"""NOTIFY channel on which a running gateway hears that devices or commands changed."""

_FIELDS = tuple(one.name for one in fields(Device) if one.name != "password")


class Register:
    """The devices of a platform."""

    def __init__(self, platform: Platform) -> None:
        self._engine = platform.database.engine
        self._home = platform.settings.home
        self._kept: Seal | None = None

    @property
    def seal(self) -> Seal:
        """What seals the passwords."""
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
        """Devices by MN. `kind`, `sites`: only these; `at`: only those in use then; `passwords`: with them (the
        gateway needs them, nobody else).
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
        password keeps the one it has.

        Raises ValueError where a new device has no password.
        """
        known = {one.mn: one for one in self.devices(passwords=True)}
        rows = []
        for one in {one.mn: one for one in devices}.values():
            before = known.get(one.mn)
            if before is None and not one.password:
                raise ValueError(f"device {one.mn}: password: missing; a new device needs one")
            password = one.password or (before.password if before else "")
            row = {name: getattr(one, name) for name in _FIELDS}
            row |= {"tolerances": list(one.tolerances), "units": dict(one.units)}
            if before is None or _differs(one, before) or password != before.password:
                rows.append(row | {"secret": self.seal.close(password)})
        if not rows:
            return 0
        with audit.act(self._engine, actor, reason or "devices") as connection:
            statement = insert(device)
            new = {name: statement.excluded[name] for name in (*_FIELDS, "secret") if name != "mn"}
            connection.execute(statement.on_conflict_do_update(index_elements=["mn"], set_=new), rows)
            connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "devices")))
        return len(rows)

    def _device(self, row: Mapping[Any, Any], passwords: bool) -> Device:
        values = {name: row[name] for name in _FIELDS}
        values["tolerances"] = tuple(values["tolerances"])
        return Device(**values, password=self.seal.open(row["secret"]) if passwords else "")


def _differs(one: Device, before: Device) -> bool:
    def plain(value: object) -> object:
        return dict(value) if isinstance(value, Mapping) else value

    return any(plain(getattr(one, name)) != plain(getattr(before, name)) for name in _FIELDS)
