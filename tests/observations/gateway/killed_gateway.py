"""Gateways to be killed: a process that has everything imported makes each by fork, so that a life costs no start.

For each line "PORT KEEPER" of standard input one gateway; says "pid N" and "port N", and waits for its end.
"""

import asyncio
import os
import sys
from pathlib import Path

from lantian.kernel.bootstrap import Platform
from lantian.kernel.clock import Clock
from lantian.kernel.database import connect
from lantian.kernel.settings import Settings
from lantian.observations.gateway.service import serve


def live(home: str, url: str, port: int, keeper: bool) -> None:
    with connect(Settings(home=Path(home), database_url=url)) as database:
        platform = Platform(Settings(home=Path(home), database_url=url), database, Clock(database.engine))
        ready = lambda gateway, taken: print(f"port {taken}", flush=True)  # noqa: E731
        asyncio.run(serve(platform, "127.0.0.1", port, ready=ready, keeper=keeper))


if __name__ == "__main__":
    for line in sys.stdin:
        port, keeper = line.split()
        child = os.fork()
        if not child:
            live(*sys.argv[1:], int(port), keeper == "1")
            sys.exit()
        print(f"pid {child}", flush=True)
        os.waitpid(child, 0)
