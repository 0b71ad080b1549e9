"""Files of REAS, the Regional Emission inventory in Asia: grids of 0.25 degrees by month, and tables of provinces.

A grid's file is text: nine lines of head, one of them ``SPECIES[t/mon]``, then longitude, latitude and twelve months;
the sector stands in its name (``REASv3.2.1_SO2_INDUSTRY_2015_0.25x0.25``). A table has ``province species sector year
amount unit``, its ``TOTAL`` repeats the sum of the sectors.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from lantian.emissions.collected import Collected
from lantian.emissions.inventory import AREAS
from lantian.emissions.sectors import species_of

_SIZE: Final = 0.25
_YEAR: Final = re.compile(r"(?<!\d)(19[5-9]\d|20\d\d)(?!\d)")
_SPECIES: Final = re.compile(r"^_*(?P<species>[A-Za-z0-9.]+?)_*\s*\[\s*t(?:on)?/mon", re.IGNORECASE | re.MULTILINE)
_GRIDS: Final = {
    "POWER_PLANTS_POINT": "power", "POWER_PLANTS_NON-POINT": "power", "INDUSTRY": "industry", "ROAD_TRANSPORT": "road",
    "OTHER_TRANSPORT": "non_road", "DOMESTIC": "residential", "SOLVENTS": "solvents", "EXTRACTION": "gas_stations",
    "FERTILIZER": "fertiliser", "MANURE_MANAGEMENT": "livestock", "WASTE": "other", "MISC": "other",
}  # fmt: skip

PROVINCES: Final = {
    "北京": "110000", "天津": "120000", "河北": "130000", "山西": "140000", "内蒙古": "150000", "辽宁": "210000",
    "吉林": "220000", "黑龙江": "230000", "上海": "310000", "江苏": "320000", "浙江": "330000", "安徽": "340000",
    "福建": "350000", "江西": "360000", "山东": "370000", "河南": "410000", "湖北": "420000", "湖南": "430000",
    "广东": "440000", "广西": "450000", "海南": "460000", "重庆": "500000", "四川": "510000", "贵州": "520000",
    "云南": "530000", "西藏": "540000", "陕西": "610000", "甘肃": "620000", "青海": "630000", "宁夏": "640000",
    "新疆": "650000",
}  # fmt: skip
"""Name of a province -> its code."""
TABLE: Final = {
    "PP": "power", "IND": "industry", "ROAD": "road", "OTRA": "non_road", "RESI": "residential_coal",
    "ODOM": "heating_boilers", "FER": "fertiliser", "MM": "livestock", "HUMAN": "other", "LTRN": "other",
    "WST": "other", "PAINT": "solvents", "SLV": "solvents", "EXT": "gas_stations", "INDPRC": "chemicals", "CMB": "",
}  # fmt: skip
"""Sector of a table -> ours; CMB is shared out by `COMBUSTION`."""
COMBUSTION: Final = {
    "NMVOC": {"residential_coal": 0.75, "industry": 0.15, "heating_boilers": 0.07, "power": 0.03},
    "NH3": {"residential_coal": 1.0},
}
"""CMB: all that burns and does not drive; houses burn worst. Judgement."""


def files(path: Path) -> list[Path]:
    """The grids of a folder, or the one file."""
    some = [path] if path.is_file() else sorted(path.rglob("*0.25x0.25*"))
    return [file for file in some if file.is_file() and _grid_sector(file.name)]


def _grid_sector(name: str) -> str | None:
    upper = name.upper()
    # the longer name first: POWER_PLANTS_NON-POINT holds no POWER_PLANTS_POINT, OTHER_TRANSPORT no ROAD_TRANSPORT
    return next((sector for part, sector in _GRIDS.items() if part in upper), None)


def read(file: Path, year: int | None, into: Collected) -> int:
    """Add one grid; its year.

    Raises:
        ValueError: sector, species or year are not named, the year is another than ``year``, or lines are no such data.
    """
    sector, years = _grid_sector(file.name), _YEAR.findall(file.name)
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    head = _SPECIES.search(text)
    if sector is None or not years or head is None:
        raise ValueError(f"{file}: expected sector and year in its name, and a line SPECIES[t/mon]")
    found = int(years[-1])
    if year is not None and found != year:
        raise ValueError(f"{file}: of {found}, the others of {year}; expected one year")
    species = species_of(head["species"])
    if species is None:
        into.notes.append(f"{file.name}: {head['species']} is no species of an inventory here; left out")
        return found
    rows = [parts[:14] for line in text[head.end() :].splitlines() if len(parts := line.split()) >= 14]
    try:
        values = np.array([row for row in rows if row[0][0].isdigit() or row[0][0] in "-+."], dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"{file}: expected longitude, latitude and twelve months in each line ({error})") from error
    if values.size:
        _add(values, sector, species, into)
    return found


def _add(values: np.ndarray, sector: str, species: str, into: Collected) -> None:
    lon, lat, months = values[:, 0], values[:, 1], values[:, 2:]
    middle = np.allclose((lon / _SIZE) % 1, 0.5, atol=1e-3)
    if not middle:
        into.notes.append(f"{sector} {species}: coordinates taken for the lower left corner of the cells")
    i, j = (np.rint(at / _SIZE - (0.5 if middle else 0)).astype(int) for at in (lon, lat))
    shape = int(j.max() - j.min()) + 1, int(i.max() - i.min()) + 1
    west, south = i.min() * _SIZE, j.min() * _SIZE
    lon_edges, lat_edges = west + _SIZE * np.arange(shape[1] + 1), south + _SIZE * np.arange(shape[0] + 1)
    for month in range(12):
        cells = np.zeros(shape)
        np.add.at(cells, (j - j.min(), i - i.min()), months[:, month])
        into.add(lon_edges, lat_edges, sector, species, month + 1, cells)


def table(path: Path, year: int | None = None) -> tuple[pl.DataFrame, int]:
    """``region source species amount`` (t) of a table of provinces, and of which year: the latest if none is named.

    The sum of the sectors is compared with ``TOTAL``, which is then left out.

    Raises:
        ValueError: columns, province, species, sector or unit are unknown, the year is not there, or the sectors do not
            add up to ``TOTAL`` to 1e-5.
    """
    frame = pl.read_csv(path, infer_schema_length=None)
    needed = ("province", "species", "sector", "year", "amount", "unit")
    if missing := [name for name in needed if name not in frame.columns]:
        raise ValueError(f"{path}: columns {', '.join(missing)} missing; expected {', '.join(needed)}")
    years = sorted(frame["year"].unique().to_list())
    chosen = year if year is not None else years[-1]
    if chosen not in years:
        raise ValueError(f"{path}: nothing of {chosen}; there are {', '.join(map(str, years))}")
    known = {
        "province": {*PROVINCES},
        "sector": {*TABLE, "TOTAL"},
        "species": {name for name in frame["species"].unique() if species_of(name)},
        "unit": {name for name in frame["unit"].unique() if re.fullmatch(r"kt(NO2)?/year", name)},
    }
    for column, names in known.items():
        if strange := sorted(set(frame[column]) - names):
            raise ValueError(f"{path}: {column} {', '.join(strange)}: unknown; expected {', '.join(sorted(names))}")
    codes = {name: species_of(name) for name in known["species"]}
    rows = frame.filter(year=chosen).select(
        region=pl.col.province.replace_strict(PROVINCES),
        source="sector",
        species=pl.col.species.replace_strict(codes, return_dtype=pl.String),
        amount=pl.col.amount * 1000.0,
    )
    parts, totals = rows.filter(pl.col.source != "TOTAL"), rows.filter(pl.col.source == "TOTAL")
    sums = (
        parts.group_by("region", "species").agg(pl.col.amount.sum()).join(totals, on=["region", "species"], suffix="_t")
    )
    off = sums.filter((pl.col.amount - pl.col.amount_t).abs() > 1e-5 * pl.col.amount_t)
    if off.height:
        raise ValueError(f"{path}: sectors do not add up to TOTAL: {off.rows()}")
    return parts, int(chosen)


def areas(rows: pl.DataFrame) -> pl.DataFrame:
    """Amounts of regions by our sectors, from the rows of `table`."""
    found: dict[tuple[str, str, str], float] = {}
    for region, source, species, amount in rows.iter_rows():
        for sector, share in (COMBUSTION[species] if source == "CMB" else {TABLE[source]: 1.0}).items():
            key = region, sector, species
            found[key] = found.get(key, 0.0) + amount * share
    return pl.DataFrame([(*key, amount) for key, amount in found.items()], schema=AREAS, orient="row")
