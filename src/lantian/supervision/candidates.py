"""Lists of candidates as files: CSV, XLSX or JSON in, CSV out. The draw itself is in `draw`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from lantian.kernel.said import SaidError
from lantian.supervision import listing
from lantian.supervision.draw import STRATA, Candidate, Tag
from lantian.supervision.listing import NO, YES

TAGS: Final[tuple[Tag, ...]] = ("hot_cell", "elevated_record", "complaint")
COLUMNS: Final = {
    "id": ("id", "编号", "序号"),
    "name": ("name", "名称", "企业名称", "单位名称"),
    "region": ("region", "区划代码", "县代码", "区县代码"),
    "industry": ("industry", "行业"),
    "lon": ("lon", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
    "address": ("address", "地址"),
    "hot_cell": ("hot_cell", "热点网格"),
    "elevated_record": ("elevated_record", "监测高值"),
    "complaint": ("complaint", "信访投诉"),
    "inspected": ("inspected", "已查"),
}
"""Columns and the heads by which they are known; the first is what is written. Tags hold their weight, empty: none."""

NEEDED: Final = ("id", "name", "region")
"""Columns that a list must have."""


def read(path: Path) -> list[Candidate]:
    """Read a list of candidates; see `listing.rows` for the kinds of file.

    Raises:
        ListError: columns are missing, or rows cannot be understood; every fault is named.
        FileNotFoundError: there is no such file.
    """
    found, faults = [], []
    for line, row in listing.rows(path, COLUMNS, NEEDED):
        try:
            found.append(_candidate(row))
        except ValueError as error:
            faults.append(listing.at_line(line, error))
    listing.complain(path, faults)
    return found


def to_csv(candidates: Iterable[Candidate]) -> str:
    """The list as CSV, by id; `read` gives the same list, with the same hash."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sorted(candidates, key=lambda one: one.id):
        tags = [f"{one.tags[tag]:.12g}" if one.tags and tag in one.tags else "" for tag in TAGS]
        place = ["" if value is None else repr(float(value)) for value in (one.lon, one.lat)]
        row = [one.id, one.name, one.region, one.industry, *place, one.address, *tags, "1" if one.inspected else ""]
        writer.writerow(row)
    return out.getvalue()


def _candidate(row: Mapping[str, str]) -> Candidate:
    for name in ("id", "name", "region"):
        if not row.get(name):
            raise SaidError(f"{name}: empty; expected a text", f"{listing.chinese(COLUMNS, name)}：不能为空")
    if not (row["region"].isdigit() and len(row["region"]) in (6, 9)):
        raise listing.wrong(
            COLUMNS, "region", row["region"], "the six digits of a county (GB/T 2260)", "六位区县代码（GB/T 2260）"
        )
    tags = tags_of(row)
    lon, lat = listing.degrees("lon", row, 180), listing.degrees("lat", row, 90)
    if (lon is None) != (lat is None):
        raise SaidError("lon, lat: one of them is empty; expected both or none", "经度、纬度应同时填写或都不填")
    said = row.get("inspected", "").casefold()
    if said not in YES | NO:
        raise listing.wrong(COLUMNS, "inspected", row["inspected"], "1 or empty", " 1 或留空")
    rest = {name: row.get(name, "") for name in ("industry", "address")}
    return Candidate(row["id"], row["name"], row["region"], lon=lon, lat=lat, tags=tags, inspected=said in YES, **rest)


def _weight(tag: Tag, text: str) -> float:
    if text.casefold() in YES:
        return 1.0
    try:
        return float(text)
    except ValueError:
        raise SaidError(
            f"{tag} ({STRATA[tag][0]}): {text!r}; expected a weight above 0, or empty",
            f"{STRATA[tag][0]}“{text}”：应为大于 0 的权重，或留空",
        ) from None


def tags_of(row: Mapping[str, str]) -> dict[Tag, float]:
    """The tags of a row with their weights.

    Raises:
        ValueError: a weight is no number.
    """
    return {tag: _weight(tag, row[tag]) for tag in TAGS if row.get(tag, "").casefold() not in NO}
