"""What a case begins with: the finding, its source and its category, checked before it is stored.

Categories are the twelve work lines of ``categories.yaml``, each with its checklist; sources say where a finding comes
from, and which of them count as found by a higher level.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import yaml

from lantian.supervision.events import CaseError


@dataclass(frozen=True, slots=True)
class Source:
    """Where a finding comes from; ``higher``: it counts as found by a higher level (新发现问题)."""

    code: str
    zh: str
    en: str
    higher: bool = False


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        source.code: source
        for source in (
            Source("inspection", "督查发现", "Inspection", higher=True),
            Source("letter", "上级交办", "Letter of a higher level", higher=True),
            Source("complaint", "12369 举报", "Complaint 12369"),
            Source("exceedance", "超标报警", "Exceedance"),
            Source("fraud", "数据造假嫌疑", "Suspected falsification"),
            Source("hot_cell", "热点网格", "Hot cell"),
            Source("burning", "焚烧告警", "Burning alert"),
            Source("department", "部门移送", "Another department"),
            Source("rebound", "死灰复燃", "Rebound"),
            Source("patrol", "日常巡查", "Daily patrol"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Category:
    """A work line 战线 with its checklist; ``department`` is who usually owns its cases."""

    code: str
    zh: str
    en: str
    department: str
    checklist: tuple[str, ...]


@cache
def categories() -> Mapping[str, Category]:
    """The twelve work lines by code."""
    text = files("lantian.supervision").joinpath("categories.yaml").read_text(encoding="utf-8")
    rows = [Category(**{**row, "checklist": tuple(row["checklist"])}) for row in yaml.safe_load(text)]
    return MappingProxyType({row.code: row for row in rows})


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Attributes:
        title: the problem in one line.
        category: code of a work line; source: code of `SOURCES`.
        region: code of the region where it is.
        subject: enterprise, site or road; address: where, in words; lon, lat: where, degrees (WGS-84).
        detail: what was seen.
        found_on: day of the finding; None: the day it is entered.
        industry, person, phone, equipment: of the subject, as far as known.
        checklist: numbers (from 0) of the checklist's points that were not met.
        round: the round of inspection; reference: number of the letter, complaint or alert it comes from.
        example: it is invented.
    """

    title: str
    category: str
    source: str
    region: str
    subject: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    detail: str = ""
    found_on: date | None = None
    industry: str = ""
    person: str = ""
    phone: str = ""
    equipment: str = ""
    checklist: tuple[int, ...] = ()
    round: str | None = None
    reference: str = ""
    example: bool = False

    def __post_init__(self) -> None:
        """Raises CaseError naming field, value, and what would be right."""
        if not self.title.strip() or len(self.title) > 120:
            raise CaseError(
                f"title {self.title[:40]!r}: expected the problem in 1 to 120 characters",
                "问题：请用 1 到 120 个字写明",
            )
        listed: tuple[tuple[str, str, Mapping[str, Category | Source]], ...] = (
            ("category", "战线", categories()),
            ("source", "来源", SOURCES),
        )
        for field, label, known in listed:
            if getattr(self, field) not in known:
                raise CaseError(
                    f"{field} {getattr(self, field)!r}: expected one of {', '.join(known)}",
                    f"{label} {getattr(self, field)}：应为{'、'.join(one.zh for one in known.values())}之一",
                )
        if not self.region:
            raise CaseError("region: missing; expected the code of the region where it is", "请选择所在区域")
        if (self.lon is None) != (self.lat is None):
            raise CaseError("lon and lat: expected both or none", "经纬度应同时填写或都不填")
        if self.lon is not None and self.lat is not None and not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise CaseError(
                f"lon {self.lon}, lat {self.lat}: expected degrees", f"经度 {self.lon}、纬度 {self.lat}：应为度数"
            )
        points = len(categories()[self.category].checklist)
        if wrong := [number for number in self.checklist if not 0 <= number < points]:
            raise CaseError(
                f"checklist {wrong[0]}: expected numbers from 0 to {points - 1}", f"检查要点 {wrong[0]}：没有这一条"
            )

    def data(self) -> dict[str, Any]:
        """As the first event of a case keeps it: what is empty is left out."""
        values = {name: value for name, value in asdict(self).items() if value not in ("", None, (), False)}
        if self.found_on:
            values["found_on"] = self.found_on.isoformat()
        if self.checklist:
            values["checklist"] = list(self.checklist)
        return values


def of_data(data: Mapping[str, Any]) -> Finding:
    """The finding that a case's first event keeps. Raises CaseError."""
    known = {field.name for field in fields(Finding)}
    values = {name: value for name, value in data.items() if name in known}
    if "found_on" in values:
        values["found_on"] = date.fromisoformat(values["found_on"])
    if "checklist" in values:
        values["checklist"] = tuple(values["checklist"])
    return Finding(**values)
