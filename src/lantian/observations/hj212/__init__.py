"""HJ 212 国家环保数据采集传输协议: packets of instruments and loggers, editions of 2005, 2017 and 2025, both ways.

In: bytes of a connection. Out: frames with packets, each with the verdicts on its length and check sum, the tolerances
that let it through and what speaks against it. Pure: no network, database or clock. See docs/hj212.md.
"""

from lantian.observations.hj212 import codes
from lantian.observations.hj212.codec import decode, encode
from lantian.observations.hj212.framing import Framer
from lantian.observations.hj212.packet import Frame, Packet, flag_of
from lantian.observations.hj212.tolerances import FAULTS, TOLERANCES, Fault, granted

__all__ = [
    "FAULTS",
    "TOLERANCES",
    "Fault",
    "Frame",
    "Framer",
    "Packet",
    "codes",
    "decode",
    "encode",
    "flag_of",
    "granted",
]
