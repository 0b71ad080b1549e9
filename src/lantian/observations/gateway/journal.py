"""The journal: what arrived, appended and on the disk before anybody is told so.

Frames of all connections go to one file. While the last `fdatasync` runs in a thread, what arrives is collected; the
next write takes all of it, so the disk's speed bounds the wait, not the number of frames (group commit). A record
carries its length and CRC-32: what a killed process left half-written is no record. The writer holds a lock on its
file; one without a lock has its last record.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

SUFFIX = ".journal"
LARGEST = 32 << 20
"""Bytes after which a new file is begun."""

KEPT, REFUSED, SENT = 0, 1, 2
"""A frame that counts, one that could not be used, one of ours."""

_HEAD = struct.Struct(">II")  # length of the body, its CRC-32
_BODY = struct.Struct(">qBB")  # microseconds since 1970, way, length of the address
_SIZE = struct.Struct(">I")  # of the frame, where its data in clear stand behind it
_ENCIPHERED = 0x80
_LONGEST = 1 << 17
_RETRY = 1.0
_log = logging.getLogger("lantian.gateway")
Due = TypeVar("Due")


@dataclass(frozen=True, slots=True)
class Record:
    """A frame as it was received or sent.

    `at`: by the platform's clock; `way`: one of `KEPT`, `REFUSED`, `SENT`; `address`: of the peer; `raw`: the bytes;
    `clear`: its data segment deciphered, empty where it came in clear. Keys change, so that who shelves it later might
    have the wrong one.
    """

    at: datetime
    way: int
    address: str
    raw: bytes
    clear: bytes = b""


def pack(microseconds: int, way: int, address: bytes, raw: bytes, clear: bytes = b"") -> bytes:
    """The bytes of a record."""
    if clear:
        way, raw = way | _ENCIPHERED, _SIZE.pack(len(raw)) + raw + clear
    body = _BODY.pack(microseconds, way, len(address)) + address + raw
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def unpack(data: bytes) -> Iterator[tuple[Record, int]]:
    """The whole records at the front of `data`, each with the offset behind it."""
    at = 0
    while at + _HEAD.size <= len(data):
        size, sum_ = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + size]
        if not _BODY.size <= size <= _LONGEST or len(body) < size or zlib.crc32(body) != sum_:
            return
        at += _HEAD.size + size
        microseconds, way, length = _BODY.unpack_from(body)
        address = body[_BODY.size : _BODY.size + length].decode(errors="replace")
        moment = datetime.fromtimestamp(microseconds / 1e6, UTC)
        raw, clear = body[_BODY.size + length :], b""
        if way & _ENCIPHERED:
            behind = _SIZE.size + _SIZE.unpack_from(raw)[0]
            raw, clear = raw[_SIZE.size : behind], raw[behind:]
        yield Record(moment, way & ~_ENCIPHERED, address, raw, clear), at


def files(folder: Path) -> list[Path]:
    """All files of a journal, the oldest first."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def finished(path: Path) -> bool:
    """Whether nobody will append to this file any more: its writer has gone on, or died."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Journal(Generic[Due]):
    """The writing end. `answer(dues)` is called with what was due for records that are now on the disk, in order."""

    def __init__(self, folder: Path, answer: Callable[[list[Due]], None], *, largest: int = LARGEST) -> None:
        self.folder = folder
        self._answer = answer
        self._largest = largest
        self._records: list[bytes] = []
        self._dues: list[Due] = []
        self._size = 0
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "lantian-journal")
        self._file = -1
        self._written = 0
        self.synced = 0

    @property
    def waiting(self) -> int:
        """Bytes that are not on the disk yet."""
        return self._size

    def add(self, record: bytes, due: Due) -> None:
        """Hand over a record and what is due once it is durable."""
        self._records.append(record)
        self._dues.append(due)
        self._size += len(record)
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled; then write what is left and close."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._records:
                    data, dues = b"".join(self._records), self._dues
                    self._records, self._dues = [], []
                    await self._make_durable(loop, data)
                    self._size -= len(data)
                    self._answer(dues)
        finally:
            self._thread.shutdown()  # waits for the write under way
            with contextlib.suppress(OSError):
                self._write(b"".join(self._records))
            self._close()

    async def _make_durable(self, loop: asyncio.AbstractEventLoop, data: bytes) -> None:
        """Try until it works: nobody is answered before."""
        while True:
            writing = loop.run_in_executor(self._thread, self._write, data)
            try:
                return await asyncio.shield(writing)
            except OSError as error:
                _log.error("the journal cannot be written, nothing is acknowledged: %s", error)
                self._close()  # what is half-written stays behind in the old file
                await asyncio.sleep(_RETRY)

    def _write(self, data: bytes) -> None:
        if not data:
            return
        if self._file < 0 or self._written >= self._largest:
            self._begin()
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fdatasync(self._file)
        self._written += len(data)
        self.synced += 1

    def _begin(self) -> None:
        self._close()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}{SUFFIX}"
        unlocked = path.with_suffix(
            ".new"
        )  # under its name it is never seen without its lock: who sees none, removes it
        file = os.open(unlocked, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        unlocked.replace(path)
        for folder in (self.folder, self.folder.parent, self.folder.parent.parent):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._file, self._written = file, 0

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
