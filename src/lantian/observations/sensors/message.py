"""What a sensor sends: a topic and a small JSON text, read into rows of telemetry or refused with the reason. Pure.

    lantian/<network>/<sensor>/data      {"time": "2026-11-22T10:01:00+08:00", "pm25": 35.2, "humidity": 62}
    lantian/<network>/<sensor>/status    {"time": "2026-11-22T10:01:00+08:00", "state": "online", "battery": 81}

`data` may hold many rows: ``{"period": 60, "units": {"no2": "ppb"}, "sent": "...", "rows": [{"time": ..., ...}]}``. A
row that is wrong does not take the others with it. docs/sensors.md has every entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal

from lantian.kernel.settings import TIMEZONE
from lantian.standards.codes import GASES, ITEMS

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""What networks and sensors may be called."""

MOST_BYTES: Final = 256_000
"""Longest message that is read."""

MOST_ROWS: Final = 5_000
"""Most rows of one message."""

AHEAD: Final = timedelta(minutes=10)
"""How far a sensor's clock may be before ours."""

BEHIND: Final = timedelta(days=400)
"""How late a value may come."""

_KNOWN: Final = frozenset({"sent", "period", "stamp", "units", "rows"})
_MOLAR: Final[Mapping[str, float]] = MappingProxyType(
    {"so2": 64.066, "no2": 46.0055, "co": 28.010, "o3": 47.9982, "no": 30.006, "nox": 46.0055}
)
_VOLUME = 24.465  # litres of one mole at 298.15 K and 1013.25 hPa, the gas state of GB 3095 since 2018-09-01


@dataclass(frozen=True, slots=True)
class Topic:
    """Where a message came: network, sensor and kind."""

    network: str
    sensor: str
    kind: Literal["data", "status"]


