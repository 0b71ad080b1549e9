"""Invented devices (示例) and the file in which the gateway learns of them."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from lantian.observations.simulate.device import Identity
from lantian.observations.simulate.profiles import PROFILES

__all__ = ["COLUMNS", "identities", "write_devices"]

COLUMNS = (
    "mn",
    "password",
    "kind",
    "st",
    "name",
    "station",
    "region",
    "lon",
    "lat",
    "every",
    "units",
    "tolerances",
    "version",
    "cipher",
    "iv",
    "key",
)
"""Columns of the file that the gateway registers devices from. ``every`` is in seconds, ``units`` is
``a34004=mg/m3;a34002=mg/m3``, ``tolerances`` names between ``;``."""

_BEIJING = (116.4, 39.9)


def identities(
    count: int,
    kinds: Sequence[str] = tuple(PROFILES),
    *,
    seed: int = 0,
    region: str = "110000",
    version: int = 2017,
    cipher: str = "",
) -> list[Identity]:
    """Make up ``count`` devices, kinds in turn, with 24 hexadecimal digits of MN; the same for the same seed.

    ``cipher``: one of ``hj212.CIPHERS``, with which they encipher, each with its own key (2025).
    """
    drawn = random.Random(seed)  # noqa: S311
    keys = random.Random(f"key {seed}")  # noqa: S311
    for kind in kinds:
        if kind not in PROFILES:
            raise ValueError(f"no kind of device {kind!r}; there are {', '.join(PROFILES)}")
    made = []
    for number in range(1, count + 1):
        kind = kinds[(number - 1) % len(kinds)]
        made.append(
            Identity(
                mn=f"{0x512000000000 + seed % 0x1000000:012X}{number:012X}",
                password=f"{drawn.randrange(10**6):06d}",
                kind=kind,
                name=f"示例{PROFILES[kind].zh}{number}号",
                region=region,
                lon=round(_BEIJING[0] + drawn.uniform(-0.4, 0.4), 5),
                lat=round(_BEIJING[1] + drawn.uniform(-0.3, 0.3), 5),
                version=version,
                cipher=cipher,
                iv=f"{keys.getrandbits(128):032X}" if cipher.startswith("cbc") else "",
                key=f"{keys.getrandbits(128):032X}" if cipher else "",
            )
        )
    return made


def write_devices(target: Path | TextIO, devices: Iterable[Identity]) -> None:
    """Write the devices as the gateway registers them."""
    if isinstance(target, Path):
        with target.open("w", encoding="utf-8", newline="") as file:
            write_devices(file, devices)
        return
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in devices:
        profile = PROFILES[one.kind]
        units = ";".join(f"{code}={unit}" for code, unit in profile.units.items())
        place = (one.station, one.region, one.lon, one.lat)
        head = (one.mn, one.password, one.kind, profile.st, one.name)
        sealed = (one.cipher, one.iv, one.key)
        writer.writerow((*head, *place, profile.every_s, units, ";".join(one.tolerances), one.version, *sealed))
