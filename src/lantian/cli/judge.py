"""``lantian evaluate``, ``rank``, ``target``, ``episodes`` and ``coverage``: judgement over what is stored.

As of the platform's clock: in a replay, what was known then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

import polars as pl
import sqlalchemy as sa
import typer
from rich.console import Console

from lantian.assessment import periods, ranking
from lantian.assessment.crosscheck import Caveat
from lantian.assessment.periods import Period
from lantian.assessment.service import Assessment
from lantian.assessment.targets import Track
from lantian.cli import words
from lantian.cli.output import Home, Json, NoDataError, command, emit, printed, table
from lantian.kernel.bootstrap import Platform, open_platform
from lantian.kernel.settings import TIMEZONE
from lantian.observations.tables import segment
from lantian.places.names import Place
from lantian.places.stations import Station
from lantian.standards.codes import ITEMS, POLLUTANTS

app = typer.Typer()

BY = {
    "index": "composite_index",
    "so2": "so2",
    "no2": "no2",
    "pm10": "pm10",
    "pm25": "pm25",
    "co": "co_p95",
    "o3": "o3_8h_p90",
}
"""What a ranking may go by, and the column of the evaluation that it stands in."""

STATISTICS = {
    "so2": ("so2", "so2", "SO2"),
    "no2": ("no2", "no2", "NO2"),
    "pm10": ("pm10", "pm10", "PM10"),
    "pm25": ("pm25", "pm25", "PM2.5"),
    "co_p95": ("co", "co", "CO 95%"),
    "o3_8h_p90": ("o3", "o3_8h", "O3 90%"),
}
"""Column of the evaluation -> term of the index, daily item, and what a table calls it."""

ThePeriod = Annotated[str, typer.Option("--period", help=periods.FORMS)]
Deducted = Annotated[bool, typer.Option("--deducted", help="take confirmed sand-dust out of particles and index")]


@app.command("evaluate")
@command
def evaluate(
    place: Annotated[str, typer.Argument(help="a region or station: 北京, Beijing, 110000, 1001A, 东四")],
    period: ThePeriod,
    deducted: Deducted = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Statistics, attainment, index and days by level of a place over a period 评价."""
    asked = periods.parse(period)
    with open_platform(home) as platform:
        found, judge = words.place(platform, place), Assessment(platform)
        rows = judge.evaluate([found.code], asked, deducted=deducted).to_dicts()
        if not rows:
            raise NoDataError(_nothing(platform, found.name, asked))
        caveats = judge.caveats([found.code], asked)
        value = _head(platform, asked) | {
            "place": _named(found),
            "deducted": deducted,
            "result": rows[0],
            "caveats": caveats,
        }

    def show(console: Console) -> None:
        _show_evaluation(console, found, asked, rows[0])
        _show_caveats(console, caveats)

    emit(value, as_json, show)


@app.command("rank")
@command
def rank(
    period: ThePeriod,
    group: Annotated[str | None, typer.Option(help='the members of a group, such as "2+26"')] = None,
    places: Annotated[
        list[str] | None, typer.Argument(help="or these places: cities, counties, zones, stations")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="compare with this period; default the same a year before")
    ] = None,
    by: Annotated[str, typer.Option(help=f"what to rank by: {', '.join(BY)}")] = "index",
    last: Annotated[int | None, typer.Option(min=1, help="only the last N, the worst first 后N名")] = None,
    reference: Annotated[str | None, typer.Option(help="compare with the mean index of this group's members")] = None,
    deducted: Deducted = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Rank the members of a group, or any places, and compare with another period 排名."""
    asked, before = periods.parse(period), periods.parse(against) if against else None
    if by not in BY:
        raise ValueError(f"--by {by}: expected one of {', '.join(BY)}")
    with open_platform(home) as platform:
        judge = Assessment(platform)
        codes = _codes(platform, judge, group, places)
        others = judge.places.group(reference).members if reference else ()
        ranked = judge.rank(codes, asked, against=before, reference=others, deducted=deducted)
        column = BY[by]
        if column not in ranked.columns or ranked[column].null_count() == ranked.height:
            raise NoDataError(_nothing(platform, f"{by} of {_whom(group, places)}", asked))
        ranked = ranking.last(ranked, last, column) if last else ranked.sort(f"rank_{column}", "place", nulls_last=True)
        names = words.names(platform, ranked["place"])
        rows = [{"name": names[row["place"]], **row} for row in ranked.to_dicts()]
        caveats = judge.caveats(codes, asked)
        value = _head(platform, asked) | {
            "against": _period(judge.compared(asked, before)),
            "group": group,
            "reference": reference,
            "by": column,
            "deducted": deducted,
            "ranking": rows,
            "caveats": caveats,
        }

    def show(console: Console) -> None:
        _show_ranking(console, rows, column, f"{_whom(group, places)} {asked.label_zh} 排名 ranking")
        _show_caveats(console, caveats)

    emit(value, as_json, show)


@app.command("target")
@command
def target(
    place: Annotated[str | None, typer.Argument(help="targets of this place only")] = None,
    day: Annotated[str | None, typer.Option(help="on the evening of this day; default the last finished one")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Where each target stands 目标: value to date, remaining allowance, days to lose, chance, completion."""
    with open_platform(home) as platform:
        codes = [words.place(platform, place).code] if place else None
        tracks = Assessment(platform).targets(codes, words.day(day) if day else None)
        if not tracks:
            raise NoDataError(
                f"no target is set{f' for {place}' if place else ''}: `lantian load FOLDER` sets those of a folder"
            )
        names = words.names(platform, [track.target.place for track in tracks])
        value = {"now": _now(platform), "targets": [_track(track, names) for track in tracks]}
    emit(value, as_json, lambda console: _show_targets(console, tracks, names))


