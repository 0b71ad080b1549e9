"""How well two sites agree, field by field: a level for each field, the same whichever of the two is named first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import JaroWinkler, Levenshtein

from lantian.supervision import identity
from lantian.supervision.addresses import Address, address
from lantian.supervision.identity import Machine, Name, Person, Phone
from lantian.supervision.routes import distance_km
from lantian.supervision.sites import Site

UNKNOWN: Final = "unknown"
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("same", "sound", "alike", "different"),
    "person": ("same", "partly", "alike", "different"),
    "phone": ("same", "partly", "typo", "different"),
    "equipment": ("same", "alike", "some", "different"),
    "place": ("door", "km0", "km3", "km10", "km25", "km60", "far"),
    "industry": ("same", "different"),
    "code": ("same", "different"),
}
"""Levels of each field, from the closest; every field may also be unknown, which weighs nothing."""

BOUNDS: Final = (("km0", 1.0), ("km3", 5.0), ("km10", 15.0), ("km25", 40.0), ("km60", 100.0))
"""Distance classes with their upper bounds in km."""

CENTRES: Final = {"km0": 0.5, "km3": 3.0, "km10": 10.0, "km25": 25.0, "km60": 60.0, "far": 160.0}
"""Distances at which the weight of a class holds exactly; between them it is interpolated in the logarithm."""


@dataclass(frozen=True)
class Profile:
    """A site with its fields brought to one form."""

    site: Site
    name: Name
    person: Person | None
    phones: tuple[Phone, ...]
    machines: tuple[Machine, ...]
    address: Address


def profile(site: Site) -> Profile:
    """Bring the fields of a site to one form."""
    return Profile(
        site,
        identity.name(site.name),
        identity.person(site.person),
        identity.phones(site.phone),
        identity.equipment(site.equipment),
        address(site.address),
    )


def levels(one: Profile, other: Profile) -> dict[str, str]:
    """The level of every field of `FIELDS`; ``unknown`` where one of the two does not say."""
    return {
        "name": name_level(one.name, other.name),
        "person": person_level(one.person, other.person),
        "phone": phone_level(one.phones, other.phones),
        "equipment": equipment_level(one.machines, other.machines),
        "place": place_level(one, other),
        "industry": plain_level(one.site.industry, other.site.industry),
        "code": plain_level(one.site.credit_code, other.site.credit_code),
    }


def name_level(one: Name, other: Name) -> str:
    """By the core; a name in brackets after 原 counts as a name. Sound: only characters that sound alike differ."""
    if not one.core or not other.core:
        return UNKNOWN
    return _cores(*sorted(((one.eye, one.ear, one.former), (other.eye, other.ear, other.former))))


@lru_cache(maxsize=500_000)
def _cores(one: tuple[str, str, str], other: tuple[str, str, str]) -> str:
    if one[0] == other[0] or one[2] == other[0] or other[2] == one[0]:
        return "same"
    if one[1] == other[1]:
        return "sound"
    if min(len(one[1]), len(other[1])) > 2 and JaroWinkler.similarity(one[1], other[1]) >= 0.8:
        return "alike"
    return "different"


def person_level(one: Person | None, other: Person | None) -> str:
    """Partly: the same as far as characters are shown. Alike: same surname and one character of three differs."""
    if one is None or other is None:
        return UNKNOWN
    if one.text == other.text:
        return "partly" if one.masked else "same"
    if one.masked or other.masked:
        return "partly" if _hidden(one, other) else "different"
    if one.surname == other.surname and max(len(one.text), len(other.text)) > 2:
        return "alike" if Levenshtein.distance(one.text, other.text) == 1 else "different"
    return "different"


def _hidden(one: Person, other: Person) -> bool:
    """Whether two names may be the same; a lone ``*`` at the end (张某) may hide one character or two."""
    if identity.fits(one.text, other.text):
        return True
    short, long = sorted((one, other), key=lambda person: len(person.text))
    return short.text == short.surname + "*" and short.surname == long.surname and len(long.text) == len(short.text) + 1


def phone_level(one: tuple[Phone, ...], other: tuple[Phone, ...]) -> str:
    """The best of all pairs. Typo: one digit wrong, or two neighbours exchanged."""
    if not one or not other:
        return UNKNOWN
    if len(one) == 1 == len(other):
        a, b = one[0], other[0]
        return _number(min(a.text, b.text), max(a.text, b.text)) if a.kind == b.kind else "different"
    found = {_number(*sorted((a.text, b.text))) for a in one for b in other if a.kind == b.kind}
    return next((level for level in FIELDS["phone"] if level in found), "different")


def _number(one: str, other: str) -> str:
    if one == other:
        return "partly" if "*" in one else "same"
    if one[:2] != other[:2] and one[-3:] != other[-3:]:
        return "different"
    if "*" in one + other:
        shown = sum("*" not in pair for pair in zip(one, other, strict=False))
        return "partly" if shown >= 6 and identity.fits(one, other) else "different"
    differ = [k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b] if len(one) == len(other) else []
    swapped = len(differ) == 2 and differ[1] - differ[0] == 1 and one[differ[0]] == other[differ[1]]
    return "typo" if len(differ) == 1 or (swapped and one[differ[1]] == other[differ[0]]) else "different"


@lru_cache(maxsize=500_000)
def _machines(one: tuple[Machine, ...], other: tuple[Machine, ...]) -> str:
    first, second = ({machine.type: machine for machine in each} for each in (one, other))
    shared = first.keys() & second.keys()
    share = len(shared) / len(first.keys() | second.keys())
    details = sum(
        (a.count is not None and a.count == b.count) + (a.size != "" and a.size == b.size)
        for a, b in ((first[kind], second[kind]) for kind in shared)
    )
    if share == 1 and details:
        return "same"
    if share == 1 or (share >= 0.5 and details):
        return "alike"
    return "some" if shared else "different"


def equipment_level(one: tuple[Machine, ...], other: tuple[Machine, ...]) -> str:
    """Same: all types, and a number or size with them. Alike: all types, or half of them with a number or size."""
    return _machines(*sorted((one, other), key=repr)) if one and other else UNKNOWN


def distance(one: Profile, other: Profile) -> float | None:
    """Great-circle distance in km; None where a position is missing."""
    a, b = one.site, other.site
    if a.lon is None or a.lat is None or b.lon is None or b.lat is None:
        return None
    return distance_km(a.lon, a.lat, b.lon, b.lat)


def place_level(one: Profile, other: Profile) -> str:
    """The door, if both say it and it is one; else the class of the distance; else what the addresses say."""
    a, b = one.address, other.address
    apart = distance(one, other)
    one_town = not a.township or not b.township or a.township == b.township
    if a.door and a.door == b.door and one_town and (apart is None or apart < 5):
        return "door"
    if apart is not None:
        return next((level for level, bound in BOUNDS if apart < bound), "far")
    if a.township and b.township and a.township == b.township:
        return "km0" if a.locality and a.locality == b.locality else "km3"
    return "km10" if one.site.region[:6] == other.site.region[:6] else UNKNOWN


def plain_level(one: str, other: str) -> str:
    """Same or different; unknown where one is empty."""
    if not one or not other:
        return UNKNOWN
    return "same" if identity.plain(one) == identity.plain(other) else "different"


class Frequencies:
    """How often cores of names, and people, stand in a register: a shared rare name says more than a shared 兴旺."""

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self.size = 0
        self.names: Counter[str] = Counter()
        self.people: Counter[str] = Counter()
        for one in profiles:
            self.size += 1
            self.names[one.name.eye] += 1
            if one.person is not None and not one.person.masked:
                self.people[one.person.text] += 1

    def chance(self, field: str, one: Profile) -> float | None:
        """The chance that another site of the register shares the value of ``one``; None where nothing is known."""
        if field == "name" and one.name.core:
            count = self.names[one.name.eye]
        elif field == "person" and one.person is not None and not one.person.masked:
            count = self.people[one.person.text]
        else:
            return None
        return max(count, 1) / self.size if self.size else None


def keys(one: Profile, *, around: bool = False) -> Iterator[str]:
    """Keys under which a site is found; two sites without a common key are never compared.

    ``around``: as a question, which also looks into the cells beside its own.
    """
    for number in one.phones:
        text = number.text
        if number.kind == "mobile" and "*" not in text[:3] + text[-4:]:
            yield f"t:{text[:3]}{text[-4:]}"
        if not number.masked:
            yield f"t:{text[-8:] if number.kind == 'mobile' else text}"
        if number.kind == "landline" and "*" not in text[-4:]:
            yield f"l:{text[-4:]}"
    if one.person is not None and one.person.key:
        yield f"p:{one.person.key}"
        yield f"pi:{one.person.key}:{one.site.industry}"
    if one.name.core:
        yield f"n:{one.name.ear}"
        yield f"ni:{one.name.ear}:{one.site.industry}"
        if len(one.name.core) > 2:
            yield from (f"d:{one.name.ear[:k]}{one.name.ear[k + 1 :]}" for k in range(len(one.name.ear)))
    if one.name.former:
        yield f"n:{one.name.former.translate(identity.EAR)}"
    if one.site.credit_code:
        yield f"c:{identity.plain(one.site.credit_code)}"
    if one.address.door:
        yield f"a:{one.site.region[:4]}:{one.address.door}"
    yield from _cells(one, around)


def _cells(one: Profile, around: bool) -> Iterator[str]:
    """Keys that hold nearby only: all machines; then, in smaller cells, one of them or the surname, with the trade."""
    if one.site.lon is None or one.site.lat is None:
        return
    signature = ",".join(f"{machine.type}{machine.count or ''}x{machine.size}" for machine in one.machines)
    parts = [f"m:{m.type}{m.count}x{m.size}:{one.site.industry}" for m in one.machines if m.count or m.size]
    parts += [f"s:{one.person.surname}:{one.site.industry}"] if one.person is not None else []
    for texts, step in (([f"e:{signature}"] if signature else [], CELL), (parts, FINE_CELL)):
        x, y = int(one.site.lon // step), int(one.site.lat // step)
        near = (-1, 0, 1) if around else (0,)
        yield from (f"{text}:{x + i}:{y + j}" for text in texts for i in near for j in near)


CELL: Final = 0.5
"""Degrees of the cells in which the same set of machines is looked for: at least 40 km to every side at 40 N."""

FINE_CELL: Final = 0.1
"""Degrees of the cells for what many have: at least 8 km to every side."""


def values(one: Profile) -> tuple[str, ...]:
    """The values of which a register counts how frequent they are: ``N:`` the core, ``P:`` the person."""
    found = [f"N:{one.name.eye}"] if one.name.core else []
    if one.person is not None and not one.person.masked:
        found.append(f"P:{one.person.text}")
    return tuple(found)
