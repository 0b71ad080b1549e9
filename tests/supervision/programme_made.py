"""Tasks and reports made for tests, all invented."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from lantian.supervision.programme.task import Report, Step, Task

START, DUE = date(2016, 4, 1), date(2016, 12, 31)

CITY = Task("淘汰燃煤锅炉", "110000", "ecology", Decimal(100), "台", START, DUE, number="A", item="2.1", example=True)


def child(number: str, quantity: object, region: str = "110105", **more: object) -> Task:
    plain = {"number": number, "quantity": Decimal(str(quantity)), "region": region, "parent": "A", **more}
    return replace(CITY, **plain)


def report(task: str, month: date, done: object, at: datetime | None = None, **more: object) -> Report:
    given = {"evidence": ("b" * 64,), **more}
    moment = at or datetime(month.year + month.month // 12, month.month % 12 + 1, 3, 2, tzinfo=UTC)
    return Report(task, month, Decimal(str(done)), moment, "county", **given)


def steps(*rows: tuple[date, int | None]) -> tuple[Step, ...]:
    return tuple(
        Step(f"节点{k}", day, None if share is None else Decimal(share)) for k, (day, share) in enumerate(rows, 1)
    )
