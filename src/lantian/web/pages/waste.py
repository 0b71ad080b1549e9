"""Waste 危废联单: which manifests left and never arrived, and where does every other stand?"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter, Request, Response

from lantian.observations.waste import STATES, Standing, rules
from lantian.observations.waste.service import ledger
from lantian.web.desk import Desk
from lantian.web.measured import FeedReader, Region, reader_of, remembered, short
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("waste", "/waste", "monitor", "feeds.read", "land")
router = APIRouter()

ROWS = 300
"""Manifests on a page; the newest of each state."""

DAYS = 90
"""Manifests filled longer ago that are no longer under way are left to the feed's own page."""

Wanted = Literal["", "planned", "dispatched", "overdue", "arrived", "difference", "refused"]


@router.get("/waste")
def page(request: Request, viewer: FeedReader, state: Wanted = "", region: Region = "") -> Response:
    """The ledger of manifests: those that never arrived first, then what differs, was refused, is on its way."""
    language = language_of(request)
    found = recent(viewer, region)
    rows = [one for one in found if not state or one.state == state]
    atlas = Desk(viewer).atlas
    regions = {str(one.row["region"])[:6] for one in found} | ({region} if region else set())
    return render(
        request,
        "waste.html",
        short=short,
        rows=rows[:ROWS],
        more=max(0, len(rows) - ROWS),
        counts=Counter(one.state for one in found),
        states={code: words[0 if language == "zh" else 1] for code, words in STATES.items()},
        state=state,
        region=region,
        regions=sorted(regions),
        rules=rules(),
        days=DAYS,
        name=lambda code: atlas.name(str(code or "")[:6], language) if code else "",
    )


def recent(viewer: Viewer, region: str = "") -> list[Standing]:
    """The viewer's manifests: those filled in the last days, and of the older ones those that are under way."""
    since = viewer.today - timedelta(days=DAYS)
    return remembered(
        viewer,
        ("waste", region),
        lambda: ledger(viewer.platform, reader_of(viewer), viewer.now, since=since, region=region or None),
    )
