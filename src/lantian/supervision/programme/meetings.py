"""The joint meeting 联席会议 over the database and the clock: its next agenda, its minutes, what its decisions became.

A decision about a case is the case's own event, written at the desk where the account may sit; a task becomes one of
the programme. So where a decision stands is never typed in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from lantian.kernel import audit
from lantian.kernel.accounts import Account, NotPermitted, allowed, covers, scopes_of
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.standards.workdays import Calendar
from lantian.supervision import ledger, workflow_file
from lantian.supervision.events import BEIJING, Party
from lantian.supervision.findings import categories
from lantian.supervision.programme import minutes, store
from lantian.supervision.programme.agenda import AgendaItem, CaseSeen, propose
from lantian.supervision.programme.decisions import CaseNow, Decided, Decision, Kind, Outcome, stands
from lantian.supervision.programme.minutes import Meeting
from lantian.supervision.programme.rules import Rules, shipped
from lantian.supervision.programme.service import Programme
from lantian.supervision.programme.task import Task, TaskError
from lantian.supervision.service import Supervision
from lantian.supervision.store import Record
from lantian.supervision.tables import case_event, supervision_case

_LOOKED_AT = 300
"""Open cases that are looked through for the agenda, those due first."""


class Meetings:
    """Joint meetings of one platform; ``rules`` and ``calendar`` None are the shipped ones."""

    def __init__(self, platform: Platform, rules: Rules | None = None, calendar: Calendar | None = None) -> None:
        self._platform = platform
        self._rules = rules or shipped()
        self._programme = Programme(platform, rules, calendar)
        self._cases = Supervision(platform, calendar)

    def agenda(self, account: Account, as_of: datetime | None = None) -> list[AgendaItem]:
        """What is proposed for the next meeting, of what the account may see."""
        moment = as_of or self._platform.clock.now()
        day = moment.astimezone(BEIJING).date()
        standings = self._programme.standings(moment, scopes=scopes_of(account, "programme.read"))
        cases = self._stuck(scopes_of(account, "cases.read"), moment)
        made = [d for d in self.decisions(moment) if allowed(account, "programme.read", d.decision.owner.region)]
        return propose(cases, standings, made, day, self._rules.agenda)

    def hold(
        self,
        held_on: date,
        chair: str,
        attendees: Sequence[str],
        text: str,
        account: Account,
        *,
        keys: Collection[str] | None = None,
        example: bool = False,
    ) -> str:
        """Enter a meeting that was held; its number.

        ``keys``: of the proposed items, those that it dealt with; None: all. Raises NotPermitted, TaskError.
        """
        _permitted(account, "meetings.manage")
        moment = self._platform.clock.now()
        if held_on > moment.astimezone(BEIJING).date():
            raise TaskError(f"held_on {held_on}: expected no day to come", f"会议日期 {held_on} 还没有到")
        items = tuple(item for item in self.agenda(account, moment) if keys is None or item.key in keys)
        given = tuple(name.strip() for name in attendees if name.strip())
        meeting = Meeting("", held_on, chair.strip(), given, items, example=example)
        with audit.act(self._platform.engine, account.actor, f"meeting of {held_on}") as connection:
            number = minutes.add_meeting(connection, meeting, actor=account.actor, at=moment)
            if text.strip():
                minutes.write_minutes(connection, number, text, actor=account.actor, at=moment)
        return number

    def write(self, number: str, text: str, account: Account) -> None:
        """Write a further version of a meeting's minutes. Raises NotPermitted, TaskError, LookupError."""
        _permitted(account, "meetings.manage")
        with audit.act(self._platform.engine, account.actor, f"minutes of {number}") as connection:
            moment = self._platform.clock.now()
            minutes.write_minutes(connection, number, text, actor=account.actor, at=moment)

    def decide(
        self,
        number: str,
        kind: Kind,
        text: str,
        owner: Party,
        account: Account,
        *,
        due: date | None = None,
        case_number: str | None = None,
        days: int | None = None,
        departments: Sequence[str] = (),
        item: str = "",
    ) -> Decision:
        """Enter what a meeting decided, and do it: a task is made, a case gets its event.

        Args:
            number: of the meeting.
            kind, text: see `Decision`.
            owner: who answers for it.
            account: who enters it; about a case it must be one that may do so there.
            due: last day of a task, or the day of a joint enforcement.
            case_number, days: of ``assign`` and ``extend``; ``days`` of ``extend`` only.
            departments: of ``joint``.
            item: code of the programme's item that a task belongs to.

        Raises NotPermitted, TaskError, LookupError, and CaseError where the case does not allow it.
        """
        _permitted(account, "meetings.manage", owner.region)
        moment = self._platform.clock.now()
        with reading(self._platform.engine).connect() as connection:
            position = minutes.next_position(connection, number)
        made = Decision(
            number, kind, text, owner, due or date.max, moment, account.actor, position, tuple(departments), case_number
        )
        if kind in ("assign", "extend"):
            record = self._on_case(made, account, days)
            day = record.case.due.date if record.case.due else moment.astimezone(BEIJING).date()
            made = replace(made, due=day, event=record.case.events)
        elif due is None or due < moment.astimezone(BEIJING).date():
            raise TaskError(f"due {due}: expected today or a day to come", f"期限 {due or ''}：应为今天或以后")
        with audit.act(self._platform.engine, account.actor, f"decision of {number}: {text}") as connection:
            made = replace(made, position=minutes.next_position(connection, number))
            if kind == "task":
                task = _task_of(made, item, moment.astimezone(BEIJING).date())
                made = replace(made, task=store.add_task(connection, task, actor=account.actor, at=moment))
            return replace(made, id=minutes.add_decision(connection, made))

    def done(self, key: str, done_on: date, note: str, account: Account, evidence: Sequence[str] = ()) -> None:
        """Say that a joint enforcement was held. Raises NotPermitted, LookupError, TaskError."""
        moment = self._platform.clock.now()
        found = next((one.decision for one in self.decisions(moment) if one.decision.key == key), None)
        if found is None:
            raise LookupError(f"decision {key!r}: there is none")
        _permitted(account, "meetings.manage", found.owner.region)
        if found.kind != "joint" or found.outcome:
            raise TaskError(
                f"decision {key}: expected a joint enforcement that was not held yet",
                f"决定 {key}：应为尚未开展的联合执法",
            )
        if not note.strip() or done_on > moment.astimezone(BEIJING).date():
            raise TaskError(
                f"done_on {done_on}: expected a day that has come, and in words what was found",
                f"日期 {done_on}：应为已到的日子，并写明结果",
            )
        outcome = Outcome(done_on, note.strip(), tuple(evidence), account.actor, moment)
        with audit.act(self._platform.engine, account.actor, f"decision {key}: held") as connection:
            minutes.add_outcome(connection, found.id, outcome)

    def meetings(self, as_of: datetime | None = None) -> list[Meeting]:
        """Meetings, the newest first."""
        with reading(self._platform.engine).connect() as connection:
            return minutes.meetings(connection, as_of or self._platform.clock.now())

    def decisions(self, as_of: datetime | None = None) -> list[Decided]:
        """Every decision with where it stands, the oldest first."""
        moment = as_of or self._platform.clock.now()
        day = moment.astimezone(BEIJING).date()
        with reading(self._platform.engine).connect() as connection:
            made = minutes.decisions(connection, moment)
        tasks = {one.task.number: one for one in self._programme.standings(moment)} if any(d.task for d in made) else {}
        return [stands(one, day, tasks.get(one.task or ""), self._case_now(one, moment)) for one in made]

    def _case_now(self, decision: Decision, moment: datetime) -> CaseNow | None:
        if decision.case_number is None:
            return None
        case = self._cases.case(decision.case_number, moment).case
        return CaseNow(case.over, case.due.date if case.due else None)

    def _on_case(self, made: Decision, account: Account, days: int | None) -> Record:
        reason = f"联席会议 {made.meeting} 议定：{made.text}"
        number = made.case_number or ""
        if made.kind == "assign":
            return self._cases.act(number, "assign", account, reason, owner=made.owner)
        data: dict[str, Any] = {"days": days}
        return self._cases.act(number, "extend", account, reason, **data)

    def _stuck(self, scopes: tuple[tuple[str | None, str | None], ...], moment: datetime) -> list[CaseSeen]:
        """Open cases within scopes that the rule may look at: those due first, and those passed to and fro."""
        with reading(self._platform.engine).connect() as connection:
            rows = ledger.near(connection, ledger.Filter(scopes=scopes), moment, _LOOKED_AT)
            counts = self._counts(connection, moment)
        known = {
            row["number"]: CaseSeen(
                row["number"],
                row["title"],
                _party(row["owner_region"], row["owner_department"]),
                categories()[row["category"]].department,
                row["due"],
                *counts.get(row["number"], (0, 0)),
                row["failures"],
            )
            for row in rows
        }
        for number in counts.keys() - known.keys():
            case = self._cases.case(number, moment).case
            if case.due is not None and _seen(case.finding["region"], case.owner, scopes):
                usual = categories()[case.finding["category"]].department
                title = case.finding["title"]
                known[number] = CaseSeen(
                    number, title, case.owner, usual, case.due.date, *counts[number], case.failures
                )
        return list(known.values())

    def _counts(self, connection: sa.Connection, moment: datetime) -> dict[str, tuple[int, int]]:
        """Of open cases that were sent back or failed often enough, or reassigned: times sent back and reassigned."""
        flows = [workflow_file.load(name) for name in workflow_file.names()]
        back = [m.name for w in flows for m in w.moves.values() if w.desks[m.desk].owner and m.to == w.initial]
        failed = [m.name for w in flows for m in w.moves.values() if m.counts == "failure"]
        event, rules, closed = case_event, self._rules.agenda, supervision_case.c.closed_on
        sent = sa.func.count().filter(event.c.move.in_(back))
        given = sa.func.count().filter(event.c.kind == "assign")
        failures = sa.func.count().filter(event.c.move.in_(failed))
        enough = sa.or_(sent >= rules.sent_back, given >= rules.reassigned, failures >= rules.failed)
        query = (
            sa.select(supervision_case.c.number, sent, given)
            .join(event, event.c.case_id == supervision_case.c.id)
            .where(event.c.at <= moment, sa.or_(event.c.kind == "assign", event.c.move.in_([*back, *failed])))
            .where(sa.or_(closed.is_(None), closed >= moment.astimezone(BEIJING).date()))
            .group_by(supervision_case.c.number)
            .having(enough)
        )
        return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def _task_of(made: Decision, item: str, start: date) -> Task:
    return Task(
        made.text[:120],
        made.owner.region,
        made.owner.department,
        Decimal(1),
        "项",
        start,
        made.due,
        item=item,
        source="meeting",
        reference=made.key,
    )


def _party(region: str | None, department: str | None) -> Party | None:
    return Party(region, department) if region and department else None


def _seen(region: str, owner: Party | None, scopes: Sequence[tuple[str | None, str | None]]) -> bool:
    return any(
        (where is None or covers(where, region) or (owner is not None and covers(where, owner.region)))
        and (department is None or (owner is not None and owner.department == department))
        for where, department in scopes
    )


def _permitted(account: Account, permission: str, region: str | None = None) -> None:
    if not allowed(account, permission, region):
        raise NotPermitted(
            f"{account.login} 没有此项权限（{permission}）", f"{account.login} lacks the permission {permission}"
        )
