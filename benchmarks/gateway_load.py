"""The other end of the gateway's benchmark: an echo server, and devices that send; each a process of its own.

`python -m benchmarks.gateway_load echo` prints its port; `... send PORT DEVICES RATE SECONDS FRAMES` prints one JSON
line. Only 127.0.0.1 is spoken to.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import cast

from lantian.observations.hj212 import Link, encode, qn_of

PASSWORD = "123456"
HOST = "127.0.0.1"
ITEMS = ("a34001", "a34002", "a34004", "a01001", "a01002", "a01006", "a01007", "a01008")


def mn_of(number: int) -> str:
    return f"11010539{number:016X}"


def frames_of(number: int, count: int) -> list[bytes]:
    """Minutes of a construction-dust monitor, eight items each, of different times and QNs.

    The QNs lie a minute ahead, so that they are still near the gateway's time when the run ends: it would tell devices
    whose clocks stray the time.
    """
    link, now = Link("39", mn_of(number), PASSWORD), datetime.now(UTC)
    values = {code: {"Min": 12.1, "Avg": 25.7, "Max": 41.3, "Flag": "N"} for code in ITEMS}
    when = [(now + timedelta(seconds=60, milliseconds=at), now - timedelta(minutes=5 * at + 5)) for at in range(count)]
    return [encode(link.upload("2051", qn_of(said), time, values)[0]) for said, time in when]


class Echo(asyncio.Protocol):
    """Send back what comes: what any gateway in asyncio must pay."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self._transport.write(data)


class Sender(asyncio.Protocol):
    """A device: sends when told, counts the answers, which come in the order of what was sent."""

    def __init__(self, frames: list[bytes], waits: list[float]) -> None:
        self._frames, self._waits = frames, waits
        self._sent: list[float] = []
        self._answered = self._count = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    @property
    def open(self) -> int:
        """Frames without an answer."""
        return len(self._sent) - self._answered

    def send(self, begun: float) -> None:
        """Send the next frame; its wait counts from when it was due."""
        if self._transport is not None:
            self._transport.write(self._frames[len(self._sent) % len(self._frames)])
            self._sent.append(begun)

    def data_received(self, data: bytes) -> None:
        """Take the time of each answer that ends in it."""
        now = perf_counter()
        for _ in range(data.count(b"\r\n")):
            self._waits.append(now - self._sent[self._answered])
            self._answered += 1

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()


async def echo() -> None:
    server = await asyncio.get_running_loop().create_server(Echo, HOST, 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def send(port: int, devices: int, rate: float, seconds: float, count: int) -> dict[str, float]:
    """Connect all devices; send `rate` frames a second, each device in its turn, whether or not it was answered."""
    loop = asyncio.get_running_loop()
    waits: list[float] = []
    senders: list[Sender] = []
    introduced = 0
    for number in range(devices):
        _, one = await loop.create_connection(lambda n=number: Sender(frames_of(n, count), waits), HOST, port)
        senders.append(one)
        if number % 16 == 15 or number == devices - 1:  # each says who it is before the next come
            new = senders[introduced:]
            introduced = len(senders)
            for late in new:
                late.send(perf_counter())
            while any(late.open for late in new):
                await asyncio.sleep(0.001)
    waits.clear()
    sent, begin = 0, perf_counter()
    while (passed := perf_counter() - begin) < seconds:
        due = int(passed * rate)
        for number in range(sent, due):
            senders[number % devices].send(begin + number / rate)
        sent = max(sent, due)
        await asyncio.sleep(0.002)
    for _ in range(1500):
        if not any(one.open for one in senders):
            break
        await asyncio.sleep(0.01)
    spent = perf_counter() - begin
    left = sum(one.open for one in senders)
    for one in senders:
        one.close()
    waits.sort()
    at = lambda share: 1000 * waits[min(len(waits) - 1, int(share * len(waits)))] if waits else float("nan")  # noqa: E731
    return {
        "sent": sent,
        "answered": len(waits),
        "left": left,
        "rate": len(waits) / spent,
        "p50": at(0.5),
        "p99": at(0.99),
    }


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        asyncio.run(echo())
    else:
        port, devices, rate, seconds, count = sys.argv[2:]
        print(json.dumps(asyncio.run(send(int(port), int(devices), float(rate), float(seconds), int(count)))))
