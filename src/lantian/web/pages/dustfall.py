"""Dustfall 降尘: how much fell in a month, in which counties too much, and which weighings cannot be right?"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lantian.observations.dustfall import attainment, rules
from lantian.observations.dustfall.service import DustfallYear, read
from lantian.observations.water.service import step
from lantian.standards.rounding import half_even
from lantian.web.desk import Desk
from lantian.web.drawing import Bar, column_chart
from lantian.web.measured import FeedReader, Month, Region, month_of, month_words, reader_of, remembered
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("dustfall", "/dustfall", "monitor", "feeds.read", "land")
router = APIRouter()


@router.get("/dustfall")
def page(
    request: Request,
    viewer: FeedReader,
    month: Month = "",
    region: Region = "",
    county: Annotated[str, Query(max_length=9)] = "",
) -> Response:
    """Counties of a month by dustfall, the sites below them, and what was left out."""
    language = language_of(request)
    year, chosen = year_of(viewer, month, region)
    atlas = Desk(viewer).atlas
    rows, sites = year.ranked(chosen), year.of(chosen)
    met, known, share = attainment(rows)
    values = [one.exact for one in sites if one.exact is not None]
    mean = half_even(sum(values) / len(values), rules().decimals) if values else None
    before = {one.region: one.value for one in year.ranked(step(chosen, -12))}
    bars = [
        Bar(
            atlas.short(one.region, language),
            float(one.value),
            str(one.value),
            style="accent" if one.region == county else "ink",
            title=f"{atlas.name(one.region, language)} {one.value}",
            mark=float(before[one.region]) if one.region in before else None,
        )
        for one in rows
    ]
    return render(
        request,
        "dustfall.html",
        month=chosen,
        month_text=month_words(chosen, language),
        before=f"{step(chosen, -1):%Y-%m}",
        after=f"{step(chosen, 1):%Y-%m}" if chosen < viewer.today.replace(day=1) else "",
        rows=rows,
        sites=[one for one in sites if not county or one.site.region == county],
        wrong=[one for one in sites if one.wrong],
        mean=mean,
        met=met,
        known=known,
        share=share,
        before_values=before,
        chart=column_chart(bars, plot=150, limit=(float(rules().plain), f"{rules().plain}")) if rows else None,
        rules=rules(),
        county=county,
        region=region,
        year=year,
        name=lambda code: atlas.name(code, language),
    )


def year_of(viewer: Viewer, month: str = "", region: str = "") -> tuple[DustfallYear, date]:
    """Thirteen months that end with one, and that one; without one the newest for which anything was weighed."""
    last = month_of(month, viewer.today)

    def answer(day: date) -> DustfallYear:
        return remembered(
            viewer,
            ("dustfall", day, region),
            lambda: read(
                viewer.platform,
                reader_of(viewer),
                step(day, -12),
                step(day, 1),
                region=region or None,
                as_of=viewer.now,
            ),
        )

    year = answer(last)
    if month or year.newest is None or year.newest == last:
        return year, last
    return answer(year.newest), year.newest
