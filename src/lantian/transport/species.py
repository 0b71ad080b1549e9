"""The species that the model knows, and the unit in which it carries them.

A state is a mass mixing ratio in microgram of the species per kilogram of air (``ug kg-1``), shape (z, species, y, x).
Times the air density it is the concentration in ug m-3; with the molar mass it is a mole fraction in ppb. Nothing else
decides which species exist.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

MOLAR_MASS_AIR: Final = 28.9647
"""Molar mass of dry air, g mol-1 (US Standard Atmosphere 1976)."""

Kind = Literal["gas", "fine", "coarse", "mixed"]


@dataclass(frozen=True)
class Species:
    """One transported species.

    ``kind``: gas, fine particle (< 2.5 um), coarse particle (2.5-10 um), or mixed (gas and fine particle in
    equilibrium). ``molar_mass`` in g mol-1; for a lump whose atoms do not matter the mass of the lump's unit.
    ``atoms``: what must be conserved. ``pm25`` and ``pm10``: how many ug of particulate matter one ug of the species
    stands for; of a mixed one, only its particulate part counts.
    """

    name: str
    long_name: str
    zh: str
    kind: Kind
    molar_mass: float
    atoms: Mapping[str, int] = field(default_factory=dict)
    pm25: float = 0.0
    pm10: float = 0.0

    def to_ppb(self, mixing_ratio: Any) -> Any:
        """Mass mixing ratio in ug kg-1 to mole fraction in ppb."""
        return mixing_ratio * (MOLAR_MASS_AIR / self.molar_mass)

    def from_ppb(self, mole_fraction: Any) -> Any:
        """Mole fraction in ppb to mass mixing ratio in ug kg-1."""
        return mole_fraction * (self.molar_mass / MOLAR_MASS_AIR)


# Particulate factors: sulfate counts as (NH4)2SO4 (132.14/96.06), nitrate as NH4NO3 (80.04/62.00), ammonium inside.
REGISTRY: Final[Mapping[str, Species]] = {
    s.name: s
    for s in (
        Species("ROC", "reactive organic carbon, as CH2 units", "活性有机碳", "gas", 14.03),
        Species("NO", "nitric oxide", "一氧化氮", "gas", 30.006, {"N": 1}),
        Species("NO2", "nitrogen dioxide", "二氧化氮", "gas", 46.006, {"N": 1}),
        Species("O3", "ozone", "臭氧", "gas", 47.998),
        Species("SO2", "sulfur dioxide", "二氧化硫", "gas", 64.064, {"S": 1}),
        Species("SO4", "particulate sulfate", "硫酸盐", "fine", 96.06, {"S": 1}, 1.376, 1.376),
        Species("TNO3", "total nitrate, as NO3", "总硝酸", "mixed", 62.005, {"N": 1}, 1.291, 1.291),
        Species("TNH4", "total ammonia, as NH4", "总氨", "mixed", 18.038, {"N": 1}),
        Species("CO", "carbon monoxide", "一氧化碳", "gas", 28.010),
        Species("PPM25", "other primary fine particles", "一次细颗粒物", "fine", 100.0, {}, 1.0, 1.0),
        Species("PMC", "primary coarse particles", "粗颗粒物", "coarse", 100.0, {}, 0.0, 1.0),
        Species("BC", "black carbon", "黑碳", "fine", 12.011, {}, 1.0, 1.0),
        Species("DUST", "fine mineral dust", "细沙尘", "fine", 100.0, {}, 1.0, 1.0),
        Species("SOA", "secondary organic aerosol, one lump", "二次有机气溶胶", "fine", 150.0, {}, 1.0, 1.0),
    )
}  # fmt: skip

REACTIVE: Final = ("ROC", "NO", "NO2", "O3", "SO2", "SO4", "TNO3", "TNH4")
"""What the photochemistry and the inorganic aerosol need; the chemistry runs when all of them are carried."""
COMPACT: Final = (*REACTIVE, "CO", "PPM25")
"""Ten species: the six pollutants of the air quality index without coarse particles."""
FULL: Final = tuple(REGISTRY)
"""All fourteen species."""


def find(names: Sequence[str]) -> tuple[Species, ...]:
    """The species of these names, in this order.

    Raises ``ValueError`` for a name that is unknown or stands twice.
    """
    unknown = [name for name in names if name not in REGISTRY]
    if unknown:
        raise ValueError(f"unknown species {', '.join(unknown)}; known are {', '.join(REGISTRY)}")
    if len(set(names)) < len(names):
        raise ValueError(f"a species stands twice in {', '.join(names)}")
    return tuple(REGISTRY[name] for name in names)
