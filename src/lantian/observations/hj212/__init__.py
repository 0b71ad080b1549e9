"""HJ 212 国家环保数据采集传输协议: packets of instruments and loggers, editions of 2005, 2017 and 2025, both ways.

In: bytes of a connection. Out: frames with packets, each with the verdicts on its length and check sum, the tolerances
that let it through and what speaks against it. Pure: no network, database or clock. See docs/hj212.md.
"""

from lantian.observations.hj212 import codes
from lantian.observations.hj212.assembly import Assembler, Partial
from lantian.observations.hj212.codec import decode, encode, opened
from lantian.observations.hj212.commands import (
    COMMANDS,
    UPLOADS,
    Body,
    CommandError,
    Link,
    acknowledge,
    answer,
    next_qn,
    qn_of,
    read,
    resend,
    result,
)
from lantian.observations.hj212.framing import Framer
from lantian.observations.hj212.packet import Frame, Packet, flag_of
from lantian.observations.hj212.readings import Row, check_units, readings
from lantian.observations.hj212.sm4 import CIPHERS, CipherError, DataCipher
from lantian.observations.hj212.tolerances import FAULTS, TOLERANCES, Fault, granted
from lantian.observations.hj212.units import UNITS, UnitError

__all__ = [
    "CIPHERS",
    "COMMANDS",
    "FAULTS",
    "TOLERANCES",
    "UNITS",
    "UPLOADS",
    "Assembler",
    "Body",
    "CipherError",
    "CommandError",
    "DataCipher",
    "Fault",
    "Frame",
    "Framer",
    "Link",
    "Packet",
    "Partial",
    "Row",
    "UnitError",
    "acknowledge",
    "answer",
    "check_units",
    "codes",
    "decode",
    "encode",
    "flag_of",
    "granted",
    "next_qn",
    "opened",
    "qn_of",
    "read",
    "readings",
    "resend",
    "result",
]
