"""The programme over the database and the clock, the same for pages, commands and notebooks::

    with open_platform() as platform:
        plan = Programme(platform)
        number = plan.add_task(Task("淘汰锅炉", "110105", "ecology", Decimal(40), "台", start, due), account)
        plan.report(number, date(2016, 11, 1), Decimal(12), account, evidence=[sha256])
        plan.standings()

Everything is asked as of a moment (None: the clock's now), so a replay shows what was known then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from lantian.assessment.periods import Period
from lantian.assessment.service import Assessment
from lantian.kernel import audit
from lantian.kernel.accounts import Account, NotPermitted, allowed, covers
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.standards.workdays import Calendar
from lantian.supervision.events import BEIJING
from lantian.supervision.programme import store
from lantian.supervision.programme.progress import Standing, stand
from lantian.supervision.programme.quadrants import Air
from lantian.supervision.programme.rules import Rules, shipped
from lantian.supervision.programme.store import Plan, Version
from lantian.supervision.programme.task import Report, Task, TaskError

Scopes = Sequence[tuple[str | None, str | None]]
EVERYWHERE: Scopes = ((None, None),)


@dataclass(frozen=True)
class Imported:
    """What a list of tasks changed: numbers of new, changed and unchanged tasks."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]


class Programme:
    """The programme of one platform; ``rules`` and ``calendar`` None are the shipped ones."""

    def __init__(self, platform: Platform, rules: Rules | None = None, calendar: Calendar | None = None) -> None:
        self._platform = platform
        self.rules = rules or shipped()
        self._calendar = calendar

    def add_plan(self, plan: Plan, account: Account) -> None:
        """Write a programme. Raises NotPermitted without programme.edit for its region, TaskError."""
        _permitted(account, "programme.edit", plan.region)
        with audit.act(self._platform.engine, account.actor, f"programme: {plan.zh}") as connection:
            store.add_plan(connection, plan, actor=account.actor, at=self._platform.clock.now())

    def plans(self, as_of: datetime | None = None) -> list[Plan]:
        """Programmes, the newest first."""
        with reading(self._platform.engine).connect() as connection:
            return store.plans(connection, as_of or self._platform.clock.now())

    def add_task(self, task: Task, account: Account, reason: str = "") -> str:
        """Write a task; its number. Raises NotPermitted without programme.edit there, TaskError."""
        _permitted(account, "programme.edit", task.region, task.department)
        with audit.act(self._platform.engine, account.actor, f"task: {task.title}") as connection:
            moment = self._platform.clock.now()
            return store.add_task(connection, task, actor=account.actor, at=moment, reason=reason)

    def change_task(self, task: Task, account: Account, reason: str) -> None:
        """Write a further version of a task, or withdraw it; a task never leaves what somebody else may edit.

        Raises NotPermitted, LookupError, TaskError.
        """
        old = self.task(task.number)
        for one in (old, task):
            _permitted(account, "programme.edit", one.region, one.department)
        with audit.act(self._platform.engine, account.actor, reason or "task") as connection:
            moment = self._platform.clock.now()
            store.put_tasks(connection, [], [task], actor=account.actor, at=moment, reason=reason)

    def withdraw(self, number: str, account: Account, reason: str) -> None:
        """Say that a task no longer holds; it stays in the record. Raises as `change_task`."""
        self.change_task(replace(self.task(number), withdrawn=True), account, reason)

    def import_tasks(self, given: Sequence[Task], account: Account, reason: str = "import") -> Imported:
        """Bring a list of tasks in: new ones are added, those with a known number that differ get a further version.

        All of it or nothing. Raises NotPermitted for the first task outside the account's region, TaskError with every
        fault of the list.
        """
        now = self._platform.clock.now()
        with reading(self._platform.engine).connect() as connection:
            present = {task.number: task for task in store.tasks(connection)}
            codes = {plan.code for plan in store.plans(connection, now)}
        if strange := sorted({task.programme for task in given} - codes - {""}):
            raise TaskError(
                f"programme {strange[0]!r}: expected one of {', '.join(sorted(codes)) or 'none is there yet'}",
                f"方案“{strange[0]}”：应为 {'、'.join(sorted(codes)) or '（还没有方案）'} 之一",
            )
        for task in given:
            _permitted(account, "programme.edit", task.region, task.department)
            if task.number in present:
                _permitted(account, "programme.edit", present[task.number].region, present[task.number].department)
        new = [task for task in given if task.number not in present]
        known = [task for task in given if task.number in present]
        changed = [
            one for one in known if replace(one, entered_on=present[one.number].entered_on) != present[one.number]
        ]
        with audit.act(self._platform.engine, account.actor, f"tasks: {reason}") as connection:
            added = store.put_tasks(connection, new, changed, actor=account.actor, at=now, reason=reason)
        same = [task.number for task in known if task not in changed]
        return Imported(tuple(added), tuple(task.number for task in changed), tuple(same))

    def task(self, number: str, as_of: datetime | None = None) -> Task:
        """A task that holds. Raises LookupError."""
        with reading(self._platform.engine).connect() as connection:
            known = {task.number: task for task in store.tasks(connection, as_of or self._platform.clock.now())}
        if number not in known:
            raise LookupError(f"task {number!r}: there is none that holds")
        return known[number]

    def versions(self, number: str, as_of: datetime | None = None) -> list[Version]:
        """Every version of a task, in order; empty where there is none."""
        with reading(self._platform.engine).connect() as connection:
            return store.versions(connection, number, as_of or self._platform.clock.now())

    def tasks(self, as_of: datetime | None = None, programme: str | None = None) -> list[Task]:
        """Tasks that hold; of one programme, or all (None)."""
        with reading(self._platform.engine).connect() as connection:
            return store.tasks(connection, as_of or self._platform.clock.now(), programme=programme)

    def report(
        self,
        number: str,
        month: date,
        done: Decimal,
        account: Account,
        *,
        evidence: Sequence[str] = (),
        note: str = "",
        reason: str = "",
    ) -> int:
        """Report what was done by the end of a month (its first day is given); the row.

        A department of the task's region with cases.handle may, and whoever may edit the programme there. Raises
        NotPermitted, LookupError, TaskError.
        """
        moment = self._platform.clock.now()
        task = self.task(number)
        if not may_report(account, task):
            _permitted(account, "cases.handle", task.region, task.department)
        with audit.act(self._platform.engine, account.actor, f"report: {number} {month:%Y-%m}") as connection:
            known = {one.number: one for one in store.tasks(connection)}
            parts = [one for one in known.values() if one.parent == number]
            own = known[number].quantity - sum((part.quantity for part in parts), Decimal(0))
            given = Report(number, month, done, moment, account.actor, tuple(evidence), note, reason)
            return store.add_report(connection, given, own)

    def standings(
        self, as_of: datetime | None = None, *, programme: str | None = None, scopes: Scopes = EVERYWHERE
    ) -> list[Standing]:
        """Where every task stands, by number; only those within ``scopes`` (see `accounts.scopes_of`)."""
        moment = as_of or self._platform.clock.now()
        with reading(self._platform.engine).connect() as connection:
            tasks = store.tasks(connection, moment, programme=programme)
            reports = store.reports(connection, moment)
        day = moment.astimezone(BEIJING).date()
        found = stand(tasks, reports, day, self.rules, self._calendar)
        return [one for one in found.values() if _within(one.task, scopes)]

    def air(self, places: Iterable[str], period: Period, as_of: datetime | None = None) -> dict[str, Air]:
        """PM2.5 of places over a period, as far as it is over, and the same days a year before; both must be known."""
        judge = Assessment(self._platform)
        moment = as_of or self._platform.clock.now()
        codes = sorted(set(places))
        if not codes or period.start > judge.last_finished(moment):
            return {}
        return air_of(judge.rank(codes, period, by="pm25", as_of=moment).to_dicts())


def air_of(rows: Iterable[dict[str, object]]) -> dict[str, Air]:
    """The air of a ranking's rows, where both years have a value."""
    found = {}
    for row in rows:
        now, before, change = row.get("pm25"), row.get("pm25_before"), row.get("change_pm25")
        if isinstance(now, float) and isinstance(before, float) and isinstance(change, float):
            found[str(row["place"])] = Air(now, before, change)
    return found


def may_report(account: Account, task: Task) -> bool:
    """Whether an account may report on a task."""
    return any(allowed(account, name, task.region, task.department) for name in ("cases.handle", "programme.edit"))


def _within(task: Task, scopes: Scopes) -> bool:
    return any(
        (region is None or covers(region, task.region)) and (department is None or department == task.department)
        for region, department in scopes
    )


def _permitted(account: Account, permission: str, region: str, department: str | None = None) -> None:
    if not allowed(account, permission, region, department):
        raise NotPermitted(
            f"{account.login} 在 {region} 没有此项权限（{permission}）",
            f"{account.login} lacks the permission {permission} for {region}",
        )
