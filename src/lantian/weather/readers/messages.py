"""The messages of GRIB files of both editions: where they are, and handles of ecCodes on their headers or the whole.

A GRIB 2 message may hold several fields (those of NCEP have u and v together); each is taken apart as a message of
its own. Headers are read without the data.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import eccodes

from lantian.weather.readers.faults import Fault, ReadError

_GRIB: Final = b"GRIB"
_END: Final = b"7777"
_NO_BITMAP: Final = (6).to_bytes(4, "big") + b"\x06\xff"
_NO_DATA: Final = (5).to_bytes(4, "big") + b"\x07"
_CHUNK: Final = 1 << 16


class Span(NamedTuple):
    """Bytes of a file; ``section``: which of GRIB 2, or -1 for a whole message of GRIB 1."""

    section: int
    start: int
    end: int


class Message(NamedTuple):
    """One field of a file."""

    path: Path
    spans: tuple[Span, ...]

    def read(self, *, data: bool = True) -> bytes:
        """The message, with or without its values."""
        with self.path.open("rb") as file:
            parts = [self._part(file, span, data) for span in self.spans]
        if self.spans[0].section < 0:
            return parts[0]
        whole = b"".join([*parts, _END])
        return whole[:8] + len(whole).to_bytes(8, "big") + whole[16:]

    @staticmethod
    def _part(file: BinaryIO, span: Span, data: bool) -> bytes:
        if not data and span.section in (6, 7):
            return _NO_BITMAP if span.section == 6 else _NO_DATA
        file.seek(span.start)
        return file.read(span.end - span.start)

    def section(self, number: int) -> bytes:
        """One section of GRIB 2; of GRIB 1 nothing."""
        with self.path.open("rb") as file:
            return b"".join(self._part(file, span, True) for span in self.spans if span.section == number)


@contextmanager
def handle(message: Message, *, data: bool) -> Iterator[Any]:
    """An ecCodes handle on a message, released at the end."""
    opened = eccodes.codes_new_from_message(message.read(data=data))
    try:
        yield opened
    finally:
        eccodes.codes_release(opened)


def messages(path: Path) -> Iterator[Message]:
    """All fields of a file, in its order; what stands between messages is passed over.

    Raises:
        ReadError: the last message is cut off.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        at = _next(file, 0)
        while at is not None:
            file.seek(at)
            head = file.read(16)
            second = len(head) == 16 and head[7] == 2
            length = int.from_bytes(head[8:16], "big") if second else _length(file, at)
            if length < 16 or at + length > size:
                value = f"is cut off: the message at byte {at} has {size - at} of {length} bytes"
                raise ReadError([Fault(path.name, "", value, "fetch the file again")])
            if second:
                yield from _fields(file, path, at, length)
            else:
                yield Message(path, (Span(-1, at, at + length),))
            at = _next(file, at + length)


def _next(file: BinaryIO, at: int) -> int | None:
    """Where the next message begins."""
    rest = b""
    file.seek(at)
    while chunk := file.read(_CHUNK):
        found = (rest + chunk).find(_GRIB)
        if found >= 0:
            return at - len(rest) + found
        at += len(chunk)
        rest = (rest + chunk)[-3:]
    return None


def _length(file: BinaryIO, at: int) -> int:
    """Of a message of GRIB 1, in whose header long ones are told in a roundabout way."""
    file.seek(at)
    try:
        opened = eccodes.codes_grib_new_from_file(file, headers_only=True)
    except eccodes.CodesInternalError:
        return 0
    if opened is None:
        return 0
    try:
        return int(eccodes.codes_get(opened, "totalLength"))
    finally:
        eccodes.codes_release(opened)


def _fields(file: BinaryIO, path: Path, at: int, length: int) -> Iterator[Message]:
    """The fields of one message of GRIB 2: sections that do not come again hold for all that follow."""
    sections = {0: Span(0, at, at + 16)}
    here, end = at + 16, at + length - len(_END)
    while here < end:
        file.seek(here)
        head = file.read(5)
        size, number = int.from_bytes(head[:4], "big"), head[4]
        if size < 5:
            value = f"has a section of {size} bytes at byte {here}"
            raise ReadError([Fault(path.name, "", value, "it is damaged, fetch it again")])
        sections = {key: span for key, span in sections.items() if key < number}
        sections[number] = Span(number, here, here + size)
        if number == 7:
            yield Message(path, tuple(sections[key] for key in sorted(sections)))
        here += size
