"""What an alert says: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from lantian.standards.departments import DEPARTMENTS


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of alert; ``source``: what a case that comes of it gives as its source (`supervision.findings`)."""

    code: str
    zh: str
    en: str
    source: str


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        one.code: one
        for one in (
            Kind("exceedance", "超标", "Exceedance", "exceedance"),
            Kind("fraud", "疑似造假", "Suspected falsification", "fraud"),
            Kind("burning", "露天焚烧", "Open burning", "burning"),
            Kind("vehicle", "高排放车辆", "High emitter", "exceedance"),
            Kind("manifest", "联单未到达", "Manifest without arrival", "department"),
            Kind("silent", "设备失联", "Silent device", "patrol"),
            Kind("drift", "传感器漂移或故障", "Sensor drift or failure", "patrol"),
            Kind("stale", "数据断供", "Stale feed", "patrol"),
            Kind("stranger", "未登记设备", "Unregistered device", "patrol"),
        )
    }
)
"""Every kind by code."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What a rule found.

    Attributes:
        kind: code of `KINDS`.
        subject: id of the device, site, feed, vehicle or manifest that it is about.
        key: with kind and subject what makes it the same alert: the day, the hour at which it began.
        name: of the subject, as people call it.
        region: code of the region where it is; department: who should act.
        at: when what it tells of began, aware.
        zh, en: what happened, in one sentence with the figures.
        figures: the figures themselves, JSON values.
        link: the page that shows it.
        category: work line of the case that it becomes by itself; None: a person decides whether it becomes one.
        lon, lat: where, degrees (WGS-84).
        example: it is invented.
    """

    kind: str
    subject: str
    key: str
    name: str
    region: str
    at: datetime
    zh: str
    en: str
    department: str = "ecology"
    figures: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    link: str = ""
    category: str | None = None
    lon: float | None = None
    lat: float | None = None
    example: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError naming field, value, and what would be right."""
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r}: expected one of {', '.join(KINDS)}")
        if self.department not in DEPARTMENTS:
            raise ValueError(f"department {self.department!r}: expected one of {', '.join(DEPARTMENTS)}")
        for name in ("subject", "key", "name", "region", "zh", "en"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name}: missing in an alert of kind {self.kind}")
        if self.at.tzinfo is None:
            raise ValueError(f"at {self.at.isoformat()}: expected a time with its zone")
