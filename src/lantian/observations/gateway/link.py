"""One connection: bytes in, frames to the gateway, answers out; bounded in every direction."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

from lantian.observations.gateway.limits import Bucket
from lantian.observations.hj212 import Framer

if TYPE_CHECKING:
    from lantian.observations.gateway.server import Gateway

_OUT = 64 << 10  # bytes of answers that a peer may leave unread before we stop to read from it


class Link(asyncio.BufferedProtocol):
    """A peer. It is read from only while it may send, reads our answers, and the disk keeps up.

    Attributes:
        address: of the peer; mns: devices that have spoken on it; silence: seconds without a packet until it ends.
        opened, heard: when it began, and when the last accepted packet came, in seconds of the loop's clock.
        strikes: frames in a row that were refused or no packet; pending: frames not on the disk yet.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._transport: asyncio.Transport | None = None
        self._framer = Framer(gateway.tolerances)
        self._reasons: set[str] = set()
        self._bucket = Bucket(gateway.limits.frames, gateway.limits.burst, gateway.loop.time())
        self.address = ""
        self.mns: set[str] = set()
        self.opened = self.heard = gateway.loop.time()
        self.silence = gateway.limits.idle
        self.strikes = 0
        self.pending = 0
        self.stuck_since: float | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A peer is there; where there are too many already, it is sent away."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_OUT)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _OUT)  # else megabytes
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""
        if not self._gateway.opened(self):
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Give the buffer that all links share: it is emptied before the next one reads."""
        return self._gateway.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what arrived."""
        frames = self._framer.feed(bytes(self._gateway.buffer[:nbytes]))
        for frame in frames:
            self._gateway.take(self, frame)
        if not frames:
            return
        wait = self._bucket.take(len(frames), self._gateway.loop.time())
        if wait > 0.0:
            self._hold("rate")
            self._gateway.loop.call_later(wait, self.release, "rate")
        if self.pending > self._gateway.limits.pending:
            self._hold("pending")
        if self._gateway.crowded:
            self._hold("disk")
            self._gateway.held.add(self)

    def eof_received(self) -> bool:
        """The peer will send nothing more; what it is owed is still sent."""
        for frame in self._framer.flush():
            self._gateway.take(self, frame)
        self._ended = self.pending > 0
        return self._ended

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The peer is gone."""
        self._transport = None
        self._gateway.closed(self)

    def pause_writing(self) -> None:
        """The peer leaves our answers unread."""
        self.stuck_since = self._gateway.loop.time()
        self._hold("unread")

    def resume_writing(self) -> None:
        """It reads again."""
        self.stuck_since = None
        self.release("unread")

    @property
    def open(self) -> bool:
        """Whether something may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send, if the peer is still there."""
        if self._transport is not None and self.open:
            self._transport.write(data)

    def durable(self, count: int) -> None:
        """So many of its frames are on the disk now."""
        self.pending -= count
        if "pending" in self._reasons and self.pending <= self._gateway.limits.pending // 2:
            self.release("pending")
        if self._ended and self.pending <= 0:
            self.close()

    def close(self) -> None:
        """End it after what it is owed was sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()

    def release(self, reason: str) -> None:
        """A reason not to read from it is gone."""
        self._reasons.discard(reason)
        if not self._reasons and self._transport is not None and self.open:
            self._transport.resume_reading()

    def _hold(self, reason: str) -> None:
        if not self._reasons and self._transport is not None and self.open:
            self._transport.pause_reading()
        self._reasons.add(reason)
