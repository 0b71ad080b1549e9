"""`/episodes`: runs of polluted days with at least one heavy day."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response

from lantian.web.api.answers import TABLE, Format, resource, table_response
from lantian.web.api.rankings import Places, Written, places_of, written
from lantian.web.desk import Desk
from lantian.web.security import Viewer, allow

router = resource("episodes")


@router.get("/episodes", responses=TABLE)
def episodes(
    viewer: Annotated[Viewer, allow("episodes.read")],
    places: Places,
    period: Written,
    format: Format = "json",  # noqa: A002
) -> Response:
    """Episodes of places in a period: `place, start, end, days, heavy_days, peak_aqi, peak_date, mean_pm25, primary`.

    An episode is a run of days with an AQI over 100, at least one of them over 200; a day without AQI ends it.
    """
    desk = Desk(viewer)
    return table_response(desk.episodes(places_of(desk, places), written("period", period)), format, name="episodes")
