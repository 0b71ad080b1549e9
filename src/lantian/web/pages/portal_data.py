"""Open data and feeds of the portal 数据下载: files with stable addresses, a catalogue, Atom and JSON Feed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any
from xml.etree import ElementTree as Xml

import polars as pl
from fastapi import APIRouter, HTTPException, Path, Request, Response

from lantian.assessment.air import Air
from lantian.assessment.periods import parse
from lantian.disclosure.portal import catalogue, settings
from lantian.disclosure.portal.catalogue import FORMATS, MEDIA, VERSION, File, Format
from lantian.disclosure.questions.service import Questions
from lantian.disclosure.service import Disclosure
from lantian.supervision.personal import mask
from lantian.web.desk import Desk
from lantian.web.pages.portal import OPEN, Language, cities, language_of, page, published_cases
from lantian.web.security import Viewer
from lantian.web.shelf import Made, shelf_of

router = APIRouter()
Stem = Annotated[str, Path(pattern=r"^[a-z-]{3,20}(?:-\d{4})?$", max_length=30)]
ENTRIES = 50
"""Entries of a feed."""
_ATOM = "http://www.w3.org/2005/Atom"


@router.get("/public/data", dependencies=[OPEN])
async def described(request: Request, lang: Language = "zh") -> Response:
    """Every file with its fields, units, licence, version, addresses."""
    language = language_of(lang)
    return await shelf_of(request).answer(request, ("data", language), lambda viewer: _page(request, viewer, language))


@router.get(f"/public/data/{VERSION}/index.json", dependencies=[OPEN])
async def index(request: Request) -> Response:
    """The same for programs."""
    return await shelf_of(request).answer(request, ("data index",), _index)


@router.get(f"/public/data/{VERSION}/{{stem}}.{{form}}", dependencies=[OPEN])
async def file(request: Request, stem: Stem, form: Format) -> Response:
    """A file of the catalogue."""
    return await shelf_of(request).answer(request, ("file", stem, form), lambda viewer: _file(viewer, stem, form))


@router.get("/public/feed.atom", dependencies=[OPEN])
async def atom(request: Request) -> Response:
    """What was published and closed, as Atom (RFC 4287)."""
    return await shelf_of(request).answer(request, ("atom", _base(request)), lambda viewer: _atom(request, viewer))


@router.get("/public/feed.json", dependencies=[OPEN])
async def json_feed(request: Request) -> Response:
    """The same as JSON Feed 1.1."""
    return await shelf_of(request).answer(request, ("feed", _base(request)), lambda viewer: _json(request, viewer))


def years(viewer: Viewer) -> list[int]:
    """The last years of which there may be data, the newest first."""
    return [viewer.today.year - back for back in range(4)]


def _page(request: Request, viewer: Viewer, language: str) -> Made:
    return page(
        request, viewer, "portal_data.html", language,
        files=catalogue.FILES, formats=FORMATS, version=VERSION, years=years(viewer), type_name=_type,
    )  # fmt: skip


def _index(viewer: Viewer) -> Made:
    office = settings.load(viewer.platform.home)
    files = []
    for one in catalogue.FILES:
        for stem in _stems(one, viewer):
            addresses = {form: f"/public/data/{VERSION}/{stem}.{form}" for form in FORMATS}
            fields = [
                {"name": each.name, "type": _type(each.type), "unit": each.unit, "zh": each.zh, "en": each.en}
                for each in one.fields
            ]
            files.append({"name": stem, "zh": one.zh, "en": one.en, "addresses": addresses, "fields": fields})
    body = {
        "version": VERSION,
        "issuer": office.issuer_zh,
        "licence": office.licence,
        "licence_address": office.licence_address,
        "as_of": viewer.now.astimezone(UTC).strftime("%Y-%m-%dT%H:00:00Z"),
        "example": viewer.platform.settings.example,
        "files": files,
    }
    return Made(json.dumps(body, ensure_ascii=False, indent=1).encode(), "application/json")


def _stems(one: File, viewer: Viewer) -> list[str]:
    return [f"{one.name}-{year}" for year in years(viewer)] if one.yearly else [one.name]


def _type(kind: Any) -> str:
    return str(kind)


def _file(viewer: Viewer, stem: str, form: Format) -> Made:
    try:
        one, year = catalogue.find(stem)
    except LookupError as error:
        raise HTTPException(404, str(error)) from None
    if year is not None and not viewer.today.year - 20 <= year <= viewer.today.year:
        raise HTTPException(404, f"{one.name}: no values of {year}")
    frame = one.frame(_ROWS[one.name](viewer, year or viewer.today.year))
    headers = {"Content-Disposition": f'attachment; filename="{stem}.{form}"', "Access-Control-Allow-Origin": "*"}
    return Made(catalogue.written(frame, form), MEDIA[form], headers, pack=form != "parquet")


def _daily(viewer: Viewer, year: int) -> list[dict[str, Any]]:
    if not viewer.may("air.read"):
        return []
    atlas = Desk(viewer).atlas
    days = Air(viewer.platform).daily(list(cities(viewer)), date(year, 1, 1), date(year, 12, 31), viewer.now)
    rows = days.drop_nulls("aqi").with_columns(pl.col("primary").list.join(";")).to_dicts()
    return [{**row, "name": atlas.name(row["place"], "zh")} for row in rows]


def _rankings(viewer: Viewer, year: int) -> list[dict[str, Any]]:
    desk = Desk(viewer)
    if not viewer.may("ranking.read") or not desk.atlas.groups:
        return []
    group, rows = desk.atlas.groups[0], []
    last = desk.last_day
    for month in range(1, 13):
        if (year, month) > (last.year, last.month):
            break
        ranked = desk.rank(group.places, parse(f"{year}-{month:02d}")).filter(pl.col("composite_index").is_not_null())
        for row in ranked.to_dicts():
            more = {
                "month": f"{year}-{month:02d}", "group": group.id, "name": desk.atlas.name(row["place"], "zh"),
                "rank": row["rank_composite_index"], "change": row["change_composite_index"],
            }  # fmt: skip
            rows.append({**row, **more})
    return rows


def _cases(viewer: Viewer, _: int) -> list[dict[str, Any]]:
    atlas = Desk(viewer).atlas
    return [
        {
            **{name: getattr(one, name) for name in ("number", "title", "category", "source", "region", "subject")},
            **{name: getattr(one, name) for name in ("over", "overdue", "opened_on", "due", "closed_on", "failures")},
            "reopened": one.reopened, "category_name": one.category_name("zh"),
            "region_name": atlas.name(one.region, "zh"), "owner_region": one.owner.region if one.owner else None,
            "owner_department": one.owner.department if one.owner else None, "state": one.state("zh"),
            "lon": one.place[0] if one.place else None, "lat": one.place[1] if one.place else None,
            "published_on": _day(one.published_at), "example": one.example,
        }
        for one in published_cases(viewer)
    ]  # fmt: skip


def _steps(viewer: Viewer, _: int) -> list[dict[str, Any]]:
    return [
        {
            "number": case.number, "step": number, "day": step.day, "zh": step.zh, "en": step.en,
            "unit_region": step.party.region if step.party else None,
            "unit_department": step.party.department if step.party else None,
        }
        for case in published_cases(viewer)
        for number, step in enumerate(case.steps, 1)
    ]  # fmt: skip


def _questions(viewer: Viewer, _: int) -> list[dict[str, Any]]:
    found = Questions(viewer.platform).published(as_of=viewer.now, limit=5000)
    return [
        {"id": one.id, "published_on": _day(one.decided_at), "question": one.shown, "answer": one.answer}
        | {"example": one.example}
        for one in found
    ]


def _documents(viewer: Viewer, _: int) -> list[dict[str, Any]]:
    found = [one for one in Disclosure(viewer.platform).documents(viewer.now) if one.published]
    return [
        {"id": one.id, "kind": one.kind, "title": mask(one.title), "period": one.period, "example": one.example}
        | {"published_on": _day(one.published_at)}
        for one in found
    ]


def _duties(viewer: Viewer, _: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind, "zh": one.zh, "en": one.en, "region": one.region, "trigger": one.trigger,
            "due": one.due.date, "done_on": one.done.done_on if one.done else None, "state": one.state,
            "example": one.example,
        }
        for one in Disclosure(viewer.platform).calendar(viewer.now)
    ]  # fmt: skip


_ROWS = {
    catalogue.DAILY.name: _daily,
    catalogue.RANKINGS.name: _rankings,
    catalogue.CASES.name: _cases,
    catalogue.STEPS.name: _steps,
    catalogue.QUESTIONS.name: _questions,
    catalogue.DOCUMENTS.name: _documents,
    catalogue.DUTIES.name: _duties,
}


def _day(at: datetime | None) -> date | None:
    from lantian.kernel.settings import TIMEZONE

    return at.astimezone(TIMEZONE).date() if at else None


def _entries(viewer: Viewer) -> list[dict[str, Any]]:
    """What was published, the newest first: cases when shown and when closed, answers, documents."""
    found: list[dict[str, Any]] = []
    for case in published_cases(viewer):
        address = f"/public/cases/{case.number}"
        found.append({"at": case.published_at, "id": f"{address}#published", "path": address})
        found[-1]["title"] = f"{case.number} {case.title}"
        found[-1]["text"] = f"{case.state('zh')}。{case.detail}"
    for one in Questions(viewer.platform).published(as_of=viewer.now, limit=ENTRIES):
        path = f"/public/questions#q{one.id}"
        found.append({"at": one.decided_at, "id": path, "path": path, "title": one.shown, "text": one.answer})
    for paper in Disclosure(viewer.platform).documents(viewer.now):
        if paper.published:
            path = f"/public/documents#d{paper.id}"
            found.append({"at": paper.published_at, "id": path, "path": path, "title": mask(paper.title), "text": ""})
    return sorted(found, key=lambda one: (one["at"], one["id"]), reverse=True)[:ENTRIES]


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}"


def _atom(request: Request, viewer: Viewer) -> Made:
    base, entries = _base(request), _entries(viewer)
    office = settings.load(viewer.platform.home)
    Xml.register_namespace("", _ATOM)
    feed = Xml.Element(f"{{{_ATOM}}}feed")

    def add(above: Xml.Element, tag: str, words: str = "", **given: str) -> Xml.Element:
        child = Xml.SubElement(above, f"{{{_ATOM}}}{tag}", given)
        child.text = "".join(sign for sign in words if sign.isprintable()) or None
        return child

    add(feed, "title", "蓝天 · 信息公开")
    add(feed, "id", f"{base}/public")
    add(feed, "updated", _utc(max((one["at"] for one in entries), default=viewer.now)))
    add(add(feed, "author"), "name", office.issuer_zh or "蓝天")
    add(feed, "link", rel="self", type="application/atom+xml", href=f"{base}/public/feed.atom")
    add(feed, "link", rel="alternate", type="text/html", href=f"{base}/public")
    for one in entries:
        entry = add(feed, "entry")
        add(entry, "title", one["title"])
        add(entry, "id", f"{base}{one['id']}")
        add(entry, "updated", _utc(one["at"]))
        add(entry, "link", rel="alternate", type="text/html", href=f"{base}{one['path']}")
        add(entry, "summary", one["text"])
    body = Xml.tostring(feed, encoding="utf-8", xml_declaration=True)
    return Made(body, "application/atom+xml; charset=utf-8")


def _json(request: Request, viewer: Viewer) -> Made:
    base = _base(request)
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "蓝天 · 信息公开",
        "home_page_url": f"{base}/public",
        "feed_url": f"{base}/public/feed.json",
        "language": "zh-CN",
        "items": [
            {
                "id": f"{base}{one['id']}", "url": f"{base}{one['path']}", "title": one["title"],
                "content_text": one["text"], "date_published": _utc(one["at"]),
            }
            for one in _entries(viewer)
        ],
    }  # fmt: skip
    return Made(json.dumps(body, ensure_ascii=False).encode(), "application/feed+json")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
