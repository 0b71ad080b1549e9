"""From the journal to the shelf: readings become telemetry, frames the raw log; each record exactly once.

A pass reads a piece of a journal file, writes segments, and in one transaction enters them and notes how far the file
is shelved. A pass that is killed leaves files that no manifest knows, and the next does its work again. A journal file
goes when all of it is shelved and nobody writes to it any more.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.digest import digest
from lantian.observations.gateway.journal import Record, files, finished, unpack
from lantian.observations.gateway.packets import RESOLUTION
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.tables import journal
from lantian.observations.telemetry import TelemetryStore
from lantian.observations.telemetry.shelf import Segment

PIECE = 8 << 20
"""Bytes of a journal that are shelved at once."""
DAMAGED = "damaged"
SOURCE = "hj212"
_LOCK = "lantian.gateway/shelving"
_LONGEST = 1 << 17
_log = logging.getLogger("lantian.gateway")


def folder_of(platform: Platform) -> Path:
    """Where the journal stands."""
    return platform.settings.home / "gateway" / "journal"


class Shelver:
    """Shelves the journal of a platform. Any number may run; they take turns."""

    def __init__(self, platform: Platform) -> None:
        self._engine = platform.database.engine
        self._folder = folder_of(platform)
        self._store = TelemetryStore(platform)
        self._register = Register(platform)

    def run(self) -> int:
        """Shelve all that is there; the number of records."""
        return sum(self._file(path) for path in files(self._folder))

    def _file(self, path: Path) -> int:
        total = 0
        while True:
            count, more = self._piece(path)
            total += count
            if not more:
                return total

    def _piece(self, path: Path) -> tuple[int, bool]:
        """Shelve a piece of a file; the number of records, and whether there may be more."""
        written: list[Segment] = []
        with self._engine.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(_LOCK, 0))))
            done = connection.scalar(sa.select(journal.c.shelved).where(journal.c.name == path.name)) or 0
            try:
                ended = finished(path)  # asked before it is read: what is added later is seen by the next pass
                records, behind, size = _read(path, done)
            except FileNotFoundError:
                return 0, False  # another one was here first
            if not records:
                if ended:
                    self._remove(connection, path, behind, size)
                return 0, False
            try:
                written = self._write(records, {one.mn: one for one in self._register.devices()})
                self._store.shelf.enter(connection, written)
                self._note(connection, path.name, behind, len(records))
            except BaseException:
                self._store.shelf.forget(written)
                raise
        return len(records), behind < size or ended

    def _write(self, records: list[Record], devices: Mapping[str, Device]) -> list[Segment]:
        said, log = digest(records, devices)
        return [
            *(self._store.write(said, SOURCE) if said.height else ()),
            *self._store.shelf.write(log, RESOLUTION, SOURCE),
        ]

    def _note(self, connection: sa.Connection, name: str, behind: int, count: int) -> None:
        row = insert(journal).values(name=name, shelved=behind, records=count)
        added = {"shelved": row.excluded.shelved, "records": journal.c.records + row.excluded.records}
        connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=added))

    def _remove(self, connection: sa.Connection, path: Path, behind: int, size: int) -> None:
        """The file has nothing more to give: gone, or where something unreadable is left, set aside.

        Half a record at the end is what a killed gateway had not finished: nobody was told that it was kept.
        """
        if size - behind > _LONGEST:
            aside = self._folder / DAMAGED
            aside.mkdir(exist_ok=True)
            path.replace(aside / path.name)
            _log.error("%s: %d bytes cannot be read; set aside in %s", path, size - behind, aside)
        else:
            path.unlink(missing_ok=True)
        connection.execute(journal.delete().where(journal.c.name == path.name))


def _read(path: Path, begin: int) -> tuple[list[Record], int, int]:
    """Whole records from `begin` on, where the last of them ends, and the size of the file."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(begin)
        data = file.read(PIECE)
    records, behind = [], 0
    for record, at in unpack(data):
        records.append(record)
        behind = at
    return records, begin + behind, size
