"""Runs the jobs: in a process of its own, or in a thread of the server's process.

procrastinate fetches and books jobs; this file gives each its `JobRun`, keeps a worker going when the database was
away for a moment, and puts the jobs of workers that died back into the queue.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision, sql
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job
from sqlalchemy import Connection, Engine, text, update
from sqlalchemy.exc import IntegrityError

from lantian.kernel.jobs.progress import Progress, Stopped
from lantian.kernel.jobs.queue import table_sink
from lantian.kernel.jobs.tables import job_progress
from lantian.kernel.jobs.tasks import TASKS, JobRun, Task

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform

log = logging.getLogger(__name__)

POLL = 1.0  # seconds between two looks into the queue; new jobs announce themselves, but a lock set free does not
HEARTBEAT = 5.0  # seconds between two signs of life of a worker
SILENT_FOR = 30.0  # seconds without a sign of life after which a worker counts as dead
RESCUES = (
    5  # a job that was begun this often and never lived to its end is not begun again: it may be what kills the worker
)
RESTART_AFTER = 5.0  # seconds before a worker that lost its database tries again
GRACE = 10.0  # seconds that running jobs get to end by themselves when the worker is told to stop


class Worker:
    """Takes jobs from the queue and runs them, until told to stop.

    Args:
        platform: what the jobs work with.
        once: run what waits and is due to its end, however long that takes, then end; periodic jobs are not fired.
        concurrency: how many jobs run side by side, each in a thread; jobs with the same lock never do.
    """

    def __init__(self, platform: Platform, *, once: bool = False, concurrency: int = 2) -> None:
        self._platform = platform
        self._engine = platform.database.engine
        self._once = once
        self._concurrency = concurrency
        self._running: set[int] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()

    def run(self) -> None:
        """Work until `stop` is called, or the queue is empty if `once`.

        Raises:
            Exception: with `once`, whatever kept the worker from working (not what a job raised: that is booked on
                the job).
        """
        asyncio.run(self._main())

    def stop(self) -> None:
        """Ask the worker to end; from any thread.

        Running jobs get `GRACE` seconds to end by themselves, then go back to the queue at their next progress report;
        a worker that runs ``once`` ends them.
        """
        if self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)

    def wait_until_ready(self, seconds: float = 10.0) -> None:
        """Wait until `stop` can reach the worker, when it runs in another thread.

        Raises:
            TimeoutError: it did not start.
        """
        if not self._ready.wait(seconds):
            raise TimeoutError(f"the worker did not start within {seconds:g} s")

    async def _main(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                with suppress(NotImplementedError):  # Windows: Ctrl+C reaches asyncio.run as KeyboardInterrupt
                    self._loop.add_signal_handler(number, self._stopping.set)
        self._ready.set()
        while not self._stopping.is_set():
            try:
                await self._work(self._stopping)
            except Exception:
                if self._once:
                    raise
                log.exception("the worker lost its footing; it starts again in %g s", RESTART_AFTER)
            if self._once:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), RESTART_AFTER)

    async def _work(self, stopping: asyncio.Event) -> None:
        await asyncio.to_thread(rescue, self._engine)
        app = make_app(self._platform, periodic=not self._once, running=self._running)
        async with app.open_async():
            work = asyncio.create_task(
                app.run_worker_async(
                    wait=not self._once,
                    concurrency=self._concurrency,
                    fetch_job_polling_interval=POLL,
                    update_heartbeat_interval=HEARTBEAT,
                    stalled_worker_timeout=SILENT_FOR,
                    # an empty queue ends a worker that runs once; what it has begun may take as long as it takes
                    shutdown_graceful_timeout=math.inf if self._once else GRACE,
                    install_signal_handlers=False,
                )
            )
            helpers = [asyncio.create_task(stopping.wait()), asyncio.create_task(self._rescue_always())]
            await asyncio.wait([work, *helpers], return_when=asyncio.FIRST_COMPLETED)
            for each in helpers if work.done() else [work, *helpers]:
                each.cancel()
            ended = await asyncio.gather(*helpers, return_exceptions=True)
            with suppress(asyncio.CancelledError):
                await work
            for result in ended:
                if isinstance(result, Exception):
                    raise result

    async def _rescue_always(self) -> None:
        while True:
            await asyncio.sleep(SILENT_FOR / 2)
            await asyncio.to_thread(rescue, self._engine, self._running)


def run_worker(platform: Platform, *, once: bool = False, concurrency: int = 2) -> None:
    """Run a worker in this thread until SIGINT or SIGTERM; the parameters are those of `Worker`."""
    Worker(platform, once=once, concurrency=concurrency).run()


class BackgroundWorker:
    """A worker in a thread beside the server; the parameters are those of `Worker`.

    Example:
        >>> with BackgroundWorker(platform):  # doctest: +SKIP
        ...     serve()
    """

    def __init__(self, platform: Platform, *, concurrency: int = 2) -> None:
        self._worker = Worker(platform, concurrency=concurrency)
        self._thread = threading.Thread(target=self._worker.run, name="lantian-worker")

    def __enter__(self) -> BackgroundWorker:
        self._thread.start()
        self._worker.wait_until_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.stop()
        self._thread.join()


def make_app(platform: Platform, *, periodic: bool = True, running: set[int] | None = None) -> App:
    """Make a procrastinate App that knows every registered task.

    Args:
        platform: what the jobs work with; its database holds the queue.
        periodic: whether a worker of this app fires periodic jobs.
        running: kept filled with the numbers of the jobs that run now.
    """
    app = App(connector=PsycopgConnector(conninfo=platform.database.conninfo, min_size=1, max_size=4))
    for task in TASKS.values():
        declared = app.task(
            name=task.name,
            lock=task.lock,
            queueing_lock=task.name if task.once else None,
            retry=_Retry(task),
            pass_context=True,
        )(_runner(platform, task, set() if running is None else running))
        if periodic and task.cron is not None:
            app.periodic(cron=task.cron)(declared)
    return app


def rescue(
    engine: Engine, mine: set[int] | frozenset[int] = frozenset(), *, silent_for: float = SILENT_FOR
) -> list[int]:
    """Put the jobs of dead workers back into the queue.

    A worker is dead when it gave no sign of life for `silent_for` seconds. A job that was begun `RESCUES` times
    without reaching its end is booked as failed instead.

    Args:
        engine: the database.
        mine: jobs known to be alive, whatever the signs of life say (a laptop that slept has old ones).
        silent_for: seconds.

    Returns:
        Numbers of the jobs that will be begun again.
    """
    again = []
    with engine.begin() as connection:
        # One rescuer at a time: the second would take back what a worker has just begun for the first.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('lantian.jobs.rescue'))"))
        question = {"queue": None, "task_name": None, "seconds_since_heartbeat": silent_for}
        stalled = connection.exec_driver_sql(sql.queries["select_stalled_jobs_by_heartbeat"], question).mappings().all()
        for job in stalled:
            if job["id"] in mine:
                continue
            if job["attempts"] + 1 >= RESCUES:
                _give_up(connection, job["id"], f"begun {job['attempts'] + 1} times, and the last time its worker died")
                continue
            try:
                with connection.begin_nested():
                    connection.exec_driver_sql(
                        sql.queries["retry_job"],
                        {
                            "job_id": job["id"],
                            "retry_at": datetime.now(UTC),
                            "new_priority": None,
                            "new_queue_name": None,
                            "new_lock": None,
                        },
                    )
                again.append(job["id"])
            except IntegrityError:  # a task with `once`: a later request waits already and will do the work
                _give_up(connection, job["id"], "its worker died; a later request for the same work waits")
    for number in again:
        log.warning("job %d: its worker died; it goes back to the queue", number)
    return again


class _Superseded(Exception):  # noqa: N818  (not an error of its own: it says why there is no retry)
    """The job failed, and a later request for the same work already waits."""


class _Retry(BaseRetryStrategy):
    """Tries a task again as often as it says, and always when the worker was told to stop."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, JobAborted):
            return RetryDecision(retry_at=datetime.now(UTC))
        if isinstance(exception, _Superseded) or job.attempts >= self._task.retries:
            return None
        wait = self._task.retry_wait * 2**job.attempts
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=wait))


