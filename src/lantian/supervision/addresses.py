"""Addresses as offices write them, taken apart: from the province to the number, the yard and the way to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lantian.supervision import identity

_PARTS: Final = (
    ("province", re.compile(r"([^省市区县]{2,3}省|[^省市县]{2,6}自治区|(?:北京|天津|上海|重庆)市?(?=[^路街大道]))")),
    ("city", re.compile(r"([^省市县区镇乡村路街]{2,6}?(?:市|地区|自治州|盟))")),
    (
        "county",
        re.compile(
            r"([^市县区镇乡村路街号]{1,6}?(?:县|旗|市|(?<!工业)(?<!开发)(?<![园小社矿厂])(?<!生活)(?<!高新)(?<!示范)区))"
        ),
    ),
    ("zone", re.compile(r"((?:[^镇乡村路街号]{2,8}?(?:开发区|工业区|工业园区?|产业园区?|示范区|园区|高新区))+)")),
    ("township", re.compile(r"([^镇乡村路街号]{1,5}?(?:镇|乡|街道办事处|街道办|街道|办事处))")),
    (
        "village",
        re.compile(
            r"([^村路号]{1,6}?(?:村民委员会|村委会|村|社区居委会|社区|居委会)|[^村路街号]{1,4}?(?:庄|营|屯|堡|寨))"
        ),
    ),
    ("road", re.compile(r"([^路街号院米]{1,8}?(?:大街|大道|公路|国道|省道|县道|胡同|路|街|巷)(?:[东西南北中]段)?)")),
)
_TAILS: Final = re.compile(r"(?:村民委员会|村委会|村|社区居委会|社区|居委会|街道办事处|街道办|街道|办事处|镇|乡)$")
_NUMBER: Final = re.compile(r"(\d+(?:-\d+)?)(?:号|#)")
_OFFSET: Final = re.compile(
    r"(?:往|向|以)?([东西南北]{1,2})(?:侧|面|边|头|行)?(?:约)?(\d+(?:\.\d+)?)(米|m|公里|千米|km|里)"
)
_HUNDREDS: Final = re.compile(r"(\d)(百|千)(?=米)")
_SIDE: Final = re.compile(r"([东西南北]{1,2})(?:侧|面|边|头|口|邻)")
_YARD: Final = re.compile(
    r"(?:原|旧|废弃)([^路号东西南北]{0,12}?(?:厂|公司|学校|小学|中学|供销社|粮站|砖窑|大队|养殖场|仓库|站))"
)
_INSIDE: Final = re.compile(r"([^路号东西南北侧]{2,12}?)(?:大?院内|院里|院)")


@dataclass(frozen=True)
class Address:
    """An address in parts; empty where it does not say. ``offsets``: direction and metres (None: only the side)."""

    text: str
    province: str = ""
    city: str = ""
    county: str = ""
    zone: str = ""
    township: str = ""
    village: str = ""
    road: str = ""
    number: str = ""
    yard: str = ""
    offsets: tuple[tuple[str, float | None], ...] = ()
    rest: str = ""

    @property
    def locality(self) -> str:
        """Village, else road: the smallest named place; empty where there is neither."""
        return self.village or self.road

    @property
    def door(self) -> str:
        """The place and what stands for the door: number, yard, or a distance from a landmark; empty without both."""
        exact = self.number or self.yard or "".join(f"{way}{metres:g}" for way, metres in self.offsets if metres)
        return f"{self.locality}/{exact}" if self.locality and exact else ""


@lru_cache(maxsize=200_000)
def address(text: str) -> Address:
    """Take an address apart; what is not understood stays in ``rest``.

    Example:
        >>> found = address("河北省石家庄市藁城区廉州镇张家庄村东头往北２００米路西（原兴达砖厂院内）")
        >>> found.county, found.township, found.village, found.offsets[0], found.yard
        ('藁城区', '廉州', '张家庄', ('北', 200.0), '兴达砖')
    """
    whole = identity.digits(identity.plain(text))
    inside = "".join(re.findall(r"\(([^()]*)\)", whole))
    whole = _HUNDREDS.sub(lambda found: found[1] + ("00" if found[2] == "百" else "000"), whole)
    rest = re.sub(r"[^\w#\-.]", "", re.sub(r"\([^()]*\)", "", whole))
    parts: dict[str, str] = {}
    for name, pattern in _PARTS:
        if found := pattern.match(rest):
            parts[name], rest = found[1], rest[found.end() :]
    number = _NUMBER.search(rest)
    rest = rest.replace(number[0], "", 1) if number else rest
    offsets: list[tuple[str, float | None]] = []
    for way, length, unit in _OFFSET.findall(rest):
        offsets.append((way, float(length) * {"公里": 1000, "千米": 1000, "km": 1000, "里": 500}.get(unit, 1)))
    rest = _OFFSET.sub("", rest)
    yard = next(
        (hit for pattern in (_YARD, _INSIDE) for where in (rest, inside) if (hit := pattern.search(where))), None
    )
    rest = rest.replace(yard[0], "", 1) if yard else rest
    offsets += [(way, None) for way in _SIDE.findall(rest)]
    named = yard[1] if yard else ""
    return Address(
        text=whole,
        **{key: parts.get(key, "") for key in ("province", "city", "county", "zone", "road")},
        township=_TAILS.sub("", parts.get("township", "")),
        village=_TAILS.sub("", parts.get("village", "")) or parts.get("village", ""),
        number=number[1] if number else "",
        yard=re.sub("(?:厂|公司|院)$", "", named),
        offsets=tuple(offsets),
        rest=_SIDE.sub("", rest),
    )
