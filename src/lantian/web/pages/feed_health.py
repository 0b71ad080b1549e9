"""Feed health 数据时效墙: which feeds are on time, which are late, which have gone silent?"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Request, Response

from lantian.observations.feeds import Feeds
from lantian.standards.departments import DEPARTMENTS
from lantian.web.feed_rights import when
from lantian.web.navigation import Page
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("feed_health", "/feeds/health", "monitor", "feeds.read", "shared")
router = APIRouter()
ORDER = ("stale", "late", "empty", "fresh")


@router.get("/feeds/health")
def page(request: Request, viewer: Annotated[Viewer, allow("feeds.read")]) -> Response:
    """All feeds with an update rule, those in trouble first."""
    language, feeds = language_of(request), Feeds(viewer.platform)
    known = feeds.all()
    rows = Memory(viewer)(("feed health",), lambda: feeds.freshness(viewer.now).to_dicts())
    shown = sorted(
        (row for row in rows if row["feed"] in known), key=lambda row: (ORDER.index(row["state"]), row["feed"])
    )
    return render(
        request,
        "feed_health.html",
        page_name="feed_health",
        rows=[(known[row["feed"]], row) for row in shown],
        counts=Counter(row["state"] for row in shown),
        when=when,
        owner=lambda code: DEPARTMENTS[code].zh if language == "zh" else DEPARTMENTS[code].en,
        ago=lambda moment: (viewer.now - moment).total_seconds(),
    )
