"""How devices' passwords are kept: sealed with a key in the data folder.

HJ 212 sends the password in every packet, and a command of ours must carry it too: a one-way hash would not do. So the
database, its copies and the audit trail hold only what Fernet (AES-128-CBC with HMAC-SHA-256) made of it; the key is
the file `<home>/gateway/key`, readable by its owner alone, and stands in no database dump.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken


class Seal:
    """Seals and opens short secrets with the key of one data folder, which is made when it is first needed."""

    def __init__(self, home: Path) -> None:
        self.file = home / "gateway" / "key"
        self._fernet = Fernet(self._key())

    def close(self, text: str) -> bytes:
        """Seal a text."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """Give the text back. Raises RuntimeError where another key sealed it, saying what to do."""
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken:
            raise RuntimeError(
                f"{self.file}: this key did not seal the passwords in the database; bring the file back from a copy, "
                "or register the devices' passwords anew"
            ) from None

    def _key(self) -> bytes:
        with contextlib.suppress(FileNotFoundError):
            return self.file.read_bytes()
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        own = self.file.with_name(f"key.{os.getpid()}.tmp")
        with own.open("wb") as file:
            own.chmod(0o600)
            file.write(Fernet.generate_key())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first: its key counts
            os.link(own, self.file)
        own.unlink()
        return self.file.read_bytes()
