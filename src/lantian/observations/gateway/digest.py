"""What the journal's records say, as frames: readings, and the raw log; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl

from lantian.observations.gateway.device import Device
from lantian.observations.gateway.journal import KEPT, REFUSED, SENT, Record
from lantian.observations.hj212 import TOLERANCES, Fault, Frame, decode, opened, readings
from lantian.observations.telemetry import COLUMNS

_TIME = pl.Datetime("us", "UTC")

PACKETS: Final = pl.Schema(
    {
        "device": pl.String(),
        "time": _TIME,
        "known_at": _TIME,
        "way": pl.String(),
        "address": pl.String(),
        "st": pl.String(),
        "cn": pl.String(),
        "qn": pl.String(),
        "part": pl.String(),
        "values": pl.Int32(),
        "quirks": pl.List(pl.String()),
        "faults": pl.List(pl.String()),
        "raw": pl.Binary(),
    }
)
"""The raw log. `time`, `known_at`: when it passed the gateway; `way`: kept, refused, sent; `part`: "1/3" of a split
packet; `values`: how many readings it brought; `quirks`: tolerances that let it through; `faults`: why it was not used,
or what of it; `raw`: the bytes."""

UNDECIPHERED: Final = Fault("cipher", "CP", "", "data enciphered with the device's key")
WAYS: Final = ("kept", "refused", "sent")
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)


def digest(records: Iterable[Record], devices: Mapping[str, Device]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Readings (columns of `telemetry.COLUMNS`) and raw log (`PACKETS`) of records.

    A frame that was accepted counts, whatever the register says by now. A reading whose time lies more than a day
    ahead of its arrival, or before 1990, is not stored; the log says so.
    """
    said: list[tuple[Any, ...]] = []
    log: list[tuple[Any, ...]] = []
    for record in records:
        frame = decode(record.raw, tolerances=TOLERANCES)
        if record.clear:
            frame = opened(frame, record.clear, TOLERANCES)
        packet = frame.read
        device = devices.get(packet.mn) if packet else None
        sealed = device is not None and device.cipher and not record.clear and record.way == REFUSED
        if record.way == REFUSED:  # judged as the gateway did: by what this device may do
            frame = frame.under(device.allowed if device else ())
        found = [UNDECIPHERED] if sealed and frame.crc != "wrong" else frame.faults
        faults = [] if record.way == SENT else [str(fault) for fault in found]
        quirks = [] if record.way == SENT else list(frame.quirks)
        count = 0
        if record.way == KEPT:
            count, strange = _read(frame, device, record.at, said)
            faults += [strange] if strange else []
        part = "" if packet is None or packet.pnum is None else f"{packet.pno}/{packet.pnum}"
        head = ("", "", "", "") if packet is None else (packet.mn, packet.st, packet.cn, packet.qn)
        log.append(
            (
                *(head[0], record.at, record.at, WAYS[record.way], record.address, *head[1:]),
                *(part, count, quirks, faults, record.raw),
            )
        )
    return (
        pl.DataFrame(said, schema=COLUMNS, orient="row"),
        pl.DataFrame(log, schema=PACKETS, orient="row"),
    )


def _read(frame: Frame, device: Device | None, at: datetime, said: list[tuple[Any, ...]]) -> tuple[int, str | None]:
    """Append a packet's readings; how many, and what speaks against the others."""
    packet = frame.read
    if packet is None:
        return 0, None
    rows = readings(packet, device.units if device else None)
    if not rows:
        return 0, None
    when = rows[0].time
    if not _EARLIEST <= when <= at + _AHEAD:
        return 0, f"DataTime: {packet.data_time} is not a time of the past; not stored"
    qn = packet.qn if len(packet.qn) == 17 and packet.qn.isdigit() else None
    for row in rows:
        figures = (row.value, row.low, row.high, row.total, row.converted)
        said.append((packet.mn, row.resolution, row.item, row.time, *figures, row.flag, qn, at))
    return len(rows), None
