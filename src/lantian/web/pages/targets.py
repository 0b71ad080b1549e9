"""Targets 目标: is each on its way, what must the rest of the period average, how many days may still be lost?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from lantian.assessment.periods import Period, parse
from lantian.assessment.targets import DAY_COUNTS, MEANS, QUANTITIES, Quantity, Target, Track
from lantian.standards.codes import ITEMS
from lantian.web.api.targets import may_edit, missing_days, remove, save
from lantian.web.desk import Desk
from lantian.web.drawing import Bar, ColumnChart, column_chart
from lantian.web.figures import digits
from lantian.web.navigation import Page
from lantian.web.pages.spans import day_words, run_words, words
from lantian.web.render import language_of, render
from lantian.web.security import Viewer, allow

PAGE = Page("targets", "/targets", "assess", "targets.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("targets.read")]
Editor = Annotated[Viewer, allow("targets.edit")]
Text = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class Draft:
    """A target as somebody typed it."""

    place: str = ""
    quantity: str = "pm25"
    period: str = ""
    limit: str = ""
    base: str = ""
    parent: str = ""
    source: str = ""
    reason: str = ""


@router.get("/targets")
def page(
    request: Request,
    viewer: Reader,
    target: Annotated[int | None, Query()] = None,
    form: Literal["", "edit", "new"] = "",
) -> Response:
    """Show every target, one of them (`target`) with its months; `form`: open the form for it or for a new one."""
    desk = Desk(viewer)
    track = next((each for each in desk.tracks() if each.target.id == target), None)
    if target is not None and track is None:
        raise HTTPException(404, f"target {target}: there is none")
    allowed = viewer.may("targets.edit") if form == "new" or track is None else may_edit(desk, track.target.place)
    if form and not allowed:
        raise HTTPException(403, f"{viewer.account.login} lacks the permission targets.edit here")
    draft = None
    if form == "edit" and track is not None:
        draft = _draft(desk, track.target, language_of(request))
    elif form:
        draft = Draft(period=str(desk.last_day.year), parent="" if target is None else str(target))
    return _page(request, desk, track, form=form, draft=draft)


@router.post("/targets")
def put(
    request: Request,
    viewer: Editor,
    place: Text,
    quantity: Text,
    period: Text,
    limit: Text,
    target: Annotated[int | None, Form()] = None,
    base: Text = "",
    parent: Text = "",
    source: Text = "",
    reason: Text = "",
) -> Response:
    """Add a target, or change the one whose id is `target`; needs the permission at its place, old and new."""
    desk = Desk(viewer)
    track = next((each for each in desk.tracks() if each.target.id == target), None)
    draft = Draft(place, quantity, period, limit, base, parent, source, reason)
    if target is not None and track is None:
        raise HTTPException(404, f"target {target}: there is none")
    try:
        saved = save(desk, read(desk, draft, track.target if track else None), reason)
    except (ValueError, LookupError) as error:
        return _page(request, desk, track, form="edit" if track else "new", draft=draft, fault=str(error), status=422)
    return _went(request, f"/targets?target={saved}")


@router.post("/targets/{target_id}/drop")
def drop(request: Request, viewer: Editor, target_id: int, reason: Text = "") -> Response:
    """Remove a target; what was decomposed from it stays."""
    remove(Desk(viewer), target_id, reason)
    return _went(request, "/targets")


def read(desk: Desk, draft: Draft, present: Target | None) -> Target:
    """Turn what was typed into a target.

    Raises:
        ValueError, LookupError: a field cannot be read; the message names it, its value and what would be right.
    """
    if draft.quantity not in QUANTITIES:
        raise ValueError(f"quantity {draft.quantity!r}: expected one of {', '.join(QUANTITIES)}")
    found = desk.judge.places.resolve(draft.place)
    return Target(
        place=found.code,
        quantity=draft.quantity,
        period=parse(draft.period),
        limit=_number("limit", draft.limit),
        base=_number("base", draft.base) if draft.base.strip() else None,
        parent=int(_number("parent", draft.parent)) if draft.parent.strip() else None,
        source=draft.source.strip(),
        example=present.example if present else False,
        id=present.id if present else None,
    )


def _page(
    request: Request,
    desk: Desk,
    track: Track | None,
    *,
    form: str,
    draft: Draft | None,
    fault: str = "",
    status: int = 200,
) -> Response:
    language = language_of(request)
    tree = list(_tree(desk.tracks()))
    chosen = track or (tree[0][1] if tree else None)
    return render(
        request,
        "targets.html",
        status=status,
        tree=tree,
        chosen=chosen,
        chart=_chart(chosen, language) if chosen else None,
        caveats=_caveats(desk, chosen.target, language) if chosen else [],
        usual=_usual(chosen) if chosen else None,
        last_day=desk.last_day,
        met=sum(each.met is True for _, each in tree),
        known=sum(each.met is not None for _, each in tree),
        unlikely=sum(each.chance is not None and each.chance < 0.5 for _, each in tree),
        means=MEANS,
        counts=DAY_COUNTS,
        quantities=QUANTITIES,
        missing=missing_days,
        name=lambda code: desk.atlas.name(code, language),
        places=[desk.atlas.name(code, language) for code in desk.atlas.names if may_edit(desk, code)] if form else [],
        words=lambda period: words(period, language),
        day_words=lambda day: day_words(day, language),
        amount=amount,
        chance_text=chance_text,
        unit=lambda quantity: unit(quantity, language),
        symbol=lambda quantity: symbol(quantity, language),
        may=lambda code: may_edit(desk, code),
        form=form,
        draft=draft,
        fault=fault,
    )


def _went(request: Request, address: str) -> Response:
    """On to another page after something was written: htmx is told by its own header."""
    if request.headers.get("hx-request"):
        return Response(status_code=200, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def _draft(desk: Desk, target: Target, language: str) -> Draft:
    return Draft(
        desk.atlas.name(target.place, language),
        target.quantity,
        target.period.label,
        f"{target.limit:g}",
        "" if target.base is None else f"{target.base:g}",
        "" if target.parent is None else str(target.parent),
        target.source,
    )


def _number(field: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{field} {text!r}: expected a number") from None


def _tree(tracks: list[Track], parent: int | None = None, depth: int = 0) -> Iterator[tuple[int, Track]]:
    """Parents before their children, with the depth of each; who is above, not the code, decides the order."""
    known = {each.target.id for each in tracks}
    order = {
        quantity: number for number, quantity in enumerate(("pm25", "pm10", "o3_8h", "no2", "so2", "co", *DAY_COUNTS))
    }
    own = [each for each in tracks if (each.target.parent if each.target.parent in known else None) == parent]
    own.sort(
        key=lambda each: (
            each.target.place.startswith("Z"),
            each.target.place,
            each.target.period.start,
            order[each.target.quantity],
        )
    )
    for each in own:
        yield depth, each
        yield from _tree(tracks, each.target.id, depth + 1) if each.target.id is not None else ()


def symbol(quantity: Quantity, language: str) -> str:
    """What a quantity is called beside a number."""
    zh = language == "zh"
    counts = {
        "good_share": "优良天数比例" if zh else "good-day share",
        "good_days": "优良天数" if zh else "good days",
        "heavy_days": "重污染天数" if zh else "heavy days",
        "co": "CO 第95百分位" if zh else "CO 95th percentile",
        "o3_8h": "O3-8h 第90百分位" if zh else "O3-8h 90th percentile",
    }
    return counts.get(quantity) or ITEMS[quantity].symbol


def unit(quantity: Quantity, language: str) -> str:
    """The unit in which a quantity is printed."""
    if quantity in ("good_days", "heavy_days"):
        return "天" if language == "zh" else "days"
    return "%" if quantity == "good_share" else ITEMS[quantity].printed_unit


def amount(quantity: Quantity, value: float | None) -> str:
    """A value of a quantity in published digits."""
    if value is None:
        return "–"
    if quantity in ("good_days", "heavy_days"):
        return f"{value:.0f}"
    return digits("good_day_share" if quantity == "good_share" else quantity, value)


def chance_text(track: Track) -> str:
    """The chance in percent; draws alone never say 0 or 100 of what is not certain."""
    if track.chance is None:
        return "–"
    hopeless = (track.allowance is not None and track.allowance < 0) or (track.days_to_lose or 0) < 0
    safe = track.days_to_lose is not None and track.days_to_lose >= track.days_left
    if not track.days_left or hopeless or safe:
        return f"{track.chance * 100:.0f}"
    return ">99" if track.chance > 0.99 else "<1" if track.chance < 0.01 else f"{track.chance * 100:.0f}"


def _usual(track: Track) -> float | None:
    """What the rest of the period averaged in past years, of mean concentrations."""
    pairs = [(month.usual, month.period.days) for month in track.months]
    if not pairs or any(usual is None for usual, _ in pairs):
        return None
    return sum((usual or 0) * days for usual, days in pairs) / sum(days for _, days in pairs)


def _caveats(desk: Desk, target: Target, language: str) -> list[str]:
    """Doubts about ozone, where ozone decides: its own percentile, and counts of days by AQI."""
    if target.quantity not in (*DAY_COUNTS, "o3_8h"):
        return []
    return desk.caveats([target.place], target.period, language)


def _chart(track: Track, language: str) -> ColumnChart:
    """Months that are over in ink, what remains as hollow columns of what is allowed; marks are the usual."""
    target, bars = track.target, []
    for month in track.course:
        if month.value is not None:
            part = month.period.until(track.day)
            bars.append(
                Bar(
                    _month(part, language),
                    month.value,
                    amount(target.quantity, month.value),
                    month.usual,
                    title=_title(part, amount(target.quantity, month.value), month.usual, target.quantity, language),
                )
            )
        elif target.quantity not in MEANS:
            title = _title(month.period, "", month.usual, target.quantity, language)
            bars.append(Bar(_month(month.period, language), None, "", month.usual, title=title))
    for rest in track.months:
        allowed = max(0.0, rest.allowed)
        text = f"≤{floor(allowed)}" if rest.allowed > 0 else "✕"
        title = _title(rest.period, text, rest.usual, target.quantity, language)
        bars.append(Bar(_month(rest.period, language), allowed, text, rest.usual, "hollow", title))
    line = None
    if target.quantity not in ("good_days", "heavy_days"):
        sign = "≥" if target.quantity == "good_share" else "≤"
        line = target.limit, f"{'目标' if language == 'zh' else 'target'} {sign}{target.limit:g}"
    return column_chart(bars, limit=line, plot=150)


def _month(period: Period, language: str) -> str:
    if period.kind == "month":
        return f"{period.start.month}月" if language == "zh" else words(period, "en").split()[0]
    if period.start.month == period.end.month:
        return f"{period.start.day}–{period.end.day}" + (
            "日" if language == "zh" else f" {words(period, 'en').split()[-2]}"
        )
    return run_words(period.start, period.end, language, period.start.year)


def _title(period: Period, text: str, usual: float | None, quantity: Quantity, language: str) -> str:
    zh = language == "zh"
    parts = [words(period, language), f"{text} {unit(quantity, language)}" if text else ""]
    if usual is not None:
        parts.append(
            ("往年同期 " if zh else "usually ") + (f"{usual:.1f}" if quantity in DAY_COUNTS else f"{usual:.0f}")
        )
    return " · ".join(part for part in parts if part)
