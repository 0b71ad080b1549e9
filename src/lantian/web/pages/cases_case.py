"""One case: what was found, who owes what by when, what was done with which proof, and what may be done now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from lantian.kernel.accounts import NotPermitted
from lantian.places.regions import ancestors_of
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision import diagram
from lantian.supervision.case import Case
from lantian.supervision.events import CaseError, Event, Party
from lantian.supervision.evidence import EvidenceStore
from lantian.supervision.file_kinds import LIMIT, EvidenceError
from lantian.supervision.findings import SOURCES, Finding, categories
from lantian.supervision.look_back import FIRST, LAST
from lantian.supervision.rules import RELATIONS, allowed
from lantian.supervision.service import Supervision
from lantian.supervision.store import Record
from lantian.web.api.cases import known
from lantian.web.desk import Desk
from lantian.web.pages.cases import days_left
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

router = APIRouter()
Reader = Annotated[Viewer, allow("cases.read")]
Short = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=2000)]

_FAULT = (CaseError, NotPermitted, EvidenceError)


@router.get("/cases/new")
def new(request: Request, viewer: Annotated[Viewer, allow("cases.report")]) -> Response:
    """The form with which the office enters a finding from a letter, a complaint or another department."""
    return _form(request, viewer, {})


@router.post("/cases/new")
def enter(
    request: Request,
    viewer: Annotated[Viewer, allow("cases.report")],
    title: Short,
    category: Short,
    source: Short,
    region: Short,
    subject: Short = "",
    address: Short = "",
    detail: Long = "",
    reference: Short = "",
    files: list[UploadFile] | None = None,
) -> Response:
    """Open a case and show it; a fault shows the form again with what was typed."""
    typed: dict[str, Any] = {
        "title": title, "category": category, "source": source, "region": region, "subject": subject,
        "address": address, "detail": detail, "reference": reference,
    }  # fmt: skip
    try:
        finding = Finding(**typed, example=viewer.platform.settings.example)
        desk = Desk(viewer)
        if region not in desk.atlas.names:
            raise CaseError(f"region {region!r}: expected a region's code")
        proofs = _keep(viewer, files)
        number = Supervision(viewer.platform).open(finding, viewer.account, evidence=proofs)
    except _FAULT as error:
        return _form(request, viewer, typed, error)
    return RedirectResponse(f"/cases/{number}", 303)


@router.get("/cases/look-back")
def look_back(
    request: Request,
    viewer: Annotated[Viewer, allow("cases.verify")],
    n: Annotated[int, Query(ge=1, le=500)] = 20,
    seed: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Which closed cases to visit again, drawn with a seed; without one the month is the seed."""
    desk, language = Desk(viewer), language_of(request)
    seed = seed.strip() or f"{viewer.today:%Y-%m}"
    plan = Supervision(viewer.platform).look_back(viewer.account, n, seed, viewer.now)
    return render(
        request,
        "cases_look_back.html",
        page_name="cases",
        plan=plan,
        n=n,
        seed=seed,
        first=FIRST,
        last=LAST,
        name=lambda code: desk.atlas.name(code, language),
    )


@router.get("/cases/{number}")
def page(request: Request, viewer: Reader, number: str) -> Response:
    """Show a case as it stands on the clock."""
    return _page(request, viewer, known(viewer, number))


@router.post("/cases/{number}/{kind}")
def act(
    request: Request,
    viewer: Reader,
    number: str,
    kind: Literal[
        "move", "extend", "pause", "resume", "assign", "plan", "step", "publish", "look_back", "note", "link"
    ],
    seen: Annotated[int, Form(ge=1)],
    reason: Long = "",
    move: Short = "",
    region: Short = "",
    department: Short = "",
    days: Annotated[int | None, Form()] = None,
    unit: Short = "",
    requirement: Long = "",
    until: Short = "",
    steps: Long = "",
    step: Annotated[int | None, Form()] = None,
    public: Short = "",
    other: Short = "",
    relation: Short = "",
    files: list[UploadFile] | None = None,
) -> Response:
    """Write one event; `seen` is how many events the person had before them, so that nobody overwrites another."""
    record = known(viewer, number)
    try:
        data: dict[str, Any] = {
            **({"owner": Party(region, department)} if region and department else {}),
            **({"days": days} if days is not None else {}),
            **({"unit": unit} if unit and days is not None else {}),
            **({"requirement": requirement} if requirement else {}),
            **({"until": until} if until else {}),
            **({"steps": _steps(steps)} if kind == "plan" else {}),
            **({"step": step} if step is not None else {}),
            **({"public": public == "yes"} if kind == "publish" else {}),
            **({"number": other, "relation": relation} if kind == "link" else {}),
        }
        proofs = _keep(viewer, files)
        Supervision(viewer.platform).act(
            number, kind, viewer.account, reason, move=move or None, evidence=proofs, expected=seen, **data
        )
    except _FAULT as error:
        return _page(request, viewer, record, error)
    return RedirectResponse(f"/cases/{number}", 303)


