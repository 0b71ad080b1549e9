"""What each kind of device measures and in which units it sends: invented levels of the size that is usual (示例)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["PROFILES", "Profile", "Signal"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One factor that a device measures.

    ``unit`` is what the device sends, ``level`` its usual value in it, ``daily`` the swing over a day and ``noise`` the
    rest, as shares of the level. Signals of one ``group`` rise and fall together. ``shape`` is ``plain``, ``angle``
    (degrees) or ``flow`` (its total is a volume); a ``converted`` one is also sent at the reference oxygen, and its
    total is a mass.
    """

    code: str
    unit: str
    level: float
    decimals: int
    daily: float = 0.0
    noise: float = 0.1
    group: str = ""
    shape: str = "plain"
    converted: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of device: its system code, its minute interval in seconds, what it measures.

    ``oxygen`` is the reference oxygen of the conversion, per cent (coal-fired boiler of a power station 6: MEMORY).
    """

    kind: str
    zh: str
    en: str
    st: str
    every_s: int
    signals: tuple[Signal, ...]
    oxygen: float = 6.0

    @property
    def units(self) -> dict[str, str]:
        """The unit of every code, as the gateway must know it."""
        return {signal.code: signal.unit for signal in self.signals}


_WEATHER = (
    Signal("a01001", "degC", 18.0, 1, 0.3, 0.1),
    Signal("a01002", "%", 45.0, 1, -0.3, 0.1),
    Signal("a01006", "kPa", 101.2, 2, 0.001, 0.002),
    Signal("a01007", "m/s", 2.1, 1, 0.3, 0.4),
    Signal("a01008", "degree", 180.0, 0, 0.0, 0.5, "", "angle"),
)
_FLUE = (
    Signal("a01011", "m/s", 11.5, 2, 0.0, 0.06, "load"),
    Signal("a01012", "degC", 52.0, 1, 0.0, 0.03),
    Signal("a01013", "kPa", -0.12, 3, 0.0, 0.1),
    Signal("a01014", "%", 11.0, 2, 0.0, 0.05),
    Signal("a00000", "m3/h", 420000.0, 0, 0.1, 0.06, "load", "flow"),
)

_PROFILES = (
    Profile(
        "cems",
        "固定污染源烟气",
        "stack",
        "31",
        60,
        (
            Signal("a34013", "mg/m3", 4.0, 2, 0.1, 0.15, "dust", converted=True),
            Signal("a21026", "mg/m3", 18.0, 2, 0.1, 0.2, "gas", converted=True),
            Signal("a21002", "mg/m3", 31.0, 2, 0.1, 0.12, "nox", converted=True),
            Signal("a19001", "%", 7.2, 2, 0.0, 0.04),
            *_FLUE,
        ),
    ),
    Profile(
        "dust",
        "工地扬尘",
        "construction dust",
        "39",
        300,
        (
            Signal("a34001", "ug/m3", 240.0, 0, 0.4, 0.3, "particles"),
            Signal("a34002", "ug/m3", 120.0, 0, 0.4, 0.3, "particles"),
            Signal("a34004", "ug/m3", 55.0, 0, 0.4, 0.3, "particles"),
            Signal("LA", "dB", 62.0, 1, 0.15, 0.06),
            *_WEATHER,
        ),
    ),
    Profile(
        "voc",
        "挥发性有机物",
        "volatile organic compounds",
        "27",
        300,
        (
            Signal("a24088", "mg/m3", 9.5, 3, 0.2, 0.25, "organic"),
            Signal("a25002", "mg/m3", 0.11, 4, 0.2, 0.3, "organic"),
            Signal("a25003", "mg/m3", 0.6, 3, 0.2, 0.3, "organic"),
            Signal("a25005", "mg/m3", 0.9, 3, 0.2, 0.3, "organic"),
            *_FLUE,
        ),
    ),
    Profile(
        "micro",
        "微型空气站",
        "micro-station",
        "22",
        300,
        (
            Signal("a34004", "ug/m3", 48.0, 0, 0.25, 0.3, "particles"),
            Signal("a34002", "ug/m3", 92.0, 0, 0.25, 0.3, "particles"),
            Signal("a21026", "ug/m3", 9.0, 0, 0.2, 0.3),
            Signal("a21004", "ug/m3", 38.0, 0, -0.3, 0.25),
            Signal("a05024", "ug/m3", 70.0, 0, 0.6, 0.2),
            Signal("a21005", "mg/m3", 0.8, 2, 0.2, 0.25),
            *_WEATHER,
        ),
    ),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.kind: profile for profile in _PROFILES})
"""Kinds of device by name."""
