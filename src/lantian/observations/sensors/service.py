"""Sensors of a platform: take their messages, calibrate them, give their hours, watch them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts
from lantian.observations.alerts import Alert
from lantian.observations.sensors import drift, message, network
from lantian.observations.sensors.calibration import CalibrationError, applied, collocated, fit, hourly
from lantian.observations.sensors.message import MessageError, Reject, Value
from lantian.observations.sensors.mqtt import Incoming
from lantian.observations.sensors.store import Heard, Sensor, SensorStore, Version
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import TelemetryStore
from lantian.places.store import PlaceStore

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

WEATHER: Final = ("temperature", "humidity")
WATCHED: Final = timedelta(days=60)
"""How far back the watch looks: the first two weeks of it are what a sensor is compared with."""

HOUR = timedelta(hours=1)
_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch of messages: values stored, rows refused, messages of strangers."""

    values: int
    refused: int
    strangers: int


class Sensors:
    """The low-cost sensors of a platform."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.store = SensorStore(platform.engine)
        self._telemetry = TelemetryStore(platform)

    # What they send

    def take(self, messages: Sequence[Incoming], *, actor: str = "sensors") -> Taken:
        """Store what messages say; when this returns it is on the disk. The same messages again change nothing.

        Values of registered sensors go to the telemetry; what cannot be read is kept with the reason; a sensor that is
        not registered in the network of its topic is listed as a stranger, and the first time raised as an alert.
        """
        now = self.platform.clock.now()
        known = {one.id: one for one in self.store.sensors()}
        values: list[tuple[str, Value]] = []
        rejects: list[tuple[str, Reject, str]] = []
        said: dict[str, Heard] = {}
        strangers: dict[tuple[str, str], tuple[int, str]] = {}
        for one in messages:
            shown = message.clean(one.payload[:2000].decode("utf-8", "replace"))
            name = message.clean(one.topic)[:300]
            try:
                topic = message.topic(one.topic)
                sensor = known.get(topic.sensor)
                if sensor is None or sensor.network != topic.network or not sensor.counts(now):
                    key = (topic.network, topic.sensor)
                    count, sample = strangers.get(key, (0, shown))
                    strangers[key] = (count + 1, sample)
                    continue
                if topic.kind == "status":
                    status = message.status(one.payload, now)
                    heard = Heard(1, None, status.state, status.battery, status.signal, message.clean(status.firmware))
                else:
                    found, wrong = message.data(one.payload, now, sensor.every)
                    values += [(sensor.id, value) for value in found]
                    rejects += [(name, reject, shown) for reject in wrong]
                    heard = Heard(1, max((value.time for value in found), default=None))
                said[sensor.id] = _together(said.get(sensor.id), heard)
            except MessageError as error:
                rejects.append((name, error.reject, shown))
        if values:
            self._telemetry.append(_frame(values, now), "mqtt")
        new = self.store.heard(now, said, strangers, rejects)
        if new:
            alerts.raised(self.platform.engine, [self._strange(one, strangers[one], now) for one in new], now, actor)
        return Taken(len(values), len(rejects), sum(count for count, _ in strangers.values()))

    def _strange(self, key: tuple[str, str], seen: tuple[int, str], now: datetime) -> Alert:
        # A stranger says where it is by its network only: the region of a registered sensor of that network.
        same = [one.region for one in self.store.sensors() if one.network == key[0]]
        region = Counter(same).most_common(1)[0][0] if same else self._home()
        network_name, name = key
        return Alert(
            kind="stranger",
            subject=f"{network_name}/{name}",
            key=now.astimezone(TIMEZONE).date().isoformat(),
            name=name,
            region=region,
            at=now,
            zh=f"未登记的传感器 {network_name}/{name} 在发送数据，数值未采用",
            en=f"Sensor {network_name}/{name} sends and is not registered; its values are not used",
            figures={"messages": seen[0]},
            link="/sensors#strangers",
        )

    def _home(self) -> str:
        regions = PlaceStore(self.platform.engine).regions()
        return next((one.code for one in regions if one.kind == "city"), "100000")

    # Their hours

    def hours(
        self, ids: Sequence[str], start: datetime, end: datetime, *, as_of: datetime | None = None
    ) -> pl.DataFrame:
        """Raw hours: ``sensor, time``, a column an item; what was sent by the hour stands before means of minutes."""
        items = sorted({item for one in self.store.sensors(ids) for item in one.items} | set(WEATHER))
        every = {one.id: one.every for one in self.store.sensors(ids)}
        read = self._telemetry.read
        minutes = read(list(ids), start, end, resolution="minute", items=items, as_of=as_of).select(*_LONG).collect()
        whole = read(list(ids), start, end, resolution="hour", items=items, as_of=as_of).select(*_LONG).collect()
        parts = []
        for name in ids:
            own = _wide(minutes.filter(pl.col("device") == name))
            means = hourly(own.drop("device"), every=every.get(name, 60)) if own.height else None
            told = _wide(whole.filter(pl.col("device") == name)).drop("device")
            both = told if means is None else means if told.is_empty() else _first(told, means)
            parts.append(both.with_columns(pl.lit(name).alias("sensor")))
        schema = {"sensor": pl.String(), "time": _TIME, **dict.fromkeys(items, pl.Float64())}
        empty = pl.DataFrame(schema=schema)
        return pl.concat([empty, *parts], how="diagonal").select(list(schema)).sort("sensor", "time")

    def calibrated(
        self, ids: Sequence[str], start: datetime, end: datetime, *, as_of: datetime | None = None
    ) -> pl.DataFrame:
        """Hours as `hours` gives them, with ``<item>_calibrated`` by the version that held at each time (null: none, or
        its weather is missing) and ``<item>_version``.
        """
        raw = self.hours(ids, start, end, as_of=as_of)
        now = as_of or self.platform.clock.now()
        found: dict[tuple[str, str], list[Version]] = {}
        for one in self.store.versions(ids, as_of=now):
            found.setdefault((one.sensor, one.item), []).append(one)
        items = [name for name in raw.columns if name not in ("sensor", "time", *WEATHER)]
        parts = []
        for (name,), rows in raw.group_by(["sensor"], maintain_order=True):
            whole = rows
            for item in items:
                versions = found.get((str(name), item), [])
                whole = whole.with_columns(*_by_version(rows, item, versions))
            parts.append(whole)
        if not parts:
            return raw.with_columns(*(c for item in items for c in _by_version(raw, item, [])))
        return pl.concat(parts)

    # Calibration

    def calibrate(
        self, sensor: str, reference: str, start: datetime, end: datetime, actor: str, *, items: Sequence[str] = ()
    ) -> list[Version]:
        """Calibrate a sensor beside a reference station; the versions kept. Raises CalibrationError, LookupError."""
        one, now = self.store.sensor(sensor), self.platform.clock.now()
        wanted = list(items) or list(one.items)
        if strange := [item for item in wanted if item not in one.items]:
            raise CalibrationError(f"item {strange[0]!r}: sensor {sensor} measures {', '.join(one.items)}")
        raw = self.hours([sensor], start, end)
        told = self._stations([reference], start, end, [*wanted, *WEATHER], now).drop("place")
        made = [(sensor, fit(collocated(raw.drop("sensor"), told, item), item)) for item in wanted]
        numbers = self.store.calibrated(made, "beside", reference, now, actor, example=one.example)
        return [version for version in self.store.versions([sensor], as_of=now) if version.id in numbers]

    def calibrate_blind(
        self,
        network_name: str,
        item: str,
        start: datetime,
        end: datetime,
        actor: str,
        *,
        references: Sequence[str] = (),
    ) -> dict[str, network.Blind]:
        """Calibrate all sensors of a network against the reference stations around, and keep the versions.

        `references`: stations; none given: state, province and city stations within 30 km of the network. Sensors that
        were calibrated beside a reference know better and are left out.
        """
        now = self.platform.clock.now()
        sensors = [one for one in self.store.sensors() if one.network == network_name and item in one.items]
        if not sensors:
            raise LookupError(f"no sensor of network {network_name!r} measures {item}")
        where = self.where(sensors)
        stations = list(references) or self.around(sensors)
        raw = self.hours([one.id for one in sensors], start, end).select("sensor", "time", item, *WEATHER)
        told = self._stations(stations, start, end, [item], now).drop_nulls(item)
        stations = sorted(set(told["place"]))
        better = {one.sensor for one in self.store.versions(as_of=now) if one.item == item and one.method == "beside"}
        raw = raw.filter(~pl.col("sensor").is_in(sorted(better)))
        found = network.blind(raw.drop_nulls(item), told, where | self._positions(stations), item)
        made = [(one.sensor, one.calibration) for one in found.values() if one.calibration]
        example = any(one.example for one in sensors)
        self.store.calibrated(made, "blind", ", ".join(stations) or network_name, now, actor, example=example)
        return found

    def reference(self, version: Version, start: datetime, end: datetime, as_of: datetime) -> pl.DataFrame:
        """What a calibration was held against: ``time, value``, the station beside, or the stations around weighted."""
        item, sensor = version.item, self.store.sensor(version.sensor)
        known = {one.code for one in PlaceStore(self.platform.engine).stations()}
        stations = [code for code in version.reference.split(", ") if code in known]
        rows = self._stations(stations, start, end, [item], as_of).select("place", "time", item)
        return network.told(rows, self.where([sensor]) | self._positions(stations), sensor.id, item)

    def around(self, sensors: Sequence[Sensor], km: float = 30.0) -> list[str]:
        """Reference stations within so many kilometres of any of the sensors."""
        where = self.where(sensors)
        stations = [s for s in PlaceStore(self.platform.engine).stations() if s.kind in ("state", "province", "city")]
        near = {}
        for station in stations:
            both = where | {"": (station.lon, station.lat)}
            near[station.code] = min((network.distance(both, "", one.id) for one in sensors), default=km + 1)
        return sorted(code for code, far in near.items() if far <= km)

    def where(self, sensors: Sequence[Sensor]) -> dict[str, network.Position]:
        """Positions of sensors."""
        return {one.id: (one.lon, one.lat) for one in sensors}

    def _positions(self, stations: Sequence[str]) -> dict[str, network.Position]:
        known = {one.code: one for one in PlaceStore(self.platform.engine).stations()}
        if missing := [code for code in stations if code not in known]:
            raise LookupError(f"there is no station {missing[0]!r}")
        return {code: (known[code].lon, known[code].lat) for code in stations}

    def _stations(
        self, stations: Sequence[str], start: datetime, end: datetime, items: Sequence[str], as_of: datetime
    ) -> pl.DataFrame:
        self._positions(stations)
        return ObservationStore(self.platform).hourly(list(stations), start, end, list(items), as_of).collect()

    def publish(self, start: datetime, end: datetime, actor: str) -> int:
        """Hand the calibrated hours of sensors that have a station on to the observations; how many rows were new."""
        sensors = [one for one in self.store.sensors() if one.station]
        if not sensors:
            return 0
        rows = self.calibrated([one.id for one in sensors], start, end)
        items = [name for name in rows.columns if f"{name}_calibrated" in rows.columns]
        stations = pl.DataFrame({"sensor": [s.id for s in sensors], "place": [s.station for s in sensors]})
        said = rows.join(stations, on="sensor").select(
            "place", "time", *(pl.col(f"{i}_calibrated").alias(i) for i in items)
        )
        said = said.filter(pl.any_horizontal(pl.col(items).is_not_null())) if items else said.clear()
        receipt = ObservationStore(self.platform).append(said, "hour", "sensors", actor=actor)
        return receipt.new + receipt.revised

    # The watch

    def troubles(self, now: datetime) -> list[drift.Trouble]:
        """What is wrong with the sensors as known at a moment, of their first item, against all around."""
        sensors = [one for one in self.store.sensors() if one.counts(now)]
        found: list[drift.Trouble] = []
        for item in sorted({one.items[0] for one in sensors}):
            found += self._troubles([one for one in sensors if one.items[0] == item], item, now)
        return found

    def _troubles(self, sensors: list[Sensor], item: str, now: datetime) -> list[drift.Trouble]:
        start = now - WATCHED
        own = self.calibrated([one.id for one in sensors], start, now, as_of=now)
        value = pl.coalesce(f"{item}_calibrated", item).alias("value")
        mine = own.select("sensor", "time", value).drop_nulls("value")
        stations = self.around(sensors)
        told = self._stations(stations, start, now, [item], now).select(
            pl.col("place").alias("sensor"), "time", value=item
        )
        where = self.where(sensors) | self._positions(stations)
        seen = network.expected(pl.concat([mine, told.select(mine.columns)]), where)
        seen = seen.join(own.select("sensor", "time", "humidity", raw=item), on=["sensor", "time"], how="left")
        seen = seen.filter(pl.col("sensor").is_in([one.id for one in sensors]))
        found = [*drift.drifting(drift.weeks(seen)), *drift.failing(seen, now)]
        heard = set(mine["sensor"])
        silent = [one for one in sensors if one.id not in heard and one.since < start]
        return found + [drift.Trouble(one.id, "dead", start, start, None, WATCHED / HOUR) for one in silent]

    def watch(self, actor: str) -> list[drift.Trouble]:
        """Raise an alert for every sensor with a trouble that lasts, end those of sensors without; the lasting ones."""
        now = self.platform.clock.now()
        lasting = [one for one in self.troubles(now) if one.until is None]
        sensors = {one.id: one for one in self.store.sensors()}
        # The weeks that a sensor is held against move on, and with them the day on which its drift began: while an
        # alert of the kind lasts, it is the same one.
        raised = alerts.listed(self.platform.engine, [(None, None)], as_of=now, kind="drift", most=10_000)
        there = {(one.alert.subject, one.alert.figures.get("kind")) for one in raised if one.ended_at is None}
        made = [alert_of(one, sensors[one.sensor]) for one in lasting if (one.sensor, one.kind) not in there]
        alerts.raised(self.platform.engine, made, now, actor)
        well = sorted(set(sensors) - {one.sensor for one in lasting})
        alerts.end(self.platform.engine, "drift", well, now, actor)
        return lasting


_LONG = ("device", "item", "time", "value")


def alert_of(one: drift.Trouble, sensor: Sensor) -> Alert:
    """The alert that a trouble raises."""
    zh, en = drift.KINDS[one.kind]
    return Alert(
        kind="drift",
        subject=sensor.id,
        key=f"{one.kind} {one.since.astimezone(TIMEZONE).date().isoformat()}",
        name=sensor.name,
        region=sensor.region,
        at=one.since,
        zh=f"{sensor.name}：{zh}。{one.zh}",
        en=f"{sensor.name}: {en}. {one.en}",
        figures={"kind": one.kind, "figure": round(one.figure, 3), "noticed": one.noticed.isoformat()},
        link=f"/sensors/{sensor.id}",
        lon=sensor.lon,
        lat=sensor.lat,
        example=sensor.example,
    )


def _together(one: Heard | None, other: Heard) -> Heard:
    if one is None:
        return other
    newest = max((moment for moment in (one.newest, other.newest) if moment), default=None)
    return Heard(
        one.messages + other.messages,
        newest,
        other.says or one.says,
        one.battery if other.battery is None else other.battery,
        one.signal if other.signal is None else other.signal,
        other.firmware or one.firmware,
    )


def _frame(values: Sequence[tuple[str, Value]], now: datetime) -> pl.DataFrame:
    columns: Mapping[str, list[object]] = {
        "device": [name for name, _ in values],
        "resolution": [one.resolution for _, one in values],
        "item": [one.item for _, one in values],
        "time": [one.time for _, one in values],
        "value": [one.value for _, one in values],
        "qn": [one.said for _, one in values],
    }
    kinds = {"time": _TIME, "qn": pl.String()}
    return pl.DataFrame(columns, schema_overrides=kinds).with_columns(pl.lit(now, _TIME).alias("known_at"))


def _wide(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.is_empty():
        return pl.DataFrame(schema={"device": pl.String, "time": _TIME})
    return rows.pivot(on="item", index=["device", "time"], values="value", aggregate_function="first")


def _first(told: pl.DataFrame, means: pl.DataFrame) -> pl.DataFrame:
    """What was told by the hour, else the means."""
    both = told.join(means, on="time", how="full", coalesce=True, suffix="_mean")
    shared = [name for name in told.columns if name != "time" and f"{name}_mean" in both.columns]
    return both.with_columns(pl.coalesce(name, f"{name}_mean").alias(name) for name in shared).drop(
        f"{name}_mean" for name in shared
    )


def _by_version(rows: pl.DataFrame, item: str, versions: Sequence[Version]) -> list[pl.Series]:
    """Calibrated values and version numbers: at each time the last version that held from before it."""
    value = pl.Series(f"{item}_calibrated", [None] * rows.height, pl.Float64)
    number = pl.Series(f"{item}_version", [None] * rows.height, pl.Int64)
    for one in versions:
        try:
            said = applied(one.fitted, rows)
        except CalibrationError:
            continue
        holds = rows["time"] >= one.valid_from.astimezone(UTC)
        value = said.alias(value.name).zip_with(holds, value)
        number = pl.Series(number.name, [one.version] * rows.height, pl.Int64).zip_with(holds, number)
    return [value, number]
