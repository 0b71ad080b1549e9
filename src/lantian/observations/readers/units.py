"""Units as files write them, and their conversion to ours (ug/m3, CO mg/m3; docs/design/house.md)."""

import datetime as dt
import unicodedata

import polars as pl

from lantian.observations import words
from lantian.observations.rules import RULES

_SPELLINGS = {
    "ug/m3": ("ug/m3", "µg/m3", "μg/m3", "ugm3", "ug/m^3", "μg/m^3", "微克/立方米", "ug/m³"),
    "mg/m3": ("mg/m3", "mgm3", "mg/m^3", "毫克/立方米", "mg/m³"),
    "ppm": ("ppm",),
    "ppb": ("ppb",),
    "degC": ("degc", "c", "°c", "℃", "摄氏度"),
    "hPa": ("hpa", "mb", "mbar", "百帕"),
    "kPa": ("kpa", "千帕"),
    "%": ("%", "percent"),
    "mm": ("mm", "毫米"),
    "deg": ("deg", "°", "degrees", "度"),
    "m/s": ("m/s", "ms-1", "米/秒"),
}
_UNIT_OF = {unicodedata.normalize("NFKC", text).lower(): unit for unit, texts in _SPELLINGS.items() for text in texts}

# (from, to) -> multiply by, divide by. Division by 1000 gives the float nearest to the decimal; multiplication by
# 0.001 does not.
_SCALE = {("ug/m3", "mg/m3"): (1.0, 1000.0), ("mg/m3", "ug/m3"): (1000.0, 1.0), ("kPa", "hPa"): (10.0, 1.0)}

MOLAR_MASS = {"so2": 64.064, "no2": 46.006, "o3": 47.998, "co": 28.010, "no": 30.006}
"""g/mol, IUPAC standard atomic weights. NOx has none: it is reported as NO2."""

REFERENCE_CHANGE = dt.date(2018, 9, 1)
"""From this day gas concentrations refer to 298.15 K and 1013.25 hPa instead of 273 K and 101.325 kPa (amendment of GB
3095-2012).
"""

_R = 8.314462618  # J/(mol K), CODATA 2018
_PRESSURE = 101325.0  # Pa
MOLAR_VOLUME_OLD = _R * 273.0 / _PRESSURE * 1000
"""L/mol at 273 K and 101.325 kPa: 22.40."""
MOLAR_VOLUME_NEW = _R * 298.15 / _PRESSURE * 1000
"""L/mol at 298.15 K and 1013.25 hPa: 24.47."""


def known(text: str) -> str | None:
    """The unit that a text names, or None."""
    return _UNIT_OF.get(unicodedata.normalize("NFKC", text).strip().lower())


def convert(values: pl.Series, item: str, unit: str | None, dates: pl.Series) -> pl.Series | str:
    """Values of `item` from `unit` (as written; None: already ours) into ours, or a sentence that says why that cannot
    be.

    `dates` are the local days of the values; a mixing ratio of a gas becomes a concentration at the reference state of
    its day.
    """
    wanted = RULES[item].unit
    if unit is None:
        return values
    given = known(unit)
    if given == wanted:
        return values
    if given is not None and (given, wanted) in _SCALE:
        times, over = _SCALE[given, wanted]
        return values * times if over == 1 else _divide(values, over)
    mass = MOLAR_MASS.get(item.split("_")[0])
    if given in {"ppm", "ppb"} and mass is not None:
        ppb = values * 1000 if given == "ppm" else values
        volume = pl.select(
            pl.when(dates < REFERENCE_CHANGE).then(MOLAR_VOLUME_OLD).otherwise(MOLAR_VOLUME_NEW).alias("volume")
        ).to_series()
        micrograms = ppb * mass / volume
        return _divide(micrograms, 1000.0) if wanted == "mg/m3" else micrograms
    phrase = words.OTHER_UNIT_OF_GAS if mass else words.OTHER_UNIT
    return phrase.say(item=item, unit=unit, wanted=wanted)


def _divide(values: pl.Series, by: float) -> pl.Series:
    """Divide by a column: Polars turns division by one number into multiplication by its inverse, and 700 becomes
    0.7000000000000001.
    """
    return values / pl.repeat(by, len(values), eager=True, dtype=pl.Float64)
