"""``lantian hj212`` reads and writes packets; ``lantian simulate-devices`` lets invented devices talk to a gateway.

Neither needs a platform or a database.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from lantian.cli.output import Exit, Json, command, emit, plain, table
from lantian.observations import hj212
from lantian.observations.hj212.codec import END, LONGEST, segment_of, wrap
from lantian.observations.hj212.crc import crc

app = typer.Typer()
packets = typer.Typer(help="Packets of HJ 212: read them, write them 212 报文.", no_args_is_help=True)
app.add_typer(packets, name="hj212")

BEIJING = ZoneInfo("Asia/Shanghai")
Version = Annotated[int | None, typer.Option("--version", help="edition of the device: 2005, 2017, 2025; else by Flag")]
Pairs = Annotated[list[str] | None, typer.Option("--unit", help="unit of a code as this device sends it: a34004=ug/m3")]


@packets.command("parse")
@command
def parse(
    file: Annotated[str, typer.Argument(help="a file of packets, - for standard input")],
    version: Version = None,
    tolerate: Annotated[list[str] | None, typer.Option(help="a quirk to let through, or all; may be repeated")] = None,
    unit: Pairs = None,
    key: Annotated[str, typer.Option(help="of enciphered data (2025), 32 hexadecimal digits")] = "",
    cipher: Annotated[str, typer.Option(help=f"its options: {', '.join(hj212.CIPHERS)}")] = hj212.CIPHERS[0],
    iv: Annotated[str, typer.Option(help="32 hexadecimal digits, with a cipher that begins with cbc")] = "",
    as_json: Json = False,
) -> None:
    """Read packets out of a stream: header, items, length, CRC, quirks, fault, values 解析报文.

    Strict by default: a packet outside the standard is shown with its fault and the exit code is 1. With --json one
    object a packet, each on a line. A file whose lines end in LF alone is read as if they ended in CR LF.
    """
    _edition(version)
    names = list(hj212.TOLERANCES) if tolerate and "all" in tolerate else tolerate or []
    units = _pairs(unit or [], "--unit")
    hj212.check_units(units)
    data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    if END not in data:
        data = data.replace(b"\n", END)
    opener = hj212.DataCipher.of_session_key(key, cipher, iv) if key else None
    framer = hj212.Framer(names, version=version, cipher=opener)
    shown = [_frame(frame, units) for frame in [*framer.feed(data), *framer.flush()]]
    if as_json:
        for value in shown:
            sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")
    else:
        _show(Console(), shown)
    if any(value["fault"] for value in shown):
        raise typer.Exit(Exit.FOUND)


@packets.command("build")
@command
def build(
    cn: Annotated[str, typer.Option(help="command, four digits")] = "",
    mn: Annotated[str, typer.Option(help="identity of the device")] = "",
    st: Annotated[str, typer.Option(help="system, two digits")] = "31",
    pw: Annotated[str, typer.Option(help="password, six characters")] = "123456",
    qn: Annotated[str, typer.Option(help="17 digits; default: now")] = "",
    version: Annotated[int, typer.Option(help="edition: 2005, 2017, 2025")] = 2017,
    answer: Annotated[bool, typer.Option(help="is an answer wanted")] = True,
    field: Annotated[list[str] | None, typer.Option(help="a field of CP: RtdInterval=30, a34004-Rtd=25")] = None,
    source: Annotated[str, typer.Option("--from", help="a JSON file like parse's objects, - for standard input")] = "",
    as_json: Json = False,
) -> None:
    """Write a packet with length, CRC and end, from options or from JSON 组装报文.

    Fields of one code, given one after the other, stand in one item. With --from, ``header`` and ``items`` of what
    ``parse --json`` prints come back as the same bytes.
    """
    if source:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        packet = _of_json(text)
    else:
        packet = _of_options(cn, st, mn, pw, qn, _edition(version) or 2017, answer, field or [])
    segment = segment_of(packet)
    if len(segment) > LONGEST:
        raise ValueError(f"the data segment has {len(segment)} bytes; {LONGEST} are allowed: split the packet")
    data = wrap(segment)
    strict = hj212.decode(data, version=version if packet.flag is None else None)
    notes = [str(fault) for fault in strict.faults]
    value = {"packet": data.decode(), "length": len(segment), "crc": f"{crc(segment):04X}", "deviations": notes}
    for note in notes:
        typer.secho(f"lantian: not as the standard wants it: {note}", fg="yellow", err=True)
    if as_json:
        emit(value, True, lambda _: None)
    else:
        sys.stdout.write(data.decode().replace("\r\n", "\n"))
    if notes:
        raise typer.Exit(Exit.FOUND)


@app.command("simulate-devices")
@command
def simulate_devices(
    host: Annotated[str, typer.Option(help="the gateway")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="its port")] = 9212,
    devices: Annotated[int, typer.Option(min=1, max=5000, help="how many")] = 8,
    kind: Annotated[list[str] | None, typer.Option(help="cems, dust, voc, micro; may be repeated")] = None,
    speed: Annotated[float, typer.Option(min=0.01, max=86400, help="how many times faster their time runs")] = 1.0,
    faults: Annotated[str, typer.Option(help="all, none, or names with commas; see docs/hj212.md")] = "none",
    seed: Annotated[int, typer.Option(help="the same seed, the same devices, values and faults")] = 0,
    seconds: Annotated[float, typer.Option("--for", min=0, help="seconds to run; 0: until interrupted")] = 0.0,
    start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M"], help="their time at the beginning, Beijing; now")
    ] = None,
    window: Annotated[int, typer.Option(min=1, max=64, help="uploads that may be without an answer at a time")] = 1,
    region: Annotated[str, typer.Option(help="code of the region where they stand")] = "110000",
    version: Annotated[int, typer.Option(help="edition that they speak")] = 2017,
    cipher: Annotated[str, typer.Option(help="encipher as this of SM4, for example 'ecb pkcs7 hex' (2025)")] = "",
    write_devices: Annotated[Path | None, typer.Option(help="write the register for the gateway and end")] = None,
    as_json: Json = False,
) -> None:
    """Let invented devices (示例) talk to a gateway: uploads, answers, re-sending, back-fill, faults 模拟设备.

    Register them first: --write-devices FILE, with the same --devices, --kind, --seed, --region, --version, --cipher.
    """
    from lantian.observations import simulate

    kinds = tuple(kind or simulate.PROFILES)
    if cipher and (cipher not in hj212.CIPHERS or version != 2025):
        raise ValueError(f"--cipher {cipher!r}: with --version 2025 one of {', '.join(hj212.CIPHERS)}")
    edition = _edition(version) or 2017
    known = simulate.identities(devices, kinds, seed=seed, region=region, version=edition, cipher=cipher)
    if write_devices is not None:
        simulate.write_devices(write_devices, known)
        value = {"file": str(write_devices), "devices": len(known)}
        emit(value, as_json, lambda console: console.print(f"{len(known)} devices -> {write_devices}"))
        return
    data_faults, line_faults = simulate.chosen_faults(faults.split(","))
    plan = simulate.Plan(
        seconds=seconds or float("inf"),
        start=start.replace(tzinfo=BEIJING) if start else datetime.fromtimestamp(time.time(), UTC),
        speed=speed,
        seed=seed,
        data_faults=data_faults,
        line_faults=line_faults,
        window=window,
    )
    made = simulate.devices_of(known, plan)
    try:
        done = asyncio.run(simulate.drive(made, plan, host, port))
    except KeyboardInterrupt:
        done = simulate.summed(made)
    if not done.connections:
        raise RuntimeError(f"no gateway answers at {host} port {port}; start it with `lantian gateway`")
    keys = ("devices", "connections", "made", "sent", "resent", "answered", "refused", "left", "median_answer_s")
    rows = [(name, getattr(done, name)) for name in (*keys, "p99_answer_s")]
    emit(done, as_json, lambda console: console.print(table(("", "number"), rows)))


def _edition(version: int | None) -> int | None:
    if version not in (None, 2005, 2017, 2025):
        raise ValueError(f"--version {version}: there are 2005, 2017 and 2025")
    return version


def _pairs(given: list[str], option: str) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise ValueError(f"{option} {text!r}: NAME=VALUE would be right")
        pairs[name] = value
    return pairs


def _of_options(
    cn: str, st: str, mn: str, pw: str, qn: str, version: int, answer: bool, fields: list[str]
) -> hj212.Packet:
    if not cn or not mn:
        raise ValueError("--cn and --mn say which command to which device; or give --from")
    items: list[list[tuple[str, str]]] = []
    for name, value in _pairs(fields, "--field").items():
        base = name.partition("-")[0]
        if items and "-" in name and items[-1][-1][0].partition("-")[0] == base:
            items[-1].append((name, value))
        else:
            items.append([(name, value)])
    qn = qn or hj212.qn_of(datetime.fromtimestamp(time.time(), UTC))
    flag = hj212.flag_of(version, answer=answer)
    return hj212.Packet(st, cn, mn, pw, qn, flag, cp=tuple(tuple(item) for item in items))


def _of_json(text: str) -> hj212.Packet:
    try:
        value = json.loads(text)
        head = {str(name): str(given) for name, given in value["header"].items()}
        items = tuple(tuple((str(name), str(given)) for name, given in item.items()) for item in value.get("items", []))
        numbers = {name: int(head[name]) if name in head else None for name in ("Flag", "PNUM", "PNO")}
    except (json.JSONDecodeError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f'no packet: {error}; {{"header": {{"ST": ...}}, "items": [{{...}}]}} would be right'
        ) from error
    names = (head.get("ST", ""), head.get("CN", ""), head.get("MN", ""), head.get("PW", ""), head.get("QN", ""))
    extra = tuple((name, given) for name, given in head.items() if name == "RF")
    return hj212.Packet(*names, numbers["Flag"], numbers["PNUM"], numbers["PNO"], items, extra)


def _frame(frame: hj212.Frame, units: dict[str, str]) -> dict[str, Any]:
    """One packet as the JSON value of ``parse``."""
    packet = frame.read
    value: dict[str, Any] = {
        "accepted": frame.packet is not None,
        "header": packet.header if packet else None,
        "items": [dict(item) for item in packet.cp] if packet else None,
        "command": _command(packet) if packet else None,
        "length": _length(frame),
        "crc": _crc(frame),
        "quirks": list(frame.quirks),
        "fault": _fault(frame.fault),
        "faults": [_fault(fault) for fault in frame.faults],
        "values": None,
        "raw": frame.raw.decode("utf-8", "backslashreplace"),
    }
    if frame.packet is not None:
        value["values"] = [row._asdict() for row in hj212.readings(frame.packet, units)]
    return value


def _command(packet: hj212.Packet) -> dict[str, Any] | None:
    known = hj212.COMMANDS.get(packet.cn)
    if known is None:
        return None
    try:
        way, wrong = hj212.read(packet).way, None
    except hj212.CommandError as error:
        way, wrong = None, str(error)
    return {"cn": known.cn, "zh": known.zh, "en": known.en, "way": way, "wrong": wrong}


def _length(frame: hj212.Frame) -> dict[str, Any] | None:
    if frame.crc == "absent":
        return None
    return {"declared": int(frame.raw[2:6]), "actual": len(frame.raw) - 10, "right": frame.length_ok}


def _crc(frame: hj212.Frame) -> dict[str, Any] | None:
    if frame.crc == "absent":
        return None
    declared = frame.raw[-4:].decode("ascii", "backslashreplace")
    return {"declared": declared, "computed": f"{crc(frame.raw[6:-4]):04X}", "verdict": frame.crc}


def _fault(fault: hj212.Fault | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    told = {"name": fault.name, "where": fault.where, "value": fault.value, "right": fault.right}
    return told | {"tolerance": fault.tolerance, "zh": fault.zh, "en": str(fault)}


def _show(console: Console, shown: list[dict[str, Any]]) -> None:
    rows = []
    for value in shown:
        head, told = value["header"] or {}, value["fault"]
        verdict = "ok" if value["accepted"] else f"{told['name']}: {told['right']}"
        quirks = ", ".join(value["quirks"])
        rows.append((head.get("MN"), head.get("CN"), head.get("QN"), len(value["items"] or []), verdict, quirks))
    good = sum(value["accepted"] for value in shown)
    title = f"{len(shown)} packets, {good} as they should be"
    console.print(table(("MN", "CN", "QN", "items", "verdict", "quirks"), rows, title))
