"""``lantian quality`` and ``lantian fraud``: checks over a span, what they say, scores of device-days, thresholds."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated

import typer

from lantian.cli import words
from lantian.cli.output import Home, Json, NoDataError, command, emit, table
from lantian.kernel.bootstrap import open_platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.fraud.catalogue import FEATURES
from lantian.observations.fraud.service import Fraud
from lantian.observations.fraud.words import item_name
from lantian.observations.quality.service import Quality

app = typer.Typer()
quality = typer.Typer(help="Quality checks 数据审核: run them over a span, show what they say.", no_args_is_help=True)
fraud = typer.Typer(help="Falsification screening 弄虚作假筛查: scores and thresholds.", no_args_is_help=True)
app.add_typer(quality, name="quality")
app.add_typer(fraud, name="fraud")

First = Annotated[str | None, typer.Option("--from", help="first day, as 2016-12-01; default a week before the last")]
Last = Annotated[str | None, typer.Option("--to", help="last day, included; default the clock's day")]
Place = Annotated[list[str] | None, typer.Option("--place", help="only this station; may be given several times")]


@quality.command("run")
@command
def run(first: First = None, last: Last = None, place: Place = None, home: Home = None, as_json: Json = False) -> None:
    """Judge the raw hours of a span: raise what is new, end what a revision has cured."""
    with open_platform(home) as platform:
        start, end = _span(platform.clock.now(), first, last)
        found = Quality(platform).run(start, end, words.actor(), places=place)
    value = {
        "start": found.start,
        "end": found.end,
        "hours": found.hours,
        "raised": found.raised,
        "ended": found.ended,
        "standing": found.standing,
    }
    line = f"{found.hours} 站时 place-hours：新增 {found.raised} raised，消除 {found.ended} ended，现 {found.standing}"
    emit(value, as_json, lambda console: console.print(line))


@quality.command("show")
@command
def show(
    first: First = None,
    last: Last = None,
    place: Place = None,
    ended: Annotated[bool, typer.Option("--ended", help="with those that a revision has cured")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the flags of a span."""
    with open_platform(home) as platform:
        now = platform.clock.now()
        start, end = _span(now, first, last)
        found = Quality(platform).flags(as_of=now, start=start, end=end, places=place, ended=ended)
    rows = [
        (row["time"].astimezone(TIMEZONE).strftime("%Y-%m-%d %H:00"), row["place"], row["check"], row["zh"])
        for row in found.iter_rows(named=True)
    ]
    emit(found, as_json, lambda console: console.print(table(("时间 time", "站点", "检查 check", "说明"), rows)))


@fraud.command("score")
@command
def score(
    day: Annotated[str | None, typer.Option("--day", help="score this day, as 2016-12-12; default only list")] = None,
    first: First = None,
    last: Last = None,
    least: Annotated[float, typer.Option("--least", help="list scores from here on; 50 is the limit")] = 50.0,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="state, micro, dust or cems")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Score device-days and list the high ones with their evidence."""
    with open_platform(home) as platform:
        now, screening = platform.clock.now(), Fraud(platform)
        today = now.astimezone(TIMEZONE).date()
        start, stop = day or first, day or last
        begin = words.day(start) if start else today - timedelta(days=7)
        end = words.day(stop) if stop else today - timedelta(days=1)
        if not any(screening.versions(now, one, most=1) for one in kind or screening.kinds()):
            raise NoDataError("no thresholds have been learned: lantian fraud thresholds --learn KIND")
        scored = screening.score(begin, end, words.actor(), kinds=kind)
        found = screening.listed(as_of=now, first=begin, last=end, least=least)
    listed = [row for row in found if not kind or row["kind"] in kind]
    rows = [
        (f"{row['score']:.0f}", str(row["day"]), row["name"], "；".join(one["zh"] for one in row["evidence"][:2]))
        for row in listed
    ]
    head = ("得分 score", "日期", "设备", "证据")
    emit(
        {"scored": scored, "days": listed},
        as_json,
        lambda console: console.print(table(head, rows, f"{scored} 个设备日 device-days")),
    )


@fraud.command("thresholds")
@command
def thresholds(
    learn: Annotated[str | None, typer.Option("--learn", help="learn a new version for this kind")] = None,
    first: First = None,
    last: Last = None,
    rate: Annotated[float, typer.Option("--rate", help="accepted false alarms per device-day")] = 0.01,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the thresholds in force, or learn new ones from days that are taken as untouched."""
    with open_platform(home) as platform:
        now, screening = platform.clock.now(), Fraud(platform)
        if learn is not None:
            today = now.astimezone(TIMEZONE).date()
            begin = words.day(first) if first else today - timedelta(days=210)
            screening.learn(
                learn, begin, words.day(last) if last else today - timedelta(days=30), words.actor(), rate=rate
            )
        newest = {one.learned.kind: one for one in reversed(screening.versions(now))}
    if not newest:
        raise NoDataError("no thresholds have been learned: lantian fraud thresholds --learn KIND")
    value = [
        {
            "kind": kind,
            "version": one.version,
            "first": one.learned.first,
            "last": one.learned.last,
            "devices": one.learned.devices,
            "device_days": one.learned.days,
            "rate": one.learned.rate,
            "features": [
                {key: tail[key] for key in ("feature", "item", "threshold", "days")}
                for tail in one.learned.as_json()["tails"]
            ],
        }
        for kind, one in sorted(newest.items())
    ]
    rows = [
        (
            one["kind"],
            FEATURES[str(tail["feature"])].zh,
            item_name(str(tail["item"]), "zh"),
            tail["threshold"],
            tail["days"],
        )
        for one in value
        for tail in one["features"]  # type: ignore[attr-defined]
    ]
    emit(value, as_json, lambda console: console.print(table(("类型", "特征", "项目", "阈值", "设备日"), rows)))


def _span(now: datetime, first: str | None, last: str | None) -> tuple[datetime, datetime]:
    until = words.day(last) if last else now.astimezone(TIMEZONE).date()
    begin = words.day(first) if first else until - timedelta(days=7)
    end = datetime.combine(until + timedelta(days=1), time(), TIMEZONE)
    return datetime.combine(begin, time(), TIMEZONE).astimezone(UTC), min(
        end.astimezone(UTC), max(now, end - timedelta(days=1))
    )
