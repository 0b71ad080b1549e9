"""Background air (背景空气): how much of each species the air holds that no domain of ours has touched, by height.

Two seasons of north China stand in a table, rounded numbers for clean air as it comes in from the north and west; a
city that knows its surroundings better makes a `Profile` of its own, or takes a parent's file (`parent_file`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lantian.places.grid import Domain, Field
from lantian.transport.boundary import (
    LUMPED,
    Boundary,
    Rim,
    edges_dataset,
    middles,
    start_dataset,
    top_height,
    whole_hours,
)
from lantian.transport.species import REGISTRY, find

JUDGEMENT: Final = "judgement"


@dataclass(frozen=True)
class Profile:
    """Mixing ratios by height above the sea, the same everywhere and always.

    ``heights`` (n,) rising, m above the sea; ``mixing_ratio``: (n,) ug kg-1 by species. Linear between the heights, the
    outermost value beyond them. ``source`` by species: the paper behind it, or "judgement".

    Raises:
        ValueError: heights that do not rise, an unknown species, too few or too many values, a negative one.
    """

    name: str
    heights: tuple[float, ...]
    mixing_ratio: Mapping[str, tuple[float, ...]]
    source: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        find(tuple(self.mixing_ratio))
        if not self.heights or not np.all(np.isfinite(self.heights)) or np.any(np.diff(self.heights) <= 0):
            raise ValueError(f"background {self.name!r}: expected heights that rise, got {self.heights}")
        for name, row in self.mixing_ratio.items():
            if len(row) != len(self.heights) or not np.all(np.isfinite(row)) or min(row) < 0:
                raise ValueError(
                    f"background {self.name!r}: {name} has {row}; expected {len(self.heights)} values of 0 or more"
                )

    def at(self, species: Sequence[str], height: ArrayLike, carried: Sequence[str] | None = None) -> Field:
        """(species, ...) ug kg-1 at ``height`` (...), m above the sea.

        ``PPM25`` includes the fine particles (`boundary.LUMPED`) that are not among those ``carried``, which are
        ``species`` if not given.

        Raises:
            ValueError: a species that the profile does not have.
        """
        missing = [s.name for s in find(species) if s.name not in self.mixing_ratio]
        if missing:
            raise ValueError(f"background {self.name!r} has no {', '.join(missing)}")
        wanted = np.asarray(height, np.float64)
        rows = [self._row(name, species if carried is None else carried) for name in species]
        return np.stack([np.interp(wanted, self.heights, row) for row in rows])

    def _row(self, name: str, carried: Sequence[str]) -> Field:
        rows = [self.mixing_ratio[name]]
        if name == "PPM25":
            rows += [self.mixing_ratio[lump] for lump in LUMPED if lump not in carried and lump in self.mixing_ratio]
        total: Field = np.sum(rows, axis=0)
        return total


_OZONE: Final = "rounded, after the climatologies over Beijing of Ding et al. (2008) and Liao et al. (2024)"
_GAS: Final = "judgement: the clean sectors of Shangdianzi (Meng et al. 2009), and less since; aloft, remote air"


class Row(NamedTuple):
    """One species of the table."""

    unit: str
    """ppb or ug kg-1"""
    winter: tuple[float, ...]
    """at `HEIGHTS`"""
    summer: tuple[float, ...]
    source: str


HEIGHTS: Final = (0.0, 1000.0, 2000.0, 3000.0, 5000.0)
"""m above the sea, of the table."""
TABLE: Final[Mapping[str, Row]] = {
    "ROC": Row("ppb", (14.5, 10, 6, 5, 4), (20, 14, 8, 6, 4), JUDGEMENT),
    "NO": Row("ppb", (0.1, 0.05, 0.02, 0.02, 0.02), (0.1, 0.05, 0.02, 0.02, 0.02), JUDGEMENT),
    "NO2": Row("ppb", (3, 1, 0.2, 0.1, 0.05), (2.5, 0.8, 0.2, 0.1, 0.05), _GAS),
    "O3": Row("ppb", (35, 40, 44, 47, 50), (45, 57, 61, 63, 65), _OZONE),
    "SO2": Row("ppb", (2, 1, 0.3, 0.1, 0.05), (1.5, 0.8, 0.3, 0.1, 0.05), _GAS),
    "SO4": Row("ug kg-1", (1.5, 1.2, 0.8, 0.5, 0.3), (4, 3, 1.5, 0.8, 0.4), JUDGEMENT),
    "TNO3": Row("ug kg-1", (1, 0.7, 0.4, 0.2, 0.15), (2, 1.5, 0.8, 0.4, 0.2), JUDGEMENT),
    "TNH4": Row("ug kg-1", (1, 0.7, 0.4, 0.25, 0.15), (3, 2, 1, 0.5, 0.2), JUDGEMENT),
    "CO": Row("ppb", (200, 170, 145, 130, 120), (220, 180, 140, 120, 110), _GAS),
    "PPM25": Row("ug kg-1", (5, 3, 1, 0.5, 0.3), (4, 3, 1.2, 0.6, 0.3), JUDGEMENT),
    "PMC": Row("ug kg-1", (8, 5, 3, 2, 1), (6, 4, 2, 1, 0.5), JUDGEMENT),
    "BC": Row("ug kg-1", (0.3, 0.2, 0.1, 0.05, 0.03), (0.4, 0.3, 0.15, 0.08, 0.04), JUDGEMENT),
    "DUST": Row("ug kg-1", (2, 1.5, 1.2, 1, 0.5), (1, 0.8, 0.6, 0.5, 0.3), JUDGEMENT),
    "SOA": Row("ug kg-1", (1, 0.8, 0.5, 0.4, 0.3), (3, 2.5, 1.5, 0.8, 0.4), JUDGEMENT),
}
"""By species."""


def _season(name: str, season: Literal["winter", "summer"]) -> Profile:
    rows = {}
    for species, row in TABLE.items():
        scale = REGISTRY[species].from_ppb(1.0) if row.unit == "ppb" else 1.0
        rows[species] = tuple(scale * value for value in getattr(row, season))
    return Profile(name, HEIGHTS, rows, {species: row.source for species, row in TABLE.items()})


WINTER: Final = _season("north China winter", "winter")
"""December to February."""
SUMMER: Final = _season("north China summer", "summer")
"""June to August."""


def from_profile(domain: Domain, species: Sequence[str], times: ArrayLike, profile: Profile = WINTER) -> Boundary:
    """What comes in through the edges at the ``times`` (whole hours, UTC, without a gap) and the start, from a profile.

    Each cell has the value at the height of its middle above the sea. The edges take no memory for their times and
    cannot be written to.

    Raises:
        ValueError: times that are not whole hours in a row, a species that the profile does not have.
    """
    hours, names = whole_hours(times, "times"), [s.name for s in find(species)]
    ny, nx = domain.terrain.shape
    sides = profile.at(names, middles(Rim.of(domain).heights)).swapaxes(0, 1)
    ceiling = np.broadcast_to(profile.at(names, top_height(domain))[:, None, None], (len(names), ny, nx))
    rim, top = (np.broadcast_to(part.astype(np.float32), (hours.size, *part.shape)) for part in (sides, ceiling))
    notes = [f"background: {profile.name}"]
    state = profile.at(names, middles(domain.heights)).swapaxes(0, 1).astype(np.float32)
    return Boundary(edges_dataset(domain, names, hours, rim, top, notes), start_dataset(domain, names, state, notes))
