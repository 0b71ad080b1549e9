"""Verification 预报评估: how good forecasts were, by lead, pollutant and source, always beside persistence."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import Annotated, Any, Literal, NamedTuple, get_args

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BeforeValidator

from lantian.forecast import goals, verify_clearing
from lantian.forecast.service import OURS, SOURCES, Scores
from lantian.forecast.store import Mode
from lantian.forecast.verify import DEFINITIONS, PERSISTENCE, Season
from lantian.standards.codes import ITEMS
from lantian.web.api.forecast import Reader, span
from lantian.web.api.forecast_desk import ForecastDesk
from lantian.web.navigation import Page
from lantian.web.pages.forecast import MODE_ORDER, places_of
from lantian.web.pages.spans import day_words, run_words
from lantian.web.render import language_of, render

PAGE = Page("verification", "/verification", "forecast", "forecast.read")
router = APIRouter()

Days = Literal[30, 90, 180, 365]
SPANS: tuple[Days, ...] = get_args(Days)
SEASONS: tuple[Season, ...] = get_args(Season)
ITEM_ORDER = ("pm25", "o3_8h", "pm10", "no2", "so2", "co")
INDEX = ("n", "level", "level_interval", "within_one", "half_level", "range", "primary", "heavy", "threat", "rps")
"""Scores of the index in the table's order; `heavy` are hits, misses and false alarms together."""
VALUES = ("n", "accuracy", "within_25", "mean_bias", "nmb", "nme", "rmse", "r", "inside_80", "skill")


class Column(NamedTuple):
    """A score of an item, in the table of places."""

    item: str
    score: str


PLACE_COLUMNS = (
    Column("aqi", "level"),
    Column("aqi", "range"),
    Column("aqi", "primary"),
    Column("pm25", "accuracy"),
    Column("pm25", "within_25"),
    Column("o3_8h", "accuracy"),
)
SHARES = frozenset(
    [
        "accuracy",
        "within_25",
        "nmb",
        "nme",
        "inside_50",
        "inside_80",
        "range",
        "over",
        "under",
        "interval",
        "level",
        "level_interval",
        "within_one",
        "half_level",
        "primary",
        "heavy_level",
        "pod",
        "far",
        "threat",
        "skill",
    ]
)
"""Scores printed in percent."""
_SIDE = 220
"""Width and height of a reliability diagram, in units of the drawing."""


@router.get("/verification")
def page(
    request: Request,
    viewer: Reader,
    place: Annotated[str, Query(max_length=60)] = "",
    mode: Mode | None = None,
    item: Annotated[str, Query(pattern="^(pm25|o3_8h|pm10|no2|so2|co)$")] = "pm25",
    days: Annotated[Days, BeforeValidator(int), Query()] = 90,
    season: Season | None = None,
) -> Response:
    """Show the scores of the last days of a place."""
    desk, language = ForecastDesk(viewer), language_of(request)
    if not desk.runs:
        return render(request, "verification.html", scores=None, mode=None)
    modes = [each for each in MODE_ORDER if any(run.mode == each for run in desk.runs)]
    mode = mode or modes[0]
    code = _place(desk, place)
    first, last = span(desk, None, None, days)
    scores = desk.scores(mode, [code], first, last, season=season)
    table = scores.table
    return render(
        request,
        "verification.html",
        mode=mode,
        modes=modes,
        place=code,
        name=desk.desk.atlas.name(code, language),
        places=[(each, desk.desk.atlas.name(each, language)) for each in places_of(desk, desk.runs[0])],
        item=item,
        item_order=ITEM_ORDER,
        items=ITEMS,
        days=days,
        spans=SPANS,
        season=season,
        seasons=SEASONS,
        first=first,
        last=last,
        scores=scores if table.height else None,
        when=_when(scores, language),
        index=_rows(table.filter(pl.col("item") == "aqi")),
        values=_rows(table.filter(pl.col("item") == item)),
        index_columns=INDEX,
        value_columns=VALUES,
        answer=_answer(table, item),
        goals=(found := goals.measured(table, OURS)),
        goal_pairs=[list(pair) for _, pair in groupby(found, key=lambda one: one.goal)],
        goal_lead=goals.LEAD,
        clearing=next(iter(desk.clearing_scores(mode, [code], first, last).to_dicts()), None),
        definitions=DEFINITIONS,
        definitions_clearing=verify_clearing.DEFINITIONS,
        told=lambda name: definition(name, language),
        shown=shown,
        by_place=_by_place(desk, mode, first, last, season, language) if table.height else [],
        place_columns=PLACE_COLUMNS,
        diagrams=[diagram(scores.reliability, event) for event in ("all", "heavy")],
        side=_SIDE,
        persistence=PERSISTENCE,
    )


