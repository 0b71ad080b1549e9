"""Units of files and what turns them into ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from lantian.transport.inputs import same_unit


class Scale(NamedTuple):
    """Ours = theirs times ``factor`` plus ``offset``."""

    factor: float = 1.0
    offset: float = 0.0


_SHARE: Final = {"%": Scale(0.01), "percent": Scale(0.01), "(0 - 1)": Scale(), "(0-1)": Scale(), "0-1": Scale()}
_KINDS: Final[Mapping[str, Mapping[str, Scale]]] = {
    "K": {word: Scale(1, 273.15) for word in ("degC", "C", "celsius", "Celsius", "°C", "degree_Celsius", "deg_C")},
    "Pa": {"hPa": Scale(100), "mbar": Scale(100), "mb": Scale(100), "millibar": Scale(100), "millibars": Scale(100)},
    "m": {"km": Scale(1000), "gpm": Scale(), "dam": Scale(10), "geopotential metre": Scale(), "gpdam": Scale(10)},
    "1": {**_SHARE, "g kg-1": Scale(0.001), "g/kg": Scale(0.001), "Numeric": Scale(), "~": Scale(), "": Scale()},
    "m s-1": {"km h-1": Scale(1 / 3.6), "km/h": Scale(1 / 3.6), "knot": Scale(0.514444), "kt": Scale(0.514444)},
    "kg m-2": {"m": Scale(1000), "mm": Scale(), "m of water equivalent": Scale(1000)},
    "kg m-2 s-1": {"m s-1": Scale(1000), "mm s-1": Scale(), "mm h-1": Scale(1 / 3600), "mm/h": Scale(1 / 3600)},
    "J m-2": {"W m-2 s": Scale(), "kJ m-2": Scale(1000), "MJ m-2": Scale(1e6), "W h m-2": Scale(3600)},
    "W m-2": {"kW m-2": Scale(1000)},
    "N m-2": {"Pa": Scale()},
    "N m-2 s": {"Pa s": Scale()},
    "degree": {"degrees": Scale(), "deg": Scale(), "°": Scale()},
}


def scale(given: str, wanted: str) -> Scale | None:
    """What turns values in the unit ``given`` into ``wanted``; None where it is not known to."""
    if same_unit(given, wanted):
        return Scale()
    others = _KINDS.get(wanted, {})
    plain = given.strip()
    return others.get(plain) or next((one for word, one in others.items() if word and same_unit(plain, word)), None)


def understood(wanted: str) -> str:
    """The units that can be turned into ``wanted``, as they are told."""
    return ", ".join([wanted, *(word for word in _KINDS.get(wanted, {}) if word)])
