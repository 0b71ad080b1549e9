"""Measured values out of an upload, in the platform's names and units.

The unit of a code is a setting of the device: the 2017 table prints ng/m3 for particles while most devices send ug/m3
or mg/m3, and no rule can tell 25 from 25. What the device's setting does not name has the unit of the table; a code for
which that prints none (ozone) stays under its code, as it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from lantian.observations.hj212.codes import FLAGS, POLLUTANTS
from lantian.observations.hj212.commands import UPLOADS
from lantian.observations.hj212.fields import SUFFIXES, is_number, time_of
from lantian.observations.hj212.packet import Packet
from lantian.observations.hj212.tolerances import VENDOR_NAMES
from lantian.observations.hj212.units import converter

__all__ = ["Row", "check_units", "readings"]

EAST = timedelta(hours=8)
"""Beijing is eight hours before UTC, since 1991 without summer time."""

_WRITTEN: Mapping[str, str] = {"td": "Rtd", "Rtd-Rtd": "Rtd", "Rtd-Flag": "Flag"}
"""Endings of ``malformed_key`` whose meaning is plain."""
_DIGITS = 40  # characters of a number at most; the standard allows about twenty
_VALUE = ("Rtd", "Avg", "Data")
_CONVERTED = ("ZsRtd", "ZsAvg")


class Row(NamedTuple):
    """One value: ``item`` and its unit are the platform's, or the code and the table's unit; ``time`` is aware UTC.

    ``time`` is the beginning of the period, of real-time data the instant. ``low``, ``high``: smallest and largest of
    the period; ``total``: what was emitted in it (kg; of flow m3), ``converted``: at the reference oxygen; ``flag``:
    the mark of the standard. Missing is None. ``code`` is the standard's.
    """

    item: str
    time: datetime
    value: float | None
    low: float | None
    high: float | None
    total: float | None
    converted: float | None
    flag: str | None
    resolution: str
    code: str


class _Factor(NamedTuple):
    item: str
    factor: Decimal | None
    offset: Decimal | None


def check_units(units: Mapping[str, str]) -> None:
    """Check a device's units, code by code; UnitError names the code's unit and those that would do."""
    for code, unit in units.items():
        _factor(code, unit)


@lru_cache(8192)
def _factor(code: str, unit: str | None) -> _Factor:
    known = POLLUTANTS.get(code)
    given = unit or (known.unit if known else None)
    if known is None or given is None:
        return _Factor(code, None, None)
    way = converter(given, known.item_unit)
    return _Factor(known.item or code, *(way or (None, None)))


@lru_cache(2048)
def _utc(text: str) -> datetime | None:
    local = time_of(text[:14])
    return None if local is None else (local - EAST).replace(tzinfo=UTC)


def readings(packet: Packet, units: Mapping[str, str] | None = None) -> list[Row]:
    """Read the values of an upload (2011, 2051, 2061, 2031); of any other packet there are none.

    ``units`` maps codes to the units that this device sends, for example ``{"a34004": "mg/m3"}``. ``DataTime`` is of
    Beijing and the beginning of the period. A value that is no number is None; a factor that has only a mark gives a
    row without a value. A mark that stands as an item of its own holds for all values that have none.
    """
    resolution = UPLOADS.get(packet.cn)
    text = packet.data_time
    when = _utc(text) if text else None
    if resolution is None or when is None:
        return []
    given, common = _by_code(packet)
    rows = []
    for code, fields in given.items():
        factor = _factor(code, units.get(code) if units else None)
        mark = fields.get("Flag", common)
        value = next((fields[name] for name in _VALUE if name in fields), None)
        zs = next((fields[name] for name in _CONVERTED if name in fields), None)
        day, night = fields.get("DayData"), fields.get("NightData")
        if value is not None or zs is not None or not (day or night):
            scaled = [_number(text, factor) for text in (value, fields.get("Min"), fields.get("Max"))]
            total, converted = _number(fields.get("Cou"), None), _number(zs, factor)
            rows.append(
                Row(factor.item, when, scaled[0], scaled[1], scaled[2], total, converted, mark, resolution, code)
            )
        for suffix, part in (("_day", day), ("_night", night)):
            if part is not None:
                number = _number(part, factor)
                rows.append(Row(code + suffix, when, number, None, None, None, None, mark, resolution, code))
    return rows


def _by_code(packet: Packet) -> tuple[dict[str, dict[str, str]], str | None]:
    """The fields by code, and the mark that stands for all."""
    given: dict[str, dict[str, str]] = {}
    common: str | None = None
    for item in packet.cp:
        for name, text in item:
            base, dash, suffix = name.partition("-")
            if not dash:
                if name == "Flag":
                    common = text
                elif text in FLAGS and name in VENDOR_NAMES:  # NOIS=N
                    given.setdefault(VENDOR_NAMES[name], {})["Flag"] = text
                continue
            suffix = suffix if suffix in SUFFIXES else _WRITTEN.get(suffix, "")
            if suffix and suffix not in ("Info", "SN", "RS", "RT"):
                given.setdefault(VENDOR_NAMES.get(base, base), {})[suffix] = text
    return given, common


def _number(text: str | None, factor: _Factor | None) -> float | None:
    """A number in the platform's unit, nearest to the decimal that was sent; None for what is no number."""
    if text is None or not is_number(text) or len(text) > _DIGITS:
        return None
    if factor is None or factor.factor is None or factor.offset is None:
        return float(text)
    return float(Decimal(text) * factor.factor + factor.offset)
