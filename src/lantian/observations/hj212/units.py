"""Units of measured values: exact factors between those that a device may be set to and the platform's."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

__all__ = ["UNITS", "UnitError", "converter"]


class UnitError(ValueError):
    """A unit is unknown, or of another quantity; says which units would do."""


def _powers(dimension: str, **exponents: int) -> dict[str, tuple[str, Decimal, Decimal]]:
    return {name: (dimension, Decimal(1).scaleb(power), Decimal(0)) for name, power in exponents.items()}


UNITS: Mapping[str, tuple[str, Decimal, Decimal]] = MappingProxyType(
    {
        **_powers("mass in air", **{"ng/m3": -9, "ug/m3": -6, "mg/m3": -3, "g/m3": 0}),
        **_powers("mass in water", **{"ug/L": -6, "mg/L": -3, "g/L": 0}),
        **_powers("pressure", Pa=0, hPa=2, mbar=2, kPa=3, MPa=6),
        "mmHg": ("pressure", Decimal("133.322387415"), Decimal(0)),
        "degC": ("temperature", Decimal(1), Decimal("273.15")),
        "K": ("temperature", Decimal(1), Decimal(0)),
        "m/s": ("speed", Decimal(1), Decimal(0)),
        "km/h": ("speed", Decimal(1) / Decimal("3.6"), Decimal(0)),
        "m3/h": ("flow", Decimal(1), Decimal(0)),
        "m3/s": ("flow", Decimal(3600), Decimal(0)),
        "L/s": ("flow", Decimal("3.6"), Decimal(0)),
        **_powers("mass", ug=-9, mg=-6, g=-3, kg=0, t=3),
        "%": ("share", Decimal(1), Decimal(0)),
        "degree": ("direction", Decimal(1), Decimal(0)),
        "dB": ("sound", Decimal(1), Decimal(0)),
        "1": ("number", Decimal(1), Decimal(0)),
        "t/km2/month": ("dustfall", Decimal(1), Decimal(0)),
    }
)
"""Units by name: the quantity, the factor and the offset to its base unit."""


@lru_cache(512)
def converter(given: str, wanted: str) -> tuple[Decimal, Decimal] | None:
    """Find factor and offset from one unit to another (``value * factor + offset``); None where they are the same.

    UnitError for a unit that is not in ``UNITS`` or of another quantity. Parts per million are not among them: they
    depend on the gas and its state.
    """
    if given == wanted:
        return None
    for unit in (given, wanted):
        if unit not in UNITS:
            raise UnitError(f"unit {unit!r} is unknown; there are {', '.join(UNITS)}")
    quantity, factor, offset = UNITS[given]
    other, wanted_factor, wanted_offset = UNITS[wanted]
    if quantity != other:
        same = ", ".join(name for name, entry in UNITS.items() if entry[0] == other)
        raise UnitError(f"unit {given!r} is one of {quantity}; one of {other} is wanted: {same}")
    return factor / wanted_factor, (offset - wanted_offset) / wanted_factor
