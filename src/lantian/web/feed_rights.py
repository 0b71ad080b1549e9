"""What pages and interface ask before they show or take records of a feed, or what a device sends."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from fastapi import HTTPException

from lantian.kernel.accounts import scopes_of
from lantian.kernel.settings import TIMEZONE
from lantian.observations.feeds import Feed, Feeds, Reader
from lantian.observations.gateway.device import Device
from lantian.standards.departments import DEPARTMENTS
from lantian.web.security import Viewer


def feed_of(viewer: Viewer, name: str) -> Feed:
    """The feed of an address. Raises HTTPException 404 where there is none."""
    try:
        return Feeds(viewer.platform).feed(name)
    except LookupError:
        raise HTTPException(404, f"there is no dataset {name!r}") from None


def device_open(viewer: Viewer, device: Device) -> None:
    """Let pass who may see what a device sends: whoever sees devices of its region for the department that acts on it,
    and whom the dataset `device_minutes` is open to there, as its owner or by a grant. The dataset would be no lock if
    the page of the device showed the same values to everybody.

    Raises HTTPException 403.
    """
    if not viewer.may("devices.read", device.region):
        raise HTTPException(403, f"{viewer.account.login} lacks the permission devices.read in {device.region}")
    if viewer.may("devices.read", device.region, device.department):
        return
    feeds = Feeds(viewer.platform)
    minutes = feeds.feed("device_minutes")
    if not feeds.scope(minutes, Reader.of(viewer.account)).holds(device.region):
        raise not_granted(viewer, minutes)


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
