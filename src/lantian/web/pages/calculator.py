"""Calculator 计算器: is this one figure right? The AQI of a day or an hour by either edition, with every step shown."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.standards.frames import StandardsError
from lantian.web.api.calc import Given, Period, User, columns, judge, measured
from lantian.web.navigation import Page
from lantian.web.pages.aqi_steps import steps
from lantian.web.render import render

PAGE = Page("calculator", "/calculator", "assess", "calc.use")
router = APIRouter()


@router.get("/calculator")
def page(
    request: Request,
    viewer: User,
    given: Given,
    period: Period = "daily",
    edition: Literal["2012", "2026"] | None = None,
) -> Response:
    """Show the form and, as soon as there is a value, the index with its steps."""
    year = int(edition) if edition else aqi.on(viewer.today).year
    result, fault = None, ""
    try:
        result = judge(given, period, year) if given else None
    except StandardsError as error:
        fault = str(error)
    return render(
        request,
        "calculator.html",
        status=422 if fault else 200,
        items=[ITEMS[name] for name in fields(period, year)],
        given=given,
        period=period,
        edition=year,
        editions=aqi.EDITIONS,
        result=result,
        steps=steps(result, measured(given), hourly=period == "hourly") if result else [],
        symbols={name: item.symbol for name, item in ITEMS.items()},
        primary=[ITEMS[name].symbol for name in result.primary] if result else [],
        fault=fault,
    )


def fields(period: Period, edition: int) -> list[str]:
    """The concentrations that this edition looks at, in the order of the form."""
    law = next(each for each in aqi.EDITIONS if each.year == edition)
    subs = law.daily if period == "daily" else law.hourly
    used = {sub.column for sub in subs} | {sub.stand_in.column for sub in subs if sub.stand_in}
    return [name for name in columns(period) if name in used]
