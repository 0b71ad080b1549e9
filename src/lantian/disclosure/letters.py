"""Values of letters: orders 督办单, interview notices 约谈通知, round reports 督查通报, proposals 问责建议."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import ClassVar

from lantian.disclosure.checked import Document, Values


@dataclass(frozen=True)
class Count(Values):
    """A number in words: ``检查点位 312 个``; ``value`` as it is printed."""

    name: str
    value: str
    unit: str = ""


@dataclass(frozen=True)
class OrderCase(Values):
    """A problem as an order hands it over.

    Attributes:
        number: of the case, ``2017-000123``.
        requirement: what is to be done 整改要求.
        due: last day; ``provisional`` where no holiday notice settles it yet.
        unit: who answers for it, where the order goes to several.
        found_on: day of finding.
    """

    number: str
    title: str
    place: str
    category: str
    requirement: str
    due: dt.date
    unit: str = ""
    found_on: dt.date | None = None
    provisional: bool = False


@dataclass(frozen=True)
class OrderLetter(Document):
    """An order to mend 督办单: which problems, whose, what is asked, until when.

    Attributes:
        to_unit: the unit addressed 主送.
        cases: the problems; at least one.
        contact: person and telephone of the issuing office.
        basis: on what it rests 督办依据; empty: not printed.
        reply_by: the day on which the written reply is due.
        copy_to: units that get a copy 抄送.
    """

    template: ClassVar[str] = "order_letter"
    title_zh: ClassVar[str] = "大气污染防治督办单"
    title_en: ClassVar[str] = "Order letter"

    to_unit: str = ""
    cases: tuple[OrderCase, ...] = ()
    contact: str = ""
    basis: str = ""
    reply_by: dt.date | None = None
    copy_to: str = ""

    def check(self) -> None:
        """Refuse a letter to nobody, about nothing, or with a reply due before it is issued."""
        _needed(self, "to_unit", "cases", "contact")
        if self.reply_by and self.reply_by < self.issued_on:
            self.refuse("reply_by", f"a day not before {self.issued_on}")


@dataclass(frozen=True)
class InterviewNotice(Document):
    """A notice of interview 约谈通知: who comes, when, where, why, and what to bring.

    Attributes:
        to_unit: the government or department addressed.
        persons: who is asked to come, by office: ``某县人民政府主要负责同志``.
        held_on: the day of the interview; ``time`` and ``venue`` as printed.
        reasons: what happened, a sentence each.
        demands: what is asked of them, a sentence each.
        cases: the problems behind it, possibly none.
    """

    template: ClassVar[str] = "interview_notice"
    title_zh: ClassVar[str] = "约谈通知书"
    title_en: ClassVar[str] = "Interview notice"

    to_unit: str = ""
    persons: str = ""
    held_on: dt.date | None = None
    time: str = ""
    venue: str = ""
    reasons: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    contact: str = ""
    cases: tuple[OrderCase, ...] = ()

    def check(self) -> None:
        """Refuse a notice that leaves open who comes, when, where or why."""
        _needed(self, "to_unit", "persons", "held_on", "time", "venue", "reasons", "contact")
        if self.held_on and self.held_on < self.issued_on:
            self.refuse("held_on", f"a day not before {self.issued_on}")


@dataclass(frozen=True)
class RoundPlace(Values):
    """One region of a round: problems found, of these mended when the report is written, points checked where known."""

    name: str
    problems: int
    closed: int = 0
    checked: int | None = None


@dataclass(frozen=True)
class RoundCategory(Values):
    """How many problems were of one kind."""

    name: str
    problems: int


@dataclass(frozen=True)
class RoundReport(Document):
    """The report of a round of inspection 督查轮次报告, which is also the letter 督查通报 that is published.

    Attributes:
        to_unit: the government addressed.
        round: the round as it is called: ``2017年第3轮次``.
        start, end: first and last day.
        teams: how many teams.
        summary: two or three sentences of judgement.
        places: by region; at least one.
        categories: by kind of problem.
        problems: the ones to name, each with its deadline.
        demands: what is asked of the addressed, a sentence each.
    """

    template: ClassVar[str] = "round_report"
    title_zh: ClassVar[str] = "督查情况通报"
    title_en: ClassVar[str] = "Report of a round of inspection"

    to_unit: str = ""
    round: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    teams: int = 0
    summary: str = ""
    places: tuple[RoundPlace, ...] = ()
    categories: tuple[RoundCategory, ...] = ()
    problems: tuple[OrderCase, ...] = ()
    demands: tuple[str, ...] = ()
    contact: str = ""

    def check(self) -> None:
        """Refuse a report without round, days or regions, and a round that ends before it begins."""
        _needed(self, "to_unit", "round", "start", "end", "places")
        if self.start and self.end and self.end < self.start:
            self.refuse("end", f"a day not before {self.start}")
        for place in self.places:
            if place.closed > place.problems:
                self.refuse("places", f"{place.name} with at most {place.problems} of its problems closed")

    @property
    def checked(self) -> int | None:
        """Points checked in all regions; None where it is not known of one."""
        counts = [place.checked for place in self.places]
        return None if None in counts else sum(count or 0 for count in counts)

    @property
    def found(self) -> int:
        """Problems found in all regions."""
        return sum(place.problems for place in self.places)

    @property
    def closed(self) -> int:
        """Problems mended in all regions."""
        return sum(place.closed for place in self.places)


@dataclass(frozen=True)
class ProposalRow(Values):
    """One proposal: what the rule says of whom, for which facts."""

    who: str
    where: str
    rule: str
    clause: str
    facts: str
    decision: str = ""


@dataclass(frozen=True)
class AccountabilityProposal(Document):
    """Proposals of accountability 问责建议 for the people who decide; no proposal is a decision.

    Attributes:
        to_unit: who decides.
        period: the period judged, in words.
        pack: the rules with their edition.
        proposals: what the rules propose; may be empty.
        near: who came close, a sentence each.
    """

    template: ClassVar[str] = "accountability_proposal"
    title_zh: ClassVar[str] = "量化问责建议"
    title_en: ClassVar[str] = "Accountability proposal"

    to_unit: str = ""
    period: str = ""
    pack: str = ""
    proposals: tuple[ProposalRow, ...] = ()
    near: tuple[str, ...] = ()

    def check(self) -> None:
        """Refuse a paper that does not say who decides, on which period, by which rules."""
        _needed(self, "to_unit", "period", "pack")


def _needed(values: Document, *names: str) -> None:
    """Fields that stand behind the base's defaults and must be there all the same."""
    for name in names:
        value = getattr(values, name)
        if not value or (isinstance(value, str) and not value.strip()):
            values.refuse(name, "a value: no such paper goes out without it")
