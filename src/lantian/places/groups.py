"""Groups of regions, such as "2+26", with the order in which the office lists their members."""

from __future__ import annotations

from dataclasses import dataclass

from lantian.places.regions import level_of


@dataclass(frozen=True, slots=True)
class Group:
    """Regions that are listed and ranked together.

    Attributes:
        id: short name, for example ``2+26``.
        name: Chinese name.
        members: region codes in display order.
        name_en: English name.

    Raises:
        ValueError: the id is empty, or a member is no region code or stands there twice.
    """

    id: str
    name: str
    members: tuple[str, ...]
    name_en: str = ""

    def __post_init__(self) -> None:
        if not self.id or not self.name:
            raise ValueError(f"group {self.id!r} {self.name!r}: id and name must not be empty")
        for code in self.members:
            level_of(code)
            if self.members.count(code) > 1:
                raise ValueError(f"group {self.id}, members: {code} stands there twice")
