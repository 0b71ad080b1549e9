"""Between bytes and packets: the head, the data, length and check sum of one packet; both ways."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lantian.observations.hj212.codes import CN, ST
from lantian.observations.hj212.crc import crc, crc_modbus, swapped
from lantian.observations.hj212.fields import read_cp, time_of
from lantian.observations.hj212.packet import Frame, Packet, judged
from lantian.observations.hj212.sm4 import CipherError, DataCipher
from lantian.observations.hj212.tolerances import Fault, granted

__all__ = ["END", "LONGEST", "decode", "encode", "frame_of", "opened", "read_segment", "segment_of", "wrap"]

LONGEST = 1024
"""Bytes of a data segment at most."""
END = b"\r\n"

_HEAD = re.compile(
    r"QN=(?P<qn>\d{17});ST=(?P<st>\d\d);CN=(?P<cn>\d{4});PW=(?P<pw>[^;,=&]{6});MN=(?P<mn>[0-9A-F]{24});"
    r"Flag=(?P<flag>\d{1,3});(?:PNUM=(?P<pnum>[1-9]\d{0,3});PNO=(?P<pno>[1-9]\d{0,3});)?CP=&&(?P<cp>.*)&&",
    re.ASCII | re.DOTALL,
)
_CP = re.compile(r"(?P<head>.*?)(?P<semicolon>[;,]?)CP=&&(?P<cp>.*)&&", re.ASCII | re.DOTALL)
_MN = re.compile(r"[0-9A-Fa-f]{24}", re.ASCII).fullmatch
_ANY_MN = re.compile(r"[\w.-]{1,64}", re.ASCII).fullmatch
_COUNT = re.compile(r"[1-9]\d{0,3}", re.ASCII).fullmatch
_ORDER = ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO")
_EXTRA = {"RF"}


def segment_of(packet: Packet) -> bytes:
    """Write the data segment of a packet.

    ValueError names a text that cannot stand in a packet: with ``;``, ``,``, ``=`` in a value, ``&&``, ``##`` or a
    control character.
    """
    header = packet.header
    head = ";".join([f"{name}={text}" for name, text in header.items()])
    items = ";".join([",".join([f"{name}={text}" for name, text in item]) for item in packet.cp])
    segment = f"{head};CP=&&{items}&&"
    # signs that the texts must not hold are counted in the whole; only where the number is wrong, text by text
    fields = sum(map(len, packet.cp))
    right = (
        segment.count(";") == len(header) + max(0, len(packet.cp) - 1)
        and segment.count(",") == fields - len(packet.cp)
        and "##" not in segment
        and segment.isprintable()
    )
    for name, text in (*header.items(), *packet.fields()):
        if not name or "=" in name or "&" in text or not right:
            _writable(name, text)
    return segment.encode()


def _writable(name: str, text: str) -> None:
    for given in (name, text):
        if any(sign in given for sign in (";", ",", "&&", "##")) or not given.isprintable():
            raise ValueError(f"{name}: {text!r} cannot stand in a packet; no ; , && ## or control characters")
    if "=" in name or not name:
        raise ValueError(f"a field's name is {name!r}; it must not be empty or hold =")


def wrap(segment: bytes) -> bytes:
    """Put head, length, check sum and end around a data segment; ValueError beyond four digits of length."""
    if len(segment) > 9999:
        raise ValueError(f"the data segment has {len(segment)} bytes; four digits hold 9999 at most")
    return b"##%04d%s%04X\r\n" % (len(segment), segment, crc(segment))


def encode(packet: Packet, *, longest: int = LONGEST, cipher: DataCipher | None = None) -> bytes:
    """Write a packet as it goes over the line; ValueError where the segment is longer than 1024 bytes.

    ``cipher`` enciphers the data (2025), which makes it twice as long.
    """
    segment = segment_of(packet)
    if cipher is not None:
        segment = cipher.close(segment)
    if len(segment) > longest:
        raise ValueError(f"the data segment has {len(segment)} bytes; {longest} are allowed: split the packet")
    return wrap(segment)


def decode(
    data: bytes,
    *,
    tolerances: Iterable[str] = (),
    version: int | None = None,
    cipher: DataCipher | None = None,
) -> Frame:
    """Read one whole packet, ``##`` to the end; whatever is wrong stands in the frame's faults.

    ``version``: the edition that the device is registered with; None goes by Flag. For a stream use ``Framer``.
    ``cipher``: that of the device, where its data is enciphered (2025).
    """
    body = data[: -len(END)] if data.endswith(END) else data
    allowed = granted(tolerances)
    if len(body) < 10 or body[:2] != b"##" or not body[2:6].isdigit():
        return Frame(data, None, False, "absent", (), (Fault("junk", "frame", _shown(data), "##, four digits, data"),))
    missing = () if data.endswith(END) else (Fault("missing_terminator", "frame", "", "\\r\\n"),)
    return frame_of(body, missing, allowed, version, cipher)


def frame_of(
    body: bytes,
    deviations: tuple[Fault, ...],
    allowed: frozenset[str],
    version: int | None,
    cipher: DataCipher | None = None,
) -> Frame:
    """Judge ``##``, length, segment and check sum, without the end. ``deviations`` are those already found."""
    declared, segment, tail = int(body[2:6]), body[6:-4], body[-4:]
    length_ok = declared == len(segment)
    right = crc(segment)
    verdict = "right" if tail == b"%04X" % right else _crc_verdict(tail, segment, right)
    faults = list(deviations)
    if verdict == "wrong":
        name = "crc_wrong_length_right" if length_ok else "crc_wrong"
        faults.append(Fault(name, "CRC", _shown(tail), f"{right:04X}"))
    elif verdict != "right":
        faults.append(Fault(verdict, "CRC", _shown(tail), f"{right:04X}"))
    if not length_ok and verdict != "wrong":
        faults.append(Fault("length_wrong_crc_right", "length", str(declared), str(len(segment))))
    if len(segment) > LONGEST:
        faults.append(Fault("long_segment", "length", str(len(segment)), f"at most {LONGEST}"))
    if cipher is not None and verdict != "wrong":
        try:
            segment = cipher.open(segment)
        except CipherError as error:
            faults.append(Fault("cipher", "CP", str(error), "data enciphered with the device's key"))
    packet, found = read_segment(segment, version)
    return judged(body, packet, length_ok, verdict, (*faults, *found), allowed)


