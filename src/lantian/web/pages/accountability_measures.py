"""Measures 处罚与奖惩: fines, restriction, sealing, referral, interviews; the ledger; responsibility letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.accountability import dispatch, fines, letters, money
from lantian.accountability.fines import Recheck
from lantian.accountability.interviews import Commitment, Interview, tasks
from lantian.accountability.records import MEASURES, Books, Measure, balance
from lantian.assessment.periods import Period, holding, parse
from lantian.standards import rounding
from lantian.web.desk import Desk
from lantian.web.navigation import Page
from lantian.web.pages.spans import day_words, words
from lantian.web.pages.targets import amount, symbol, unit
from lantian.web.remember import Memory
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("accountability_measures", "/accountability/measures", "account", "accountability.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("accountability.read")]
Decider = Annotated[Viewer, allow("accountability.decide")]
Text = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=4000)]


@router.get("/accountability/measures")
def page(request: Request, viewer: Reader, month: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Show what was recorded by now, and forms for who may decide; `month`: what is scored, a quarter too."""
    return _page(request, Desk(viewer), month=month)


@router.post("/accountability/measures/measure")
def measure(
    request: Request,
    viewer: Decider,
    kind: Text,
    place: Text,
    subject: Text,
    document: Text,
    day: Text,
    rechecks: Text = "",
    original: Text = "",
    case_number: Text = "",
) -> Response:
    """Record a measure. Of a daily fine `day` is when the order to correct was served, `rechecks` the days of re-checks
    that found it violating, `original` the first fine; days and sum are computed.
    """
    desk = Desk(viewer)
    draft = {"kind": kind, "place": place, "subject": subject, "document": document, "day": day}
    draft |= {"rechecks": rechecks, "original": original, "case_number": case_number}

    def write() -> None:
        code, start, law = _place(desk, place), _day("day", day), fines.load()
        until, total, working = None, None, ""
        if kind == "daily_fine":
            days = [
                Recheck(_day("rechecks", each), True) for each in rechecks.replace("，", ",").split(",") if each.strip()
            ]
            fine = fines.daily(law, start, days, _number("original", original))
            until, total, working = fine.last, fine.amount, fine.zh
        elif kind in fines.KINDS:
            until = fines.last_day(law, kind, start)
        made = Measure(kind, code, subject, document, start, until, total, working, case_number.strip() or None)
        Books(viewer.platform.engine).record(made, viewer.account.actor, viewer.now)

    return _written(request, desk, "measure", draft, write)


@router.post("/accountability/measures/interview")
def interview(
    request: Request,
    viewer: Decider,
    place: Text,
    who: Text,
    by: Text,
    day: Text,
    minutes: Long,
    commitments: Long = "",
) -> Response:
    """Record an interview. `commitments`: one a line, `due day | department or nothing | text`."""
    desk = Desk(viewer)
    draft = {"place": place, "who": who, "by": by, "day": day, "minutes": minutes, "commitments": commitments}

    def write() -> None:
        code = _place(desk, place)
        promised = tuple(_commitment(code, line) for line in commitments.splitlines() if line.strip())
        held = Interview(code, who, by, _day("day", day), minutes, promised)
        Books(viewer.platform.engine).minute(held, viewer.account.actor, viewer.now)

    return _written(request, desk, "interview", draft, write)


@router.post("/accountability/measures/settle")
def settle(
    request: Request,
    viewer: Decider,
    place: Text,
    period: Text,
    completion: Text = "",
    index: Text = "",
    heavy_days: Text = "",
) -> Response:
    """Reckon rewards and deductions of a place's period and put them into the ledger; an empty number is not known."""
    desk = Desk(viewer)
    draft = {"place": place, "period": period, "completion": completion, "index": index, "heavy_days": heavy_days}

    def write() -> None:
        numbers = {"completion": completion, "index": index, "heavy_days": heavy_days}
        values = {name: _number(name, text) for name, text in numbers.items() if text.strip()}
        if not values:
            raise ValueError("completion, index, heavy_days: expected at least one number (至少填一项)")
        settled = money.settle(money.load(), _place(desk, place), parse(period).label, values)
        Books(viewer.platform.engine).enter(settled, viewer.account.actor, viewer.now)

    return _written(request, desk, "settle", draft, write)


