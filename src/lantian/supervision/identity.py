"""Who it is: names of enterprises and people, telephones, equipment, brought to one form so that they can be compared.

Nothing here decides that two are the same; `rebound` weighs what this file reads. Addresses are in `addresses`. The
tables are data (identity.yaml).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

TABLES: Final[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("identity.yaml").read_text(encoding="utf-8"))

_SIMPLE: Final = str.maketrans({pair[0]: pair[1] for pair in TABLES["traditional"].split()})
EYE: Final = str.maketrans({c: group[0] for group in TABLES["confusable"] for c in group[1:]})
EAR: Final = str.maketrans({c: group[0] for group in reversed(TABLES["sound"]) for c in group[1:]})
_FORMS: Final = tuple(sorted(TABLES["forms"], key=len, reverse=True))
_TRADES: Final = re.compile("|".join(sorted(TABLES["trades"], key=len, reverse=True)))
_DIGIT: Final = {c: k % 10 for k, c in enumerate("零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖")}
_NUMERALS: Final = re.compile("[零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖十拾]+")
_REGION: Final = re.compile(
    r"(?:[\u4e00-\u9fff]{2,6}?(?:省|自治区))?(?:[\u4e00-\u9fff]{2,6}?(?:市|地区|自治州))?"
    r"(?:[\u4e00-\u9fff]{1,5}?(?:区|县|旗|市))?(?:[\u4e00-\u9fff]{1,4}?(?:镇|乡|街道))?(?:[\u4e00-\u9fff]{1,5}?村)?"
)
_MASKS: Final = re.compile(r"[*xX×某○●◯□?]")


@dataclass(frozen=True)
class Name:
    """A firm's name in parts.

    Attributes:
        text: in one form: half width, simplified, no blanks or marks.
        region: the regions before it, as written.
        core: what is its own 字号, numerals as digits; empty where it has no name of its own.
        trade: what it does, as far as the name says so.
        form: its legal form or kind.
        former: the core of the name that stands in brackets after 原.
    """

    text: str
    region: str
    core: str
    trade: str
    form: str
    former: str = ""

    @cached_property
    def eye(self) -> str:
        """The core with characters that look alike made one."""
        return self.core.translate(EYE)

    @cached_property
    def ear(self) -> str:
        """The core with characters that sound alike made one."""
        return self.eye.translate(EAR)


def plain(text: str) -> str:
    """Half width, simplified, lower case, without blanks.

    Example:
        >>> plain("鑫旺塑料製品廠（東區）Ａ１")
        '鑫旺塑料制品厂(东区)a1'
    """
    return "".join(unicodedata.normalize("NFKC", text).translate(_SIMPLE).casefold().split())


def digits(text: str) -> str:
    """Chinese numerals as digits: 二十三 is 23, 第三 is 第3.

    Example:
        >>> digits("第二十三号"), digits("三六九"), digits("十里铺")
        ('第23号', '369', '10里铺')
    """
    return _NUMERALS.sub(lambda found: _number(found[0]), text)


@lru_cache(maxsize=200_000)
def name(text: str, regions: tuple[str, ...] = ()) -> Name:
    """Take a firm's name apart.

    ``regions``: further names that may stand before it without 市, 县 (``藁城``), the longest first.

    Example:
        >>> found = name("石家庄市藁城区鑫旺塑料制品加工厂")
        >>> found.region, found.core, found.trade, found.form
        ('石家庄市藁城区', '鑫旺', '塑料制品', '加工厂')
    """
    whole = plain(text)
    former = ""
    for inside in re.findall(r"\(([^()]*)\)", whole):
        if inside.startswith(("原", "曾用名", "前身")):
            former = name(re.sub("^(原名?|曾用名|前身):?", "", inside), regions).core
    whole = re.sub(r"\([^()]*\)", "", whole)
    whole = re.sub(r"[^\w]", "", whole)
    rest = whole.removeprefix("原")
    form = next((one for one in _FORMS if rest.endswith(one) and len(rest) > len(one)), "")
    rest = rest[: len(rest) - len(form)] if form else rest
    region, rest = _region(rest, regions)
    found = list(_TRADES.finditer(rest))
    at = next((one.start() for one in found if one.start() > 0), None)
    if at is None:
        at = 0 if found else len(rest)
    core, trade = rest[:at], rest[at:]
    for word in TABLES["noise"]:
        core = core.replace(word, "") if len(word) > 1 or core == word else core
    return Name(whole, region, digits(core), trade, form, former)


def _region(text: str, regions: tuple[str, ...]) -> tuple[str, str]:
    """What comes first, as long as a name of its own is left behind it."""
    cut = 0
    while True:
        known = next((one for one in (*regions, *TABLES["provinces"]) if text.startswith(one, cut)), "")
        found = _REGION.match(text, cut)
        step = len(known) or (found.end() - cut if found else 0)
        left = text[cut + step :]
        if not step or not left or ((first := _TRADES.match(left)) and first.start() == 0 and cut + step < 4):
            return text[:cut], text[cut:]
        cut += step


@dataclass(frozen=True)
class Person:
    """A person's name; ``*`` stands for what is hidden. ``surname`` may have two characters."""

    text: str
    surname: str

    @property
    def masked(self) -> bool:
        """Whether a part is hidden."""
        return "*" in self.text

    @property
    def key(self) -> str:
        """Surname and last character; empty where either is hidden."""
        last = self.text[-1:]
        return "" if "*" in (*self.surname, last) or len(self.text) < 2 else self.surname + last


