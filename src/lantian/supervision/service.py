"""Supervision over the database and the clock, the same for pages, commands and notebooks::

    with open_platform() as platform:
        desk = Supervision(platform)
        number = desk.open(Finding("土方未覆盖", "construction", "inspection", "110105"), account)
        desk.move(number, "hand_over", account, "限期整改", owner=Party("110105", "housing"), days=7, requirement="…")

Everything is asked as of a moment (None: the clock's now), so a replay shows what was known then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection

from lantian.kernel import audit
from lantian.kernel.accounts import Account, NotPermitted, allowed, scopes_of
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.standards.workdays import Calendar
from lantian.supervision import ledger as book
from lantian.supervision import look_back as visits
from lantian.supervision import store
from lantian.supervision.case import Case
from lantian.supervision.duplicates import Similar, similar
from lantian.supervision.events import BEIJING, CaseError, Event, Kind, Party
from lantian.supervision.findings import Finding
from lantian.supervision.reminders import Reminder, due_on, raised
from lantian.supervision.rules import Who
from lantian.supervision.store import Record

Beside = Callable[[Connection, str], None]
"""What is written in the same act as an event, given the case's number; what it raises undoes the event too."""

OWN = "government"
"""The department of an account that belongs to a region and to no department."""


@dataclass(frozen=True)
class Told:
    """A reminder with the case that it is about."""

    row: Mapping[str, Any]
    reminder: Reminder


