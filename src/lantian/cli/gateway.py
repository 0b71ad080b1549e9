"""``lantian gateway`` and ``lantian device``: instruments that send by HJ 212."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli.output import Exit, Home, Json, NoDataError, command, emit, table
from lantian.kernel.bootstrap import open_platform
from lantian.observations.gateway.device import KINDS, Device
from lantian.observations.gateway.files import device_of, read
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.service import PORT, serve
from lantian.observations.hj212 import CIPHERS

app = typer.Typer()
device = typer.Typer(help="Devices 设备: the register of those that may send.", no_args_is_help=True)
app.add_typer(device, name="device")

ACTOR = "cli"
_COLUMNS = ("MN", "名称 name", "kind", "ST", "region", "every", "site", "station", "in use until")


@app.command("gateway")
@command
def gateway(
    port: Annotated[int, typer.Option(help="port to listen on; 0: any free one")] = PORT,
    host: Annotated[str, typer.Option(help="address to listen on; 0.0.0.0 for all")] = "127.0.0.1",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Listen for devices until Ctrl-C; what is acknowledged is on the disk."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)

    def ready(_: Any, taken: int) -> None:
        value = {"host": host, "port": taken}
        emit(
            value, as_json, lambda console: console.print(f"HJ 212 网关 gateway: {host}:{taken}  (Ctrl-C 结束 ends it)")
        )
        sys.stdout.flush()

    # Thousands of connections live long: looking through them all for garbage would stop every one for 0.1 s.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    with open_platform(home) as platform:

        async def run() -> None:
            """Serve until a signal comes."""
            stop = asyncio.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop.set)
            await serve(platform, host, port, ready=ready, stop=stop)

        asyncio.run(run())


@device.command("list")
@command
def list_(
    kind: Annotated[str | None, typer.Option(help=f"only this kind: {', '.join(KINDS)}")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the registered devices, without their passwords."""
    if kind is not None and kind not in KINDS:
        raise ValueError(f"--kind {kind!r}: expected one of {', '.join(KINDS)}")
    with open_platform(home) as platform:
        found = Register(platform).devices(kind=kind)
    rows = [
        (one.mn, one.name, one.kind, one.st, one.region, one.every, one.site, one.station, one.until) for one in found
    ]
    emit({"devices": [_plain(one) for one in found]}, as_json, lambda console: console.print(table(_COLUMNS, rows)))


@device.command("show")
@command
def show(mn: Annotated[str, typer.Argument(help="its MN")], home: Home = None, as_json: Json = False) -> None:
    """Show one device and its last packets."""
    from lantian.observations.gateway import packets  # Polars is loaded only here

    with open_platform(home) as platform:
        try:
            one = Register(platform).device(mn)
        except LookupError as error:
            raise NoDataError(str(error)) from None
        log = packets.packets(platform, mn, as_of=platform.clock.now(), most=20)
    rows = list(log.select("time", "way", "cn", "part", "values", "text").iter_rows())

    def draw(console: Console) -> None:
        for name, value in _plain(one).items():
            console.print(f"{name}: {value}")
        console.print(table(("time", "way", "CN", "part", "values", "packet"), rows))

    emit({"device": _plain(one), "packets": log}, as_json, draw)


@device.command("register")
@command
def register(
    mn: Annotated[str, typer.Argument(help="its MN, as it sends it")],
    name: Annotated[str, typer.Option(help="as people call it")],
    kind: Annotated[str, typer.Option(help=", ".join(KINDS))],
    st: Annotated[str, typer.Option(help="system code, for example 39 for construction dust")],
    region: Annotated[str, typer.Option(help="code of the region where it stands")],
    password: Annotated[
        str, typer.Option(help="its PW; asked for where it is not given", prompt=True, hide_input=True)
    ],
    every: Annotated[int, typer.Option(help="seconds between two of its averages")] = 60,
    unit: Annotated[list[str] | None, typer.Option(help="unit of a code, for example a34002=mg/m3")] = None,
    tolerate: Annotated[list[str] | None, typer.Option(help="a named quirk to let through")] = None,
    station: Annotated[str | None, typer.Option(help="station as which its hours count")] = None,
    site: Annotated[str | None, typer.Option(help="site or enterprise that it stands at")] = None,
    version: Annotated[int, typer.Option(help="edition of the protocol: 2005, 2017, 2025")] = 2017,
    cipher: Annotated[str, typer.Option(help=f"how its data is enciphered (2025): {', '.join(CIPHERS)}")] = "",
    iv: Annotated[str, typer.Option(help="32 hexadecimal digits, with a cipher that begins with cbc")] = "",
    key: Annotated[str, typer.Option(help="32 hexadecimal digits; asked for where a new cipher needs one")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Register a device, or change one."""
    given = {
        "mn": mn,
        "name": name,
        "kind": kind,
        "st": st,
        "region": region,
        "password": password,
        "every": str(every),
        "units": ";".join(unit or ()),
        "tolerances": ";".join(tolerate or ()),
        "station": station or "",
        "site": site or "",
        "version": str(version),
        "cipher": cipher,
        "iv": iv,
    }
    with open_platform(home) as platform:
        known = {one.mn: one for one in Register(platform).devices()}
        if cipher and not key and not (mn in known and known[mn].cipher):
            key = typer.prompt("Key", hide_input=True)
        made = device_of(given | {"key": key}, known[mn].since if mn in known else platform.clock.now())
        changed = Register(platform).put([made], ACTOR, f"device {mn}")
    emit({"mn": mn, "changed": changed}, as_json, lambda console: console.print(f"{mn}: {'ok' if changed else 'same'}"))


@device.command("import")
@command
def import_(
    path: Annotated[Path, typer.Argument(help="CSV or XLSX; the heads of its columns stand in docs/gateway.md")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Register the devices of a list; rows that are wrong are named, the others come in."""
    with open_platform(home) as platform:
        known = {one.mn: one.since for one in Register(platform).devices()}
        devices, faults = read(path, now=platform.clock.now(), since=known)
        changed = Register(platform).put(devices, ACTOR, f"devices of {path.name}")
    rows = [(f"{path.name}:{fault.line}", fault.field, fault.reason) for fault in faults]

    def draw(console: Console) -> None:
        console.print(f"{len(devices)} devices, {changed} new or changed, {len(faults)} rejected")
        if rows:
            console.print(table(("line", "field", "reason"), rows))

    emit({"devices": len(devices), "changed": changed, "rejected": faults}, as_json, draw)
    if faults:
        raise typer.Exit(Exit.FOUND)


def _plain(one: Device) -> dict[str, Any]:
    names = [name for name in Device.__slots__ if name not in ("password", "key")]
    return {name: _text(getattr(one, name)) for name in names}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
