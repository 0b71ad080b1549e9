"""Sites 检查对象: an enterprise, workshop or yard as the register holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from lantian.kernel.said import SaidError
from lantian.supervision.draw import Tag

Status = Literal["active", "banned", "moved"]

STATUSES: Final[dict[Status, tuple[str, str]]] = {
    "active": ("在册", "active"),
    "banned": ("已取缔", "banned"),
    "moved": ("已搬迁", "moved"),
}
"""Where a site stands, Chinese and English."""


@dataclass(frozen=True)
class Site:
    """One site.

    Attributes:
        id: stays the same; draws and cases name it.
        region: code of the county or township.
        person: legal person or owner; ``phone``: one number or several; parts may be hidden by ``*``.
        credit_code: 统一社会信用代码; empty where there is none, as with most scattered workshops 散乱污.
        equipment: as somebody wrote it, for example ``注塑机3台、破碎机1台``.
        park: industrial park or estate.
        status_on: the day since which ``status`` holds, for example of the ban 取缔.
        since: the day from which it is known to work; None: not known.
        tags: why it is looked at more closely, with weights; see `draw`.
        example: invented; shown with 示例.
    """

    id: str
    name: str
    region: str
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    industry: str = ""
    person: str = ""
    phone: str = ""
    credit_code: str = ""
    equipment: str = ""
    park: str = ""
    status: Status = "active"
    status_on: date | None = None
    since: date | None = None
    tags: dict[Tag, float] = field(default_factory=dict)
    example: bool = False

    def __post_init__(self) -> None:
        """Refuse a site that nobody could find again."""
        if not self.id.strip() or not self.name.strip() or not self.region.strip():
            raise SaidError(
                f"site {self.id!r}, {self.name!r}, {self.region!r}: expected id, name and region",
                f"对象“{self.id}”“{self.name}”“{self.region}”：编号、名称、区划代码都要有",
            )
        if self.status not in STATUSES:
            raise SaidError(
                f"site {self.id}, status: {self.status!r}; expected one of {', '.join(STATUSES)}",
                f"对象 {self.id} 状态“{self.status}”：应为 {'、'.join(zh for zh, _ in STATUSES.values())} 之一",
            )
        if (self.lon is None) != (self.lat is None):
            raise SaidError(
                f"site {self.id}: lon {self.lon}, lat {self.lat}; expected both or none",
                f"对象 {self.id}：经度、纬度应同时填写或都不填",
            )
        if self.lon is not None and self.lat is not None and not (abs(self.lon) <= 180 and abs(self.lat) <= 90):
            raise SaidError(
                f"site {self.id}: lon {self.lon}, lat {self.lat}; expected degrees",
                f"对象 {self.id}：经度 {self.lon}、纬度 {self.lat} 应为度数",
            )
