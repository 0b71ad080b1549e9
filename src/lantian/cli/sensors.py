"""``lantian sensors``: listen to a broker, calibrate, watch, show; ``lantian poll``: ask a polled source now."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from lantian.cli import words
from lantian.cli.output import Exit, Home, Json, NoDataError, command, emit, table
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.polling.service import Polled, Polls
from lantian.observations.sensors import drift, files
from lantian.observations.sensors.mqtt import Broker, listen
from lantian.observations.sensors.service import Sensors
from lantian.observations.sensors.store import Sensor, State, Version
from lantian.standards.codes import ITEMS

app = typer.Typer()
sensors = typer.Typer(help="Low-cost sensors 微站: messages, calibration, drift.", no_args_is_help=True)
app.add_typer(sensors, name="sensors")


@sensors.command("register")
@command
def register(
    file: Annotated[Path, typer.Argument(help=f"CSV with {', '.join(files.NEEDED)}")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Register the sensors of a list, or change them 登记; a list with a fault is refused as a whole."""
    listed = files.read(file)
    with open_platform(home) as platform:
        written = Sensors(platform).store.put(listed, words.actor(), f"list {file.name}")
    value = {"file": file, "sensors": len(listed), "written": written}
    emit(value, as_json, lambda console: console.print(f"{len(listed)} 个传感器 sensors, {written} 已写入 written"))


