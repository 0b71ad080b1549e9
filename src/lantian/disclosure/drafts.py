"""Drafts 文稿草稿: the paper that does a duty, filled from what is known; a person reads and publishes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lantian.assessment.periods import holding
from lantian.disclosure import bulletin
from lantian.disclosure.bulletin import ISSUER
from lantian.disclosure.documents import day_zh
from lantian.disclosure.duties import Duty
from lantian.disclosure.values import (
    DailyBrief,
    Document,
    MonthlyBulletin,
    OrderCase,
    OrderLetter,
    RoundCategory,
    RoundPlace,
    RoundReport,
    Segment,
    TelevisionScript,
)
from lantian.kernel.bootstrap import Platform
from lantian.kernel.settings import TIMEZONE
from lantian.places.store import PlaceStore
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision.findings import categories
from lantian.supervision.ledger import Filter
from lantian.supervision.service import Supervision

__all__ = ["ISSUER", "DraftError", "cases_of", "of_duty", "period_of", "title_of"]

LOOK_BACK = timedelta(days=30)
"""A round is shorter: problems found so many days before the event belong to its papers."""
MOST = 200
"""Problems in one paper."""
NAMED = 6
"""Problems in one television item."""
_MENDED = "按规定整改到位，提交整改前后对比照片"


class DraftError(LookupError):
    """Nothing is known to fill a draft with; the message says what is missing."""


@dataclass(frozen=True)
class _Found:
    """A problem with where it stands."""

    row: Mapping[str, Any]
    case: OrderCase

    @property
    def closed(self) -> bool:
        return self.row["closed_on"] is not None


def of_duty(platform: Platform, duty: Duty, moment: datetime, issuer: str = ISSUER) -> Document:
    """The paper that does a duty. Raises `DraftError` where nothing is known to fill it with."""
    makers = {
        "monthly_bulletin": _ranking,
        "order_letter": _problems,
        "round_report": _round,
        "television_script": _television,
    }
    if duty.document not in makers:
        raise DraftError(f"duty {duty.kind}: no draft can be made by itself of {duty.document}")
    return makers[duty.document](platform, duty, moment, issuer)


def title_of(values: Document) -> str:
    """What a draft is called in a list."""
    if isinstance(values, MonthlyBulletin):
        return f"{values.period}{values.group}{values.title_zh}"
    if isinstance(values, RoundReport):
        return f"{values.round}{values.title_zh}（{values.to_unit}）"
    if isinstance(values, OrderLetter):
        return f"{values.title_zh}（{values.to_unit}，{len(values.cases)}项）"
    if isinstance(values, TelevisionScript) and values.airs_on:
        return f"{values.title_zh}（{day_zh(values.airs_on)}）"
    if isinstance(values, DailyBrief) and values.day:
        return f"{values.title_zh}（{day_zh(values.day)}）"
    return values.title_zh


def period_of(values: Document, duty: Duty) -> str:
    """The period or day that a draft tells of."""
    return values.period_label if isinstance(values, MonthlyBulletin) else duty.trigger.isoformat()


def cases_of(platform: Platform, region: str, first: date, last: date, moment: datetime) -> list[_Found]:
    """Problems that inspections found in a region on the days from first to last, by number."""
    desk, places = Supervision(platform), PlaceStore(platform.engine)
    names = {one.code: one.name for one in places.regions()}
    found = []
    for source in ("inspection", "letter"):
        asked = Filter(standing="all", region=region, source=source, order="number")
        for row in desk.ledger(asked, moment, limit=MOST).rows:
            if first <= row["opened_on"] <= last:
                case = desk.case(row["number"], moment).case
                found.append(_Found(row, _order_case(row, names, case.requirement)))
    return sorted(found, key=lambda one: one.case.number)[:MOST]


def _order_case(row: Mapping[str, Any], names: Mapping[str, str], requirement: str) -> OrderCase:
    owner = names.get(row["owner_region"] or "", "")
    department = DEPARTMENTS.get(row["owner_department"] or "")
    where = names.get(row["region"], row["region"])
    category = categories().get(row["category"])
    return OrderCase(
        number=row["number"],
        title=row["title"],
        place=row["address"] if row["address"].startswith(where) else f"{where}{row['address']}",
        category=category.zh if category else row["category"],
        requirement=requirement or _MENDED,
        due=row["due"] or row["closed_on"] or row["opened_on"],
        unit=owner + (department.zh if department else ""),
        found_on=row["opened_on"],
        provisional=bool(row["provisional"]),
    )


def _needed(platform: Platform, duty: Duty, moment: datetime) -> tuple[list[_Found], date, date]:
    """The problems that a duty's paper is about, and the days on which they were found."""
    last = duty.event.happened_on if duty.event else duty.trigger
    last = max(last, duty.trigger) if duty.kind == "television_item" else min(last, duty.trigger)
    first = last - (timedelta(days=6) if duty.kind == "television_item" else LOOK_BACK)
    found = cases_of(platform, duty.region, first, last, moment)
    if not found:
        raise DraftError(f"{_name(platform, duty.region)}：{day_zh(first)}至{day_zh(last)}没有督查发现的问题，无法起草")
    return found, first, last


