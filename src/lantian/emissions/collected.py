"""What files of other people's grids add up to: maps by sector and species, and the course of the year."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from lantian.emissions.inventory import MONTHS, Gridded
from lantian.emissions.profiles import Profiles
from lantian.places.geo import Box
from lantian.places.grid import Field

ANNUAL: Final = 0
"""The month of an amount of the whole year."""


@dataclass
class Collected:
    """Amounts in t as they are read, and what was decided meanwhile.

    ``box``: cells that lie wholly beyond it are left out, and what they hold is noted.
    """

    box: Box | None = None
    notes: list[str] = field(default_factory=list)
    _edges: dict[tuple[Any, ...], tuple[Field, Field]] = field(default_factory=dict)
    _held: dict[tuple[Any, ...], dict[tuple[str, str, int], Field]] = field(default_factory=lambda: defaultdict(dict))
    _beyond: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, lon_edges: Field, lat_edges: Field, sector: str, species: str, month: int, amount: Field) -> None:
        """Amounts (ny, nx) of a month, or of the year (`ANNUAL`), rows from south to north.

        Raises:
            ValueError: an amount is negative or missing; the message says where.
        """
        if not np.all(np.isfinite(amount)) or amount.min() < 0:
            j, i = np.unravel_index(int(np.argmax(~(amount >= 0))), amount.shape)
            raise ValueError(
                f"{sector} {species}: {amount[j, i]} at {lon_edges[i]:.3f} E {lat_edges[j]:.3f} N; expected 0 or more"
            )
        lon_edges, lat_edges, amount = self._cut(lon_edges, lat_edges, species, amount)
        if not amount.size:
            return
        key = tuple(np.round(lon_edges[[0, -1]], 6)), tuple(np.round(lat_edges[[0, -1]], 6)), amount.shape
        self._edges[key] = lon_edges, lat_edges
        held = self._held[key]
        # several of a file's sectors may be one of ours
        held[sector, species, month] = held.get((sector, species, month), 0.0) + amount

    def _cut(self, lon: Field, lat: Field, species: str, amount: Field) -> tuple[Field, Field, Field]:
        if self.box is None:
            return lon, lat, amount
        i = np.flatnonzero((lon[1:] > self.box.west) & (lon[:-1] < self.box.east))
        j = np.flatnonzero((lat[1:] > self.box.south) & (lat[:-1] < self.box.north))
        kept = amount[np.ix_(j, i)]
        self._beyond[species] += float(amount.sum() - kept.sum())
        return (
            (lon[i[0] : i[-1] + 2], lat[j[0] : j[-1] + 2], kept) if kept.size else (lon[:1], lat[:1], np.zeros((0, 0)))
        )

    def grids(self, profiles: Profiles) -> tuple[tuple[Gridded, ...], pl.DataFrame]:
        """The annual grids, and the months of the sectors that gave all twelve.

        A sector of which only some months are known has the annual amount that gives those months back when it is
        spread over the year by its profile.
        """
        if self.box is not None and self._beyond:
            told = ", ".join(f"{species} {amount:.4g}" for species, amount in self._beyond.items())
            self.notes.append(f"left out beyond the area asked for, t: {told}")
        found, shares = [], dict[str, list[Field]]()
        for key, held in self._held.items():
            annual: dict[tuple[str, str], Field] = {}
            for sector, species in dict.fromkeys((s, p) for s, p, _ in held):
                months = {
                    month: held[sector, species, month] for month in range(13) if (sector, species, month) in held
                }
                annual[sector, species] = self._annual(sector, species, months, profiles, shares)
            found.append(Gridded(*self._edges[key], annual))
        rows = [
            {"sector": sector, "month": month + 1, "share": float(share)}
            for sector, given in shares.items()
            for month, share in enumerate(np.mean(given, axis=0))
        ]
        return tuple(found), pl.DataFrame(rows, schema=MONTHS)

    def _annual(
        self,
        sector: str,
        species: str,
        months: dict[int, Field],
        profiles: Profiles,
        shares: dict[str, list[Field]],
    ) -> Field:
        total = np.sum(list(months.values()), axis=0)
        if ANNUAL in months:
            if len(months) > 1:
                raise ValueError(f"{sector} {species}: the year and its months are both there; expected one of them")
            return np.asarray(total)
        if len(months) == 12:
            if total.sum() > 0:
                shares.setdefault(sector, []).append(np.array([months[m].sum() for m in range(1, 13)]) / total.sum())
            return np.asarray(total)
        profile = profiles.sectors[sector].months
        part = sum(profile[month - 1] for month in months) / sum(profile)
        self.notes.append(
            f"{sector} {species}: {len(months)} of 12 months given; the year follows from them by the profile "
            f"({part:.1%} of it)"
        )
        return np.asarray(total / part)
