"""What the platform does for its observations by itself: imports in the queue, the nightly upkeep, the doctor's look.

Importing this module registers the jobs `observations.import` and `observations.upkeep` and a check of the doctor.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from lantian.kernel import doctor
from lantian.kernel.doctor import Finding, Patient
from lantian.kernel.jobs import JobRun, task
from lantian.observations import tables, upkeep
from lantian.observations.importer import import_paths
from lantian.observations.readers import ReadError
from lantian.observations.statements import Grade
from lantian.observations.store import ObservationStore


@task("observations.import", zh="导入观测数据", en="Import observations", lock="observations.import")
def import_job(
    run: JobRun,
    *,
    paths: list[str],
    grade: Grade = "raw",
    actor: str | None = None,
    within: list[str] | None = None,
) -> None:
    """Import files and folders in the queue; a second run finds the files that were stored and passes them over.

    `actor`: who asked for it (None: the job itself); `within`: the regions for which they may. Raises ReadError when a
    file could not be read, after all others were imported.
    """
    report = import_paths(run.platform, paths, actor or run.actor, run.progress, grade=grade, within=within)
    if report.refused:
        raise ReadError("\n".join(note for file in report.refused for note in file.notes))


@task("observations.upkeep", zh="整理观测数据文件", en="Tidy observation segments", retries=2, cron="40 18 * * *")
def upkeep_job(run: JobRun) -> None:
    """Make one segment of each month and clear away what is left over (02:40 in Shanghai)."""
    store = ObservationStore(run.platform)
    run.progress.stage("合并 / compact")
    store.compact()
    run.progress.stage("清理 / sweep")
    store.sweep()


def check_observations(patient: Patient) -> Iterator[Finding]:
    """Every segment that the manifest names is there in its full size, and no unknown file lies about."""
    if patient.database is None or not sa.inspect(patient.database.engine).has_table(tables.segment.name):
        return
    root = patient.settings.home / "observations"
    faults = upkeep.check(patient.database.engine, root)
    for fault in faults:
        message, _, mend = fault.partition("; ")
        yield Finding("observations", "problem", message, mend)
    if not faults:
        with patient.database.engine.connect() as connection:
            live = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(tables.segment.c.bytes), 0)).where(
                tables.segment.c.retired_at.is_(None)
            )
            count, size = connection.execute(live).one()
        yield Finding("observations", "ok", f"{count} segments, {int(size) / 1e6:.1f} MB")


doctor.CHECKS.append(check_observations)