def opened(frame: Frame, segment: bytes, tolerances: Iterable[str] = ()) -> Frame:
    """Judge a frame again by the data segment that was deciphered out of it: whose key it takes is known only once its
    head was read. ``raw`` stays as it came; ``read`` is None where the segment is no text.
    """
    packet, found = read_segment(segment)
    outer = tuple(fault for fault in frame.deviations if fault.where in ("frame", "length", "CRC"))
    return judged(frame.raw, packet, frame.length_ok, frame.crc, (*outer, *found), granted(tolerances))


def _crc_verdict(tail: bytes, segment: bytes, right: int) -> str:
    try:
        given = int(tail, 16) if tail.isalnum() else -1
    except ValueError:
        given = -1
    if given < 0:
        return "wrong"
    if given == right:
        return "lower_case_crc"
    if given == swapped(right):
        return "swapped_crc"
    modbus = crc_modbus(segment)
    return "modbus_crc" if given in (modbus, swapped(modbus)) else "wrong"


def _shown(data: bytes, most: int = 60) -> str:
    text = data[:most].decode("ascii", "backslashreplace")
    return text + ("..." if len(data) > most else "")


def read_segment(segment: bytes, version: int | None = None) -> tuple[Packet | None, tuple[Fault, ...]]:
    """Read a data segment: the packet as far as it can be read, and every deviation from the standard."""
    try:
        text = segment.decode()
    except UnicodeDecodeError as error:
        where = f"byte {error.start}"
        return None, (Fault("encoding", where, _shown(segment[error.start : error.start + 4]), "UTF-8"),)
    found = _HEAD.fullmatch(text)
    faults: list[Fault] = []
    if found is None:
        packet, cp = _loose_head(text, faults)
        if packet is None:
            return None, tuple(faults)
    else:
        qn, st, cn, pw, mn, flag, pnum, pno, cp = found.groups()
        parts = (int(pnum), int(pno)) if pnum else (None, None)
        packet = Packet(st, cn, mn, pw, qn, int(flag), *parts)
    _judge_head(packet, faults, version)
    items, more = read_cp(cp, old=_edition(packet, version) == 2005)
    packet = Packet(
        packet.st, packet.cn, packet.mn, packet.pw, packet.qn, packet.flag, packet.pnum, packet.pno, items, packet.extra
    )
    return packet, (*faults, *more)


def _edition(packet: Packet, version: int | None) -> int | None:
    """The edition whose rules hold: the registered one, else that of Flag; without either the strict ones."""
    return version or (None if packet.flag is None else packet.version)


def _judge_head(packet: Packet, faults: list[Fault], version: int | None) -> None:
    """Judge the values of a head that could be read."""
    edition = _edition(packet, version)
    if edition != 2005 and packet.mn and not _MN(packet.mn):
        faults.append(Fault("vendor_mn", "MN", packet.mn, "24 hexadecimal digits"))
    if packet.qn and (len(packet.qn) != 17 or time_of(packet.qn[:14]) is None or not packet.qn.isdigit()):
        faults.append(Fault("qn_form", "QN", packet.qn, "YYYYMMDDhhmmsszzz"))
    elif not packet.qn and edition != 2005:
        faults.append(Fault("missing_qn", "QN", "", "YYYYMMDDhhmmsszzz"))
    if packet.st not in ST:
        faults.append(Fault("undefined_st" if packet.st else "missing_st", "ST", packet.st, "one of " + " ".join(ST)))
    if packet.cn not in CN:
        faults.append(Fault("cn", "CN", packet.cn, "a command of the standard, four digits"))
    if packet.flag is not None and packet.version is None:
        faults.append(Fault("version", "Flag", str(packet.flag), "0-3 (2005), 4-7 (2017), 8-11 (2025)"))
    elif packet.flag is None and version != 2005:
        faults.append(Fault("missing_flag", "Flag", "", "4 to 7 (2017)"))
    elif version is not None and packet.flag is not None and packet.version != version:
        faults.append(Fault("other_version", "Flag", str(packet.flag), f"a Flag of {version}"))
    _judge_parts(packet, faults)


