"""Polled sources 拉取源: which sources that the platform asks by itself answer, which fail, and with what words?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response

from lantian.kernel.accounts import scopes_of
from lantian.observations.feeds import Feed
from lantian.observations.polling.fetch import shown
from lantian.observations.polling.service import Polls
from lantian.web.navigation import Page
from lantian.web.render import render
from lantian.web.security import Viewer, allow

PAGE = Page("polling", "/polling", "monitor", "feeds.manage", "shared")
router = APIRouter()
Manager = Annotated[Viewer, allow("feeds.manage")]


@dataclass(frozen=True, slots=True)
class Row:
    """A source as it stands; ``state``: well, failing or new (never asked)."""

    feed: Feed
    address: str
    tried_at: datetime | None = None
    good_at: datetime | None = None
    next_at: datetime | None = None
    failures: int = 0
    error: str = ""

    @property
    def state(self) -> str:
        """Whether it answers."""
        return "new" if self.tried_at is None else "failing" if self.failures else "well"


@router.get("/polling")
def page(request: Request, viewer: Manager) -> Response:
    """List the sources of the feeds that the viewer manages, with their last attempts."""
    polls = Polls(viewer.platform)
    departments = {department for _, department in scopes_of(viewer.account, "feeds.manage")}
    feeds = [one for one in polls.sources().values() if None in departments or one.owner in departments]
    states = polls.states()
    rows = [_row(feed, states.get(feed.name)) for feed in feeds]
    names = {feed.name for feed in feeds}
    return render(
        request,
        "polling.html",
        rows=rows,
        failing=sum(one.state == "failing" for one in rows),
        attempts=[one for one in polls.attempts(most=200) if one["feed"] in names][:50],
    )


def _row(feed: Feed, state: dict[str, object] | None) -> Row:
    address = shown(feed.source.url) if feed.source else ""
    if state is None or feed.source is None or state["url"] != feed.source.url:
        return Row(feed, address)
    values = {name: state[name] for name in ("tried_at", "good_at", "next_at", "failures", "error")}
    return Row(feed, address, **values)  # type: ignore[arg-type]
