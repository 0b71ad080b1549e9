"""`/forecast`: the days and hours to come by place and source, their corrections, and how good forecasts were."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, get_args

import polars as pl
from fastapi import HTTPException, Query, Response
from pydantic import BaseModel, Field

from lantian.forecast.duty import Correction
from lantian.forecast.service import made_of
from lantian.forecast.store import Mode, Run
from lantian.forecast.verify import Season
from lantian.web.api.answers import TABLE, Format, refuse, resource, table_response
from lantian.web.api.forecast_desk import ForecastDesk
from lantian.web.api.questions import codes_of
from lantian.web.security import Viewer, allow

router = resource("forecast")

Reader = Annotated[Viewer, allow("forecast.read")]
Issue = Annotated[
    str | None, Query(max_length=40, description="when it was issued, as 2016-12-16T20 (Beijing); left out: the newest")
]
OfMode = Annotated[
    Mode | None,
    Query(
        description="history (no weather to come), perfect (weather observed later), weather (a weather forecast); "
        "left out: the best that there is"
    ),
]
Places = Annotated[list[str] | None, Query(max_length=60, description="codes or names; left out: all")]
Source = Annotated[str | None, Query(max_length=60, description="lantian, duty, statistics, model, persistence, ...")]

LONGEST = dt.timedelta(days=366)
_STAMP = pl.Datetime("us", "UTC")
_CORRECTION: dict[str, Any] = {
    "issue": _STAMP,
    "mode": pl.String,
    "place": pl.String,
    "date": pl.Date,
    "aqi_low": pl.Int64,
    "aqi_high": pl.Int64,
    "level_low": pl.Int64,
    "level_high": pl.Int64,
    "primary": pl.List(pl.String),
    "text": pl.String,
    "reason": pl.String,
    "author": pl.String,
    "written_at": _STAMP,
}


class CorrectionBody(BaseModel):
    """A day as the duty forecaster sees it."""

    issue: str | None = Field(None, max_length=40, description="as in the address; left out: the newest")
    mode: Mode | None = None
    place: str = Field(max_length=60, description="code or name")
    date: dt.date
    aqi_low: int
    aqi_high: int
    primary: list[str] = Field(default=[], description="pm25, pm10, o3_8h, no2, so2, co; none up to an AQI of 50")
    text: str = Field("", max_length=2000, description="goes out with the day")
    reason: str = Field(min_length=1, max_length=2000, description="stands in the audit trail")


@router.get("/forecast", responses=TABLE)
def published(
    viewer: Reader,
    places: Places = None,
    issue: Issue = None,
    mode: OfMode = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """What counts: a row a place and day, `source` `duty` where the duty forecaster corrected, else `lantian`.

    `lead` 1 is the day after the issue; `aqi_low`..`aqi_high` is the range, `p1`..`p6` the probability of each level
    (ours, also beside a corrected range; null where a source has none).
    """
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    return table_response(_of(desk, desk.published(run), places), format, name=f"forecast-{run.folder}")


@router.get("/forecast/runs", responses=TABLE)
def runs(
    viewer: Reader,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Every run known at the clock's now, newest first: `issue, mode, status, known_at, sources, models, fields`.

    `models`: what computed it, as `part version`; `fields`: whether it has a map. Weather observed later is used in
    mode `perfect`: such a forecast could not have been made at its issue.
    """
    desk = ForecastDesk(viewer)
    rows = [
        {
            "issue": run.issue,
            "mode": run.mode,
            "status": run.status,
            "known_at": run.known_at,
            "sources": list(run.sources),
            "models": [f"{part} {version}" for part, version in run.models.items()],
            "fields": desk.has_fields(run),
        }
        for run in desk.runs
    ]
    words = pl.List(pl.String)
    schema: dict[str, Any] = {"issue": _STAMP, "mode": pl.String, "status": pl.String, "known_at": _STAMP}
    schema |= {"sources": words, "models": words, "fields": pl.Boolean}
    return table_response(pl.DataFrame(rows, schema=schema, orient="row"), format, name="forecast-runs")


