"""A city's folder, such as ``examples/beijing``: the sheet of regions and proxies that its files make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lantian.emissions.proxies import STEP, Sheet, build
from lantian.places.folder import read_config, read_folder
from lantian.places.outlines import OutlineSet, read_geojson
from lantian.places.terrain import Terrain

_KNOWN = ("inventory", "provinces", "power", "steel", "outlines", "proxies")


def settings(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder and its table ``[emissions]``, paths as they stand there.

    Raises:
        FileNotFoundError, ValueError: as `lantian.places.folder.read_config`; the table has an unknown entry.
    """
    root, config = read_config(folder)
    table: dict[str, Any] = config.get("emissions", {})
    if unknown := sorted(table.keys() - set(_KNOWN)):
        raise ValueError(f"[emissions]: unknown {', '.join(unknown)}; expected {', '.join(_KNOWN)}")
    return root, table


def outlines(folder: Path) -> OutlineSet:
    """The outlines on which a folder's proxies stand: those of ``[emissions]``, else the finest of its places.

    Raises:
        FileNotFoundError, ValueError: a file is missing or wrong, or there are no outlines.
    """
    root, table = settings(folder)
    if entry := table.get("outlines"):
        chosen = {key: value for key, value in entry.items() if key not in ("id", "file")}
        return read_geojson(root / entry["file"], set_id=entry.get("id"), **chosen)
    places = read_folder(folder)
    if not places.outlines:
        raise ValueError(f"{folder}: no outlines; proxies need those of counties or cities")
    return max(places.outlines, key=lambda found: len(found.outlines))


def terrain(folder: Path) -> Path | None:
    """The terrain file of a folder; None where it names none."""
    root, config = read_config(folder)
    name = config.get("places", {}).get("terrain")
    return root / name if name else None


def sheet(folder: Path, step: float = STEP, *, own: Path | None = None) -> Sheet:
    """The sheet of a folder: its outlines, terrain, stations and proxies of one's own (``own``, else the folder's).

    Raises:
        FileNotFoundError, ValueError: a file that the folder names is missing or wrong.
    """
    root, table = settings(folder)
    places = read_folder(folder)
    heights = Terrain.open(places.terrain) if places.terrain else None
    stations = [(station.lon, station.lat) for station in places.stations.values()]
    own = own or (root / table["proxies"] if table.get("proxies") else None)
    return build(list(outlines(folder).outlines.values()), heights, stations, own=own, step=step)
