"""What the public may read of a case: the rule by which everything of a person is left out or covered.

Fields are named one by one; what is not named here is never shown. Texts that are shown pass `text`, which covers by
form (numbers, plates, e-mail, homes) and by the names that the case itself knows: persons of the finding, whoever
acted, and who complained.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from lantian.supervision.personal import MASK, mask
from lantian.supervision.store import Record

__all__ = ["MASK", "PERSONAL", "names_of", "rough", "text"]

PERSONAL: Final = frozenset(
    {
        "person",
        "phone",
        "contact",
        "complainant",
        "name",
        "owner_name",
        "legal_person",
        "reporter",
        "witness",
        "account",
    }
)
"""Keys whose values belong to a person, wherever they stand in what a case keeps."""

_GRID = 100
"""Parts of a degree: about a kilometre."""


def names_of(record: Record, more: Iterable[str] = ()) -> frozenset[str]:
    """Names and numbers that a case knows: of its finding and events, the accounts that acted, and ``more``."""
    found = {*more}
    for event in record.events:
        found.add(event.actor)
        found.update(_personal(event.data))
    return frozenset(name for name in found if name)


def text(words: str, names: Iterable[str] = ()) -> str:
    """A text as the public may read it; see `lantian.supervision.personal.mask`."""
    return mask(words, names)


def rough(lon: float | None, lat: float | None) -> tuple[float, float] | None:
    """A place to about a kilometre; None where it is not known."""
    if lon is None or lat is None:
        return None
    return round(lon * _GRID) / _GRID, round(lat * _GRID) / _GRID


def _personal(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key in PERSONAL and isinstance(each, str):
                yield each
            else:
                yield from _personal(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _personal(each)