class Supervision:
    """Cases of one platform; ``calendar`` None is the shipped one."""

    def __init__(self, platform: Platform, calendar: Calendar | None = None) -> None:
        self._platform = platform
        self._calendar = calendar

    def open(
        self,
        finding: Finding,
        account: Account,
        *,
        workflow: str = "five_step",
        evidence: Sequence[str] = (),
        at: datetime | None = None,
        extra: Mapping[str, Any] | None = None,
        beside: Beside | None = None,
    ) -> str:
        """Open a case; its number. ``extra``: kept beside the finding; ``beside``: written in the same act.

        Raises NotPermitted unless the account may report in the finding's region, CaseError for a finding or workflow
        that cannot be used.
        """
        if not allowed(account, "cases.report", finding.region):
            raise NotPermitted(
                f"{account.login} 不能在 {finding.region} 上报问题",
                f"{account.login} lacks the permission cases.report for {finding.region}",
            )
        moment = at or self._platform.clock.now()
        data = {**(extra or {}), **finding.data(), "workflow": workflow}
        event = Event(1, moment, account.actor, "open", party_of(account), data=data, evidence=tuple(evidence))
        with audit.act(self._platform.engine, account.actor, f"open: {finding.title}") as connection:
            (number,) = store.numbers(connection, event.day.year)
            store.add(connection, [(number, [event])], self._calendar)
            if beside:
                beside(connection, number)
        return number

    def report(self, finding: Finding, account: Account, **more: Any) -> tuple[str, bool]:
        """`open` for what comes by itself and may come twice, such as an alert: its number, and whether it is new.

        The same source and reference open one case only. Raises as `open`, and CaseError without a reference.
        """
        if not finding.reference.strip():
            raise CaseError(
                "reference: missing; expected the number of the alert, letter or complaint",
                "来源编号：缺少报警、来文或举报的编号",
            )
        with reading(self._platform.engine).connect() as connection:
            known = store.referring(connection, finding.source, finding.reference)
        return (known, False) if known else (self.open(finding, account, **more), True)

    def move(
        self, number: str, move: str, account: Account, reason: str, *, evidence: Sequence[str] = (), **data: Any
    ) -> Record:
        """Make a move of the workflow; ``owner``, ``days``, ``unit``, ``requirement`` as it needs them.

        Raises NotPermitted, CaseError (what would be right is said), LookupError.
        """
        return self.act(number, "move", account, reason, move=move, evidence=evidence, **data)

    def act(
        self,
        number: str,
        kind: Kind,
        account: Account,
        reason: str = "",
        *,
        move: str | None = None,
        evidence: Sequence[str] = (),
        at: datetime | None = None,
        expected: int | None = None,
        beside: Beside | None = None,
        **data: Any,
    ) -> Record:
        """Write one event of a case.

        Args:
            expected: how many events the actor has seen; CaseError where there are more by now.
            beside: what is written in the same act.

        Raises NotPermitted, CaseError, LookupError.
        """
        moment = at or self._platform.clock.now()
        if isinstance(data.get("owner"), Party):
            data["owner"] = {"region": data["owner"].region, "department": data["owner"].department}
        with audit.act(self._platform.engine, account.actor, reason or kind) as connection:
            record = store.get(connection, number, calendar=self._calendar)
            if expected is not None and expected != record.case.events:
                raise CaseError(
                    f"case {number} has {record.case.events} events by now, {expected} were seen: look again",
                    f"{number} 已有人办理（现有 {record.case.events} 条记录），请刷新后再办",
                )
            desk = self._desk(record.case, kind, move, account)
            given = {**data, **({"desk": desk} if desk else {})}
            event = Event(
                record.case.events + 1, moment, account.actor, kind, party_of(account), move, reason, given,
                tuple(evidence),
            )  # fmt: skip
            after = store.append(connection, record, event, self._calendar)
            if beside:
                beside(connection, number)
            return after

    def who(self, case: Case, account: Account) -> Who:
        """At which desks an account may sit in a case."""
        return Who(account.actor, frozenset(_desks(case, account)), party_of(account))

    def case(self, number: str, as_of: datetime | None = None) -> Record:
        """A case as it stood. Raises LookupError."""
        with reading(self._platform.engine).connect() as connection:
            return store.get(connection, number, as_of or self._platform.clock.now(), self._calendar)

    def may_see(self, number: str, account: Account, as_of: datetime | None = None) -> bool:
        """Whether a case was there at a moment, and the account may read it: where it lies, or where its owner sits."""
        asked = book.Filter(scopes_of(account, "cases.read"), standing="all", number=number)
        with reading(self._platform.engine).connect() as connection:
            return book.any_case(connection, asked, as_of or self._platform.clock.now())

    def ledger(
        self, asked: book.Filter, as_of: datetime | None = None, *, limit: int = 50, offset: int = 0
    ) -> book.Page:
        """A page of the ledger 台账; see `ledger.page`."""
        moment = as_of or self._platform.clock.now()
        with reading(self._platform.engine).connect() as connection:
            return book.page(connection, asked, moment, limit=limit, offset=offset)

    def summary(self, asked: book.Filter, as_of: datetime | None = None) -> book.Summary:
        """How many cases there are, by state, and how many are overdue."""
        moment = as_of or self._platform.clock.now()
        with reading(self._platform.engine).connect() as connection:
            return book.summary(connection, asked, moment)

    def counties(self, asked: book.Filter, as_of: datetime | None = None) -> pl.DataFrame:
        """Open, overdue and unfinished cases by the county that owes them."""
        with reading(self._platform.engine).connect() as connection:
            return book.counties(connection, asked, as_of or self._platform.clock.now())

    def tally(self, as_of: datetime, since: date, until: date | None = None) -> pl.DataFrame:
        """What accountability counts, one row a county: ``region, unfinished, new, open, closed, reopened``.

        ``new`` counts cases handed over from ``since`` to ``until`` (None: the day of ``as_of``) that a higher level
        found; everything is as known at ``as_of``.
        """
        with reading(self._platform.engine).connect() as connection:
            return book.tally(connection, as_of, since, until or as_of.astimezone(BEIJING).date())

    def reminders(self, asked: book.Filter, as_of: datetime | None = None, *, limit: int = 200) -> list[Told]:
        """What falls due on the day of ``as_of`` and what is overdue, the most overdue first."""
        moment = as_of or self._platform.clock.now()
        day = moment.astimezone(BEIJING).date()
        with reading(self._platform.engine).connect() as connection:
            rows = book.near(connection, asked, moment, limit)
            records = store.of_ids(connection, [row["id"] for row in rows], moment, self._calendar)
        cases = {record.id: record.case for record in records}
        return [
            Told(row, reminder)
            for row in rows
            for case in [cases[row["id"]]]
            for reminder in (*raised(case, day, self._calendar)[-1:], *_before(case, day, self._calendar))
        ]

    def similar(self, record: Record, account: Account, as_of: datetime | None = None) -> list[Similar]:
        """Cases of the same county, which the account may see, that may be the same problem; see `duplicates`."""
        county = record.case.finding["region"].removeprefix("Z")[:6]
        asked = book.Filter(
            scopes_of(account, "cases.read"), standing="all", region=county, order="opened", descending=True
        )
        rows = self.ledger(asked, as_of, limit=500).rows
        one = next((row for row in rows if row["number"] == record.number), None)
        return similar(one, rows) if one else []

    def look_back(self, account: Account, n: int, seed: int | str, as_of: datetime | None = None) -> visits.Plan:
        """Which closed cases to visit again 回头看; see `look_back.plan`."""
        moment = as_of or self._platform.clock.now()
        with reading(self._platform.engine).connect() as connection:
            rows = visits.closed(connection, scopes_of(account, "cases.verify"), moment)
        return visits.plan(rows, n, seed, moment.astimezone(BEIJING).date())

    def rebuild(self, actor: str) -> tuple[int, int]:
        """Compute anew where every case stands: how many there are, and how many stood otherwise."""
        with audit.act(self._platform.engine, actor, "rebuild where cases stand") as connection:
            return store.rebuild(connection, self._calendar)

    def _desk(self, case: Case, kind: Kind, move: str | None, account: Account) -> str | None:
        """The desk at which the account does this. Raises NotPermitted, or CaseError for a move that does not exist."""
        sits = _desks(case, account)
        wanted = _wanted(case, kind, move)
        if wanted is None:
            # A note by somebody who sits at several desks does not make them one of the owner's people.
            seats = sorted(sits, key=lambda name: case.workflow.desks[name].owner)
            may = seats or allowed(account, "cases.read", case.finding["region"])
            return next(iter(seats), None) if may else _no(account)
        return wanted if wanted in sits else _no(account, case.workflow.desks[wanted].permission)


