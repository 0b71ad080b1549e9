"""A small MQTT 3.1.1 broker for tests: QoS 0 and 1, sessions that outlive their connection, what is not acknowledged
comes again with DUP (MQTT 3.1.1, 4.4). amqtt forgets what is on its way when a subscriber dies: it cannot stand here.
"""

import asyncio
import struct
import threading
from collections import OrderedDict


class Session:
    """What a broker keeps of a client: subscriptions, messages on their way, the connection if there is one."""

    def __init__(self):
        self.patterns = set()
        self.unacknowledged = OrderedDict()
        self.next_id = 0
        self.writer = None

    def send(self, topic, payload):
        self.next_id = self.next_id % 65535 + 1
        self.unacknowledged[self.next_id] = (topic, payload)
        if self.writer is not None:
            self.writer.write(publish(topic, payload, self.next_id))


class Broker:
    """Runs in a thread: `with Broker() as broker: broker.port`. ``acknowledged`` counts what was acknowledged."""

    def __init__(self):
        self.sessions, self.acknowledged, self.connections = {}, 0, 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def publish(self, topic, payload):
        """What a sensor publishes with QoS 1; comes back when every session has it."""
        done = threading.Event()

        def spread():
            for session in self.sessions.values():
                if any(matches(pattern, topic) for pattern in session.patterns):
                    session.send(topic, payload)
            done.set()

        self._loop.call_soon_threadsafe(spread)
        assert done.wait(10)

    def drop(self):
        """Break every connection, as a network does."""
        self._loop.call_soon_threadsafe(
            lambda: [s.writer.transport.abort() for s in self.sessions.values() if s.writer]
        )

    async def _run(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for session in self.sessions.values():
            if session.writer is not None:
                session.writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader, writer):
        session = None
        try:
            while True:
                kind, body = await packet(reader)
                if kind >> 4 == 1:
                    clean = body[7] & 2
                    length = struct.unpack("!H", body[10:12])[0]
                    name = body[12 : 12 + length].decode()
                    old = self.sessions.get(name)
                    session = Session() if clean or old is None else old
                    self.sessions[name], session.writer = session, writer
                    self.connections += 1
                    writer.write(bytes([0x20, 2, int(session is old), 0]))
                    for number, (topic, payload) in session.unacknowledged.items():
                        writer.write(publish(topic, payload, number, again=True))
                elif kind >> 4 == 8:
                    length = struct.unpack("!H", body[2:4])[0]
                    session.patterns.add(body[4 : 4 + length].decode())
                    writer.write(bytes([0x90, 3]) + body[:2] + b"\x01")
                elif kind >> 4 == 4:
                    self.acknowledged += session.unacknowledged.pop(struct.unpack("!H", body)[0], None) is not None
                elif kind >> 4 == 12:
                    writer.write(b"\xd0\x00")
                elif kind >> 4 == 14:
                    return
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            if session is not None and session.writer is writer:
                session.writer = None
            writer.close()


async def packet(reader):
    """One control packet: first byte and body."""
    kind, shift, size = (await reader.readexactly(1))[0], 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return kind, await reader.readexactly(size)


def publish(topic, payload, number, *, again=False):
    """A PUBLISH packet of QoS 1."""
    body = struct.pack("!H", len(topic.encode())) + topic.encode() + struct.pack("!H", number) + payload
    head, size = [0x3A if again else 0x32], len(body)
    while True:
        size, byte = divmod(size, 128)
        head.append(byte | 128 if size else byte)
        if not size:
            return bytes(head) + body


def matches(pattern, topic):
    """Whether a topic fits a pattern with + (no #)."""
    parts, names = pattern.split("/"), topic.split("/")
    return len(parts) == len(names) and all(p in ("+", n) for p, n in zip(parts, names, strict=True))
