"""The queue seen from outside: put a job in, list what is there and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from procrastinate import SyncPsycopgConnector, exceptions
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from sqlalchemy import Connection, Engine, RowMapping, text
from sqlalchemy.dialects.postgresql import insert

from lantian.kernel.jobs.progress import ProgressState, Sink
from lantian.kernel.jobs.tables import job_progress
from lantian.kernel.jobs.tasks import TASKS, Task

# procrastinate's words for the states of a job, and ours.
STATES = {
    "todo": "waiting",
    "doing": "running",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "aborting": "running",
    "aborted": "stopped",
}


@dataclass(frozen=True)
class JobView:
    """A job as a page shows it. Times are real, aware, UTC.

    Attributes:
        id: number in the queue.
        task: name of the kind of job.
        zh: what a Chinese page calls it (the name itself if no room knows the task any more).
        en: what an English page calls it.
        state: one of waiting, running, succeeded, failed, stopped, cancelled.
        arguments: JSON arguments that it was given.
        attempts: how often it has been begun and has come to an end, good or bad.
        deferred_at: when it was put into the queue.
        due_at: a waiting job begins no sooner than this; None: at once.
        started_at: when it last began; None while it has not.
        ended_at: when it ended; None while it has not.
        progress: how far it is; None before it first began.
        seconds_left: estimate for the running stage; None if there is none.
    """

    id: int
    task: str
    zh: str
    en: str
    state: str
    arguments: dict[str, Any]
    attempts: int
    deferred_at: datetime
    due_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    progress: ProgressState | None
    seconds_left: float | None


def defer(where: Engine | Connection, task: Task, /, *, delay: timedelta | None = None, **arguments: Any) -> int:
    """Put a job into the queue.

    Given a connection, the job becomes visible to workers when its transaction commits, and not at all if it is
    rolled back.

    Args:
        where: the engine, or a connection in a transaction whose writes the job belongs to.
        task: the kind of job.
        delay: begin no sooner than this from now; None: at once.
        arguments: what the function gets; JSON values.

    Returns:
        Number of the job; for a task with `once`, of the job that already waits if one does.
    """
    job = Job(
        id=None,
        queue="default",
        lock=task.lock,
        queueing_lock=task.name if task.once else None,
        task_name=task.name,
        task_kwargs=arguments,
        scheduled_at=None if delay is None else datetime.now(UTC) + delay,
    )
    with _transaction(where) as connection:
        while True:
            try:
                with connection.begin_nested():
                    made = JobManager(SyncPsycopgConnector()).defer_job(job, connection.connection.driver_connection)
                    return int(made.id or 0)
            except exceptions.AlreadyEnqueued:
                waiting = connection.execute(
                    text("SELECT id FROM procrastinate_jobs WHERE queueing_lock = :lock AND status = 'todo'"),
                    {"lock": task.name},
                ).scalar()
                if waiting is not None:  # None: a worker took it between the two statements, so there is room now
                    return int(waiting)


def list_jobs(engine: Engine, *, limit: int = 100, states: Sequence[str] = (), routine: bool = True) -> list[JobView]:
    """List jobs, the newest first.

    Args:
        engine: the database.
        limit: at most so many.
        states: only jobs in these states (see `JobView.state`); empty: all.
        routine: False leaves out what the clock asks for, except where it failed.

    Raises:
        ValueError: a state that does not exist.
    """
    for state in states:
        if state not in STATES.values():
            raise ValueError(f"no job state {state!r}; there are {', '.join(dict.fromkeys(STATES.values()))}")
    wanted = [theirs for theirs, ours in STATES.items() if not states or ours in states]
    with engine.connect() as connection:
        rows = (
            connection.execute(
                _LIST, {"states": wanted, "id": None, "limit": limit, "without": [] if routine else _routine()}
            )
            .mappings()
            .all()
        )
    return [_view(row) for row in rows]


def get_job(engine: Engine, job_id: int) -> JobView | None:
    """Look up one job; None if there is none of this number, or it was tidied away."""
    with engine.connect() as connection:
        row = (
            connection.execute(_LIST, {"states": list(STATES), "id": job_id, "limit": 1, "without": []})
            .mappings()
            .one_or_none()
        )
    return None if row is None else _view(row)


def table_sink(engine: Engine, job_id: int) -> Sink:
    """Make a progress sink that keeps a job's state in `job_progress`, where `list_jobs` finds it."""

    def write(state: ProgressState) -> None:
        values = dict(vars(state))
        statement = insert(job_progress).values(job_id=job_id, **values)
        with engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["job_id"], set_=values))

    return write


_LIST = text("""
    SELECT j.id, j.task_name, j.status::text AS status, j.args, j.attempts, j.scheduled_at,
           e.deferred_at, e.started_at, e.ended_at,
           p.started_at AS p_started_at, p.updated_at, p.stage, p.stage_started_at, p.done, p.total, p.message,
           p.error, p.finished_at
      FROM procrastinate_jobs j
      LEFT JOIN job_progress p ON p.job_id = j.id
     CROSS JOIN LATERAL (
           SELECT min(at) AS deferred_at,
                  max(at) FILTER (WHERE type = 'started') AS started_at,
                  max(at) FILTER (WHERE type IN ('succeeded', 'failed', 'cancelled', 'aborted')) AS ended_at
             FROM procrastinate_events WHERE job_id = j.id) e
     WHERE j.status::text = ANY(:states) AND (CAST(:id AS bigint) IS NULL OR j.id = :id)
       AND (j.status = 'failed' OR j.task_name <> ALL(CAST(:without AS text[])))
     ORDER BY j.id DESC LIMIT :limit
""")


def _routine() -> list[str]:
    return [task.name for task in TASKS.values() if task.cron is not None]


def _view(row: RowMapping) -> JobView:
    task = TASKS.get(row["task_name"])
    state = STATES[row["status"]]
    progress = None
    if row["updated_at"] is not None:
        progress = ProgressState(
            started_at=row["p_started_at"],
            **{
                name: row[name]
                for name in (
                    "updated_at",
                    "stage",
                    "stage_started_at",
                    "done",
                    "total",
                    "message",
                    "error",
                    "finished_at",
                )
            },
        )
    running = state == "running" and progress is not None
    return JobView(
        id=row["id"],
        task=row["task_name"],
        zh=task.zh if task else row["task_name"],
        en=task.en if task else row["task_name"],
        state=state,
        arguments=row["args"],
        attempts=row["attempts"],
        deferred_at=row["deferred_at"],
        due_at=row["scheduled_at"],
        started_at=row["started_at"],
        ended_at=None if state in ("waiting", "running") else row["ended_at"],
        progress=progress,
        seconds_left=progress.seconds_left(datetime.now(UTC)) if running and progress else None,
    )


@contextmanager
def _transaction(where: Engine | Connection) -> Iterator[Connection]:
    if isinstance(where, Connection):
        yield where
    else:
        with where.begin() as connection:
            yield connection
