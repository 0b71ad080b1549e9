"""Lists of sites as files: CSV, XLSX or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from lantian.kernel.said import SaidError
from lantian.places.regions import level_of
from lantian.supervision import listing
from lantian.supervision.candidates import COLUMNS as OF_CANDIDATES
from lantian.supervision.candidates import NEEDED, tags_of
from lantian.supervision.listing import NO, YES
from lantian.supervision.sites import STATUSES, Site, Status

COLUMNS: Final = {
    **{name: heads for name, heads in OF_CANDIDATES.items() if name != "inspected"},
    "person": ("person", "负责人", "法人", "法定代表人", "经营者"),
    "phone": ("phone", "电话", "联系电话"),
    "credit_code": ("credit_code", "统一社会信用代码", "信用代码"),
    "equipment": ("equipment", "设备", "主要设备"),
    "park": ("park", "园区", "工业园"),
    "status": ("status", "状态"),
    "status_on": ("status_on", "状态日期", "取缔日期"),
    "since": ("since", "投产日期"),
    "example": ("example", "示例"),
}
"""Columns and the heads by which they are known."""

_STATUS: Final[dict[str, Status]] = {
    **{word: name for name, words in STATUSES.items() for word in (name, *words)},
    "": "active",
    "取缔": "banned",
    "搬迁": "moved",
}


def read(path: Path) -> list[Site]:
    """Read a list of sites; see `listing.rows` for the kinds of file.

    Raises:
        ListError: columns are missing, an id stands there twice, or rows cannot be understood; every fault is named.
        FileNotFoundError: there is no such file.
    """
    found: dict[str, Site] = {}
    faults = []
    for line, row in listing.rows(path, COLUMNS, NEEDED):
        try:
            site = _site(row)
            if site.id in found:
                raise SaidError(
                    f"id: {site.id!r} stood there before; expected each once", f"编号“{site.id}”前面已有，应各不相同"
                )
            found[site.id] = site
        except ValueError as error:
            faults.append(listing.at_line(line, error))
    listing.complain(path, faults)
    return list(found.values())


def _site(row: Mapping[str, str]) -> Site:
    try:
        level_of(row.get("region", ""))
    except ValueError as error:
        raise SaidError(str(error), f"区划代码“{row.get('region', '')}”：应为六位区划代码（GB/T 2260）") from None
    status = _STATUS.get(row.get("status", "").casefold())
    if status is None:
        known = ", ".join(filter(None, _STATUS))
        raise listing.wrong(COLUMNS, "status", row["status"], f"one of {known}", f"{known} 之一")
    if row.get("example", "").casefold() not in YES | NO:
        raise listing.wrong(COLUMNS, "example", row["example"], "1 or empty", " 1 或留空")

    def text(name: str) -> str:
        return row.get(name, "")

    return Site(
        id=text("id"),
        name=text("name"),
        region=text("region"),
        address=text("address"),
        lon=listing.degrees("lon", row, 180),
        lat=listing.degrees("lat", row, 90),
        industry=text("industry"),
        person=text("person"),
        phone=text("phone"),
        credit_code=text("credit_code"),
        equipment=text("equipment"),
        park=text("park"),
        status=status,
        status_on=_day("status_on", row),
        since=_day("since", row),
        tags=tags_of(row),
        example=text("example").casefold() in YES - NO,
    )


def _day(name: str, row: Mapping[str, str]) -> date | None:
    text = row.get(name, "")[:10].replace("/", "-")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise listing.wrong(COLUMNS, name, row[name], "a day such as 2017-06-01", "日期，如 2017-06-01") from None
