"""Checkpoints of a run on disk: the state at whole hours and what the hours before it gave, each in one Zarr file.

A checkpoint is a Zarr (version 3) group in a zip file, ``000006.zarr.zip`` for the state after six hours. It is written
under another name, brought to the disk and then renamed, so it is there whole or not at all. It carries the fingerprint
of what it belongs to, and a digest of its arrays, by which a damaged one is told.
"""

from __future__ import annotations

import hashlib
import os
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import ZipStore

Arrays = dict[str, NDArray[Any]]

_ENDING: Final = ".zarr.zip"
_STATE: Final = "state"


class CheckpointError(ValueError):
    """A checkpoint that is not there, is damaged, or belongs to another run."""


def digest(*parts: Any) -> str:
    """32 hexadecimal digits that stand for arrays (type, shape and every bit) and anything else (its ``repr``)."""
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        if hasattr(part, "__array__"):
            array = np.asarray(part)
            total.update(f"{array.dtype.str}{array.shape}".encode())
            total.update(array.tobytes())
        else:
            total.update(repr(part).encode())
    return total.hexdigest()


@dataclass(frozen=True)
class Checkpoints:
    """A folder of checkpoints; it is made at the first `save`.

    ``of``: the fingerprint, by part (model, domain, forcing, ...). A checkpoint with another one is refused; without
    one nothing is compared.
    """

    path: Path
    of: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", Path(self.path))

    def save(self, hour: int, q: Any, *, since: int = 0, results: Mapping[str, Any] | None = None) -> None:
        """Keep the state ``q`` after ``hour`` hours, and the ``results`` of the hours from ``since`` on, by name.

        ``q`` and ``results`` are arrays of any shape. When this returns the checkpoint is on the disk; one that stood
        there for the same hour is replaced.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        arrays = {_STATE: np.asarray(q)} | {name: np.asarray(array) for name, array in (results or {}).items()}
        attributes = {"of": dict(self.of), "since": since, "arrays": list(arrays), "digest": digest(*_ordered(arrays))}
        target = self._file(hour)
        partial = target.with_name(target.name + ".partial")
        with ZipStore(partial, mode="w") as store:
            group = zarr.create_group(store, attributes=attributes)
            for name, array in arrays.items():
                group.create_array(name, data=array, chunks=(1, *array.shape[1:]) if array.ndim else "auto")
        to_disk(partial)
        partial.replace(target)
        to_disk(self.path)

    def load(self, hour: int) -> NDArray[Any]:
        """The state after ``hour`` hours, bit for bit as it was saved.

        Raises `CheckpointError` when it is missing, damaged, or belongs to something else.
        """
        return self._read(hour)[1][_STATE]

    def results(self, hour: int) -> Arrays:
        """The results that were saved with the state of ``hour``, by name; errors as for `load`."""
        return {name: array for name, array in self._read(hour)[1].items() if name != _STATE}

    def last(self) -> int | None:
        """The last hour that can be reached from the beginning without a gap; None: no hour at all. See `chain`."""
        return next(reversed(self.chain()), None)

    def chain(self) -> list[int]:
        """The hours whose checkpoints follow each other from the beginning: the first holds the results since hour 0,
        the next those since the first, and so on.

        A damaged one is left out with a warning; what follows it is not reached. Raises `CheckpointError` when a
        checkpoint here belongs to something else.
        """
        since: dict[int, list[int]] = {}
        for hour in self._hours():
            try:
                attributes, _ = self._read(hour)
            except _DamageError as damage:
                warnings.warn(f"{damage}; the run goes on from the one before it", stacklevel=2)
            else:
                since.setdefault(attributes["since"], []).append(hour)
        hours = [0] if 0 in since.get(0, []) else []
        reached = 0
        while after := [hour for hour in since.get(reached, []) if hour > reached]:
            reached = max(after)
            hours.append(reached)
        return hours

    def _file(self, hour: int) -> Path:
        return self.path / f"{hour:06d}{_ENDING}"

    def _hours(self) -> Iterable[int]:
        names = (file.name.removesuffix(_ENDING) for file in sorted(self.path.glob("*" + _ENDING)))
        return [int(name) for name in names if name.isdecimal()]

    def _read(self, hour: int) -> tuple[dict[str, Any], Arrays]:
        file = self._file(hour)
        if not file.exists():
            raise CheckpointError(f"no checkpoint of hour {hour} in {self.path}")
        try:
            if not zipfile.is_zipfile(file):
                raise zipfile.BadZipFile("the file was cut off")
            with ZipStore(file, mode="r") as store:
                group = zarr.open_group(store, mode="r")
                attributes: dict[str, Any] = dict(group.attrs)
                kept = {name: cast("zarr.Array[Any]", group[name]) for name in attributes["arrays"]}
                arrays: Arrays = {name: np.asarray(array[...]) for name, array in kept.items()}
            if attributes["digest"] != digest(*_ordered(arrays)):
                raise zipfile.BadZipFile("the arrays are not those that were written")
        except Exception as error:  # an altered zip file makes its readers raise of every kind
            raise _DamageError(f"the checkpoint {file} is damaged ({error})") from error
        self._check(file, attributes["of"])
        return attributes, arrays

    def _check(self, file: Path, theirs: Mapping[str, str]) -> None:
        if not self.of:
            return
        other = [part for part in {**theirs, **self.of} if theirs.get(part) != self.of.get(part)]
        if other:
            known = [f"{part} {theirs.get(part, 'none')}, here {self.of.get(part, 'none')}" for part in other]
            raise CheckpointError(
                f"the checkpoint {file} belongs to a run with another {', another '.join(other)} ({'; '.join(known)}): "
                "give this run a folder of its own, or remove those checkpoints"
            )


class _DamageError(CheckpointError):
    """A checkpoint that is damaged."""


def _ordered(arrays: Arrays) -> list[Any]:
    return [part for name in sorted(arrays) for part in (name, arrays[name])]


def to_disk(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
