"""Where and when a picture was taken, as the camera wrote it (EXIF), and how far that is from its stated place."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from PIL import Image

from lantian.supervision.events import BEIJING

FAR_M: Final = 200.0
"""Metres from which on the distance between a picture and its stated place is shown: beyond what positioning in a
street errs by."""

_EXIF, _GPS = 0x8769, 0x8825
_TAKEN, _TAKEN_OFFSET, _CHANGED = 0x9003, 0x9011, 0x0132
_EARTH_M: Final = 6_371_008.8


@dataclass(frozen=True, slots=True)
class Shot:
    """What the camera wrote; None where it wrote nothing that can be read.

    Attributes:
        taken_at: when, aware; of a camera that names no time zone, taken as Beijing's.
        lon, lat: where, degrees WGS-84.
    """

    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None


def read(content: bytes) -> Shot:
    """Read a picture's EXIF. A picture without, or with notes that make no sense, gives an empty `Shot`: it is no
    worse as evidence than one on paper.
    """
    try:
        with Image.open(io.BytesIO(content)) as picture:
            notes = picture.getexif()
            gps = dict(notes.get_ifd(_GPS))
            detail = dict(notes.get_ifd(_EXIF))
            changed = notes.get(_CHANGED)
    except Exception:  # whatever a damaged block makes the decoder raise
        return Shot()
    lon, lat = _degrees(gps.get(4), gps.get(3), 180), _degrees(gps.get(2), gps.get(1), 90)
    if lon is None or lat is None or (lon == 0 and lat == 0):
        lon = lat = None
    taken = _utc(gps.get(29), gps.get(7)) or _local(detail.get(_TAKEN) or changed, detail.get(_TAKEN_OFFSET))
    return Shot(taken, lon, lat)


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Metres between two places on the sphere.

    >>> round(distance_m(116.4, 39.9, 116.4, 39.91))
    1112
    """
    a, b = math.radians(lat), math.radians(other_lat)
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(half)))


def _degrees(parts: Any, side: Any, most: float) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
        value = degrees + minutes / 60 + seconds / 3600
        sign = -1 if str(side).strip("\0 ").upper() in ("S", "W") else 1
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return sign * value if math.isfinite(value) and value <= most else None


def _utc(day: Any, clock: Any) -> datetime | None:
    """The satellites' time, which needs no zone."""
    try:
        hour, minute, second = (float(part) for part in clock)
        start = datetime.strptime(str(day).strip("\0 "), "%Y:%m:%d").replace(tzinfo=UTC)
        return start + timedelta(hours=hour, minutes=minute, seconds=second)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None


def _local(text: Any, offset: Any) -> datetime | None:
    try:
        moment = datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  (its zone follows)
    except ValueError:
        return None
    return moment.replace(tzinfo=_zone(offset))


def _zone(offset: Any) -> timezone:
    try:
        zone = datetime.strptime(str(offset).strip("\0 "), "%z").utcoffset()
    except ValueError:
        zone = None
    return timezone(zone) if zone is not None else BEIJING
