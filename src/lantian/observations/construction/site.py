"""A construction site as the register knows it: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

PHASES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "demolition": ("拆除", "Demolition"),
        "earthwork": ("土方", "Earthwork"),
        "foundation_treatment": ("地基处理", "Treatment of the ground"),
        "foundation": ("基础", "Foundation"),
        "structure": ("主体结构", "Structure"),
        "finishing": ("装饰", "Finishing"),
    }
)
"""Phases of work, on which some limits depend: code -> Chinese, English."""


@dataclass(frozen=True, slots=True)
class Site:
    """A construction site.

    Attributes:
        id: its number in the register; instruments name it.
        region: code of the county or township.
        phase: code of `PHASES`, empty where unknown; urban: inside the built-up area.
        area: m2; camera: https address of its video, which is never stored here.
    """

    id: str
    name: str
    region: str
    lon: float | None = None
    lat: float | None = None
    phase: str = ""
    urban: bool = True
    area: float | None = None
    builder: str = ""
    address: str = ""
    camera: str = ""
    since: date | None = None
    until: date | None = None
    example: bool = False

    def stands(self, day: date) -> bool:
        """Whether work goes on there on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


def of_row(row: Mapping[str, Any], *, example: bool = False) -> Site:
    """A site of a row of the feed `construction_site`."""
    known = {name: row[name] for name in Site.__dataclass_fields__ if row.get(name) is not None and name != "id"}
    return Site(**{**known, "id": row["site"], "example": bool(row.get("example", example))})
