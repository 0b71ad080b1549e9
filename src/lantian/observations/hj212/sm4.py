"""SM4 (GB/T 32907) over the data area, the option of HJ 212-2025. LOW: the text of the standard was not at hand.

What is known: the content of CP may be enciphered with a session key that command 1014 brings. Mode, padding and how
the cipher stands in text are not known; they are named options here, and the defaults (ECB, PKCS#7, hexadecimal) are a
guess (MEMORY). Length and check sum are those of what goes over the line, with the cipher in it.

The options of one device are written as three words, ``ecb pkcs7 hex``: one of ``CIPHERS``.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from itertools import product

__all__ = ["CIPHERS", "CipherError", "DataCipher"]

_OPEN, _CLOSE = b"CP=&&", b"&&"
_BLOCK = 16
MODES, PADDINGS, TEXTS = ("ecb", "cbc"), ("pkcs7", "zero"), ("hex", "base64")
CIPHERS = tuple(" ".join(words) for words in product(MODES, PADDINGS, TEXTS))
"""All options as words: mode, padding, form in text. The first is the default."""


class CipherError(ValueError):
    """The data area cannot be deciphered; says why."""


@dataclass(frozen=True, slots=True)
class DataCipher:
    """Enciphers what stands between ``&&`` and ``&&``.

    ``key``: 16 bytes; ``mode``: ``ecb`` or ``cbc``, which also needs ``iv`` of 16 bytes; ``padding``: ``pkcs7`` or
    ``zero`` (none where the data fills its blocks); ``text``: ``hex`` or ``base64``. Needs the package cryptography.
    """

    key: bytes = field(repr=False)
    mode: str = "ecb"
    iv: bytes = field(default=b"", repr=False)
    text: str = "hex"
    padding: str = "pkcs7"

    def __post_init__(self) -> None:
        """Check the options; ValueError names the wrong one."""
        if len(self.key) != _BLOCK:
            raise ValueError(f"key: {len(self.key)} bytes where {_BLOCK} would be right")
        for name, value, known in (
            ("mode", self.mode, MODES),
            ("padding", self.padding, PADDINGS),
            ("text", self.text, TEXTS),
        ):
            if value not in known:
                raise ValueError(f"{name}: {value!r} where {' or '.join(known)} would be right")
        if len(self.iv) != (_BLOCK if self.mode == "cbc" else 0):
            raise ValueError(f"iv: {len(self.iv)} bytes where {_BLOCK if self.mode == 'cbc' else 0} would be right")

    @classmethod
    def of_session_key(cls, key: str, words: str = CIPHERS[0], iv: str = "") -> DataCipher:
        """Take a key as command 1014 brings it, 32 hexadecimal digits, and the options of ``CIPHERS``; ``iv`` likewise
        of 32 digits, for ``cbc``. ValueError names what is wrong, never the key.
        """
        if words not in CIPHERS:
            raise ValueError(f"cipher {words!r}: expected one of {', '.join(CIPHERS)}")
        mode, padding, text = words.split()
        return cls(_digits("key", key), mode, _digits("iv", iv) if iv else b"", text, padding)

    def room(self, size: int) -> int:
        """Bytes of data whose cipher stands in ``size`` bytes of text."""
        blocks = size // (2 * _BLOCK) if self.text == "hex" else size // 4 * 3 // _BLOCK
        return max(0, _BLOCK * blocks - (self.padding == "pkcs7"))

    def close(self, segment: bytes) -> bytes:
        """Encipher the data of a segment; an empty data area stays empty."""
        head, data = _parted(segment)
        return segment if not data else head + self._encoded(self._run(self._padded(data), encrypt=True)) + _CLOSE

    def open(self, segment: bytes) -> bytes:
        """Decipher the data of a segment; CipherError where it is no cipher of this key."""
        head, data = _parted(segment)
        return segment if not data else head + self._unpadded(self._run(self._decoded(data), encrypt=False)) + _CLOSE

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

    def _padded(self, data: bytes) -> bytes:
        missing = _BLOCK - len(data) % _BLOCK
        if self.padding == "zero":
            return data + bytes(missing % _BLOCK)
        return data + bytes((missing,)) * missing

    def _unpadded(self, data: bytes) -> bytes:
        if self.padding == "zero":
            return data.rstrip(b"\0")
        count = data[-1] if data else 0
        if not 1 <= count <= _BLOCK or data[-count:] != bytes((count,)) * count:
            raise CipherError("the padding is wrong: another key, or another mode")
        return data[:-count]


def _parted(segment: bytes) -> tuple[bytes, bytes]:
    """The head with ``CP=&&``, and the data."""
    at = segment.find(_OPEN)
    if at < 0 or not segment.endswith(_CLOSE) or len(segment) < at + len(_OPEN) + len(_CLOSE):
        raise CipherError("no CP=&&...&&")
    cut = at + len(_OPEN)
    return segment[:cut], segment[cut : -len(_CLOSE)]


def _digits(name: str, text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _BLOCK or len(text) != 2 * _BLOCK:
        raise ValueError(f"{name}: {2 * _BLOCK} hexadecimal digits would be right")
    return found
