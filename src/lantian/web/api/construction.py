"""`/construction`: sites by rank, and each mean beside its limit."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from fastapi import HTTPException, Query, Response

from lantian.observations.construction.exceedance import VERDICTS
from lantian.observations.construction.service import Construction
from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.pages.construction import standing
from lantian.web.remember import Memory
from lantian.web.security import Viewer, allow

router = resource("construction")
Reader = Annotated[Viewer, allow("alerts.read")]

COLUMNS: dict[str, Any] = {
    "rank": pl.Int64, "site": pl.String, "name": pl.String, "region": pl.String, "lon": pl.Float64, "lat": pl.Float64,
    "phase": pl.String, "rule": pl.String, "pm10": pl.Float64, "tsp": pl.Float64, "at": pl.Datetime("us", "UTC"),
    "exceedances": pl.Int64, "violations": pl.Int64, "score": pl.Float64, "missing": pl.List(pl.String),
    "camera": pl.String, "example": pl.Boolean,
}  # fmt: skip
"""The columns of the table of sites."""


@router.get("/construction/sites", responses=TABLE)
def sites(viewer: Reader, format: Format = "json") -> Response:  # noqa: A002
    """Sites of the reader's regions by rank: live PM10 and TSP (ug/m3), exceedances since yesterday 00:00 in Beijing,
    those beyond what a day may have (`violations`), the score of the last check and which points are missing.
    """
    rows = [
        {
            "rank": rank, "site": one.site.id, "name": one.site.name, "region": one.site.region, "lon": one.site.lon,
            "lat": one.site.lat, "phase": one.site.phase, "rule": one.rule.code if one.rule else None,
            "pm10": one.live.get("pm10"), "tsp": one.live.get("tsp"), "at": one.at, "exceedances": one.exceedances,
            "violations": one.violations, "score": one.percent,
            "missing": [point.code for point in one.checks[0].score.missing] if one.checks else None,
            "camera": one.site.camera, "example": one.site.example,
        }
        for rank, one in enumerate(standing(viewer, Construction(viewer.platform)), 1)
    ]  # fmt: skip
    return table_response(pl.DataFrame(rows, schema=COLUMNS, orient="row"), format, name="sites")


@router.get("/construction/verdicts", responses=TABLE)
def verdicts(
    viewer: Reader,
    site: Annotated[str, Query(max_length=40, description="one site: a week; empty: all, since yesterday")] = "",
    format: Format = "json",  # noqa: A002
) -> Response:
    """Each mean of the rule that holds, beside its limit: `value`, `background`, what is `compared`, in ug/m3, `count`
    of the natural day. `exceeds` is null where it could not be judged.
    """
    construction = Construction(viewer.platform)
    if not site:
        held = [one.verdicts for one in standing(viewer, construction)]
        return table_response(pl.concat(held) if held else pl.DataFrame(schema=VERDICTS), format, name="verdicts")
    try:
        found = Memory(viewer)(("construction site", site), lambda: construction.file(site, viewer.now))
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if not viewer.may("alerts.read", found.site.region):
        raise HTTPException(404, f"there is no construction site {site!r} for {viewer.account.login}")
    return table_response(found.verdicts, format, name="verdicts")
