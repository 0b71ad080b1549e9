"""The commands of HJ 212 with what each must carry, and packets made of them: requests, replies, answers, uploads.

A command is the same number both ways: 1061 from the platform asks for the interval, 1061 from the device says it. What
a packet is follows from its fields (``read``): a reply has the fields that only the reply has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from lantian.observations.hj212.codec import LONGEST, segment_of
from lantian.observations.hj212.codes import CN, EXE_RETURNS, QN_RETURNS
from lantian.observations.hj212.fields import time_of
from lantian.observations.hj212.packet import Item, Packet, flag_of
from lantian.observations.hj212.sm4 import DataCipher

__all__ = [
    "COMMANDS",
    "LONGEST_CP",
    "UPLOADS",
    "Body",
    "Command",
    "CommandError",
    "Link",
    "Parameter",
    "acknowledge",
    "answer",
    "digits_of",
    "next_qn",
    "qn_of",
    "read",
    "resend",
    "result",
]

BEIJING = ZoneInfo("Asia/Shanghai")
LONGEST_CP = 950
"""Bytes between ``&&`` and ``&&`` at most."""
UPLOADS: Mapping[str, str] = MappingProxyType({"2011": "real", "2051": "minute", "2061": "hour", "2031": "day"})
"""Commands that carry measured values, and the resolution of these."""
MINUTE_INTERVALS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)


class CommandError(ValueError):
    """A command lacks a field, or a field is not what it must be; says which, and what would be right."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field of a command: its name (``*-Info`` for one after a code), whether it must be there, what it must be."""

    name: str
    required: bool
    right: str
    fits: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Command:
    """What a command carries from the platform (``request``) and from the device (``reply``); None: not that way."""

    cn: str
    zh: str
    en: str
    since: int
    request: tuple[Parameter, ...] | None
    reply: tuple[Parameter, ...] | None
    values: bool = False


def _pattern(expression: str) -> Callable[[str], bool]:
    matches = re.compile(expression, re.ASCII).fullmatch
    return lambda text: matches(text) is not None


def _between(low: int, high: int) -> Callable[[str], bool]:
    return lambda text: text.isascii() and text.isdigit() and low <= int(text) <= high


_SHAPES: dict[str, tuple[str, Callable[[str], bool]]] = {
    "OverTime": ("1 to 99999 seconds", _between(1, 99999)),
    "ReCount": ("0 to 99", _between(0, 99)),
    "RtdInterval": ("30 to 3600 seconds", _between(30, 3600)),
    "MinInterval": (
        "one of " + " ".join(map(str, MINUTE_INTERVALS)),
        lambda text: text.isascii() and text.isdigit() and int(text) in MINUTE_INTERVALS,
    ),
    "NewPW": ("6 characters", _pattern(r"[^;,=&]{6}")),
    "PolId": ("a code such as w01018", _pattern(r"\w{2,12}")),
    "InfoId": ("a code such as i13004", _pattern(r"\w{2,12}")),
    "VaseNo": ("0 to 99", _between(0, 99)),
    "CstartTime": ("hhmmss", _pattern(r"([01]\d|2[0-3])[0-5]\d[0-5]\d")),
    "CTime": ("1 to 24 hours", _between(1, 24)),
    "Stime": ("0 to 9999 minutes", _between(0, 9999)),
    "QnRtn": ("one of " + " ".join(QN_RETURNS), QN_RETURNS.__contains__),
    "ExeRtn": ("one of " + " ".join(EXE_RETURNS), EXE_RETURNS.__contains__),
    "NewSK": ("32 hexadecimal digits", _pattern(r"[0-9A-Fa-f]{32}")),
}
_MOMENT = ("YYYYMMDDhhmmss", lambda text: time_of(text) is not None)
_TEXT = ("text without ; , = &", _pattern(r"[^;,=&]+"))


def _parameter(name: str) -> Parameter:
    bare = name.rstrip("?")
    shape = _SHAPES.get(bare) or (_MOMENT if bare.endswith("Time") else _TEXT)
    return Parameter(bare, name == bare, *shape)


def _parameters(names: str | None) -> tuple[Parameter, ...] | None:
    return None if names is None else tuple(_parameter(name) for name in names.split())


