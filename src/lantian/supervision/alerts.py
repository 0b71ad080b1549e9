"""From alert to case 报警转问题: what instruments say by themselves enters the loop of people, once.

An alert whose rule names a work line becomes a case without anybody's doing; of others a person decides on the page.
While a case about the same subject is open, a further alert is noted on it instead of opening a second one. Importing
this module registers the job ``supervision.alerts``.
"""

from __future__ import annotations

import json

from lantian.kernel.accounts import Account, Grant, NotPermitted, allowed
from lantian.kernel.bootstrap import Platform
from lantian.kernel.database import reading
from lantian.kernel.jobs import JobRun, task
from lantian.observations import alerts
from lantian.observations.alerts import KINDS, Standing
from lantian.standards.departments import DEPARTMENTS
from lantian.supervision import store
from lantian.supervision.events import BEIJING
from lantian.supervision.findings import Finding
from lantian.supervision.service import Supervision

EVERYWHERE = ((None, None),)

BY_ITSELF = Account(
    None, "lantian", "蓝天平台", grants=(Grant("platform", frozenset({"cases.report", "cases.read", "alerts.read"})),)
)
"""Who opens a case that nobody opened."""

TITLE = 120


@task(
    "supervision.alerts", zh="报警转督办问题", en="Make cases of alerts", lock="supervision.alerts", cron="*/5 * * * *"
)
def report_job(run: JobRun) -> None:
    """Every five minutes make cases of the alerts that become one by themselves."""
    report_standing(run.platform)


def report_standing(platform: Platform) -> list[str]:
    """Make cases of all alerts that become one by themselves and wait; the numbers of the cases, new or joined."""
    now = platform.clock.now()
    waiting = alerts.listed(platform.engine, EVERYWHERE, as_of=now, waiting=True, by_itself=True, most=1000)
    return [_taken(platform, one, str(one.alert.category), BY_ITSELF) for one in reversed(waiting)]


def take_up(platform: Platform, number: int, category: str, account: Account) -> str:
    """Make a case of an alert, as a person decided; its number.

    Raises LookupError where no such alert waits for a decision, NotPermitted unless the account may decide on alerts
    and report cases there, CaseError for an unknown category.
    """
    now = platform.clock.now()
    found = alerts.listed(platform.engine, EVERYWHERE, as_of=now, number=number)
    if not found or found[0].case_number or found[0].dismissed_by:
        raise LookupError(f"no alert {number} waits for a decision")
    where = found[0].alert
    if not allowed(account, "alerts.decide", where.region, where.department):
        raise NotPermitted(
            f"{account.login} 不能在 {where.region} 处置报警",
            f"{account.login} lacks the permission alerts.decide for {where.region}",
        )
    return _taken(platform, found[0], category, account)


def _taken(platform: Platform, standing: Standing, category: str, account: Account) -> str:
    desk, alert = Supervision(platform), standing.alert
    number = _open_about(platform, standing)
    if number:
        words = f"{KINDS[alert.kind].zh}（报警 {standing.id}）：{alert.zh}"
        desk.act(number, "note", BY_ITSELF if account.id is None else account, words)
    else:
        number, _ = desk.report(_finding(standing, category), account)
    alerts.become(platform.engine, standing.id, number, account.actor)
    return number


def _open_about(platform: Platform, standing: Standing) -> str | None:
    """The open case that an earlier alert of this kind about this subject became."""
    now = platform.clock.now()
    earlier = alerts.listed(
        platform.engine, EVERYWHERE, as_of=now, kind=standing.alert.kind, subject=standing.alert.subject
    )
    for number in dict.fromkeys(one.case_number for one in earlier if one.case_number):
        with reading(platform.engine).connect() as connection:
            if not store.get(connection, number).case.over:
                return number
    return None


def _finding(standing: Standing, category: str) -> Finding:
    alert, kind = standing.alert, KINDS[standing.alert.kind]
    figures = json.dumps(dict(alert.figures), ensure_ascii=False, sort_keys=True) if alert.figures else ""
    detail = "\n".join(
        part for part in (alert.zh, figures, alert.link, f"主管部门：{DEPARTMENTS[alert.department].zh}") if part
    )
    return Finding(
        title=f"{alert.name}：{kind.zh}"[:TITLE],
        category=category,
        source=kind.source,
        region=alert.region,
        subject=alert.name,
        lon=alert.lon,
        lat=alert.lat,
        detail=detail,
        found_on=alert.at.astimezone(BEIJING).date(),
        reference=f"{alert.kind}/{alert.subject}/{alert.key}",
        example=alert.example,
    )
