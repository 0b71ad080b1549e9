"""`/clock`: what time it is on the platform, and whether that is the real one."""

from typing import Annotated, Any

from lantian.web.api.answers import resource
from lantian.web.pages.clock import clock_state
from lantian.web.security import Viewer, allow

router = resource("clock")


@router.get("/clock")
def clock(viewer: Annotated[Viewer, allow("api.read")]) -> dict[str, Any]:
    """Give the platform's clock: `now` (UTC), `simulated`, `paused`, `speed`, `set_at`."""
    return clock_state(viewer.platform)
