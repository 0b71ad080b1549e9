"""The messages of GRIB files of both editions: where they are, and handles of ecCodes on their headers or the whole.

A GRIB 2 message may hold several fields (those of NCEP have u and v together); each is taken apart as a message of
its own. Headers are read without the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from lantian.weather.readers.codes import eccodes
from lantian.weather.readers.faults import Fault, ReadError

_GRIB: Final = b"GRIB"
_END: Final = b"7777"
_NO_BITMAP: Final = (6).to_bytes(4, "big") + b"\x06\xff"
_NO_DATA: Final = (5).to_bytes(4, "big") + b"\x07"
_CHUNK: Final = 1 << 16
_LARGE: Final = 1 << 23
_MANY_LEVELS: Final = (100, 105)
"""Surfaces of pressure and hybrid levels (GRIB 2 code table 4.5)."""
_OVER_INTERVAL: Final = 8
"""The product definition template of sums and means (code table 4.0)."""


class Span(NamedTuple):
    """Bytes of a file; ``section``: which of GRIB 2, or -1 for a whole message of GRIB 1."""

    section: int
    start: int
    end: int


class Message(NamedTuple):
    """One field of a file."""

    path: Path
    spans: tuple[Span, ...]

    def read(self) -> bytes:
        """The whole message."""
        with self.path.open("rb") as file:
            parts = [_part(file, span) for span in self.spans]
        return parts[0] if self.spans[0].section < 0 else _joined(parts)


class Header:
    """A message without its values."""

    def __init__(self, file: BinaryIO, message: Message) -> None:
        self.message = message
        self.sections = {span.section: _part(file, span) for span in message.spans if span.section not in (6, 7)}

    def read(self) -> bytes:
        """A message that holds nothing; of GRIB 1 the whole."""
        first = self.sections.get(-1)
        return _joined([*self.sections.values(), _NO_BITMAP, _NO_DATA]) if first is None else first

    @property
    def grid(self) -> bytes:
        """What is the same for fields on the same grid; nothing of GRIB 1."""
        return self.sections.get(3, b"")

    @property
    def parameter(self) -> bytes | None:
        """What is the same for fields of one parameter, that may differ in time and level; None of GRIB 1."""
        if 4 not in self.sections:
            return None
        origin, product = self.sections[1][5:12], self.sections[4]
        surface = product[22:23] if product[22] in _MANY_LEVELS else product[22:34]
        statistic = product[46:47] if product[8] == _OVER_INTERVAL else b""
        return self.sections[0][6:7] + origin + product[7:11] + surface + statistic


def _part(file: BinaryIO, span: Span) -> bytes:
    file.seek(span.start)
    return file.read(span.end - span.start)


def _joined(parts: Sequence[bytes]) -> bytes:
    whole = b"".join([*parts, _END])
    return whole[:8] + len(whole).to_bytes(8, "big") + whole[16:]


@contextmanager
def handle(message: Message | Header) -> Iterator[Any]:
    """An ecCodes handle on a message, released at the end."""
    opened = eccodes.codes_new_from_message(message.read())
    try:
        yield opened
    finally:
        eccodes.codes_release(opened)


def headers(path: Path) -> Iterator[Header]:
    """Those of all fields of a file, in its order; what stands between messages is passed over.

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
                yield Header(file, Message(path, (Span(-1, at, at + length),)))
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
    """Of a message of GRIB 1: three bytes, for messages beyond 8 MB in units of 120 bytes, less what section 4 tells.

    The latter is ECMWF's coding, which all decoders follow.
    """
    file.seek(at + 4)
    length = int.from_bytes(file.read(3), "big")
    if length < _LARGE:
        return length
    here = at + 8
    file.seek(here)
    head = file.read(8)
    flags = head[7] if len(head) == 8 else 0
    here += int.from_bytes(head[:3], "big")
    for present in (0x80, 0x40):  # a grid, a bitmap
        if flags & present:
            file.seek(here)
            here += int.from_bytes(file.read(3), "big")
    file.seek(here)
    last = int.from_bytes(file.read(3), "big")
    return (length - _LARGE) * 120 - last + len(_END) if last < 120 else length


def _fields(file: BinaryIO, path: Path, at: int, length: int) -> Iterator[Header]:
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
            yield Header(file, Message(path, tuple(sections[key] for key in sorted(sections))))
        here += size
