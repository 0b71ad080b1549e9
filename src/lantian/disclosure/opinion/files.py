"""Messages as they come: CSV, XLSX and JSON lists, or objects of the HTTP interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from lantian.kernel.said import Said
from lantian.supervision import listing
from lantian.supervision.events import BEIJING

COLUMNS: Final[listing.Columns] = {
    "id": ("id", "编号", "序号"),
    "received": ("received", "received_at", "时间", "发布时间", "来信时间"),
    "text": ("text", "内容", "正文", "来信内容"),
    "channel": ("channel", "渠道", "平台", "来源"),
    "place": ("place", "region", "地区", "区域", "地点"),
}
LONGEST: Final = 4000


@dataclass(frozen=True)
class Sent:
    """A message as it came; ``place`` as stated, code or name."""

    id: str
    received_at: datetime
    text: str
    channel: str = ""
    place: str = ""


def read(path: Path) -> list[Sent]:
    """Messages of a file. Raises listing.ListError with every fault; then nothing is taken."""
    found: list[Sent] = []
    faults: list[Said] = []
    for line, row in listing.rows(path, COLUMNS, ("id", "received", "text")):
        try:
            found.append(of_row(row))
        except ValueError as error:
            faults.append(listing.at_line(line, error))
    listing.complain(path, faults)
    return found


def of_row(row: Mapping[str, str]) -> Sent:
    """A message of its fields as text. Raises SaidError naming field, value and what would be right."""
    for name, most in (("id", 80), ("text", LONGEST)):
        if not 0 < len(row.get(name, "")) <= most:
            value = row.get(name, "")[:30]
            raise listing.wrong(COLUMNS, name, value, f"1 to {most} characters", f" 1 至 {most} 字")
    try:
        at = datetime.fromisoformat(row["received"].replace("/", "-"))
    except ValueError:
        wanted = ("a time such as 2016-12-16 08:30 (Beijing)", "北京时间，如 2016-12-16 08:30")
        raise listing.wrong(COLUMNS, "received", row["received"], *wanted) from None
    at = at if at.tzinfo else at.replace(tzinfo=BEIJING)
    channel = row.get("channel", "")
    return Sent(f"{channel}:{row['id']}" if channel else row["id"], at, row["text"], channel, row.get("place", ""))
