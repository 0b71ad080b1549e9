"""The subscriber: messages of an MQTT broker, acknowledged only when they are kept.

QoS 1 with a session that the broker keeps (`clean_session` false): what was not acknowledged comes again after the
connection, or this process, broke. Acknowledgements are sent by hand, after `keep` has come back; `keep` gets many
messages at once, so that one write to the disk serves them all. A message that comes twice is stored twice under the
same time with the same value, which the telemetry store joins.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import aiomqtt

TOPICS: Final = ("lantian/+/+/data", "lantian/+/+/status")
"""What is subscribed."""

MOST: Final = 1000
"""Most messages that are kept at once."""

GATHER: Final = 0.05
"""Seconds that a batch waits for more messages."""

_FIRST_WAIT, _LONGEST_WAIT = 0.2, 60.0
_log = logging.getLogger("lantian.sensors")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came."""

    topic: str
    payload: bytes


Keep = Callable[[Sequence[Incoming]], None]
"""Stores messages; comes back when they are on the disk, raises where they are not."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are there."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = None
    tls: bool = False
    client_id: str = "lantian"

    @classmethod
    def of(cls, address: str, *, client_id: str = "lantian") -> Broker:
        """Read ``mqtt://user:password@host:port`` or ``mqtts://...``. Raises ValueError saying what is right."""
        wanted = "expected mqtt://user:password@host:1883 or mqtts://host:8883"
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            raise ValueError(f"--broker: not an address; {wanted}") from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError(f"--broker: scheme {parts.scheme!r}; {wanted}")
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            port or (8883 if tls else 1883),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            tls,
            client_id,
        )


async def listen(broker: Broker, keep: Keep, stop: asyncio.Event, *, told: Callable[[str], None] | None = None) -> None:
    """Take messages until `stop` is set; a broker that goes away, or a store that fails, is tried again for ever.

    `keep` runs in a thread. Where it raises nothing is acknowledged: the connection is opened anew after a while, and
    the broker sends the same messages again. `told` hears what goes wrong, in words without secrets.
    """
    wait = _FIRST_WAIT
    while not stop.is_set():
        try:
            async with _client(broker) as client:
                for pattern in TOPICS:
                    await client.subscribe(pattern, qos=1)
                if told:
                    told(f"connected to {broker.host}:{broker.port}")
                wait = _FIRST_WAIT
                await _serve(client, keep, stop)
                return
        except (aiomqtt.MqttError, OSError) as error:
            _tell(told, f"broker {broker.host}:{broker.port}: {error}")
        except _NotKeptError as error:
            _tell(told, f"not stored, will come again: {error.__cause__}")
        # Many gateways that lost one broker must not come back in one second.
        await _sleep(wait * random.uniform(0.5, 1.5), stop)  # noqa: S311  (no secret)
        wait = min(2 * wait, _LONGEST_WAIT)


class _NotKeptError(Exception):
    pass


def _client(broker: Broker) -> aiomqtt.Client:
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=broker.client_id,
        clean_session=False,
        tls_context=ssl.create_default_context() if broker.tls else None,
        keepalive=30,
    )
    # aiomqtt has no way of its own. Before the connection: what the broker kept comes right behind its greeting.
    client._client.manual_ack_set(True)
    return client


async def _serve(client: aiomqtt.Client, keep: Keep, stop: asyncio.Event) -> None:
    messages = client.messages
    stopping = asyncio.ensure_future(stop.wait())
    coming: asyncio.Future[aiomqtt.Message] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(messages.__anext__())
            await asyncio.wait((coming, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                return
            batch = [coming.result()]
            await asyncio.sleep(GATHER)
            while len(messages) and len(batch) < MOST:
                batch.append(await messages.__anext__())
            try:
                await asyncio.to_thread(keep, [Incoming(str(one.topic), _bytes(one.payload)) for one in batch])
            except Exception as error:
                raise _NotKeptError from error
            for one in batch:
                client._client.ack(one.mid, one.qos)
            if stop.is_set():
                await asyncio.sleep(0.1)  # let the acknowledgements leave
                return
    finally:
        stopping.cancel()
        if coming is not None and not coming.done():
            coming.cancel()


def _bytes(payload: object) -> bytes:
    if isinstance(payload, bytes | bytearray):
        return bytes(payload)
    return str(payload if payload is not None else "").encode()


def _tell(told: Callable[[str], None] | None, words: str) -> None:
    _log.warning(words)
    if told:
        told(words)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
