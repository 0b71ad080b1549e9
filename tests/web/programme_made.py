"""An invented programme for pages: items of the template over places, some done, some late, some silent."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from lantian.assessment.periods import parse
from lantian.kernel import accounts
from lantian.kernel.bootstrap import Platform
from lantian.supervision.programme import templates
from lantian.supervision.programme.service import Programme
from lantian.supervision.programme.store import Plan
from lantian.supervision.programme.task import Task

START, DUE = date(2016, 1, 1), date(2016, 12, 31)


def build(
    platform: Platform, regions: list[str], items: int = 32, code: str = "2016", back: datetime | None = None
) -> Programme:
    """Enter it in January, report until the end of November; the clock comes back to where it was."""
    now = back or platform.clock.now()
    admin = accounts.get_account(platform.engine, accounts.example_login("office"))
    assert admin is not None
    programme = Programme(platform)
    platform.clock.set_simulated(datetime(2016, 1, 5, 2, tzinfo=UTC), paused=True)
    programme.add_plan(
        Plan(
            code,
            "2016 年清洁空气行动方案（示例）",
            "Clean air programme 2016 (example)",
            "thirty_two",
            parse("2016"),
            regions[0],
            True,
        ),
        admin,
    )
    tasks = []
    for k, item in enumerate(list(templates.load("thirty_two").items.values())[:items]):
        region = regions[k % len(regions)]
        tasks.append(
            Task(
                f"{item.zh}", region, item.department, Decimal(100 + 10 * k), item.unit, START, DUE, code, item.code,
                f"{code}-{item.code}", steps=templates.schedule(item, START, DUE), example=True,
            )
        )  # fmt: skip
    parts = [
        replace(tasks[3], number=f"{code}-2.1-{n}", region=region, quantity=Decimal(40), parent=tasks[3].number)
        for n, region in enumerate(("110105", "110108"))
        if tasks[3].region == "110000"
    ]
    programme.import_tasks([*tasks, *parts], admin, "示例")
    for month in range(1, 12):
        platform.clock.set_simulated(datetime(2016, month + 1, 3, 2, tzinfo=UTC), paused=True)
        for k, task in enumerate(tasks):
            if k % 7 == 6 and month > 8:
                continue  # silent since September
            pace = (Decimal("1.15"), Decimal("0.95"), Decimal("0.5"), Decimal("1.2"), Decimal("0.98"))[k % 5]
            whole = task.quantity if k != 3 or not parts else Decimal(50)
            done = min(whole, (whole * pace * month / 12).quantize(Decimal(1)))
            programme.report(task.number, date(2016, month, 1), done, admin, evidence=["a" * 64], note="示例")
    platform.clock.set_simulated(now, paused=True)
    return programme
