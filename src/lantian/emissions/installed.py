"""Emissions of a data directory: the versions, and the sheet of regions and proxies, under ``<home>/emissions``.

Listing and opening versions needs only frames; what brings xarray, scipy and shapes is imported where it is used, so
that pages start without the model's packages.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lantian.emissions.inventory import Inventory
from lantian.emissions.library import Library, VersionError

if TYPE_CHECKING:
    from lantian.emissions.sheet import Sheet

FOLDER: Final = "emissions"
_SHEET: Final = "sheet.npz"


def library(home: Path) -> Library:
    """The versions of a data directory."""
    return Library(home / FOLDER)


def sheet_file(home: Path) -> Path:
    """Where the sheet of a data directory stands, whether there is one or not."""
    return home / FOLDER / _SHEET


def sheet(home: Path) -> Sheet | None:
    """The sheet of a data directory; None where no folder with ``[emissions]`` was loaded."""
    from lantian.emissions.sheet import Sheet

    path = sheet_file(home)
    return Sheet.load(path) if path.exists() else None


def install(city: Path, home: Path, *, step: float | None = None) -> str | None:
    """Put the inventory and the sheet of a city's folder into a data directory; the id of the version.

    ``[emissions]`` names an ``inventory`` (a table, or files of MEIC, EDGAR or REAS), or ``provinces``, ``power`` and
    ``steel`` of which the example's is made. An inventory that has changed since it was loaded becomes a version of
    its own. ``step``: degrees of the sheet, by default `proxies.STEP`. Nothing happens, and None comes back, where the
    folder has no ``[emissions]``.

    Raises:
        FileNotFoundError, ValueError: a file that the table names is missing or wrong.
    """
    from lantian.emissions import example, folder, proxies

    root, table = folder.settings(city)
    if not table:
        return None
    made = example.inventory(city) if "inventory" not in table else _read(root / table["inventory"])
    shelf = library(home)
    shelf.folder.mkdir(parents=True, exist_ok=True)
    folder.sheet(city, step or proxies.STEP).save(sheet_file(home))
    try:
        shelf.add(made)
    except VersionError:
        made = replace(made, id=f"{made.id}-{made.digest[:8]}")
        shelf.add(made)
    return made.id


def _read(path: Path) -> Inventory:
    from lantian.emissions import gridded, tables

    return gridded.read(path) if gridded.style_of(path) else tables.read(path)
