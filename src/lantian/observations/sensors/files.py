"""A list of sensors as a CSV file. Pure."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from lantian.kernel.settings import TIMEZONE
from lantian.observations.sensors.store import Sensor

NEEDED: Final = ("id", "network", "name", "region", "lon", "lat", "items", "since")
COLUMNS: Final = (*NEEDED, "every", "model", "station", "until", "note")
"""Columns of the file; `items` separated by spaces, moments of Beijing unless they state an offset."""


class SensorFileError(ValueError):
    """The list cannot be used, and nothing of it was taken; each line says where, which value and what is right."""


def read(path: Path) -> list[Sensor]:
    """Read a list of sensors. Raises SensorFileError, FileNotFoundError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SensorFileError(f"{path.name}: not UTF-8") from None
    reader = csv.DictReader(io.StringIO(text))
    heads = reader.fieldnames or []
    if missing := [name for name in NEEDED if name not in heads]:
        raise SensorFileError(f"{path.name}, line 1: column {missing[0]} is missing; expected {', '.join(COLUMNS)}")
    if unknown := [name for name in heads if name not in COLUMNS]:
        raise SensorFileError(f"{path.name}, line 1: column {unknown[0]!r} is unknown; expected {', '.join(COLUMNS)}")
    found: dict[str, Sensor] = {}
    faults = []
    for row in reader:
        line = f"{path.name}, line {reader.line_num}"
        try:
            one = _sensor({name: (row.get(name) or "").strip() for name in COLUMNS})
        except ValueError as error:
            faults.append(f"{line}: {error}")
            continue
        if one.id in found:
            faults.append(f"{line}: id {one.id!r} stands there twice; expected it once")
        found[one.id] = one
    if faults:
        raise SensorFileError("\n".join(faults))
    return list(found.values())


def _sensor(row: dict[str, str]) -> Sensor:
    values: dict[str, Any] = {name: row[name] for name in ("id", "network", "name", "region", "model", "note")}
    for name in ("lon", "lat"):
        values[name] = _number(name, row[name])
    values["every"] = int(_number("every", row["every"])) if row["every"] else 60
    values["since"] = _moment("since", row["since"])
    values["until"] = _moment("until", row["until"]) if row["until"] else None
    return Sensor(**values, items=tuple(row["items"].split()), station=row["station"] or None)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} {text!r}: expected a number") from None


def _moment(name: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name} {text!r}: expected a day or moment such as 2026-11-22T10:00") from None
    return at if at.tzinfo else at.replace(tzinfo=TIMEZONE)
