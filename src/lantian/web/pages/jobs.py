"""Jobs 后台任务: is anything running, how far is it, and what failed."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from lantian.kernel.jobs import JobView, list_jobs
from lantian.web.navigation import OFFICE, Page
from lantian.web.render import render
from lantian.web.security import Viewer, allow

PAGE = Page("jobs", "/jobs", OFFICE, "jobs.read")
router = APIRouter()
Reader = Annotated[Viewer, allow("jobs.read")]
Routine = Annotated[bool, Query()]


@router.get("/jobs")
def page(request: Request, viewer: Reader, routine: Routine = False) -> Response:
    """List the newest jobs with their progress; `routine`: also what the clock asks for."""
    return render(request, "jobs.html", jobs=_jobs(viewer, routine), routine=routine)


@router.get("/jobs/list")
def rows(request: Request, viewer: Reader, routine: Routine = False) -> Response:
    """The list alone, asked for again when `/live` says that a job changed."""
    return render(request, "jobs_list.html", jobs=_jobs(viewer, routine), routine=routine)


@router.get("/jobs/running")
def running(request: Request, viewer: Reader) -> Response:
    """What runs now, for the front page."""
    busy = list_jobs(viewer.platform.engine, states=("running", "waiting"), limit=5, routine=False)
    return render(request, "jobs_running.html", jobs=busy)


def _jobs(viewer: Viewer, routine: bool) -> list[JobView]:
    return list_jobs(viewer.platform.engine, limit=100, routine=routine)