def _judge_parts(packet: Packet, faults: list[Fault]) -> None:
    """Do Flag, PNUM and PNO agree?"""
    split = bool(packet.flag and packet.flag & 2)
    if split and packet.pnum is None:
        faults.append(Fault("d_without_pnum", "Flag", str(packet.flag), "PNUM and PNO, or Flag without bit 1"))
    elif packet.pnum is not None:
        if not split:
            faults.append(Fault("pnum_without_d", "Flag", str(packet.flag), "Flag with bit 1"))
        if packet.pno is None or packet.pno > packet.pnum:
            faults.append(Fault("pnum_form", "PNO", str(packet.pno), f"1 to {packet.pnum}"))


def _loose_head(text: str, faults: list[Fault]) -> tuple[Packet | None, str]:
    """Read a head that is not as the standard writes it, and note how it deviates."""
    found = _CP.fullmatch(text)
    if found is None:
        faults.append(Fault("cp", "CP", text[-40:], "CP=&&...&&"))
        return None, ""
    if found["semicolon"] == "":
        faults.append(Fault("missing_semicolon_before_cp", "CP", "CP", ";CP"))
    elif found["semicolon"] == ",":
        faults.append(Fault("comma_in_header", "CP", ",CP", ";CP"))
    head = _head_fields(found["head"], faults)
    if head is None:
        return None, ""
    mn, pw, flag = head.get("MN", ""), head.get("PW", ""), head.get("Flag")
    if not mn:
        faults.append(Fault("mn_absent", "MN", "", "24 hexadecimal digits"))
    elif not _ANY_MN(mn):
        faults.append(Fault("mn_form", "MN", mn, "24 hexadecimal digits"))
    if "PW" not in head:
        faults.append(Fault("missing_pw", "PW", "", "6 characters"))
    elif len(pw) != 6:
        faults.append(Fault("pw_form" if pw else "empty_pw", "PW", pw, "6 characters"))
    number: int | None = None
    if flag is not None:
        if flag.isascii() and flag.isdigit() and int(flag) < 256:
            number = int(flag)
        else:
            faults.append(Fault("flag_form", "Flag", flag, "a whole number, 4 to 7 (2017)"))
    pnum, pno = _parts(head, faults)
    extra = tuple((name, value) for name, value in head.items() if name in _EXTRA)
    return Packet(
        head.get("ST", ""), head.get("CN", ""), mn, pw, head.get("QN", ""), number, pnum, pno, (), extra
    ), found["cp"]


def _parts(head: dict[str, str], faults: list[Fault]) -> tuple[int | None, int | None]:
    if "PNUM" not in head and "PNO" not in head:
        return None, None
    numbers = [int(head[name]) if _COUNT(head.get(name, "")) else None for name in ("PNUM", "PNO")]
    if None in numbers:
        given = f"PNUM={head.get('PNUM', '')};PNO={head.get('PNO', '')}"
        faults.append(Fault("pnum_form", "PNUM", given, "PNUM=2;PNO=1"))
        return None, None
    return numbers[0], numbers[1]


def _head_fields(text: str, faults: list[Fault]) -> dict[str, str] | None:
    """Take the head apart; None where it is no list of name=value."""
    head: dict[str, str] = {}
    if "," in text:
        faults.append(Fault("comma_in_header", "head", text[:60], "semicolons between fields"))
        text = text.replace(",", ";")
    for piece in text.split(";") if text else ():
        name, sign, value = piece.partition("=")
        if not sign or name in head or name not in (*_ORDER, *_EXTRA):
            faults.append(Fault("header", "head", piece, "each of " + " ".join(_ORDER) + " once, as name=value"))
            return None
        head[name] = value
    order = [name for name in head if name in _ORDER]
    swap = [name for name in order if name not in ("PNUM", "PNO")]
    if order != sorted(order, key=_ORDER.index):
        only_parts = swap == sorted(swap, key=_ORDER.index) and order[-2:] == ["PNO", "PNUM"]
        name = "pno_before_pnum" if only_parts else "header_order"
        faults.append(Fault(name, "head", ";".join(order), " ".join(_ORDER)))
    return head
