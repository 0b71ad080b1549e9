"""Electricity as the feeds hold it: thresholds learned each night, violations told as readings come in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, task
from lantian.kernel.settings import TIMEZONE
from lantian.observations import alerts as alerts_room
from lantian.observations.alerts import Alert
from lantian.observations.feeds import PLATFORM, Feeds, Reader, arrived
from lantian.observations.invented import marked
from lantian.observations.power import store
from lantian.observations.power.running import Threshold, learned, power, settings, working
from lantian.observations.power.violations import Order, Violation, not_stopped, untreated

ACTOR: Final = "lantian"
LOOK_BACK: Final = timedelta(hours=12)
"""How far before new readings a span of theirs may have begun; a longer one was told when it began."""

FEW: Final = 12
"""Up to so many meters are asked for one by one."""


@dataclass(frozen=True, slots=True)
class Worked:
    """What electricity says of enterprises in a span of time.

    Attributes:
        lines: the metered lines (rows of ``electricity_line`` with ``example``).
        frame: as `working` gives it.
        thresholds: by line.
        violations: production without treatment and orders not kept, by enterprise and start.
    """

    lines: pl.DataFrame
    frame: pl.DataFrame
    thresholds: Mapping[str, Threshold]
    violations: tuple[Violation, ...]


def worked(
    platform: Platform,
    reader: Reader,
    start: datetime,
    end: datetime,
    *,
    enterprises: Collection[str] | None = None,
    as_of: datetime,
) -> Worked:
    """When enterprises produced and treated in ``start`` <= time < ``end``, by what was known ``as_of``.

    ``enterprises``: only these; None: all that the reader may see.
    """
    feeds = Feeds(platform)
    lines = marked(platform.engine, feeds.read("electricity_line", reader, as_of=as_of))
    if enterprises is not None:
        lines = lines.filter(pl.col("enterprise").is_in(list(enterprises)))
    marks = {one.line: one for one in store.read(platform.engine, lines["meter"].to_list(), as_of)}
    if lacking := [meter for meter in lines["meter"] if meter not in marks]:
        marks |= {one.line: one for one in _learn(feeds, reader, lines, lacking, end, as_of)}
    rows = _readings(feeds, reader, lines, start, end, as_of)
    frame = working(power(rows, lines), list(marks.values()))
    orders = _orders(feeds, reader, lines, as_of)
    found = [*untreated(frame), *not_stopped(frame, orders)]
    found.sort(key=lambda one: (one.enterprise, one.start, one.rule))
    return Worked(lines, frame, marks, tuple(found))


def learn(platform: Platform, now: datetime) -> int:
    """Learn the threshold of every line from its past and write it down; the number of lines."""
    feeds = Feeds(platform)
    lines = feeds.read("electricity_line", PLATFORM, as_of=now)
    return store.put(platform.engine, _learn(feeds, PLATFORM, lines, lines["meter"].to_list(), now, now), now)


def tell(platform: Platform, found: Worked, start: datetime, now: datetime) -> list[int]:
    """Raise an alert for each enterprise, rule and day of violations; the numbers of the new ones.

    ``start``: of the readings that were looked at; a span that reaches back to it was told when it began.
    """
    names = {row["enterprise"]: row for row in found.lines.sort("meter").iter_rows(named=True)}
    made = [_alert(one, names[one.enterprise]) for one in found.violations if one.start > start]
    return alerts_room.raised(platform.engine, made, now, ACTOR)


@arrived("electricity")
def heard(platform: Platform, rows: pl.DataFrame, now: datetime) -> None:
    """Judge the enterprises of which readings came in."""
    lines = Feeds(platform).read("electricity_line", PLATFORM, as_of=now)
    touched = lines.filter(pl.col("meter").is_in(rows["meter"].unique().to_list()))["enterprise"].unique().to_list()
    first, last = rows["time"].min(), rows["time"].max()
    if touched and isinstance(first, datetime) and isinstance(last, datetime):
        _judge(platform, touched, first, last + timedelta(minutes=settings().step), now)


@arrived("stop_order")
def ordered(platform: Platform, rows: pl.DataFrame, now: datetime) -> None:
    """Judge the enterprises that had to stop, in the hours of the order that are over."""
    for row in rows.iter_rows(named=True):
        if row["start"] < now:
            _judge(platform, [row["enterprise"]], row["start"], min(row["stop"], now), now)


def _judge(platform: Platform, enterprises: Collection[str], first: datetime, end: datetime, now: datetime) -> None:
    start = first - LOOK_BACK
    found = worked(platform, PLATFORM, start, end, enterprises=enterprises, as_of=now)
    tell(platform, found, start, now)


@task("power.thresholds", zh="学习用电运行阈值", en="Learn from which power a line runs", cron="20 19 * * *")
def thresholds_job(run: JobRun) -> None:
    """Each night (03:20 in Beijing) the threshold of every line, from its past."""
    learn(run.platform, run.platform.clock.now())


def _learn(
    feeds: Feeds, reader: Reader, lines: pl.DataFrame, meters: Iterable[str], end: datetime, as_of: datetime
) -> list[Threshold]:
    mine = lines.filter(pl.col("meter").is_in(list(meters)))
    pieces, whole = [], settings().history
    step = whole if mine.height <= FEW else 7  # a week at a time: the past of a whole city is large
    for back in range(whole, 0, -step):
        first = end - timedelta(days=back)
        rows = _readings(feeds, reader, mine, first, min(first + timedelta(days=step), end), as_of)
        pieces.append(power(rows, mine).select("line", "kw"))
    rated = dict(mine.select("meter", "rated_kw").iter_rows())
    return learned(pl.concat(pieces), rated)


def _readings(
    feeds: Feeds, reader: Reader, lines: pl.DataFrame, start: datetime, end: datetime, as_of: datetime
) -> pl.DataFrame:
    meters = lines["meter"].to_list()
    asked = [{"meter": meter} for meter in meters] if len(meters) <= FEW else [{}]
    parts = [
        feeds.read("electricity", reader, start=start, end=end, where=where, as_of=as_of).select("meter", "time", "kwh")
        for where in asked
    ]
    nothing = pl.DataFrame(schema={"meter": pl.String(), "time": pl.Datetime("us", "UTC"), "kwh": pl.Float64()})
    return pl.concat([nothing, *parts]).filter(pl.col("meter").is_in(meters))


def _orders(feeds: Feeds, reader: Reader, lines: pl.DataFrame, as_of: datetime) -> list[Order]:
    known = set(lines["enterprise"].unique())
    rows = feeds.read("stop_order", reader, as_of=as_of)
    return [
        Order(row["enterprise"], row["start"], row["stop"], row["reason"])
        for row in rows.iter_rows(named=True)
        if row["enterprise"] in known
    ]


def _alert(one: Violation, line: Mapping[str, Any]) -> Alert:
    begun, ended = (f"{each.astimezone(TIMEZONE):%m-%d %H:%M}" for each in (one.start, one.end))
    name, drawn = str(line["enterprise_name"]), f"{one.production_kw:g} kW"
    span_zh = f"自 {begun} 起{'仍在持续' if one.lasts else f'至 {ended}'}"
    span_en = f"since {begun}, and still does" if one.lasts else f"from {begun} to {ended}"
    if one.rule == "untreated":
        treated = "—" if one.treatment_kw is None else f"{one.treatment_kw:g} kW"
        zh = f"{name}：生产用电 {drawn}，治污设施用电 {treated}，{span_zh}，疑似治污设施未运行"
        en = f"{name} drew {drawn} for production and {treated} for its treatment facility {span_en}"
    else:
        zh = f"{name}：要求停产期间生产用电 {drawn}，{span_zh}（{one.reason}）"
        en = f"{name} had to stand still ({one.reason}) and drew {drawn} {span_en}"
    return Alert(
        kind="exceedance",
        subject=f"{store.SUBJECT}{one.enterprise}",
        key=f"{one.rule}:{one.start.astimezone(TIMEZONE):%Y-%m-%d}",
        name=name,
        region=str(line["region"]),
        at=one.start,
        zh=zh,
        en=en,
        figures={
            "rule": one.rule,
            "production_kw": one.production_kw,
            "treatment_kw": one.treatment_kw,
            "hours": one.hours,
        },
        link=f"/power?enterprise={one.enterprise}",
        lon=line["lon"],
        lat=line["lat"],
        example=bool(line["example"]),
    )
