"""Files of EDGAR, the Emissions Database for Global Atmospheric Research: one a species, year and sector, 0.1 degrees.

Named such as ``v8.1_FT2022_AP_NOx_2016_TRO_emi.nc`` or ``v50_NOx_2015_TRO_noRES.0.1x0.1.nc``; NetCDF in kg m-2 s-1 or
in tonnes, a year or twelve months; or text ``lat;lon;emission`` in t.
"""

from __future__ import annotations

import re
from calendar import monthrange
from pathlib import Path
from typing import Final

import numpy as np

from lantian.emissions.collected import ANNUAL, Collected
from lantian.emissions.meic import Cells, plain
from lantian.emissions.sectors import species_of
from lantian.places import netcdf
from lantian.places.grid import EARTH_RADIUS, Field

_SPECIES: Final = "BC|CO|NH3|NMVOC|NOx|OC|PM10|PM2\\.5|SO2"
_NAME: Final = re.compile(
    rf"(?P<version>^.*?v\d.*?)_(?P<species>{_SPECIES})_(?P<year>\d{{4}})(?:_(?P<rest>.*))?$", re.IGNORECASE
)
_SECTORS: Final = {
    "ENE": "power", "IND": "industry", "REF_TRF": "other_industry", "REF": "other_industry", "CHE": "chemicals",
    "IRO": "steel", "NFE": "other_industry", "NMM": "cement", "FOO_PAP": "other_industry", "FOO": "other_industry",
    "PAP": "other_industry", "RCO": "residential", "TRO_NORES": "road", "TRO_RES": "road_dust", "TRO": "road",
    "TNR_AVIATION_LTO": "non_road", "TNR_SHIP": "non_road", "TNR_OTHER": "non_road", "TNR": "non_road",
    "PRO_FFF": "gas_stations", "PRO": "gas_stations", "FFF": "other", "PRU_SOL": "solvents", "SOL": "solvents",
    "NEU": "other", "AGS": "fertiliser", "MNM": "livestock", "AWB": "open_burning", "SWD_INC": "other",
    "SWD_LDF": "other", "WWT": "other",
}  # fmt: skip
_ALOFT: Final = ("TNR_AVIATION_CDS", "TNR_AVIATION_CRS", "TNR_AVIATION_SPS")
"""Aircraft between the airports: high above all that the engine sees."""
_DAY: Final = 86400


def files(path: Path) -> list[Path]:
    """The files of a folder, or the one file, whose names are EDGAR's; of species that are not held here none.

    ``TOTALS`` repeats the sum of the sectors: it is left out where a sector of the same species is there.
    """
    some = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.suffix in (".nc", ".txt"))
    found = [(file, match) for file in some if (match := _NAME.search(file.name.removesuffix(file.suffix)))]
    parts = {match["species"] for _, match in found if not _is_total(match["rest"])}
    return [file for file, match in found if not (_is_total(match["rest"]) and match["species"] in parts)]


def read(file: Path, year: int | None, into: Collected) -> int:
    """Add one file; its year.

    Raises:
        ValueError: the sector is unknown, the year another than ``year``, or content or unit are none that is known.
    """
    match = _NAME.search(file.name.removesuffix(file.suffix))
    if match is None:
        raise ValueError(f"{file}: expected a name such as v8.1_FT2022_AP_NOx_2016_TRO_emi.nc")
    found = int(match["year"])
    if year is not None and found != year:
        raise ValueError(f"{file}: of {found}, the others of {year}; expected one year")
    rest = (match["rest"] or "").upper()
    if rest.startswith(_ALOFT):
        into.notes.append(f"{file.name}: aircraft aloft; left out")
        return found
    sector = "other" if _is_total(rest) else next((s for name, s in _SECTORS.items() if rest.startswith(name)), None)
    if sector is None:
        raise ValueError(f"{file}: sector {rest!r}; expected one of {', '.join(_SECTORS)}, TOTALS")
    species = species_of(match["species"])
    assert species is not None
    for month, (lon, lat, amount) in (_text(file) if file.suffix == ".txt" else _netcdf(file, found)).items():
        into.add(lon, lat, sector, species, month, amount)
    return found


def _is_total(rest: str | None) -> bool:
    upper = (rest or "").upper()
    return upper.startswith("TOTALS") or not any(c.isalpha() for c in re.sub(r"0\.1X0\.1|EMI|FLX", "", upper))


def _netcdf(file: Path, year: int) -> dict[int, Cells]:
    with netcdf.opened(file) as data:
        fields = [v for v in data.data_vars.values() if v.ndim >= 2]
        units = str(fields[0].attrs.get("units", "")) if len(fields) == 1 else ""
        lon, lat, amount = plain(file, data)
    months = amount if amount.ndim == 3 else amount[None]
    if len(months) not in (1, 12):
        raise ValueError(f"{file}: {len(months)} times; expected one or twelve months")
    lengths = [monthrange(year, month)[1] for month in range(1, 13)]  # a flux is the mean of its month, or of its year
    seconds = _DAY * np.array(lengths if len(months) == 12 else [sum(lengths)], np.float64)
    if re.fullmatch(r"kg\s*(m-2|/m2|m\^-2)\s*(s-1|/s|s\^-1)", units.strip()):
        months = months * (_area(lon, lat) * seconds[:, None, None] / 1000)
    elif units.strip().lower() not in ("tonnes", "t", "ton", "tons"):
        raise ValueError(f"{file}: unit {units!r}; expected kg m-2 s-1 or Tonnes")
    start = ANNUAL if len(months) == 1 else 1
    return {start + at: (lon, lat, month) for at, month in enumerate(months)}


def _text(file: Path) -> dict[int, Cells]:
    rows = [line.split(";")[:3] for line in file.read_text(encoding="utf-8-sig").splitlines()]
    values = np.array([row for row in rows if len(row) == 3 and _numeric(row[0])], dtype=np.float64)
    if not values.size:
        raise ValueError(f"{file}: expected lines of lat;lon;emission")
    lat, lon, amount = values.T
    size = 0.1
    # EDGAR's text names the lower left corner of a cell in some versions and its middle in others
    shift = 0.0 if np.allclose(lat / size, np.rint(lat / size), atol=1e-3) else size / 2
    j, i = np.rint((lat - shift - lat.min() + shift) / size), np.rint((lon - lon.min()) / size)
    cells = np.zeros((int(j.max()) + 1, int(i.max()) + 1))
    np.add.at(cells, (j.astype(int), i.astype(int)), amount)
    west, south = lon.min() - shift, lat.min() - shift
    ny, nx = cells.shape
    return {ANNUAL: (west + size * np.arange(nx + 1), south + size * np.arange(ny + 1), cells)}


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _area(lon: Field, lat: Field) -> Field:
    """(ny, nx) m2 of the cells."""
    return np.asarray(EARTH_RADIUS**2 * np.outer(np.diff(np.sin(np.radians(lat))), np.diff(np.radians(lon))))
