"""ecCodes, loaded so that the libraries it brings stay its own.

Its wheel for Linux has copies of PROJ, SQLite, OpenSSL and others, which its Python part opens for the whole process:
a pyproj that is imported later then calls into the wrong PROJ and crashes. So on Linux they are opened here first,
privately, and the search for them is turned off while ecCodes is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ctypes import CDLL, RTLD_LOCAL
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["eccodes"]


def _folder(package: str) -> Path | None:
    """Where an installed package lies."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _load() -> Any:
    library, base = _folder("eccodeslib"), _folder("eckitlib")
    if sys.platform != "linux" or "gribapi" in sys.modules or library is None or base is None:
        return import_module("eccodes")
    for path in sorted(base.glob("lib*/*.so")):
        CDLL(str(path), mode=RTLD_LOCAL)
    private = {"FINDLIBS_DISABLE_PACKAGE": "yes", "FINDLIBS_DISABLE_PYTHON": "yes", "ECCODES_HOME": str(library)}
    with _environment(private):
        return import_module("eccodes")


eccodes: Any = _load()
