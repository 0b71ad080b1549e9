"""Invented micro-stations 示例 on the real air of the example: known errors and faults, calibrated by our own code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts
from lantian.observations.sensors import network
from lantian.observations.sensors.calibration import CalibrationError, collocated, fit
from lantian.observations.sensors.fitting import Values, growth
from lantian.observations.sensors.message import Reject
from lantian.observations.sensors.service import Sensors, alert_of
from lantian.observations.sensors.store import Heard, Sensor
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry import TelemetryStore
from lantian.places.stations import Station
from lantian.places.store import PlaceStore

NETWORK: Final = "beijing"
DAYS: Final = 45
"""How long the sensors have been sending."""

LEARNED: Final = 24
"""Days, from the first, that the calibrations are made from; all faults begin after them."""

_ITEM: Final = "pm25"


@dataclass(frozen=True, slots=True)
class Invented:
    """An invented sensor: beside which station it hears the air, its error, its fault, whether it stands beside it."""

    id: str
    name: str
    host: str
    gain: float
    offset: float
    kappa: float
    east: float
    north: float
    fault: str = ""
    beside: bool = False


FLEET: Final = (
    Invented("MS-01", "示例微站 天坛东路", "1004A", 1.42, 9.0, 0.06, 0.0, 0.0, beside=True),
    Invented("MS-02", "示例微站 官园", "1006A", 0.78, 14.0, 0.03, 0.0, 0.0, beside=True),
    Invented("MS-03", "示例微站 东四十条", "1003A", 1.25, -4.0, 0.09, 0.012, 0.006),
    Invented("MS-04", "示例微站 农展馆南里", "1005A", 1.60, 6.0, 0.05, 0.010, -0.008),
    Invented("MS-05", "示例微站 万柳中路", "1007A", 0.70, 18.0, 0.10, -0.009, 0.005, "gain"),
    Invented("MS-06", "示例微站 奥体南门", "1011A", 1.10, 3.0, 0.11, 0.004, -0.010, "stuck"),
    Invented("MS-07", "示例微站 古城北路", "1012A", 1.35, 0.0, 0.04, -0.008, 0.009, "dead"),
    Invented("MS-08", "示例微站 万寿西宫", "1001A", 0.92, 11.0, 0.08, -0.006, -0.005),
)
"""The invented sensors."""


def install(platform: Platform, config: Mapping[str, Any], actor: str, progress: Progress) -> int:
    """Put the sensors in where ``[measuring] sensors`` asks for it; how many, 0 where they are there already.

    ``until`` in the same table says when they end (Beijing, default 2016-12-16T20:00).
    """
    service = Sensors(platform)
    if not config.get("sensors") or service.store.sensors([FLEET[0].id]):
        return 0
    progress.stage("示例传感器 sensors")
    until = (
        datetime.fromisoformat(str(config.get("until", "2016-12-16T20:00"))).replace(tzinfo=TIMEZONE).astimezone(UTC)
    )
    start = until - timedelta(days=DAYS)
    stations = {one.code: one for one in PlaceStore(platform.engine).stations()}
    fleet = [one for one in FLEET if one.host in stations]
    if not fleet:
        return 0
    sensors = [_registered(one, stations[one.host], start) for one in fleet]
    service.store.put(sensors, actor, "示例 sensors")
    air = _air(platform, [one.host for one in fleet], start, until)
    said = {one.id: _said(one, air.filter(pl.col("place") == one.host), until) for one in fleet}
    TelemetryStore(platform).append(_telemetry(said), "示例")
    _told(service, said, until)
    _calibrate(platform, service, fleet, said, air, start, actor)
    lasting = [one for one in service.troubles(until) if one.until is None]
    known = {one.id: one for one in sensors}
    alerts.raised(platform.engine, [alert_of(one, known[one.sensor]) for one in lasting], until, actor)
    progress.advance(message=f"{len(sensors)}")
    return len(sensors)


def _registered(one: Invented, host: Station, start: datetime) -> Sensor:
    return Sensor(
        one.id,
        NETWORK,
        one.name,
        host.region,
        round(host.lon + one.east, 5),
        round(host.lat + one.north, 5),
        (_ITEM,),
        start,
        every=3600,
        model="PM-示例",
        note=f"造入误差：增益 {one.gain:g}，零点 {one.offset:+g} μg/m³，吸湿 {one.kappa:g}",
        example=True,
    )


def _air(platform: Platform, hosts: list[str], start: datetime, until: datetime) -> pl.DataFrame:
    """Hours of the hosts: ``place, time, pm25, temperature, humidity`` (Magnus, from the dew point)."""
    rows = ObservationStore(platform).hourly(hosts, start, until, [_ITEM, "temperature", "dew_point"]).collect()
    wet, dry = (_vapour(pl.col(name)) for name in ("dew_point", "temperature"))
    humidity = (100.0 * wet / dry).clip(5.0, 100.0).fill_null(60.0).alias("humidity")
    return rows.select("place", "time", _ITEM, pl.col("temperature").fill_null(0.0), humidity).sort("place", "time")


def _vapour(celsius: pl.Expr) -> pl.Expr:
    """Saturation pressure in arbitrary units (Alduchov and Eskridge 1996)."""
    return (17.625 * celsius / (243.04 + celsius)).exp()


def _said(one: Invented, air: pl.DataFrame, until: datetime) -> pl.DataFrame:
    draw = np.random.default_rng(int(one.id[-2:]) + 2016)
    truth, wet = (air[name].fill_null(float("nan")).to_numpy() for name in (_ITEM, "humidity"))
    noise = 1 + 0.05 * draw.standard_normal(truth.size)
    value = one.gain * truth * growth(one.kappa, wet) * noise + one.offset + 2 * draw.standard_normal(truth.size)
    age = np.array([(until - at).total_seconds() / 86400 for at in air["time"]])
    value = _broken(one.fault, np.round(value, 1), age)
    values = pl.Series(_ITEM, value).fill_nan(None)
    said = air.with_columns(values, pl.col("humidity").round(0), pl.col("temperature").round(1))
    return said.filter(pl.Series(age > 0.8)) if one.fault == "dead" else said


def _broken(fault: str, value: Values, age: Values) -> Values:
    """The fault: a gain that falls to half over ten days, a value that stays for the last 14 hours."""
    if fault == "gain":
        return np.asarray(value * (1 - 0.5 * np.clip((18 - age) / 10, 0, 1)))
    late = age < 14 / 24
    if fault == "stuck" and late.any() and not late.all():
        return np.where(late, value[~late][-1], value)
    return value


def _telemetry(said: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    parts = [
        rows.select(
            pl.lit(name).alias("device"),
            pl.lit("hour").alias("resolution"),
            pl.lit(item).alias("item"),
            "time",
            pl.col(item).alias("value"),
            (pl.col("time") + timedelta(hours=1)).alias("known_at"),
        )
        for name, rows in said.items()
        for item in (_ITEM, "temperature", "humidity")
    ]
    return pl.concat(parts).drop_nulls("value")


def _told(service: Sensors, said: Mapping[str, pl.DataFrame], until: datetime) -> None:
    """States, a stranger, and messages that could not be used."""
    time = ("time", "2016-12-16 19:00", "应为带时区的时间，如 2026-11-22T10:01:00+08:00")
    unit = ("units.pm25", "ppb", "未知单位，应为 ug/m3")
    rejects = [
        (
            f"lantian/{NETWORK}/MS-03/data",
            Reject(1, *time, "expected a time with its zone"),
            '{"time": "2016-12-16 19:00"}',
        ),
        (
            f"lantian/{NETWORK}/MS-04/data",
            Reject(1, *unit, "unknown unit; expected ug/m3"),
            '{"units": {"pm25": "ppb"}}',
        ),
    ]
    strangers = {(NETWORK, "MS-77"): (38, '{"time": "2016-12-16T19:00:00+08:00", "pm25": 311}')}
    service.store.heard(until - timedelta(minutes=3), {}, strangers, rejects)
    for number, (name, rows) in enumerate(said.items()):
        last = rows["time"].max()
        if isinstance(last, datetime):
            heard = Heard(rows.height, last, "online", 96.0 - 7 * number, -71.0 - 2 * number, "2.4.1")
            service.store.heard(min(until, last + timedelta(hours=1)), {name: heard}, {}, [])


def _calibrate(
    platform: Platform,
    service: Sensors,
    fleet: list[Invented],
    said: Mapping[str, pl.DataFrame],
    air: pl.DataFrame,
    start: datetime,
    actor: str,
) -> None:
    """Two beside their stations, the others against the state stations around."""
    until = start + timedelta(days=LEARNED)
    early = pl.col("time") < until
    made = {}
    for one in (one for one in fleet if one.beside):
        truth = air.filter(early, pl.col("place") == one.host).select("time", _ITEM)
        try:
            made[one.id] = fit(collocated(said[one.id].filter(early).drop("place"), truth, _ITEM), _ITEM)
        except CalibrationError:
            continue
        service.store.calibrated([(one.id, made[one.id])], "beside", one.host, until, actor, example=True)
    others = [one for one in fleet if not one.beside]
    if not others:
        return
    hours = pl.concat([said[one.id].filter(early).drop("place").with_columns(sensor=pl.lit(one.id)) for one in others])
    sensors = service.store.sensors([one.id for one in others])
    hosts = {one.host for one in others}  # their air is the truth, which blind calibration must not see
    stations = [code for code in service.around(sensors) if code not in hosts]
    rows = ObservationStore(platform).hourly(stations, start, until, [_ITEM]).collect().drop_nulls(_ITEM)
    known = {one.code: one for one in PlaceStore(platform.engine).stations()}
    heard = sorted(set(rows["place"]))
    where = service.where(sensors) | {code: (known[code].lon, known[code].lat) for code in heard}
    found = network.blind(hours, rows, where, _ITEM)
    blind = [(one.sensor, one.calibration) for one in found.values() if one.calibration]
    service.store.calibrated(blind, "blind", ", ".join(heard), until, actor, example=True)
