"""The portal under readers: requests a second and the 95th percentile, beside a bare Starlette route.

`python -m benchmarks.portal` loads places, published days and the invented campaign of the example into a folder of its
own, serves it in a process of its own on a free port of 127.0.0.1, and asks: at 200 requests a second for some seconds,
as readers who come one after the other, and then as fast as a few connections can. The reference is the same server
with one route that answers `PlainTextResponse`, asked by the same reader; reader and server share the machine.
"""

import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.report import Line, machine, table

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "beijing"
RATE, SECONDS = 200, 10
CONNECTIONS, PRESSED = 8, 4000
PATHS = (
    "/public",
    "/public/cases",
    "/public/ranking",
    "/public/questions",
    "/public/data/v1/cases.json",
    "/public/feed.atom",
)


def run() -> list[Line]:
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as home:
        with _served(_portal, home) as address:
            case = _case(address)
            paths = (*PATHS, case)
            for path in paths:
                asyncio.run(_ask_once(address, path))  # a first reader has made what is kept
            sizes = [asyncio.run(_ask_once(address, path)) for path in paths]
            paced = asyncio.run(_paced(address, paths))
            rate, pressed = asyncio.run(_pressed(address, paths))
        with _served(_bare, home) as address:
            plain = asyncio.run(_paced(address, ("/",)))
            plain_rate, plain_pressed = asyncio.run(_pressed(address, ("/",)))
    kilobytes = sum(sizes) / len(sizes) / 1024
    return [
        Line("pages asked in turn", f"{len(paths)}", f"{kilobytes:.0f} KB each on average, packed"),
        _line(f"p95 at {RATE} requests/s, portal", paced, f"of {RATE * SECONDS} answers; wanted: all of them in time"),
        _line(f"p95 at {RATE} requests/s, bare Starlette PlainText", plain),
        Line("requests/s without pause, portal", f"{rate:,.0f}", f"wanted >= {RATE}; p95 {_p95(pressed)}"),
        Line("requests/s without pause, bare Starlette", f"{plain_rate:,.0f}", f"p95 {_p95(plain_pressed)}"),
    ]


def _p95(seconds: list[float]) -> str:
    return f"{statistics.quantiles(seconds, n=20)[-1] * 1e3:.1f} ms"


def _line(what: str, seconds: list[float], wanted: str = "") -> Line:
    middle = f"median {statistics.median(seconds) * 1e3:.1f} ms"
    return Line(what, _p95(seconds), f"{middle} {wanted}".strip())


@contextmanager
def _served(serve: object, home: str) -> Iterator[str]:
    """A server in a process of its own; gives its address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(home, theirs), daemon=True)
    process.start()
    try:
        if not ours.poll(300):
            raise TimeoutError("the server did not start within 300 s")
        yield str(ours.recv())
    finally:
        ours.send("stop")
        process.join(30)
        if process.is_alive():
            process.terminate()


def _portal(home: str, pipe: Connection) -> None:
    """The platform with the example's places, days, campaign and public side."""
    from datetime import UTC, datetime

    from lantian.disclosure import example as public
    from lantian.kernel.bootstrap import open_platform
    from lantian.kernel.jobs import Progress
    from lantian.kernel.settings import Settings
    from lantian.observations.importer import import_paths
    from lantian.places.store import load_folder
    from lantian.supervision import example
    from lantian.web import create_app

    with open_platform(settings=Settings(home=Path(home) / "home", example=True)) as platform:
        load_folder(platform.engine, EXAMPLE, "example", home=platform.home)
        import_paths(platform, list((EXAMPLE / "data").glob("cities28_daily_*.csv.gz")), actor="example")
        platform.clock.set_simulated(datetime(2016, 12, 16, 12, tzinfo=UTC), paused=True)
        config = tomllib.loads((EXAMPLE / "example.toml").read_text("utf-8"))["campaign"]
        example.install(platform, config, "example", Progress())
        public.install(platform, config, "example", Progress())
        _serve(create_app(platform), pipe)


def _bare(_: str, pipe: Connection) -> None:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("蓝天")

    _serve(Starlette(routes=[Route("/", answer)]), pipe)


def _serve(app: object, pipe: Connection) -> None:
    import threading

    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="warning"))  # type: ignore[arg-type]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    pipe.send(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    pipe.recv()
    server.should_exit = True
    thread.join(10)


def _case(address: str) -> str:
    import json
    import urllib.request

    with urllib.request.urlopen(f"{address}/public/data/v1/cases.json") as answer:
        return f"/public/cases/{json.load(answer)[0]['number']}"


async def _paced(address: str, paths: tuple[str, ...]) -> list[float]:
    """Seconds of every answer where questions come at a fixed rate, whether the earlier ones are answered or not."""
    pool: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(4 * CONNECTIONS):
        pool.put_nowait(await _connect(address))
    begun = time.perf_counter()

    async def ask(number: int) -> float:
        due = begun + number / RATE
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        link = await pool.get()
        await _ask(*link, paths[number % len(paths)])
        pool.put_nowait(link)
        return time.perf_counter() - due  # from when the reader came, also where they had to wait

    return list(await asyncio.gather(*(ask(number) for number in range(RATE * SECONDS))))


async def _pressed(address: str, paths: tuple[str, ...]) -> tuple[float, list[float]]:
    """Requests a second and the seconds of each, where a few connections ask again at once."""

    async def reader(first: int) -> list[float]:
        link, seconds = await _connect(address), []
        for number in range(first, PRESSED, CONNECTIONS):
            begun = time.perf_counter()
            await _ask(*link, paths[number % len(paths)])
            seconds.append(time.perf_counter() - begun)
        return seconds

    begun = time.perf_counter()
    found = await asyncio.gather(*(reader(first) for first in range(CONNECTIONS)))
    return PRESSED / (time.perf_counter() - begun), [one for part in found for one in part]


async def _connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(address)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def _ask_once(address: str, path: str) -> int:
    reader, writer = await _connect(address)
    size = await _ask(reader, writer, path)
    writer.close()
    return size


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> int:
    """Ask on an open connection; the bytes of the answer's body."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head[:20]:
        raise RuntimeError(f"{path} answers {head[:60]!r}")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return len(await reader.readexactly(length))


if __name__ == "__main__":
    sys.stdout.write(table([machine()]) + "\n")
    sys.stdout.flush()
    sys.stdout.write(table(run()) + "\n")
