"""A page of the tests: every part that pages are made of, with made-up numbers; the smallest example of a page."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from lantian.standards import aqi
from lantian.web.navigation import Page
from lantian.web.render import render
from lantian.web.security import Viewer, allow

PAGE = Page("demo", "/demo", "monitor", "air.read")
router = APIRouter()

HOURS = [f"2016-12-16T{hour:02d}:00:00Z" for hour in range(12)]
VALUES = [35, 80, 120, None, None, 260, 310, 280, 150, 90, 60, 40]


@router.get("/demo")
def page(request: Request, viewer: Annotated[Viewer, allow("air.read")]) -> Response:
    """Show them."""
    chart = {
        "title": "PM2.5",
        "unit": "μg/m³",
        "series": [{"name": "PM2.5", "points": list(zip(HOURS, VALUES, strict=True))}],
        "bands": [
            {"low": 0, "high": 35, "level": 1},
            {"low": 35, "high": 75, "level": 2},
            {"low": 75, "high": None, "level": 3},
        ],
        "coverage": {
            "name": "coverage",
            "points": [[hour, 0.0 if value is None else 1.0] for hour, value in zip(HOURS, VALUES, strict=True)],
        },
        "now": viewer.now.isoformat(),
    }
    ring = [[115.4, 39.4], [117.5, 39.4], [117.5, 41.1], [115.4, 41.1], [115.4, 39.4]]
    place = {
        "bounds": [115.4, 39.4, 117.5, 41.1],
        "outlines": {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}},
        "approval": "GS(2016)0000",
        "discs": [
            {"lon": 116.40, "lat": 39.93, "value": 312, "level": 6, "title": "东四", "lines": ["PM2.5 262"]},
            {"lon": 116.41, "lat": 39.93, "value": 120, "level": 3, "title": "太近的"},
            {"lon": 116.23, "lat": 40.22, "value": None, "level": None, "title": "昌平"},
        ],
    }
    return render(request, "demo.html", chart=chart, place=place, levels=aqi.LEVELS)
