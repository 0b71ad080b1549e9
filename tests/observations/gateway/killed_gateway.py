"""A gateway as a process of its own, to be killed: waits for a word, serves, and prints its port."""

import asyncio
import sys
from pathlib import Path

from lantian.kernel.bootstrap import Platform
from lantian.kernel.clock import Clock
from lantian.kernel.database import connect
from lantian.kernel.settings import Settings
from lantian.observations.gateway.service import serve

if __name__ == "__main__":
    home, url, port, keeper = sys.argv[1:]
    with connect(Settings(home=Path(home), database_url=url)) as database:
        platform = Platform(Settings(home=Path(home), database_url=url), database, Clock(database.engine))
        sys.stdin.readline()
        ready = lambda gateway, taken: print(taken, flush=True)  # noqa: E731
        asyncio.run(serve(platform, "127.0.0.1", int(port), ready=ready, keeper=keeper == "1"))
