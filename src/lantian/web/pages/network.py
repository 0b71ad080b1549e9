"""Network 监测覆盖: does every county have the stations that it must have, and where are they missing?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from lantian.observations.network import KIND_NAMES, CountyNeed, rules
from lantian.observations.network.service import Coverage, coverage
from lantian.places.geo import Box
from lantian.places.regions import ancestors_of, level_of
from lantian.places.store import PlaceStore
from lantian.web.api.outlines import outline_set
from lantian.web.desk import Desk
from lantian.web.measured import FeedReader, Region, reader_of, remembered
from lantian.web.navigation import Page
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("network", "/network", "monitor", "feeds.read", "instruments")
router = APIRouter()
LINES, BELOW = "counties", "cities"
"""Set of outlines in which counties are looked up, and the one that the map draws."""


@router.get("/network")
def page(request: Request, viewer: FeedReader, region: Region = "") -> Response:
    """Counties with too few automatic stations, cities held against HJ 664, on the clock's day."""
    language = language_of(request)
    found = coverage_of(viewer, region)
    atlas = Desk(viewer).atlas
    sizes = {one.region.code: one for one in found.cities}
    return render(
        request,
        "network.html",
        found=found,
        missing=sum(one.missing for one in found.counties),
        by_city=by_city(found),
        cities=[sizes[code] for code in sorted(sizes)],
        kinds={code: words[0 if language == "zh" else 1] for code, words in KIND_NAMES.items()},
        rules=rules(),
        map=map_spec(viewer, found.gaps, region, language) if found.gaps else None,
        region=region,
        regions=[one.region.code for one in coverage_of(viewer, "").cities],
        city=city_of,
        name=lambda code: atlas.name(code, language),
    )


def coverage_of(viewer: Viewer, region: str = "") -> Coverage:
    """What is needed and there on the clock's day, in a region or everywhere; 422 where there can be no such region."""
    try:
        level_of(region or "110000")
    except ValueError as error:
        raise HTTPException(422, f"region: {error}") from None

    def compute() -> Coverage:
        return coverage(viewer.platform, reader_of(viewer), viewer.today, within=region or None, as_of=viewer.now)

    return remembered(viewer, ("network", region), compute)


def by_city(found: Coverage) -> list[tuple[str, int, int, int]]:
    """City, counties in it, those that have enough, stations missing; the city that misses most first."""
    parts: dict[str, list[CountyNeed]] = {}
    for one in found.counties:
        parts.setdefault(city_of(one.region.code), []).append(one)
    rows = [
        (code, len(each), sum(not one.missing for one in each), sum(one.missing for one in each))
        for code, each in parts.items()
    ]
    return sorted(rows, key=lambda row: (-row[3], row[0]))


def city_of(code: str) -> str:
    """The city that a county lies in, or the region above it where there is none."""
    above = ancestors_of(code)
    return next((one for one in above if level_of(one) == "city"), above[0] if above else code)


def map_spec(viewer: Viewer, gaps: Sequence[CountyNeed], region: str, language: str) -> dict[str, Any] | None:
    """Counties with a gap as discs with the number missing; None where no outlines are loaded."""
    memory = Memory(viewer)
    try:
        outlines = outline_set(viewer, memory, LINES)
    except HTTPException:
        return None
    discs = []
    for one in gaps:
        if one.region.code not in outlines.outlines:
            continue
        box = outlines.outlines[one.region.code].box
        title = one.region.name if language == "zh" else one.region.name_en or one.region.name
        need = (
            f"需 {one.needed}，有 {len(one.stations)}" if language == "zh" else f"{len(one.stations)} of {one.needed}"
        )
        discs.append(
            {
                "key": one.region.code,
                "lon": (box.west + box.east) / 2,
                "lat": (box.south + box.north) / 2,
                "value": one.missing,
                "title": title,
                "lines": [need],
                "small": True,
            }
        )
    if not discs:
        return None
    known = {one.id for one in PlaceStore(viewer.platform.engine).outline_sets()}
    whole = BELOW in known and not region  # in one city the counties themselves are drawn
    drawn = f"/api/v1/outlines/{BELOW if whole else LINES}?step=0.004" + (f"&within={region}" if region else "")
    return {
        "bounds": list(Box.around([(disc["lon"], disc["lat"]) for disc in discs])),  # type: ignore[misc]
        "outlines": [drawn],
        "caption": outlines.caption,
        "discs": discs,
    }
