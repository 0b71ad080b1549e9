"""What the forecast does for the platform by itself: the job that trains where nothing was trained, and issues.

Importing this module registers the job ``forecast.statistics``; what it needs of the model's packages is imported when
it runs, so a platform without them starts all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from lantian.forecast.store import RunStore
from lantian.kernel.jobs import JobRun, Progress, task
from lantian.kernel.settings import TIMEZONE

if TYPE_CHECKING:
    from lantian.forecast.learn import Calibrator

Statistical = Literal["history", "perfect"]
"""The modes that need no weather forecast."""
ISSUE_HOUR = 20
"""Beijing; forecasts are issued then by custom."""


@task("forecast.statistics", zh="统计预报", en="Statistical forecast", lock="forecast.statistics", once=True)
def statistics_job(
    run: JobRun,
    *,
    issue: str | None = None,
    modes: Sequence[Statistical] = ("history",),
    back: int = 0,
) -> None:
    """Issue the statistical forecast, and those of the days before, as they would have been issued then.

    ``issue``: the moment with its zone; None: the last 20:00 of Beijing by the clock. ``back``: days before it. A mode
    without a model is trained first, on what lies `service_statistics.HELD_BACK` before the issue and earlier. An issue
    that has products is passed over, so a second run goes on where the first was interrupted.

    Raises:
        ValueError, LookupError: there is too little to learn or to forecast from.
    """
    from lantian.forecast import service_statistics as statistics
    from lantian.forecast.runner import issue_forecast

    now = run.platform.clock.now()
    when = last_issue(now) if issue is None else datetime.fromisoformat(issue).astimezone(UTC)
    store = RunStore(run.platform)
    done = {(each.issue, each.mode) for each in store.runs() if each.revision}
    past = None
    for mode in modes:
        wanted = [when - timedelta(days=days) for days in range(back + 1)]
        waiting = [moment for moment in wanted if (moment, mode) not in done]
        if not waiting:
            continue
        calibrator = _calibrator(run, mode, when)
        if past is None:
            past = statistics.spells(run.platform, when)
        run.progress.stage(f"起报 issue · {mode}", total=len(waiting))
        for moment in waiting:
            issue_forecast(run.platform, moment, mode, calibrator, actor=run.actor, progress=Progress(), past=past)
            run.progress.advance(message=f"{moment.astimezone(TIMEZONE):%Y-%m-%d %H:%M}")


def last_issue(now: datetime) -> datetime:
    """The last moment at or before ``now`` at which forecasts are issued by custom."""
    local = now.astimezone(TIMEZONE)
    today = local.replace(hour=ISSUE_HOUR, minute=0, second=0, microsecond=0)
    return (today if today <= local else today - timedelta(days=1)).astimezone(UTC)


def _calibrator(run: JobRun, mode: Statistical, issue: datetime) -> Calibrator:
    from lantian.forecast import service_statistics as statistics
    from lantian.forecast import shelf

    versions = shelf.of(run.platform)
    card = versions.latest(mode)
    if card is None:
        until = issue.astimezone(TIMEZONE).date() - statistics.HELD_BACK
        (card,) = shelf.train(run.platform, [mode], until=until, progress=run.progress)
    return versions.open(card.version)