def definition(name: str, language: str) -> str:
    """What a score means, for its hover: words, formula, source."""
    found = DEFINITIONS[name]
    return f"{found.zh if language == 'zh' else found.en} · {found.formula} · {found.source} ({found.confidence})"


def shown(name: str, value: float | None) -> str:
    """A score as it is printed: shares in percent, counts whole, the rest with two digits."""
    if value is None:
        return "–"
    if name in SHARES:
        return f"{round(100 * value) + 0:d} %"  # no “-0”
    return f"{value:.0f}" if isinstance(value, int) else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def diagram(reliability: pl.DataFrame, event: str) -> dict[str, Any]:
    """The reliability of our probabilities as plain geometry: points with their 95 % interval, larger with more cases.

    Gives `event`, `n` and `points`: `x, y, low, high, r` in units of the drawing, and the numbers behind them.
    """
    rows = reliability.filter((pl.col("source") == OURS) & (pl.col("event") == event)).to_dicts()
    most = max((row["n"] for row in rows), default=1)
    points = [
        row
        | {
            "x": round(_SIDE * row["probability"], 1),
            "y": round(_SIDE * (1 - row["frequency"]), 1),
            "bottom": round(_SIDE * (1 - row["frequency_low"]), 1),
            "top": round(_SIDE * (1 - row["frequency_high"]), 1),
            "r": round(2.5 + 5 * (row["n"] / most) ** 0.5, 1),
        }
        for row in rows
    ]
    return {"event": event, "n": sum(row["n"] for row in rows), "points": points}


def _place(desk: ForecastDesk, place: str) -> str:
    if not place:
        return next(iter(places_of(desk, desk.runs[0])), "")
    try:
        return desk.desk.judge.places.resolve(place).code
    except LookupError as error:
        raise HTTPException(422, str(error)) from None


def _rows(table: pl.DataFrame) -> list[tuple[int, list[dict[str, Any]]]]:
    """The rows of each lead: ours first, persistence last; a source that says the same as ours is not repeated."""
    order = [*(source for source in SOURCES if source != PERSISTENCE)]

    def rank(row: dict[str, Any]) -> tuple[int, str]:
        source = row["source"]
        known = order.index(source) if source in order else len(order) + (source == PERSISTENCE)
        return known, source

    found: dict[int, list[dict[str, Any]]] = {}
    for row in sorted(table.to_dicts(), key=rank):
        rows = found.setdefault(row["lead"], [])
        if not any(other["source"] == OURS and row | {"source": OURS} == other for other in rows):
            rows.append(row)
    return sorted(found.items())


def _by_place(
    desk: ForecastDesk, mode: Mode, first: dt.date, last: dt.date, season: Season | None, language: str
) -> list[dict[str, Any]]:
    """Our scores one day ahead of every place that has any, each with that of persistence: `code, name, n, cells`."""
    run = next(run for run in desk.runs if run.mode == mode)
    places = places_of(desk, run)
    table = desk.scores(mode, sorted(places), first, last, ("source", "lead", "place"), season).table
    mine = table.filter((pl.col("source") == OURS) & (pl.col("lead") == goals.LEAD))
    found = {(row["place"], row["item"]): row for row in mine.to_dicts()}
    return [
        {
            "code": code,
            "name": desk.desk.atlas.name(code, language),
            "n": found[code, "aqi"]["n"],
            "cells": [
                (one, (row.get(one.score), row.get(f"{one.score}_persistence")))
                for one in PLACE_COLUMNS
                for row in [found.get((code, one.item), {})]
            ],
        }
        for code in places
        if (code, "aqi") in found
    ]


def _answer(table: pl.DataFrame, item: str) -> dict[str, Any] | None:
    """What the sentence says of our forecasts one day ahead; None where none can be verified."""
    mine = table.filter((pl.col("source") == OURS) & (pl.col("lead") == 1))
    rows = {row["item"]: row for row in mine.to_dicts()}
    value, index = rows.get(item), rows.get("aqi")
    if value is None or index is None:
        return None
    return {
        "accuracy": value["accuracy"],
        "accuracy_base": value["accuracy_persistence"],
        "level": index["level"],
        "level_base": index["level_persistence"],
        "n": index["n"],
    }


def _when(scores: Scores, language: str) -> str:
    if scores.first is None:
        return ""
    if language == "zh":
        return run_words(scores.first, scores.last, "zh")
    return f"{day_words(scores.first, 'en')} – {day_words(scores.last, 'en')}"
