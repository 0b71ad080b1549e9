"""The check sum of HJ 212 and its two known misreadings.

Not CRC-16/MODBUS: the register is moved right by eight *before* it meets the byte (HJ 212-2017 appendix A). So only
its high byte passes from byte to byte, and that step is linear over GF(2): the sum of a segment may be folded in
halves with ``bytes.translate`` and exclusive or, at the speed of C. The plain form, ``crc_by_bit``, is the reference.
"""

from functools import cache

__all__ = ["crc", "crc_by_bit", "crc_modbus", "swapped"]

_POLYNOMIAL = 0xA001
_START = 0xFFFF


def crc_by_bit(segment: bytes) -> int:
    """Compute the sum as the standard writes it, bit by bit; slow, for tests and as a reference."""
    register = _START
    for byte in segment:
        register = (register >> 8) ^ byte
        for _ in range(8):
            low = register & 1
            register >>= 1
            if low:
                register ^= _POLYNOMIAL
    return register


def _eight_shifts(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ (_POLYNOMIAL if register & 1 else 0)
    return register


_TABLE = tuple(_eight_shifts(byte) for byte in range(256))
_STEP = bytes(value >> 8 for value in _TABLE)


@cache
def _steps(count: int) -> bytes:
    """The table of ``count`` steps of the high byte over zero bytes; at most a table a length."""
    if count == 1:
        return _STEP
    half = _steps(count // 2)
    twice = half.translate(half)
    return twice.translate(_STEP) if count % 2 else twice


def crc(segment: bytes) -> int:
    """Compute the check sum of a data segment; ``f"{crc(segment):04X}"`` is what stands in a packet."""
    if not segment:
        return _START
    rest = bytes((segment[0] ^ (_START >> 8),)) + segment[1:]
    length = len(rest)
    while length > 1:
        right = (length + 1) // 2
        cut = length - right
        folded = int.from_bytes(rest[:cut].translate(_steps(right)), "big") ^ int.from_bytes(rest[cut:], "big")
        rest, length = folded.to_bytes(right, "big"), right
    return _TABLE[rest[0]]


def crc_modbus(segment: bytes) -> int:
    """Compute CRC-16/MODBUS, which some devices send by mistake (tolerance ``modbus_crc``)."""
    register = _START
    for byte in segment:
        register = (register >> 8) ^ _TABLE[(register ^ byte) & 0xFF]
    return register


def swapped(value: int) -> int:
    """Give the sum with its two bytes exchanged (tolerance ``swapped_crc``)."""
    return (value >> 8) | ((value & 0xFF) << 8)
