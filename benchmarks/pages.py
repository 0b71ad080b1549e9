"""How fast the pages paint and the interface answers: the loaded Beijing example, a real browser, twenty readers.

`python -m benchmarks.pages`. It starts `lantian up --example examples/beijing` in a folder of its own on a free port
of 127.0.0.1, and measures what a visitor meets: the first contentful paint of the home page and of every page that it
links to, with a cold cache (so style and scripts are loaded too), and the time from request to last byte of the
interface for 20 readers: each once a second, as open pages ask, and without any pause. The readers share the machine
with the server.
"""

import http.client
import itertools
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.report import Line, machine, table

ROOT = Path(__file__).parents[1]
READERS, REQUESTS = 20, 600
PACED_SECONDS = 10
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
PAGE = re.compile(r"/[a-z]+")
"""Paths of pages among all that the home page links to."""
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
        page.goto(_base(address))
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.pathname)")
        paths = ["/", *sorted({path for path in links if PAGE.fullmatch(path)})]
        painted = {path: _paint(chromium, state, address, path) for path in paths}
        chromium.close()
        cookie = "; ".join(f"{one['name']}={one['value']}" for one in state["cookies"])
        answers = list(_answers(address, cookie))
    return [
        Line("start to the first page", f"{first:.1f} s"),
        Line("start to the loaded example", f"{loaded:.1f} s", "wanted < 180 s"),
        *(Line(f"first paint {path}", f"{ms / 1000:.2f} s", "wanted <= 1.5 s") for path, ms in painted.items()),
        *answers,
    ]


def _answers(address: str, cookie: str) -> Iterator[Line]:
    host = urlsplit(address).netloc
    _ask(host, INTERFACE, cookie)  # a first reader has filled what is remembered
    p95, middle = _spread(_paced(host, cookie))
    yield Line(f"p95, {READERS} readers, each once a second", p95, f"wanted <= 60 ms; {middle}")
    every = []
    for path in INTERFACE:
        seconds = _pressed(host, path, cookie)
        every += seconds
        p95, middle = _spread(seconds)
        yield Line(f"  without pause: {path}", p95, middle)
    p95, middle = _spread(every)
    yield Line(f"p95, {READERS} readers without pause", p95, f"wanted <= 60 ms; {middle}")


def _spread(seconds: list[float]) -> tuple[str, str]:
    """The 95th percentile and the median, as text."""
    high = statistics.quantiles(seconds, n=20)[-1]
    return f"{high * 1e3:.0f} ms", f"median {statistics.median(seconds) * 1e3:.0f} ms of {len(seconds)} answers"


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


def _pressed(host: str, path: str, cookie: str) -> list[float]:
    """Seconds of every answer where each reader asks again at once: as many questions wait as there are readers."""
    return _together(lambda _: _ask(host, [path] * (REQUESTS // READERS), cookie))


def _paced(host: str, cookie: str) -> list[float]:
    """Seconds of every answer where each reader asks something once a second, as open pages do."""

    def ask(number: int) -> list[float]:
        time.sleep(number / READERS)
        questions = itertools.islice(itertools.cycle(INTERFACE), number, number + PACED_SECONDS)
        return _ask(host, list(questions), cookie, every=1.0)

    return _together(ask)


def _together(ask: Callable[[int], list[float]]) -> list[float]:
    with ThreadPoolExecutor(READERS) as pool:
        return list(itertools.chain.from_iterable(pool.map(ask, range(READERS))))


def _ask(host: str, paths: Sequence[str], cookie: str, every: float = 0.0) -> list[float]:
    """Ask for the paths one after the other, one at most `every` so many seconds; the seconds that each took."""
    connection = http.client.HTTPConnection(host, timeout=60)
    seconds = []
    for path in paths:
        begun = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        body = answer.read()
        seconds.append(time.perf_counter() - begun)
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}: {body[:300]!r}")
        time.sleep(max(0.0, every - seconds[-1]))
    connection.close()
    return seconds


def _base(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


if __name__ == "__main__":
    print(table([machine()]), flush=True)
    print(table(run()))