@app.command("episodes")
@command
def episodes(
    period: ThePeriod,
    places: Annotated[list[str] | None, typer.Argument(help="regions or stations")] = None,
    group: Annotated[str | None, typer.Option(help='or the members of a group, such as "2+26"')] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Heavy-pollution episodes 重污染过程: runs of days over AQI 100 with at least one over 200."""
    asked = periods.parse(period)
    with open_platform(home) as platform:
        judge = Assessment(platform)
        codes = _codes(platform, judge, group, places)
        daily = judge.daily(codes, asked)
        if daily["aqi"].null_count() == daily.height:
            raise NoDataError(_nothing(platform, _whom(group, places), asked))
        found = judge.episodes(codes, asked)
        names = words.names(platform, found["place"])
        rows = [{"name": names[row["place"]], **row} for row in found.to_dicts()]
        value = _head(platform, asked) | {"episodes": rows}
    columns = ("place", "from", "to", "days", "heavy", "peak AQI", "on", "mean PM2.5", "primary")
    shown = [
        (
            row["name"],
            *(row[name] for name in ("start", "end", "days", "heavy_days", "peak_aqi", "peak_date", "mean_pm25")),
            ITEMS[row["primary"]].symbol if row["primary"] else None,
        )
        for row in rows
    ]
    emit(value, as_json, lambda console: console.print(table(columns, shown, f"污染过程 episodes {asked.label_zh}")))


@app.command("coverage")
@command
def coverage(
    place: Annotated[str, typer.Argument(help="a station, or a region: the stations that count for its value")],
    period: ThePeriod,
    daily: Annotated[bool, typer.Option("--daily", help="of the days published for the place, not of hours")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """How complete the observations are 数据完整率: expected, observed, percent of each pollutant."""
    asked = periods.parse(period)
    with open_platform(home) as platform:
        found, judge = words.place(platform, place), Assessment(platform)
        stations = isinstance(found, Station) or daily
        codes = [found.code] if stations else judge.places.members(found.code, asked.start)
        measured = judge.air.store.coverage(
            codes,
            start=asked.start,
            end=asked.end + timedelta(days=1),
            items=[item if item != "o3" or not daily else "o3_8h" for item in POLLUTANTS],
            resolution="day" if daily else "hour",
        )
        if not measured["observed"].sum():
            raise NoDataError(_nothing(platform, found.name, asked))
        names = words.names(platform, codes)
        rows = [{"name": names[row["place"]], **row} for row in measured.to_dicts()]
        value = _head(platform, asked) | {"resolution": "day" if daily else "hour", "coverage": rows}
    emit(value, as_json, lambda console: _show_coverage(console, measured, names, asked))


def _now(platform: Platform) -> str:
    return platform.clock.now().astimezone(TIMEZONE).isoformat(timespec="seconds")


def _period(period: Period) -> dict[str, object]:
    return {"label": period.label, "start": period.start, "end": period.end}


def _head(platform: Platform, period: Period) -> dict[str, object]:
    """What every answer begins with: the clock's moment, as of which it holds, and the period."""
    return {"now": _now(platform), "period": _period(period)}


def _named(place: Place) -> dict[str, str]:
    return {"code": place.code, "name": place.name}


def _nothing(platform: Platform, what: str, period: Period) -> str:
    """Say that nothing is known, and what the store does hold."""
    live = sa.select(sa.func.min(segment.c.first), sa.func.max(segment.c.last)).where(segment.c.retired_at.is_(None))
    with platform.engine.connect() as connection:
        first, last = connection.execute(live).one()
    held = "no observations are imported yet"
    if first:  # a day's stamp is its midnight UTC, which is the same day in Beijing
        span = f"{first.astimezone(TIMEZONE):%Y-%m-%d} to {last.astimezone(TIMEZONE):%Y-%m-%d}"
        held = f"observations run from {span}"
    clock = f"the clock shows {platform.clock.now().astimezone(TIMEZONE):%Y-%m-%d %H:%M}"
    return f"nothing is known of {what} in {period.label}: {held}, {clock}"


def _codes(platform: Platform, judge: Assessment, group: str | None, places: Sequence[str] | None) -> list[str]:
    """The places that a command was given: members of a group in their order, then those named."""
    members = judge.places.group(group).members if group else ()
    codes = [*members, *(words.place(platform, text).code for text in places or ())]
    if not codes:
        raise ValueError("no place is given: name some, or a group with --group")
    return list(dict.fromkeys(codes))


def _whom(group: str | None, places: Sequence[str] | None) -> str:
    return ", ".join([*([group] if group else []), *(places or ())])


def _show_evaluation(console: Console, place: Place, period: Period, row: Mapping[str, Any]) -> None:
    rows = [
        (
            label,
            _digits(row, column),
            printed(row[f"index_{term}"], 3 if row["index_variant"].startswith("2026") else 2),
            {True: "达标 yes", False: "超标 no", None: None}[row[f"attains_{item}"]],
            row[f"n_{item}"],
        )
        for column, (term, item, label) in STATISTICS.items()
    ]
    title = f"{place.name} {period.label_zh}  综合指数 composite index {_digits(row, 'composite_index') or '--'}"
    note = (
        f"优良天数 good days {row['good_days']} of {row['aqi_days']} ({row['good_day_share']} %), 重污染 heavy days "
        f"{row['heavy_days']}; {row['start']} to {row['end']}, {row['origin']}"
    )
    console.print(table(("", "value", "index", "attains", "valid days"), rows, title, note))


def _show_ranking(console: Console, rows: Sequence[Mapping[str, Any]], by: str, title: str) -> None:
    heads = {column: label for column, (_, _, label) in STATISTICS.items()} | {"composite_index": "index"}
    columns = {f"rank_{by}": "rank", "name": "place", by: heads[by]}
    columns |= {f"{by}_before": "before", f"change_{by}": "change %", f"rank_change_{by}": "rank of change"}
    columns |= {"composite_index": "index", "pm25": "PM2.5", "good_day_share": "good days %"}
    if "against_composite_index" in rows[0]:
        columns["against_composite_index"] = "against reference %"
    shown = [[_digits(row, column) for column in columns] for row in rows]
    console.print(table(list(columns.values()), shown, f"{title}: {heads[by]}"))


def _digits(row: Mapping[str, Any], column: str) -> object:
    """A cell with the digits in which its quantity is published."""
    base = column.removesuffix("_before")
    decimals = {"composite_index": 3 if str(row.get("index_variant", "")).startswith("2026") else 2, "co_p95": 1}
    decimals |= {"good_day_share": 1, "against_composite_index": 2}
    if base in STATISTICS or base in decimals:
        return printed(row.get(column), decimals.get(base, 0))
    return row.get(column)


def _track(track: Track, names: Mapping[str, str]) -> dict[str, Any]:
    target = track.target
    return {
        "id": target.id,
        "place": target.place,
        "name": names[target.place],
        "source": target.source,
        "example": target.example,
        "parent": target.parent,
        "quantity": target.quantity,
        "period": _period(target.period),
        "limit": target.limit,
        "base": target.base,
        "cut_percent": target.cut_percent,
        "day": track.day,
        "value": track.value,
        "met": track.met,
        "known_days": track.known_days,
        "days_left": track.days_left,
        "allowance": track.allowance,
        "months": [{"period": _period(m.period), "allowed": m.allowed, "usual": m.usual} for m in track.months],
        "days_to_lose": track.days_to_lose,
        "chance": track.chance,
        "completion": track.completion,
        "notes": track.notes,
    }


def _show_targets(console: Console, tracks: Sequence[Track], names: Mapping[str, str]) -> None:
    rows = [
        (
            names[track.target.place],
            track.target.quantity,
            track.target.period.label,
            f"{track.target.limit:g}",
            None if track.value is None else f"{track.value:g}",
            None if track.allowance is None else f"{track.allowance:.1f}",
            track.days_to_lose,
            None if track.chance is None else f"{track.chance:.0%}",
            None if track.completion is None else f"{track.completion:g} %",
        )
        for track in tracks
    ]
    columns = (
        "place",
        "quantity",
        "period",
        "limit",
        "to date",
        "allowed for the rest",
        "days to lose",
        "chance",
        "completion",
    )
    console.print(table(columns, rows, f"目标 targets on the evening of {tracks[0].day}"))


def _show_coverage(console: Console, measured: pl.DataFrame, names: Mapping[str, str], period: Period) -> None:
    items = list(dict.fromkeys(measured["item"]))
    wide = measured.pivot(on="item", index=["place", "expected"], values="percent")
    rows = [
        (names[row["place"]], row["expected"], *(None if row[item] is None else f"{row[item]:.1f}" for item in items))
        for row in wide.to_dicts()
    ]
    columns = ("place", "expected", *(f"{ITEMS[item].symbol} %" for item in items))
    console.print(table(columns, rows, f"完整率 coverage {period.label_zh}"))


def _show_caveats(console: Console, caveats: Sequence[Caveat]) -> None:
    for caveat in caveats:
        console.print(f"注意 {caveat.place}：{caveat.zh} ({caveat.en})", style="yellow")
