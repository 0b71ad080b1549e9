"""Calculator 计算器: is this one figure right? AQI by either edition and the composite index, every step shown."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from lantian.standards import aqi, indices
from lantian.standards.codes import ITEMS
from lantian.standards.frames import StandardsError
from lantian.web.api.calc import Given, Period, Statistics, User, columns, compose, judge, measured
from lantian.web.navigation import Page
from lantian.web.pages.aqi_steps import steps
from lantian.web.pages.index_steps import index_steps
from lantian.web.render import language_of, render

PAGE = Page("calculator", "/calculator", "assess", "calc.use")
router = APIRouter()
Text = Annotated[str, Query(max_length=40)]


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


@router.get("/calculator/index")
def index_page(request: Request, viewer: User, given: Statistics, variant: Text = "") -> Response:
    """Show the form of the composite index and, as soon as there is a value, every variant with its steps."""
    known = [each.name for each in indices.VARIANTS.values() if not each.percentiles]
    chosen = variant if variant in known else indices.variants_on(viewer.today)[0].name
    results, fault = {}, ""
    try:
        results = {name: compose(given, variant=name) for name in known} if given else {}
    except StandardsError as error:
        fault = str(error)
    return render(
        request,
        "calculator_index.html",
        page_name="calculator",
        items=[ITEMS[name] for name in indices.POLLUTANTS],
        given=given,
        chosen=chosen,
        known=known,
        results=results,
        steps=index_steps(results[chosen], given) if results else [],
        symbols={name: item.symbol for name, item in ITEMS.items()},
        missing=[name for name in indices.POLLUTANTS if name not in given],
        names=lambda names: ("、" if language_of(request) == "zh" else ", ").join(ITEMS[name].symbol for name in names),
        fault=fault,
    )


def fields(period: Period, edition: int) -> list[str]:
    """The concentrations that this edition looks at, in the order of the form."""
    law = next(each for each in aqi.EDITIONS if each.year == edition)
    subs = law.daily if period == "daily" else law.hourly
    used = {sub.column for sub in subs} | {sub.stand_in.column for sub in subs if sub.stand_in}
    return [name for name in columns(period) if name in used]
