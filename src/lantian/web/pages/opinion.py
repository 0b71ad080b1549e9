"""Public opinion 舆情: what do people write about, what is more than usual, and how do we answer?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from lantian.disclosure.opinion import files
from lantian.disclosure.opinion.service import OTHER, Look, Opinion, OpinionError
from lantian.kernel.said import in_language
from lantian.supervision.listing import ListError
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow
from lantian.web.uploads import uploaded

PAGE = Page("opinion", "/opinion", "publish", "opinion.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("opinion.read")]
Editor = Annotated[Viewer, allow("publishing.edit")]
Text = Annotated[str, Query(max_length=60)]
SHOWN = 40
"""Messages and groups listed."""


@router.get("/opinion")
def page(request: Request, viewer: Reader, topic: Text = "", region: Text = "", q: Text = "") -> Response:
    """Show topics, alarms, new words, groups, messages of one topic, stock answers."""
    return _page(request, viewer, topic, region, q)


@router.post("/opinion/import")
def take_in(request: Request, viewer: Editor, file: UploadFile) -> Response:
    """Take a list of messages."""
    try:
        with uploaded(file) as path:
            sent = files.read(path)
        new = Opinion(viewer.platform).take_in(sent, viewer.account.actor, example=viewer.platform.settings.example)
    except (ListError, OpinionError) as error:
        return _page(request, viewer, "", "", "", fault=in_language(error, language_of(request)))
    return RedirectResponse(f"/opinion?{urlencode({'q': ''})}#new-{new}", 303)


@router.post("/opinion/stock")
def put(
    request: Request,
    viewer: Editor,
    topic: Annotated[str, Form(max_length=40)],
    title: Annotated[str, Form(max_length=200)],
    text: Annotated[str, Form(max_length=4000)],
) -> Response:
    """Keep a stock answer."""
    try:
        Opinion(viewer.platform).put_stock(topic, title, text, viewer.account.actor)
    except OpinionError as error:
        return _page(request, viewer, "", "", "", fault=in_language(error, language_of(request)))
    return RedirectResponse(f"/opinion?{urlencode({'topic': topic})}#stock", 303)


@router.post("/opinion/stock/{key}/retire")
def retire(viewer: Editor, key: int) -> Response:
    """Take a stock answer out of use."""
    try:
        Opinion(viewer.platform).retire_stock(key, viewer.account.actor)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    return RedirectResponse("/opinion#stock", 303)


def _page(request: Request, viewer: Viewer, topic: str, region: str, q: str, fault: str = "") -> Response:
    desk, language = Opinion(viewer.platform), language_of(request)
    if topic and topic not in desk.topics.all:
        raise HTTPException(404, f"topic {topic!r}: expected one of {', '.join(desk.topics.all)}")
    found: Look = Memory(viewer)("opinion", lambda: desk.look(viewer.now))
    atlas = Desk(viewer).atlas
    shown = [one for one in found.messages if topic in ("", *one.topics) and region in ("", one.region)]
    return render(
        request,
        "opinion.html",
        status=422 if fault else 200,
        look=found,
        topic=topic,
        region=region,
        asked=q,
        fault=fault,
        topics=desk.topics.all,
        rows=_rows(found, list(desk.topics.all)),
        alarmed={(one.topic, one.day) for one in found.alarms},
        bunches=[one for one in found.bunches if one.topic != OTHER and topic in ("", one.topic)][:SHOWN],
        messages=shown[:SHOWN],
        total=len(shown),
        stock=desk.stock(topic, q, viewer.now),
        name=lambda code: atlas.name(code, language) if code else "–",
        called=lambda code: _called(desk, code, language),
        may_edit=viewer.may("publishing.edit"),
    )


def _called(desk: Opinion, code: str, language: str) -> str:
    one = desk.topics.all.get(code)
    if one is None:
        return "其他" if language == "zh" else "Other"
    return one.zh if language == "zh" else one.en


def _rows(found: Look, codes: list[str]) -> list[dict[str, Any]]:
    """Topics with their total and a bar for each day, the most written about first."""
    days = [found.first + timedelta(days=k) for k in range((found.last - found.first).days + 1)]
    top = max((found.counts[code].get(day, 0) for code in codes for day in days), default=0) or 1
    rows = [
        {
            "code": code,
            "total": found.total(code),
            "bars": [_bar(k, day, found, code, top) for k, day in enumerate(days)],
        }
        for code in (*codes, OTHER)
    ]
    return sorted(rows, key=lambda row: -int(row["total"]))


def _bar(number: int, day: date, found: Look, code: str, top: int) -> dict[str, Any]:
    count = found.counts[code].get(day, 0)
    height = round(22 * count / top, 1)
    return {"x": 7 * number, "y": round(24 - height, 1), "height": height, "day": day, "count": count}
