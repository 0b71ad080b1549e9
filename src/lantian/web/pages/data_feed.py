"""Data of one feed 数据资源: its newest records, its picture and map, the template and the upload; from hints alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, File, HTTPException, Path, Query, Request, Response, UploadFile

from lantian.kernel.said import in_language
from lantian.kernel.settings import TIMEZONE
from lantian.observations import catalogue
from lantian.observations.feeds import PLATFORM, Feed, FeedError, Feeds, Field, Reader, records, templates
from lantian.observations.feeds.service import Receipt
from lantian.places.store import PlaceStore
from lantian.standards.departments import DEPARTMENTS
from lantian.web.desk import Desk
from lantian.web.feed_rights import feed_of, importer_regions
from lantian.web.intake import safe_name
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

router = APIRouter()
See = Annotated[Viewer, allow("feeds.read")]
Name = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,41}$")]
Text = Annotated[str, Query(max_length=60)]

SHOWN = 300
"""Records on a page; a filter finds the others, the interface has them all."""
SERIES, DISCS, CHOICES = 12, 400, 60
LARGEST = 64 * 2**20
"""Bytes of a file that is uploaded here."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of a file: the receipt, the first wrong values, or why it could not be read."""

    receipt: Receipt | None = None
    refused: tuple[Mapping[str, Any], ...] = ()
    fault: str = ""


@router.get("/feeds/{name}")
def page(
    request: Request,
    viewer: See,
    name: Name,
    start: Text = "",
    end: Text = "",
    region: Annotated[str, Query(max_length=9, pattern=r"^$|^(\d{6}|\d{9}|Z\d{8})$")] = "",
) -> Response:
    """The newest records of a feed; further parameters are fields with the value that is wanted."""
    feed = feed_of(viewer, name)
    days = {"start": _day("start", start), "end": _day("end", end)}
    return _page(request, viewer, feed, days=days, region=region, where=_where(request, feed))


@router.get("/feeds/{name}/template.csv")
def template_csv(request: Request, viewer: See, name: Name) -> Response:
    """The template as CSV, as Excel opens it."""
    feed = feed_of(viewer, name)
    return _file(templates.as_csv(feed, language_of(request)), "text/csv; charset=utf-8", f"{feed.name}.csv")


