"""Ranking 排名: where does each place stand, how did it change on the year, how far is it from the others?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.assessment import ranking
from lantian.assessment.periods import holding
from lantian.standards import indices
from lantian.standards.codes import ITEMS
from lantian.web.api.rankings import COLUMN, Item
from lantian.web.atlas import Listing
from lantian.web.desk import Desk
from lantian.web.drawing import Bar, ColumnChart, column_chart
from lantian.web.figures import digits
from lantian.web.navigation import Page
from lantian.web.pages.spans import Span, run_words, span_of, words
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("ranking", "/ranking", "assess", "ranking.read")
router = APIRouter()
Text = Annotated[str, Query(max_length=60)]

DAILY = {"co": "co", "o3": "o3_8h"}
"""The daily item that a statistic rests on, where it is called differently."""
LAST = (3, 5, 10)
_NONE = "none"


@dataclass(frozen=True)
class Asked:
    """What the address asks for, read and found."""

    listing: Listing
    span: Span
    item: Item
    reference: Listing | None
    usual_reference: bool
    last: int
    deducted: bool
    by_office: bool
    place: str

    @property
    def column(self) -> str:
        """The statistic ranked by."""
        return COLUMN[self.item]


@router.get("/ranking")
def page(
    request: Request,
    viewer: Annotated[Viewer, allow("ranking.read")],
    group: Text = "",
    period: Text = "",
    item: Item = "index",
    reference: Text = "",
    last: Annotated[int, Query(ge=1, le=50)] = 5,
    dust: Literal["raw", "deducted"] = "raw",
    order: Literal["rank", "office"] = "rank",
    place: Text = "",
) -> Response:
    """Show a ranking.

    `group`: a group's id or `stations:<region>`; `period`: as `assessment.periods.parse` reads it; `reference`: with
    which list's mean each is compared, or `none`; `place`: the one spoken of; `dust=deducted`: without confirmed
    sand-dust; `order=office`: rows in the office's order.
    """
    desk, language = Desk(viewer), language_of(request)
    if not desk.atlas.groups:
        return render(request, "ranking.html", asked=None, fault="")
    try:
        asked = _asked(desk, group, period, item, reference, last, dust == "deducted", order == "office", place)
    except (LookupError, ValueError) as error:
        raise HTTPException(422, str(error)) from None
    ranked = desk.rank(
        asked.listing.places,
        asked.span.period,
        by=asked.column,
        reference=asked.reference.places if asked.reference else (),
        deducted=asked.deducted,
    )
    known = (
        ranked.filter(pl.col(f"rank_{asked.column}").is_not_null())
        if asked.column in ranked.columns
        else ranked.clear()
    )
    rows = [_row(each, asked, desk, language) for each in known.to_dicts()]
    focus = next((row for row in rows if row["place"] == asked.place), None)
    order_of = {code: number for number, code in enumerate(asked.listing.places)}
    return render(
        request,
        "ranking.html",
        fault="",
        asked=asked,
        listings=desk.listings,
        items=tuple(COLUMN),
        last_choices=LAST,
        rows=sorted(rows, key=lambda row: order_of[row["place"]]) if asked.by_office else rows,
        focus=focus,
        changed=sum(row["change"] is not None for row in rows),
        absent=[desk.atlas.name(code, language) for code in asked.listing.places if code not in set(known["place"])],
        worst=[next(row for row in rows if row["place"] == code) for code in _worst(known, asked)],
        chart=_chart(rows, focus, request),
        basis=_basis(desk, asked, known, language),
        before=asked.span.known.year_before() if asked.span.known else None,
        words=lambda span, cut=None: words(span, language, cut),
        symbol=_symbol(asked.item),
        unit=ITEMS[_published(asked.item)].printed_unit,
        statistics=[(name, _symbol(name), ITEMS[_published(name)].printed_unit) for name in COLUMN if name != "index"],
        weighted=any(row["weighted"] for row in rows),
        digits=lambda name, value: digits(_published(name), value),
        reference_value=focus and focus["reference"],
    )


def _asked(
    desk: Desk,
    group: str,
    period: str,
    item: Item,
    reference: str,
    last: int,
    deducted: bool,
    by_office: bool,
    place: str,
) -> Asked:
    atlas = desk.atlas
    listing = atlas.listing(group) if group else atlas.groups[0]
    against = None if reference == _NONE else atlas.listing(reference) if reference else atlas.counties_of(listing)
    span = span_of(period, desk.last_day, holding(desk.viewer.today, "month"))
    if span.known is None and not period:  # the first hours of a month: the month before is what there is
        span = span_of(span.before.label, desk.last_day, span.before)
    chosen = place if place in listing.places else desk.home if desk.home in listing.places else listing.places[0]
    return Asked(listing, span, item, against, not reference, last, deducted, by_office, chosen)


def _row(row: dict[str, Any], asked: Asked, desk: Desk, language: str) -> dict[str, Any]:
    """One place as the table prints it."""
    column, daily = asked.column, DAILY.get(asked.item, asked.item)
    counted = [row[f"n_{name}"] for name in ("so2", "no2", "pm10", "pm25", "co", "o3_8h")]
    enough = [row[f"valid_{name}"] for name in ("so2", "no2", "pm10", "pm25", "co", "o3_8h")]
    name = desk.atlas.names.get(row["place"])
    return {
        "place": row["place"],
        "name": desk.atlas.name(row["place"], language),
        "short": desk.atlas.short(row["place"], language),
        "example": name.example if name else False,
        "rank": row[f"rank_{column}"],
        "value": row[column],
        "text": digits(_published(asked.item), row[column]),
        "before": row[f"{column}_before"],
        "before_text": digits(_published(asked.item), row[f"{column}_before"]),
        "change": row[f"change_{column}"],
        "change_rank": row[f"rank_change_{column}"],
        "against": row.get(f"against_{column}"),
        "reference": row.get(f"reference_{column}"),
        "statistics": {key: row[COLUMN[key]] for key in COLUMN},
        "weighted": row["composite_index_weighted"],
        "max_index": row["max_index"],
        "max_items": [ITEMS[item].symbol for item in row["max_items"] or ()],
        "good_share": row["good_day_share"],
        "heavy": row["heavy_days"],
        "counted": min(counted) if asked.item == "index" else row[f"n_{daily}"],
        "enough": (None if None in enough else all(enough)) if asked.item == "index" else row[f"valid_{daily}"],
        "origin": row["origin"],
    }


def _worst(known: pl.DataFrame, asked: Asked) -> list[str]:
    if asked.column not in known.columns:
        return []
    return list(ranking.last(known, asked.last, asked.column)["place"])


def _chart(rows: Sequence[dict[str, Any]], focus: dict[str, Any] | None, request: Request) -> ColumnChart | None:
    if not rows:
        return None
    bars = [
        Bar(
            name=row["short"],
            value=row["value"],
            text=row["text"],
            mark=row["before"],
            style="accent" if row is focus else "ink",
            title=f"{row['rank']}. {row['name']} {row['text']}"
            + (f" ({row['before_text']})" if row["before"] is not None else ""),
            href=str(request.url.include_query_params(place=row["place"]).replace(scheme="", netloc="")),
        )
        for row in rows
    ]
    return column_chart(bars)


def _basis(desk: Desk, asked: Asked, known: pl.DataFrame, language: str) -> dict[str, Any]:
    """On what the figures rest: published values or stations, raw or reviewed, and the variant of the index."""
    variant = indices.VARIANTS[known["index_variant"][0]] if known.height else None
    part = asked.span.known
    splice = desk.splice(asked.listing.places, part) if part and known.height else pl.DataFrame()
    year = asked.span.period.start.year
    grades = []
    if splice.height:
        spans = splice.group_by("grade").agg(pl.col("first").min(), pl.col("last").max()).sort("first", "grade")
        grades = [(row["grade"], run_words(row["first"], row["last"], language, year)) for row in spans.to_dicts()]
    origins = known.group_by("origin").len().sort("len", descending=True).rows() if known.height else []
    caveats = desk.caveats(asked.listing.places, part, language) if part and known.height else []
    return {"variant": variant, "grades": grades, "origins": origins, "caveats": caveats}


def _published(item: Item) -> str:
    """The entry of the item registry that gives a statistic its digits and unit."""
    return {"index": "composite_index", "o3": "o3_8h"}.get(item, item)


def _symbol(item: Item) -> str:
    return {"index": "I", "co": "CO-95per", "o3": "O3-8h-90per"}.get(item, ITEMS[_published(item)].symbol)
