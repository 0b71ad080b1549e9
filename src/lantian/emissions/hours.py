"""Emissions of the engine's door, hour by hour: annual maps x shares of the hour x shares of the layers, plus plumes.

Nothing is computed before it is read, and one hour is held at a time: 72 hours on 200 x 200 cells take as much memory
as one. `prepare` does what does not depend on factors; `Prepared.dataset` then costs little, so assimilation may ask
often.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
import xarray as xr
from numpy.typing import NDArray
from xarray.core import indexing

from lantian.emissions import heights, speciation
from lantian.emissions.allocation import Allocation, allocate
from lantian.emissions.factors import Factors
from lantian.emissions.inventory import Inventory
from lantian.emissions.lazy import Hours, Rates, SpeciesHours
from lantian.emissions.ledger import Entry, Ledger
from lantian.emissions.profiles import Profiles, load
from lantian.emissions.sectors import SECTORS, SPECIES, branch
from lantian.emissions.sheet import Sheet
from lantian.emissions.timing import LOCAL, hour_shares
from lantian.places.grid import Domain, Field
from lantian.standards.workdays import Calendar
from lantian.transport.species import COMPACT, find

if TYPE_CHECKING:
    from lantian.emissions.plumes import Air, Chimneys

_WHOLE_DAY: Final = 18
"""hours of a day that the weather must have for its mean temperature to count"""


@dataclass(frozen=True, eq=False)
class Prepared:
    """An inventory on a domain for some hours; `dataset` gives it to the door.

    ``names`` of the species; ``maps``: sector -> (species, y, x) t a year; ``points``: one row a chimney, with
    ``amounts`` (chimney, species) t a year; ``ledger``: the totals of each step.
    """

    inventory: Inventory
    domain: Domain
    times: NDArray[np.datetime64]
    names: tuple[str, ...]
    profiles: Profiles
    maps: Mapping[str, Rates] = field(repr=False)
    points: pl.DataFrame = field(repr=False)
    amounts: Rates = field(repr=False)
    ledger: Ledger = field(repr=False)
    weather: xr.Dataset | None = field(default=None, repr=False)
    temperature: Mapping[dt.date, float] | None = field(default=None, repr=False)
    calendar: Calendar | None = field(default=None, repr=False)

    @property
    def layers(self) -> int:
        """How many layers emissions reach."""
        return heights.layer_count(self.domain)

    @cached_property
    def sectors(self) -> list[str]:
        """Sectors that emit here, in the order of the tree."""
        there = {*self.maps, *self.points["sector"]}
        return [code for code in SECTORS if code in there]

    @cached_property
    def chimneys(self) -> Chimneys:
        """The stacks inside."""
        from lantian.emissions import plumes  # brings JAX, which only plumes need

        return plumes.chimneys(self.domain, self.points, self.profiles)

    @cached_property
    def air(self) -> Air | None:
        """What the weather says, read once; None without weather."""
        if self.weather is None:
            return None
        from lantian.emissions import plumes

        return plumes.read_air(self.weather, self.times, self.points["j"].to_numpy(), self.points["i"].to_numpy())

    @cached_property
    def shares(self) -> Field:
        """(time, sector) the share of the annual amount that each hour has."""
        known = {**self._warmth(), **(self.temperature or {})}
        found, sums = hour_shares(self.profiles, self.sectors, self.times, known, self.calendar)
        for year, totals in sums.items():
            for sector, total in zip(self.sectors, totals, strict=True):
                self.ledger.add(Entry("year", sector, 1.0, float(total), 0.0, "1", f"{year}, all hours of the year"))
        return found

    def _warmth(self) -> dict[dt.date, float]:
        """Mean temperature of the local days that the weather covers."""
        if self.air is None:
            return {}
        local = (self.air.times + np.timedelta64(LOCAL, "h")).astype("datetime64[D]")
        days, numbers = np.unique(local, return_counts=True)
        return {
            day.astype(dt.date): float(self.air.ground[local == day].mean())
            for day, number in zip(days, numbers, strict=True)
            if number >= _WHOLE_DAY
        }

    @cached_property
    def _plumes(self) -> dict[int, Rates]:
        return {}

    def plumes(self, at: int) -> Rates:
        """(layer, chimney) the shares of the plumes in hour ``at``."""
        if at not in self._plumes:
            if self.air is None:
                from lantian.emissions.plumes import standard_air

                air = standard_air(self.chimneys.middles).between(0, 0)
                self._plumes.update(dict.fromkeys(range(len(self.times)), self.chimneys.shares(air)))
            else:
                begin = int(np.searchsorted(self.air.times, self.times[at].astype("datetime64[h]")))
                end = min(begin + 1, len(self.air.times) - 1)
                self._plumes[at] = self.chimneys.shares(self.air.columns.between(begin, end))
        return self._plumes[at]

    @cached_property
    def classes(self) -> list[tuple[list[str], Rates]]:
        """Sectors that lie as high as each other, with their (layer, y, x) shares."""
        found: dict[Any, list[str]] = {}
        for sector in self.maps:
            found.setdefault(self.profiles.sectors[sector].heights, []).append(sector)
        return [(sectors, heights.area_shares(self.domain, given)) for given, sectors in found.items()]

    def dataset(self, factors: Factors | None = None, sectors: Sequence[str] | None = None) -> xr.Dataset:
        """The emissions, lazy: (time, layer, y, x) kg s-1 in a cell, float32, one variable a species.

        ``factors``: what sectors and areas are multiplied with; ``sectors``: only these and those below them.

        Raises:
            ValueError: an unknown sector, or factors of another grid.
        """
        kept = set(branch(sectors)) if sectors is not None else set(SECTORS)
        hours = Hours(self, kept, factors)
        shape = len(self.times), self.layers, self.domain.grid.ny, self.domain.grid.nx
        grid = self.domain.grid.dataset()
        attrs = {"units": "kg s-1", "grid_mapping": "crs", "cell_methods": "time: mean"}
        variables = {
            name: xr.Variable(
                ("time", "layer", "y", "x"),
                indexing.LazilyIndexedArray(SpeciesHours(hours, at, shape)),
                {**attrs, "long_name": f"emission of {find([name])[0].long_name}"},
            )
            for at, name in enumerate(self.names)
        }
        base = grid.drop_vars(["cell_area", "map_factor"]).assign_coords(time=self.times.astype("datetime64[ns]"))
        described = {
            "Conventions": "CF-1.11",
            "title": self.inventory.title,
            "inventory": self.inventory.id,
            "inventory_digest": self.inventory.digest,
            "inventory_year": self.inventory.year,
            "source": self.inventory.source,
            "licence": self.inventory.licence,
            "example": "示例 example" if self.inventory.example else "",
            "profiles": self.profiles.edition,
            "sectors": ", ".join(s for s in self.sectors if s in kept),
        }
        return base.assign(variables).assign_attrs(described)

    def load(self, factors: Factors | None = None, sectors: Sequence[str] | None = None) -> xr.Dataset:
        """As `dataset`, in memory: each hour is computed once for all species, where loading one by one would not."""
        lazy = self.dataset(factors, sectors)
        dims = ("time", "layer", "y", "x")
        held = {name: np.empty([lazy.sizes[dim] for dim in dims], np.float32) for name in self.names}
        for at in range(len(self.times)):
            for name, values in held.items():
                values[at] = lazy.variables[name][at].values
        return lazy.assign({name: (dims, values, lazy[name].attrs) for name, values in held.items()})

    def expected(self, sectors: Sequence[str] | None = None) -> dict[str, float]:
        """The kg of each species that all hours must add up to, from annual amounts and shares alone."""
        kept = set(branch(sectors)) if sectors is not None else set(SECTORS)
        weight = self.shares.sum(axis=0) * 1000 * np.array([sector in kept for sector in self.sectors])
        total = np.zeros(len(self.names))
        for at, sector in enumerate(self.sectors):
            if sector in self.maps:
                total += weight[at] * self.maps[sector].sum(axis=(1, 2), dtype=np.float64)
            here = (self.points["sector"] == sector).to_numpy()
            total += weight[at] * self.amounts[here].sum(axis=0, dtype=np.float64)
        return dict(zip(self.names, map(float, total), strict=True))


def prepare(
    inventory: Inventory,
    domain: Domain,
    times: Sequence[Any] | NDArray[np.datetime64],
    *,
    weather: xr.Dataset | None = None,
    sheet: Sheet | None = None,
    profiles: Profiles | None = None,
    species: Sequence[str] = COMPACT,
    temperature: Mapping[dt.date, float] | None = None,
    calendar: Calendar | None = None,
    allocation: Allocation | None = None,
) -> Prepared:
    """Put an inventory on a domain: space, species, height; the hours follow when they are read.

    ``times``: beginnings of hours, UTC. ``weather``: the door's, for the plumes and the degree days, must cover the
    hours. ``temperature``: daily means in degC by local date, which go before those of the weather. ``species``: those
    the engine carries; dust and black carbon count as PPM25 where they are not among them. ``allocation``: the same
    inventory on the same grid, where it was made before.

    Raises:
        ValueError: times that are no whole hours, and what `allocate` refuses.
        ConservationError: a total changed by more than 1e-6.
    """
    hours = np.asarray(times, dtype="datetime64[s]").astype("datetime64[h]")
    if (
        hours.size == 0
        or np.any(hours != np.asarray(times, dtype="datetime64[s]"))
        or np.any(np.diff(hours) <= np.timedelta64(0, "h"))
    ):
        raise ValueError("times: expected the beginnings of one or more hours, whole hours in order")
    profiles = (profiles or load()).with_months(_months(inventory))
    allocation = allocation or allocate(inventory, domain.grid, sheet, profiles)
    names = tuple(name for name in speciation.EMITTED if name in species)
    ledger = Ledger(list(allocation.ledger.entries))
    points, given = _chimneys(allocation.points)
    maps: dict[str, Rates] = {}
    amounts = np.zeros((points.height, len(names)))
    before, after, wanted = (
        dict.fromkeys(SPECIES, 0.0),
        dict.fromkeys(names, 0.0),
        dict.fromkeys(("ROC", "PMC", "BC"), 0.0),
    )
    for sector in SECTORS:
        profile = profiles.sectors[sector]
        here = (points["sector"] == sector).to_numpy()
        parts = [given[here].T] if here.any() else []
        if sector in allocation.maps:
            parts.append(allocation.maps[sector])
        for part in parts:
            made = speciation.speciate(part, sector, profile, names)
            for at, code in enumerate(SPECIES):
                before[code] += float(part[at].sum())
            for name, amount in made.items():
                after[name] += float(amount.sum())
            wanted["ROC"] += profile.roc * float(part[list(SPECIES).index("NMVOC")].sum())
            wanted["PMC"] += float(speciation.coarse(part).sum())
            wanted["BC"] += float(speciation.black(part).sum())
            if part.ndim == 2:
                amounts[here] = np.stack([made[name] for name in names], axis=1)
            else:
                maps[sector] = np.stack([made[name] for name in names]).astype(np.float32)
    speciation.balance(before, after, wanted, ledger)
    rates = amounts.astype(np.float32)
    prepared = Prepared(
        inventory, domain, hours, names, profiles, maps, points, rates, ledger, weather, temperature, calendar
    )
    _check_heights(prepared)
    return prepared


def hourly(
    inventory: Inventory,
    domain: Domain,
    times: Sequence[Any] | NDArray[np.datetime64],
    *,
    factors: Factors | None = None,
    sectors: Sequence[str] | None = None,
    **more: Any,
) -> xr.Dataset:
    """The emissions of the door; arguments as of `prepare` and `Prepared.dataset`."""
    return prepare(inventory, domain, times, **more).dataset(factors, sectors)


def _months(inventory: Inventory) -> dict[str, list[float]]:
    """The course of the year that the inventory itself gives, by sector."""
    grouped = inventory.months.sort("sector", "month").group_by("sector", maintain_order=True).agg("share")
    return {sector: shares for sector, shares in grouped.iter_rows() if len(shares) == 12}


_CHIMNEY: Final = (
    "enterprise", "outlet", "line", "sector", "lon", "lat", "height", "diameter", "temperature", "velocity", "j", "i",
)  # fmt: skip


def _chimneys(points: pl.DataFrame) -> tuple[pl.DataFrame, Field]:
    """One row a production line at its stack, and its amounts (line, species) in the order of ``SPECIES``."""
    grouped = points.group_by(_CHIMNEY, maintain_order=True).agg(
        *(pl.col.amount.filter(pl.col.species == code).sum().alias(f"amount_{code}") for code in SPECIES)
    )
    amounts = grouped.select(f"amount_{code}" for code in SPECIES).to_numpy()
    return grouped.select(_CHIMNEY), np.asarray(amounts, np.float64)


def _check_heights(prepared: Prepared) -> None:
    """The layers of each class of heights hold what its sectors emit."""
    for sectors, shares in prepared.classes:
        total = np.sum([prepared.maps[sector].sum(axis=0, dtype=np.float64) for sector in sectors], axis=0)
        inside = float((shares.sum(axis=0, dtype=np.float64) * total).sum())
        name = ", ".join(sectors)
        prepared.ledger.add(Entry("height", name, float(total.sum()), inside, 0.0, "t", f"{len(shares)} layers"))
