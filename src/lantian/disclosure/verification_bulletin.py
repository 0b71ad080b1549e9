"""The verification of forecasts 预报评估通报: the scores of its page on paper, always beside persistence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, cast

import polars as pl

from lantian.assessment.periods import parse
from lantian.assessment.service import Assessment
from lantian.disclosure.bulletin import ISSUER, NothingKnownError
from lantian.disclosure.documents import day_zh
from lantian.disclosure.values import Bar, Definition, ScoreRow, VerificationBulletin
from lantian.forecast import goals
from lantian.forecast.scores import DEFINITIONS
from lantian.forecast.service import OURS, SOURCES, Forecasts, Scores
from lantian.forecast.store import MODES, Mode, Run
from lantian.forecast.verify import PERSISTENCE
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.standards.codes import ITEMS

INDEX = {
    "n": "例数",
    "level": "级别准确率",
    "within_one": "差≤1级",
    "half_level": "半级",
    "range": "AQI±25%",
    "primary": "首要污染物",
    "heavy": "重污染 中/漏/空",
    "threat": "重污染TS",
}
"""Scores of the index in the table's order, and their heading; ``heavy`` are hits, misses and false alarms."""
VALUES = {
    "n": "例数",
    "accuracy": "1−NME",
    "within_25": "±25%内",
    "mean_bias": "MB",
    "nme": "NME",
    "rmse": "RMSE",
    "r": "R",
    "skill": "技巧",
}
"""Scores of PM2.5."""
SHARES = frozenset(
    ("level", "within_one", "half_level", "range", "primary", "threat", "accuracy", "within_25", "nme", "skill")
)
"""Scores printed in percent."""
SOURCE_NAMES = {"duty": "会商", OURS: "系统", "model": "模式", "statistics": "统计", PERSISTENCE: "持续性"}
MODE_NAMES: dict[str, str] = {
    "history": "只用空气质量和天气的历史，没有未来天气",
    "perfect": "用了起报之后实测的天气，只说明方法的上限",
    "weather": "用了起报时的气象预报",
}
_COUNTED = {"accuracy": "1−NME", "within_25": "误差25%以内的天数"}
_METHOD = "评估方法见HJ 1130和文末指标说明；每个来源都与持续性预报在同一时段比较。"
_PREFERRED: tuple[Mode, ...] = ("weather", "perfect", "history")


def verification(
    platform: Platform,
    period: str,
    *,
    place: str = "",
    mode: str = "",
    issuer: str = ISSUER,
    number: str = "",
    as_of: datetime | None = None,
) -> VerificationBulletin:
    """The values of a verification over the days of a period, of one place and one kind of knowledge of the weather.

    ``place``: any name of a region, empty the first of the newest run; ``mode``: empty the best there is. Raises
    `NothingKnownError` where no forecast can be verified, LookupError for an unknown place, ValueError for an unknown
    mode or period.
    """
    moment, asked = as_of or platform.clock.now(), parse(period)
    judge, forecasts = Assessment(platform), Forecasts(platform)
    chosen, runs = _mode(mode, forecasts.runs(moment))
    code = judge.places.resolve(place).code if place else _first_place(forecasts, runs[0], moment)
    name = {region.code: region.name for region in judge.places.regions()}.get(code, code)
    last = min(asked.end, judge.last_finished(moment))
    if asked.start > last:
        raise NothingKnownError(f"{asked.label}: no day of it is over at {moment}")
    observed = judge.air.daily([code], asked.start, last, moment)
    scores = forecasts.scores(chosen, observed, [code], asked.start, last, moment)
    index = _rows(scores.table, "aqi")
    if not index:
        raise NothingKnownError(f"{name}: no forecast of mode {chosen} can be verified in {asked.label}")
    fine = _rows(scores.table, "pm25")
    region = next((one for one in judge.places.regions() if one.code == code), None)
    return VerificationBulletin(
        issuer=issuer,
        issued_on=moment.astimezone(TIMEZONE).date(),
        example=platform.settings.example or (region is not None and region.example),
        number=number,
        period=f"{day_zh(asked.start)}至{day_zh(last)}" + ("" if last == asked.end else "（时段未结束）"),
        period_label=asked.label,
        place=name,
        mode=MODE_NAMES[chosen],
        sample=_sample(scores),
        summary=(*_summary(index), *_goals(goals.measured(scores.table, OURS), chosen), _METHOD),
        index_columns=tuple(INDEX.values()),
        index=tuple(_row(row, tuple(INDEX)) for row in index),
        value_columns=tuple(VALUES.values()) if fine else (),
        values=tuple(_row(row, tuple(VALUES)) for row in fine),
        chart=tuple(_bars(index)),
        definitions=tuple(_definitions()),
    )


