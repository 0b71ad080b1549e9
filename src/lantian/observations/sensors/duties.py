"""What the platform does for its sensors by itself: every hour their calibrated hours go on, and all are watched.

Importing this module registers the jobs `sensors.watch` and `sensors.forget`.
"""

from __future__ import annotations

from datetime import timedelta

from lantian.kernel.jobs import JobRun, task
from lantian.observations.sensors.service import Sensors

LATE = timedelta(days=3)
"""Hours so late still go on to the observations by themselves; `publish` hands on older ones."""


@task("sensors.watch", zh="查看传感器", en="Watch sensors", lock="sensors.watch", cron="20 * * * *")
def watch_job(run: JobRun) -> None:
    """Hand calibrated hours on, and raise or end alerts of drift and failure."""
    sensors, now = Sensors(run.platform), run.platform.clock.now()
    run.progress.stage("校准值 / calibrated hours")
    sensors.publish(now - LATE, now, run.actor)
    run.progress.stage("漂移与故障 / drift and failures")
    sensors.watch(run.actor)


@task("sensors.forget", zh="清理传感器记录", en="Drop old messages that were refused", cron="55 18 * * *")
def forget_job(run: JobRun) -> None:
    """Drop refused messages and strangers that are older than a month (02:55 in Shanghai)."""
    Sensors(run.platform).store.forget(run.platform.clock.now())
