"""Missing minutes and hours: found in what is stored, asked for by the gateway (2051, 2061), once and for all.

Asked for are only stretches behind which newer data stand, of the last days, of a resolution that the device does
send; in pieces; a stretch that the device says it has no data for (ExeRtn=100), or that it left unanswered three times,
never again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel.bootstrap import Platform
from lantian.observations.gateway.register import CHANNEL, Register
from lantian.observations.gateway.tables import gap, state
from lantian.observations.telemetry import TelemetryStore

Span = tuple[datetime, datetime]

BACK: Mapping[str, timedelta] = {"minute": timedelta(days=1), "hour": timedelta(days=7)}
"""How far back is asked."""
PIECE: Mapping[str, timedelta] = {"minute": timedelta(hours=6), "hour": timedelta(days=3)}
"""The longest stretch of one request."""
CN: Mapping[str, str] = {"minute": "2051", "hour": "2061"}
MOST = 24
"""New stretches of one device and resolution at a time, the newest first."""
_KEEP = timedelta(days=14)


def missing(present: Iterable[datetime], start: datetime, step: timedelta) -> list[Span]:
    """Stretches from `start` on without data, each followed by data; times on a grid of `step` through `start`.

    Example:
        >>> t = datetime(2016, 12, 16, 4, tzinfo=UTC)
        ... m = timedelta(minutes=1)
        >>> [(a.minute, b.minute) for a, b in missing([t, t + 3 * m, t + 4 * m, t + 6 * m], t, m)]
        [(1, 3), (5, 6)]
    """
    found: list[Span] = []
    due = start
    for moment in sorted(present):
        if moment > due:
            found.append((due, moment))
        due = max(due, moment + step)
    return found


def without(spans: Iterable[Span], covered: Iterable[Span]) -> list[Span]:
    """What of the spans no covered one touches."""
    left = list(spans)
    for begin, end in covered:
        left = [
            part
            for first, last in left
            for part in ((first, min(last, begin)), (max(first, end), last))
            if part[0] < part[1]
        ]
    return left


def pieces(spans: Iterable[Span], longest: timedelta) -> list[Span]:
    """The spans, cut where they are too long."""
    cut: list[Span] = []
    for begin, end in spans:
        while begin < end:
            cut.append((begin, min(end, begin + longest)))
            begin += longest
    return cut


def look(platform: Platform, now: datetime) -> int:
    """Find what is missing of devices that are connected, and note it for the gateway; the number of new stretches."""
    with platform.engine.connect() as connection:
        here = set(connection.scalars(sa.select(state.c.mn).where(state.c.connected_at.is_not(None))))
    devices = [one for one in Register(platform).devices(at=now) if one.mn in here]
    if not devices:
        return 0
    rows: list[dict[str, object]] = []
    filled: list[tuple[str, str, datetime]] = []
    store = TelemetryStore(platform)
    for resolution, back in BACK.items():
        known = _known(platform, CN[resolution], [one.mn for one in devices])
        stamps = _present(store, [one.mn for one in devices], now - back, now, resolution)
        for one in devices:
            step = timedelta(seconds=one.every if resolution == "minute" else 3600)
            present = stamps.get(one.mn, ())
            if resolution == "minute" and one.every >= 3600:
                continue
            there = known.get(one.mn, ())
            lacking = missing(present, _grid(max(one.since, now - back), present, step), step) if present else []
            filled += [
                (one.mn, CN[resolution], start)
                for start, end, result in there
                if result == "open" and not _touched((start, end), lacking)
            ]
            new = without(lacking, [(start, end) for start, end, _ in there])
            for begin, end in sorted(pieces(new, PIECE[resolution]), reverse=True)[:MOST]:
                rows.append({"mn": one.mn, "cn": CN[resolution], "start": begin, "end": end})
    _write(platform, rows, filled, now)
    return len(rows)


def _touched(span: Span, lacking: Iterable[Span]) -> bool:
    return any(begin < span[1] and span[0] < end for begin, end in lacking)


def _grid(begin: datetime, present: Sequence[datetime], step: timedelta) -> datetime:
    """The first time not before `begin` on the grid that the device keeps to."""
    origin = present[0]
    return origin - ((origin - begin) // step) * step if begin < origin else origin


def _known(platform: Platform, cn: str, mns: Sequence[str]) -> dict[str, list[tuple[datetime, datetime, str]]]:
    query = sa.select(gap.c.mn, gap.c.start, gap.c.end, gap.c.result).where(gap.c.cn == cn, gap.c.mn.in_(mns))
    found: dict[str, list[tuple[datetime, datetime, str]]] = {}
    with platform.engine.connect() as connection:
        for row in connection.execute(query):
            found.setdefault(row.mn, []).append((row.start, row.end, row.result))
    return found


def _present(
    store: TelemetryStore, mns: Sequence[str], start: datetime, end: datetime, resolution: str
) -> dict[str, list[datetime]]:
    rows = (
        store.statements(mns, start, end, resolution=resolution)
        .select("device", "time")
        .unique()
        .sort("time")
        .collect()
    )
    grouped = rows.group_by("device").agg(pl.col("time"))
    return {mn: [moment.astimezone(UTC) for moment in times] for mn, times in grouped.iter_rows()}


def _write(
    platform: Platform, rows: list[dict[str, object]], filled: list[tuple[str, str, datetime]], now: datetime
) -> None:
    with platform.engine.begin() as connection:
        connection.execute(gap.delete().where(gap.c.found_at < now - _KEEP))
        for mn, cn, start in filled:
            one = (gap.c.mn == mn) & (gap.c.cn == cn) & (gap.c.start == start)
            connection.execute(gap.update().where(one).values(result="filled"))
        if rows:
            new = [row | {"found_at": now, "times": 0, "result": "open"} for row in rows]
            connection.execute(insert(gap).on_conflict_do_nothing(), new)
            connection.execute(sa.select(sa.func.pg_notify(CHANNEL, "commands")))
