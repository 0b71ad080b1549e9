"""Durable Parquet files: written whole or not at all.

A segment appears under its final name only when every byte of it is on the disk: temporary file, fsync, rename, fsync
of the folder. What a killed writer leaves behind is a ``*.tmp`` file, which nobody reads, or a whole file that the
manifest does not know, which nobody reads either; :mod:`lantian.observations.store` clears both away under the
month's lock.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

SUFFIX = ".parquet"
TEMPORARY = ".tmp"
UNKNOWN = "unknown"
"""Folder under the store's root for whole files that the manifest does not know."""

# Rows are sorted by place, so a small row group lets one station's series be read without its 1,699 neighbours.
ROW_GROUP = 65_536


@dataclass(frozen=True)
class SegmentFile:
    """One file that is safely on the disk: where it is, its size in bytes and the SHA-256 of its content."""

    path: Path
    bytes: int
    sha256: str


def path_of(root: Path, resolution: str, month: str, name: str) -> Path:
    """Where segment `name` of a resolution ("hour", "day") and a local month ("2016-12") stands under the store's
    root.
    """
    return root / resolution / month / f"{name}{SUFFIX}"


def write(frame: pl.DataFrame, path: Path) -> SegmentFile:
    """Write `frame` to `path` so that after a crash the file is there whole or not at all.

    Raises FileExistsError where the name is taken: a segment never changes once it stands.
    """
    if path.exists():
        raise FileExistsError(f"{path}: a segment is never written twice")
    _make_folder(path.parent)
    temporary = path.with_name(path.name + TEMPORARY)
    frame.write_parquet(temporary, row_group_size=ROW_GROUP)
    with temporary.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
        size = os.fstat(file.fileno()).st_size
    temporary.replace(path)
    _sync_folder(path.parent)
    return SegmentFile(path, size, sha256)


def digest(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listing(root: Path) -> dict[tuple[str, str], list[Path]]:
    """Every file of the store, by resolution and month: whole segments and what killed writers left behind."""
    found: dict[tuple[str, str], list[Path]] = {}
    for path in root.glob(f"*/????-??/*{SUFFIX}*"):
        found.setdefault((path.parent.parent.name, path.parent.name), []).append(path)
    return found


def set_aside(path: Path, root: Path) -> None:
    """Move a file that the manifest does not know out of the way, keeping its resolution and month in its name."""
    folder = root / UNKNOWN
    _make_folder(folder)
    path.replace(folder / f"{path.parent.parent.name}_{path.parent.name}_{path.name}")
    _sync_folder(folder)


def _make_folder(folder: Path) -> None:
    """Make the folder and its parents with durable names: a file in a folder that a crash forgets is lost."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
