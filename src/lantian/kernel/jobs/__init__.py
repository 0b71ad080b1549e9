"""Jobs: work that outlives a request, in a queue on the platform's own PostgreSQL (procrastinate).

In: functions that rooms register with `task`, requests by `defer`. Out: the work done, each job once, tried again
after a failure or a killed worker; its progress, which `list_jobs` gives to a page. Jobs fire on real time, never on
the replay clock.
"""

from lantian.kernel.jobs.housekeeping import tidy
from lantian.kernel.jobs.progress import Progress, ProgressState, Sink, Stopped
from lantian.kernel.jobs.queue import JobView, defer, get_job, list_jobs
from lantian.kernel.jobs.tasks import TASKS, JobRun, Task, named, task
from lantian.kernel.jobs.worker import BackgroundWorker, Worker, make_app, rescue, run_worker

__all__ = [
    "TASKS",
    "BackgroundWorker",
    "JobRun",
    "JobView",
    "Progress",
    "ProgressState",
    "Sink",
    "Stopped",
    "Task",
    "Worker",
    "defer",
    "get_job",
    "list_jobs",
    "make_app",
    "named",
    "rescue",
    "run_worker",
    "task",
    "tidy",
]
