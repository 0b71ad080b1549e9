"""The navigation: the eight rooms of the river, and the pages that stand in them.

A room without a page is not shown, and a page that the reader may not open is not shown either.
"""

from collections.abc import Iterable
from dataclasses import dataclass

RIVER = ("monitor", "assess", "forecast", "trace", "respond", "supervise", "account", "publish")
"""监测 评价 预报 溯源 应对 督办 考核 公开, from the instrument to the public."""

OFFICE = "office"
"""Where pages about the platform itself stand (jobs, accounts, audit): under the river, not on it."""

BENCHES = {"monitor": ("air", "instruments", "works", "land", "shared")}
"""Rooms with many pages show them bench by bench: 空气 仪器 工地与车辆 水土 共享."""


@dataclass(frozen=True)
class Page:
    """One page in the navigation. Its title and the one question it answers are messages `<name>.title` and
    `<name>.question`.

    Attributes:
        name: namespace of its messages, by custom the name of its file.
        path: address.
        room: one of `RIVER`, or `OFFICE`.
        permission: who may see it.
        bench: where in the room it stands, one of its `BENCHES`; empty: the first, or the room has none.
    """

    name: str
    path: str
    room: str
    permission: str
    bench: str = ""

    def __post_init__(self) -> None:
        if self.bench and self.bench not in BENCHES.get(self.room, ()):
            raise ValueError(
                f"page {self.name!r}: bench {self.bench!r} is none of {', '.join(BENCHES.get(self.room, ()))}"
            )
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

    @property
    def benches(self) -> dict[str, tuple[Page, ...]]:
        """The pages by bench, in the room's order; none is empty. One bench where the room has none."""
        names = BENCHES.get(self.name, ("",))
        stand = {name: tuple(page for page in self.pages if (page.bench or names[0]) == name) for name in names}
        return {name: pages for name, pages in stand.items() if pages}

    def beside(self, page: Page | None) -> tuple[Page, ...]:
        """The pages on the same bench."""
        return next((pages for pages in self.benches.values() if page in pages), self.pages)


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
