"""Which signals are one fire: cameras and pixels that lie near each other in place and time. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lantian.observations.burning.settings import LEVELS, Settings

_METRES = 111_195.0  # a degree of a great circle of the mean earth


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that was seen burning.

    Attributes:
        source: `camera`, `satellite` or `report`.
        sender, id: who sent it, and its id there: the same pair is the same signal.
        at: when it was seen, aware; lon, lat: where, degrees WGS-84.
        kind: `straw`, `garbage`, `leaves`, `other`; empty: not said.
        confidence: `low`, `nominal` or `high`.
        frp: fire radiative power, MW; link: address of a picture; address: the place in words.
    """

    source: str
    sender: str
    id: str
    at: datetime
    lon: float
    lat: float
    kind: str = ""
    confidence: str = "nominal"
    frp: float | None = None
    link: str = ""
    address: str = ""
    example: bool = False


def level(confidence: object) -> str:
    """How sure a signal is: percent as of MODIS and cameras (below 30 low, from 80 high), or VIIRS' words and letters.

    Example:
        >>> level(29), level("85"), level("n"), level("low"), level(None)
        ('low', 'high', 'nominal', 'low', 'nominal')
    """
    text = str(confidence).strip().lower() if confidence is not None else ""
    for name in LEVELS:
        if text and text in (name, name[0]):
            return name
    try:
        percent = float(text)
    except ValueError:
        return "nominal"
    return "low" if percent < 30 else "high" if percent >= 80 else "nominal"


def sure(signal: Signal, settings: Settings) -> bool:
    """Whether somebody is called for it."""
    return LEVELS.index(signal.confidence) >= LEVELS.index(settings.least)


def distance(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Metres between two points that lie near each other.

    Example:
        >>> round(distance(116.0, 40.0, 116.01, 40.0))
        852
    """
    east = (lon2 - lon1) * math.cos(math.radians((lat1 + lat2) / 2))
    return math.hypot(east, lat2 - lat1) * _METRES


def joined(
    signals: Sequence[Signal], fires: Mapping[int, Sequence[Signal]], settings: Settings
) -> list[tuple[int, Signal]]:
    """To which fire each signal belongs.

    A signal belongs to the fire that has the nearest signal within the reach of either of the two and within
    ``join_minutes``; so a front of pixels is one fire. Signals are taken oldest first.

    Args:
        signals: the new ones; one that is there twice (sender and id) is taken once.
        fires: the standing fires, by number.
        settings: distances and minutes.

    Returns:
        Pairs of a fire's number and a signal; new fires have the numbers -1, -2, ...
    """
    known = {number: list(held) for number, held in fires.items()}
    seen = {(one.sender, one.id) for held in known.values() for one in held}
    span, found = timedelta(minutes=settings.join_minutes), []
    for signal in sorted(signals, key=lambda one: (one.at, one.sender, one.id)):
        if (signal.sender, signal.id) in seen:
            continue
        seen.add((signal.sender, signal.id))
        near = [
            (apart, number)
            for number, held in known.items()
            for one in held
            if abs(one.at - signal.at) <= span
            and (apart := distance(one.lon, one.lat, signal.lon, signal.lat))
            <= max(settings.reach(one.source), settings.reach(signal.source))
        ]
        number = min(near)[1] if near else min([0, *known]) - 1
        known.setdefault(number, []).append(signal)
        found.append((number, signal))
    return found
