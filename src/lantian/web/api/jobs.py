"""`/jobs`: the background jobs and how far they are."""

from typing import Annotated, Any

from fastapi import HTTPException, Query

from lantian.kernel.jobs import JobView, get_job, list_jobs
from lantian.web.api.answers import resource
from lantian.web.security import Viewer, allow

router = resource("jobs")
Reader = Annotated[Viewer, allow("jobs.read")]


@router.get("/jobs")
def jobs(
    viewer: Reader,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    state: Annotated[list[str] | None, Query()] = None,
) -> list[dict[str, Any]]:
    """List jobs, the newest first. `state`: only these of waiting, running, succeeded, failed, stopped, cancelled."""
    try:
        return [_plain(job) for job in list_jobs(viewer.platform.engine, limit=limit, states=state or ())]
    except ValueError as error:
        raise HTTPException(422, f"state: {error}") from None


@router.get("/jobs/{job_id}")
def job(viewer: Reader, job_id: int) -> dict[str, Any]:
    """Give one job."""
    found = get_job(viewer.platform.engine, job_id)
    if found is None:
        raise HTTPException(404, f"job {job_id}: no such job, or it was tidied away")
    return _plain(found)


def _plain(job: JobView) -> dict[str, Any]:
    progress = job.progress
    told = None if progress is None else {**vars(progress), "share": progress.share}
    return {**vars(job), "progress": told}
