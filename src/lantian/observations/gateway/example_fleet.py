"""The invented fleet of the example 示例: who stands where, and what each says; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from lantian.observations.gateway.device import Device
from lantian.observations.hj212 import Link, encode, qn_of

Series = NDArray[np.float64]

PASSWORD = "123456"  # noqa: S105 (of an invented device)
DAYS = 3
SILENT_FROM = timedelta(hours=2, minutes=20)
"""So long before the end the last dust monitor falls silent."""


@dataclass(frozen=True, slots=True)
class Member:
    """One device: serial within the fleet, kind, ST, district, name, place, and the real station that it follows."""

    serial: str
    kind: str
    st: str
    region: str
    name: str
    lon: float
    lat: float
    station: str
    site: str | None = None

    @property
    def mn(self) -> str:
        """District, ST, twelve zeros, serial: 24 hexadecimal digits."""
        return f"{self.region}{self.st}{'0' * 12}{self.serial}"

    @property
    def every(self) -> int:
        """Seconds between two averages."""
        return 300 if self.kind == "dust" else 600


FLEET = (
    Member("D001", "dust", "39", "110105", "示例·朝阳奥体南路住宅工地", 116.4032, 39.9764, "1011A", "site-01"),
    Member("D002", "dust", "39", "110108", "示例·海淀万柳中路商业工地", 116.2954, 39.9663, "1007A", "site-02"),
    Member("D003", "dust", "39", "110113", "示例·顺义新城五街坊工地", 116.6583, 40.1291, "1008A", "site-03"),
    Member("D004", "dust", "39", "110114", "示例·昌平南环路地铁工地", 116.2368, 40.2093, "1010A", "site-04"),
    Member("D005", "dust", "39", "110107", "示例·石景山古城西路工地", 116.1782, 39.9177, "1012A", "site-05"),
    Member("D006", "dust", "39", "110116", "示例·怀柔开放东路工地", 116.6354, 40.3198, "1009A", "site-06"),
    Member("C001", "cems", "31", "110107", "示例·石景山供热厂1号烟囱", 116.1651, 39.9052, "1012A", "E-SL-06"),
    Member("C002", "cems", "31", "110114", "示例·昌平水泥厂窑尾", 116.2011, 40.1832, "1010A", "E-SL-07"),
    Member("C003", "cems", "31", "110113", "示例·顺义热电2号机组", 116.6912, 40.1052, "1008A", "E-SL-08"),
    Member("A001", "micro", "22", "110105", "示例·朝阳呼家楼微站", 116.4621, 39.9234, "1005A"),
    Member("A002", "micro", "22", "110108", "示例·海淀苏州街微站", 116.3063, 39.9772, "1007A"),
    Member("A003", "micro", "22", "110101", "示例·东城东四北微站", 116.4163, 39.9355, "1003A"),
)

_UNITS: Mapping[str, Mapping[str, str]] = {
    "dust": {"a34001": "mg/m3", "a34002": "mg/m3", "a34004": "mg/m3"},
    "cems": {},
    "micro": dict.fromkeys(("a34004", "a34002", "a21026", "a21004", "a05024"), "ug/m3"),
}


def devices(until: datetime) -> list[Device]:
    """The fleet as it stands in the register."""
    return [
        Device(
            mn=one.mn,
            kind=one.kind,
            st=one.st,
            name=one.name,
            region=one.region,
            since=until - timedelta(days=DAYS),
            password=PASSWORD,
            lon=one.lon,
            lat=one.lat,
            units=_UNITS[one.kind],
            every=one.every,
            site=one.site,
            department="housing" if one.kind == "dust" else "ecology",
            example=True,
        )
        for one in FLEET
    ]


def values(one: Member, hours: Mapping[str, Series], steps: int, rng: np.random.Generator) -> dict[str, Series]:
    """What a device measures, code by code in the unit that it sends: `steps` values at its interval.

    `hours`: the series of its station at the same times, in the platform's units.
    """
    return {"dust": _dust, "cems": _cems, "micro": _micro}[one.kind](one, hours, steps, rng)


def _dust(one: Member, hours: Mapping[str, Series], steps: int, rng: np.random.Generator) -> dict[str, Series]:
    """The background of its station, and on top of it work from seven to eight, in bursts of half an hour."""
    clock = (np.arange(steps) * one.every / 3600.0 + 20.0) % 24.0  # the span begins at 20:00
    at_work = (clock >= 7) & (clock < 20)
    strength = {"site-01": 1.0, "site-02": 2.6, "site-03": 0.5, "site-04": 1.4, "site-05": 0.7, "site-06": 0.3}[
        one.site or ""
    ]
    bursts = np.repeat(rng.lognormal(3.1, 0.9, steps // 6 + 1), 6)[:steps]
    work = np.where(at_work, strength * bursts * rng.lognormal(0.0, 0.25, steps), 2.0 * strength * rng.random(steps))
    pm10 = np.maximum(3.0, hours["pm10"] * (1 + 0.06 * rng.standard_normal(steps)) + work)
    pm25 = np.maximum(
        2.0, np.minimum(hours["pm25"] * (1 + 0.05 * rng.standard_normal(steps)) + 0.15 * work, 0.95 * pm10)
    )
    noise = np.where(at_work, 66.0, 52.0) + 3.0 * rng.standard_normal(steps)
    return {
        "a34001": (1.35 * pm10 + 0.9 * work) / 1000,
        "a34002": pm10 / 1000,
        "a34004": pm25 / 1000,
        "LA": noise,
        **_weather(hours, steps, rng),
    }


def _micro(one: Member, hours: Mapping[str, Series], steps: int, rng: np.random.Generator) -> dict[str, Series]:  # noqa: ARG001
    """A cheap sensor beside its station: a gain, an offset, and noise of its own."""
    names = {"a34004": "pm25", "a34002": "pm10", "a21026": "so2", "a21004": "no2", "a05024": "o3"}
    said = {
        code: np.maximum(
            1.0, hours[name] * rng.uniform(0.88, 1.2) + rng.uniform(-3, 5) + 2.5 * rng.standard_normal(steps)
        )
        for code, name in names.items()
    }
    said["a21005"] = np.maximum(0.1, hours["co"] * rng.uniform(0.9, 1.1) + 0.05 * rng.standard_normal(steps))
    weather = _weather(hours, steps, rng)
    return said | {code: weather[code] for code in ("a01001", "a01002")}


def _cems(one: Member, hours: Mapping[str, Series], steps: int, rng: np.random.Generator) -> dict[str, Series]:  # noqa: ARG001
    """A stack: load by the time of day, oxygen against it, concentrations of an ultra-low-emission plant in mg/m3."""
    clock = np.arange(steps) * one.every / 3600.0 + 20.0
    load = (
        0.82
        + 0.12 * np.sin(2 * np.pi * (clock - 9) / 24)
        + 0.015 * rng.standard_normal(steps).cumsum() / np.sqrt(steps)
    )
    oxygen = np.clip(12.5 - 6.5 * load + 0.15 * rng.standard_normal(steps), 3.0, 18.0)
    return {
        "a21026": np.maximum(1.0, 17.0 * load + 1.6 * rng.standard_normal(steps)),
        "a21002": np.maximum(4.0, 36.0 * load + 2.4 * rng.standard_normal(steps)),
        "a34013": np.maximum(0.3, 3.6 * load + 0.4 * rng.standard_normal(steps)),
        "a19001": oxygen,
        "a01012": 52.0 + 3.0 * load + 0.4 * rng.standard_normal(steps),
        "a01011": 13.0 * load + 0.3 * rng.standard_normal(steps),
        "a00000": 210_000 * load + 2_500 * rng.standard_normal(steps),
    }


def _weather(hours: Mapping[str, Series], steps: int, rng: np.random.Generator) -> dict[str, Series]:
    temperature, dew = hours["temperature"], np.minimum(hours["dew_point"], hours["temperature"])
    humid = 100 * np.exp(17.625 * dew / (243.04 + dew) - 17.625 * temperature / (243.04 + temperature))
    return {
        "a01001": temperature + 0.3 * rng.standard_normal(steps),
        "a01002": np.clip(humid + 1.0 * rng.standard_normal(steps), 5, 100),
        "a01006": hours["pressure"] / 10 + 0.01 * rng.standard_normal(steps),
        "a01007": np.maximum(0.0, hours["wind_speed"] * 0.8 + 0.2 * rng.standard_normal(steps)),
        "a01008": (hours["wind_direction"] + 12 * rng.standard_normal(steps)) % 360,
    }


_DIGITS = {"a34001": 3, "a34002": 3, "a34004": 3, "a01006": 2, "a21005": 2, "a00000": 0, "a01008": 0, "a01002": 0}
_RANGE = frozenset({"a34001", "a34002", "a34004", "a21026", "a21002", "a34013"})
_CONVERTED = frozenset({"a21026", "a21002", "a34013"})
_REFERENCE_OXYGEN = 6.0


def uploads(
    one: Member, said: Mapping[str, Series], begin: datetime, rng: np.random.Generator
) -> Iterator[tuple[datetime, bytes]]:
    """The packets of a device, minutes and hours: when each arrives, and its bytes."""
    link = Link(one.st, one.mn, PASSWORD)
    steps = len(next(iter(said.values())))
    a_hour = 3600 // one.every
    wait = rng.uniform(2, 25, steps)
    for cn, length in (("2051", 1), ("2061", a_hour)):
        means = {code: series.reshape(-1, length).mean(axis=1) for code, series in said.items()}
        least = {code: series.reshape(-1, length).min(axis=1) for code, series in said.items()}
        most = {code: series.reshape(-1, length).max(axis=1) for code, series in said.items()}
        period = timedelta(seconds=one.every * length)
        for number in range(steps // length):
            start = begin + number * period
            fields = {
                code: _fields(one, code, number, means, least, most, start, begin, spread=length > 1) for code in said
            }
            at = start + period + timedelta(seconds=float(wait[number * length]))
            for packet in link.upload(cn, qn_of(at - timedelta(seconds=1)), start, fields):
                yield at, encode(packet)


def _fields(
    one: Member,
    code: str,
    number: int,
    means: Mapping[str, Series],
    least: Mapping[str, Series],
    most: Mapping[str, Series],
    start: datetime,
    begin: datetime,
    *,
    spread: bool,
) -> dict[str, object]:
    digits = _DIGITS.get(code, 1)
    value = float(means[code][number])
    stopped = one.serial == "C003" and timedelta(hours=26) <= start - begin < timedelta(hours=34)
    if stopped:
        value = 20.9 if code == "a19001" else 0.0
    fields: dict[str, object] = {"Avg": f"{value:.{digits}f}"}
    if code in _RANGE and not stopped:
        low, high = (least[code][number], most[code][number]) if spread else (0.93 * value, 1.08 * value)
        fields |= {"Min": f"{low:.{digits}f}", "Max": f"{high:.{digits}f}"}
    if one.kind == "cems" and code in _CONVERTED and not stopped:
        oxygen = float(means["a19001"][number])
        fields["ZsAvg"] = f"{value * (21 - _REFERENCE_OXYGEN) / (21 - oxygen):.{digits}f}"
    return fields | {"Flag": "F" if stopped else "N"}
