"""Lists of complaints as hotlines send them: CSV, XLSX, JSON, with the heads known in both languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from lantian.kernel.said import Said, SaidError
from lantian.supervision import listing
from lantian.supervision.complaints.complaint import Given
from lantian.supervision.events import BEIJING

COLUMNS: Final[listing.Columns] = {
    "id": ("id", "编号", "受理编号", "举报编号", "工单号"),
    "received": ("received", "received_at", "受理时间", "举报时间", "来电时间", "时间"),
    "channel": ("channel", "渠道", "来源", "举报方式"),
    "text": ("text", "举报内容", "内容", "反映内容", "问题描述"),
    "subject": ("subject", "被举报单位", "被举报对象", "对象", "单位"),
    "address": ("address", "地址", "问题地址", "事发地址"),
    "region": ("region", "区域", "区县", "行政区", "属地"),
    "lon": ("lon", "经度"),
    "lat": ("lat", "纬度"),
    "name": ("name", "举报人", "姓名", "联系人"),
    "phone": ("phone", "电话", "联系电话", "手机"),
}
"""Columns and their heads; ``name`` and ``phone`` are kept apart."""

NEEDED: Final = ("id", "received", "text")
Where = Callable[[str, str], str | None]
"""Gives the code of a region from what the column says and from the words of the complaint; None: nobody knows."""


def read(path: Path, where: Where, *, example: bool = False) -> list[Given]:
    """Complaints of a file.

    Raises:
        ListError: every fault with line, column, value and what would be right; then nothing is taken.
    """
    found: list[Given] = []
    faults: list[Said] = []
    lines: dict[str, int] = {}
    for line, row in listing.rows(path, COLUMNS, NEEDED):
        try:
            given = _given(row, where, example)
        except ValueError as error:
            faults.append(listing.at_line(line, error))
            continue
        if given.id in lines:
            first = lines[given.id]
            twice = Said(f"id {given.id!r} stands in line {first} too; expected each once",
                         f"编号“{given.id}”与第 {first} 行重复")  # fmt: skip
            faults.append(listing.at_line(line, twice))
        lines.setdefault(given.id, line)
        found.append(given)
    listing.complain(path, faults)
    return found


def _wrong(name: str, value: str, en: str, zh: str) -> SaidError:
    return listing.wrong(COLUMNS, name, value, en, zh)


def _given(row: Mapping[str, str], where: Where, example: bool) -> Given:
    for name, most in (("id", 60), ("text", 4000), ("subject", 120), ("address", 200)):
        if len(row.get(name, "")) > most or (name in NEEDED and not row.get(name)):
            raise _wrong(name, row.get(name, "")[:30], f"1 to {most} characters", f" 1 至 {most} 字")
    stated = row.get("region", "")
    region = where(stated, f"{row.get('address', '')} {row['text']}")
    if region is None:
        raise _wrong(
            "region",
            stated,
            "the code or name of a region, or its name in address or text",
            "区域的编码或名称，或在地址、内容里写明",
        )
    lon, lat = listing.degrees("lon", row, 180), listing.degrees("lat", row, 90)
    if (lon is None) != (lat is None):
        raise SaidError("lon, lat: expected both or none", "经度、纬度应同时填写或都不填")
    texts = {name: row.get(name, "") for name in ("channel", "subject", "address", "name", "phone")}
    return Given(
        id=row["id"], received_at=_moment(row["received"]), text=row["text"], region=region, lon=lon, lat=lat,
        example=example, **texts,
    )  # fmt: skip


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise _wrong(
            "received", text, "a time such as 2016-12-16 08:30 (Beijing)", "北京时间，如 2016-12-16 08:30"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=BEIJING)
