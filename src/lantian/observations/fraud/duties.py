"""What falsification screening does by itself: every night the days of the last week; thresholds where there are none.

Importing this module registers the job `fraud.nightly`.
"""

from __future__ import annotations

from datetime import timedelta

from lantian.kernel.jobs import JobRun, task
from lantian.kernel.settings import TIMEZONE
from lantian.observations.fraud.service import Fraud

WEEK = timedelta(days=7)
HISTORY = timedelta(days=180)
"""What first thresholds are learned from: the half year before the last month."""

APART = timedelta(days=30)


@task("fraud.nightly", zh="弄虚作假筛查", en="Falsification screening", retries=1, lock="fraud", cron="40 19 * * *")
def nightly(run: JobRun) -> None:
    """Score the last week (03:40 in Shanghai); learn thresholds of a kind that has none, where its history allows."""
    fraud, now = Fraud(run.platform), run.platform.clock.now()
    today = now.astimezone(TIMEZONE).date()
    for kind in fraud.kinds():
        if not fraud.versions(now, kind, most=1):
            run.progress.stage(f"学习阈值 learn {kind}")
            try:
                fraud.learn(kind, today - APART - HISTORY, today - APART, run.actor)
            except ValueError as error:
                run.progress.advance(message=str(error))
    run.progress.stage("评分 score")
    fraud.score(today - WEEK, today - timedelta(days=1), run.actor)
