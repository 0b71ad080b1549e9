"""Where the hours of each kind of device come from: stations from the observation store, devices from telemetry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from lantian.observations.feeds import PLATFORM
from lantian.observations.fraud.days import BESIDE, Minutes
from lantian.observations.fraud.minutes import of_days, steps_of
from lantian.observations.gateway.register import Register
from lantian.observations.power.service import worked
from lantian.observations.store import ObservationStore
from lantian.observations.telemetry.store import TelemetryStore
from lantian.places.store import PlaceStore
from lantian.standards.codes import POLLUTANTS

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

_SCHEMA = {
    "device": pl.String,
    "item": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "value": pl.Float64,
    "converted": pl.Float64,
    "total": pl.Float64,
    "flag": pl.String,
}

_WANTED = ["so2", "nox", "no2", "co", "o3", "pm10", "pm25", "tsp", "a34013", *BESIDE]

AT_ONCE = 300
"""Device-days of minutes that are read at a time: some five million values of devices that send each minute."""


@dataclass(frozen=True, slots=True)
class Source:
    """One device: its id, name, region, position, who should act, the work line of a case about it, its site."""

    device: str
    name: str
    region: str
    example: bool
    department: str = "ecology"
    category: str | None = None
    lon: float | None = None
    lat: float | None = None
    site: str | None = None


Hours = Callable[["Platform", Sequence[Source], datetime, datetime, datetime], tuple[pl.DataFrame, pl.DataFrame | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fleet: names, whether its devices measure the same air, and how its hours are read."""

    zh: str
    en: str
    peers: bool
    hours: Hours


def _station_hours(
    platform: Platform, devices: Sequence[Source], start: datetime, end: datetime, as_of: datetime
) -> tuple[pl.DataFrame, None]:
    store, codes = ObservationStore(platform), [one.device for one in devices]
    wide = store.hourly(codes, start, end, POLLUTANTS, as_of=as_of, grade="raw").collect()
    measured = [item for item in POLLUTANTS if wide[item].count()]
    long = wide.unpivot(measured, index=["place", "time"], variable_name="item", value_name="value")
    return long.rename({"place": "device"}).drop_nulls("value"), None


def _device_hours(
    platform: Platform, devices: Sequence[Source], start: datetime, end: datetime, as_of: datetime
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Hours as devices sent them; the sites' electricity where there is any."""
    rows = TelemetryStore(platform).read(
        [one.device for one in devices], start, end, resolution="hour", items=_WANTED, as_of=as_of
    )
    frame = rows.select(list(_SCHEMA)).collect()
    return frame, _running(platform, devices, start, end, as_of)


def minutes_of(
    platform: Platform,
    devices: Sequence[Source],
    start: datetime,
    end: datetime,
    as_of: datetime,
    steps: Mapping[str, float] | None = None,
) -> Minutes | None:
    """What the minutes of devices say of each day; None: there are none. Read some device-days at a time.

    `start`, `end`: midnights of Beijing. `steps`: last digits of the minutes; None: those of the first that are read.
    """
    store, names = TelemetryStore(platform), [one.device for one in devices]
    length = timedelta(days=max(1, AT_ONCE // max(1, len(names))))
    parts, known = [], dict(steps or {})
    for at in range(0, len(names), AT_ONCE):
        first = start
        while first < end:
            last = min(first + length, end)
            minutes, hours = (
                store.read(names[at : at + AT_ONCE], first, last, resolution=each, items=_WANTED, as_of=as_of)
                .select("device", "item", "time", "value", "flag")
                .collect()
                for each in ("minute", "hour")
            )
            if minutes.height:
                known = {**steps_of(minutes), **known}
                parts.append(of_days(minutes, hours, known))
            first = last
    return Minutes(pl.concat(parts), known) if parts else None


def _running(
    platform: Platform, devices: Sequence[Source], start: datetime, end: datetime, as_of: datetime
) -> pl.DataFrame | None:
    """Share of each hour in which a device's site produced, and its power: `device, time, share, kw`; None: no
    electricity is known.
    """
    sites = pl.DataFrame(
        [(one.device, one.site) for one in devices if one.site],
        schema={"device": pl.String(), "enterprise": pl.String()},
        orient="row",
    )
    if sites.is_empty():
        return None
    half_hours = worked(
        platform, PLATFORM, start, end, enterprises=sites["enterprise"].unique().to_list(), as_of=as_of
    ).frame
    if half_hours.is_empty():
        return None
    return (
        half_hours.filter(pl.col("production").is_not_null())
        .with_columns(pl.col("time").dt.truncate("1h"))
        .join(sites, on="enterprise")
        .group_by("device", "time")
        .agg(share=pl.col("production").cast(pl.Float64).mean(), kw=pl.col("production_kw").mean())
    )


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "cems": Kind("固定源在线监测", "Stack monitors (CEMS)", False, _device_hours),
        "dust": Kind("工地扬尘设备", "Site dust monitors", False, _device_hours),
        "micro": Kind("微型站", "Micro stations", True, _device_hours),
        "state": Kind("空气自动站", "Air stations", True, _station_hours),
    }
)
"""Every kind that is screened, by code."""

FROM_STATIONS = ("state",)
"""Kinds whose hours stand in the observation store. Their days are listed and raise no alert: a broken analyser looks
like a falsified one, and that is for the review of the data first.
"""

_CATEGORY = {"cems": "industry", "dust": "construction"}


def sources(platform: Platform, kind: str) -> list[Source]:
    """The devices of a kind."""
    if kind == "state":
        stations = PlaceStore(platform.engine).stations()
        return [
            Source(one.code, one.name, one.region, one.example, lon=one.lon, lat=one.lat)
            for one in stations
            if one.kind in ("state", "province", "city")
        ]
    return [
        Source(
            one.mn, one.name, one.region, one.example, one.department, _CATEGORY.get(kind), one.lon, one.lat, one.site
        )
        for one in Register(platform).devices(kind=kind)
    ]
