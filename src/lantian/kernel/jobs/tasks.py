"""What kinds of job there are: rooms register plain functions here, and workers look them up by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from croniter import croniter  # type: ignore[import-untyped]

from lantian.kernel.jobs.progress import Progress

if TYPE_CHECKING:
    from lantian.kernel.bootstrap import Platform


@dataclass(frozen=True)
class JobRun:
    """What a job gets to work with, as its first argument.

    Attributes:
        platform: settings, database and clock.
        id: number of the job in the queue.
        attempt: 1 the first time, 2 after one failure or interruption, and so on.
        actor: name under which this job's writes stand in the audit trail.
        progress: told how far the work is; raises `Stopped` when the worker shuts down.
        due: for a periodic job the real time for which it was due (aware, UTC); None for others.
    """

    platform: Platform
    id: int
    attempt: int
    actor: str
    progress: Progress
    due: datetime | None = None


JobFunction = Callable[..., None]


@dataclass(frozen=True)
class Task:
    """A kind of job.

    Attributes:
        name: `room.verb`; it stands in the queue, so renaming one orphans what waits.
        zh: what a Chinese page calls it.
        en: what an English page calls it.
        function: `function(run: JobRun, **arguments)`; arguments are JSON values. It may be run again after an
            interruption, so a second run must do no harm.
        retries: how often it is tried again after an exception.
        retry_wait: seconds before the first retry; doubles with each further one.
        lock: jobs that share a lock never run at the same time; None: no such limit.
        once: at most one such job waits in the queue; a second request is answered with the one that waits.
        cron: five fields, minute hour day month weekday, in real UTC (never the replay clock); None: runs only when
            asked for.
    """

    name: str
    zh: str
    en: str
    function: JobFunction
    retries: int = 0
    retry_wait: float = 10.0
    lock: str | None = None
    once: bool = False
    cron: str | None = None


TASKS: dict[str, Task] = {}


def task(
    name: str,
    *,
    zh: str,
    en: str,
    retries: int = 0,
    retry_wait: float = 10.0,
    lock: str | None = None,
    once: bool = False,
    cron: str | None = None,
) -> Callable[[JobFunction], Task]:
    """Register a function as a kind of job; a decorator. The parameters are the attributes of `Task`.

    A periodic task always counts as `once`, so that a worker which was away for a night does not come back to a heap
    of the same job.

    Raises:
        ValueError: the name is taken, or `cron` is not a cron line.
    """
    if cron is not None and not croniter.is_valid(cron):
        raise ValueError(
            f"task {name!r}: cron {cron!r} is not 'minute hour day month weekday', for example '15 19 * * *'"
        )

    def register(function: JobFunction) -> Task:
        if name in TASKS:
            raise ValueError(f"task {name!r} is registered twice: {TASKS[name].function} and {function}")
        TASKS[name] = Task(name, zh, en, function, retries, retry_wait, lock, once or cron is not None, cron)
        return TASKS[name]

    return register


def named(name: str) -> Task:
    """Look up a kind of job.

    Raises:
        KeyError: no room has registered it; the message lists those that are.
    """
    if name not in TASKS:
        raise KeyError(f"no task {name!r}; registered: {', '.join(sorted(TASKS)) or 'none'}")
    return TASKS[name]
