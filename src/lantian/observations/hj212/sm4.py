"""SM4 (GB/T 32907) over the data area, the option of HJ 212-2025. LOW: the text of the standard was not at hand.

What is known: the content of CP may be enciphered with a session key that command 1014 brings. Mode, padding and how
the cipher stands in text are not known; they are named options here, and the defaults (ECB, PKCS#7, hexadecimal) are a
guess (MEMORY). Length and check sum are those of what goes over the line, with the cipher in it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

__all__ = ["CipherError", "DataCipher"]

_OPEN, _CLOSE = b"CP=&&", b"&&"
_BLOCK = 16


class CipherError(ValueError):
    """The data area cannot be deciphered; says why."""


@dataclass(frozen=True, slots=True)
class DataCipher:
    """Enciphers what stands between ``&&`` and ``&&``.

    ``key``: 16 bytes; ``mode``: ``ecb`` or ``cbc``, which also needs ``iv`` of 16 bytes; ``text``: ``hex`` or
    ``base64``. Needs the package cryptography.
    """

    key: bytes = field(repr=False)
    mode: str = "ecb"
    iv: bytes = field(default=b"", repr=False)
    text: str = "hex"

    def __post_init__(self) -> None:
        """Check the options; ValueError names the wrong one."""
        if len(self.key) != _BLOCK:
            raise ValueError(f"key: {len(self.key)} bytes where {_BLOCK} would be right")
        if self.mode not in ("ecb", "cbc"):
            raise ValueError(f"mode: {self.mode!r} where ecb or cbc would be right")
        if len(self.iv) != (_BLOCK if self.mode == "cbc" else 0):
            raise ValueError(f"iv: {len(self.iv)} bytes where {_BLOCK if self.mode == 'cbc' else 0} would be right")
        if self.text not in ("hex", "base64"):
            raise ValueError(f"text: {self.text!r} where hex or base64 would be right")

    @classmethod
    def of_session_key(cls, new_sk: str) -> DataCipher:
        """Take the key that command 1014 brings, 32 hexadecimal digits."""
        try:
            return cls(bytes.fromhex(new_sk))
        except ValueError as error:
            raise ValueError(f"NewSK: {new_sk!r} where 32 hexadecimal digits would be right") from error

    def close(self, segment: bytes) -> bytes:
        """Encipher the data of a segment; an empty data area stays empty."""
        head, data = _parted(segment)
        return segment if not data else head + self._encoded(self._run(_padded(data), encrypt=True)) + _CLOSE

    def open(self, segment: bytes) -> bytes:
        """Decipher the data of a segment; CipherError where it is no cipher of this key."""
        head, data = _parted(segment)
        return segment if not data else head + _unpadded(self._run(self._decoded(data), encrypt=False)) + _CLOSE

    def _run(self, data: bytes, *, encrypt: bool) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        cipher = Cipher(algorithms.SM4(self.key), modes.CBC(self.iv) if self.mode == "cbc" else modes.ECB())  # noqa: S305
        way = cipher.encryptor() if encrypt else cipher.decryptor()
        return way.update(data) + way.finalize()

    def _encoded(self, data: bytes) -> bytes:
        return data.hex().upper().encode() if self.text == "hex" else base64.b64encode(data)

    def _decoded(self, data: bytes) -> bytes:
        try:
            raw = binascii.unhexlify(data) if self.text == "hex" else base64.b64decode(data, validate=True)
        except (ValueError, binascii.Error) as error:
            raise CipherError(f"no {self.text} text") from error
        if len(raw) % _BLOCK:
            raise CipherError(f"{len(raw)} bytes where a multiple of {_BLOCK} would be right")
        return raw


def _parted(segment: bytes) -> tuple[bytes, bytes]:
    """The head with ``CP=&&``, and the data."""
    at = segment.find(_OPEN)
    if at < 0 or not segment.endswith(_CLOSE) or len(segment) < at + len(_OPEN) + len(_CLOSE):
        raise CipherError("no CP=&&...&&")
    cut = at + len(_OPEN)
    return segment[:cut], segment[cut : -len(_CLOSE)]


def _padded(data: bytes) -> bytes:
    missing = _BLOCK - len(data) % _BLOCK
    return data + bytes((missing,)) * missing


def _unpadded(data: bytes) -> bytes:
    count = data[-1] if data else 0
    if not 1 <= count <= _BLOCK or data[-count:] != bytes((count,)) * count:
        raise CipherError("the padding is wrong: another key, or another mode")
    return data[:-count]
