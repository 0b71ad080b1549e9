"""Soil 土壤: at which points is it above the screening or the intervention value?"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lantian.observations.feeds import Feeds
from lantian.observations.soil import LEVELS
from lantian.observations.soil.service import Soil, read
from lantian.web.desk import Desk
from lantian.web.measured import FeedReader, Region, reader_of, remembered
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer

PAGE = Page("soil", "/soil", "monitor", "feeds.read", "land")
router = APIRouter()


@router.get("/soil")
def page(request: Request, viewer: FeedReader, region: Region = "") -> Response:
    """Points with their last sample, those above a value first."""
    language = language_of(request)
    feeds, atlas = Feeds(viewer.platform), Desk(viewer).atlas
    codes = {
        name: {code: getattr(words, language) for code, words in feeds.feed(feed).field(name).codes.items()}
        for feed, name in (("soil_point", "use"), ("soil_sample", "item"))
    }
    found = soil_of(viewer, region)
    return render(
        request,
        "soil.html",
        found=found,
        uses=codes["use"],
        items=codes["item"],
        levels={code: words[0 if language == "zh" else 1] for code, words in LEVELS.items()},
        name=lambda code: atlas.name(code[:6], language),
        regions=sorted({one.region[:6] for one in soil_of(viewer).points} | ({region} if region else set())),
        region=region,
    )


def soil_of(viewer: Viewer, region: str = "") -> Soil:
    """The points that the viewer may see."""
    return remembered(
        viewer,
        ("soil", region),
        lambda: read(viewer.platform, reader_of(viewer), region=region or None, as_of=viewer.now),
    )