@router.get("/feeds/{name}/template.xlsx")
def template_xlsx(request: Request, viewer: See, name: Name) -> Response:
    """The template as a workbook, with explanations and lists of codes."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    feed = feed_of(viewer, name)
    return _file(templates.as_workbook(feed, language_of(request)), kind, f"{feed.name}.xlsx")


@router.post("/feeds/{name}/upload")
def upload(
    request: Request,
    viewer: Annotated[Viewer, allow("data.import")],
    name: Name,
    file: Annotated[UploadFile, File()],
) -> Response:
    """Bring a file of records; what is wrong in it is shown with line, field, value and what would be right."""
    feed = feed_of(viewer, name)
    within = importer_regions(viewer, feed)
    feeds, said = Feeds(viewer.platform), safe_name(file.filename or "file")
    try:
        content = file.file.read(LARGEST + 1)
        if not content or len(content) > LARGEST:
            size = len(content)
            raise FeedError(
                f"{said}: {size} bytes; expected 1 to {LARGEST}", f"{said}：{size} 字节，应为 1 至 {LARGEST} 字节"
            )
        receipt = feeds.put(feed.name, (said, content), viewer.account.actor, within=within)
        rows = tuple(feeds.rejected(receipt.batch).head(SHOWN).to_dicts())
        done = Uploaded(receipt, rows)
    except FeedError as error:
        done = Uploaded(fault=in_language(error, language_of(request)))
    return _page(request, viewer, feed, done=done)


@router.get("/feeds/{name}/rejected")
def rejected(
    request: Request,
    viewer: Annotated[Viewer, allow("data.import")],
    name: Name,
    batch: Annotated[int, Query(ge=1, lt=2**62)],
) -> Response:
    """What was refused of a batch."""
    feed = feed_of(viewer, name)
    importer_regions(viewer, feed)
    feeds = Feeds(viewer.platform)
    found = next((one for one in feeds.batches(name, limit=1000) if one["id"] == batch), None)
    if found is None:
        raise HTTPException(404, f"{name} has no batch {batch}")
    counts = {key: found[key] for key in ("new", "revised", "unchanged", "rejected", "flagged")}
    receipt = Receipt(batch, **counts, notes=tuple(found["notes"]))
    return _page(request, viewer, feed, done=Uploaded(receipt, tuple(feeds.rejected(batch).head(SHOWN).to_dicts())))


def _page(
    request: Request,
    viewer: Viewer,
    feed: Feed,
    *,
    days: Mapping[str, date | None] | None = None,
    region: str = "",
    where: Mapping[str, str] | None = None,
    done: Uploaded | None = None,
) -> Response:
    language, reader, feeds = language_of(request), Reader.of(viewer.account), Feeds(viewer.platform)
    days, where = days or {"start": None, "end": None}, where or {}
    scope = feeds.scope(feed, reader)
    rows = feeds.read(
        feed.name,
        reader,
        start=days["start"],
        end=None if days["end"] is None else days["end"] + timedelta(days=1),
        region=region or None,
        where=where,
        as_of=viewer.now,
        limit=SHOWN,
    )
    if rows.height:
        catalogue.log(viewer.platform.engine, feed.name, reader, "page", rows.height, viewer.now)
    atlas = Desk(viewer).atlas
    columns = [feed.field(one) for one in feed.page.columns]
    brings = feed.store == "records" and viewer.may("data.import", None, feed.owner)
    shown = _sorted(rows, feed)
    return render(
        request,
        "data_feed.html",
        status=422 if done and done.fault else 200,
        page_name="catalogue",
        feed=feed,
        owner=DEPARTMENTS[feed.owner].zh if language == "zh" else DEPARTMENTS[feed.owner].en,
        example=feed.example or feeds.invented(rows["batch"].unique()),
        locked=not scope.open,
        columns=columns,
        rows=shown.to_dicts(),
        newest=_newest(rows, feed, language),
        more=rows.height >= SHOWN,
        cell=lambda field, value: _named(field, value, language, lambda code: atlas.name(code, language)),
        checks={f"c{number}": (one.zh if language == "zh" else one.en) for number, one in enumerate(feed.checks, 1)},
        chart=_chart(rows, feed, language, lambda code: atlas.name(code, language)),
        map_spec=_map(viewer, rows, feed, language),
        filters=_filters(rows, feed, where, language),
        chosen={"start": days["start"] or "", "end": days["end"] or "", "region": region},
        filtered=bool(where or region or days["start"] or days["end"]),
        regions=sorted(
            (code, atlas.name(code, language)) for code in set(rows["region"].drop_nulls()) | {region} if code
        ),
        brings=brings,
        batches=feeds.batches(feed.name, limit=8) if brings else [],
        done=done,
        reason=lambda row: row["reason"] if language == "zh" else row["reason_en"],
    )


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise HTTPException(422, f"{name}: {text!r}; expected a day, such as 2016-12-16") from None


def _where(request: Request, feed: Feed) -> dict[str, str]:
    wanted = {}
    for name, value in request.query_params.items():
        if value and name in feed.schema and name not in ("region", "start", "end"):
            try:
                records.asked_for(feed, name, value)
            except FeedError as error:
                raise HTTPException(422, str(error)) from None
            wanted[name] = value
    return wanted


def _sorted(rows: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    by = feed.page.sort or feed.time
    return rows.sort(by, descending=feed.page.falling, nulls_last=True, maintain_order=True) if by else rows.reverse()


def _newest(rows: pl.DataFrame, feed: Feed, language: str) -> str:
    if feed.time is None or rows.is_empty():
        return ""
    return cell(feed.field(feed.time), rows[feed.time].max(), language)


def cell(field: Field, value: Any, language: str) -> str:
    """How a value stands in a table: with its decimals, in Beijing time, a code with its words."""
    if value is None:
        return ""
    if field.type == "choice":
        return field.codes[value](language) if value in field.codes else str(value)
    if field.type == "flag":
        return {"zh": ("否", "是"), "en": ("no", "yes")}[language][bool(value)]
    if isinstance(value, datetime):
        return value.astimezone(TIMEZONE).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, float):
        return f"{value:,.{field.decimals}f}" if field.decimals is not None else f"{value:,g}"
    return str(value)


def _named(field: Field, value: Any, language: str, name: Callable[[str], str]) -> str:
    return name(value) if field.type in ("region", "station") and value else cell(field, value, language)


def _filters(rows: pl.DataFrame, feed: Feed, where: Mapping[str, str], language: str) -> list[dict[str, Any]]:
    """Boxes for the fields that have few values: codes, yes or no, references, texts of the key."""
    boxes = []
    for one in feed.fields:
        few = one.codes or one.type in ("flag", "reference", "station") or (one.name in feed.key and one.type == "text")
        if (not few or one.covered) and one.name not in where:
            continue
        if one.codes:
            options = [(code, words(language)) for code, words in one.codes.items()]
        else:
            seen = sorted(
                {str(value).lower() if isinstance(value, bool) else str(value) for value in rows[one.name].drop_nulls()}
            )
            options = [(value, value) for value in seen[:CHOICES]]
        chosen = where.get(one.name, "")
        if chosen and chosen not in dict(options):
            options.append((chosen, chosen))
        if len(options) > 1 or chosen:
            boxes.append(
                {
                    "name": one.name,
                    "label": one.zh if language == "zh" else one.en,
                    "options": options,
                    "chosen": chosen,
                }
            )
    return boxes[:6]


def _chart(rows: pl.DataFrame, feed: Feed, language: str, name: Callable[[str], str]) -> dict[str, Any] | None:
    hint = feed.page.chart
    if hint is None or rows.is_empty() or feed.schema[hint.x] not in (pl.Date(), pl.Datetime("us", "UTC")):
        return None
    kept = rows.filter(pl.col(hint.x).is_not_null()).sort(hint.x)
    common = [value for value, _ in Counter(kept[hint.by].to_list()).most_common(SERIES)] if hint.by else [None]
    y = feed.field(hint.y)
    series = []
    for one in common:
        part = kept if hint.by is None else kept.filter(pl.col(hint.by).eq_missing(one))
        label = y.label(language) if hint.by is None else _named(feed.field(hint.by), one, language, name)
        points = [[moment.isoformat(), value] for moment, value in part.select(hint.x, hint.y).rows()]
        series.append({"name": label or "–", "points": points, "kind": hint.kind, "decimals": y.decimals})
    return {"title": y.zh if language == "zh" else y.en, "unit": y.unit, "series": series}


def _map(viewer: Viewer, rows: pl.DataFrame, feed: Feed, language: str) -> dict[str, Any] | None:
    if not feed.page.map or rows.is_empty():
        return None
    spots: dict[tuple[float, float], dict[str, Any]] = {}
    places = _positions(viewer, feed)
    own = feed.position()
    columns = [feed.field(one) for one in feed.page.columns[:6]]
    for row in _sorted(rows, feed).iter_rows(named=True):
        at = (row[own[0]], row[own[1]]) if own else places.get(row[feed.place]) if isinstance(feed.place, str) else None
        if at is None or None in at or at in spots or len(spots) >= DISCS:
            continue
        lines = [
            f"{one.zh if language == 'zh' else one.en}: {text}"
            for one in columns
            if (text := cell(one, row[one.name], language))
        ]
        spots[at] = {
            "lon": at[0],
            "lat": at[1],
            "value": "●",
            "small": True,
            "title": lines[0] if lines else "",
            "lines": lines[1:],
        }
    if not spots:
        return None
    lons, lats = zip(*spots, strict=True)
    spec: dict[str, Any] = {
        "bounds": [min(lons) - 0.05, min(lats) - 0.04, max(lons) + 0.05, max(lats) + 0.04],
        "discs": list(spots.values()),
    }
    inside = next((code for code in rows["region"].drop_nulls() if code), None)
    if inside and any(one.id == "counties" for one in PlaceStore(viewer.platform.engine).outline_sets()):
        spec["outlines"] = f"/api/v1/outlines/counties?within={inside[:2]}0000"
    return spec


def _positions(viewer: Viewer, feed: Feed) -> dict[str, tuple[float, float]]:
    """Where the places lie that records name: stations, or records of another feed."""
    if not isinstance(feed.place, str):
        return {}
    field = feed.field(feed.place)
    if field.type == "station":
        return {one.code: (one.lon, one.lat) for one in PlaceStore(viewer.platform.engine).stations()}
    if field.feed is None:
        return {}
    feeds = Feeds(viewer.platform)
    other = feeds.feed(field.feed)
    names = other.position()
    if names is None:
        return {}
    rows = feeds.read(other.name, PLATFORM, as_of=viewer.now).select(other.key[0], *names).drop_nulls()
    return {str(key): (lon, lat) for key, lon, lat in rows.iter_rows()}


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
