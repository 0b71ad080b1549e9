"""A gateway killed at any moment: nothing acknowledged is missing, nothing that is sent again stands twice."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.shelving import Shelver, folder_of
from lantian.observations.hj212 import Framer, Link, encode, qn_of
from lantian.observations.telemetry import TelemetryStore

KILLS = 22
KEEPERS = 8  # every so many lives one that shelves while the next ones live and die
DEVICES = 3
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CHILD = Path(__file__).with_name("killed_gateway.py")


class Sender:
    """A real client: sends minutes, keeps what is not acknowledged, sends it again after each connection."""

    def __init__(self, number, port):
        self.mn = f"{number:024X}"
        self.link = Link("39", self.mn, "123456")
        self.port = port
        self.unanswered = {}
        self.acknowledged = {}
        self.count = 0
        self.resent = 0

    def packet(self):
        self.count += 1
        qn = qn_of(BEGIN + timedelta(seconds=self.count))
        when, value = BEGIN + timedelta(minutes=self.count), float(self.count)
        (made,) = self.link.upload("2051", qn, when, {"a34002": {"Avg": f"{value:g}", "Flag": "N"}})
        self.unanswered[qn] = (encode(made), when, value)

    async def run(self):
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    await self.talk(reader, writer)
                finally:
                    writer.close()
            await asyncio.sleep(0.01)

    async def talk(self, reader, writer):
        framer = Framer()
        for raw, _, _ in list(self.unanswered.values()):  # again, what nobody acknowledged
            writer.write(raw)
            self.resent += 1
        while True:
            for _ in range(max(0, 20 - len(self.unanswered))):
                self.packet()
                writer.write(next(reversed(self.unanswered.values()))[0])
            data = await reader.read(4096)
            if not data:
                return
            for frame in framer.feed(data):
                assert frame.packet is not None
                assert frame.packet.cn == "9014", frame
                if (said := self.unanswered.pop(frame.packet.qn, None)) is not None:
                    self.acknowledged[said[1]] = said[2]


class Nursery:
    """Makes gateways one after the other, and kills them."""

    def __init__(self, platform):
        url = platform.engine.url.render_as_string(hide_password=False)
        line = [sys.executable, CHILD, platform.home, url]
        self._process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._pid = 0

    def begin(self, port, keeper):
        self._process.stdin.write(f"{port} {int(keeper)}\n")
        self._process.stdin.flush()
        told = dict(self._process.stdout.readline().split() for _ in range(2))
        self._pid = int(told["pid"])
        return int(told["port"])

    def kill(self):
        os.kill(self._pid, signal.SIGKILL)

    def close(self):
        with self._process:
            self._process.stdin.close()


async def cycles(platform):
    chance = random.Random(212)
    nursery = Nursery(platform)
    port = await asyncio.to_thread(nursery.begin, 0, True)
    senders = [Sender(number, port) for number in range(1, DEVICES + 1)]
    tasks = [asyncio.create_task(sender.run()) for sender in senders]
    try:
        for number in range(1, KILLS + 1):
            before = sum(len(sender.acknowledged) for sender in senders)
            while sum(len(sender.acknowledged) for sender in senders) == before:  # each life acknowledges something
                await asyncio.sleep(0.01 + 0.05 * chance.random())
            nursery.kill()
            await asyncio.to_thread(nursery.begin, port, number % KEEPERS == 0)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        nursery.kill()
        nursery.close()
    return senders


@pytest.mark.requirement("M2")
def test_nothing_acknowledged_is_missing_and_nothing_stands_twice_after_many_kills(platform):
    devices = [
        Device(
            mn=f"{number:024X}",
            kind="dust",
            st="39",
            name=f"dust {number}",
            region="110105",
            since=BEGIN - timedelta(days=9000),
            password="123456",
            units={"a34002": "ug/m3"},
        )
        for number in range(1, DEVICES + 1)
    ]
    platform.clock.set_simulated(BEGIN + timedelta(days=300), actor="test")  # what they send lies before
    Register(platform).put(devices, "test")
    senders = asyncio.run(cycles(platform))
    Shelver(platform).run()
    assert not list(folder_of(platform).glob("*.journal"))

    store = TelemetryStore(platform)
    assert sum(sender.resent for sender in senders) > KILLS  # else the kills were without effect
    for sender in senders:
        assert sender.acknowledged
        seen = store.read(sender.mn).collect()
        stored = dict(zip(seen["time"], seen["value"], strict=True))
        assert len(stored) == seen.height
        assert {when: stored.get(when) for when in sender.acknowledged} == sender.acknowledged
        assert stored.keys() <= {BEGIN + timedelta(minutes=number) for number in range(1, sender.count + 1)}
    store.compact()
    said = store.statements().collect()
    assert said.height == said.select("device", "time").n_unique()
    assert said.select(pl.col("value").is_null().any()).item() is False
