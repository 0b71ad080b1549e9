"""Invented citizen letters 示例 with what they are about, for the example and for measuring: everything from a seed.

The wording is not that of the families of words: some letters speak of a topic without any of its words, some use a
word of a topic and mean something else, some have a slip of the pen, some speak of no topic at all.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from lantian.supervision.events import BEIJING

_SAID: dict[str, tuple[str, ...]] = {
    "haze": (
        "今天雾霾又来了，出门什么也看不清",
        "空气质量什么时候能好转",
        "一出门就闻到霾的味道",
        "pm2.5都快三百了",
        "好几天没见过太阳了，天都是黄的",
        "重污染持续几天了还没散",
        "窗外灰蒙蒙一片",
    ),
    "dust": (
        "门口工地半夜还在干活，土都不盖",
        "渣土车一路掉土，没有苫布",
        "拆迁现场不洒水，尘土满天",
        "施工扬尘大得不敢开窗",
        "修路挖开的土堆了一个月，风一吹全进屋里",
        "裸土面积很大，没有覆盖",
    ),
    "coal": (
        "村里还在烧煤，晚上呛得睡不着",
        "煤改电之后电费太高，补贴什么时候发",
        "供暖锅炉黑烟很大",
        "有人偷偷卖散煤",
        "家里暖气不热，还不让生炉子",
        "气源不够，煤改气的壁挂炉点不着",
    ),
    "industry": (
        "化工厂夜里偷排，刺鼻的味道",
        "河边的工厂废气直排",
        "烟囱冒烟，颜色发黄",
        "钢厂周边臭味难闻",
        "一到后半夜就有一股塑料烧焦的味儿",
        "厂子白天停，晚上机器轰隆隆地开",
    ),
    "traffic": (
        "单双号限行几点开始",
        "外地车为什么可以随便进城",
        "柴油车黑烟滚滚",
        "限行以后地铁挤不上去",
        "大货车半夜从居民区穿行，尾气难闻",
        "公交车次太少，上班都迟到了",
    ),
    "school": (
        "停课期间孩子没人照看怎么办",
        "教室里能不能装净化器",
        "学校还让学生上体育课",
        "幼儿园什么时候复课",
        "娃娃们在操场跑步，家长很着急",
    ),
    "health": (
        "老人哮喘犯了，医院挤满了人",
        "孩子咳嗽半个月不好",
        "什么样的口罩有用",
        "嗓子疼得说不出话，是不是和天气有关",
        "家里有病人，经不起这样折腾",
    ),
    "catering": (
        "楼下烧烤的油烟直往家里钻",
        "饭店排烟口正对窗户，全是油烟",
        "一楼餐馆天天炒菜呛人",
        "大排档到凌晨还在营业，烟熏火燎",
    ),
    "burning": (
        "地里又在烧秸秆",
        "有人烧垃圾，黑烟几里外都能看见",
        "放鞭炮放了一夜",
        "路边环卫工点燃落叶",
        "村头的荒草被点着了",
    ),
    "response": (
        "红色预警为什么不早点发",
        "预警期间工地还在干",
        "应急措施什么时候解除",
        "停产企业名单在哪里看",
        "通知说企业要停，可机器没停",
    ),
    "data": (
        "监测站的数据是不是造假",
        "排名多久公布一次",
        "监测点为什么都在公园里",
        "网上的数字和我自己测的差一倍",
        "结果怎么不公开",
    ),
    "supervision": (
        "举报三次了没人管",
        "打12369一直占线",
        "环保局来看了一眼就走，不作为",
        "处罚结果能告诉我吗",
        "反映了好几回，都是踢皮球",
    ),
}
_OTHER = (
    "小区停水两天了", "公交司机服务态度很好，提出表扬", "路灯坏了请修一修", "医院挂号太难", "学校门口的红绿灯时间太短",
    "广场舞声音太大", "快递丢了找谁", "房产证怎么办", "地铁里捡到一个钱包", "想咨询养老金的发放时间",
)  # fmt: skip
_OPEN = ("", "", "领导您好，", "请问，", "我是普通市民，", "实在忍不住来信，")
_END = ("", "，希望尽快解决", "，请回复", "，谢谢", "！！！")
_SLIP = "的了在是有不和人这"


@dataclass(frozen=True)
class Letter:
    """A letter with the truth about it: topics (none: of no topic) and the region meant (None: no place is named)."""

    id: str
    received_at: datetime
    text: str
    topics: frozenset[str]
    region: str | None


@dataclass(frozen=True)
class Spike:
    """A topic of which much more is written on a day, in the generator's truth."""

    topic: str
    day: date
    times: float = 8.0


def write(
    regions: Mapping[str, str],
    first: date,
    days: int,
    *,
    seed: int = 2016,
    a_day: float = 14.0,
    spikes: Sequence[Spike] = (),
    slips: float = 0.08,
) -> list[Letter]:
    """Letters of so many days.

    Args:
        regions: code and name of the places that they may speak of.
        a_day: how many a day on average; on Saturdays and Sundays six tenths of it.
        spikes: days on which a topic has ``times`` as many.
        slips: share of letters with a slip of the pen.
    """
    chance = random.Random(f"{seed} letters")  # noqa: S311 (a story, not a secret)
    codes = sorted(regions)
    found: list[Letter] = []
    for back in range(days):
        day = first + timedelta(days=back)
        usual = a_day * (0.6 if day.weekday() > 4 else 1.0) / (len(_SAID) + 1)
        for topic in (*_SAID, ""):
            times = next((one.times for one in spikes if one.topic == topic and one.day == day), 1.0)
            count = _poisson(usual * times, chance)
            found += [_letter(topic, day, regions, codes, slips, chance) for _ in range(count)]
    ordered = sorted(found, key=lambda one: (one.received_at, one.text))
    return [
        Letter(f"SLX{number:06d}", one.received_at, one.text, one.topics, one.region)
        for number, one in enumerate(ordered, 1)
    ]


def _letter(
    topic: str, day: date, regions: Mapping[str, str], codes: Sequence[str], slips: float, chance: random.Random
) -> Letter:
    at = datetime.combine(day, time(chance.randint(0, 23), chance.randint(0, 59)), BEIJING)
    about = {topic} - {""}
    words = chance.choice(_SAID[topic] if topic else _OTHER)
    if topic and chance.random() < 0.15:
        other = chance.choice(sorted(_SAID))
        words = f"{words}，还有{chance.choice(_SAID[other])}"
        about.add(other)
    region = chance.choice(codes) if codes and chance.random() < 0.6 else None
    text = chance.choice(_OPEN) + (f"{regions[region]}" if region else "") + words + chance.choice(_END)
    if chance.random() < slips:
        at_sign = chance.randrange(len(text))
        text = text[:at_sign] + chance.choice(_SLIP) + text[at_sign + 1 :]
    return Letter("", at, text, frozenset(about), region)


def _poisson(mean: float, chance: random.Random) -> int:
    """A Poisson number by adding waiting times."""
    count, waited = 0, chance.expovariate(1.0)
    while waited < mean:
        count += 1
        waited += chance.expovariate(1.0)
    return count


def scored(truth: Iterator[tuple[frozenset[str], frozenset[str]]]) -> tuple[float, float]:
    """Precision and recall of pairs (said, true), counted over all labels."""
    right = said = true = 0
    for found, meant in truth:
        right += len(found & meant)
        said += len(found)
        true += len(meant)
    return right / said if said else 1.0, right / true if true else 1.0
