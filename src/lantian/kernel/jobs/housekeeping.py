"""Jobs of the kernel itself, each once a night: forget what nobody asks for any more, note the head of the trail."""

from __future__ import annotations

from procrastinate import sql
from sqlalchemy import text

from lantian.kernel import audit
from lantian.kernel.accounts.login import forget_attempts
from lantian.kernel.accounts.sessions import forget_sessions
from lantian.kernel.jobs.tasks import TASKS, JobRun, task

KEEP_DAYS = 30
KEEP_ROUTINE = 1
"""Days for jobs that the clock asks for and that went well: some come every minute."""
_ROUTINE = text("""
    DELETE FROM procrastinate_jobs j WHERE status = 'succeeded' AND task_name = ANY(:names) AND EXISTS (
           SELECT FROM procrastinate_events e
            WHERE e.job_id = j.id AND e.type = 'succeeded' AND e.at < now() - make_interval(days => :days))
""")
_ENDED = ["succeeded", "failed", "cancelled", "aborted"]


@task("kernel.tidy", zh="清理过期的会话与任务记录", en="Tidy old sessions and jobs", retries=2, cron="10 19 * * *")
def tidy(run: JobRun) -> None:
    """Remove sessions, counted login failures and jobs that ended more than `KEEP_DAYS` ago (03:10 in Shanghai)."""
    engine = run.platform.database.engine
    run.progress.stage("会话 / sessions")
    forget_sessions(engine)
    forget_attempts(engine)
    run.progress.stage("任务 / jobs")
    with engine.begin() as connection:
        old = {"statuses": _ENDED, "queue": None, "nb_hours": KEEP_DAYS * 24}
        connection.exec_driver_sql(sql.queries["delete_old_jobs"], old)
        names = [one.name for one in TASKS.values() if one.cron is not None]
        connection.execute(_ROUTINE, {"names": names, "days": KEEP_ROUTINE})


@task("audit.anchor", zh="记下审计记录的末端", en="Note the head of the audit trail", retries=2, cron="50 18 * * *")
def note_head(run: JobRun) -> None:
    """Note the head of the audit trail in the anchors (02:50 in Shanghai), for a platform that runs for months."""
    audit.anchor(run.platform.engine, run.platform.anchors)