def _runner(platform: Platform, task: Task, running: set[int]) -> Callable[..., None]:
    """Make the function that procrastinate calls for a job of this task."""
    engine = platform.database.engine

    def run(context: JobContext, **arguments: Any) -> None:
        number = int(context.job.id or 0)
        running.add(number)
        due = (
            datetime.fromtimestamp(arguments.pop("timestamp"), UTC) if task.cron and "timestamp" in arguments else None
        )
        progress = Progress(table_sink(engine, number), stopping=context.should_abort)
        job = JobRun(platform, number, context.job.attempts + 1, f"job:{task.name}#{number}", progress, due)
        try:
            task.function(job, **arguments)
        except Exception as error:
            progress.finish(error=str(error) if isinstance(error, Stopped) else f"{type(error).__name__}: {error}")
            if task.once and _another_waits(engine, task):
                raise _Superseded(f"{error}; a later request for the same work waits") from error
            if isinstance(error, Stopped):
                raise JobAborted(str(error)) from error
            raise
        else:
            progress.finish()
        finally:
            running.discard(number)

    return run


def _another_waits(engine: Engine, task: Task) -> bool:
    question = text("SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE queueing_lock = :name AND status = 'todo')")
    with engine.connect() as connection:
        return bool(connection.execute(question, {"name": task.name}).scalar())


def _give_up(connection: Connection, number: int, reason: str) -> None:
    connection.exec_driver_sql(sql.queries["finish_job"], {"job_id": number, "status": "failed", "delete_job": False})
    connection.execute(
        update(job_progress).where(job_progress.c.job_id == number).values(error=reason, finished_at=datetime.now(UTC))
    )
    log.error("job %d: %s; it is booked as failed", number, reason)
