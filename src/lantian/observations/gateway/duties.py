"""What the platform does for its devices by itself: shelving on demand, the nightly joining, the doctor's look.

Importing this module registers the jobs `gateway.shelve` and `telemetry.upkeep` and a check of the doctor.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from lantian.kernel import doctor
from lantian.kernel.doctor import Finding, Patient
from lantian.kernel.jobs import JobRun, task
from lantian.observations.gateway import hours, tables, watch
from lantian.observations.gateway.journal import files, finished
from lantian.observations.gateway.keeper import merge
from lantian.observations.gateway.shelving import DAMAGED, Shelver
from lantian.observations.telemetry import TelemetryStore


@task("gateway.shelve", zh="整理设备报文", en="Shelve packets of devices", lock="gateway.shelve", once=True)
def shelve_job(run: JobRun) -> None:
    """Shelve what the journal holds, hand hours on, look for silent devices, as the keeper beside a gateway does."""
    run.progress.stage("入库 / shelve")
    Shelver(run.platform).run()
    hours.forward(run.platform, run.platform.clock.now(), actor=run.actor)
    watch.look(run.platform, run.platform.clock.now())


@task("telemetry.upkeep", zh="整理设备数据文件", en="Tidy telemetry segments", retries=2, cron="55 18 * * *")
def upkeep_job(run: JobRun) -> None:
    """Make one segment of each day and resolution, and clear away what is left over (02:55 in Shanghai)."""
    Shelver(run.platform).run()
    hours.forward(run.platform, run.platform.clock.now(), actor=run.actor)
    run.progress.stage("合并 / compact")
    merge(run.platform, least=None)
    run.progress.stage("清理 / sweep")
    TelemetryStore(run.platform).sweep()


def check_gateway(patient: Patient) -> Iterator[Finding]:
    """Whether a gateway listens where devices are registered, and the journal is whole."""
    if patient.database is None or not sa.inspect(patient.database.engine).has_table(tables.device.name):
        return
    with patient.database.engine.connect() as connection:
        count = sa.select(sa.func.count()).select_from(tables.device).where(~tables.device.c.example)
        devices = connection.scalar(count.where(tables.device.c.until.is_(None))) or 0
    folder = patient.settings.home / "gateway" / "journal"
    damaged = len(list((folder / DAMAGED).glob("*")))
    if damaged:
        mend = "keep them; if the disk is sound they hold what a power failure cut, and may be deleted"
        yield Finding("gateway", "problem", f"{folder / DAMAGED}: {damaged} journal files that cannot be read", mend)
    if not devices:
        return
    if _listens(patient.settings.home):
        yield Finding("gateway", "ok", f"{devices} devices in use, {len(files(folder))} journal files")
    else:
        yield Finding(
            "gateway", "warning", f"{devices} devices in use, and no gateway listens", "run `lantian gateway`"
        )


def _listens(home: Path) -> bool:
    lock = home / "gateway" / "lock"
    return lock.exists() and not finished(lock)


doctor.CHECKS.append(check_gateway)
