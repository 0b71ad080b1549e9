"""The programme 工作方案: how many tasks are done, which are late and since when, and did the air become better?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, HTTPException, Path, Query, Request, Response, UploadFile
from fastapi.responses import RedirectResponse, StreamingResponse

from lantian.assessment.periods import parse
from lantian.kernel.accounts import NotPermitted, allowed, scopes_of
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.evidence import EvidenceStore
from lantian.supervision.file_kinds import LIMIT, EvidenceError
from lantian.supervision.programme import quadrants, rollup, sheet, templates
from lantian.supervision.programme.progress import STATES, Standing, report_due
from lantian.supervision.programme.rollup import BYS, By, Group
from lantian.supervision.programme.service import Programme, air_of, may_report
from lantian.supervision.programme.store import Plan
from lantian.supervision.programme.task import Task, month_of, units
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages import programme_view as drawn
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("programme", "/programme", "supervise", "programme.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("programme.read")]
Editor = Annotated[Viewer, allow("programme.edit")]
Text = Annotated[str, Form(max_length=300)]
Asked = Annotated[str, Query(max_length=60)]

ROWS = 200
"""Tasks in the table at most."""
_MISSING = 12
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FAULTS = (ValueError, LookupError, NotPermitted)


@router.get("/programme")
def page(
    request: Request,
    viewer: Reader,
    plan: Asked = "",
    by: Literal["item", "county", "department"] = "item",
    key: Asked = "",
    state: Asked = "",
    task: Asked = "",
    form: Literal["", "new"] = "",
) -> Response:
    """Show a programme rolled up `by` item, county or department, the group `key` alone, one `task` in full."""
    return _page(request, viewer, plan, by, key, state, task, form)


@router.get("/programme/tasks.xlsx")
def export(viewer: Reader, plan: Asked = "") -> Response:
    """The task list as a workbook: what the viewer may see, of one programme or all."""
    found = Programme(viewer.platform).standings(
        viewer.now, programme=plan or None, scopes=scopes_of(viewer.account, "programme.read")
    )
    return _workbook(sheet.write(one.task for one in found), f"programme-{plan or 'all'}.xlsx")


@router.get("/programme/template.xlsx")
def template(viewer: Editor, plan: Asked = "") -> Response:
    """A workbook of the programme's template, to be filled in."""
    found = next((one for one in Programme(viewer.platform).plans(viewer.now) if one.code == plan), None)
    if found is None:
        raise HTTPException(404, f"programme {plan!r}: there is none")
    filled = sheet.blank(
        templates.load(found.template),
        programme=found.code,
        region=found.region,
        start=found.period.start,
        due=found.period.end,
    )
    return _workbook(filled, f"programme-{found.code}-template.xlsx")


@router.post("/programme/plans")
def add_plan(
    request: Request, viewer: Editor, code: Text, zh: Text, period: Text, region: Text, template: Text, en: Text = ""
) -> Response:
    """Begin a programme."""
    try:
        place = Desk(viewer).judge.places.resolve(region).code
        templates.load(template if template in templates.NAMES else "")
        made = Plan(code.strip(), zh.strip(), en.strip() or zh.strip(), template, parse(period), place)
        Programme(viewer.platform).add_plan(made, viewer.account)
    except _FAULTS as error:
        return _page(request, viewer, fault=error)
    return RedirectResponse(f"/programme?{urlencode({'plan': made.code})}", 303)


@router.post("/programme/import")
def bring_in(request: Request, viewer: Editor, file: UploadFile, reason: Text = "") -> Response:
    """Bring a workbook of tasks in, all of it or nothing."""
    try:
        Programme(viewer.platform).import_tasks(
            sheet.read(file.file.read(LIMIT)), viewer.account, reason or file.filename or "import"
        )
    except _FAULTS as error:
        return _page(request, viewer, fault=error)
    return RedirectResponse("/programme", 303)


@router.post("/programme/tasks")
def add_task(
    request: Request,
    viewer: Editor,
    title: Text,
    region: Text,
    department: Text,
    quantity: Text,
    unit: Text,
    start: Text,
    due: Text,
    programme: Text = "",
    item: Text = "",
    parent: Text = "",
    enterprise: Text = "",
) -> Response:
    """Add a task, or hand one down (`parent`); the item's usual steps are its reverse schedule."""
    try:
        desk = Desk(viewer)
        plans = {one.code: one for one in Programme(viewer.platform).plans(viewer.now)}
        items = templates.load(plans[programme].template).items if programme in plans else {}
        days = _day("start", start), _day("due", due)
        made = Task(
            title.strip(),
            desk.judge.places.resolve(region).code,
            department,
            _quantity("quantity", quantity),
            unit,
            *days,
            programme=programme,
            item=item,
            parent=parent or None,
            enterprise=enterprise.strip(),
            steps=templates.schedule(items[item], *days) if item in items and days[0] < days[1] else (),
        )
        number = Programme(viewer.platform).add_task(made, viewer.account)
    except _FAULTS as error:
        return _page(request, viewer, programme or "all", task=parent, form="new", fault=error)
    return RedirectResponse(f"/programme?{urlencode({'plan': programme or 'all', 'task': number})}", 303)


