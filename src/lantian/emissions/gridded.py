"""Other people's inventories: files like those of MEIC, EDGAR and REAS, read as one inventory."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Final, Literal, get_args

from lantian.emissions import edgar, meic, reas
from lantian.emissions.collected import Collected
from lantian.emissions.faults import EmissionError, Fault
from lantian.emissions.inventory import Inventory
from lantian.emissions.profiles import Profiles, load
from lantian.places.geo import Box

Style = Literal["meic", "edgar", "reas"]
STYLES: Final = get_args(Style)

_READERS: Final[dict[str, ModuleType]] = {"meic": meic, "edgar": edgar, "reas": reas}
_SOURCES: Final = {
    "meic": ("MEIC", "MEIC (Zheng et al. 2018, doi 10.5194/acp-18-14095-2018); see its terms of use"),
    "edgar": ("EDGAR", "EDGAR (European Commission, Joint Research Centre)"),
    "reas": ("REAS", "REAS v3.2 (Kurokawa and Ohara 2020, doi 10.5194/acp-20-12761-2020)"),
}


def read(
    path: Path,
    style: Style | None = None,
    *,
    version: str | None = None,
    year: int | None = None,
    box: Box | None = None,
    profiles: Profiles | None = None,
) -> Inventory:
    """Read a folder of such files, one of them, or a table of provinces like REAS's.

    ``style`` None: found by the names of the files. ``year``: the one wanted, where a table has several. ``box``: only
    the cells that reach it; global files are large.

    Raises:
        FileNotFoundError: there is nothing of the style.
        EmissionError: files cannot be read; one fault for each.
    """
    profiles = profiles or load()
    if style is None:
        style = style_of(path)
        if style is None:
            raise FileNotFoundError(f"{path}: no files named as those of {', '.join(STYLES)}")
    name, source = _SOURCES[style]
    if style == "reas" and _is_table(path):
        return _provinces(path, version, year)
    files = _READERS[style].files(path)
    if not files:
        raise FileNotFoundError(f"{path}: no files named as those of {name}")
    into, faults, found = Collected(box), list[Fault](), year
    for file in files:
        try:
            found = _READERS[style].read(file, found, into)
        except (ValueError, OSError) as error:
            faults.append(Fault(str(file), 0, "file", "", f"a file of {name} that can be read ({error})"))
    if faults or found is None:
        raise EmissionError(faults)
    try:
        grids, months = into.grids(profiles)
    except ValueError as error:
        raise EmissionError([Fault(str(path), 0, "months", "", str(error))]) from error
    held = version or f"{style}-{found}"
    notes = (f"{len(files)} files of {name}", *into.notes)
    return Inventory(held, f"{name} {found}", found, "national", source, grids=grids, months=months, notes=notes)


def style_of(path: Path) -> Style | None:
    """Whose files these are, by their names; None where they are nobody's."""
    if _is_table(path):
        return "reas"
    styles: tuple[Style, ...] = ("meic", "edgar", "reas")
    return next((style for style in styles if _READERS[style].files(path)), None)


def _is_table(path: Path) -> bool:
    if not path.is_file() or path.suffix != ".csv":
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return {"province", "sector", "species", "amount"} <= set(file.readline().strip().split(","))


def _provinces(path: Path, version: str | None, year: int | None) -> Inventory:
    try:
        rows, found = reas.table(path, year)
    except ValueError as error:
        raise EmissionError([Fault(str(path), 0, "table", "", f"a table of provinces ({error})")]) from error
    name, source = _SOURCES["reas"]
    notes = ("TOTAL repeats the sum of the sectors and was left out", "CMB shared out by judgement")
    held = version or f"reas-{found}"
    return Inventory(held, f"{name} {found}", found, "province", source, areas=reas.areas(rows), notes=notes)
