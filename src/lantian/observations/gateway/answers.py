"""What the gateway says: answers to packets, and requests of its own; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from lantian.kernel.settings import TIMEZONE
from lantian.observations.gateway.device import Device
from lantian.observations.hj212 import DataCipher, Packet, codes, encode, flag_of

SYSTEM = "91"
"""ST of answers: system interaction."""

NOTICES = frozenset({"1013", "9015"})
"""Notices of a device: answered with 9013; all else that wants an answer with 9014."""
REPLIES = frozenset({"9011", "9012", "9013", "9014"})
"""What a device answers to us."""


def acknowledgement(packet: Packet) -> bytes | None:
    """The answer to a packet that is kept: 9014 for data, 9013 for a notice; None where it wants none.

    HJ 212-2017: the same QN, ST=91, Flag without A, CP empty.
    """
    if packet.cn in REPLIES or not (packet.wants_answer or packet.cn == "9015"):
        return None
    return _answer(packet, "9013" if packet.cn in NOTICES else "9014")


def refusal(packet: Packet, qn_return: str, cipher: DataCipher | None = None) -> bytes | None:
    """The answer 9011 with a QnRtn to a packet that is not kept: 3 password, 4 MN, 5 ST, 9 CRC, ...; None where it
    wants none, or cannot be named in an answer. Without `cipher` in clear, as to one whose key is not known.
    """
    if packet.cn in REPLIES or not packet.wants_answer:
        return None
    return _answer(packet, "9011", (("QnRtn", qn_return),), cipher)


def request(device: Device, cn: str, cp: str, qn: str, *, clear: bool = False) -> bytes:
    """A request to a device that wants an answer, enciphered where the device is, but not if `clear`.

    Raises ValueError where `cp` cannot stand in a packet, or makes it too long.
    """
    items = tuple(
        tuple((name, value) for name, _, value in (piece.partition("=") for piece in item.split(",")))
        for item in cp.split(";")
        if item
    )
    flag = flag_of(device.version, answer=True)
    packet = Packet(device.st, cn, device.mn, device.password, qn, flag, cp=items)
    return encode(packet, cipher=None if clear else device.data_cipher())


def stamp(moment: datetime) -> str:
    """14 digits of Beijing time, as times stand in CP."""
    return moment.astimezone(TIMEZONE).strftime("%Y%m%d%H%M%S")


class Numbers:
    """QNs of ours: 17 digits of Beijing time, never the same twice."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=TIMEZONE)

    def next(self, now: datetime) -> str:
        """The next one."""
        moment = now.astimezone(TIMEZONE)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        self._last = max(moment, self._last + timedelta(milliseconds=1))
        return self._last.strftime("%Y%m%d%H%M%S") + f"{self._last.microsecond // 1000:03d}"


def return_code(packet: Packet, name: str) -> int | None:
    """QnRtn or ExeRtn of an answer; None where it is not there or no number."""
    text = packet.get(name) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def meaning(name: str, code: int | None, language: str) -> str:
    """What a QnRtn or ExeRtn says, in words."""
    found = (codes.QN_RETURNS if name == "QnRtn" else codes.EXE_RETURNS).get(str(code))
    return "" if found is None else (found.zh if language == "zh" else found.en)


def _answer(
    packet: Packet, cn: str, item: tuple[tuple[str, str], ...] = (), cipher: DataCipher | None = None
) -> bytes | None:
    version = packet.version or 2017
    flag = packet.flag if packet.flag is None else flag_of(version)
    try:
        made = Packet(SYSTEM, cn, packet.mn, packet.pw, packet.qn, flag, cp=(item,) if item else ())
        return encode(made, cipher=cipher)
    except ValueError:
        return None
