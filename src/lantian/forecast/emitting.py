"""An inventory on the nests of a forecast, in the parts that stations may scale 源清单与同化因子."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lantian import emissions
from lantian.emissions.factors import Factors, areas_of
from lantian.emissions.hours import Prepared, prepare
from lantian.emissions.sheet import Sheet
from lantian.forecast.factors import LUMPS
from lantian.places.grid import Domain

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "stacks": ("power", "industry"),
    "heating": ("residential",),
    "mobile": ("transport", "gas_stations"),
    "ground": ("dust", "solvents", "agriculture", "open_burning", "catering", "other"),
}
"""Sectors that stations cannot tell apart better than this share their factors."""
AREAS: Final = ("city", "around")


@dataclass(eq=False)
class CityEmitter:
    """The emissions of an inventory, the city's and those around it apart.

    ``sheet``: regions and proxies (`lantian.emissions`); ``city``: the code of the city's region on it.
    """

    inventory: emissions.Inventory
    sheet: Sheet
    city: str
    species: tuple[str, ...]
    _made: dict[tuple[str, int, int], Prepared] = field(default_factory=dict, repr=False)

    @property
    def digest(self) -> str:
        """Which inventory it is, for whom."""
        return f"{self.inventory.digest} {self.city}"

    def parts(self, domain: Domain, weather: xr.Dataset) -> dict[str, xr.Dataset]:
        """By sectors and area, ``stacks-city`` and so on, for the hours that begin in the ``weather``."""
        prepared, there = self._prepared(domain, weather), self._areas(domain)
        made: dict[str, xr.Dataset] = {}
        for area in AREAS:
            only = Factors(_over(area=(AREAS, [float(area == each) for each in AREAS])), there)
            for group, sectors in GROUPS.items():
                made[f"{group}-{area}"] = prepared.load(only, list(sectors))
        return {name: part for name, part in made.items() if any(np.any(v.values) for v in part.data_vars.values())}

    def total(self, domain: Domain, weather: xr.Dataset, factors: Mapping[tuple[str, str], float]) -> xr.Dataset:
        """All of it, lazily, each lump of each part times its factor."""
        prepared = self._prepared(domain, weather)
        return prepared.dataset(self._factors(domain, factors) if factors else None)

    def _factors(self, domain: Domain, factors: Mapping[tuple[str, str], float]) -> Factors:
        sectors = [(sector, group) for group, members in GROUPS.items() for sector in members]
        species = [(name, lump) for lump, members in LUMPS.items() for name in members]
        table = [
            [[factors.get((f"{group}-{area}", lump), 1.0) for _, lump in species] for area in AREAS]
            for _, group in sectors
        ]
        names = {"sector": [s for s, _ in sectors], "area": list(AREAS), "species": [s for s, _ in species]}
        return Factors(xr.DataArray(np.array(table), names, list(names)), self._areas(domain))

    def _areas(self, domain: Domain) -> NDArray[np.intp]:
        """(y, x) the position in `AREAS` of each cell; a cell belongs to the city when it has most of it."""
        mine: NDArray[np.intp] = np.where(areas_of(domain.grid, self.sheet, [self.city]) == 0, 0, 1)
        return mine

    def _prepared(self, domain: Domain, weather: xr.Dataset) -> Prepared:
        times = weather["time"].values[:-1]
        key = domain.grid.name, int(times[0].astype(int)), times.size
        if key not in self._made:
            self._made[key] = prepare(
                self.inventory, domain, times, weather=weather, sheet=self.sheet, species=self.species
            )
        return self._made[key]


def _over(**axes: tuple[Any, Any]) -> xr.DataArray:
    ((name, (labels, values)),) = axes.items()
    return xr.DataArray(np.array(values), {name: list(labels)}, [name])