def _ranking(platform: Platform, duty: Duty, moment: datetime, issuer: str) -> MonthlyBulletin:
    groups = PlaceStore(platform.engine).groups()
    group = next((one.id for one in groups if duty.region in one.members), groups[0].id if groups else "2+26")
    return bulletin.monthly(platform, holding(duty.trigger, "month").label, group=group, issuer=issuer, as_of=moment)


def _problems(platform: Platform, duty: Duty, moment: datetime, issuer: str) -> OrderLetter:
    found, first, last = _needed(platform, duty, moment)
    return OrderLetter(
        issuer=issuer,
        issued_on=_day(moment),
        example=_example(duty, found),
        to_unit=f"{_name(platform, duty.region)}人民政府",
        cases=tuple(one.case for one in found),
        contact="〔待填〕",
        basis=f"依据{day_zh(first)}至{day_zh(last)}督查发现的问题",
    )


def _round(platform: Platform, duty: Duty, moment: datetime, issuer: str) -> RoundReport:
    found, first, last = _needed(platform, duty, moment)
    places = PlaceStore(platform.engine)
    names = {one.code: one.name for one in places.regions()}
    counted = Counter(one.row["region"][:6] for one in found)
    closed = Counter(one.row["region"][:6] for one in found if one.closed)
    kinds = Counter(one.case.category for one in found)
    rounds = {one.row["round"] for one in found if one.row["round"]}
    open_ones = [one.case for one in found if not one.closed]
    named = "、".join(sorted(rounds)) or _noted(duty) or f"{day_zh(last)}结束的轮次"
    return RoundReport(
        issuer=issuer,
        issued_on=_day(moment),
        example=_example(duty, found),
        to_unit=f"{_name(platform, duty.region)}人民政府",
        round=named + ("整改结果" if duty.kind == "rectification_results" else ""),
        start=first,
        end=last,
        summary=f"问题最多的是{kinds.most_common(1)[0][0]}。",
        places=tuple(RoundPlace(names.get(code, code), count, closed[code]) for code, count in sorted(counted.items())),
        categories=tuple(RoundCategory(name, count) for name, count in kinds.most_common()),
        problems=tuple(open_ones),
        demands=("按期整改销号，举一反三排查同类问题。", "按规定时限向社会公开问题清单和整改结果。"),
        contact="〔待填〕",
    )


def _television(platform: Platform, duty: Duty, moment: datetime, issuer: str) -> TelevisionScript:
    found, first, last = _needed(platform, duty, moment)
    name = _name(platform, duty.region)
    closed = sum(one.closed for one in found)
    segments = [
        Segment(
            title="导语",
            picture="片头，本周督查现场集锦",
            words=f"{day_zh(first)}至{day_zh(last)}，督查组在{name}发现大气污染问题{len(found)}个，已经整改销号{closed}个。"
            "今天的节目，我们来看其中的典型问题和整改进展。",
        )
    ]
    worst = sorted(found, key=lambda one: (one.closed, one.case.due, one.case.number))[:NAMED]
    for at, one in enumerate(worst, 1):
        state = "目前已经完成整改" if one.closed else f"要求在{day_zh(one.case.due)}前完成整改"
        segments.append(
            Segment(
                title=f"问题{at}",
                picture=f"{one.case.place}现场画面，整改前后对比",
                words=f"在{one.case.place}，督查人员发现：{one.case.title}。这属于{one.case.category}方面的问题，"
                f"由{one.case.unit or '属地'}负责整改，整改要求是：{one.case.requirement}，{state}。",
            )
        )
    segments.append(
        Segment(
            title="结语",
            picture="举报电话字幕",
            words="大气污染防治需要每一个人的参与。发现身边的污染问题，请拨打12369环保举报热线。我们下周四再见。",
        )
    )
    return TelevisionScript(
        issuer=issuer,
        issued_on=_day(moment),
        example=_example(duty, found),
        programme=f"{name}电视台",
        airs_on=duty.trigger,
        segments=tuple(segments),
    )


def _noted(duty: Duty) -> str:
    return duty.event.note if duty.event else ""


def _name(platform: Platform, region: str) -> str:
    return {one.code: one.name for one in PlaceStore(platform.engine).regions()}.get(region, region)


def _example(duty: Duty, found: list[_Found]) -> bool:
    return duty.example or any(one.row["example"] for one in found)


def _day(moment: datetime) -> date:
    return moment.astimezone(TIMEZONE).date()