_PERIOD = "BeginTime EndTime"
_TABLE: tuple[tuple[str, str | None, str | None], ...] = (
    # command, from the platform, from the device; ? may be absent
    ("1000", "OverTime ReCount", None),
    ("1002", "*-Info", None),
    ("1011", "PolId?", "PolId? SystemTime"),
    ("1012", "PolId? SystemTime", None),
    ("1013", None, "PolId?"),
    ("1014", "SKCreateTime NewSK", None),
    ("1061", "", "RtdInterval"),
    ("1062", "RtdInterval", None),
    ("1063", "", "MinInterval"),
    ("1064", "MinInterval", None),
    ("1072", "NewPW", None),
    ("2011", "", "DataTime"),
    ("2012", "", None),
    ("2013", "", "DataTime"),
    ("2021", "", "DataTime"),
    ("2022", "", None),
    ("2031", _PERIOD, "DataTime"),
    ("2041", _PERIOD, "DataTime"),
    ("2051", _PERIOD, "DataTime"),
    ("2061", _PERIOD, "DataTime"),
    ("2062", _PERIOD, "DataTime"),
    ("2081", None, "DataTime RestartTime"),
    ("3011", "PolId", None),
    ("3012", "PolId", None),
    ("3013", "PolId", None),
    ("3014", "PolId", None),
    ("3015", "", "DataTime VaseNo"),
    ("3016", "PolId CstartTime CTime", None),
    ("3017", "PolId", "PolId CstartTime CTime"),
    ("3018", "PolId", "PolId Stime"),
    ("3019", "PolId", "DataTime? PolId *-SN"),
    ("3020", "PolId InfoId BeginTime? EndTime?", "DataTime PolId *-Info"),
    ("3021", "PolId InfoId *-Info", None),
    ("3022", "PolId", None),
    ("3024", "PolId", None),
    ("9011", None, "QnRtn"),
    ("9012", None, "ExeRtn"),
    ("9013", "", ""),
    ("9014", "", ""),
    ("9015", None, ""),
)
_WITH_VALUES = {*UPLOADS, "2013", "2021", "2041", "2062"}

COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        cn: Command(
            cn,
            CN[cn].zh,
            CN[cn].en,
            CN[cn].since,
            _parameters(asked),
            _parameters(said),
            cn in _WITH_VALUES,
        )
        for cn, asked, said in _TABLE
    }
)
"""Every command of the standard."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a packet is: ``way`` request (from the platform) or reply (from the device), and its checked fields.

    ``values`` holds the fields of the command as text; measured values are not among them (``readings``).
    """

    command: Command
    way: str
    values: Mapping[str, str]

    def time(self, name: str) -> datetime:
        """A field as an aware time."""
        found = time_of(self.values[name])
        if found is None:
            raise CommandError(f"{self.command.cn} {name}: {self.values[name]!r} is no time of 14 digits")
        return found.replace(tzinfo=BEIJING)


def _find(packet: Packet, name: str) -> str | None:
    if not name.startswith("*"):
        return packet.get(name)
    return next((text for key, text in packet.fields() if key.endswith(name[1:]) and key != name[1:]), None)


def read(packet: Packet) -> Body:
    """Tell what a packet is and check its fields; CommandError names the field and what would be right."""
    command = COMMANDS.get(packet.cn)
    if command is None:
        raise CommandError(f"CN: {packet.cn!r} is no command of the standard")
    way, parameters = _way(packet, command)
    return Body(command, way, _checked(packet, command, parameters))


def _checked(packet: Packet, command: Command, parameters: Iterable[Parameter]) -> dict[str, str]:
    values: dict[str, str] = {}
    for parameter in parameters:
        text = _find(packet, parameter.name)
        if text is None:
            if parameter.required:
                raise CommandError(f"{command.cn} {command.en}: {parameter.name} is absent; {parameter.right}")
            continue
        if not parameter.fits(text):
            raise CommandError(f"{command.cn} {parameter.name}: {text!r} where {parameter.right} would be right")
        values[parameter.name] = text
    return values


def _way(packet: Packet, command: Command) -> tuple[str, tuple[Parameter, ...]]:
    if command.request is None:
        return "reply", command.reply or ()
    if command.reply is None:
        return "request", command.request
    asked = {parameter.name for parameter in command.request}
    only = [parameter.name for parameter in command.reply if parameter.required and parameter.name not in asked]
    if only and all(_find(packet, name) is not None for name in only):
        return "reply", command.reply
    return "request", command.request


def digits_of(when: datetime) -> str:
    """Write a time as the standard does: 14 digits of Beijing."""
    return when.astimezone(BEIJING).strftime("%Y%m%d%H%M%S")


def qn_of(when: datetime) -> str:
    """Make the QN of a moment: 17 digits of Beijing, to the millisecond."""
    return digits_of(when) + f"{when.microsecond // 1000:03d}"


