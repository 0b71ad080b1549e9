"""The gateway as it runs: the server, the database beside it, and the keeper that shelves what the journal holds."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway.desk import Desk
from lantian.observations.gateway.heard import Heard, Knock
from lantian.observations.gateway.limits import Limits
from lantian.observations.gateway.orders import Order
from lantian.observations.gateway.register import CHANNEL
from lantian.observations.gateway.server import Gateway

P = ParamSpec("P")
R = TypeVar("R")

PORT = 9212
FLUSH = 2.0
"""Seconds between two writings of states."""
_RELOAD = 60.0
_ASK = 5.0
_KEEPER_AGAIN = 5.0
_log = logging.getLogger("lantian.gateway")


class LocalClock:
    """The platform's clock, carried on between two looks at it: no question to the database for each frame."""

    def __init__(self, platform: Platform) -> None:
        self._clock = platform.clock
        self.look()

    def look(self) -> None:
        """Ask the platform."""
        state, now = self._clock.read()
        speed = 0.0 if state.simulated and state.paused else state.speed if state.simulated else 1.0
        self._read = now, time.monotonic(), speed
        self.real = not state.simulated

    def now(self) -> datetime:
        """The present time of the platform."""
        at, looked, speed = self._read
        return at + timedelta(seconds=(time.monotonic() - looked) * speed)


async def serve(
    platform: Platform,
    host: str,
    port: int,
    *,
    limits: Limits | None = None,
    ready: Callable[[Gateway, int], None] | None = None,
    keeper: bool = True,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set, or the task is cancelled.

    `ready` hears of the port; `keeper` False: nothing is shelved (somebody else does).

    Raises RuntimeError where another gateway works on this data folder, OSError where the port is taken.
    """
    with _alone(platform.home):
        clock = LocalClock(platform)
        desk = Desk(platform)
        followed: asyncio.Queue[tuple[Order, datetime]] = asyncio.Queue()
        gateway = Gateway(
            platform.home / "gateway" / "journal",
            clock.now,
            limits=limits,
            followed=lambda order: followed.put_nowait((order, clock.now())),
            true_time=lambda: clock.real,
        )
        gateway.devices, gateway.offers = desk.devices()
        gateway.heard = desk.begin()
        port = await gateway.start(host, port)
        work = _Beside(platform, gateway, desk, clock, followed)
        tasks = [asyncio.create_task(part()) for part in (work.flush, work.follow, work.refresh, work.ask)]
        if keeper:
            tasks.append(asyncio.create_task(_keeper(platform)))
        try:
            if ready is not None:
                ready(gateway, port)
            with work.listening():
                await (stop or asyncio.Event()).wait()
        finally:
            await gateway.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            work.end()


class _Beside:
    """What happens beside the connections, in threads; a database that is away is tried again."""

    def __init__(
        self,
        platform: Platform,
        gateway: Gateway,
        desk: Desk,
        clock: LocalClock,
        followed: asyncio.Queue[tuple[Order, datetime]],
    ) -> None:
        self._gateway, self._desk, self._clock, self._followed = gateway, desk, clock, followed
        self._conninfo = platform.database.conninfo
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(3, "lantian-gateway")
        self._devices, self._commands = asyncio.Event(), asyncio.Event()

    async def flush(self) -> None:
        """States and strangers, every few seconds."""
        while True:
            await asyncio.sleep(FLUSH)
            heard, knocks = self._new()
            if await self._try("write states", self._look_and_write, heard, knocks) is None:
                self._gateway.changed |= {mn for mn, _ in heard}

    async def follow(self) -> None:
        """What became of requests, in its order."""
        while True:
            order, now = await self._followed.get()
            await self._try("write a result", self._desk.follow, order, now)

    async def refresh(self) -> None:
        """The devices, when they change."""
        while True:
            await _either(self._devices, _RELOAD)
            found = await self._try("read the devices", self._desk.devices)
            if found is not None:
                self._gateway.devices, self._gateway.offers = found

    async def ask(self) -> None:
        """Commands of people, and gaps."""
        while True:
            await _either(self._commands, _ASK)
            connected = list(self._gateway.by_mn)
            for order in await self._try("read commands", self._desk.waiting, connected, self._clock.now()) or ():
                self._gateway.orders.add(order)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hear at once what pages ask for."""
        over = threading.Event()
        thread = threading.Thread(target=self._listen, args=(over,), name="lantian-gateway-listen", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def end(self) -> None:
        """Write what is left."""
        for heard in self._gateway.heard.values():
            if heard.connected_at is not None:
                heard.connected_at = None
        self._gateway.changed |= self._gateway.heard.keys() & self._gateway.devices.keys()
        with contextlib.suppress(SQLAlchemyError, OSError):
            self._desk.write(*self._new())
        self._threads.shutdown()

    def _new(self) -> tuple[list[tuple[str, Heard]], list[Knock]]:
        changed, self._gateway.changed = self._gateway.changed, set()
        return [(mn, self._gateway.heard[mn]) for mn in changed], self._gateway.knocks.take()

    def _look_and_write(self, heard: list[tuple[str, Heard]], knocks: list[Knock]) -> bool:
        self._clock.look()
        if heard or knocks:
            self._desk.write(heard, knocks)
        return True

    async def _try(self, what: str, function: Callable[P, R], *given: P.args, **named: P.kwargs) -> R | None:
        try:
            return await self._loop.run_in_executor(self._threads, lambda: function(*given, **named))
        except (SQLAlchemyError, OSError, RuntimeError) as error:
            _log.error("%s: %s", what, error)
            return None

    def _listen(self, over: threading.Event) -> None:
        while not over.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True) as connection:
                    connection.execute(f"listen {CHANNEL}")
                    while not over.is_set():
                        for notice in connection.notifies(timeout=0.3):
                            event = self._devices if notice.payload == "devices" else self._commands
                            self._loop.call_soon_threadsafe(event.set)
            except psycopg.Error as error:
                _log.error("listen: %s", error)
                over.wait(2.0)


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event or the time, whichever comes first.

    Not by `asyncio.wait_for`: in Python 3.11 it loses a cancellation that comes together with the event.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()


async def _keeper(platform: Platform) -> None:
    """Run the keeper as a process of its own, so that its work takes no time from the connections; it ends with us."""
    told = {"home": str(platform.settings.home), "database_url": platform.settings.database_url}
    line = json.dumps(told).encode() + b"\n"
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "lantian.observations.gateway.keeper", stdin=asyncio.subprocess.PIPE
        )
        try:
            if process.stdin is not None:
                process.stdin.write(line)
            await process.wait()
            _log.error("the keeper ended with %s; started again", process.returncode)
            await asyncio.sleep(_KEEPER_AGAIN)
        except asyncio.CancelledError:
            if process.stdin is not None:
                process.stdin.close()  # it finishes what it does
            await process.wait()
            raise


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Only one gateway works on a data folder; the lock goes with its process."""
    folder = home / "gateway"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"{folder}: another gateway works here; one is enough for all devices") from None
        (folder / "pid").write_text(f"{os.getpid()} {datetime.now(UTC).isoformat()}\n")
        yield