@lru_cache(maxsize=200_000)
def person(text: str) -> Person | None:
    """A person's name in one form; None where nothing is written.

    Example:
        >>> person("法人：张　小強先生"), person("欧阳*")
        (Person(text='张小强', surname='张'), Person(text='欧阳*', surname='欧阳'))
    """
    whole = re.sub(r"\(.*?\)|[^\w*×○●◯□?]", "", plain(text))
    for title in TABLES["titles"]:
        whole = whole.removeprefix(title).removesuffix(title)
    whole = _MASKS.sub("*", whole).translate(EYE)
    if not whole or set(whole) == {"*"} or whole in ("无", "不详", "未知"):
        return None
    double = next((one for one in TABLES["surnames2"] if whole.startswith(one) and len(whole) > 2), "")
    return Person(whole, double or whole[0])


@dataclass(frozen=True)
class Phone:
    """A telephone number; ``*`` stands for a hidden digit. Landlines have no area code here."""

    kind: Literal["mobile", "landline"]
    text: str

    @property
    def masked(self) -> bool:
        """Whether digits are hidden."""
        return "*" in self.text


@lru_cache(maxsize=200_000)
def phones(text: str) -> tuple[Phone, ...]:
    """The numbers in a text, each once, in their order; what is no number is left out.

    Example:
        >>> [(one.kind, one.text) for one in phones("+86 138-0000-1234、0311-88880000转8，139****5678")]
        [('mobile', '13800001234'), ('landline', '88880000'), ('mobile', '139****5678')]
    """
    whole = unicodedata.normalize("NFKC", text)
    found: dict[Phone, None] = {}
    for part in re.split(r"[、,;，；/\n或]|\s+(?=1[3-9][0-9*]{9}|[0-9*]{7,8}(?!\d))", whole):
        number = re.sub(r"(?:转|-?ext|分机).*$", "", part, flags=re.IGNORECASE)
        number = re.sub(r"[^0-9*]", "", re.sub(r"[xX×•●#]", "*", number))
        number = re.sub(r"^(?:0086|86)(?=1)", "", number)
        if re.fullmatch(r"1[3-9*][0-9*]{9}", number):
            found[Phone("mobile", number)] = None
        elif area := re.fullmatch(r"(?:0(?:10|2\d|[3-9]\d\d))?([2-9*][0-9*]{6,7})", number):
            found[Phone("landline", area[1])] = None
    return tuple(found)


@dataclass(frozen=True)
class Machine:
    """Equipment of one type: how many, and its size where it is written (``4t``); None and empty where not."""

    type: str
    count: int | None = None
    size: str = ""


_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)(?:吨/?(?:小时|时|h)?|t/h|t|蒸吨|立方米?|m3|m|米|kw|千瓦|mw)")
_COUNT: Final = re.compile(r"(\d+)(?:台套|台|套|座|条|个|组|口|间|孔)")
_TYPES: Final = {word: kind for kind, words in TABLES["equipment"].items() for word in words}
_MACHINE: Final = re.compile("|".join(sorted(_TYPES, key=len, reverse=True)))


@lru_cache(maxsize=200_000)
def equipment(text: str) -> tuple[Machine, ...]:
    """The machines in a text, by type; what is written beside a machine up to the next belongs to it.

    Example:
        >>> equipment("４吨燃煤锅炉壹台、注塑机3台,破碎機")
        (Machine(type='boiler', count=1, size='4'), Machine(type='crusher', count=None, size=''), \
Machine(type='injection', count=3, size=''))
    """
    whole = digits(plain(text)).replace("两", "2")
    found: dict[str, Machine] = {}
    for clause in re.split(r"[,;、。+]|和|及", whole):
        hits = list(_MACHINE.finditer(clause))
        for k, hit in enumerate(hits):
            before = clause[hits[k - 1].end() if k else 0 : hit.start()]
            after = clause[hit.end() : hits[k + 1].start() if k + 1 < len(hits) else len(clause)]
            kind = _TYPES[hit[0]]
            counted = _COUNT.search(after) or _COUNT.search(before)
            sized = _SIZE.search(before) or _SIZE.search(_COUNT.sub("", after))
            one = Machine(kind, int(counted[1]) if counted else None, f"{float(sized[1]):g}" if sized else "")
            if kind not in found or (one.size, one.count or 0) > (found[kind].size, found[kind].count or 0):
                found[kind] = one
    return tuple(found[kind] for kind in sorted(found))


def fits(one: str, other: str) -> bool:
    """Whether two texts with hidden characters (``*``) may be the same: as long as each other, no character against.

    Example:
        >>> fits("138****1234", "13800001234"), fits("张*", "张强"), fits("张*", "李强")
        (True, True, False)
    """
    return len(one) == len(other) and all(a == b or "*" in (a, b) for a, b in zip(one, other, strict=True))


def _number(text: str) -> str:
    if not re.search("[十拾]", text) or (len(text) == 1 and text not in "十拾"):
        return "".join(str(_DIGIT[c]) for c in text)
    tens, _, ones = re.sub("拾", "十", text).partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:  # 三十十: no number, character by character
        return "".join("10" if c in "十拾" else str(_DIGIT[c]) for c in text)
    return str(10 * (_DIGIT[tens] if tens else 1) + (_DIGIT[ones] if ones else 0))
