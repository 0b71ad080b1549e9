"""Now 现在: how is the air at this moment, and where is it worst? Map and table of every station's last hour and every
city's last published day.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.places.geo import Box
from lantian.places.regions import ancestors_of, level_of
from lantian.places.store import PlaceStore
from lantian.standards import aqi
from lantian.standards.codes import ITEMS
from lantian.web.api.now import Reader
from lantian.web.api.outlines import outline_set
from lantian.web.navigation import Page
from lantian.web.pages.spots import SHOWN, Shown, Spot, cities, day_text, hour_text, namer, stations
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("now", "/now", "monitor", "air.read")
router = APIRouter()
View = Literal["stations", "cities"]

TERRAIN = Path("places") / "terrain.nc"
SHADE_WIDTH = 1400
"""Pixels; the map is seldom wider, and the relief is soft."""
MARGIN = 2.0
"""Degrees of relief beyond the outlines."""
STEP = 0.004
"""Degrees, about 400 m: below a pixel in every view but the closest, at a third of the bytes."""
SPLIT = 7.4
"""Zoom from which a city gives way to its stations."""
AREAS, LINES = "cities", "counties"
"""Outline sets drawn on the map, the first one stronger."""


@router.get("/now")
def page(
    request: Request,
    viewer: Reader,
    item: Shown = "aqi",
    view: View | None = None,
    place: Annotated[str | None, Query(max_length=20)] = None,
) -> Response:
    """Show the map, the panel of one place (the worst, if none is named) and the same as tables."""
    language = language_of(request)
    now, published = stations(viewer, language), cities(viewer, language)
    both = [*now, *published]
    chosen = next((spot for spot in both if spot.code == place), both[0] if both else None)
    view = view or ("stations" if now else "cities")
    return render(
        request,
        "now.html",
        **words(language, now, published),
        stations=now,
        cities=published,
        chosen=chosen,
        item=item,
        view=view,
        shown=SHOWN,
        items=ITEMS,
        pollutants=SHOWN[1:],
        levels=aqi.LEVELS,
        region=namer(viewer, language),
        map=map_spec(viewer, both, view) if both else None,
        discs=[disc(spot, item, {city_of(one) for one in now}) for spot in both if spot.row["lon"] is not None],
    )


@router.get("/now/place/{code}")
def panel(request: Request, viewer: Reader, code: str) -> Response:
    """The panel of one place, as a fragment."""
    language = language_of(request)
    spot = next((s for s in (*stations(viewer, language), *cities(viewer, language)) if s.code == code), None)
    if spot is None:
        raise HTTPException(404, f"{code}: no values of the last day")
    return render(
        request,
        "now_panel.html",
        **words(language, [spot], [spot]),
        chosen=spot,
        items=ITEMS,
        pollutants=SHOWN[1:],
        levels=aqi.LEVELS,
        region=namer(viewer, language),
    )


@router.get("/now/shade.png")
def shade(viewer: Reader) -> Response:
    """The relief below the map, as large as the outlines; its address changes with the terrain file, so browsers keep
    it.
    """
    memory = Memory(viewer)
    ground = area(viewer, memory)
    path = viewer.platform.home / TERRAIN
    if ground is None or not path.exists():
        raise HTTPException(404, "no terrain is loaded (docs/places.md)")

    def draw() -> bytes:
        from lantian.places.terrain import Terrain  # brings xarray, two seconds that no other page needs

        terrain = Terrain.open(path)
        return terrain.shade(around(ground), SHADE_WIDTH)

    picture = memory(("shade", path.stat().st_mtime_ns, ground), draw, timeless=True)
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, max-age=31536000, immutable"})


def words(language: str, now: list[Spot], published: list[Spot]) -> dict[str, Any]:
    """The times of the values in words, None where there are none."""
    hourly = next((spot for spot in now if spot.hourly), None)
    daily = max((spot.day for spot in published if not spot.hourly), default=None)
    return {
        "hour": hourly and hour_text(hourly.row["time"], language),
        "hour_start": hourly and hourly.row["time"],
        "published": daily and day_text(daily, language),
        "published_day": daily,
        "day_text": lambda day: day_text(day, language),
    }


def area(viewer: Viewer, memory: Memory) -> Box | None:
    """The box around the outlines of the map; None where no outlines are loaded."""
    try:
        return outline_set(viewer, memory, AREAS).box
    except (HTTPException, ValueError):
        return None


def around(box: Box) -> tuple[float, float, float, float]:
    """A box with a margin, so that the relief goes on beyond the outlines."""
    return box.west - MARGIN, box.south - MARGIN, box.east + MARGIN, box.north + MARGIN


def map_spec(viewer: Viewer, spots: list[Spot], view: View) -> dict[str, Any]:
    """What map.js draws below the discs, and the two views that the reader can choose."""
    memory = Memory(viewer)
    placed = [(s.row["lon"], s.row["lat"]) for s in spots if s.row["lon"] is not None]
    near = [(s.row["lon"], s.row["lat"]) for s in spots if s.hourly] or placed
    everything = area(viewer, memory) or Box.around(placed)
    views = {"stations": list(Box.around(near)), "cities": list(everything)}
    spec: dict[str, Any] = {"bounds": views[view], "views": views, "outlines": []}
    sets = {one.id: one for one in PlaceStore(viewer.platform.engine).outline_sets()}
    for name in (AREAS, LINES):
        if name in sets:
            spec["outlines"].append(f"/api/v1/outlines/{name}?step={STEP}{_within(spots) if name == LINES else ''}")
            spec.setdefault("caption", sets[name].caption)
    path = viewer.platform.home / TERRAIN
    if path.exists():
        spec["shade"] = {"url": f"/now/shade.png?v={path.stat().st_mtime_ns:x}", "bbox": around(everything)}
    return spec


def _within(spots: list[Spot]) -> str:
    """Counties are drawn only in the city whose stations are shown; in all 28 they would be a grey web."""
    found = next((city_of(spot) for spot in spots if spot.hourly), None)
    return f"&within={found}" if found else ""


def city_of(spot: Spot) -> str | None:
    """The city that a station stands in."""
    above = (spot.row["region"], *ancestors_of(spot.row["region"]))
    return next((code for code in above if level_of(code) == "city"), None)


def disc(spot: Spot, item: Shown, housed: set[str | None]) -> dict[str, Any]:
    """A place as map.js draws it: stations are discs, cities squares. A city whose stations are shown gives way to them
    when the reader comes near; the stations give way to it from afar.
    """
    near = spot.hourly
    scale = {"from": SPLIT} if near else {"to": SPLIT} if spot.code in housed else {}
    level = spot.level(item)
    return {
        "key": spot.code,
        "lon": spot.row["lon"],
        "lat": spot.row["lat"],
        "value": spot.text(item),
        "level": level,
        "title": spot.name,
        "square": not near,
        **scale,
    }
