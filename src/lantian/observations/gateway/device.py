"""A registered device: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from lantian.observations.hj212 import CIPHERS, DataCipher, check_units, codes, granted
from lantian.standards.departments import DEPARTMENTS

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "cems": ("烟气在线监测", "Stack monitor (CEMS)"),
        "dust": ("工地扬尘监测", "Construction dust monitor"),
        "voc": ("VOCs 在线监测", "VOC monitor"),
        "micro": ("微型空气站", "Micro-station"),
        "station": ("空气自动站", "Air station"),
        "water": ("水质在线监测", "Water monitor"),
        "noise": ("噪声监测", "Noise monitor"),
        "other": ("其他", "Other"),
    }
)
"""Kinds of device: Chinese and English name."""

VERSIONS = (2005, 2017, 2025)
_OF_2005 = frozenset({"missing_flag", "missing_qn", "vendor_mn", "vendor_names"})
_MN = re.compile(r"[\w.-]{1,64}", re.ASCII).fullmatch
_ST = re.compile(r"\d\d", re.ASCII).fullmatch
_PASSWORD = re.compile(r"[!-%'-+\--:<>-~]{1,32}", re.ASCII).fullmatch  # visible, without & , ; =
_LONGEST_EVERY = 86_400


@dataclass(frozen=True, slots=True)
class Device:
    """An instrument or logger that may send.

    Attributes:
        mn: its MN, as it sends it.
        kind: one of ``KINDS``; st: its system code, two digits.
        name: as people call it.
        password: its PW; empty where it was not asked for.
        region: code of the region where it stands; lon, lat: degrees (WGS-84).
        station: code of the station as which its hours go to the observations; None: telemetry only.
        units: unit by pollutant code, where the device does not use that of the standard's table.
        every: seconds between two of its averages (MinInterval; an hour for one that sends hours only).
        tolerances: named quirks that are let through (`hj212.TOLERANCES`), each recorded with its packet.
        version: edition of the protocol that it speaks: 2005, 2017, 2025.
        cipher: how its data is enciphered, one of `hj212.CIPHERS` (2025); empty: in clear. iv: 32 hexadecimal digits
            where the mode is cbc; key: 32 hexadecimal digits, empty where it was not asked for.
        site: the site or enterprise that it stands at.
        department: who should act when it is silent.
        since, until: from when to when it counts, aware; until None: in use.
    """

    mn: str
    kind: str
    st: str
    name: str
    region: str
    since: datetime
    password: str = field(default="", repr=False)
    station: str | None = None
    lon: float | None = None
    lat: float | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    every: int = 60
    tolerances: tuple[str, ...] = ()
    version: int = 2017
    cipher: str = ""
    iv: str = ""
    key: str = field(default="", repr=False)
    site: str | None = None
    department: str = "ecology"
    until: datetime | None = None
    note: str = ""
    example: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value, and what would be right."""
        _form(self)
        granted(self.tolerances)
        check_units(self.units)
        for name, moment in (("since", self.since), ("until", self.until)):
            if moment is not None and moment.tzinfo is None:
                raise ValueError(f"{name} {moment.isoformat()}: expected a time with its zone")
        if (self.lon is None) != (self.lat is None):
            raise ValueError(f"lon {self.lon}, lat {self.lat}: expected both or neither")
        if self.lon is not None and self.lat is not None and not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise ValueError(f"lon {self.lon}, lat {self.lat}: expected degrees, -180..180 and -90..90")

    @property
    def allowed(self) -> tuple[str, ...]:
        """The tolerances in force: those granted, and what the edition of 2005 does not ask for."""
        return tuple(sorted(_OF_2005.union(self.tolerances))) if self.version == 2005 else self.tolerances

    def data_cipher(self, key: str = "") -> DataCipher | None:
        """What enciphers its data, with `key` or its own; None where it sends in clear."""
        return DataCipher.of_session_key(key or self.key, self.cipher, self.iv) if self.cipher else None

    def counts_at(self, moment: datetime) -> bool:
        """Whether it is in use then."""
        return self.since <= moment and (self.until is None or moment < self.until)


def _form(one: Device) -> None:
    rules = (
        (bool(_MN(one.mn)), "mn", one.mn, "1 to 64 letters, digits, . _ or -, as the device sends it"),
        (one.kind in KINDS, "kind", one.kind, f"one of {', '.join(KINDS)}"),
        (bool(_ST(one.st)) and one.st in codes.ST, "st", one.st, f"one of {', '.join(codes.ST)}"),
        (bool(one.name.strip()) and len(one.name) <= 120, "name", one.name, "1 to 120 characters"),
        (bool(one.region.strip()), "region", one.region, "the code of a region"),
        (not one.password or bool(_PASSWORD(one.password)), "password", "***", "1 to 32 signs without & , ; ="),
        (0 < one.every <= _LONGEST_EVERY, "every", one.every, "seconds, 1 to 86400"),
        (one.version in VERSIONS, "version", one.version, "2005, 2017 or 2025"),
        (one.cipher in ("", *CIPHERS), "cipher", one.cipher, f"none, or one of {', '.join(CIPHERS)}"),
        (not one.cipher or one.version == 2025, "version", one.version, "2025, as the data is to be enciphered"),
        (bool(one.cipher) or not (one.key or one.iv), "cipher", one.cipher, "options, as a key or an iv is given"),
        (one.department in DEPARTMENTS, "department", one.department, f"one of {', '.join(DEPARTMENTS)}"),
        (one.station is None or bool(one.station.strip()), "station", one.station, "the code of a station, or none"),
    )
    for holds, name, value, right in rules:
        if not holds:
            raise ValueError(f"{name} {value!r}: expected {right}")
    one.data_cipher(one.key or "0" * 32)  # names what is wrong with key or iv
