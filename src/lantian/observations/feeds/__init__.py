"""Feeds 数据资源: whatever a department measures or records, described by a definition file and nothing else.

In: files (CSV, workbooks, JSON) and frames. Out: typed records with every revision, refused rows with the reason,
freshness, templates; for each reader what they may see. A city adds a feed by a file in ``<home>/feeds``; see
docs/feeds.md. What is special in a feed is a rule that listens (`arrived`).
"""

from typing import TYPE_CHECKING, Any

from lantian.observations.feeds.arrivals import arrived
from lantian.observations.feeds.definition import Feed, Field
from lantian.observations.feeds.entry import FeedError
from lantian.observations.feeds.loading import definitions, load
from lantian.observations.feeds.reader import PLATFORM, Reader
from lantian.observations.feeds.validation import validate

if TYPE_CHECKING:
    from lantian.observations.feeds.service import Feeds, Receipt

__all__ = [
    "PLATFORM",
    "Feed",
    "FeedError",
    "Feeds",
    "Field",
    "Reader",
    "Receipt",
    "arrived",
    "definitions",
    "load",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Import the service only when it is asked for: definitions and validation work without a database."""
    if name in ("Feeds", "Receipt"):
        from lantian.observations.feeds import service

        return getattr(service, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
