"""How fast the pages paint and the interface answers: the loaded Beijing example, a real browser, twenty readers.

`python -m benchmarks.pages`. It starts `lantian up --example examples/beijing` in a folder of its own on a free port
of 127.0.0.1, and measures what a visitor meets: the first contentful paint of every page in the navigation with a cold
cache (so style and scripts are loaded too), and the time from request to last byte of the interface while 20 readers
ask without pause. The readers share the machine with the server.
"""

import http.client
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.report import Line, machine, table

ROOT = Path(__file__).parents[1]
READERS, REQUESTS = 20, 600
LOADS = 3
LONGEST_LOAD = 300.0
"""Seconds that the example may take to load."""

INTERFACE = (
    "/api/v1/now",
    "/api/v1/places?kind=city",
    "/api/v1/places/1001A/hourly",
    "/api/v1/places/110000/daily",
    "/api/v1/calc/aqi?edition=2012&pm25=75&pm10=150",
    "/api/v1/clock",
)
PAINT = """() => new Promise(resolve => new PerformanceObserver(seen => {
  const first = seen.getEntriesByName("first-contentful-paint");
  if (first.length) resolve(first[0].startTime);
}).observe({type: "paint", buffered: true}))"""
BROWSER = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]


def run() -> list[Line]:
    """Start the platform with the example, load it, measure pages and interface."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not browser:
        return [Line("pages", "not measured", "no chromium: apt-get install chromium, or set CHROMIUM to its path")]
    from playwright.sync_api import sync_playwright

    begun = time.perf_counter()
    with _platform() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=BROWSER)
        visitor = chromium.new_context()
        page = visitor.new_page()
        page.goto(address)  # the one-time key signs in
        first = time.perf_counter() - begun
        _await_jobs(visitor, address)
        loaded = time.perf_counter() - begun
        state = visitor.storage_state()
        paths = sorted(
            {urlsplit(link).path for link in page.eval_on_selector_all("nav a[href]", "all => all.map(a => a.href)")}
        )
        painted = {path: _paint(chromium, state, address, path) for path in paths}
        chromium.close()
        cookie = "; ".join(f"{one['name']}={one['value']}" for one in state["cookies"])
        answers = {path: _answers(address, path, cookie) for path in INTERFACE}
    return [
        Line("start to the first page", f"{first:.1f} s"),
        Line("start to the loaded example", f"{loaded:.1f} s", "wanted < 180 s"),
        *(Line(f"first paint {path}", f"{ms / 1000:.2f} s", "wanted <= 1.5 s") for path, ms in painted.items()),
        *_spoken(answers),
    ]


def _spoken(answers: dict[str, tuple[list[float], float]]) -> Iterator[Line]:
    for path, (seconds, rate) in answers.items():
        middle, high = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
        yield Line(f"p95 of {path}", f"{high * 1e3:.0f} ms", f"median {middle * 1e3:.0f} ms, {rate:.0f} answers/s")
    every = sorted(itertools.chain.from_iterable(seconds for seconds, _ in answers.values()))
    p95 = statistics.quantiles(every, n=20)[-1]
    yield Line(f"p95 of all, {READERS} readers without pause", f"{p95 * 1e3:.0f} ms", "wanted <= 60 ms")


@contextmanager
def _platform() -> Iterator[str]:
    """`lantian up` with the example; gives the address with its one-time key."""
    command = [sys.executable, "-c", "from lantian.cli import main; main()"]
    with tempfile.TemporaryDirectory(prefix="lantian-bench-") as home:
        options = ["up", "--example", "examples/beijing", "--port", "0", "--no-browser", "--json", "--home", home]
        server = subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            yield _said(server)["address"]
        finally:
            server.terminate()
            server.wait(60)


def _said(server: subprocess.Popen[str]) -> dict[str, Any]:
    """The one JSON value that the command prints before it serves."""
    assert server.stdout is not None
    text = ""
    for line in server.stdout:
        text += line
        if line.rstrip() == "}":
            said: dict[str, Any] = json.loads(text)
            return said
    raise RuntimeError(f"lantian up ended without an address: {text}")


def _await_jobs(visitor: Any, address: str) -> None:
    until = time.monotonic() + LONGEST_LOAD
    url = f"{_base(address)}/api/v1/jobs?state=waiting&state=running&state=failed"
    while jobs := visitor.request.get(url).json():
        if not isinstance(jobs, list) or any(job["state"] == "failed" for job in jobs):
            raise RuntimeError(f"the example cannot be loaded: {jobs}")
        if time.monotonic() > until:
            raise TimeoutError(f"the example is not loaded after {LONGEST_LOAD:.0f} s: {jobs}")
        time.sleep(0.5)


def _paint(chromium: Any, state: Any, address: str, path: str) -> float:
    """Median first contentful paint of a page, ms, each time with an empty cache."""
    times: list[float] = []
    for _ in range(LOADS):
        context = chromium.new_context(storage_state=state, viewport={"width": 1366, "height": 768})
        page = context.new_page()
        page.goto(_base(address) + path)
        times.append(float(page.evaluate(PAINT)))
        context.close()
    return statistics.median(times)


def _answers(address: str, path: str, cookie: str) -> tuple[list[float], float]:
    """Seconds of every answer, and answers a second, with `READERS` readers that ask again at once."""
    host = urlsplit(address).netloc
    _ask(host, path, cookie, 2)  # a first reader has filled what is remembered
    begun = time.perf_counter()
    with ThreadPoolExecutor(READERS) as pool:
        parts = list(pool.map(lambda _: _ask(host, path, cookie, REQUESTS // READERS), range(READERS)))
    seconds = list(itertools.chain.from_iterable(parts))
    return seconds, len(seconds) / (time.perf_counter() - begun)


def _ask(host: str, path: str, cookie: str, times: int) -> list[float]:
    connection = http.client.HTTPConnection(host, timeout=60)
    seconds = []
    for _ in range(times):
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        body = answer.read()
        seconds.append(time.perf_counter() - begun)
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}: {body[:300]!r}")
    connection.close()
    return seconds


def _base(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


if __name__ == "__main__":
    print(table([machine()]), flush=True)
    print(table(run()))