@dataclass(frozen=True, slots=True)
class Reject:
    """What is wrong: number of the row from 1 (0: the whole message), field, value, and what would be right."""

    row: int
    field: str
    value: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Value:
    """One figure in the platform's unit; ``time`` is the beginning of the period, ``said`` orders corrections."""

    time: datetime
    item: str
    value: float
    resolution: Literal["real", "minute", "hour"]
    said: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What a sensor says of itself; None: not said."""

    time: datetime
    state: str
    battery: float | None = None
    signal: float | None = None
    firmware: str = ""


class MessageError(ValueError):
    """A message as a whole cannot be read; ``reject`` says why."""

    def __init__(self, reject: Reject) -> None:
        super().__init__(f"{reject.field} {reject.value!r}: {reject.en}")
        self.reject = reject


def topic(text: str) -> Topic:
    """Read a topic. Raises MessageError for one that is none of ours."""
    parts = text.split("/")
    fits = len(parts) == 4 and parts[0] == "lantian" and NAME.fullmatch(parts[1]) and NAME.fullmatch(parts[2])
    if fits and parts[3] in ("data", "status"):
        return Topic(parts[1], parts[2], parts[3])  # type: ignore[arg-type]
    raise _wrong(
        "topic",
        text,
        "应为 lantian/<网络>/<传感器>/data 或 /status",
        "expected lantian/<network>/<sensor>/data or /status",
    )


def data(payload: bytes, now: datetime, every: int = 60) -> tuple[list[Value], list[Reject]]:
    """Read the values of a `data` message.

    Args:
        payload: JSON as docs/sensors.md has it.
        now: by the platform's clock.
        every: seconds of a period where the message does not say.

    Raises:
        MessageError: nothing of it can be read.
    """
    content = _object(payload)
    rows = content.get("rows")
    rest = {name: value for name, value in content.items() if name not in _KNOWN}
    if rows is None:
        rows, rest = [rest], {}
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise _wrong("rows", rows, f"应为不超过 {MOST_ROWS} 行的列表", f"expected a list of at most {MOST_ROWS} rows")
    period = content.get("period", every)
    if not isinstance(period, int | float) or isinstance(period, bool) or not 0 <= period <= 3600:
        raise _wrong("period", period, "应为 0 到 3600 秒", "expected seconds from 0 (an instant) to 3600")
    stamp = content.get("stamp", "begin")
    if stamp not in ("begin", "end"):
        raise _wrong("stamp", stamp, "应为 begin 或 end", "expected begin or end")
    units = content.get("units", {})
    if not isinstance(units, dict):
        raise _wrong("units", units, "应为项目到单位的对照", "expected a mapping from item to unit")
    said = _said(content, now)
    resolution: Literal["real", "minute", "hour"] = "hour" if period == 3600 else "minute" if period else "real"
    shift = timedelta(seconds=float(period)) if stamp == "end" else timedelta()
    found: list[Value] = []
    rejects = [_reject(0, name, value, "未知条目", "unknown beside rows") for name, value in rest.items()]
    for number, row in enumerate(rows, 1):
        try:
            at = _time(row, now) - shift
        except MessageError as error:
            rejects.append(Reject(number, error.reject.field, error.reject.value, error.reject.zh, error.reject.en))
            continue
        for item, value in row.items():
            if item == "time":
                continue
            try:
                found.append(Value(at, item, _figure(item, value, units.get(item)), resolution, said))
            except MessageError as error:
                rejects.append(Reject(number, error.reject.field, error.reject.value, error.reject.zh, error.reject.en))
    return found, rejects


def status(payload: bytes, now: datetime) -> Status:
    """Read a `status` message. Raises MessageError."""
    content = _object(payload)
    state = content.get("state", "online")
    if state not in ("online", "offline", "fault"):
        raise _wrong("state", state, "应为 online、offline 或 fault", "expected online, offline or fault")
    at = _time(content, now) if "time" in content else now

    def number(name: str, low: float, high: float) -> float | None:
        value = content.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong(name, value, f"应为 {low:g} 到 {high:g}", f"expected {low:g} to {high:g}")
        return float(value)

    return Status(
        at, state, number("battery", 0, 100), number("signal", -200, 0), str(content.get("firmware") or "")[:60]
    )


def _object(payload: bytes) -> dict[str, Any]:
    if len(payload) > MOST_BYTES:
        raise _wrong(
            "payload", f"{len(payload)} B", f"应不超过 {MOST_BYTES} 字节", f"expected at most {MOST_BYTES} bytes"
        )
    try:
        content = json.loads(payload)
    except (ValueError, RecursionError):
        shown = payload[:80].decode("utf-8", "replace")
        raise _wrong("payload", shown, "不是 JSON (UTF-8)", "not JSON (UTF-8)") from None
    if not isinstance(content, dict):
        raise _wrong("payload", content, "应为 JSON 对象", "expected a JSON object")
    return content


def _time(row: Any, now: datetime) -> datetime:
    if not isinstance(row, dict):
        raise _wrong("row", row, "应为 JSON 对象", "expected a JSON object")
    value = row.get("time")
    zone_zh, zone_en = (
        "应为带时区的时间，如 2026-11-22T10:01:00+08:00",
        "expected a time with its zone: 2026-11-22T10:01:00+08:00",
    )
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        # Near the year 1 or 9999 the zone leads out of the calendar.
        if at is None or at.tzinfo is None or not 1990 <= at.year <= 2200:
            raise ValueError
    except ValueError:
        raise _wrong("time", value, zone_zh, zone_en) from None
    if at > now + AHEAD:
        raise _wrong("time", value, "晚于现在：传感器时钟超前", "after now: the sensor's clock is ahead")
    if at < now - BEHIND:
        raise _wrong("time", value, f"早于 {BEHIND.days} 天", f"more than {BEHIND.days} days ago")
    return at


def _said(content: Mapping[str, Any], now: datetime) -> str | None:
    if "sent" not in content:
        return None
    at = _time({"time": content["sent"]}, now).astimezone(TIMEZONE)
    return at.strftime("%Y%m%d%H%M%S") + f"{at.microsecond // 1000:03d}"


def _figure(item: str, value: Any, unit: Any) -> float:
    known = ITEMS.get(item)
    if known is None:
        raise _wrong(
            item, value, "未知项目，应为 pm25、no2、humidity 等", "unknown item; expected pm25, no2, humidity, ..."
        )
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= 1e6:
        raise _wrong(item, value, "应为数值", "expected a number")
    number = float(value)
    if unit is None or unit == known.unit:
        return number
    if item in GASES and item in _MOLAR and unit in ("ppb", "ppm"):
        micrograms = number * (1000.0 if unit == "ppm" else 1.0) * _MOLAR[item] / _VOLUME
        return micrograms / 1000.0 if known.unit == "mg/m3" else micrograms
    if not isinstance(unit, str):
        raise _wrong(f"units.{item}", unit, f"应为 {known.unit}", f"expected {known.unit}")
    factor = {("mg/m3", "ug/m3"): 1000.0, ("ug/m3", "mg/m3"): 0.001, ("Pa", "hPa"): 0.01, ("kPa", "hPa"): 10.0}
    if (unit, known.unit) in factor:
        return number * factor[unit, known.unit]
    if known.unit == "degC" and unit in ("K", "degF"):
        return number - 273.15 if unit == "K" else (number - 32.0) / 1.8
    raise _wrong(f"units.{item}", unit, f"未知单位，应为 {known.unit}", f"unknown unit; expected {known.unit}")


def _reject(row: int, field: str, value: Any, zh: str, en: str) -> Reject:
    shown = value if isinstance(value, str) else json.dumps(value, default=str)
    return Reject(row, clean(field[:60]), clean(shown[:200]), zh, en)


def clean(text: str) -> str:
    """A text as a database can hold it: without the character 0 and without halves of characters."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _wrong(field: str, value: Any, zh: str, en: str) -> MessageError:
    return MessageError(_reject(0, field, value, zh, en))
