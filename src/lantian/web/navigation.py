"""The navigation: the eight rooms of the river, and the pages that stand in them.

A room without a page is not shown, and a page that the reader may not open is not shown either.
"""

from collections.abc import Iterable
from dataclasses import dataclass

RIVER = ("monitor", "assess", "forecast", "trace", "respond", "supervise", "account", "publish")
"""监测 评价 预报 溯源 应对 督办 考核 公开, from the instrument to the public."""

OFFICE = "office"
"""Where pages about the platform itself stand (jobs, accounts, audit): under the river, not on it."""


@dataclass(frozen=True)
class Page:
    """One page in the navigation. Its title and the one question it answers are messages `<name>.title` and
    `<name>.question`.

    Attributes:
        name: namespace of its messages, by custom the name of its file.
        path: address.
        room: one of `RIVER`, or `OFFICE`.
        permission: who may see it.
    """

    name: str
    path: str
    room: str
    permission: str

    def __post_init__(self) -> None:
        if self.room not in (*RIVER, OFFICE):
            raise ValueError(f"page {self.name!r}: room {self.room!r} is none of {', '.join((*RIVER, OFFICE))}")


@dataclass(frozen=True)
class Room:
    """A room with the pages in it that one reader may open, in the order in which `app.PAGES` lists them."""

    name: str
    pages: tuple[Page, ...]

    @property
    def path(self) -> str:
        """Where a click on the room leads: its first page."""
        return self.pages[0].path


def rooms(pages: Iterable[Page], permitted: Iterable[str]) -> list[Room]:
    """Arrange pages into rooms.

    Args:
        pages: every page of the platform.
        permitted: names of the permissions that the reader holds.

    Returns:
        Rooms in the order of the river, the office last; none is empty.
    """
    held = set(permitted)
    seen = [page for page in pages if page.permission in held]
    built = (Room(name, tuple(page for page in seen if page.room == name)) for name in (*RIVER, OFFICE))
    return [room for room in built if room.pages]
