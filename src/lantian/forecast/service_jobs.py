"""What the forecast does for the platform by itself; importing this module registers its jobs.

What it needs of the model's packages is imported when it runs, in a process of its own, so a platform without them
starts all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from lantian.forecast.service_work import Statistical, follow
from lantian.kernel.jobs import JobRun, task


@task("forecast.statistics", zh="统计预报", en="Statistical forecast", lock="forecast.statistics", once=True)
def statistics_job(
    run: JobRun, *, issue: str | None = None, modes: Sequence[Statistical] = ("history",), back: int = 0
) -> None:
    """Train where nothing was trained, and issue; see `service_work.statistics`, whose arguments these are."""
    arguments = {"issue": issue, "modes": list(modes), "back": back}
    follow(run.platform, run.actor, run.progress, arguments)


@task("forecast.run", zh="模式预报", en="Forecast with the engine", lock="forecast.statistics", once=True)
def run_job(run: JobRun, *, city: str, issue: str | None = None, hours: int = 72) -> None:
    """Run the engine over a city with perfect weather (`service_work.engine`), never beside the statistics."""
    follow(run.platform, run.actor, run.progress, {"city": city, "issue": issue, "hours": hours}, "engine")
