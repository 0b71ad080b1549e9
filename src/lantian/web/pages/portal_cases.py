"""Published cases on the portal 问题与整改: list, course and outcome of each, its pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response

from lantian.disclosure.portal.cases import PublicCase
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.events import Party
from lantian.supervision.evidence import EvidenceStore
from lantian.supervision.file_kinds import EvidenceError
from lantian.supervision.findings import categories
from lantian.web.desk import Desk
from lantian.web.pages.portal import OPEN, Language, cities, language_of, page, published_cases
from lantian.web.security import Viewer
from lantian.web.shelf import Made, shelf_of

router = APIRouter()
Text = Annotated[str, Query(max_length=40)]
Number = Annotated[str, Path(pattern=r"^\d{4}-\d{6}$")]
ROWS = 25


@router.get("/public/cases", dependencies=[OPEN])
async def listed(
    request: Request,
    city: Text = "",
    category: Text = "",
    standing: Text = "",
    q: Text = "",
    p: Annotated[int, Query(ge=1, le=10_000)] = 1,
    lang: Language = "zh",
) -> Response:
    """Published cases, the last published first."""
    language, asked = language_of(lang), {"city": city, "category": category, "standing": standing, "q": q.strip()}
    return await shelf_of(request).answer(
        request, ("cases", *asked.values(), p, language), lambda viewer: _list(request, viewer, asked, p, language)
    )


@router.get("/public/cases/{number}", dependencies=[OPEN])
async def one(request: Request, number: Number, lang: Language = "zh") -> Response:
    """One case: what it was, what was done, how it ended."""
    language = language_of(lang)
    return await shelf_of(request).answer(
        request, ("case", number, language), lambda viewer: _case(request, viewer, number, language)
    )


@router.get("/public/cases/{number}/photos/{which}", dependencies=[OPEN])
async def photo(request: Request, number: Number, which: Annotated[int, Path(ge=1, le=200)]) -> Response:
    """A picture of a published case: made anew from the pixels alone, without what the camera wrote beside them."""
    return await shelf_of(request).answer(
        request, ("photo", number, which), lambda viewer: _photo(viewer, number, which)
    )


def found(viewer: Viewer, number: str) -> PublicCase:
    """A public case by its number; 404 for any other, so that nobody learns of it."""
    case = next((one for one in published_cases(viewer) if one.number == number), None)
    if case is None:
        raise HTTPException(404, f"case {number}: there is none that is public")
    return case


def party_text(viewer: Viewer, language: str) -> Callable[[Party | None], str]:
    """How the portal calls a unit."""
    atlas = Desk(viewer).atlas

    def text(party: Party | None) -> str:
        if party is None:
            return ""
        place, department = atlas.name(party.region, language), DEPARTMENTS.get(party.department)
        if department is None or department.code == "government":
            return place
        return f"{place}{department.zh}" if language == "zh" else f"{place}, {department.en}"

    return text


def _list(request: Request, viewer: Viewer, asked: dict[str, str], p: int, language: str) -> Made:
    every = published_cases(viewer)
    rows = [one for one in every if _fits(one, asked)]
    start = (p - 1) * ROWS
    return page(
        request,
        viewer,
        "portal_cases.html",
        language,
        asked=asked,
        rows=rows[start : start + ROWS],
        total=len(rows),
        every=len(every),
        over=sum(one.over for one in every),
        page_number=p,
        pages=max(1, -(-len(rows) // ROWS)),
        cities=cities(viewer),
        categories=categories(),
        unit=party_text(viewer, language),
    )


def _fits(case: PublicCase, asked: dict[str, str]) -> bool:
    city, words = asked["city"], asked["q"]
    near = city[:2] if city.endswith("0000") else city[:4]
    return (
        case.region.startswith(near)
        and asked["category"] in ("", case.category)
        and {"": True, "open": not case.over, "over": case.over}.get(asked["standing"], True)
        and (not words or any(words in text for text in (case.number, case.title, case.subject, case.detail)))
    )


def _case(request: Request, viewer: Viewer, number: str, language: str) -> Made:
    case = found(viewer, number)
    values: dict[str, Any] = {"case": case, "unit": party_text(viewer, language)}
    return page(request, viewer, "portal_case.html", language, **values)


def _photo(viewer: Viewer, number: str, which: int) -> Made:
    photos = found(viewer, number).photos
    if which > len(photos):
        raise HTTPException(404, f"case {number} has {len(photos)} public pictures")
    try:
        content, media_type = EvidenceStore(viewer.platform).public_copy(photos[which - 1].sha256)
    except (LookupError, EvidenceError) as error:
        raise HTTPException(404, f"case {number}, picture {which}: it is not there") from error
    return Made(content, media_type, {"Content-Disposition": "inline"}, pack=False)
