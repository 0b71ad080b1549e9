"""The gateway with 2,000 devices: frames a second with durable answers and how long they wait, beside a bare echo.

`python -m benchmarks.gateway` (`--devices 200 --rate 400 --seconds 3` for a small one). Three processes besides
PostgreSQL: the gateway as it is run, with its keeper that shelves at the same time; and the devices, each frame of
eight items with 500 bytes, sent at a fixed rate whether or not the last answer came. The reference, named `bare asyncio
echo`, is a server that sends back what comes and keeps nothing, under the same devices. At the end all that was
acknowledged is counted in the raw log. At most a minute of load, on 127.0.0.1 only.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from benchmarks.gateway_load import PASSWORD, mn_of
from benchmarks.report import Line, machine, table
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.shelving import Shelver
from lantian.observations.telemetry.tables import segment

DEVICES, RATE, SECONDS = 2000, 4000.0, 10.0
WANTED_RATE, WANTED_P99 = 4000.0, 200.0
MOST_DEVICES, MOST_RATE, MOST_SECONDS = 5000, 20_000.0, 30.0
_FRAMES = 8


def run(platform: Platform, devices: int = DEVICES, rate: float = RATE, seconds: float = SECONDS) -> list[Line]:
    """Measure gateway and echo, one after the other."""
    begun = datetime.now(UTC) - timedelta(minutes=1)  # nothing is missing before, so nothing is asked for
    Register(platform).put(
        (
            Device(
                mn_of(number),
                "dust",
                "39",
                f"dust {number}",
                "110105",
                begun,
                password=PASSWORD,
                every=300,
                example=True,
            )
            for number in range(devices)
        ),
        "benchmark",
    )
    with _process("benchmarks.gateway_load", "echo") as port:
        bare = _send(port, devices, rate, seconds)
    gateway = ("from lantian.cli import main; main()", "gateway", "--port", "0", "--home", str(platform.home), "--json")
    with _process("-c", *gateway) as port:
        ours = _send(port, devices, rate, seconds)
    Shelver(platform).run()
    kept = sa.select(sa.func.sum(segment.c.rows)).where(
        segment.c.resolution == "packet", segment.c.retired_at.is_(None)
    )
    with platform.engine.connect() as connection:
        stored = int(connection.scalar(kept) or 0)
    lost = max(0, int(ours["answered"]) + devices - stored)
    return [
        Line(
            f"gateway, {devices} devices, {rate:,.0f} frames/s sent",
            f"{ours['rate']:,.0f} answered/s",
            f">= {WANTED_RATE:,.0f}",
        ),
        Line("  answer p50, p99", f"{ours['p50']:.1f}, {ours['p99']:.1f} ms", f"<= {WANTED_P99:.0f} ms"),
        Line("  unanswered, acknowledged but not stored", f"{ours['left']:.0f}, {lost}", "0, 0"),
        Line("bare asyncio echo, the same devices", f"{bare['rate']:,.0f} answered/s", ""),
        Line("  answer p50, p99", f"{bare['p50']:.1f}, {bare['p99']:.1f} ms", ""),
    ]


def _send(port: int, devices: int, rate: float, seconds: float) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.gateway_load", "send", port, devices, rate, seconds, _FRAMES]
    told = subprocess.run([str(word) for word in words], check=True, capture_output=True, timeout=20 * seconds + 300)
    return dict(json.loads(told.stdout))


@contextmanager
def _process(*words: str) -> Iterator[int]:
    """A server as a process of its own; its port."""
    how = words if words[0] == "-c" else ("-m", *words)
    with subprocess.Popen([sys.executable, *how], stdout=subprocess.PIPE) as process:
        try:
            yield _port(process)
        finally:
            process.terminate()
            process.wait(60)


def _port(process: "subprocess.Popen[bytes]") -> int:
    text = b""
    while process.stdout is not None and (line := process.stdout.readline()):
        text += line
        try:
            value = json.loads(text)
        except ValueError:
            continue
        return int(value["port"] if isinstance(value, dict) else value)
    raise RuntimeError("the server ended before it said its port")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    asked = parser.parse_args(arguments)
    if not (0 < asked.devices <= MOST_DEVICES and 0 < asked.rate <= MOST_RATE and 0 < asked.seconds <= MOST_SECONDS):
        parser.error(f"at most {MOST_DEVICES} devices, {MOST_RATE:,.0f} frames/s, {MOST_SECONDS:.0f} s")
    with tempfile.TemporaryDirectory(prefix="lantian-gateway-") as folder, open_platform(Path(folder)) as platform:
        before = machine()
        print(table([before, *run(platform, asked.devices, asked.rate, asked.seconds)]))


if __name__ == "__main__":
    main()
