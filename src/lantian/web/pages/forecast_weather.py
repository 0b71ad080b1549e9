"""Weather forecasts laid down 气象预报: which there are, how far they reach, and whether tonight can use one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from lantian.forecast import foreseen_bias, inbox
from lantian.forecast.service import Forecasts
from lantian.forecast.service_jobs import weather_job
from lantian.forecast.service_work import last_issue
from lantian.forecast.store import Run, RunStore
from lantian.kernel.jobs import JobView, defer, list_jobs
from lantian.standards.codes import ITEMS
from lantian.web.api.forecast import Reader
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("forecast_weather", "/forecast/weather", "forecast", "forecast.read")
router = APIRouter()
Forecaster = Annotated[Viewer, allow("forecast.correct")]

HOUR: Final = timedelta(hours=1)
State = Literal["usable", "short", "late", "settling", "broken"]


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as the issue of the evening sees it.

    ``begin`` and ``length``: where its hours lie on the line from a day before the issue to eight days after, percent.
    """

    one: inbox.Delivery
    state: State
    begin: float = 0.0
    length: float = 0.0


@router.get("/forecast/weather")
def page(request: Request, viewer: Reader) -> Response:
    """List what was laid down, newest first, against the last 20:00 of the clock."""
    issue = last_issue(viewer.now)
    found = inbox.deliveries(viewer.platform.home)
    made = _made(viewer, issue)
    job = _job(viewer)
    return render(
        request,
        "forecast_weather.html",
        issue=issue,
        needed=inbox.last_needed(issue),
        rows=[_row(one, issue) for one in found],
        best=inbox.best(found, issue),
        made=made,
        corrected=_corrected(viewer, made, language_of(request)) if made and made.revision else None,
        job=job,
        busy=job is not None and job.state in ("waiting", "running"),
        folder=viewer.platform.home / inbox.FOLDER,
        may=viewer.may("forecast.correct"),
        city=viewer.platform.settings.forecast_city,
    )


@router.post("/forecast/weather")
def issue_with(viewer: Forecaster, name: Annotated[str, Form(max_length=255)]) -> Response:
    """Make the evening's forecast with a delivery; while one is being made, nothing new is begun."""
    issue = last_issue(viewer.now)
    one = next((each for each in inbox.deliveries(viewer.platform.home) if each.name == name), None)
    if one is None:
        raise HTTPException(404, f"{inbox.FOLDER}/{name}: no such folder with files")
    if not one.reaches(issue):
        needed = inbox.last_needed(issue)
        raise HTTPException(422, f"{inbox.FOLDER}/{name}: expected every hour from {issue:%FT%RZ} to {needed:%FT%RZ}")
    defer(viewer.platform.engine, weather_job, name=name, issue=issue.isoformat())
    return RedirectResponse("/forecast/weather", 303)


def _row(one: inbox.Delivery, issue: datetime) -> Row:
    if one.fault:
        return Row(one, "broken")
    if one.first is None or one.last is None:
        return Row(one, "settling")
    line = issue - 24 * HOUR, issue + 192 * HOUR
    whole = line[1] - line[0]
    begin, end = (min(max((edge - line[0]) / whole, 0.0), 1.0) for edge in (one.first, one.last))
    state: State = "usable" if one.reaches(issue) else "late" if one.first > issue else "short"
    return Row(one, state, 100.0 * begin, 100.0 * (end - begin))


def _made(viewer: Viewer, issue: datetime) -> Run | None:
    """The forecast of the evening that a delivery has made."""
    runs = RunStore(viewer.platform).runs(first=issue)
    return next((run for run in runs if (run.issue, run.mode) == (issue, "weather")), None)


def _corrected(viewer: Viewer, made: Run, language: str) -> dict[str, Any]:
    """How far the files' weather was corrected at the stations for the forecast of the evening: ``issues`` on which
    that rests, 0 where nothing was, and the ``changes`` in words.
    """
    size = foreseen_bias.size(Forecasts(viewer.platform).weather(made))
    if size is None:
        return {"issues": 0, "changes": ""}
    zh = language == "zh"
    told = []
    for name, mean in size.mean.items():
        item, absolute = ITEMS[name], size.absolute[name]
        words = f"平均改动 {absolute:.1f}" if zh else f"{absolute:.1f} either way"
        told.append(
            f"{item.zh} {mean:+.1f}（{words}）{item.printed_unit}"
            if zh
            else f"{item.en} {mean:+.1f} ({words}) {item.printed_unit}"
        )
    return {"issues": size.issues, "changes": ("、" if zh else ", ").join(told).replace("-", "−")}


def _job(viewer: Viewer) -> JobView | None:
    """The last job that was asked for here."""
    jobs = list_jobs(viewer.platform.engine, limit=200)
    return next((job for job in jobs if job.task == weather_job.name), None)
