"""What the forecast does for the platform by itself; importing this module registers its jobs.

What it needs of the model's packages is imported when it runs, in a process of its own, so a platform without them
starts all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, get_args

from lantian.forecast import again, inbox
from lantian.forecast.service_work import Statistical, follow, last_issue
from lantian.forecast.store import RunStore
from lantian.kernel.bootstrap import Platform
from lantian.kernel.jobs import JobRun, task

LOCK: Final = "forecast.statistics"
"""Forecasts are made one after the other."""


@task("forecast.statistics", zh="统计预报", en="Statistical forecast", lock=LOCK, once=True)
def statistics_job(
    run: JobRun, *, issue: str | None = None, modes: Sequence[Statistical] = ("history",), back: int = 0
) -> None:
    """Train where nothing was trained, and issue; see `service_work.statistics`, whose arguments these are."""
    arguments = {"issue": issue, "modes": list(modes), "back": back}
    follow(run.platform, run.actor, run.progress, arguments)


@task("forecast.run", zh="模式预报", en="Forecast with the engine", lock=LOCK, once=True)
def run_job(run: JobRun, *, city: str, issue: str | None = None, hours: int = 72) -> None:
    """Run the engine over a city with perfect weather (`service_work.engine`), never beside the statistics."""
    follow(run.platform, run.actor, run.progress, {"city": city, "issue": issue, "hours": hours}, "engine")


@task("forecast.weather", zh="用气象预报起报", en="Forecast with a weather forecast", lock=LOCK, once=True)
def weather_job(run: JobRun, *, name: str, issue: str | None = None) -> None:
    """Make the forecast of an issue with the weather laid down under a name (`inbox`), and with the engine where the
    settings name its city.

    Raises:
        LookupError: nothing was laid down under this name.
    """
    found = {one.name: one for one in inbox.deliveries(run.platform.home)}
    if name not in found:
        raise LookupError(
            f"{inbox.FOLDER}/{name}: no such folder with files; there are {', '.join(sorted(found)) or 'none'}"
        )
    work, arguments = _with_weather(run.platform, found[name])
    follow(run.platform, run.actor, run.progress, {**arguments, "issue": issue}, work)


@task("forecast.daily", zh="每日起报", en="Issue the forecast of the evening", lock=LOCK, cron="*/10 * * * *")
def daily_job(run: JobRun) -> None:
    """Issue what the last 20:00 of the platform's clock still lacks (`due`)."""
    for work, arguments in due(run.platform):
        follow(run.platform, run.actor, run.progress, arguments, work)


def due(platform: Platform) -> list[tuple[str, dict[str, Any]]]:
    """What is to be issued for the last 20:00: works of `service_work.WORKS` with their arguments.

    Of the history alone once a model stands on the shelf; with the weather of the best delivery that reaches far
    enough; in a replay with perfect weather too, where the evening before was. At the end, runs are put together again
    that files of other models came too late for (`again`). What failed is left to people.
    """
    issue = last_issue(platform.clock.now())
    runs = RunStore(platform).runs(first=issue - timedelta(days=1))
    settled = {run.mode for run in runs if run.issue == issue and (run.revision or run.status == "failed")}
    before = {run.mode for run in runs if run.issue == issue - timedelta(days=1) and run.revision}
    exercised = before if platform.clock.state.simulated else set()
    modes = [
        mode
        for mode in get_args(Statistical)
        if mode not in settled and trained(platform.home, mode) and (mode == "history" or mode in exercised)
    ]
    works: list[tuple[str, dict[str, Any]]] = []
    if modes:
        works.append(("statistics", {"issue": issue.isoformat(), "modes": modes}))
    found = None if "weather" in settled else inbox.best(inbox.deliveries(platform.home), issue)
    if found:
        work, arguments = _with_weather(platform, found)
        works.append((work, {**arguments, "issue": issue.isoformat()}))
    if again.due(platform):
        works.append(("combine", {}))
    return works


def trained(home: Path, mode: str) -> bool:
    """Whether a model of the mode stands on the shelf."""
    return any((home / "forecast" / "models").glob(f"*-{mode}-*"))


def _with_weather(platform: Platform, found: inbox.Delivery) -> tuple[str, dict[str, Any]]:
    files = {"weather": [str(file) for file in found.files]}
    city = platform.settings.forecast_city
    return ("engine", {**files, "city": city}) if city else ("statistics", files)
