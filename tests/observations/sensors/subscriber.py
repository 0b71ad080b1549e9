"""A subscriber that kills itself: before or after it has stored its first batch, or never.

    python subscriber.py ADDRESS FILE before|after|never COUNT

Each message is a line of FILE, synced before `keep` comes back. It ends by itself once COUNT lines are there.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from lantian.observations.sensors.mqtt import Broker, listen

address, file, when, count = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])


async def main():
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def keep(messages):
        if when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        with file.open("a") as stream:
            stream.writelines(f"{one.topic} {one.payload.decode()}\n" for one in messages)
            stream.flush()
            os.fsync(stream.fileno())
        if when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        if len(set(file.read_text().splitlines())) >= count:
            loop.call_soon_threadsafe(stop.set)

    await listen(Broker.of(address, client_id="test"), keep, stop)


asyncio.run(main())