def shown(score: str, value: float | None) -> str:
    """A score as it is printed: shares in percent, counts whole, the rest with two digits."""
    if value is None:
        return "—"
    if score in SHARES:
        return f"{100 * value:.0f}%".replace("-", "−")
    text = f"{value:.0f}" if isinstance(value, int) else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
    return text.replace("-", "−")


def _mode(mode: str, runs: list[Run]) -> tuple[Mode, list[Run]]:
    if mode and mode not in MODES:
        raise ValueError(f"mode {mode!r}: expected one of {', '.join(MODES)}")
    there = [
        one
        for one in ([one for one in MODES if one == mode] if mode else _PREFERRED)
        if any(run.mode == one for run in runs)
    ]
    if not there:
        raise NothingKnownError(f"no forecast{f' of mode {mode}' if mode else ''} is known")
    return there[0], [run for run in runs if run.mode == there[0]]


def _first_place(forecasts: Forecasts, run: Run, moment: datetime) -> str:
    places = forecasts.published(run, None, moment)["place"].unique().to_list()
    if not places:
        raise NothingKnownError(f"the newest forecast {run.folder} says nothing of any place")
    return str(min(places, key=lambda code: (not code.isdigit(), code)))


def _rows(table: pl.DataFrame, item: str) -> list[dict[str, Any]]:
    """The rows of an item by lead: ours in the house's order, persistence last."""
    if "item" not in table.columns:
        return []
    order = [source for source in SOURCES if source != PERSISTENCE]

    def place(row: dict[str, Any]) -> tuple[int, int, str]:
        source = row["source"]
        return row["lead"], order.index(source) if source in order else 90 + (source == PERSISTENCE), source

    return sorted(table.filter(pl.col("item") == item).to_dicts(), key=place)


def _row(row: dict[str, Any], columns: tuple[str, ...]) -> ScoreRow:
    cells = tuple(
        f"{row['hits']}/{row['misses']}/{row['false_alarms']}" if name == "heavy" else shown(name, row.get(name))
        for name in columns
    )
    source = row["source"]
    return ScoreRow(f"{row['lead']}天", SOURCE_NAMES.get(source, source), cells, source == OURS)


def _sample(scores: Scores) -> str:
    first, last = cast("date", scores.first), cast("date", scores.last)
    return f"{scores.issues}次起报，{scores.days}个有实况的日子（{day_zh(first)}至{day_zh(last)}），一地一天为一例"


def _summary(index: list[dict[str, Any]]) -> Iterable[str]:
    mine = next((row for row in index if row["source"] == OURS and row["lead"] == 1), None)
    if mine is not None:
        yield (
            f"提前1天，空气质量级别预报准确率{shown('level', mine['level'])}（{mine['n']}例），"
            f"“明天和现在一样”的持续性预报为{shown('level', mine['level_persistence'])}。"
        )


def _goals(measured: list[goals.Measured], mode: Mode) -> Iterable[str]:
    """Which goal is met by which definition, with what was reached on the days further ahead."""
    if not measured:
        return
    yield "24小时准确率目标（PM2.5 85%、O3 80%）在文件中没有写明算法，以下按两种算法分别列出，24小时指起报次日的日值。"
    for one in measured:
        further = "、".join(
            f"{lead}天{shown(one.score, value)}" for lead, value in one.leads.items() if lead != goals.LEAD
        )
        base = one.base.get(goals.LEAD)
        yield (
            f"{ITEMS[one.goal.item].symbol}按{_COUNTED[one.score]}为{shown(one.score, one.reached)}（{one.n}例，"
            f"持续性预报{shown(one.score, base)}），目标{shown(one.score, one.goal.share)}，"
            f"{'达到' if one.met else '未达到'}" + (f"；提前{further}。" if further else "。")
        )
    if mode == "perfect":
        yield "预报用了起报之后实测的天气，达到目标也只说明方法的上限，不能算业务成绩。"


def _bars(index: list[dict[str, Any]]) -> Iterable[Bar]:
    for row in index:
        if row["source"] == OURS and row["level"] is not None:
            base = row["level_persistence"]
            yield Bar(
                f"提前{row['lead']}天", 100 * row["level"], shown("level", row["level"]), (base and 100 * base) or base
            )


def _definitions() -> Iterable[Definition]:
    names = dict.fromkeys((*INDEX, *VALUES))
    for name in names:
        found = DEFINITIONS.get(name)
        if found is not None:
            heading = INDEX.get(name) or VALUES[name]
            called = heading if found.zh == heading else f"{heading}　{found.zh}"
            yield Definition(called, found.formula, f"{found.source}（{found.confidence}）")
