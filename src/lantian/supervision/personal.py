"""What belongs to a person in a text: found by its form, or because the name is known, and covered by ``***``.

Numbers are found in any script (fullwidth, Chinese numerals) and with signs between the digits; better a number too
many is covered than a telephone too few. Case numbers, days, values with units and the names of enterprises stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

MASK: Final = "***"
"""What stands where something was covered."""

_BETWEEN = r"[\s\-–—.·•_*/()（）\u200b-\u200d\u2060\ufeff]{0,3}"
_NUMERALS: Final = str.maketrans("〇零一二三四五六七八九幺", "001234567891")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭郎鲁韦马苗"
    "方俞任袁柳史唐费薛雷贺倪汤罗毕郝邬安常傅齐康伍余顾孟黄萧尹姚邵汪毛狄米贝戴宋庞熊纪舒屈项祝董梁杜阮"
    "闵贾江颜郭梅盛林钟徐邱骆高夏蔡田樊胡凌霍万柯卢莫房解应丁邓郁洪包左石崔吉龚程邢裴陆荣翁段侯谷车宁仇"
    "武符刘景詹龙叶司黎薄白蒲赖卓蔺屠蒙池乔闻党翟谭劳申冉牛边尚温庄晏柴瞿阎连向古易廖耿欧沃巩聂关荆肖岳"
)
_ROLES = (
    "举报人|投诉人|反映人|来信人|来电人|联系人|当事人|负责人|法定代表人|法人代表|法人|业主|老板|经营者|"
    "实际控制人|居民|村民"
)

_NUMBERS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # mobile, with or without the country's code
        rf"(?<![0-9.])(?:(?:\+|00)?8{_BETWEEN}6{_BETWEEN})?1{_BETWEEN}[3-9](?:{_BETWEEN}\d){{9}}(?!\d)",
        # identity card, 18 and 15 digits
        rf"(?<!\d)[1-8]\d(?:{_BETWEEN}\d){{15}}{_BETWEEN}[\dXx](?![\dA-Za-z])",
        rf"(?<!\d)[1-8]\d(?:{_BETWEEN}\d){{13}}(?!\d)",
        # landline with its area, or 400 and 800
        rf"(?<![0-9.])[(（]?0\d{{2,3}}[)）]?{_BETWEEN}[1-9]\d{{2,3}}{_BETWEEN}\d{{4}}(?!\d)",
        r"(?<!\d)[48]00[\s-]?\d{3}[\s-]?\d{4}(?!\d)",
        # a local number; eight digits may be a day
        r"(?<![\d.-])(?!(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d))[2-9]\d{2,3}[\s-]?\d{4}(?![\d-])",
        # anything longer: cards, messengers, files of persons
        r"\d{9,}",
        # a place to the metre
        r"(?<![\d.])(?:7[3-9]|[89]\d|1[0-2]\d|13[0-6])\.\d{3,}(?!\d)",
        r"(?<![\d.])(?:[3-9]|[1-4]\d|5[0-4])\.\d{4,}(?!\d)",
    )
)
_FORMS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"[{_PROVINCES}]\s?[A-HJ-Za-hj-z]\s?[·•.\-\s]?\s?(?:[A-HJ-NP-Za-hj-np-z0-9]\s?){{4,6}}[学警港澳挂]?",
        r"[\w.+\-]+\s?@\s?[\w\-]+(?:\s?\.\s?[\w\-]+)+",
        r"(?i)(?:qq|微信|wechat|weixin|vx|wx)(?:号|群)?\s?(?:是|为|:|：)?\s?[a-z0-9_\-]{5,20}",
        # a home: building, unit, room
        r"\d{1,3}\s?(?:号楼|栋|幢)(?:\s?\d{1,2}\s?(?:单元|门))?(?:\s?\d{1,4}\s?(?:室|号|户)?)?",
        r"\d{1,2}\s?单元(?:\s?\d{1,4}\s?(?:室|号|户)?)?",
        r"(?<![\d办公])\d{3,4}\s?室",
    )
)
_TITLED: Final = re.compile(
    rf"[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}?(?=(?:先生|女士|小姐|同志|老师|大爷|大妈|大叔|阿姨|师傅))"
)
_IN_ROLE: Final = re.compile(
    rf"(?:{_ROLES})(?:姓名|是|为|叫|名叫)?\s?[:：]?\s?([{_SURNAMES}][\u4e00-\u9fff某×*]{{1,2}}?)"
    rf"(?=[^\u4e00-\u9fff]|$|的|在|反映|称|说|投诉|举报|电话|手机|联系|与|和|于|已|向|同意|承认|表示|及|家|等)"
)


def mask(text: str, names: Iterable[str] = ()) -> str:
    """Cover telephone, identity-card and other long numbers, plates, e-mail, messengers, homes, exact coordinates,
    people named by title or role, and the ``names`` (of people or accounts; one sign alone is no name).

    Example:
        >>> mask("张女士（１３８-0000-1234）反映渣土车京A·12345遗撒", ["李四"])
        '***女士（***）反映渣土车***遗撒'
        >>> mask("2016年12月16日 PM2.5 为 262 μg/m3，见 2016-000123")
        '2016年12月16日 PM2.5 为 262 μg/m3，见 2016-000123'
    """
    if not text:
        return text
    plain = _one_to_one(text)
    digits = plain.translate(_NUMERALS)
    found = [hit.span() for pattern in _NUMBERS for hit in pattern.finditer(digits)]
    found += [hit.span() for pattern in _FORMS for hit in pattern.finditer(plain)]
    found += [hit.span() for hit in _TITLED.finditer(plain)]
    found += [hit.span(1) for hit in _IN_ROLE.finditer(plain)]
    if known := _known(frozenset(name for name in names if name)):
        found += [hit.span() for hit in known.finditer(plain)]
    return _cover(text, found)


@lru_cache(maxsize=4096)
def _known(names: frozenset[str]) -> re.Pattern[str] | None:
    """Names in any spelling of width and case, with blanks between their signs."""
    plain = {re.sub(r"\s+", "", _one_to_one(name)) for name in names}
    wanted = sorted((one for one in plain if len(one) > 1), key=lambda one: (-len(one), one))
    if not wanted:
        return None
    return re.compile("|".join(r"[\s·•]{0,2}".join(map(re.escape, one)) for one in wanted), re.IGNORECASE)


def _one_to_one(text: str) -> str:
    """The text with fullwidth signs and digits of any script as ASCII, sign for sign."""
    return "".join(_plain(sign) for sign in text)


@lru_cache(maxsize=8192)
def _plain(sign: str) -> str:
    digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    other = unicodedata.normalize("NFKC", sign)
    return other if len(other) == 1 else sign


def _cover(text: str, found: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    at = 0
    for start, end in sorted(found):
        if end <= at:
            continue
        if start > at or not parts:
            parts += [text[at:start], MASK]
        elif parts[-1] != MASK:
            parts.append(MASK)
        at = end
    return "".join([*parts, text[at:]])