@router.post("/accountability/measures/correct/{entry}")
def correct(request: Request, viewer: Decider, entry: int, reason: Text = "") -> Response:
    """Take an entry of the ledger back, with a reason."""
    desk, books = Desk(viewer), Books(viewer.platform.engine)

    def write() -> None:
        found = next((each for each in books.ledger(as_of=viewer.now) if each.id == entry), None)
        if found is None:
            raise HTTPException(404, f"there is no ledger entry {entry}")
        _require(desk, found.place)
        books.correct(entry, viewer.account.actor, viewer.now, reason)

    return _written(request, desk, "", {}, write)


def _written(request: Request, desk: Desk, form: str, draft: Mapping[str, str], write: Callable[[], None]) -> Response:
    try:
        write()
    except (ValueError, LookupError) as error:
        return _page(request, desk, form=form, draft=draft, fault=str(error), status=422)
    return RedirectResponse("/accountability/measures", 303)


def _page(
    request: Request,
    desk: Desk,
    *,
    form: str = "",
    draft: Mapping[str, str] | None = None,
    fault: str = "",
    status: int = 200,
    month: str = "",
) -> Response:
    try:
        scored = parse(month) if month.strip() else holding(desk.viewer.today, "month").step(-1)
    except ValueError as error:
        raise HTTPException(422, str(error)) from None
    if scored.start > desk.viewer.today or scored.days > 366:
        raise HTTPException(422, f"month {month}: expected a month, quarter or year that has begun")
    language, now = language_of(request), desk.as_of
    books = Books(desk.viewer.platform.engine)
    entries, measures, held = books.ledger(as_of=now), books.measures(now), books.interviews(now)
    schedule = money.load()
    items = {each.id: each.zh if language == "zh" else each.en for each in schedule.items}
    taken = {each.corrects for each in entries if each.corrects is not None}
    return render(
        request,
        "accountability_measures.html",
        status=status,
        entries=list(reversed(entries)),
        taken=taken,
        balances=balance(entries),
        measures=measures,
        fined=[each for each in measures if each.kind == "daily_fine"],
        sum_fined=sum((each.amount or Decimal(0) for each in measures), Decimal(0)),
        net=sum((each.amount for each in entries), Decimal(0)),
        interviews=[(each, tasks(each)) for each in held],
        scored=scored,
        quarter=holding(scored.start, "quarter"),
        scores=_scores(desk.viewer, scored),
        letters=letters.letters(desk.tracks(), desk.last_day.year),
        items=items,
        kinds=MEASURES,
        kind=lambda code: MEASURES[code][0 if language == "zh" else 1],
        yuan=yuan,
        name=lambda code: desk.atlas.name(code, language),
        department=lambda code: code or ("政府" if language == "zh" else "government"),
        day_words=lambda day: day_words(day, language),
        words=lambda label: words(parse(label), language),
        symbol=lambda quantity: symbol(quantity, language),
        unit=lambda quantity: unit(quantity, language),
        digits=amount,
        today=desk.viewer.today,
        may=desk.viewer.may("accountability.decide"),
        form=form,
        draft=draft or {},
        fault=fault,
    )


def _scores(viewer: Viewer, scored: Period) -> list[letters.Score]:
    """The months' scores as known today, computed once for all readers."""

    def compute() -> list[letters.Score]:
        return letters.assess(letters.load(), dispatch.months(viewer.platform, scored, viewer.today))

    return Memory(viewer)(("accountability scores", scored, viewer.today), compute)


def yuan(amount: Decimal) -> str:
    """Yuan with thousands apart and a true minus."""
    return f"{amount:,.2f}".replace("-", "−")


def _place(desk: Desk, text: str) -> str:
    code = desk.judge.places.resolve(text).code
    _require(desk, code)
    return code


def _require(desk: Desk, code: str) -> None:
    region = desk.atlas.region(code) if code in desk.atlas.names else code
    if not desk.viewer.may("accountability.decide", region):
        raise HTTPException(403, f"{desk.viewer.account.login} lacks the permission accountability.decide for {code}")


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{field} {text!r}: expected a day such as 2016-12-16") from None


def _number(field: str, text: str) -> Decimal:
    try:
        return rounding.as_decimal(text.strip())
    except ValueError:
        raise ValueError(f"{field} {text!r}: expected a number") from None


def _commitment(place: str, line: str) -> Commitment:
    parts: list[Any] = [part.strip() for part in line.replace("｜", "|").split("|", 2)]
    if len(parts) != 3:
        raise ValueError(f"commitment {line!r}: expected due day | department or nothing | text")
    return Commitment(place, parts[1], parts[2], _day("commitment", parts[0]))
