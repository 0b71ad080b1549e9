"""The fields of CP: which names exist, what their text must look like, and the deviations of a whole CP."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from lantian.observations.hj212.codes import FLAGS
from lantian.observations.hj212.packet import Field, Item
from lantian.observations.hj212.tolerances import Fault

__all__ = ["NUMBERS", "PLAIN", "SUFFIXES", "TIMES", "is_number", "read_cp", "time_of"]

NUMBERS = frozenset(
    "Rtd Min Avg Max ZsRtd ZsMin ZsAvg ZsMax Cou RT Data DayData NightData".split()  # noqa: SIM905
)
"""Endings of fields that hold a number."""
SUFFIXES = NUMBERS | {"Flag", "EFlag", "SampleTime", "RS", "Info", "SN"}
"""All endings of a factor's or device's field."""
TIMES = frozenset({"DataTime", "SystemTime", "BeginTime", "EndTime", "RestartTime", "SKCreateTime"})
"""Fields that hold a time of 14 digits."""
PLAIN = TIMES | frozenset(
    "PolId InfoId RtdInterval MinInterval OverTime ReCount NewPW VaseNo CstartTime CTime Stime QnRtn ExeRtn "  # noqa: SIM905
    "NewSK".split()
)
"""Fields without an ending."""

_FLAGS = frozenset(FLAGS)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?", re.ASCII).fullmatch
_TIME = re.compile(r"\d{14}", re.ASCII).fullmatch
_STANDARD = re.compile(r"[a-z]\d{5}|SB\d{1,3}|L\d{1,2}|LA|LMx|LMn|Leq|Ldn|Ld|Ln", re.ASCII).fullmatch
_OF_2005 = re.compile(r"\d{3}|[A-Z]\d{2}", re.ASCII).fullmatch


class _Key(NamedTuple):
    base: str
    kind: str  # number | flag | time | moment | return | text
    fault: str | None
    right: str


@lru_cache(4096)
def _key(name: str, old: bool) -> _Key:
    """What a field's name says: the factor it belongs to, what its text must be, and how it deviates."""
    if name in PLAIN:
        kind = "moment" if name in TIMES else "return" if name.endswith("Rtn") else "text"
        return _Key(name, kind, None, "")
    base, _, suffix = name.partition("-")
    if name == "Flag":
        return _Key(name, "flag", "flag_as_item", "the Flag of a factor, <code>-Flag")
    if not base or suffix not in SUFFIXES:
        return _Key(base or name, "text", "malformed_key", "<code>-Rtd, -Min, -Avg, -Max, -Flag, ...")
    kind = "number" if suffix in NUMBERS else "flag" if suffix == "Flag" else "text"
    if suffix == "SampleTime":
        kind = "moment"
    known = _STANDARD(base) or (old and _OF_2005(base))
    return _Key(base, kind, None if known else "vendor_names", "a code such as a34004")


def is_number(text: str) -> bool:
    """Is this a decimal number as the standard writes it: digits, perhaps a sign and a point?"""
    return _NUMBER(text) is not None


@lru_cache(1024)
def time_of(text: str) -> datetime | None:
    """Read 14 digits ``YYYYMMDDhhmmss`` as a time without zone (of Beijing); None if it does not exist."""
    if not _TIME(text):
        return None
    try:
        return datetime(*(int(text[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))))  # type: ignore[arg-type]  # noqa: DTZ001
    except ValueError:
        return None


def read_cp(text: str, *, old: bool = False) -> tuple[tuple[Item, ...], list[Fault]]:
    """Read what stands between ``&&`` and ``&&``: the items, and every deviation.

    ``old``: by the edition of 2005, whose codes have three characters.
    """
    faults: list[Fault] = []
    if not text:
        return (), faults
    groups = text.split(";")
    if not groups[-1]:
        groups.pop()
        faults.append(Fault("trailing_semicolon", "CP", ";&&", "&&"))
    reading = _Reading(faults, old)
    return tuple(item for item in map(reading.item, groups) if item), faults


class _Reading:
    """The course of reading one CP: what was seen of it, and what was found."""

    def __init__(self, faults: list[Fault], old: bool) -> None:
        self.faults, self.old = faults, old
        self.names: set[str] = set()
        self.bases: set[str] = set()

    def item(self, group: str) -> Item:
        """Read the fields between two semicolons."""
        fields: list[Field] = []
        first = ""
        names, bases, old = self.names, self.bases, self.old
        for piece in group.split(","):
            name, sign, value = piece.partition("=")
            if not sign or not name:
                self.faults.append(Fault("field", "CP", piece, "name=value"))
                continue
            base, kind, fault, right = _key(name, old)
            # what is usual passes without a call: a new field of a new factor, or of the same one
            if fault or name in names or (base != first if first else base in bases):
                self.odd(name, piece, base, first, fault, right)
            names.add(name)
            if not first:
                first = base
            bases.add(base)
            if kind == "number":
                if _NUMBER(value) is None:
                    self.faults.append(Fault("not_a_number", name, value, "a decimal number"))
            elif kind == "flag":
                if value not in _FLAGS:
                    self.faults.append(Fault("unknown_flag", name, value, "one of " + " ".join(FLAGS)))
            elif kind != "text":
                self.faults.extend(_special(name, kind, value))
            fields.append((name, value))
        return tuple(fields)

    def odd(self, name: str, piece: str, base: str, first: str, fault: str | None, right: str) -> None:
        """Judge the name and the place of a field: once, beside those of its own factor."""
        if fault:
            self.faults.append(Fault(fault, name, piece, right))
        if name in self.names:
            self.faults.append(Fault("repeated_item", name, piece, "each field once"))
        elif not first and base in self.bases:
            self.faults.append(Fault("split_item", name, piece, "all fields of a factor in one item"))
        if first and base != first and fault != "malformed_key":
            self.faults.append(Fault("comma_between_items", name, "," + piece, ";" + piece))


def _special(name: str, kind: str, value: str) -> Iterable[Fault]:
    """Judge the text of a time or a return code."""
    if kind == "return":
        if not (value.isascii() and value.isdigit()):
            yield Fault("return_code", name, value, "a whole number such as 1")
    elif time_of(value) is None:
        if name == "DataTime" and len(value) == 17 and value.isdigit() and time_of(value[:14]) is not None:
            yield Fault("datetime_17", name, value, value[:14])
        else:
            yield Fault("time_form", name, value, "YYYYMMDDhhmmss")
