"""Lists of devices as offices keep them: CSV in UTF-8 or GB18030, or XLSX; every fault named by line and field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lantian.kernel.settings import TIMEZONE
from lantian.observations.gateway.device import Device

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "mn": ("mn", "设备编号"),
    "kind": ("kind", "设备类型"),
    "st": ("st", "系统编码"),
    "name": ("name", "设备名称"),
    "password": ("password", "pw", "访问密码"),
    "region": ("region", "行政区划代码"),
    "station": ("station", "站点编码"),
    "lon": ("lon", "经度"),
    "lat": ("lat", "纬度"),
    "units": ("units", "单位"),
    "every": ("every", "上报间隔"),
    "tolerances": ("tolerances", "容差"),
    "version": ("version", "协议版本"),
    "cipher": ("cipher", "加密方式"),
    "iv": ("iv", "初始向量"),
    "key": ("key", "密钥"),
    "site": ("site", "所属对象"),
    "department": ("department", "主管部门"),
    "since": ("since", "启用时间"),
    "until": ("until", "停用时间"),
    "note": ("note", "备注"),
}
"""Fields, and the heads of columns under which each is known."""

_NEEDED = ("mn", "kind", "st", "name", "region")


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be used: line from 1, field (where one is to blame), and why."""

    line: int
    field: str
    reason: str


def read(path: Path, *, now: datetime, since: Mapping[str, datetime] | None = None) -> tuple[list[Device], list[Fault]]:
    """Devices of a file and the rows that are none. Since when those count that do not say: `since` by MN, else `now`.

    Raises ValueError naming the column that is missing, FileNotFoundError.
    """
    rows = list(_rows(path))
    if not rows:
        raise ValueError(f"{path}: empty; expected a row of column heads: {', '.join(COLUMNS)}")
    heads = {head.strip().lower(): number for number, head in enumerate(rows[0])}
    found = {name: next((heads[one] for one in known if one in heads), None) for name, known in COLUMNS.items()}
    if absent := [name for name in _NEEDED if found[name] is None]:
        raise ValueError(f"{path}, line 1: column {absent[0]} is missing; expected {', '.join(_NEEDED)} at least")
    devices: list[Device] = []
    faults: list[Fault] = []
    for line, row in enumerate(rows[1:], start=2):
        given = {
            name: row[at].strip() for name, at in found.items() if at is not None and at < len(row) and row[at].strip()
        }
        if not given:
            continue
        try:
            devices.append(device_of(given, (since or {}).get(given.get("mn", ""), now)))
        except ValueError as error:
            field = str(error).split(" ", 1)[0].rstrip(":")
            faults.append(Fault(line, field if field in COLUMNS else "", str(error)))
    return devices, faults


def device_of(given: Mapping[str, str], now: datetime) -> Device:
    """A device from texts, of a file's row or a form. Raises ValueError naming the field and what would be right.

    `units`: ``a34002=mg/m3;a34001=mg/m3``; `tolerances`: names between spaces or ;.
    """
    if absent := [name for name in _NEEDED if not given.get(name)]:
        raise ValueError(f"{absent[0]}: missing")
    units: dict[str, str] = {}
    for part in _parts(given.get("units", "")):
        code, sign, unit = part.partition("=")
        if not sign:
            raise ValueError(f"units {part!r}: expected code=unit, for example a34002=mg/m3")
        units[code.strip()] = unit.strip()
    return Device(
        mn=given["mn"],
        kind=given["kind"],
        st=given["st"],
        name=given["name"],
        region=given["region"],
        since=_moment("since", given.get("since")) or now,
        password=given.get("password", ""),
        station=given.get("station") or None,
        lon=_number("lon", given.get("lon")),
        lat=_number("lat", given.get("lat")),
        units=units,
        every=_whole("every", given.get("every"), 60),
        tolerances=tuple(_parts(given.get("tolerances", "").replace(" ", ";"))),
        version=_whole("version", given.get("version"), 2017),
        cipher=given.get("cipher", ""),
        iv=given.get("iv", ""),
        key=given.get("key", ""),
        site=given.get("site") or None,
        department=given.get("department") or "ecology",
        until=_moment("until", given.get("until")),
        note=given.get("note", "")[:500],
    )


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.replace("，", ";").replace(",", ";").split(";") if part.strip()]


def _number(name: str, text: str | None) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} {text!r}: expected a number") from None


def _whole(name: str, text: str | None, otherwise: int) -> int:
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"{name} {text!r}: expected a whole number")
    return int(text)


def _moment(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} {text!r}: expected a time such as 2016-12-16T20:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=TIMEZONE)


def _rows(path: Path) -> Iterator[list[str]]:
    if path.suffix.lower() == ".xlsx":
        from openpyxl import load_workbook

        sheet = load_workbook(path, read_only=True, data_only=True).worksheets[0]
        for row in sheet.iter_rows(values_only=True):
            yield ["" if cell is None else str(cell) for cell in row]
        return
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    yield from csv.reader(io.StringIO(text))