def party_of(account: Account) -> Party | None:
    """The unit that an account acts for; None where it belongs to no region."""
    return Party(account.region, account.department or OWN) if account.region else None


def _before(case: Case, day: date, calendar: Calendar | None) -> tuple[Reminder, ...]:
    return tuple(one for one in due_on(case, day, calendar) if one.kind == "before")


def _desks(case: Case, account: Account) -> list[str]:
    region = case.finding["region"]
    found = []
    for desk in case.workflow.desks.values():
        if not desk.owner:
            fits = allowed(account, desk.permission, region)
        else:
            fits = case.owner is not None and allowed(
                account, desk.permission, case.owner.region, case.owner.department
            )
        if fits:
            found.append(desk.name)
    return found


def _wanted(case: Case, kind: Kind, move: str | None) -> str | None:
    """The desk that an act belongs to; None: to anybody who sits at any."""
    if kind == "move":
        if move is None or move not in case.workflow.moves:
            raise CaseError(
                f"move {move!r}: expected one of {', '.join(case.workflow.moves)}",
                f"没有“{move}”这一步，应为{'、'.join(one.zh for one in case.workflow.moves.values())}之一",
            )
        return case.workflow.moves[move].desk
    if kind == "look_back":
        return next(desk.name for desk in case.workflow.desks.values() if desk.independent)
    if kind in ("plan", "step"):
        return next(desk.name for desk in case.workflow.desks.values() if desk.owner)
    return {
        "extend": case.workflow.extend.desk,
        "assign": case.workflow.extend.desk,
        "publish": case.workflow.extend.desk,
        "link": case.workflow.extend.desk,
        "pause": case.workflow.pause.desk,
        "resume": case.workflow.pause.desk,
    }.get(kind)


def _no(account: Account, permission: str = "cases.read") -> str:
    raise NotPermitted(
        f"{account.login} 没有此项权限（{permission}）",
        f"{account.login} lacks the permission {permission} for this case",
    )
