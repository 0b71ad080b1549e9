"""What a user calls an inventory: a version of the library, a table, a folder of others' files, a city's folder."""

from __future__ import annotations

from pathlib import Path

from lantian.emissions import example, gridded, tables
from lantian.emissions.gridded import Style
from lantian.emissions.inventory import Inventory
from lantian.emissions.library import Library
from lantian.emissions.profiles import Profiles
from lantian.places.geo import Box


def find(
    source: str,
    library: Library,
    *,
    style: Style | None = None,
    version: str | None = None,
    year: int | None = None,
    box: Box | None = None,
    profiles: Profiles | None = None,
) -> Inventory:
    """The inventory that ``source`` names: a path where there is one, else a version of the library.

    A folder with ``example.toml`` or ``city.toml`` gives its example inventory; files named as those of MEIC, EDGAR or
    REAS are read as such; everything else as our own tables.

    Raises:
        FileNotFoundError, EmissionError, VersionError: there is none, or it cannot be read.
    """
    path = Path(source)
    if not path.exists():
        return library.open(source)
    if is_city(path):
        return example.inventory(path)
    if style is not None or gridded.style_of(path):
        return gridded.read(path, style, version=version, year=year, box=box, profiles=profiles)
    return tables.read(path, version=version, year=year)


def is_city(path: Path) -> bool:
    """Whether the path is a city's folder, such as ``examples/beijing``."""
    return any((path / name).exists() for name in ("city.toml", "example.toml"))
