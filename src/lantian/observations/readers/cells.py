"""From the text of cells to values: numbers, words, missing marks, units and rules, with a reason for every refusal."""

import re
import unicodedata
from dataclasses import dataclass, field

import polars as pl

from lantian.observations import words
from lantian.observations.readers import units
from lantian.observations.rules import Resolution, judge

MISSING_WORDS = frozenset(
    ("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", "---", "—", "——", "_", "/", "\\n", ".", "*",
     "无", "缺", "缺测", "缺失", "无效", "无数据", "停电", "故障")
)  # fmt: skip
"""Cells that say "no value", in lower case, half width, without blanks around."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")

_POINTS = ("n", "nne", "ne", "ene", "e", "ese", "se", "sse", "s", "ssw", "sw", "wsw", "w", "wnw", "nw", "nnw")
_POINTS_ZH = (
    "北", "北东北", "东北", "东东北", "东", "东东南", "东南", "南东南",
    "南", "南西南", "西南", "西西南", "西", "西西北", "西北", "北西北",
)  # fmt: skip
WIND_WORDS: dict[str, float | None] = {
    **{word: 22.5 * n for n, word in enumerate(_POINTS)},
    **{word: 22.5 * n for n, word in enumerate(_POINTS_ZH)},
    **{word + "风": 22.5 * n for n, word in enumerate(_POINTS_ZH)},
    # The other usual spelling of the half points: 东北偏北 and so on.
    "东北偏北": 22.5, "东北偏东": 67.5, "东南偏东": 112.5, "东南偏南": 157.5,
    "西南偏南": 202.5, "西南偏西": 247.5, "西北偏西": 292.5, "西北偏北": 337.5,
    # Calm air has no direction.
    "c": None, "cv": None, "calm": None, "静风": None, "微风": None,
}  # fmt: skip
"""Wind points (16), English and Chinese, in degrees from which the wind blows; north is 0."""

LEVEL_WORDS: dict[str, float | None] = {
    word: float(number)
    for number, names in enumerate(
        (("优", "一级", "i", "i级"), ("良", "二级", "ii", "ii级"), ("轻度污染", "三级", "iii", "iii级", "轻度"),
         ("中度污染", "四级", "iv", "iv级", "中度"), ("重度污染", "五级", "v", "v级", "重度"),
         ("严重污染", "六级", "vi", "vi级", "严重")), start=1,
    )
    for word in names
}  # fmt: skip
"""AQI levels by word, 1 优 to 6 严重污染."""

_WORDS = {"wind_direction": WIND_WORDS, "level": LEVEL_WORDS}
_NOT_A_NUMBER = {
    "wind_direction": words.NO_DIRECTION,
    "level": words.NO_LEVEL,
}


@dataclass
class Cells:
    """Values (Float64, null = missing or refused) and what was refused: masks with reasons; codes and zeros taken as
    missing.
    """

    values: pl.Series
    faults: list[tuple[pl.Series, str]] = field(default_factory=list)
    codes: int = 0
    zeros: int = 0


def numbers(raw: pl.Series, known: dict[str, float | None] | None = None) -> tuple[pl.Series, pl.Series]:
    """Text to Float64 and a mask of what is neither a number, nor a missing mark, nor one of `known`.

    Full-width digits and blanks inside the cell's ends are accepted; `1,234`, `12 ug`, `<5` and `inf` are not: they
    need a person.
    """
    values = raw.cast(pl.Float64, strict=False)
    odd = raw.is_not_null() & ~values.is_finite().fill_null(value=False)
    if not odd.any():
        return values, odd
    texts = raw.filter(odd).unique().to_list()
    meaning: dict[str, float | None] = {}
    bad: list[str] = []
    for text in texts:
        bare = unicodedata.normalize("NFKC", text).strip().lower()
        if _NUMBER.fullmatch(bare):
            meaning[text] = float(bare)
        elif known is not None and bare in known:
            meaning[text] = known[bare]
        elif bare not in MISSING_WORDS:
            bad.append(text)
    table = pl.DataFrame(
        {"raw": texts, "value": [meaning.get(t) for t in texts]}, schema={"raw": pl.String, "value": pl.Float64}
    )
    found = pl.DataFrame({"raw": raw.filter(odd)}).join(table, on="raw", how="left", maintain_order="left")["value"]
    values = values.scatter(odd.arg_true(), found)
    return values, raw.is_in(bad).fill_null(value=False)


def read(raw: pl.Series, item: str, resolution: Resolution, dates: pl.Series, unit: str | None = None) -> Cells:
    """Read the cells of one item: text to values in our unit, judged by the rule of the item.

    `dates` are the local days, for the reference state of gases given as mixing ratios. `unit` as written in the file;
    None means ours.
    """
    values, bad = numbers(raw, _WORDS.get(item))
    converted = units.convert(values, item, unit, dates)
    if isinstance(converted, str):
        refused = raw.is_not_null() & (values.is_not_null() | bad)
        return Cells(pl.repeat(None, len(raw), eager=True, dtype=pl.Float64), [(refused, converted)])
    judged = judge(converted, item, resolution, written=values)
    faults = list(judged.faults)
    if bad.any():
        faults.append((bad, _NOT_A_NUMBER.get(item, words.NO_NUMBER).say()))
    return Cells(judged.values, faults, judged.codes, judged.zeros)
