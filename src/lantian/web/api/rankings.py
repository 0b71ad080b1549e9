"""`/rankings` and `/evaluate`: places judged over a period, and ranked."""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from fastapi import Query, Response

from lantian.assessment.periods import Period, parse
from lantian.web.api.answers import TABLE, Format, refuse, resource, table_response
from lantian.web.api.questions import codes_of
from lantian.web.atlas import Listing
from lantian.web.desk import Desk
from lantian.web.security import Viewer, allow

router = resource("rankings")

Item = Literal["index", "pm25", "pm10", "so2", "no2", "co", "o3"]
COLUMN: dict[Item, str] = {
    "index": "composite_index",
    "pm25": "pm25",
    "pm10": "pm10",
    "so2": "so2",
    "no2": "no2",
    "co": "co_p95",
    "o3": "o3_8h_p90",
}
"""What is ranked by, as addresses name it, and the statistic behind it."""

Places = Annotated[list[str], Query(max_length=60, description="codes or names; one may be a group's id, as 2+26")]
Written = Annotated[
    str, Query(max_length=40, description="2016-12, 2016Q4, 2016H2, 2016, 2016AW or 2016-11-15..2016-12-16")
]
Dust = Literal["raw", "deducted"]


@router.get("/evaluate", responses=TABLE)
def evaluate(
    viewer: Annotated[Viewer, allow("air.read")],
    places: Places,
    period: Written,
    dust: Dust = "raw",
    format: Format = "json",  # noqa: A002
) -> Response:
    """Evaluate places over a period: published statistics, attainment, index, days by level, valid days, `origin`
    (published values or stations). A running period counts to the last day that is over. `dust=deducted`: particles of
    days with confirmed sand-dust are left out.
    """
    desk = Desk(viewer)
    found = desk.evaluate(places_of(desk, places), written("period", period), deducted=dust == "deducted")
    return table_response(flat(found) if format == "csv" else found, format, name="evaluate")


@router.get("/rankings", responses=TABLE)
def rankings(
    viewer: Annotated[Viewer, allow("ranking.read")],
    group: Annotated[str, Query(max_length=60, description="a group's id, or stations: and a region's code")],
    period: Written,
    item: Item = "index",
    against: Annotated[str | None, Query(max_length=40)] = None,
    reference: Annotated[str | None, Query(max_length=60)] = None,
    dust: Dust = "raw",
    format: Format = "json",  # noqa: A002
) -> Response:
    """Rank a group by `item`: the columns of `/evaluate`, `rank_<column>`, `<column>_before`, `change_<column>` in
    percent with its rank, and `against_<column>`: percent above or below the mean of the group `reference`.

    `against`: the period to compare with; left out: the same a year before. While `period` runs, the same in an earlier
    year is cut to the same days. Equal values share a rank and the next is skipped; who has no data stands last without
    one.
    """
    desk = Desk(viewer)
    found = desk.rank(
        listing_of(desk, "group", group).places,
        written("period", period),
        by=COLUMN[item],
        against=None if against is None else written("against", against),
        reference=() if reference is None else listing_of(desk, "reference", reference).places,
        deducted=dust == "deducted",
    )
    return table_response(flat(found) if format == "csv" else found, format, name="rankings")


def places_of(desk: Desk, texts: list[str]) -> list[str]:
    """Codes of places given by code, name or group. Raises RequestValidationError for one that nobody knows."""
    known = {group.id: group.places for group in desk.atlas.groups}
    rest = [text for text in texts if text not in known]
    codes = [*(code for text in texts if text in known for code in known[text]), *codes_of(rest, desk.judge.places)]
    return list(dict.fromkeys(codes))


def listing_of(desk: Desk, parameter: str, listing_id: str) -> Listing:
    """A list by its id. Raises RequestValidationError for one that nobody knows."""
    try:
        return desk.atlas.listing(listing_id)
    except LookupError as error:
        raise refuse(parameter, listing_id, str(error)) from None


def written(parameter: str, text: str) -> Period:
    """A written period. Raises RequestValidationError for what is none."""
    try:
        return parse(text)
    except ValueError as error:
        raise refuse(parameter, text, str(error)) from None


def flat(table: pl.DataFrame) -> pl.DataFrame:
    """The same with `primary_days` as text (`pm25 12`), which a CSV can hold."""
    if "primary_days" not in table.columns:
        return table
    each = pl.element()
    text = pl.concat_str(each.struct.field("item"), each.struct.field("days").cast(pl.String), separator=" ")
    return table.with_columns(pl.col("primary_days").list.eval(text))