def next_qn(qn: str, step: int = 1) -> str:
    """Give the QN that lies ``step`` milliseconds later, as the parts of one upload have it."""
    base = datetime.strptime(qn[:14], "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    return qn_of(base + timedelta(milliseconds=int(qn[14:]) + step))


@dataclass(frozen=True, slots=True)
class Link:
    """One device as its packets name it: system, identity, password, edition."""

    st: str
    mn: str
    pw: str
    version: int = 2017

    def request(self, cn: str, qn: str, *, answer: bool = True, **fields: object) -> Packet:
        """Make a request of the platform; times may be aware datetimes. Fields with a ``-`` go in by ``**{...}``."""
        return self._made(cn, qn, fields, answer, "request")

    def reply(self, cn: str, qn: str, *, answer: bool = False, **fields: object) -> Packet:
        """Make what the device says to a request, or of itself (1013, 2081, 3015, 9015)."""
        return self._made(cn, qn, fields, answer, "reply")

    def upload(
        self,
        cn: str,
        qn: str,
        data_time: datetime,
        values: Mapping[str, Mapping[str, object]],
        *,
        answer: bool = True,
        longest: int = LONGEST_CP,
        cipher: DataCipher | None = None,
    ) -> tuple[Packet, ...]:
        """Make an upload: ``values`` maps a code to its fields, ``{"a34004": {"Rtd": 25, "Flag": "N"}}``.

        Where CP would be longer than 950 bytes, or the segment than 1024, it becomes several packets, each with its own
        QN, all with DataTime. ``cipher``: with which they will be enciphered, which needs more room.
        """
        items = tuple(
            tuple((f"{code}-{name}", _text(value)) for name, value in fields.items()) for code, fields in values.items()
        )
        first: Item = (("DataTime", digits_of(data_time)),)
        split = flag_of(self.version, answer=answer, split=True)
        bare = segment_of(Packet(self.st, cn, self.mn, self.pw, qn, split, 999, 999, (first,)))
        taken = len("DataTime=YYYYMMDDhhmmss")
        room = min(longest, LONGEST - len(bare) + taken)
        groups = _groups(items, (room if cipher is None else cipher.room(room)) - taken)
        if len(groups) == 1:
            return (Packet(self.st, cn, self.mn, self.pw, qn, self._flag(answer), None, None, (first, *items)),)
        return tuple(
            Packet(self.st, cn, self.mn, self.pw, next_qn(qn, at), split, len(groups), at + 1, (first, *group))
            for at, group in enumerate(groups)
        )

    def _flag(self, answer: bool) -> int:
        return flag_of(self.version, answer=answer)

    def _made(self, cn: str, qn: str, fields: Mapping[str, object], answer: bool, way: str) -> Packet:
        items: tuple[Item, ...] = tuple(((name, _text(value)),) for name, value in fields.items())
        packet = Packet(self.st, cn, self.mn, self.pw, qn, self._flag(answer), None, None, items)
        command = COMMANDS.get(cn)
        if command is None:
            raise CommandError(f"CN: {cn!r} is no command of the standard")
        if command.since > self.version:
            raise CommandError(f"{cn} {command.en} came with {command.since}; the device speaks {self.version}")
        parameters = command.request if way == "request" else command.reply
        if parameters is None:
            raise CommandError(f"{cn} {command.en} is no {way}")
        _checked(packet, command, parameters)
        known = {parameter.name.removeprefix("*-") for parameter in parameters}
        for name in fields:
            if name.rpartition("-")[2] not in known and not (command.values and way == "reply"):
                raise CommandError(f"{cn} {command.en} has no field {name}; {' '.join(sorted(known)) or 'none'}")
        if len(segment_of(packet)) > LONGEST:
            raise CommandError(f"{cn}: longer than {LONGEST} bytes")
        return packet


def _text(value: Any) -> str:
    return digits_of(value) if isinstance(value, datetime) else str(value)


def _groups(items: Iterable[Item], room: int) -> list[tuple[Item, ...]]:
    """Share items out over packets, in their order, each within its room."""
    groups: list[list[Item]] = [[]]
    used = 0
    for item in items:
        size = 1 + len(",".join(f"{name}={text}" for name, text in item).encode())
        if groups[-1] and used + size > room:
            groups.append([])
            used = 0
        groups[-1].append(item)
        used += size
    return [tuple(group) for group in groups]


def _answer(packet: Packet, cn: str, *fields: tuple[str, str]) -> Packet:
    version = packet.version or 2017
    flag = None if packet.flag is None else flag_of(version)
    items: tuple[Item, ...] = tuple((field,) for field in fields)
    return Packet("91", cn, packet.mn, packet.pw, packet.qn, flag, None, None, items)


def acknowledge(packet: Packet) -> Packet:
    """Make the answer to data (9014) or to a notice or heartbeat (9013): the same QN, system 91, no bits set."""
    notices = ("1013", "9015")
    return _answer(packet, "9013" if packet.cn in notices else "9014")


def answer(request: Packet, qn_return: int | str = 1) -> Packet:
    """Make the device's answer to a request, 9011 with QnRtn; ValueError for a code that does not exist."""
    if str(qn_return) not in QN_RETURNS:
        raise CommandError(f"QnRtn: {qn_return} where one of {' '.join(QN_RETURNS)} would be right")
    return _answer(request, "9011", ("QnRtn", str(qn_return)))


def result(request: Packet, exe_return: int | str = 1) -> Packet:
    """Make the device's result of a request, 9012 with ExeRtn."""
    if str(exe_return) not in EXE_RETURNS:
        raise CommandError(f"ExeRtn: {exe_return} where one of {' '.join(EXE_RETURNS)} would be right")
    return _answer(request, "9012", ("ExeRtn", str(exe_return)))


def resend(packet: Packet) -> Packet:
    """Mark a packet as sent again (``RF=1``) where the edition has the mark (2025), else leave it as it is."""
    if packet.version != 2025 or packet.resent:
        return packet
    return replace(packet, extra=(*packet.extra, ("RF", "1")))