@sensors.command("listen")
@command
def listen_(
    broker: Annotated[str, typer.Option("--broker", envvar="LANTIAN_MQTT", help="mqtt://user:password@host:1883")],
    client_id: Annotated[str, typer.Option(help="name of the session that the broker keeps")] = "lantian",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take messages of an MQTT broker until Ctrl-C; each is acknowledged once it is on the disk."""
    address = Broker.of(broker, client_id=client_id)
    counts = {"values": 0, "refused": 0, "strangers": 0}
    console = Console(stderr=True, quiet=as_json)
    with open_platform(home) as platform:
        service = Sensors(platform)

        def keep(messages: Any) -> None:
            taken = service.take(messages)
            for name in counts:
                counts[name] += getattr(taken, name)

        asyncio.run(_until_signal(address, keep, console))
    emit(counts, as_json, lambda out: out.print(", ".join(f"{name} {number}" for name, number in counts.items())))


async def _until_signal(address: Broker, keep: Any, console: Console) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has none
            loop.add_signal_handler(number, stop.set)
    await listen(address, keep, stop, told=console.print)


@sensors.command("calibrate")
@command
def calibrate(
    sensor: Annotated[str, typer.Argument(help="a sensor, or with --blind a network")],
    start: Annotated[str, typer.Option("--from", help="first moment, such as 2016-11-01")],
    end: Annotated[str, typer.Option("--to", help="behind the last")],
    reference: Annotated[str, typer.Option("--reference", help="station beside it: 1004A, 天坛")] = "",
    blind: Annotated[bool, typer.Option("--blind", help="the whole network against the stations around")] = False,
    item: Annotated[str, typer.Option(help="only this item; default all that it measures")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Calibrate a sensor beside a station, or a network blind 校准; a version holds from its first hour on."""
    if bool(reference) == blind:
        raise ValueError("expected either --reference STATION or --blind")
    with open_platform(home) as platform:
        service, moments = Sensors(platform), (words.moment(start), words.moment(end))
        if blind:
            made = service.calibrate_blind(sensor, item or "pm25", *moments, words.actor())
            failed = [{"sensor": one.sensor, "reason": one.reason} for one in made.values() if one.reason]
            now = platform.clock.now()
            newest = {(v.sensor, v.item): v for v in service.store.versions(list(made), as_of=now)}
            versions = [v for v in newest.values() if v.item == (item or "pm25") and not made[v.sensor].reason]
        else:
            station = words.place(platform, reference).code
            failed = []
            versions = service.calibrate(sensor, station, *moments, words.actor(), items=[item] if item else ())
    value = {"calibrations": [_version(one) for one in versions], "failed": failed}
    emit(value, as_json, lambda console: _show_versions(console, versions, failed))


@sensors.command("drift")
@command
def drift_(
    watch: Annotated[bool, typer.Option("--watch", help="raise and end alerts as the hourly job does")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Which sensors drift, are stuck, dead or wet 漂移与故障; exit code 1 where any does."""
    with open_platform(home) as platform:
        service = Sensors(platform)
        if not service.store.sensors():
            raise NoDataError("no sensor is registered")
        if watch:
            found = service.watch(words.actor())
        else:
            found = [one for one in service.troubles(platform.clock.now()) if one.until is None]
    rows = [
        {"sensor": one.sensor, "kind": one.kind, "since": one.since.astimezone(TIMEZONE), "figure": one.figure}
        | {"zh": one.zh, "en": one.en}
        for one in found
    ]
    emit({"troubles": rows}, as_json, lambda console: console.print(_troubles(found)))
    if found:
        raise typer.Exit(Exit.FOUND)


@sensors.command("show")
@command
def show(
    sensor: Annotated[str, typer.Argument(help="one sensor; default the list")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """List the sensors, or show one with its calibrations and its last day."""
    with open_platform(home) as platform:
        service, now = Sensors(platform), platform.clock.now()
        found = [service.store.sensor(sensor)] if sensor else service.store.sensors()
        if not found:
            raise NoDataError("no sensor is registered")
        states, versions = service.store.states(), service.store.versions([s.id for s in found], as_of=now)
        hours = service.calibrated([sensor], now - timedelta(days=1), now, as_of=now) if sensor else None
    rows = [_row(one, states.get(one.id), versions) for one in found]
    value: dict[str, Any] = {"now": now.astimezone(TIMEZONE), "sensors": rows}
    if hours is not None:
        value |= {"calibrations": [_version(one) for one in versions], "hours": hours}
    emit(value, as_json, lambda console: _show(console, rows, versions if sensor else []))


@app.command("poll")
@command
def poll(
    name: Annotated[str, typer.Argument(help="a feed with a source; default every one that is due")] = "",
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Ask a polled source now 拉取, and store what it says; exit code 1 where one failed."""
    with open_platform(home) as platform:
        done = _ask(platform, name)
    value = {"polled": [asdict(one) for one in done]}
    rows = [(one.feed, one.status, one.rows, one.new, one.revised, one.rejected, one.error or None) for one in done]
    head = ("数据资源 feed", "HTTP", "行 rows", "新 new", "改 revised", "拒 refused", "错误 error")
    emit(value, as_json, lambda console: console.print(table(head, rows)))
    if any(one.error for one in done):
        raise typer.Exit(Exit.FOUND)


def _ask(platform: Platform, name: str) -> list[Polled]:
    polls = Polls(platform)
    names = [name] if name else polls.due(platform.clock.now())
    if not name and not polls.sources():
        raise NoDataError("no feed has a source: `source: {kind: poll, url: ...}` in its definition gives it one")
    return [polls.poll(one, words.actor()) for one in names]


def _row(one: Sensor, state: State | None, versions: list[Version]) -> dict[str, Any]:
    newest = [version for version in versions if version.sensor == one.id]
    return {
        "sensor": one.id,
        "network": one.network,
        "name": one.name,
        "region": one.region,
        "items": list(one.items),
        "newest": state.newest.astimezone(TIMEZONE) if state and state.newest else None,
        "battery": state.battery if state else None,
        "version": newest[-1].version if newest else None,
        "method": newest[-1].method if newest else None,
        "example": one.example,
    }


def _version(one: Version) -> dict[str, Any]:
    fitted = one.fitted
    return {
        "sensor": one.sensor,
        "item": one.item,
        "version": one.version,
        "method": one.method,
        "reference": one.reference,
        "form": fitted.form,
        "coefficients": dict(fitted.coefficients),
        "kappa": fitted.kappa,
        "start": fitted.start.astimezone(TIMEZONE),
        "end": fitted.end.astimezone(TIMEZONE),
        "before": asdict(fitted.before),
        "after": asdict(fitted.after),
        "linear": asdict(fitted.linear),
        "gain_percent": fitted.gain_percent,
    }


def _show(console: Console, rows: list[dict[str, Any]], versions: list[Version]) -> None:
    head = ("传感器 sensor", "名称 name", "网络 network", "最新 newest", "电量 battery", "校准 version", "方法 method")
    lines = [
        (r["sensor"], r["name"], r["network"], r["newest"] and f"{r['newest']:%m-%d %H:%M}", r["battery"], r["version"],
         r["method"])
        for r in rows
    ]  # fmt: skip
    console.print(table(head, lines))
    if versions:
        _show_versions(console, versions, [])


def _show_versions(console: Console, versions: list[Version], failed: list[dict[str, str]]) -> None:
    head = (
        "传感器 sensor",
        "项目",
        "版本",
        "参照 reference",
        "模型 form",
        "小时 n",
        "RMSE 前 before",
        "直线 line",
        "后 after",
        "降 %",
    )
    rows = [
        (v.sensor, ITEMS[v.item].symbol, v.version, v.reference[:30], v.fitted.form, v.fitted.after.n,
         f"{v.fitted.before.rmse:.1f}", f"{v.fitted.linear.rmse:.1f}", f"{v.fitted.after.rmse:.1f}",
         f"{v.fitted.gain_percent:.0f}")
        for v in versions
    ]  # fmt: skip
    note = "\n".join(f"{one['sensor']}: {one['reason']}" for one in failed)
    console.print(table(head, rows, note=note or "RMSE on days that the fit did not see; line: plain least squares."))


def _troubles(found: list[drift.Trouble]) -> Any:
    rows = [
        (one.sensor, drift.KINDS[one.kind][0], f"{one.since.astimezone(TIMEZONE):%Y-%m-%d %H:%M}", one.zh)
        for one in found
    ]
    return table(("传感器 sensor", "情况 kind", "自 since", "说明"), rows)
