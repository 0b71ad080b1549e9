"""A small list that a reader uploads: kept in a folder of its own for as long as it is read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import UploadFile

from lantian.supervision.listing import ListError
from lantian.web.intake import safe_name

LARGEST = 32 * 2**20
"""Bytes of a list."""


@contextmanager
def uploaded(file: UploadFile) -> Iterator[Path]:
    """The file under its own name. Raises ListError where it is too large or empty."""
    content = file.file.read(LARGEST + 1)
    if not content or len(content) > LARGEST:
        name, size = file.filename or "file", len(content)
        raise ListError(
            f"{name}: {size} bytes; expected 1 to {LARGEST}", f"{name}：{size} 字节，应为 1 至 {LARGEST} 字节"
        )
    with tempfile.TemporaryDirectory(prefix="lantian-list-") as folder:
        path = Path(folder) / safe_name(file.filename or "list.csv")
        path.write_bytes(content)
        yield path
