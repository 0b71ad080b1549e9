"""Versions 清单版本: inventories on disk, each written once and never changed, known by its digest.

A version is a folder: ``inventory.json`` (what it is, and the digest of its content), Parquet of its frames, NumPy of
its grids. It is written beside and renamed, so that half a version never stands there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from lantian.emissions.inventory import Gridded, Inventory

_HEAD: Final = "inventory.json"
_FRAMES: Final = ("areas", "points", "lines", "months")
_FIELDS: Final = ("id", "title", "year", "level", "source", "licence", "example", "notes")


class VersionError(ValueError):
    """A version that is there with another content, is damaged, or does not exist."""


@dataclass(frozen=True)
class Library:
    """The versions in a folder."""

    folder: Path

    def add(self, inventory: Inventory) -> Path:
        """Write a version; where the same content is there already, nothing happens.

        Raises:
            VersionError: the id is taken by another content: a version never changes, so the new one needs a new id.
        """
        target = self.folder / inventory.id
        if (target / _HEAD).exists():
            there = self._head(inventory.id)
            if there["digest"] == inventory.digest:
                return target
            raise VersionError(
                f"version {inventory.id!r} is there with another content ({there['digest'][:12]}, not "
                f"{inventory.digest[:12]}); versions never change: give the new one another id"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=self.folder))
        try:
            _write(part, inventory)
            part.chmod(0o755)
            part.rename(target)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            if (target / _HEAD).exists():  # another process was faster
                return self.add(inventory)
            raise
        return target

    def list(self) -> pl.DataFrame:
        """``id title year level source licence example digest`` and ``sectors``, in the order of the ids."""
        heads = [self._head(version) for version in self.ids()]
        schema = {"id": pl.String, "title": pl.String, "year": pl.Int64, "level": pl.String, "source": pl.String}
        more = {"licence": pl.String, "example": pl.Boolean, "digest": pl.String, "sectors": pl.Int64}
        return pl.DataFrame([{name: head[name] for name in {**schema, **more}} for head in heads], {**schema, **more})

    def ids(self) -> tuple[str, ...]:
        """The versions that are there."""
        return tuple(sorted(found.parent.name for found in self.folder.glob(f"*/{_HEAD}")))

    def open(self, version: str) -> Inventory:
        """Read a version, after its content was compared with its digest.

        Raises:
            VersionError: there is no such version, or it is no longer what was written.
        """
        head, folder = self._head(version), self.folder / version
        try:
            frames: dict[str, Any] = {name: pl.read_parquet(folder / f"{name}.parquet") for name in _FRAMES}
            grids = tuple(_grid(file) for file in sorted(folder.glob("grid-*.npz")))
            fields: dict[str, Any] = {name: head[name] for name in _FIELDS}
            found = Inventory(**{**fields, "notes": tuple(head["notes"])}, **frames, grids=grids)
        except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
            raise VersionError(f"version {version!r} in {self.folder} is damaged: {error}") from error
        if found.digest != head["digest"]:
            raise VersionError(f"version {version!r} in {self.folder} is not what was written: its digest differs")
        return found

    def compare(self, one: str, other: str) -> pl.DataFrame:
        """What differs between two versions; see `compare`."""
        return compare(self.open(one), self.open(other))

    def _head(self, version: str) -> dict[str, Any]:
        try:
            head: dict[str, Any] = json.loads((self.folder / version / _HEAD).read_text(encoding="utf-8"))
        except FileNotFoundError:
            there = ", ".join(self.ids()) or "none"
            raise VersionError(f"no version {version!r} in {self.folder}; there are: {there}") from None
        except ValueError as error:
            raise VersionError(f"version {version!r} in {self.folder} is damaged: {error}") from error
        return head


def compare(one: Inventory, other: Inventory) -> pl.DataFrame:
    """``sector species before after difference percent`` of two inventories, t a year; rows that are the same too.

    ``percent`` is null where there was nothing before.
    """
    keys = ["sector", "species"]
    joined = one.totals(*keys).join(other.totals(*keys), on=keys, how="full", coalesce=True, suffix="_after")
    before, after = pl.col.amount.fill_null(0.0), pl.col.amount_after.fill_null(0.0)
    return (
        joined.select(
            *keys,
            before=before,
            after=after,
            difference=after - before,
            percent=pl.when(before > 0).then((after - before) / before * 100),
        )
        .sort(keys)
        .select(*keys, "before", "after", "difference", "percent")
    )


def _write(folder: Path, inventory: Inventory) -> None:
    for name in _FRAMES:
        getattr(inventory, name).write_parquet(folder / f"{name}.parquet")
    for number, grid in enumerate(inventory.grids):
        keys = sorted(grid.amounts)
        np.savez_compressed(
            folder / f"grid-{number:02d}.npz",
            lon_edges=grid.lon_edges,
            lat_edges=grid.lat_edges,
            keys=np.array([f"{sector} {species}" for sector, species in keys]),
            amounts=np.stack([grid.amounts[key] for key in keys]) if keys else np.empty((0, 0, 0)),
        )
    head = {name: getattr(inventory, name) for name in _FIELDS}
    head |= {"digest": inventory.digest, "sectors": len(inventory.sectors)}
    file = folder / _HEAD
    file.write_text(json.dumps(head, ensure_ascii=False, indent=1), encoding="utf-8")
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _grid(file: Path) -> Gridded:
    with np.load(file) as held:
        keys = [tuple(str(key).split(" ")) for key in held["keys"]]
        amounts = {(sector, species): held["amounts"][at] for at, (sector, species) in enumerate(keys)}
        return Gridded(held["lon_edges"], held["lat_edges"], amounts)
