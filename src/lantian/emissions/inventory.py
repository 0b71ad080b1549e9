"""An inventory 源清单: who emits how much of what in a year, as frames and grids that do not change.

Amounts are in t a year. What a table gives as area amounts does not include what it gives as points, lines or grids:
the parts add up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lantian.emissions.faults import EmissionError, Fault
from lantian.emissions.sectors import SECTORS, SPECIES

Field = NDArray[np.float64]
Level = Literal["national", "province", "city"]
LEVELS: Final = {"national": ("国家", "national"), "province": ("省级", "province"), "city": ("城市", "city")}

KINDS: Final = {"areas": "面源 areas", "points": "点源 points", "lines": "线源 lines", "grids": "网格 grids"}

AREAS: Final = {"region": pl.String, "sector": pl.String, "species": pl.String, "amount": pl.Float64}
"""Amounts of regions (GB/T 2260 codes)."""
POINTS: Final = {
    "enterprise": pl.String, "outlet": pl.String, "line": pl.String, "name": pl.String, "region": pl.String,
    "sector": pl.String, "lon": pl.Float64, "lat": pl.Float64, "height": pl.Float64, "diameter": pl.Float64,
    "temperature": pl.Float64, "velocity": pl.Float64, "activity": pl.Float64, "unit": pl.String, "factor": pl.Float64,
    "control": pl.Float64, "species": pl.String, "amount": pl.Float64,
}  # fmt: skip
"""Production lines 产线 at outlets 排口 of enterprises 企业, one row a line and species. Degrees; stack in m, m, K, m
s-1, null where unknown; ``activity`` in ``unit`` a year, ``factor`` in kg of the species for one unit, ``control`` 0 to
1.
"""
LINES: Final = {
    "line": pl.String, "name": pl.String, "region": pl.String, "sector": pl.String, "path": pl.String,
    "species": pl.String, "amount": pl.Float64,
}  # fmt: skip
"""Roads, railways, waterways; ``path`` is ``lon lat; lon lat; ...`` in degrees."""
MONTHS: Final = {"sector": pl.String, "month": pl.Int64, "share": pl.Float64}
"""The course of the year that a file gives by itself; shares of a sector add up to one."""

AGREEMENT: Final = 0.005
"""How far activity x factor x (1 - control) may lie from the amount that stands beside it: tables round."""


@dataclass(frozen=True, eq=False)
class Gridded:
    """Amounts on a grid of longitude and latitude: t a year in each cell.

    ``lon_edges`` (nx + 1,) and ``lat_edges`` (ny + 1,) rise, in degrees; ``amounts``: (sector, species) -> (ny, nx).

    Raises:
        ValueError: shapes that do not fit, amounts that are negative or missing, an unknown sector or species.
    """

    lon_edges: Field
    lat_edges: Field
    amounts: Mapping[tuple[str, str], Field] = field(repr=False)

    def __post_init__(self) -> None:
        shape = len(self.lat_edges) - 1, len(self.lon_edges) - 1
        if np.any(np.diff(self.lon_edges) <= 0) or np.any(np.diff(self.lat_edges) <= 0):
            raise ValueError("a grid's edges must rise")
        for (sector, species), amount in self.amounts.items():
            if sector not in SECTORS or species not in SPECIES:
                raise ValueError(f"grid of {sector} {species}: unknown sector or species")
            if amount.shape != shape or not np.all(np.isfinite(amount)) or amount.min() < 0:
                raise ValueError(f"grid of {sector} {species}: expected {shape} amounts of 0 or more, none missing")


@dataclass(frozen=True, eq=False)
class Inventory:
    """One version of an inventory; the frames have the columns `AREAS`, `POINTS`, `LINES`, `MONTHS`.

    ``example``: invented or put together for show; its ``title`` then says 示例. ``notes``: what was decided when it
    was made or read.

    Raises:
        EmissionError: a column is missing, a value is out of range, a sector or species unknown, activity, factor and
            control do not make the amount; all faults together. ``line`` is then the row of the frame, from 1.
    """

    id: str
    title: str
    year: int
    level: Level = "city"
    source: str = ""
    licence: str = ""
    example: bool = False
    areas: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=AREAS), repr=False)
    points: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=POINTS), repr=False)
    lines: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LINES), repr=False)
    grids: tuple[Gridded, ...] = field(default=(), repr=False)
    months: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=MONTHS), repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        if not self.id or not set(self.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_."):
            faults.append(Fault("inventory", 0, "id", self.id, "small letters, digits, - _ ."))
        if self.level not in LEVELS:
            faults.append(Fault("inventory", 0, "level", self.level, f"one of {', '.join(LEVELS)}"))
        if self.example and "示例" not in self.title:
            faults.append(Fault("inventory", 0, "title", self.title, "a title that says 示例"))
        for name, schema in _SCHEMAS.items():
            frame = getattr(self, name)
            if missing := [column for column in schema if column not in frame.columns]:
                faults.append(Fault(name, 0, ", ".join(missing), "missing", f"the columns {', '.join(schema)}"))
                continue
            frame = frame.select(pl.col(column).cast(kind) for column, kind in schema.items())
            if name == "points":
                frame = frame.with_columns(amount=pl.col.amount.fill_null(computed()))
            object.__setattr__(self, name, frame)
            faults += check(name, frame)
        if faults:
            raise EmissionError(faults)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that the inventory says, the same for the same content in any order of rows."""
        total = hashlib.sha256()
        head = (self.id, self.title, self.year, self.level, self.source, self.licence, self.example, self.notes)
        total.update(repr(head).encode())
        for name, schema in _SCHEMAS.items():
            frame = getattr(self, name).sort(*schema, nulls_last=True)
            for column in frame:
                values = column.fill_null(float("nan")).to_numpy() if column.dtype == pl.Float64 else None
                total.update(values.tobytes() if values is not None else repr(column.to_list()).encode())
        for grid in self.grids:
            total.update(grid.lon_edges.tobytes() + grid.lat_edges.tobytes())
            for key in sorted(grid.amounts):
                total.update(repr(key).encode() + np.ascontiguousarray(grid.amounts[key]).tobytes())
        return total.hexdigest()

    def totals(self, *by: str) -> pl.DataFrame:
        """Amounts in t a year, summed ``by`` any of ``kind`` (areas points lines grids) region, sector, species.

        Grids belong to no region: null.
        """
        wanted = ["region", "sector", "species", "amount"]
        parts = [getattr(self, name).select(*wanted, kind=pl.lit(name)) for name in ("areas", "points", "lines")]
        rows = [
            {"region": None, "sector": sector, "species": species, "amount": float(amount.sum()), "kind": "grids"}
            for grid in self.grids
            for (sector, species), amount in grid.amounts.items()
        ]
        parts.append(pl.DataFrame(rows, schema={**AREAS, "kind": pl.String}))
        chosen = by or ("species",)
        found: pl.DataFrame = pl.concat(parts).group_by(chosen).agg(pl.col.amount.sum()).sort(chosen)
        return found

    @property
    def sectors(self) -> tuple[str, ...]:
        """The sectors that emit, in the order of the tree."""
        there = set(self.totals("sector")["sector"])
        return tuple(code for code in SECTORS if code in there)