@router.post("/programme/change")
def change(request: Request, viewer: Editor, task: Text, quantity: Text, due: Text, reason: Text) -> Response:
    """Change quantity and last day of a task; with another day the item's usual steps are laid out anew."""
    plan = Programme(viewer.platform)
    try:
        old, day = plan.task(task), _day("due", due)
        plans = {one.code: one for one in plan.plans(viewer.now)}
        items = templates.load(plans[old.programme].template).items if old.programme in plans else {}
        anew = day != old.due and old.item in items and bool(old.steps) and old.start < day
        steps = templates.schedule(items[old.item], old.start, day) if anew else old.steps
        made = replace(old, quantity=_quantity("quantity", quantity), due=day, steps=steps)
        plan.change_task(made, viewer.account, reason)
    except _FAULTS as error:
        return _page(request, viewer, "all", task=task, fault=error)
    return RedirectResponse(f"/programme?{urlencode({'plan': 'all', 'task': task})}#task", 303)


@router.get("/programme/proof/{sha256}")
def proof(viewer: Reader, sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> Response:
    """Give a file that proves a report on a task that the viewer may see, to be saved."""
    scopes = scopes_of(viewer.account, "programme.read")
    found = Programme(viewer.platform).standings(viewer.now, scopes=scopes)
    if not any(sha256 in report.evidence for one in found for report in one.reports):
        raise HTTPException(404, f"proof {sha256[:16]}: there is none of a task that you may see")
    store = EvidenceStore(viewer.platform)
    try:
        piece, content = store.get(sha256), store.content(sha256)
    except (LookupError, EvidenceError) as error:
        raise HTTPException(404, str(error)) from None
    headers = {
        "Content-Disposition": f'attachment; filename="{piece.file_name}"',
        "Content-Security-Policy": "sandbox",
    }
    return Response(content, media_type=piece.media_type, headers=headers)


@router.post("/programme/withdraw")
def withdraw(request: Request, viewer: Editor, task: Text, reason: Text) -> Response:
    """Withdraw a task; it stays in the record."""
    try:
        Programme(viewer.platform).withdraw(task, viewer.account, reason)
    except _FAULTS as error:
        return _page(request, viewer, "all", task=task, fault=error)
    return RedirectResponse("/programme", 303)


@router.post("/programme/report")
def report(
    request: Request,
    viewer: Reader,
    task: Text,
    month: Text,
    done: Text,
    note: Text = "",
    reason: Text = "",
    files: list[UploadFile] | None = None,
) -> Response:
    """Report what was done by the end of a month, with proof; who may is asked for the task's region and department."""
    plan = Programme(viewer.platform)
    try:
        if not may_report(viewer.account, plan.task(task)):
            raise HTTPException(403, f"{viewer.account.login} may not report on task {task}")
        first = _day("month", f"{month.strip()}-01")
        amount = _quantity("done", done, zero=True)
        kept = EvidenceStore(viewer.platform)
        given = [one for one in files or () if one.filename]
        proofs = [kept.put(one.file.read(LIMIT + 1), one.filename or "", viewer.account).sha256 for one in given]
        plan.report(task, first, amount, viewer.account, evidence=proofs, note=note.strip(), reason=reason.strip())
    except (*_FAULTS, EvidenceError) as error:
        return _page(request, viewer, "all", task=task, fault=error)
    return RedirectResponse(f"/programme?{urlencode({'plan': 'all', 'task': task})}#task", 303)


def _page(
    request: Request,
    viewer: Viewer,
    code: str = "",
    by: By = "item",
    key: str = "",
    state: str = "",
    task: str = "",
    form: str = "",
    fault: Exception | None = None,
) -> Response:
    language, desk, service = language_of(request), Desk(viewer), Programme(viewer.platform)
    plans = service.plans(viewer.now)
    plan = None if code == "all" else next((one for one in plans if one.code == code), plans[0] if plans else None)
    if code not in ("", "all") and (plan is None or plan.code != code):
        raise HTTPException(404, f"programme {code!r}: there is none")
    scopes = scopes_of(viewer.account, "programme.read")
    found = service.standings(viewer.now, programme=plan.code if plan else None, scopes=scopes)
    groups = rollup.group(found, by)
    whole = rollup.total("", found)
    chosen = next((one for one in found if one.task.number == task), None)
    if task and chosen is None:
        raise HTTPException(404, f"task {task!r}: there is none here")
    listed = _listed(groups, key, state)
    missing = rollup.missing(found)
    places = _places(desk, plan, found, service)

    def name(place: str) -> str:
        return desk.atlas.name(place, language)

    def sentence(one: quadrants.Place) -> str:
        return quadrants.sentence(one, name(one.code), language)

    if fault is not None:
        fault_words = getattr(fault, language, None) or str(fault)
    return render(
        request,
        "programme.html",
        status=422 if fault is not None and not isinstance(fault, NotPermitted) else 403 if fault else 200,
        page_name="programme",
        plan=plan,
        plans=plans,
        all=code == "all",
        by=by,
        bys=BYS,
        key=key,
        state=state,
        states=STATES,
        whole=whole,
        groups=groups,
        group_name=lambda group: _group_name(group, by, plan, language, name),
        listed=listed[:ROWS],
        left_out=max(0, len(listed) - ROWS),
        gantt=drawn.gantt(listed, viewer.today, language, name),
        geometry=drawn,
        missing=missing,
        shown_missing=missing[:_MISSING],
        due_of=lambda month: report_due(month, service.rules).date,
        places=places,
        scatter=drawn.scatter(places, service.rules.kept_share, sentence, name),
        kept_share=service.rules.kept_share,
        quadrants=quadrants.QUADRANTS,
        loud={which: quadrants.listed(places, which) for which in ("kept_worse", "behind_better")},
        sentence=sentence,
        chosen=chosen,
        children=[one for one in found if chosen and one.task.parent == chosen.task.number],
        months=_months(chosen, viewer.today) if chosen else [],
        may_report=chosen is not None and chosen.own > 0 and may_report(viewer.account, chosen.task),
        may_edit=viewer.may("programme.edit"),
        may_edit_chosen=chosen is not None
        and allowed(viewer.account, "programme.edit", chosen.task.region, chosen.task.department),
        form=form,
        plan_template=templates.load(plan.template) if plan else None,
        template_names={one: templates.load(one) for one in templates.NAMES},
        departments=DEPARTMENTS,
        units=units(),
        region_names=[name(each) for each in desk.atlas.names if viewer.may("programme.edit", desk.atlas.region(each))]
        if viewer.may("programme.edit")
        else [],
        name=name,
        link=lambda **changes: _link(
            {"plan": "all" if code == "all" else plan.code if plan else "", "by": by, "key": key, "state": state}
            | changes
        ),
        rules=service.rules,
        fault=fault_words if fault is not None else "",
    )


def _listed(groups: list[Group], key: str, state: str) -> list[Standing]:
    """The tasks that count in the groups shown, in their order."""
    tops = [one for group in groups if not key or group.key == key for one in group.tasks]
    return [one for one in dict.fromkeys(tops) if not state or one.state == state]


def _places(desk: Desk, plan: Plan | None, found: list[Standing], service: Programme) -> list[quadrants.Place]:
    """Counties and cities with their air over the programme's period; without a programme there is no period."""
    if plan is None or not found:
        return []
    groups = rollup.group(found, "county")
    codes = sorted(group.key for group in groups if group.key in desk.atlas.names)
    if not codes or plan.period.start > desk.last_day:
        return quadrants.places(groups, {}, service.rules)
    return quadrants.places(groups, air_of(desk.rank(codes, plan.period, by="pm25").to_dicts()), service.rules)


def _group_name(group: Group, by: By, plan: Plan | None, language: str, name: object) -> str:
    if by == "county":
        return str(name(group.key)) if callable(name) else group.key
    if by == "department":
        one = DEPARTMENTS[group.key]
        return one.zh if language == "zh" else one.en
    items = templates.load(plan.template).items if plan else {}
    if group.key in items:
        item = items[group.key]
        code = f"{item.code} " if item.code[:1].isdigit() else ""
        return code + (item.zh if language == "zh" else item.en)
    words = {
        "meeting": ("联席会议议定", "Joint meeting"),
        "interview": ("约谈承诺", "Interview"),
        "programme": ("其他", "Other"),
    }
    return words[group.key][language != "zh"] if group.key in words else group.key


def _months(one: Standing, today: date) -> list[date]:
    """Months that can be reported on, the newest first, those missing before all."""
    first, month = month_of(one.task.start), month_of(today)
    found: list[date] = []
    while month >= first and len(found) < 24:
        found.append(month)
        month = month_of(date.fromordinal(month.toordinal() - 1))
    return [*one.missing, *(month for month in found if month not in one.missing)]


def _link(choices: dict[str, str]) -> str:
    return "/programme?" + urlencode({name: value for name, value in choices.items() if value})


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{field} {text!r}: expected a day such as 2016-12-31") from None


def _quantity(field: str, text: str, *, zero: bool = False) -> Decimal:
    try:
        value = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        value = Decimal("nan")
    if not value.is_finite() or value < 0 or (value == 0 and not zero):
        raise ValueError(f"{field} {text!r}: expected a number {'from 0 on' if zero else 'above 0'}")
    return value


def _workbook(content: bytes, name: str) -> Response:
    head = {"Content-Disposition": f'attachment; filename="{name.encode("ascii", "replace").decode()}"'}
    return StreamingResponse(BytesIO(content), media_type=_XLSX, headers=head)
