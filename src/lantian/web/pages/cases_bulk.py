"""Many cases at once: the ledger as XLSX, findings from a sheet, several handed over with one order letter 督办单."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from lantian.disclosure.bulletin import ISSUER
from lantian.disclosure.letters import OrderCase, OrderLetter
from lantian.disclosure.service import Disclosure
from lantian.kernel.accounts import NotPermitted
from lantian.places.store import PlaceStore
from lantian.supervision import ledger_sheet
from lantian.supervision.events import CaseError, Party
from lantian.supervision.findings import Finding, categories
from lantian.supervision.service import Supervision
from lantian.supervision.store import Record
from lantian.web.desk import Desk
from lantian.web.pages.cases import filter_of, unit_of
from lantian.web.pages.cases_case import party_text
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

router = APIRouter()
Text = Annotated[str, Query(max_length=60)]
Reporter = Annotated[Viewer, allow("cases.report")]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LARGEST = 8 * 2**20


@router.get("/cases.xlsx")
def export(
    viewer: Annotated[Viewer, allow("cases.read")],
    standing: Text = "open",
    region: Text = "",
    department: Text = "",
    category: Text = "",
    source: Text = "",
    round: Text = "",  # noqa: A002
    q: Text = "",
    order: Text = "due",
) -> Response:
    """The ledger as asked for, in the layout that offices use; at most `ledger_sheet.MOST` rows."""
    desk = Desk(viewer)
    asked = filter_of(viewer, standing, region, department, category, source, round, q, order)
    rows = Supervision(viewer.platform).ledger(asked, viewer.now, limit=ledger_sheet.MOST).rows
    content = ledger_sheet.write(
        rows, viewer.today, lambda code: desk.atlas.name(code, "zh"), lambda row: unit_of(desk, row, "zh")
    )
    return _file(content, f"ledger-{viewer.today}.xlsx")


@router.get("/cases/import")
def form(request: Request, viewer: Reporter) -> Response:  # noqa: ARG001 (asks for the permission)
    """The form for a sheet of findings."""
    return render(request, "cases_import.html", page_name="cases", done=None, faults=(), fault="", repeated=())


@router.get("/cases/template.xlsx")
def empty(viewer: Reporter) -> Response:  # noqa: ARG001 (asks for the permission)
    """An empty sheet of findings."""
    return _file(ledger_sheet.template(), "findings.xlsx")


@router.post("/cases/import")
def take(request: Request, viewer: Reporter, file: UploadFile) -> Response:
    """Enter the findings of a sheet; rows that cannot be entered are listed, each with what would be right."""
    gazetteer = PlaceStore(viewer.platform.engine).gazetteer()
    cases, done, repeated = Supervision(viewer.platform), [], []
    try:
        content = file.file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            size = _LARGEST // 2**20
            raise CaseError(f"the file is larger than {size} MB: split it", f"文件超过 {size} MB，请拆分后再上传")
        sheet = ledger_sheet.read(
            content, lambda text: gazetteer.resolve(text).code, example=viewer.platform.settings.example
        )
        for row, finding in sheet.findings:
            known = _known(viewer, cases, finding)
            if known:
                repeated.append((row, finding.title, known))
            else:
                done.append((row, cases.open(finding, viewer.account)))
    except (CaseError, NotPermitted) as error:
        said = str(getattr(error, language_of(request), error))
        return render(
            request, "cases_import.html", status=422, page_name="cases", done=done or None, faults=(), fault=said,
            repeated=repeated,
        )  # fmt: skip
    return render(
        request, "cases_import.html", page_name="cases", done=done, faults=sheet.faults, fault="", repeated=repeated
    )


def _known(viewer: Viewer, cases: Supervision, finding: Finding) -> str | None:
    """The number of a case that says the same already, so that a sheet may be imported twice."""
    asked = filter_of(viewer, "all", finding.region, "", finding.category, finding.source, text=finding.title)
    same = (finding.title, finding.subject, finding.address)
    rows = cases.ledger(asked, viewer.now, limit=20).rows
    return next((row["number"] for row in rows if (row["title"], row["subject"], row["address"]) == same), None)


@router.post("/cases/hand-over")
def hand_over(
    request: Request,
    viewer: Annotated[Viewer, allow("cases.assign")],
    region: Annotated[str, Form(max_length=20)],
    department: Annotated[str, Form(max_length=20)],
    days: Annotated[int, Form(ge=1, le=180)],
    requirement: Annotated[str, Form(min_length=1, max_length=500)],
    number: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Hand several cases over to one unit and keep the order letter that says so as a draft."""
    if not number:
        raise HTTPException(422, "number: expected at least one case")
    cases, owner = Supervision(viewer.platform), Party(region, department)
    records = []
    try:
        for one in dict.fromkeys(number):
            move = next(m for m in cases.case(one, viewer.now).case.workflow.moves.values() if "owner" in m.needs)
            records.append(
                cases.move(one, move.name, viewer.account, requirement, owner=owner, days=days, requirement=requirement)
            )
    except (CaseError, NotPermitted, LookupError) as error:
        said = str(getattr(error, language_of(request), error))
        handed = ", ".join(record.number for record in records)
        raise HTTPException(422, said + (f" (handed over before it: {handed})" if handed else "")) from None
    letter = letter_of(viewer, owner, records)
    Disclosure(viewer.platform).make(letter, viewer.account.actor, title=f"督办单：{letter.to_unit}")
    return RedirectResponse("/documents" if viewer.may("publishing.read") else "/cases", 303)


def letter_of(viewer: Viewer, owner: Party, records: list[Record]) -> OrderLetter:
    """The order letter to the owner of some cases."""
    desk = Desk(viewer)
    return OrderLetter(
        issuer=ISSUER,
        issued_on=viewer.today,
        example=any(record.case.finding.get("example", False) for record in records),
        to_unit=party_text(desk, "zh")(owner),
        contact=viewer.account.name,
        cases=tuple(_order(desk, record) for record in records),
    )


def _order(desk: Desk, record: Record) -> OrderCase:
    finding, case = record.case.finding, record.case
    term = case.given or case.running
    due = term.due() if term else None
    return OrderCase(
        number=record.number,
        title=finding["title"],
        place=f"{desk.atlas.name(finding['region'], 'zh')}{finding.get('address', '')}",
        category=categories()[finding["category"]].zh,
        requirement=case.requirement,
        due=due.date if due else case.since,
        found_on=case.opened_at.date(),
        provisional=due.provisional if due else False,
    )


def _file(content: bytes, name: str) -> Response:
    return Response(content, media_type=_XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})
