"""The subscriber: nothing that a broker has is missing, and nothing is doubled, wherever the subscriber dies."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest
from amqtt.broker import Broker as Amqtt

from lantian.observations.sensors import mqtt
from lantian.observations.sensors.mqtt import Broker as Address
from lantian.observations.sensors.service import Sensors
from lantian.observations.sensors.store import Sensor

from .broker import Broker

START = datetime(2026, 9, 1, tzinfo=UTC)
SUBSCRIBER = Path(__file__).with_name("subscriber.py")


@pytest.fixture
def broker():
    with Broker() as running:
        yield running


@contextmanager
def listening(address, keep, told=None):
    """A subscriber in a thread; ends at the end."""
    ready, box = threading.Event(), {}

    async def main():
        box["stop"], box["loop"] = asyncio.Event(), asyncio.get_running_loop()
        ready.set()
        await mqtt.listen(Address.of(address, client_id="lantian"), keep, box["stop"], told=told)

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        box["loop"].call_soon_threadsafe(box["stop"].set)
        thread.join(10)
        assert not thread.is_alive()


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def subscribed(broker):
    return any(len(session.patterns) == 2 for session in broker.sessions.values())


def minute(number):
    at = (START + timedelta(minutes=number)).isoformat()
    return json.dumps({"time": at, "pm25": number}).encode()


@pytest.mark.requirement("M3", part="acknowledged only when durable")
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_subscriber_killed_before_or_after_storing_loses_nothing(broker, tmp_path, when):
    lines, address = tmp_path / "lines", f"mqtt://127.0.0.1:{broker.port}"
    first = subprocess.Popen([sys.executable, SUBSCRIBER, address, lines, when, "20"])
    until(lambda: subscribed(broker))
    for number in range(10):
        broker.publish("lantian/east/s1/data", str(number).encode())
    assert first.wait(10) == -signal.SIGKILL
    assert broker.acknowledged == 0
    for number in range(10, 20):
        broker.publish("lantian/east/s1/data", str(number).encode())
    assert (
        subprocess.run([sys.executable, SUBSCRIBER, address, lines, "never", "20"], timeout=20, check=False).returncode
        == 0
    )
    stored = lines.read_text().splitlines()
    assert sorted(set(stored)) == sorted(f"lantian/east/s1/data {n}" for n in range(20))
    assert (len(stored) > 20) == (when == "after")  # what came again was stored twice; the next test joins it
    until(lambda: broker.acknowledged == 20)


@pytest.mark.requirement("M3", part="acknowledged only when durable")
def test_values_that_come_again_stand_once_in_the_telemetry(platform, broker):
    platform.clock.set_simulated(START + timedelta(hours=2), paused=True)
    service = Sensors(platform)
    service.store.put([Sensor("s1", "east", "一", "110105", 116.4, 39.9, ("pm25",), START)], "test")
    times, told = [], []

    def keep(messages):
        times.append(len(messages))
        if len(times) == 1:
            raise OSError("the disk is full")
        service.take(messages)
        if len(times) == 2:
            raise OSError("killed after storing")

    with listening(f"mqtt://127.0.0.1:{broker.port}", keep, told.append):
        until(lambda: subscribed(broker))
        for number in range(60):
            broker.publish("lantian/east/s1/data", minute(number))
        until(lambda: broker.acknowledged == 60)
    assert broker.connections >= 3
    assert [words for words in told if "not stored" in words][:2] == [
        "not stored, will come again: the disk is full", "not stored, will come again: killed after storing",
    ]  # fmt: skip
    rows = service._telemetry.read(["s1"], START, START + timedelta(hours=1)).collect().sort("time")
    assert rows["value"].to_list() == list(range(60))
    assert service.hours(["s1"], START, START + timedelta(hours=1))["pm25"].to_list() == [29.5]


def test_a_broken_connection_is_opened_anew_and_late_batches_come(broker):
    got = []
    with listening(f"mqtt://127.0.0.1:{broker.port}", lambda batch: got.extend(one.payload for one in batch)):
        until(lambda: subscribed(broker))
        broker.publish("lantian/east/s1/data", b"1")
        until(lambda: broker.acknowledged == 1)
        broker.drop()
        until(lambda: all(session.writer is None for session in broker.sessions.values()))
        broker.publish("lantian/east/s1/data", b"2")
        until(lambda: broker.acknowledged == 2)
    assert got == [b"1", b"2"]


def test_another_makers_broker_and_publisher():
    got, box, ready = [], {}, threading.Event()

    async def serve():
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        server = Amqtt({"listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:0"}}, "plugins": plugins})
        await server.start()
        box["port"] = server._servers["default"].instance.sockets[0].getsockname()[1]
        box["stop"], box["loop"] = asyncio.Event(), asyncio.get_running_loop()
        ready.set()
        await box["stop"].wait()
        await server.shutdown()

    async def send():
        async with aiomqtt.Client("127.0.0.1", box["port"], identifier="s1") as client:
            while not got:
                await client.publish("lantian/east/s1/data", minute(1), qos=1)
                await asyncio.sleep(0.1)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    with listening(f"mqtt://s@127.0.0.1:{box['port']}", got.extend):
        asyncio.run(asyncio.wait_for(send(), 10))
    box["loop"].call_soon_threadsafe(box["stop"].set)
    thread.join(10)
    assert got[0].topic == "lantian/east/s1/data"
    assert json.loads(got[0].payload)["pm25"] == 1


def test_addresses_of_brokers():
    assert Address.of("mqtts://me:s%40fe@broker.example", client_id="x") == Address(
        "broker.example", 8883, "me", "s@fe", True, "x"
    )
    for text in ("http://broker", "broker:1883", "mqtt://", "mqtt://broker:port"):
        with pytest.raises(ValueError, match="expected mqtt://"):
            Address.of(text)
