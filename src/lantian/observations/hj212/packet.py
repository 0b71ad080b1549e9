"""A packet of HJ 212 as data: the head and the fields of CP, all of them text as they stood on the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lantian.observations.hj212.tolerances import Fault, granted

__all__ = ["VERSIONS", "Field", "Frame", "Item", "Packet", "flag_of", "judged"]

Field: TypeAlias = tuple[str, str]
"""A field of CP: its name (``a34004-Rtd``) and its text."""
Item: TypeAlias = tuple[Field, ...]
"""The fields between two semicolons."""

VERSIONS: Mapping[int, int] = {0: 2005, 1: 2017, 2: 2025}
"""Editions by the number in bits 2 to 7 of Flag."""
_NUMBERS = {edition: number for number, edition in VERSIONS.items()}


def flag_of(version: int = 2017, *, answer: bool = False, split: bool = False) -> int:
    """Compute Flag: the edition, whether the packet is one of several (D) and whether an answer is wanted (A)."""
    return _NUMBERS[version] << 2 | split << 1 | answer


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet 报文.

    ``flag`` is None where the packet has none (2005); ``qn``, ``pw`` and ``mn`` are empty where absent. ``pnum`` and
    ``pno`` are the number of packets and this one's, from 1. ``cp`` are the items in their order, each a tuple of
    (name, text). ``extra`` are fields of the head that only 2025 knows (``RF``).
    """

    st: str
    cn: str
    mn: str
    pw: str = ""
    qn: str = ""
    flag: int | None = 4
    pnum: int | None = None
    pno: int | None = None
    cp: tuple[Item, ...] = ()
    extra: tuple[Field, ...] = ()

    @property
    def version(self) -> int | None:
        """The edition by Flag: 2005 where there is no Flag, None for a number that no edition has."""
        return 2005 if self.flag is None else VERSIONS.get(self.flag >> 2)

    @property
    def wants_answer(self) -> bool:
        """Bit A of Flag."""
        return bool(self.flag and self.flag & 1)

    @property
    def split(self) -> bool:
        """Is this one of several packets?"""
        return self.pnum is not None

    @property
    def resent(self) -> bool:
        """The mark of 2025 for a packet that is sent again (``RF=1``)."""
        return ("RF", "1") in self.extra

    def get(self, name: str) -> str | None:
        """Give the text of the first field with this name, None where there is none."""
        return next((text for item in self.cp for key, text in item if key == name), None)

    def fields(self) -> Iterable[Field]:
        """All fields of all items in their order."""
        return (field for item in self.cp for field in item)

    @property
    def data_time(self) -> str | None:
        """``DataTime`` as it stands there."""
        return self.get("DataTime")

    @property
    def header(self) -> dict[str, str]:
        """The head by the standard's names, absent fields left out."""
        given = {"QN": self.qn, "ST": self.st, "CN": self.cn, "PW": self.pw, "MN": self.mn}
        head = {name: text for name, text in given.items() if text}
        if self.flag is not None:
            head["Flag"] = str(self.flag)
        if self.pnum is not None:
            head |= {"PNUM": str(self.pnum), "PNO": str(self.pno)}
        return head | dict(self.extra)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a stretch of the stream turned out to be.

    ``packet`` is the packet if it may be used, else None; ``suspect`` then holds what could be read of it, for the log
    and for an answer. ``raw`` is what stood in the stream, without the final carriage return and line feed (of junk
    the first 1024 bytes). ``crc`` is ``right``, ``wrong``, ``absent`` or the name of the tolerance that it needs.
    ``quirks`` are the tolerances that let it through; ``faults`` what speaks against it, the gravest first.
    """

    raw: bytes
    packet: Packet | None
    length_ok: bool
    crc: str
    quirks: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    suspect: Packet | None = None
    deviations: tuple[Fault, ...] = ()

    @property
    def fault(self) -> Fault | None:
        """The gravest fault, None for a packet that may be used."""
        return self.faults[0] if self.faults else None

    @property
    def read(self) -> Packet | None:
        """The packet, or what could be read of a faulty one."""
        return self.packet or self.suspect

    @property
    def junk(self) -> bool:
        """Was it no packet at all?"""
        return any(fault.name == "junk" for fault in self.faults)

    def under(self, tolerances: Iterable[str]) -> "Frame":
        """Judge the same bytes by other tolerances: those of the device, once its MN is known."""
        return judged(self.raw, self.read, self.length_ok, self.crc, self.deviations, granted(tolerances))


def judged(
    raw: bytes,
    packet: Packet | None,
    length_ok: bool,
    crc: str,
    deviations: tuple[Fault, ...],
    allowed: frozenset[str],
) -> Frame:
    """Decide whether a packet passes: every deviation must be a tolerance that was granted."""
    if not deviations and packet is not None:
        return Frame(raw, packet, length_ok, crc)
    faults = tuple(fault for fault in deviations if fault.name not in allowed)
    quirks = tuple(dict.fromkeys(fault.name for fault in deviations if fault.name in allowed))
    if faults or packet is None:
        return Frame(raw, None, length_ok, crc, quirks, faults, packet, deviations)
    return Frame(raw, packet, length_ok, crc, quirks, (), None, deviations)
