"""The line between device and gateway, and what goes wrong on it: cuts, glue, slowness, junk, spoiled bytes.

A fault of the line never invents a packet: what it spoils, the device sends again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from types import MappingProxyType

__all__ = ["LINE_FAULTS", "Line", "LineCutError"]

LINE_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "disconnect": "the connection is cut after a packet, before its answer",
        "glued": "two packets and more leave in one piece",
        "split": "a packet leaves in several pieces",
        "slow": "a packet leaves in small pieces with pauses",
        "junk": "a modem's words stand between packets",
        "wrong_crc": "a byte is spoiled on the way; the next sending is right",
    }
)
"""Faults of a line by name."""

_JUNK = (b"+++\r\n", b"OK\r\n", b"\x00\x00\xff", b"NO CARRIER\r\n", b"##12\r\n")


class LineCutError(ConnectionError):
    """The line was cut on purpose."""


class Line:
    """Sends packets over one connection. ``faults`` are names of ``LINE_FAULTS``, each befalling a packet with the
    chance ``share``.
    """

    def __init__(self, writer: asyncio.StreamWriter, faults: Iterable[str], seed: int, share: float = 0.05) -> None:
        self._writer = writer
        self._faults = frozenset(faults)
        self._random = random.Random(seed)  # noqa: S311
        self._share = share
        for name in sorted(self._faults - LINE_FAULTS.keys()):
            raise ValueError(f"no fault of a line {name!r}; there are {', '.join(LINE_FAULTS)}")

    def _strikes(self, name: str) -> bool:
        return name in self._faults and self._random.random() < self._share

    async def send(self, packets: list[bytes]) -> None:
        """Send packets; LineCutError where the line was cut after one."""
        if not self._faults:
            self._writer.write(b"".join(packets))
            await self._writer.drain()
            return
        held = b""
        for packet in packets:
            data = held + (self._random.choice(_JUNK) if self._strikes("junk") else b"") + self._spoiled(packet)
            if self._strikes("glued"):
                held = data
                continue
            held = b""
            await self._send_one(data)
            if self._strikes("disconnect"):
                raise LineCutError("the line was cut")
        if held:
            await self._send_one(held)

    def _spoiled(self, packet: bytes) -> bytes:
        if not self._strikes("wrong_crc"):
            return packet
        at = self._random.randrange(6, len(packet) - 6)
        return packet[:at] + bytes((packet[at] ^ 1,)) + packet[at + 1 :]

    async def _send_one(self, data: bytes) -> None:
        if self._strikes("slow"):
            size, pause = max(1, len(data) // 8), 0.02
        elif self._strikes("split"):
            size, pause = self._random.randrange(1, max(2, len(data))), 0.0
        else:
            size, pause = len(data), 0.0
        for at in range(0, len(data), size):
            self._writer.write(data[at : at + size])
            await self._writer.drain()
            await asyncio.sleep(pause)
