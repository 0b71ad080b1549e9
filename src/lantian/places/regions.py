"""Regions and their codes after GB/T 2260.

What a code means is read from the code itself, so kind and parent can never disagree with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["province", "city", "county", "township", "zone"]

KINDS: Final[tuple[Kind, ...]] = ("province", "city", "county", "township", "zone")
"""Kinds of region, from the largest to the smallest; a zone 开发区 lies in a city or a county."""

MUNICIPALITIES: Final = frozenset({"110000", "120000", "310000", "500000"})
"""直辖市: province and city in one. Kept once, as a city without a parent, because the air is judged city by city."""

# the first two digits of GB/T 2260
_PROVINCE = "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82)"
_CODE = re.compile(f"{_PROVINCE}[0-9]{{4}}|{_PROVINCE}[0-9]{{7}}|Z{_PROVINCE}[0-9]{{6}}")
_WANTED = "six digits (GB/T 2260), nine for a township, or Z + the six digits of the parent + two digits for a zone"


@dataclass(frozen=True, slots=True)
class Region:
    """A region 行政区域, or a development zone, which ranks beside them.

    Attributes:
        code: GB/T 2260 code, for example ``110105``.
        name: Chinese name in full, for example ``朝阳区``.
        name_en: English name, empty where none is known.
        example: invented; shown with 示例.

    Raises:
        ValueError: the code is no region's code, the name is empty, or an invented region's name does not say 示例.
    """

    code: str
    name: str
    name_en: str = ""
    example: bool = False

    def __post_init__(self) -> None:
        level_of(self.code)
        if not self.name.strip():
            raise ValueError(f"region {self.code}: name is empty; expected its Chinese name")
        if self.example and "示例" not in self.name:
            raise ValueError(f"region {self.code}: name {self.name!r} of an invented region must contain 示例")

    @property
    def kind(self) -> Kind:
        """The kind that the code states."""
        return level_of(self.code)

    @property
    def parent(self) -> str | None:
        """The code of the region directly above; None for provinces and municipalities."""
        return parent_of(self.code)


def level_of(code: str) -> Kind:
    """The kind of region that a code denotes; municipalities 直辖市 are cities.

    Raises:
        ValueError: the text is no region's code; the message says what a code looks like.

    Example:
        >>> level_of("110000"), level_of("130000"), level_of("130100"), level_of("110105")
        ('city', 'province', 'city', 'county')
    """
    if not _CODE.fullmatch(code):
        raise ValueError(f"region code {code!r}: expected {_WANTED}")
    if code.startswith("Z"):
        level_of(code[1:7])
        return "zone"
    if len(code) == 9:
        level_of(code[:6])
        return "township"
    if code in MUNICIPALITIES:
        return "city"
    if code.endswith("0000"):
        return "province"
    if code[2:4] == "00":
        raise ValueError(f"region code {code!r}: no city stands between province and county; expected {_WANTED}")
    if not code.endswith("00"):
        return "county"
    if _is_heading(code):
        raise ValueError(f"region code {code!r}: a heading of GB/T 2260, not a place; use {code[:2]}0000")
    return "city"


def parent_of(code: str) -> str | None:
    """The code of the region directly above; None for provinces and municipalities.

    Counties of a municipality, and those under the province itself (third and fourth digit 90), have no city between.

    Raises:
        ValueError: as :func:`level_of`.

    Example:
        >>> parent_of("110105"), parent_of("130102"), parent_of("419001"), parent_of("Z11010501"), parent_of("110000")
        ('110000', '130100', '410000', '110105', None)
    """
    kind = level_of(code)
    if kind == "zone":
        return code[1:7]
    if kind == "township":
        return code[:6]
    if kind == "county":
        return code[:2] + "0000" if _is_heading(code[:4] + "00") else code[:4] + "00"
    if kind == "city" and code not in MUNICIPALITIES:
        return code[:2] + "0000"
    return None


def ancestors_of(code: str) -> tuple[str, ...]:
    """The codes above, nearest first.

    Example:
        >>> ancestors_of("130102001")
        ('130102', '130100', '130000')
    """
    above: list[str] = []
    parent = parent_of(code)
    while parent is not None:
        above.append(parent)
        parent = parent_of(parent)
    return tuple(above)


def is_within(code: str, region: str) -> bool:
    """Whether ``code`` is ``region`` or lies in it.

    Example:
        >>> is_within("110105", "110000"), is_within("110105", "110105"), is_within("110000", "110105")
        (True, True, False)
    """
    level_of(region)
    return code == region or region in ancestors_of(code)


def _is_heading(code: str) -> bool:
    """Whether a code ending in 00 only groups counties: of a municipality (市辖区, 县), or under the province."""
    return code[2:4] == "90" or (code[:2] + "0000" in MUNICIPALITIES and code[2:4] != "00")
