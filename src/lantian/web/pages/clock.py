"""The clock in the bar: what it shows, its controls in a replay, and `/live`, which tells open pages what changes on
the server.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from lantian.kernel.bootstrap import Platform
from lantian.kernel.clock import ClockError
from lantian.kernel.jobs import list_jobs
from lantian.web.figures import SHANGHAI
from lantian.web.render import render
from lantian.web.security import Viewer, allow, anyone, local, viewer_of

router = APIRouter()

_LOOK_EVERY = 1.0  # seconds between two looks at the database
_STREAM_FOR = 300.0  # then the browser comes again, so that a closed session ends its stream too


@router.post("/clock")
def control(
    viewer: Annotated[Viewer, allow("clock.control")],
    action: Annotated[Literal["pause", "resume", "speed", "step", "jump", "real"], Form()],
    value: Annotated[str, Form(max_length=40)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",  # noqa: A002
) -> Response:
    """Control a replay.

    `action`: `pause`, `resume`, `speed` (`value`: factor), `step` (`value`: hours, may be negative), `jump` (`value`:
    `2016-12-16T20:00`, Beijing time; starts a replay where there is none), `real` (end the replay).
    """
    try:
        _control(viewer.platform, viewer.account.actor, action, value)
    except (ClockError, ValueError) as error:
        raise HTTPException(422, f"{action} {value!r}: {error}") from None
    return RedirectResponse(local(next), 303)


def _control(platform: Platform, actor: str, action: str, value: str) -> None:
    clock = platform.clock
    if action == "pause":
        clock.pause(actor=actor)
    elif action == "resume":
        clock.resume(actor=actor)
    elif action == "speed":
        clock.speed(float(value), actor=actor)
    elif action == "step":
        clock.jump(clock.now() + timedelta(hours=float(value)), actor=actor)
    elif action == "real":
        clock.set_real(actor=actor)
    else:
        at = datetime.fromisoformat(value).replace(tzinfo=SHANGHAI)
        if clock.state.simulated:
            clock.jump(at, actor=actor)
        else:
            clock.set_simulated(at, paused=True, actor=actor)


@router.get("/clock/bar", dependencies=[anyone("everybody sees what time it is")])
def bar(request: Request) -> Response:
    """The clock of the bar as a fragment, after it changed."""
    viewer_of(request)
    return render(request, "clock.html")


@router.get(
    "/live", dependencies=[anyone("everybody sees what time it is; jobs are told only to those who may see them")]
)
async def live(request: Request) -> StreamingResponse:
    """Server-sent events: `clock` when its state changes or it jumps, `jobs` when a job or its progress changes."""
    viewer = await run_in_threadpool(viewer_of, request)
    stream = _events(viewer.platform, viewer.may("jobs.read"), request.app.state.stopping)
    return StreamingResponse(
        stream, media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )


async def _events(platform: Platform, with_jobs: bool, stopping: asyncio.Event) -> AsyncIterator[str]:
    told: dict[str, str] = {}
    yield "retry: 2000\n\n"
    for _ in range(int(_STREAM_FOR / _LOOK_EVERY)):
        seen = await run_in_threadpool(_look, platform, with_jobs)
        for name, (identity, data) in seen.items():
            if told.get(name) != identity:
                told[name] = identity
                yield f"event: {name}\ndata: {data}\n\n"
        try:
            await asyncio.wait_for(stopping.wait(), _LOOK_EVERY)
            return
        except TimeoutError:
            continue


def _look(platform: Platform, with_jobs: bool) -> dict[str, tuple[str, str]]:
    """What there is to tell: name of the event -> (what makes it different from the last one, what is told)."""
    state = clock_state(platform)
    identity = {key: value for key, value in state.items() if key != "now"}
    seen = {"clock": (json.dumps(identity), json.dumps(state))}
    if with_jobs:
        jobs = list_jobs(platform.engine, limit=20, routine=False)
        told = [
            {"id": job.id, "state": job.state, "share": job.progress.share if job.progress else None} for job in jobs
        ]
        change = [(job.id, job.state, str(job.progress.updated_at) if job.progress else "") for job in jobs]
        seen["jobs"] = (json.dumps(change), json.dumps(told))
    return seen


def clock_state(platform: Platform) -> dict[str, Any]:
    """The clock as JSON values: `now` (UTC, ISO 8601), `simulated`, `paused`, `speed`, `set_at` (when it was last
    set).
    """
    state, now = platform.clock.read()
    return {
        "now": now.isoformat(),
        "simulated": state.simulated,
        "paused": state.paused,
        "speed": state.speed if state.simulated else 1.0,
        "set_at": state.set_at.isoformat(),
    }
