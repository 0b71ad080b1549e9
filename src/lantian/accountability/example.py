"""The example's accountability 示例问责: an evaluation kept and decided on, an interview, measures, the ledger.

Everything rests on what the platform knew by then: the tally of the invented cases and the measured air. The days are
their own, fifteen days before the campaign's ``until`` and after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from lantian.accountability import fines, money, packs, service
from lantian.accountability.evaluate import Proposal
from lantian.accountability.interviews import Commitment, Interview
from lantian.accountability.records import Books, Measure
from lantian.accountability.store import Evaluation, Evaluations
from lantian.assessment.periods import Period, parse
from lantian.assessment.service import Assessment
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import Progress
from lantian.places.store import PlaceStore
from lantian.standards import rounding
from lantian.supervision.events import BEIJING
from lantian.supervision.findings import categories
from lantian.supervision.ledger import Filter
from lantian.supervision.service import Supervision
from lantian.supervision.store import Record
from lantian.supervision.story import OFFICE

PACK = "2017-18"
_DAYS = 15
"""Days from the evaluation's day to the campaign's ``until``."""
_ORIGINAL = Decimal(20000)
_FINED = ("industry", "response", "boilers", "construction", "fuel", "catering", "scattered")
"""Kinds of site against which a daily fine may be imagined, the likeliest first."""


def install(
    platform: Platform,
    config: Mapping[str, Any],
    actor: str,  # noqa: ARG001 (asked for by every room's example)
    progress: Progress,
) -> Evaluation | None:
    """Keep the example's accountability; None where an evaluation is there already, and nothing changes.

    ``config``: the example's ``[campaign]``.
    """
    if Evaluations(platform.engine).made(limit=1):
        return None
    progress.stage("示例问责 accountability")
    until = datetime.fromisoformat(str(config["until"])).replace(tzinfo=BEIJING)
    day = until.date() - timedelta(days=_DAYS)
    season = parse(f"{day.year}AW") if day.month >= 10 else parse(str(day.year))
    kept = _evaluated(platform, season, day)
    agreed = _decided(platform, kept, day)
    for proposal in agreed[:1]:
        _interviewed(platform, kept, proposal, day + timedelta(days=5))
    _measured(platform, until)
    _settled(platform, parse(f"{day.year}Q{(day.month - 1) // 3}"), str(config["group"]))
    progress.advance(message=f"{len(kept.result.proposals)}")
    return kept


def _evaluated(platform: Platform, season: Period, day: date) -> Evaluation:
    known = service.facts(platform, season, day)
    at = _at(day + timedelta(days=1), 9)
    return Evaluations(platform.engine).keep(
        packs.load(PACK), known, "example-office", at, f"示例 {season.label} {day}"
    )


def _decided(platform: Platform, kept: Evaluation, day: date) -> list[Proposal]:
    """Two proposals agreed to and one overturned, Beijing's first; those that were agreed to."""
    own = [one for one in kept.result.proposals if one.where.startswith(OFFICE.region[:2])]
    rest = [one for one in kept.result.proposals if one not in own]
    chosen = sorted([*own, *rest], key=lambda one: (one not in own, not one.rule.startswith("task")))[:3]
    words = (
        ("agree", "示例：未完成问题属实，逾期责任清楚，同意启动问责程序"),
        ("agree", "示例：经核对台账，事实与条款相符，同意"),
        ("overturn", "示例：其中一项因汛期抢险停工，延期手续已补办，不予问责，责成月底前完成"),
    )
    rows = Evaluations(platform.engine)
    for number, (one, (verdict, why)) in enumerate(zip(chosen, words, strict=False)):
        city = f"{one.where[:4]}00"
        # A city's own leaders are decided on above it.
        who = "example-mayor" if one in own else "example-office" if one.where == city else f"example-mayor-{city}"
        rows.decide(kept.id, one.key, verdict, why, who, _at(day + timedelta(days=4), 10 + number))
    return chosen[:2]