@router.get("/forecast/outlook", responses=TABLE)
def outlook(
    viewer: Reader,
    places: Places = None,
    source: Source = None,
    issue: Issue = None,
    mode: OfMode = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Days of every source side by side: AQI, range, level(s), primary pollutants, probability of each level."""
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    return table_response(_of(desk, desk.outlook(run), places, source), format, name=f"outlook-{run.folder}")


@router.get("/forecast/values", responses=TABLE)
def values(
    viewer: Reader,
    places: Places = None,
    source: Source = None,
    issue: Issue = None,
    mode: OfMode = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Daily values by source and item (`o3_8h`: the largest 8-hour mean) with quantiles `q10`..`q90`, null where a
    source has none; ug/m3, CO in mg/m3.
    """
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    return table_response(_of(desk, desk.values(run), places, source), format, name=f"values-{run.folder}")


@router.get("/forecast/hours", responses=TABLE)
def hours(
    viewer: Reader,
    places: Places = None,
    source: Source = None,
    issue: Issue = None,
    mode: OfMode = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Hours by source, each stamped by its beginning, with the moving means that warnings rest on; ug/m3, CO in
    mg/m3.
    """
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    return table_response(_of(desk, desk.hours(run), places, source), format, name=f"hours-{run.folder}")


@router.get("/forecast/clearing", responses=TABLE)
def clearing(
    viewer: Reader,
    places: Places = None,
    source: Source = None,
    issue: Issue = None,
    mode: OfMode = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """When the air clears: `begins` (null: not within the forecast), `cause` (`N`..`NW` for a wind from there, `wind`,
    `rain`, joined by `+`; null: none known), `probability` that the first whole day after it stays within 75 ug/m3 of
    PM2.5, `wait_hours` after the issue. Places whose air is clean and stays so have no row.
    """
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    return table_response(_of(desk, desk.clearing(run), places, source), format, name=f"clearing-{run.folder}")


@router.get("/forecast/shares", responses=TABLE)
def shares(
    viewer: Reader,
    places: Places = None,
    issue: Issue = None,
    mode: OfMode = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """What published values are made of: a row a place, day, item and source with its `share`, the `bias` added to its
    ln(c + floor) first, the `issues` on which it was verified beside the statistics, and the case in a `sentence`.
    A case without rows: the statistics alone. A source verified on fewer than 10 has no share.
    """
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    case = ("place", "date", "item")
    parts = [
        part.with_columns(sentence=pl.lit(str(made_of(part))))
        for part in _of(desk, desk.shares(run), places).partition_by(case, maintain_order=True)
    ]
    empty = desk.shares(run).clear().with_columns(sentence=pl.lit(None, pl.String))
    return table_response(pl.concat([empty, *parts]), format, name=f"shares-{run.folder}")


@router.get("/forecast/corrections", responses=TABLE)
def corrections(
    viewer: Reader,
    issue: Issue = None,
    mode: OfMode = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Everything that duty forecasters corrected in a run, oldest first; the last word on a day counts."""
    desk = ForecastDesk(viewer)
    run = desk.needed(issue, mode)
    rows = [plain(each, run) for each in desk.corrections(run)]
    return table_response(
        pl.DataFrame(rows, schema=_CORRECTION, orient="row"), format, name=f"corrections-{run.folder}"
    )


@router.post("/forecast/corrections", status_code=201)
def correct(viewer: Annotated[Viewer, allow("forecast.correct")], body: CorrectionBody) -> dict[str, Any]:
    """Correct a day with a reason, in the region of the permission; what was said before stays beside it."""
    desk = ForecastDesk(viewer)
    run = desk.needed(body.issue, body.mode)
    (place,) = codes_of([body.place], desk.desk.judge.places)
    asked = Correction(place, body.date, body.aqi_low, body.aqi_high, body.reason, tuple(body.primary), text=body.text)
    return plain(write(desk, run, asked), run)


@router.get("/forecast/verification", responses=TABLE)
def verification(
    viewer: Reader,
    places: Annotated[list[str], Query(max_length=60)],
    mode: Mode,
    start: Annotated[dt.date | None, Query()] = None,
    end: Annotated[dt.date | None, Query()] = None,
    by: Annotated[str, Query(max_length=60, description="source,lead,place,season,month,year")] = "source,lead",
    season: Season | None = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Scores of all runs of a mode on the days `start`..`end` (left out: the last 90 finished days), a row a group and
    item, `<score>_persistence` beside each: the same on the same cases by persistence. Definitions: docs/forecast.md.
    """
    desk = ForecastDesk(viewer)
    first, last = span(desk, start, end)
    codes = codes_of(places, desk.desk.judge.places)
    try:
        found = desk.scores(mode, codes, first, last, tuple(part for part in by.split(",") if part), season)
    except ValueError as error:
        raise refuse("by", by, str(error)) from None
    return table_response(found.table, format, name=f"verification-{mode}-{first}-{last}")


@router.get("/forecast/reliability", responses=TABLE)
def reliability(
    viewer: Reader,
    places: Annotated[list[str], Query(max_length=60)],
    mode: Mode,
    start: Annotated[dt.date | None, Query()] = None,
    end: Annotated[dt.date | None, Query()] = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """How often a level came when its probability was said to be so: bins of probability with the frequency observed
    and its 95 % interval, by source and event (`level 1`..`level 6`, `heavy`, `all`).
    """
    desk = ForecastDesk(viewer)
    first, last = span(desk, start, end)
    found = desk.scores(mode, codes_of(places, desk.desk.judge.places), first, last)
    return table_response(found.reliability, format, name=f"reliability-{mode}-{first}-{last}")


@router.get("/forecast/clearing/verification", responses=TABLE)
def clearing_verification(
    viewer: Reader,
    places: Annotated[list[str], Query(max_length=60)],
    mode: Mode,
    start: Annotated[dt.date | None, Query()] = None,
    end: Annotated[dt.date | None, Query()] = None,
    format: Format = "json",  # noqa: A002
) -> Response:
    """How good clearing windows were in the issues of `start`..`end`, a row a place whose air was dirty at one: the
    error of the hour, and the probability. Definitions: docs/forecast/verification.md.
    """
    desk = ForecastDesk(viewer)
    first, last = span(desk, start, end)
    found = desk.clearing_scores(mode, codes_of(places, desk.desk.judge.places), first, last)
    return table_response(found, format, name=f"clearing-{mode}-{first}-{last}")


def write(desk: ForecastDesk, run: Run, correction: Correction) -> Correction:
    """Write a correction in the viewer's name, at the clock's now.

    Raises:
        HTTPException: 403, the viewer may not at this place; 422, it cannot stand.
    """
    if not desk.may_correct(correction.place):
        account = desk.viewer.account.login
        raise HTTPException(403, f"{account} lacks the permission forecast.correct for {correction.place}")
    try:
        return desk.forecasts.correct(run, correction, desk.viewer.account.actor)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None


def plain(correction: Correction, run: Run) -> dict[str, Any]:
    """A correction as a row."""
    named = {name: getattr(correction, name) for name in _CORRECTION if name not in ("issue", "mode")}
    return {"issue": run.issue, "mode": run.mode} | named | {"primary": list(correction.primary)}


def span(desk: ForecastDesk, start: dt.date | None, end: dt.date | None, usual: int = 90) -> tuple[dt.date, dt.date]:
    """The days asked for, ending with the last finished one; left out: the last ``usual``.

    Raises:
        RequestValidationError: an end before the start, or over a year.
    """
    last = min(end or desk.desk.last_day, desk.desk.last_day)
    first = start or last - dt.timedelta(days=usual - 1)
    if not dt.timedelta(0) <= last - first <= LONGEST:
        raise refuse("start", start, f"must lie within the {LONGEST.days} days before {last}")
    return first, last


def modes_of(run: Run, runs: list[Run]) -> list[Mode]:
    """The modes in which an issue is known, as pages offer them."""
    return [mode for mode in get_args(Mode) for other in runs if other.issue == run.issue and other.mode == mode]


def _of(desk: ForecastDesk, frame: pl.DataFrame, places: list[str] | None, source: str | None = None) -> pl.DataFrame:
    if places is not None:
        frame = frame.filter(pl.col("place").is_in(codes_of(places, desk.desk.judge.places)))
    return frame if source is None else frame.filter(pl.col("source") == source)
