"""Intake of files 上传: from a reader's hands to `<home>/incoming` and into the queue, and what became of them."""

from __future__ import annotations

import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobView, defer, list_jobs
from lantian.kernel.settings import TIMEZONE
from lantian.observations import arrivals, duties
from lantian.observations.statements import Grade

LIMIT = 512 * 2**20
"""Bytes that one upload may have: a year of the national archive, packed."""

_LOOKED_THROUGH = 200
_NAME = 80  # characters; in Chinese 240 bytes, and file systems allow 255


def incoming(platform: Platform) -> Path:
    """Where uploaded files are kept: they are what the values rest on."""
    return platform.home / "incoming"


def safe_name(name: str) -> str:
    r"""A file name of what a browser sent: letters, digits and `. _ - ( ) +` as they are, all else `_`; no folders, no
    leading dot, at most 80 characters, of which the ending is kept.

    >>> safe_name("../../数据 2016*.csv"), safe_name("C:\\data\\.hidden"), safe_name("..")
    ('数据_2016_.csv', 'hidden', 'file')
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[^\w.\-()+]", "_", unicodedata.normalize("NFC", last)).lstrip(".")
    return plain[-_NAME:].lstrip(".") or "file"


def take_in(
    platform: Platform, files: Iterable[tuple[str, IO[bytes]]], grade: Grade, actor: str, within: frozenset[str] | None
) -> int:
    """Keep files and ask for their import.

    Args:
        platform: the platform.
        files: name as sent, and content.
        grade: `raw` or `reviewed`.
        actor: in whose name they are imported.
        within: regions for which they may import; None: everywhere.

    Returns:
        Number of the job. It is asked for when every byte has been written; if that fails nothing stays.
    """
    folder = incoming(platform) / f"{datetime.now(TIMEZONE):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    paths: list[str] = []
    try:
        for number, (name, content) in enumerate(files, start=1):
            path = folder / safe_name(name)
            if path.exists():
                path = folder / f"{number}-{safe_name(name)}"
            with path.open("xb") as kept:
                shutil.copyfileobj(content, kept, 1 << 20)
            paths.append(str(path))
        regions = None if within is None else sorted(within)
        return defer(platform.engine, duties.import_job, paths=paths, grade=grade, actor=actor, within=regions)
    except BaseException:
        shutil.rmtree(folder)
        raise


@dataclass(frozen=True)
class ImportedFile:
    """One path of an import job.

    Attributes:
        path: as the job was given it.
        batch: what the import wrote down about it when it was stored; None if nothing (yet).
        seen: the job succeeded without a record: the same content was imported before.
        lost: the job ended without importing it.
    """

    path: str
    batch: dict[str, Any] | None
    seen: bool
    lost: bool

    @property
    def name(self) -> str:
        """Name without folders."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True)
class ImportJob:
    """An import as the data page shows it: the job, who asked for it, its files."""

    job: JobView
    who: str
    reviewed: bool
    files: list[ImportedFile]

    @property
    def busy(self) -> bool:
        """Whether it waits or runs."""
        return self.job.state in ("waiting", "running")


def import_jobs(platform: Platform, limit: int = 4) -> list[ImportJob]:
    """The newest imports in the queue, whoever asked for them."""
    jobs = [
        job
        for job in list_jobs(platform.engine, limit=_LOOKED_THROUGH, routine=False)
        if job.task == duties.import_job.name
    ]
    jobs = jobs[:limit]
    paths = [path for job in jobs for path in job.arguments["paths"]]
    rows = arrivals.batches(platform.engine, limit=max(1, 2 * len(paths)), files=paths) if paths else None
    finished = [] if rows is None else rows.filter("finished").to_dicts()
    found = {row["file"]: row for row in reversed(finished)}
    return [_import_job(platform, job, found) for job in jobs]


def _import_job(platform: Platform, job: JobView, found: dict[str, dict[str, Any]]) -> ImportJob:
    def file(path: str) -> ImportedFile:
        batch = found.get(path)
        mine = Path(path).is_relative_to(incoming(platform)) and batch is None
        return ImportedFile(
            path, batch, seen=mine and job.state == "succeeded", lost=mine and job.state in ("failed", "stopped")
        )

    progress = job.progress
    if progress is not None and progress.error is not None:
        # The folder of an upload says nothing to its reader.
        bare = re.sub(rf"{re.escape(str(incoming(platform)))}/[^/]+/", "", progress.error)
        job = replace(job, progress=replace(progress, error=bare))
    files = [file(path) for path in job.arguments["paths"]]
    return ImportJob(job, job.arguments.get("actor") or "–", job.arguments.get("grade") == "reviewed", files)
