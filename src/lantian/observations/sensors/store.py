"""Sensors in the database: register, what is known of each, calibrations by version, refused messages, strangers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel.audit import act
from lantian.observations.sensors.calibration import Calibration, of_plain, plain
from lantian.observations.sensors.message import NAME, Reject
from lantian.observations.sensors.tables import calibration, refused, sensor, state, stranger
from lantian.places.regions import level_of
from lantian.standards.codes import ITEMS

KEPT: Final = timedelta(days=30)
"""How long refused messages and strangers are kept."""

MOST_STRANGERS: Final = 1000
"""Strangers that are listed; who comes after waits until old ones are forgotten."""

Method = Literal["beside", "blind"]


@dataclass(frozen=True, slots=True)
class Sensor:
    """A registered sensor.

    Attributes:
        id: third part of its topic; its device in the telemetry.
        network: second part of its topic.
        name: as people call it; model: what it is.
        region: where it stands; lon, lat: degrees (WGS-84).
        items: what it measures, beside temperature and humidity.
        every: seconds between two values.
        since: counts from then on; until: given up then.
        station: its calibrated hours go on as those of this station; None: they stay here.
        example: invented.
    """

    id: str
    network: str
    name: str
    region: str
    lon: float
    lat: float
    items: tuple[str, ...]
    since: datetime
    every: int = 60
    model: str = ""
    station: str | None = None
    until: datetime | None = None
    note: str = ""
    example: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value and what would be right."""
        for name in ("id", "network"):
            if not NAME.fullmatch(getattr(self, name)):
                raise ValueError(f"{name} {getattr(self, name)!r}: expected letters, digits, . _ and -, at most 64")
        if not self.name.strip():
            raise ValueError(f"name: missing for sensor {self.id}")
        if not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise ValueError(f"sensor {self.id}: {self.lon}, {self.lat} is not on the globe; expected WGS-84 degrees")
        if not self.items or not set(self.items) <= ITEMS.keys():
            raise ValueError(f"items {', '.join(self.items)!r}: expected some of pm25, pm10, no2, o3, so2, co, tsp")
        if not 0 < self.every <= 3600:
            raise ValueError(f"every {self.every}: expected seconds from 1 to 3600")
        if self.since.tzinfo is None:
            raise ValueError(f"since {self.since.isoformat()}: expected a time with its zone")
        level_of(self.region)
        if self.until is not None and self.until.tzinfo is None:
            raise ValueError(f"until {self.until.isoformat()}: expected a time with its zone")

    def counts(self, moment: datetime) -> bool:
        """Whether it is in use at a moment."""
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a sensor by its messages."""

    heard_at: datetime
    newest: datetime | None
    messages: int
    says: str
    battery: float | None
    signal: float | None
    firmware: str


@dataclass(frozen=True, slots=True)
class Version:
    """A calibration as it is kept: the ``version``-th of this sensor and item, holding from ``valid_from`` on."""

    id: int
    sensor: str
    item: str
    version: int
    method: Method
    reference: str
    fitted: Calibration
    valid_from: datetime
    made_by: str
    made_at: datetime
    example: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """What a batch of messages says of one sensor's state."""

    messages: int
    newest: datetime | None
    says: str = ""
    battery: float | None = None
    signal: float | None = None
    firmware: str = ""


_FIELDS = tuple(Sensor.__dataclass_fields__)


