"""A device on a line: connects, sends, hears answers, obeys, and comes back after every cut."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

from lantian.observations.hj212 import Framer, encode
from lantian.observations.simulate.device import Device
from lantian.observations.simulate.line import Line, LineCutError
from lantian.observations.simulate.obey import obey

__all__ = ["Client"]

_PATIENCE = 10.0
"""Seconds for a connection to be made."""
_BACK_OFF = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)


class Client:
    """Carries one device to one gateway.

    ``now`` is the devices' clock (simulated time may run faster); time-outs are of the real line. ``window`` uploads
    may be without an answer at a time: the standard's device waits for each (1). ``tick`` is how often, in seconds, it
    looks whether something is due.
    """

    def __init__(
        self,
        device: Device,
        host: str,
        port: int,
        now: Callable[[], datetime],
        *,
        faults: Iterable[str] = (),
        fault_share: float = 0.05,
        seed: int = 0,
        window: int = 1,
        tick: float = 0.2,
    ) -> None:
        self.device = device
        self.host, self.port = host, port
        self.connections = 0
        self.connected = False
        self._now = now
        self._faults, self._share, self._seed = tuple(faults), fault_share, seed
        self._window, self._tick = window, tick
        self._heard = asyncio.Event()
        self._replies: list[bytes] = []

    async def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Stay connected, come back after every cut, until ``until`` says so or the task is cancelled."""
        failures = 0
        wait = random.Random(self._seed)  # noqa: S311
        while not until():
            try:
                await self._session(until)
                failures = 0
            except (OSError, EOFError, asyncio.IncompleteReadError) as error:
                failures = 0 if isinstance(error, LineCutError) else min(failures + 1, len(_BACK_OFF) - 1)
            self.device.line_lost()
            self.device.measure(self._now())
            if not until():
                await asyncio.sleep(_BACK_OFF[failures] * wait.uniform(0.5, 1.5))

    async def _session(self, until: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(self.host, self.port)
        self.connections += 1
        self.device.tally.connections += 1
        self.connected = True
        self._replies.clear()
        line = Line(writer, self._faults, self._seed + self.connections, self._share)
        listening = asyncio.create_task(self._listen(reader))
        try:
            await self._talk(line, listening, until)
        finally:
            self.connected = False
            listening.cancel()
            writer.close()
            await asyncio.gather(listening, writer.wait_closed(), return_exceptions=True)

    async def _talk(self, line: Line, listening: asyncio.Task[None], until: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        while not until():
            if listening.done():
                listening.result()
                return
            device = self.device
            device.measure(self._now())
            said, self._replies = self._replies, []
            out = [*said, *(encode(one, cipher=device.cipher) for one in device.to_send(loop.time(), self._window))]
            if out:
                await line.send(out)
            elif device.given_up(loop.time()):
                raise LineCutError("no answer")
            self._heard.clear()
            if not self._replies and not device.ready(self._window):
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._tick):  # wait_for may lose a cancellation
                        await self._heard.wait()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        framer = Framer()
        loop = asyncio.get_running_loop()
        while data := await reader.read(65536):
            for frame in framer.feed(data):
                packet = self.device.hears(frame)
                if packet is None or self.device.answered(packet, loop.time()):
                    continue
                cipher = self.device.cipher  # a new key holds from what comes behind the answer to it
                self._replies += [encode(one, cipher=cipher) for one in obey(self.device, packet, self._now())]
            self._heard.set()
        self._heard.set()
        raise EOFError