def _steps(text: str) -> list[dict[str, str]]:
    """Steps as typed: one a line, the day before the words. Raises CaseError naming the line."""
    found = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        day, _, words = line.replace("　", " ").partition(" ")
        try:
            date.fromisoformat(day)
        except ValueError:
            raise CaseError(
                f"line {number} {line!r}: expected a day and what is done, as 2016-12-20 覆盖裸土"
            ) from None
        found.append({"due": day, "text": words.strip()})
    return found


def _keep(viewer: Viewer, files: list[UploadFile] | None) -> list[str]:
    kept = EvidenceStore(viewer.platform)
    given = [one for one in files or () if one.filename]
    return [kept.put(one.file.read(LIMIT + 1), one.filename or "", viewer.account).sha256 for one in given]


def _page(request: Request, viewer: Viewer, record: Record, fault: Exception | None = None) -> Response:
    desk, language, case = Desk(viewer), language_of(request), record.case
    cases = Supervision(viewer.platform)
    who, today = cases.who(case, viewer.account), viewer.today
    finding = case.finding
    return render(
        request,
        "cases_case.html",
        status=422 if fault else 200,
        page_name="cases",
        fault=_said(fault, language),
        number=record.number,
        case=case,
        finding=finding,
        category=categories()[finding["category"]],
        source=SOURCES[finding["source"]],
        events=record.events,
        files={sha256: EvidenceStore(viewer.platform).get(sha256) for sha256 in case.evidence},
        moves=allowed(case, who, today),
        desks=who.desks,
        desk=case.workflow.desks.get(case.at.desk or ""),
        check_desk=next(one.name for one in case.workflow.desks.values() if one.independent),
        owner_desk=next(one.name for one in case.workflow.desks.values() if one.owner),
        departments=DEPARTMENTS,
        relations=RELATIONS,
        regions=_choices(desk, finding["region"], language),
        name=lambda code: desk.atlas.name(code, language),
        party=party_text(desk, language),
        told=_teller(case, desk, language),
        left=days_left(case.due.date if case.due else None, today),
        today=today,
        picture=Markup(diagram.svg(case.workflow, language, case.state)),  # noqa: S704 (made by us, escaped there)
        map_spec=_map(finding, record.number) if finding.get("lon") is not None else None,
        similar=cases.similar(record, viewer.account, viewer.now),
    )


def _form(request: Request, viewer: Viewer, typed: dict[str, Any], fault: Exception | None = None) -> Response:
    desk, language = Desk(viewer), language_of(request)
    return render(
        request,
        "cases_new.html",
        status=422 if fault else 200,
        page_name="cases",
        fault=_said(fault, language),
        typed=typed,
        categories=categories(),
        sources=SOURCES,
        regions=_choices(desk, viewer.account.region or desk.home, language),
    )


def _said(fault: Exception | None, language: str) -> str:
    return "" if fault is None else str(getattr(fault, language, fault))


def party_text(desk: Desk, language: str) -> Callable[[Party | None], str]:
    """How a page calls a unit: 朝阳区住房城乡建设."""

    def text(party: Party | None) -> str:
        if party is None:
            return "–"
        place, department = desk.atlas.name(party.region, language), DEPARTMENTS.get(party.department)
        if department is None or department.code == "government":
            return place
        return f"{place}{department.zh}" if language == "zh" else f"{place}, {department.en}"

    return text


def _teller(case: Case, desk: Desk, language: str) -> Callable[[Event], str]:
    """What an event was, in a few words."""
    party = party_text(desk, language)

    def tell(event: Event) -> str:
        move = case.workflow.moves.get(event.move or "")
        if move is not None:
            return move.zh if language == "zh" else move.en
        words = _WORDS[event.kind]
        text = words[0] if language == "zh" else words[1]
        return f"{text}：{party(event.owner)}" if event.kind == "assign" else text

    return tell


_WORDS = {
    "open": ("发现并登记", "Found and entered"),
    "extend": ("延期", "Extended"),
    "pause": ("暂停计时", "Paused"),
    "resume": ("恢复计时", "Resumed"),
    "assign": ("改派", "Assigned"),
    "plan": ("倒排工期", "Reverse schedule"),
    "step": ("完成一步", "Step done"),
    "publish": ("公开", "Shown to the public"),
    "look_back": ("回头看，未见反弹", "Looked back: nothing found"),
    "note": ("备注", "Note"),
    "link": ("关联", "Linked"),
}


def _choices(desk: Desk, region: str, language: str) -> list[tuple[str, str]]:
    """The regions that an owner may belong to: the counties around the case, itself first."""
    city = next(iter(ancestors_of(region)), region)
    regions = [code for code, name in desk.atlas.names.items() if name.region == code]  # no stations
    inside = sorted(code for code in regions if code == city or city in ancestors_of(code)[:1])
    return [(code, desk.atlas.name(code, language)) for code in dict.fromkeys([region, *inside])]


def _map(finding: Any, number: str) -> dict[str, Any]:
    lon, lat = finding["lon"], finding["lat"]
    return {
        "bounds": [lon - 0.06, lat - 0.045, lon + 0.06, lat + 0.045],
        "outlines": f"/api/v1/outlines/counties?within={finding['region']}",
        "discs": [{"lon": lon, "lat": lat, "value": "●", "title": finding["title"], "lines": [number]}],
    }
