"""Water 地表水: of which class were the sections in a month, what exceeded, and who reached what was aimed at?"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from lantian.observations.water import WORSE, SectionMonth, law, roman, shares
from lantian.observations.water.law import CLASSES
from lantian.observations.water.service import WaterYear, read, step
from lantian.web.desk import Desk
from lantian.web.drawing import Bar, ColumnChart, column_chart
from lantian.web.measured import FeedReader, Month, Region, month_of, month_words, reader_of, remembered
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("water", "/water", "monitor", "feeds.read", "land")
router = APIRouter()
MONTHS = 12
"""Months of the course."""


@router.get("/water")
def page(
    request: Request,
    viewer: FeedReader,
    month: Month = "",
    region: Region = "",
    section: Annotated[str, Query(max_length=30)] = "",
) -> Response:
    """Sections of a month by class, the exceeding items, and the course of twelve months."""
    language = language_of(request)
    year, chosen = year_of(viewer, month, region)
    rows = sorted(year.of(chosen), key=lambda one: (-(one.judgement.grade or 0), one.section))
    judged, good, worse = shares(rows)
    aimed = [one.judgement.met for one in rows if one.judgement.met is not None]
    atlas = Desk(viewer).atlas
    open_ = next((one for one in rows if one.section == section), None)
    return render(
        request,
        "water.html",
        month=chosen,
        month_text=month_words(chosen, language),
        before=f"{step(chosen, -1):%Y-%m}",
        after=f"{step(chosen, 1):%Y-%m}" if chosen < viewer.today.replace(day=1) else "",
        rows=rows,
        year=year,
        judged=judged,
        good=good,
        worse=worse,
        met=sum(aimed),
        aimed=len(aimed),
        chart=_chart(rows, language),
        course=[step(chosen, number) for number in range(1 - MONTHS, 1)],
        chosen=open_,
        over_by={one.item: one for one in open_.judgement.exceeding} if open_ else {},
        months_of=lambda code: {one.month: one for one in year.course(code)},
        law=law(),
        roman=lambda grade: roman(grade, language),
        word=lambda grade: law().word(grade, language),
        item=lambda code: getattr(law().items[code], language),
        name=lambda code: atlas.name(code[:6], language),
        regions=_regions(year, region),
        region=region,
    )


def year_of(viewer: Viewer, month: str = "", region: str = "") -> tuple[WaterYear, date]:
    """The year that ends with a month, and that month; without one the newest of which anything is known."""
    last = month_of(month, viewer.today)

    def answer(day: date) -> WaterYear:
        return remembered(
            viewer,
            ("water", day, region),
            lambda: read(viewer.platform, reader_of(viewer), day, back=MONTHS, region=region or None, as_of=viewer.now),
        )

    year = answer(last)
    if month or year.newest is None or year.newest == last:
        return year, last
    return answer(year.newest), year.newest


def _chart(rows: list[SectionMonth], language: str) -> ColumnChart:
    counts = {grade: sum(one.judgement.grade == grade for one in rows) for grade in (*CLASSES, WORSE)}
    return column_chart(
        [
            Bar(roman(grade, language), float(n), str(n), style="accent" if grade <= 3 else "ink")
            for grade, n in counts.items()
        ],
        plot=110,
    )


def _regions(year: WaterYear, chosen: str) -> list[str]:
    found: set[Any] = {one.region[:6] for one in year.sections.values()}
    return sorted(found | ({chosen} if chosen else set()))
