"""What the platform does for polled sources by itself: every minute it asks those that are due.

Importing this module registers the jobs `polling.ask` and `polling.forget`.
"""

from __future__ import annotations

from lantian.kernel.jobs import JobRun, task
from lantian.observations.polling.service import Polls


@task("polling.ask", zh="拉取数据源", en="Ask polled sources", lock="polling.ask", cron="* * * * *")
def ask_job(run: JobRun) -> None:
    """Ask every source that is due; one that fails does not hold up the others, and is asked again later."""
    polls = Polls(run.platform)
    due = polls.due(run.platform.clock.now())
    if not due:
        return
    run.progress.stage("拉取 / ask", total=len(due))
    for name in due:
        done = polls.poll(name, run.actor)
        run.progress.advance(message=f"{name}: {done.error or f'{done.new} new, {done.revised} revised'}")


@task("polling.forget", zh="清理拉取记录", en="Drop old attempts", cron="50 18 * * *")
def forget_job(run: JobRun) -> None:
    """Drop attempts that are older than a month (02:50 in Shanghai)."""
    Polls(run.platform).forget(run.platform.clock.now())
