"""What the catalogue does by itself: views of departments follow the definitions, and what they read by SQL is booked.

Importing this module registers the job `catalogue.sql`.
"""

from __future__ import annotations

from lantian.kernel.jobs import JobRun, task
from lantian.observations.catalogue import rls
from lantian.observations.feeds.service import Feeds


@task("catalogue.sql", zh="整理部门 SQL 视图与访问记录", en="Views and readings of SQL", cron="9-59/10 * * * *")
def sql_job(run: JobRun) -> None:
    """Make views anew whose definition has changed; book what departments read, also shortly before midnight."""
    run.progress.stage("SQL 视图 / views")
    rls.refresh(run.platform.engine, Feeds(run.platform).all().values())
    rls.collect(run.platform.engine, run.platform.clock.now())
