"""What a ranking was asked for, how its figures are printed, and on what they rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from lantian.assessment.periods import Period
from lantian.assessment.service import Assessment
from lantian.disclosure.documents import day_zh
from lantian.kernel.settings import TIMEZONE
from lantian.places.groups import Group
from lantian.places.regions import is_within
from lantian.standards import indices
from lantian.standards.codes import ITEMS
from lantian.standards.rounding import half_even

INDEX = "composite_index"
ITEM_OF = {"co_p95": "co", "o3_8h_p90": "o3_8h"}
"""The entry of the item registry that gives a statistic its digits."""
INTERVIEWED = 3
"""So many zones at the end of the ranking are interviewed where they are above the counties' mean; our own rule."""
_VARIANTS = {
    "2014": "2014年标准限值、六项等权",
    "2014-weighted": "2014年标准限值、加权",
    "2026": "2026年标准限值、六项等权",
    "2026-weighted": "2026年标准限值、加权",
    "hj663-2013": "HJ 663-2013 附录C",
}
_ORIGINS = {"published": "发布的日均值", "from stations": "评价站点小时值", "station": "站点小时值"}
_GRADES = {"raw": "原始数据", "reviewed": "审核数据"}
MISSING = "—"
"""Where there is no value."""
_JUDGED = ("so2", "no2", "pm10", "pm25", "co", "o3_8h")


@dataclass(frozen=True)
class Asked:
    """What a ranking was asked for; ``doubtful``: places whose days do not suffice, where others' do."""

    judge: Assessment
    group: Group
    period: Period
    known: Period
    deducted: bool
    as_of: datetime
    names: dict[str, str]
    doubtful: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """The period in words."""
        if self.period.kind != "days":
            return self.period.label_zh
        first, last = day_zh(self.period.start), day_zh(self.period.end)
        return first if first == last else f"{first}至{last}"

    def name(self, place: str) -> str:
        """What a place is called; with a star where its days do not suffice."""
        return self.names.get(place, place) + ("＊" if place in self.doubtful else "")

    def short(self, place: str) -> str:
        """The name for a chart: 北京 for 北京市."""
        name = self.names.get(place, place)
        return (name.removesuffix("市") if len(name) > 2 else name) + ("＊" if place in self.doubtful else "")

    def list(self, frame: pl.DataFrame) -> str:
        """The names of places, one after the other."""
        return "、".join(self.names.get(place, place) for place in frame["place"])

    def zones(self) -> Sequence[str]:
        """The development zones in the places that are ranked."""
        zones = [region.code for region in self.judge.places.regions("zone")]
        return [zone for zone in zones if any(is_within(zone, member) for member in self.group.members)]

    def rank(self, period: Period, by: str) -> pl.DataFrame:
        """The group's ranking over a period."""
        return self.judge.rank(self.group.members, period, by=by, deducted=self.deducted, as_of=self.as_of)


def digits(column: str, value: float | None) -> str:
    """A statistic as it is published; a dash where it is missing."""
    if value is None:
        return MISSING
    return f"{half_even(value, ITEMS[ITEM_OF.get(column, column)].decimals):f}"


def change(value: float | None) -> str:
    """A change in percent, with its sign."""
    if value is None:
        return MISSING
    return f"{value:+.1f}".replace("-", "−") if value else "0.0"


def state(here: Asked) -> str:
    """What must be said first of a period that still runs; empty of one that is over."""
    if here.known == here.period:
        return ""
    done, until = here.known.days, day_zh(here.known.end)
    return (
        f"{here.label}尚未结束：以下为截至{until}的阶段结果（已过{done}天，共{here.period.days}天），"
        "同比取上年相同日期。"
    )


def basis(ranked: pl.DataFrame, known: pl.DataFrame, here: Asked) -> Iterable[str]:
    """On what the figures rest, a sentence each."""
    moment = here.as_of.astimezone(TIMEZONE)
    span = f"{day_zh(here.known.start)}至{day_zh(here.known.end)}"
    yield f"数据截至{day_zh(moment.date())}{moment.hour}时，统计时段为{span}。"
    variant = indices.VARIANTS[known["index_variant"][0]]
    yield f"综合指数按{_VARIANTS.get(variant.name, variant.label)}计算（{variant.source.split(';')[0]}）。"
    yield "数值相同名次并列，其后名次空缺（环办〔2014〕64号、环办监测〔2018〕19号）；综合指数同比变化列“改善幅度”。"
    before = here.judge.compared(here.period, None, here.as_of)
    yield f"上年同期为{day_zh(before.start)}至{day_zh(before.end)}。"
    yield (
        "已剔除认定的沙尘天的PM10和PM2.5，优良天数比例不剔除（环办监测〔2016〕120号）。"
        if here.deducted
        else "未剔除沙尘影响。"
    )
    origins = known.group_by("origin").len().sort("len", "origin", descending=[True, False]).rows()
    said = "，".join(
        f"{count}个采用{'、'.join(_ORIGINS.get(one, one) for one in origin.split(', '))}" for origin, count in origins
    )
    yield f"参加排名的{known.height}个地区中，{said}。"
    grades = here.judge.splice(here.group.members, here.known, here.as_of)["grade"].unique().sort().to_list()
    if grades:
        yield f"数据类别：{'、'.join(_GRADES.get(grade, grade) for grade in grades)}。"
    least = min(known.select(pl.min_horizontal(f"n_{item}" for item in _JUDGED)).to_series().to_list())
    short = _insufficient(known)
    said = "。"
    if short.height:
        said = "的：全部。" if short.height == known.height else f"（标＊）的：{here.list(short)}。"
        said = f"；有效天数不足、仅供参考{said}"
    yield f"各项污染物有效天数最少为{least}天（时段共{here.known.days}天）{said}"
    absent = ranked.filter(pl.col(INDEX).is_null())
    if absent.height:
        yield f"数据不全、未参加排名的{absent.height}个：{here.list(absent)}。"
    if here.zones():
        yield f"开发区约谈名单为综合指数列开发区后{INTERVIEWED}位且高于县（市、区）平均的开发区（本办口径）。"


def doubtful(known: pl.DataFrame) -> frozenset[str]:
    """Places whose valid days do not suffice; none where nobody's do, as in a period that still runs."""
    short = _insufficient(known)
    return frozenset(short["place"]) if short.height < known.height else frozenset()


def _insufficient(known: pl.DataFrame) -> pl.DataFrame:
    return known.filter(~pl.all_horizontal(pl.col(f"valid_{item}").fill_null(False) for item in _JUDGED))
