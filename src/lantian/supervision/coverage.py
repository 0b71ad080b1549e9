"""Coverage of inspections: how many of a county's, or an industry's, enterprises were drawn and inspected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """One enterprise of the list: where, what, and how far its inspection is."""

    region: str
    industry: str
    drawn: bool = False
    inspected: bool = False


@dataclass(frozen=True)
class Covered:
    """One county or industry. ``key``: its code; empty where the list has none."""

    key: str
    candidates: int
    drawn: int
    inspected: int

    @property
    def share(self) -> float | None:
        """Inspected of the candidates, 0 to 1; None where there are none."""
        return self.inspected / self.candidates if self.candidates else None

    @property
    def done(self) -> float | None:
        """Inspected of those drawn; None where none was."""
        return self.inspected / self.drawn if self.drawn else None


@dataclass(frozen=True)
class Coverage:
    """Coverage of one list.

    Attributes:
        total: of all.
        counties: every county that was asked for or is in the list, by code.
        industries: by number of candidates, the largest first.
        without: counties in which nobody was drawn, by code: those without any candidate among them.
    """

    total: Covered
    counties: tuple[Covered, ...]
    industries: tuple[Covered, ...]
    without: tuple[str, ...]


def coverage(standings: Iterable[Standing], counties: Iterable[str] = ()) -> Coverage:
    """Count a list by county and industry.

    Args:
        standings: every candidate. One that was inspected without having been drawn counts as inspected only.
        counties: codes that must be shown even where the list has nobody there.
    """
    everyone = list(standings)
    places: dict[str, list[Standing]] = {code: [] for code in (*(one.region for one in everyone), *counties)}
    trades: dict[str, list[Standing]] = {}
    for one in everyone:
        places[one.region].append(one)
        trades.setdefault(one.industry, []).append(one)
    by_county = tuple(_count(code, places[code]) for code in sorted(places))
    by_trade = sorted((_count(name, found) for name, found in trades.items()), key=lambda c: (-c.candidates, c.key))
    without = tuple(one.key for one in by_county if not one.drawn)
    return Coverage(_count("", everyone), by_county, tuple(by_trade), without)


def _count(key: str, found: list[Standing]) -> Covered:
    return Covered(key, len(found), sum(one.drawn for one in found), sum(one.inspected for one in found))