def _interviewed(platform: Platform, kept: Evaluation, proposal: Proposal, day: date) -> None:
    """An interview on a proposal; what was promised becomes tasks of the programme."""
    held = Interview(
        place=proposal.where,
        who=f"示例：{proposal.name}{proposal.post_zh}",
        by="示例：市攻坚办主任",
        held_on=day,
        minutes="示例：通报未完成整改的问题，被约谈人作出表态，明确两项承诺和时限。",
        commitments=(
            Commitment(proposal.where, "government", "逾期问题全部整改销号", day + timedelta(days=21)),
            Commitment(proposal.where, "ecology", "同类点位举一反三排查一遍", day + timedelta(days=40)),
        ),
        evaluation=kept.id,
        proposal=proposal.key,
        example=True,
    )
    at = _at(day, 16)
    Books(platform.engine).minute(held, "example-mayor", at, f"示例 interview {proposal.name}")


def _measured(platform: Platform, until: datetime) -> None:
    """A daily fine on a site whose check was failed, counted by the law's days, and a workshop sealed."""
    books, law = Books(platform.engine), fines.load()
    for one in _failed(platform, until):
        served = next(event.day for event in one.events if event.move == "hand_over")
        checks = [
            fines.Recheck(event.day, event.move == "fail")
            for event in one.events
            if event.move in ("fail", "pass") and event.day > served
        ]
        ended = next((number for number, check in enumerate(checks) if not check.violating), len(checks) - 1)
        fine = fines.daily(law, served, _one_a_day(checks[: ended + 1]), _ORIGINAL)
        if fine.last is None:
            continue
        measure = _measure(one, "daily_fine", 1, served, fine.last, fine.amount, fine.zh)
        books.record(measure, "example-office", _at(fine.last + timedelta(days=1), 10))
        break
    for one in _cases(platform, until, "scattered"):
        given = next((event.day for event in one.events if event.move == "hand_over"), None)
        if given is not None:
            last = fines.last_day(law, "sealing", given)
            books.record(_measure(one, "sealing", 2, given, last, None, ""), "example-office", _at(given, 17))
            break


def _measure(
    one: Record, kind: str, number: int, on: date, until: date | None, amount: Decimal | None, working: str
) -> Measure:
    found = one.case.finding
    return Measure(
        kind, found["region"], found["subject"], f"示例环罚〔{on.year}〕{number}号", on, until, amount, working,
        one.number, example=True,
    )  # fmt: skip


def _one_a_day(checks: Sequence[fines.Recheck]) -> list[fines.Recheck]:
    """Re-checks in order, the last of each day."""
    return list({check.day: check for check in checks}.values())


def _failed(platform: Platform, until: datetime) -> Iterator[Record]:
    for kind in _FINED:
        for one in _cases(platform, until, kind):
            if one.case.failures and any(event.move == "hand_over" for event in one.events):
                yield one


def _cases(platform: Platform, until: datetime, category: str) -> Iterator[Record]:
    """Beijing's cases of a category, by number."""
    desk = Supervision(platform)
    asked = Filter(standing="all", region=OFFICE.region, category=categories()[category].code, order="number")
    for row in desk.ledger(asked, until, limit=200).rows:
        yield desk.case(row["number"], until)


def _settled(platform: Platform, quarter: Period, group: str) -> None:
    """The group's rewards and deductions of a quarter, by the change of the composite index that was published."""
    schedule, books = money.load(), Books(platform.engine)
    at = _at(quarter.end + timedelta(days=10), 10)
    cities = PlaceStore(platform.engine).group(group).members
    for row in Assessment(platform).rank(cities, quarter, by="composite_index", as_of=at).to_dicts():
        now, before = row.get("composite_index"), row.get("composite_index_before")
        if now is not None and before is not None:
            change = rounding.half_even(now, 2) - rounding.half_even(before, 2)
            settled = money.settle(schedule, row["place"], quarter.label, {"index": change})
            books.enter(settled, "example-office", at, example=True)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), BEIJING)
