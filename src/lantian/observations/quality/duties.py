"""What quality control does by itself: soon after data came in, every hour, and the last week again every night.

Importing this module registers the jobs `quality.arrived` and `quality.nightly`.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from lantian.kernel.jobs import JobRun, defer, task
from lantian.observations.quality.service import Quality

SOON = timedelta(seconds=20)
"""Between what arrives and its check."""

NIGHTLY = timedelta(days=7)
"""What is judged again every night: late hours and revisions of a week."""


@task(
    "quality.arrived",
    zh="检查新到数据",
    en="Check what came in",
    retries=2,
    lock="quality",
    once=True,
    cron="12 * * * *",
)
def arrived(run: JobRun) -> None:
    """Judge the hours that came in since the last time."""
    run.progress.stage("检查 check")
    Quality(run.platform).arrived(run.actor)


@task("quality.nightly", zh="夜间数据检查", en="Check the last week", retries=2, lock="quality", cron="10 19 * * *")
def nightly(run: JobRun) -> None:
    """Judge the last week again (03:10 in Shanghai)."""
    end = run.platform.clock.now().replace(minute=0, second=0, microsecond=0)
    run.progress.stage("检查 check")
    Quality(run.platform).run(end - NIGHTLY, end, run.actor)


def ask(engine: sa.Engine) -> int:
    """Ask for the check of what came in, a little later: one check for a burst of files. The job's number."""
    return defer(engine, arrived, delay=SOON)
