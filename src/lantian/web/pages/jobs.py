"""Jobs 后台任务: is anything running, how far is it, and what failed."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from lantian.kernel.jobs import JobView, list_jobs
from lantian.web.navigation import OFFICE, Page
from lantian.web.render import render
from lantian.web.security import Viewer, allow

PAGE = Page("jobs", "/jobs", OFFICE, "jobs.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("jobs.read")]


@router.get("/jobs")
def page(request: Request, viewer: Reader) -> Response:
    """List the newest jobs with their progress."""
    return render(request, "jobs.html", jobs=_jobs(viewer))


@router.get("/jobs/list")
def rows(request: Request, viewer: Reader) -> Response:
    """The list alone, asked for again when `/live` says that a job changed."""
    return render(request, "jobs_list.html", jobs=_jobs(viewer))


@router.get("/jobs/running")
def running(request: Request, viewer: Reader) -> Response:
    """What runs now, for the front page."""
    return render(
        request, "jobs_running.html", jobs=list_jobs(viewer.platform.engine, states=("running", "waiting"), limit=5)
    )


def _jobs(viewer: Viewer) -> list[JobView]:
    return list_jobs(viewer.platform.engine, limit=100)
