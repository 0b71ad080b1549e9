"""Maps of sites, gates and fires: discs on the outlines of the counties around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lantian.places.regions import ancestors_of
from lantian.places.store import PlaceStore
from lantian.web.security import Viewer

LINES = "counties"
STEP = 0.004
_MARGIN = 0.08


def spec(viewer: Viewer, discs: Sequence[dict[str, Any]], regions: Sequence[str]) -> dict[str, Any] | None:
    """What map.js draws: discs (`lon, lat, value, title, lines, href`), outlines of the counties of the same city.

    None where there is nothing to draw.
    """
    placed = [one for one in discs if one["lon"] is not None and one["lat"] is not None]
    if not placed:
        return None
    lons, lats = [one["lon"] for one in placed], [one["lat"] for one in placed]
    made: dict[str, Any] = {
        "bounds": [min(lons) - _MARGIN, min(lats) - _MARGIN, max(lons) + _MARGIN, max(lats) + _MARGIN],
        "outlines": [],
        "discs": placed,
    }
    sets = {one.id: one for one in PlaceStore(viewer.platform.engine).outline_sets()}
    if LINES in sets:
        made["caption"] = sets[LINES].caption
        cities = sorted({[region, *ancestors_of(region)][-1] for region in regions if region})
        within = f"&within={cities[0]}" if len(cities) == 1 else ""
        made["outlines"].append(f"/api/v1/outlines/{LINES}?step={STEP}{within}")
    return made
