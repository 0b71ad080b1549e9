"""The ledger 拉条挂账: what is open, whose is it, what is late? One row a case; filters in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request, Response

from lantian.kernel.accounts import scopes_of
from lantian.places.regions import ancestors_of
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision import ledger, workflow_file
from lantian.supervision.findings import SOURCES, categories
from lantian.supervision.service import Supervision
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("cases", "/cases", "supervise", "cases.read")
router = APIRouter()
Text = Annotated[str, Query(max_length=60)]

ROWS = 50
"""Cases on a page."""
_TOLD = 8
"""Reminders shown above the table."""
_COUNTIES = 12


@dataclass(frozen=True)
class Bar:
    """A county's open cases as a bar: its share of the longest, and the overdue part of it, percent."""

    region: str
    open: int
    overdue: int
    unfinished: int
    width: float
    late: float


@router.get("/cases")
def page(
    request: Request,
    viewer: Annotated[Viewer, allow("cases.read")],
    standing: Text = "open",
    region: Text = "",
    department: Text = "",
    category: Text = "",
    source: Text = "",
    round: Text = "",  # noqa: A002
    q: Text = "",
    order: Text = "due",
    p: Annotated[int, Query(ge=1, le=20_000)] = 1,
) -> Response:
    """List the cases that the viewer may see, as the clock stands."""
    asked = filter_of(viewer, standing, region, department, category, source, round, q, order)
    desk, cases, language = Desk(viewer), Supervision(viewer.platform), language_of(request)
    found = cases.ledger(asked, viewer.now, limit=ROWS, offset=(p - 1) * ROWS)
    counts = cases.summary(asked, viewer.now)
    everything = ledger.Filter(scopes=asked.scopes)
    counties = cases.counties(everything, viewer.now)
    return render(
        request,
        "cases.html",
        asked=asked,
        page=p,
        pages=max(1, -(-found.total // ROWS)),
        rows=found.rows,
        total=found.total,
        counts=counts,
        bars=_bars(counties.to_dicts()),
        told=cases.reminders(asked, viewer.now, limit=_TOLD * 3)[:_TOLD],
        regions=_regions(desk, counties["region"].to_list(), language),
        standings=ledger.STANDINGS,
        departments=DEPARTMENTS,
        categories=categories(),
        sources=SOURCES,
        name=lambda code: desk.atlas.name(code, language),
        unit=lambda row: unit_of(desk, row, language),
        days_left=lambda due: days_left(due, viewer.today),
        desks=lambda row: desk_name(row, language),
        link=lambda **changes: _link(request, **changes),
        may_open=viewer.may("cases.report"),
        may_assign=viewer.may("cases.assign"),
    )


def filter_of(
    viewer: Viewer,
    standing: str = "open",
    region: str = "",
    department: str = "",
    category: str = "",
    source: str = "",
    round_: str = "",
    text: str = "",
    order: str = "due",
) -> ledger.Filter:
    """What the address asks for, within what the viewer may see. Raises HTTPException 422 naming what is wrong."""
    for field, value, known in (
        ("standing", standing, ledger.STANDINGS),
        ("department", department, ("", *DEPARTMENTS)),
        ("category", category, ("", *categories())),
        ("source", source, ("", *SOURCES)),
        ("order", order.removeprefix("-"), tuple(ledger.ORDERS)),
    ):
        if value not in known:
            raise HTTPException(422, f"{field} {value!r}: expected one of {', '.join(filter(None, known))}")
    scopes = scopes_of(viewer.account, "cases.read")
    return ledger.Filter(
        scopes,
        standing,  # type: ignore[arg-type]  # checked above
        region=region,
        department=department,
        category=category,
        source=source,
        round=round_,
        text=text,
        order=order.removeprefix("-"),
        descending=order.startswith("-"),
    )


def unit_of(desk: Desk, row: Mapping[str, Any], language: str) -> str:
    """The unit that owes: 朝阳区住房城乡建设; a dash where nobody was named yet."""
    if not row["owner_region"]:
        return "–"
    department = DEPARTMENTS[row["owner_department"]]
    if department.code == "government":
        return desk.atlas.name(row["owner_region"], language)
    place = desk.atlas.name(row["owner_region"], language)
    return f"{place}{department.zh}" if language == "zh" else f"{place}, {department.en}"


def desk_name(row: Mapping[str, Any], language: str) -> str:
    """Whose move it is."""
    desk = workflow_file.load(row["workflow"]).desks.get(row["desk"] or "")
    return "" if desk is None else desk.zh if language == "zh" else desk.en


def days_left(due: date | None, today: date) -> int | None:
    """Calendar days until the last day; negative once it has passed."""
    return None if due is None else (due - today).days


def _bars(rows: list[dict[str, Any]]) -> list[Bar]:
    late = sorted(rows, key=lambda row: (-row["overdue"], -row["open"], row["region"]))[:_COUNTIES]
    longest = max((row["open"] for row in late), default=0) or 1
    return [
        Bar(**row, width=round(100 * row["open"] / longest, 1), late=round(100 * row["overdue"] / longest, 1))
        for row in late
        if row["open"]
    ]


def _regions(desk: Desk, codes: list[str], language: str) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Counties with cases, under their cities: code, name, and the counties' codes and names."""
    cities: dict[str, list[tuple[str, str]]] = {}
    for code in codes:
        above = next(iter(ancestors_of(code)), code)
        cities.setdefault(above, []).append((code, desk.atlas.name(code, language)))
    return [(code, desk.atlas.name(code, language), cities[code]) for code in sorted(cities)]


def _link(request: Request, **changes: object) -> str:
    kept = {key: value for key, value in request.query_params.items() if key not in ("lang", "look", "p")}
    wanted = {**kept, **{key: str(value) for key, value in changes.items()}}
    return "/cases?" + urlencode({key: value for key, value in wanted.items() if value})