class SensorStore:
    """The tables of the sensors."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def put(self, sensors: Iterable[Sensor], actor: str, reason: str = "") -> int:
        """Register sensors, or change them; how many rows were written."""
        rows = [asdict(one) | {"items": list(one.items)} for one in sensors]
        there = {one.id: one for one in self.sensors([row["id"] for row in rows])}
        rows = [row for row in rows if _of_row(row) != there.get(row["id"])]
        if not rows:
            return 0
        made = insert(sensor)
        changed = {name: made.excluded[name] for name in _FIELDS if name != "id"}
        with act(self._engine, actor, reason or "sensors") as connection:
            connection.execute(made.on_conflict_do_update(index_elements=["id"], set_=changed), rows)
            names = [(row["network"], row["id"]) for row in rows]
            known = sa.tuple_(stranger.c.network, stranger.c.sensor).in_(names)
            connection.execute(stranger.delete().where(known))
        return len(rows)

    def sensors(self, ids: Collection[str] | None = None) -> list[Sensor]:
        """The register by id, whole or some of it."""
        query = sa.select(sensor).order_by(sensor.c.id)
        if ids is not None:
            query = query.where(sensor.c.id.in_(list(ids)))
        with self._engine.connect() as connection:
            return [_of_row(row) for row in connection.execute(query).mappings()]

    def sensor(self, name: str) -> Sensor:
        """One sensor. Raises LookupError."""
        found = self.sensors([name])
        if not found:
            raise LookupError(f"there is no sensor {name!r}")
        return found[0]

    def states(self, ids: Collection[str] | None = None) -> dict[str, State]:
        """What is known of sensors by their messages."""
        query = sa.select(state)
        if ids is not None:
            query = query.where(state.c.sensor.in_(list(ids)))
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return {row.pop("sensor"): State(**row) for row in rows}

    def heard(
        self,
        now: datetime,
        said: Mapping[str, Heard],
        strangers: Mapping[tuple[str, str], tuple[int, str]],
        rejects: Sequence[tuple[str, Reject, str]],
    ) -> list[tuple[str, str]]:
        """Note what a batch of messages told: states, strangers (count and sample), refused rows; the new strangers."""
        with self._engine.begin() as connection:
            for name, one in sorted(said.items()):
                connection.execute(_state(name, one, now))
            for at in range(0, len(rejects), 1000):
                connection.execute(
                    refused.insert(),
                    [
                        {**asdict(one), "at": now, "topic": topic, "payload": payload}
                        for topic, one, payload in rejects[at : at + 1000]
                    ],
                )
            return _strangers(connection, strangers, now)

    def refused(self, *, as_of: datetime, topic: str = "", most: int = 50) -> list[dict[str, Any]]:
        """Messages and rows that could not be used, the newest first."""
        query = sa.select(refused).where(refused.c.at <= as_of).order_by(refused.c.id.desc()).limit(most)
        if topic:
            query = query.where(refused.c.topic.contains(topic, autoescape=True))
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def strangers(self, *, as_of: datetime) -> list[dict[str, Any]]:
        """Sensors that send without being registered, the last heard first."""
        query = sa.select(stranger).where(stranger.c.first_at <= as_of).order_by(stranger.c.last_at.desc())
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def forget(self, now: datetime) -> int:
        """Drop refused messages and strangers that are older than a month."""
        with self._engine.begin() as connection:
            gone = connection.execute(refused.delete().where(refused.c.at < now - KEPT)).rowcount
            return gone + connection.execute(stranger.delete().where(stranger.c.last_at < now - KEPT)).rowcount

    def calibrated(
        self,
        made: Sequence[tuple[str, Calibration]],
        method: Method,
        reference: str,
        now: datetime,
        actor: str,
        *,
        valid_from: datetime | None = None,
        example: bool = False,
    ) -> list[int]:
        """Keep calibrations as the next versions of their sensors; they hold from their first hour on unless said."""
        with act(self._engine, actor, f"calibration: {reference}") as connection:
            numbers = []
            for name, one in made:
                last = sa.select(sa.func.coalesce(sa.func.max(calibration.c.version), 0)).where(
                    calibration.c.sensor == name, calibration.c.item == one.item
                )
                row = {
                    "sensor": name,
                    "item": one.item,
                    "version": (connection.scalar(last) or 0) + 1,
                    "method": method,
                    "reference": reference,
                    "form": one.form,
                    "fitted": plain(one),
                    "valid_from": valid_from or one.start,
                    "made_by": actor,
                    "made_at": now,
                    "example": example,
                }
                numbers.append(
                    connection.execute(calibration.insert().values(row).returning(calibration.c.id)).scalar_one()
                )
        return numbers

    def versions(self, ids: Collection[str] | None = None, *, as_of: datetime) -> list[Version]:
        """Calibrations known by a moment, of some sensors or all, by sensor, item and version."""
        query = sa.select(calibration).where(calibration.c.made_at <= as_of)
        if ids is not None:
            query = query.where(calibration.c.sensor.in_(list(ids)))
        query = query.order_by(calibration.c.sensor, calibration.c.item, calibration.c.version)
        with self._engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [
            Version(
                **{name: row[name] for name in Version.__dataclass_fields__ if name != "fitted"},
                fitted=of_plain(row["fitted"]),
            )
            for row in rows
        ]


def _state(name: str, one: Heard, now: datetime) -> Any:
    made = insert(state).values(
        sensor=name, heard_at=now, newest=one.newest, messages=one.messages, says=one.says, battery=one.battery,
        signal=one.signal, firmware=one.firmware,
    )  # fmt: skip
    new, old = made.excluded, state.c
    return made.on_conflict_do_update(
        index_elements=["sensor"],
        set_={
            "heard_at": sa.func.greatest(old.heard_at, new.heard_at),
            "newest": sa.func.greatest(old.newest, new.newest),
            "messages": old.messages + new.messages,
            "says": sa.case((new.says != "", new.says), else_=old.says),
            "battery": sa.func.coalesce(new.battery, old.battery),
            "signal": sa.func.coalesce(new.signal, old.signal),
            "firmware": sa.case((new.firmware != "", new.firmware), else_=old.firmware),
        },
    )


def _strangers(
    connection: sa.Connection, strangers: Mapping[tuple[str, str], tuple[int, str]], now: datetime
) -> list[tuple[str, str]]:
    if not strangers:
        return []
    key = sa.tuple_(stranger.c.network, stranger.c.sensor)
    there = {
        tuple(row)
        for row in connection.execute(sa.select(stranger.c.network, stranger.c.sensor).where(key.in_(list(strangers))))
    }
    room = MOST_STRANGERS - (connection.scalar(sa.select(sa.func.count()).select_from(stranger)) or 0)
    new = sorted(set(strangers) - there)[: max(0, room)]
    for network, name in sorted(there | set(new)):
        count, sample = strangers[network, name]
        made = insert(stranger).values(
            network=network, sensor=name, first_at=now, last_at=now, messages=count, sample=sample
        )
        connection.execute(
            made.on_conflict_do_update(
                index_elements=["network", "sensor"],
                set_={"last_at": made.excluded.last_at, "messages": stranger.c.messages + made.excluded.messages},
            )
        )
    return new


def _of_row(row: Mapping[Any, Any]) -> Sensor:
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return Sensor(**values | {"items": tuple(values["items"])})
