"""Packets out of a stream of bytes, however it is cut, glued or soiled, in bounded memory.

A packet begins with ``##`` and four digits. It ends where its length says, if its check sum is right there; else at the
next carriage return and line feed, or at the next beginning, whichever comes first. Each decision waits for the same
bytes however they arrive, so any cutting of a stream gives the same frames; and since a beginning within a packet
always ends it, no junk can swallow the good packet behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from lantian.observations.hj212.codec import END, decode, frame_of
from lantian.observations.hj212.crc import crc
from lantian.observations.hj212.packet import Frame
from lantian.observations.hj212.sm4 import DataCipher
from lantian.observations.hj212.tolerances import Fault, granted

__all__ = ["MOST", "Framer"]

MOST = 6 + 9999 + 4
"""Bytes between beginning and end at most: what four digits of length can declare."""
_KEPT_JUNK = 1024
_BEGIN = re.compile(rb"##\d{4}")
_HEAD = 6
_STOP = re.compile(rb"\r\n|##\d{4}")


class Framer:
    """Makes frames of what one peer sends; holds at most one unfinished packet (some 10 kB).

    ``tolerances`` are those of the device, or a function that gives them for an MN: of a connection nothing is known
    before its first packet. ``version`` is the edition that it is registered with, None goes by Flag.
    ``cipher`` is that of the device, where its data is enciphered (2025).
    """

    def __init__(
        self,
        tolerances: Iterable[str] | Callable[[str], Iterable[str]] = (),
        *,
        version: int | None = None,
        cipher: DataCipher | None = None,
    ) -> None:
        self._of: Callable[[str], Iterable[str]] | None = tolerances if callable(tolerances) else None
        self._allowed = frozenset[str]() if callable(tolerances) else granted(tolerances)
        self._version = version
        self._cipher = cipher
        self._buffer = bytearray()
        self._junk = bytearray()
        self._junk_bytes = 0
        self._searched = 0

    @property
    def held(self) -> int:
        """Bytes of a packet that has not ended."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take what arrived; give the frames that are finished by it."""
        frames: list[Frame] = []
        for at in range(0, len(data), MOST) or (0,):
            self._buffer += data[at : at + MOST]
            frames.extend(self._take(ended=False))
        return frames

    def flush(self) -> list[Frame]:
        """The stream ended, or has been silent: give what is held as it stands."""
        frames = self._take(ended=True)
        junk = self._junk_frame()
        return [*frames, junk] if junk else frames

    def _take(self, *, ended: bool) -> list[Frame]:
        frames: list[Frame] = []
        while self._align(ended=ended):
            end = self._end(ended=ended)
            if end is None:
                break
            self._emit(frames, *end)
        return frames

    def _align(self, *, ended: bool) -> bool:
        """Put what stands before the next beginning aside; is there a beginning?"""
        buffer = self._buffer
        if buffer[:2] == b"##" and _BEGIN.match(buffer):
            return True
        found = _BEGIN.search(buffer)
        # the last five bytes may be a part of a beginning
        cut = found.start() if found else len(buffer) if ended else max(0, len(buffer) - _HEAD + 1)
        self._set_aside(bytes(buffer[:cut]))
        del buffer[:cut]
        return found is not None

    def _set_aside(self, junk: bytes) -> None:
        if junk == END and not self._junk_bytes:  # empty lines between packets are no harm
            return
        self._junk_bytes += len(junk)
        self._junk += junk[: _KEPT_JUNK - len(self._junk)]

    def _end(self, *, ended: bool) -> tuple[int, int, bool] | None:
        """Where the packet at the front ends: its bytes, the bytes to drop, and whether it ended; None: not yet."""
        buffer = self._buffer
        due = _HEAD + int(buffer[2:_HEAD]) + 4
        if len(buffer) >= due + 2 and buffer[due : due + 2] == END:
            # the usual case: nothing that could end it earlier
            stop = _STOP.search(buffer, _HEAD)
            if stop is not None and stop.start() == due:
                return due, due + 2, True
        else:
            stop = _STOP.search(buffer, max(_HEAD, self._searched))
        at = stop.start() if stop is not None else None
        known = len(buffer) >= due + 2 or (ended and len(buffer) >= due)
        if known and (at is None or at >= due):
            if stop is not None and at == due and stop.group() == END:
                return due, due + 2, True
            if self._sum_is_right(due):
                return due, due, False
        if at is not None and stop is not None and at <= MOST:
            terminated = stop.group() == END
            return at, at + (2 if terminated else 0), terminated
        if len(buffer) > MOST + _HEAD:
            return MOST, MOST, False
        if ended:
            return len(buffer), len(buffer), False
        self._searched = max(_HEAD, len(buffer) - _HEAD + 1)
        return None

    def _sum_is_right(self, due: int) -> bool:
        segment = bytes(self._buffer[_HEAD : due - 4])
        return bytes(self._buffer[due - 4 : due]).upper() == b"%04X" % crc(segment)

    def _emit(self, frames: list[Frame], size: int, drop: int, terminated: bool) -> None:
        junk = self._junk_frame()
        if junk is not None:
            frames.append(junk)
        body = bytes(self._buffer[:size])
        del self._buffer[:drop]
        self._searched = 0
        if len(body) < _HEAD + 4 or size == MOST:
            fault = Fault("unterminated", "frame", body[:60].decode("ascii", "backslashreplace"), "an end")
            frames.append(Frame(body, None, False, "absent", (), (fault,)))
            return
        if self._of is None and terminated:
            frames.append(frame_of(body, (), self._allowed, self._version, self._cipher))
            return
        data = body + END if terminated else body
        frame = decode(data, tolerances=self._allowed, version=self._version, cipher=self._cipher)
        if self._of is not None and frame.deviations and frame.read is not None:
            frame = frame.under(self._of(frame.read.mn))
        frames.append(frame)

    def _junk_frame(self) -> Frame | None:
        if not self._junk_bytes:
            return None
        raw, count = bytes(self._junk), self._junk_bytes
        self._junk.clear()
        self._junk_bytes = 0
        shown = raw[:60].decode("ascii", "backslashreplace")
        fault = Fault("junk", "stream", f"{count} bytes: {shown}", "nothing between packets")
        return Frame(raw, None, False, "absent", (), (fault,))
