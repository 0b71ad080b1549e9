"""What pages and interface ask before they show or take records of a feed."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from fastapi import HTTPException

from lantian.kernel.accounts import scopes_of
from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds import Feed, Feeds
from lantian.standards.departments import DEPARTMENTS
from lantian.web.security import Viewer


def feed_of(viewer: Viewer, name: str) -> Feed:
    """The feed of an address. Raises HTTPException 404 where there is none."""
    try:
        return Feeds(viewer.platform).feed(name)
    except LookupError:
        raise HTTPException(404, f"there is no dataset {name!r}") from None


def not_granted(viewer: Viewer, feed: Feed) -> HTTPException:
    """The refusal of a feed that was not granted, and what to do."""
    owner = DEPARTMENTS[feed.owner]
    return HTTPException(
        403,
        f"{feed.name} 未授权给您的部门，请在目录里向{owner.zh}申请 / {viewer.account.login} holds no grant for "
        f"{feed.name}: ask {owner.en} for it at /catalogue/{feed.name}",
    )


def importer_regions(viewer: Viewer, feed: Feed) -> list[str] | None:
    """The regions whose records the viewer may bring, None: all.

    Raises HTTPException 403 where it may bring none of this feed.
    """
    scopes = [region for region, dept in scopes_of(viewer.account, "data.import") if dept in (None, feed.owner)]
    if not scopes:
        raise HTTPException(403, f"{viewer.account.login} lacks the permission data.import for {feed.owner}")
    return None if None in scopes else sorted(one for one in scopes if one)


def when(feed: Feed, moment: datetime | None) -> str:
    """A time of a feed in words: a day where its records are of days, else with the hour; Beijing time."""
    if moment is None:
        return "–"
    local = moment.astimezone(TIMEZONE)
    daily = feed.time is not None and feed.schema[feed.time] == pl.Date()
    return f"{local:%Y-%m-%d}" if daily else f"{local:%Y-%m-%d %H:%M}"
