"""Upkeep of the segments: reading several as one, compaction, clearing away, and the check of files against the
manifest.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from lantian.kernel import audit
from lantian.observations import manifest, segments, statements
from lantian.observations.statements import STAMP, Resolution


@dataclass(frozen=True)
class Swept:
    """What a sweep removed (temporary and expired files) and set aside (whole files unknown to the manifest)."""

    removed: int
    set_aside: int


def scan(root: Path, found: Sequence[manifest.Segment], resolution: Resolution, items: Sequence[str]) -> pl.LazyFrame:
    """The statements of some segments as one lazy frame; an item that a segment lacks is null there."""
    columns = statements.schema(resolution, items)
    if not found:
        return pl.LazyFrame(schema=columns)
    paths = [segments.path_of(root, one.resolution, one.month, str(one.id)) for one in found]
    return pl.scan_parquet(paths, schema=columns, missing_columns="insert", extra_columns="ignore", glob=False)


@contextmanager
def removed_on_error(root: Path, written: Sequence[manifest.Segment]) -> Iterator[None]:
    """Remove the files in `written` if the block fails: nothing is committed inside it, so no manifest names them."""
    try:
        yield
    except BaseException:
        for one in written:
            segments.path_of(root, one.resolution, one.month, str(one.id)).unlink(missing_ok=True)
        raise


def compact(engine: sa.Engine, root: Path, resolution: Resolution, actor: str = "system") -> list[str]:
    """Rewrite each month that stands in several segments as one, with every statement kept. Returns the new segments'
    names.

    The old segments vanish from the manifest in the commit that brings the new one; their files stay for readers that
    hold them.
    """
    with engine.connect() as connection:
        months = manifest.crowded(connection, resolution)
    return [name for month in months for name in _compact_month(engine, root, resolution, month, actor)]


def sweep(engine: sa.Engine, root: Path, grace: timedelta) -> Swept:
    """Remove temporary files of killed writers and the files of segments retired longer ago than `grace`.

    A whole file that the manifest does not know was never acknowledged, unless the database is older than the files
    (restored from a copy) or another one: such a file is moved to `unknown/`, never deleted. A writer holds its
    month's lock from before its first byte to its commit, so what is seen under that lock is nobody's work in
    progress.
    """
    removed = _remove_expired(engine, root, grace)
    with engine.connect() as connection:
        known = manifest.names(connection)
    suspicious = [key for key, paths in segments.listing(root).items() if _strange(paths, known, key)]
    set_aside = 0
    for resolution, month in sorted(suspicious):
        with engine.begin() as connection:
            if not manifest.lock(connection, resolution, month, wait=False):
                continue  # somebody writes here: the next sweep will see
            known = manifest.names(connection)
            for path in _strange(segments.listing(root)[resolution, month], known, (resolution, month)):
                if path.suffix == segments.TEMPORARY:
                    path.unlink(missing_ok=True)
                    removed += 1
                else:
                    segments.set_aside(path, root)
                    set_aside += 1
    return Swept(removed, set_aside)


def check(engine: sa.Engine, root: Path, *, content: bool = False) -> list[str]:
    """Faults between files and manifest, each with its remedy. `content` compares the SHA-256 of every file (reads
    all of them).
    """
    faults = []
    with engine.connect() as connection:
        stored = manifest.everything(connection)
    for one in stored:
        path = segments.path_of(root, one.resolution, one.month, str(one.id))
        if not path.is_file():
            faults.append(f"{path}: the manifest names it, but it is not there; bring it back from a copy")
        elif path.stat().st_size != one.bytes or (content and segments.digest(path) != one.sha256):
            faults.append(f"{path}: its content is not what was written; bring it back from a copy")
    aside = sum(1 for _ in (root / segments.UNKNOWN).glob("*"))
    if aside:
        faults.append(
            f"{root / segments.UNKNOWN}: {aside} files that the database does not know; if it was restored from an "
            "older copy they hold what came after it, else they were never acknowledged and may be deleted"
        )
    return faults


def _compact_month(engine: sa.Engine, root: Path, resolution: Resolution, month: str, actor: str) -> list[str]:
    with engine.begin() as connection:
        manifest.lock(connection, resolution, month)
        old = manifest.of_month(connection, resolution, month)
        if len(old) < 2:
            return []  # another process was here first
        items = list(dict.fromkeys(name for one in old for name in one.items))
        rows = scan(root, old, resolution, items).sort("place", STAMP[resolution], "known_at", "grade").collect()
        name = str(uuid.uuid4())
        file = segments.write(rows, segments.path_of(root, resolution, month, name))
        described = manifest.describe(rows, resolution, month, file, repeats=statements.repeated(rows, resolution))
        audit.declare(connection, actor, f"compact {resolution} {month}")
        manifest.add(connection, [described], actor)
        manifest.retire(connection, old)
    return [name]


def _remove_expired(engine: sa.Engine, root: Path, grace: timedelta) -> int:
    with engine.begin() as connection:
        gone = manifest.expired(connection, grace)
        for one in gone:
            segments.path_of(root, one.resolution, one.month, str(one.id)).unlink(missing_ok=True)
        if gone:
            audit.declare(connection, "system", "remove segments replaced by compaction")
            manifest.forget(connection, gone)
    return len(gone)


def _strange(paths: Sequence[Path], known: set[tuple[str, str, str]], key: tuple[str, str]) -> list[Path]:
    """The files that are not a segment of the manifest."""
    return [path for path in paths if path.suffix == segments.TEMPORARY or (*key, path.stem) not in known]