_SCHEMAS: Final = {"areas": AREAS, "points": POINTS, "lines": LINES, "months": MONTHS}


def computed() -> pl.Expr:
    """Activity x factor x (1 - control efficiency) in t a year; null where one of activity and factor is not given."""
    return pl.col.activity * pl.col.factor * (1 - pl.col.control.fill_null(0.0).clip(0, 1)) / 1000


def check(name: str, frame: pl.DataFrame) -> list[Fault]:
    """The faults of one of an inventory's frames; ``line`` is the row from 1."""
    faults: list[Fault] = []
    numbered = frame.with_row_index("row", offset=1)

    def tell(wrong: pl.Expr, column: str, expected: str) -> None:
        faults.extend(
            Fault(name, row["row"], column, "" if row[column] is None else str(row[column]), expected)
            for row in numbered.filter(wrong.fill_null(True)).select("row", column).to_dicts()
        )

    tell(~pl.col.sector.is_in(list(SECTORS)), "sector", "a sector of the tree (docs/emissions.md)")
    if name == "months":
        tell(~(pl.col.share >= 0), "share", "a share of 0 or more")
        tell(~pl.col.month.is_between(1, 12), "month", "1 to 12")
        return faults
    tell(~pl.col.species.is_in(list(SPECIES)), "species", f"one of {', '.join(SPECIES)}")
    tell(~(pl.col.amount.is_finite() & (pl.col.amount >= 0)), "amount", "t a year, 0 or more")
    if name == "areas":
        tell(pl.col.region == "", "region", "the code of a region")
    if name == "points":
        tell(~pl.col.lon.is_between(-180, 180), "lon", "degrees east")
        tell(~pl.col.lat.is_between(-90, 90), "lat", "degrees north")
        for column, low, high, unit in _STACK:
            tell(~pl.col(column).is_between(low, high).fill_null(True), column, f"{low:g} to {high:g} {unit}")
        tell(~pl.col.control.is_between(0, 1).fill_null(True), "control", "an efficiency from 0 to 1")
        off = (computed() - pl.col.amount).abs() > AGREEMENT * pl.max_horizontal(computed(), pl.col.amount)
        sure = pl.col.control.is_between(0, 1).fill_null(True)
        wrong = numbered.filter(off.fill_null(False) & sure).with_columns(made=computed())
        faults.extend(
            Fault(
                name,
                row["row"],
                "amount",
                f"{row['amount']:g}",
                f"{row['made']:g} t: activity x factor x (1 - control)",
            )
            for row in wrong.to_dicts()
        )
    return faults


_STACK: Final = (
    ("height", 0.0, 500.0, "m"),
    ("diameter", 0.01, 50.0, "m"),
    ("temperature", 250.0, 2000.0, "K"),
    ("velocity", 0.0, 100.0, "m s-1"),
)
