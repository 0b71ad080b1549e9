"""Weather normalisation 气象影响: how much of a change on the year was weather, and how much was control?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

import polars as pl
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.assessment.deweather_answers import Answer, Answers, whole_hour
from lantian.assessment.deweather_duties import deweather_job
from lantian.assessment.periods import holding
from lantian.kernel.jobs import JobView, defer, list_jobs
from lantian.places.regions import ancestors_of, level_of
from lantian.standards.codes import ITEMS, POLLUTANTS
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages.deweather_chart import SignedChart, signed_chart
from lantian.web.pages.spans import Span, span_of, words
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("deweather", "/deweather", "assess", "targets.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("targets.read")]
Text = Annotated[str, Query(max_length=60)]
Words = Annotated[str, Form(max_length=60)]

ORDER = ("pm25", "pm10", "o3", "no2", "so2", "co")
_RECENT = timedelta(days=40)
_LOOKED_THROUGH = 200


@dataclass(frozen=True)
class Asked:
    """What the address asks for, read and found; ``span.known`` is what is answered."""

    place: str
    item: str
    span: Span


@router.get("/deweather")
def page(request: Request, viewer: Reader, place: Text = "", period: Text = "", item: Text = "pm25") -> Response:
    """Show an answer that was computed, the job that computes it, or the button that asks for it.

    `place`: code or name; `period`: as `assessment.periods.parse` reads it, default the last whole month; `item`: one
    of the six pollutants.
    """
    desk, language = Desk(viewer), language_of(request)
    measured = Memory(viewer)("places with weather", lambda: _measured(desk))
    if not measured:
        return render(request, "deweather.html", asked=None)
    asked = _asked(desk, measured, place, period, item)
    answers = Answers(viewer.platform.home)
    known = asked.span.known
    answer = answers.latest(asked.place, asked.item, known, desk.as_of) if known else None
    job = _job(viewer, asked) if known and answer is None else None
    return render(
        request,
        "deweather.html",
        asked=asked,
        places=[(code, desk.atlas.name(code, language)) for code in measured],
        name=desk.atlas.name(asked.place, language),
        items=[(each, ITEMS[each].symbol) for each in ORDER],
        symbol=ITEMS[asked.item].symbol,
        unit=ITEMS[asked.item].printed_unit,
        decimals=_decimals(asked.item),
        answer=answer,
        job=job,
        busy=job is not None and job.state in ("waiting", "running"),
        chart=_chart(answer, asked, request) if answer else None,
        others=[(each, span, words(span, language)) for each, span in answers.known(asked.place, desk.as_of)],
        address=lambda each, span: "/deweather?" + urlencode(
            {"place": asked.place, "period": span.label, "item": each}
        ),
        words=lambda period, cut=None: words(period, language, cut),
        signed=lambda value, digits: f"{value:+.{digits}f}".replace("-", "−"),
        percent=lambda share: f"{100 * share:.0f}".replace("-", "−"),
        item_symbol=lambda each: ITEMS[each].symbol,
    )  # fmt: skip


@router.post("/deweather")
def ask(viewer: Reader, place: Words, period: Words, item: Words = "pm25") -> Response:
    """Ask for an answer; while the same is being computed, or is known, nothing new is begun."""
    desk = Desk(viewer)
    asked = _asked(desk, _measured(desk), place, period, item)
    known = asked.span.known
    if known is None:
        raise HTTPException(422, f"period {period!r}: no day of it is over")
    job = _job(viewer, asked)
    busy = job is not None and job.state in ("waiting", "running")
    if not busy and Answers(viewer.platform.home).latest(asked.place, asked.item, known, desk.as_of) is None:
        defer(
            viewer.platform.engine,
            deweather_job,
            place=asked.place,
            period=known.label,
            item=asked.item,
            as_of=whole_hour(desk.as_of).isoformat(),
        )
    address = urlencode({"place": asked.place, "period": asked.span.period.label, "item": asked.item})
    return RedirectResponse(f"/deweather?{address}", 303)


def _asked(desk: Desk, measured: list[str], place: str, period: str, item: str) -> Asked:
    if item not in POLLUTANTS:
        raise HTTPException(422, f"item {item!r}: expected one of {', '.join(ORDER)}")
    try:
        code = desk.judge.places.resolve(place).code if place else desk.home
        last_month = holding(holding(desk.viewer.today, "month").start - timedelta(days=1), "month")
        span = span_of(period, desk.last_day, last_month)
    except (LookupError, ValueError) as error:
        raise HTTPException(422, str(error)) from None
    return Asked(code if place or code in measured else measured[0], item, span)


def _measured(desk: Desk) -> list[str]:
    """Stations that told their wind lately, after the cities that they stand in."""
    recent = desk.judge.air.store.hourly(None, desk.as_of - _RECENT, desk.as_of, ["wind_speed"], desk.as_of)
    told = recent.filter(pl.col("wind_speed").is_not_null()).select(pl.col("place").unique()).collect().to_series()
    stations = sorted(code for code in told if code in desk.atlas.names)
    regions = {code for station in stations for code in _regions(desk.atlas.names[station].region)}
    return [*sorted(code for code in regions if level_of(code) == "city"), *stations]


def _regions(region: str) -> tuple[str, ...]:
    return (region, *ancestors_of(region))


def _job(viewer: Viewer, asked: Asked) -> JobView | None:
    """The newest job that was asked for this answer at this or an earlier moment of the clock."""
    wanted = {"place": asked.place, "item": asked.item}
    label = asked.span.known.label if asked.span.known else ""
    for job in list_jobs(viewer.platform.engine, limit=_LOOKED_THROUGH, routine=False):
        if job.task == deweather_job.name and {**wanted, "period": label}.items() <= job.arguments.items():
            return job
    return None


def _decimals(item: str) -> int:
    return 2 if item == "co" else 1


def _chart(answer: Answer, asked: Asked, request: Request) -> SignedChart:
    language, messages = language_of(request), request.app.state.renderer.messages
    named = (
        messages.text("deweather.change", language),
        messages.text("deweather.weather", language),
        messages.text("deweather.control", language),
    )
    changes = [(messages.text("deweather.whole", language), answer.split.whole)] if answer.split.months else []
    spans = answer.split.months or (answer.split.whole,)
    changes += [(words(one.period, language), one) for one in spans]
    return signed_chart(changes, named, _decimals(asked.item))
