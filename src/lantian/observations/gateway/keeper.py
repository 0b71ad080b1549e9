"""The keeper: what is done with the journal beside the gateway, in a process of its own.

It shelves every two seconds, hands hours on, looks for gaps, silence and strangers, and joins small segments. It ends
when its standard input does, that is with the gateway that started it, however that ends.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from lantian.kernel.bootstrap import Platform
from lantian.kernel.clock import Clock
from lantian.kernel.database import connect
from lantian.kernel.settings import Settings
from lantian.observations.gateway import gaps, hours, packets, watch
from lantian.observations.gateway.digest import PACKETS
from lantian.observations.gateway.shelving import Shelver
from lantian.observations.telemetry import TelemetryStore

EVERY = 2.0
_PATIENCE = 10  # the connections go first: the journal keeps what is not shelved yet
_log = logging.getLogger("lantian.gateway.keeper")


def merge(platform: Platform, *, least: int | None = 16) -> int:
    """Join small segments of telemetry and raw log; None: all of each day. Returns how many were joined."""
    joined = TelemetryStore(platform).compact(least=least)
    return joined + packets.shelf(platform).merge({packets.RESOLUTION: PACKETS}, packets.tidy, least=least)


class Keeper:
    """The round of duties; each at its own pace."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._shelver = Shelver(platform)
        self._duties: list[tuple[float, Callable[[datetime], object]]] = [
            (EVERY, lambda _: self._shelver.run()),
            (10.0, lambda now: hours.forward(platform, now)),
            (30.0, lambda now: watch.look(platform, now)),
            (60.0, lambda now: gaps.look(platform, now)),
            (60.0, lambda _: merge(platform)),
            (600.0, lambda _: TelemetryStore(platform).sweep()),
        ]
        self._done = [float("-inf")] * len(self._duties)

    def round(self) -> None:
        """Do what is due."""
        for number, (pace, duty) in enumerate(self._duties):
            if time.monotonic() - self._done[number] < pace:
                continue
            self._done[number] = time.monotonic()
            try:
                duty(self._platform.clock.now())
            except (SQLAlchemyError, OSError, ValueError) as error:
                _log.error("%s", error)


def main() -> None:
    """Read home and database from the first line of standard input, and work until it ends."""
    os.nice(_PATIENCE)
    told = json.loads(sys.stdin.readline())
    settings = Settings(home=Path(told["home"]), database_url=told["database_url"])
    over = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=listen, daemon=True).start()
    with connect(settings) as database:
        keeper = Keeper(Platform(settings, database, Clock(database.engine)))
        while not over.is_set():
            keeper.round()
            over.wait(EVERY / 2)
        Shelver(Platform(settings, database, Clock(database.engine))).run()


if __name__ == "__main__":
    main()
