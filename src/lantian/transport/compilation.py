"""Where compiled code is kept between processes, so that the second run of a model starts at once.

JAX keeps it in ``lantian/jax`` under the user's cache folder (``XDG_CACHE_HOME``, else ``~/.cache``; on macOS
``~/Library/Caches``), in one folder for each version of JAX and kind of processor. A setting of the user's own comes
first: ``JAX_COMPILATION_CACHE_DIR`` (empty: none), or ``JAX_ENABLE_COMPILATION_CACHE=false``. The folder may be removed
at any time; whatever is wrong with it only costs the time to compile.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache import compilation_cache


def use_cache() -> Path | None:
    """Turn JAX's persistent cache on, unless the user has chosen; the folder, or None where none can be used."""
    chosen = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]  # JAX makes it at run time
    if chosen is not None or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return None
    try:
        folder = _user_cache() / "lantian" / "jax" / f"{jax.__version__}-{_processor()}"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):  # a home that does not exist, is full, or is not ours
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))  # type: ignore[no-untyped-call]
    compilation_cache.reset_cache()  # JAX looks for the folder at the first compilation only
    return folder


def on_processor() -> bool:
    """Whether what is traced now is for the processor: the device that `jax.default_device` chose, else JAX's own.

    Loops are laid out by it. `jax.default_backend` alone would give a run that is held on the processor of a machine
    with a GPU the GPU's loops.
    """
    chosen: Any = jax.config.jax_default_device  # type: ignore[attr-defined]
    kind: str = jax.default_backend() if chosen is None else getattr(chosen, "platform", chosen)
    return kind.startswith("cpu")


@contextmanager
def quiet_cache() -> Iterator[None]:
    """Say nothing of an entry that JAX cannot read or write: it compiles instead."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache entry")
        yield


def _user_cache() -> Path:
    if given := os.environ.get("XDG_CACHE_HOME"):
        return Path(given)
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _processor() -> str:
    """Stands for the instructions that the processor knows: code for one may not run on another, at a shared home."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        told = next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        told = platform.processor()
    return hashlib.blake2b(f"{platform.machine()} {told}".encode(), digest_size=4).hexdigest()
