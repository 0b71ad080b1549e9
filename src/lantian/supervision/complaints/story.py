"""The example's complaints 示例: invented letters about invented sites, some of them of cases that stand already.

Everything follows from a seed. People and telephones are invented and say so.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from lantian.supervision.complaints.complaint import Given
from lantian.supervision.events import BEIJING

MARK = "示例"
_CHANNELS = ("12369 电话", "微信", "网上", "来信")
_SUBJECTS = {
    "construction": ("住宅项目工地", "管线改造工地", "学校扩建工地"),
    "muck": ("渣土运输车队",),
    "industry": ("铸造厂", "化工有限公司", "建材有限公司"),
    "scattered": ("木器加工点", "小塑料厂"),
    "catering": ("烧烤店", "饭店"),
    "burning": ("村地块",),
    "loose_coal": ("煤炭销售点",),
    "roads": ("路段",),
}
_TEXTS = {
    "construction": (
        "工地土方没有覆盖，刮风就是一阵扬尘",
        "半夜还在施工，裸土不盖，阳台上一层土",
        "工地围挡坏了，施工扬尘直往小区里飘",
    ),
    "muck": ("渣土车不苫盖，一路遗撒", "夜里拉土的渣土车一辆接一辆，路上全是土"),
    "industry": ("工厂晚上偷排，刺鼻的废气熏得人头疼", "化工异味又来了，烟囱冒烟", "铸造车间废气不处理就往外排"),
    "scattered": ("小作坊喷漆，味道很大", "小塑料作坊没有手续，天天生产"),
    "catering": ("烧烤油烟直接往楼上冲", "饭店油烟管道对着居民窗户"),
    "burning": ("有人烧秸秆，浓烟滚滚", "地里烧垃圾，呛得很"),
    "loose_coal": ("有人卖散煤，没有手续", "村里还在烧蜂窝煤取暖"),
    "roads": ("大车一过尘土飞扬，从来不洒水", "道路扬尘严重，积尘很厚"),
}
_AGAIN = ("还是没人管", "已经反映过一次", "希望尽快处理", "请尽快派人查看", "")
_REPLIES = (
    "经核查属实，已责令整改并立案，整改情况将继续跟踪。",
    "经现场检查，问题属实，当日已完成整改。",
    "经两次检查未发现所反映的问题，将加强巡查。",
)
_FIRMS = ("永兴", "恒通", "盛源", "宏达", "顺发", "柳林")


@dataclass(frozen=True)
class Told:
    """A complaint with what became of it: the case it was linked to, when; its answer, when."""

    given: Given
    number: str | None = None
    linked_at: datetime | None = None
    answer: str | None = None
    answered_at: datetime | None = None


def tell(
    counties: Mapping[str, tuple[str, float, float]],
    cases: Sequence[Mapping[str, Any]],
    until: datetime,
    *,
    seed: int = 2016,
    free: int = 120,
    days: int = 60,
) -> list[Told]:
    """Tell the complaints up to a moment.

    Args:
        counties: code of a county -> its name and a point in it.
        cases: standing cases that began with a complaint: ``number, subject, address, region, lon, lat, category,
            opened_at``.
        free: how many problems without a case, each with one to four letters, over the last ``days``.
    """
    chance = random.Random(f"{seed} complaints")  # noqa: S311 (a story, not a secret)
    found = [one for case in cases for one in _of_case(case, chance)]
    codes = sorted(counties)
    for _ in range(free if codes else 0):
        found += _problem(chance.choice(codes), counties, until, days, chance)
    known = sorted((one for one in found if one.given.received_at < until), key=lambda one: one.given.received_at)
    return [_numbered(number, one, until) for number, one in enumerate(known, 1)]


def _of_case(case: Mapping[str, Any], chance: random.Random) -> Iterator[Told]:
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = case["opened_at"] - timedelta(hours=chance.randint(3, 90))
        given = _letter(case, at, chance)
        yield Told(given, case["number"], case["opened_at"], *_reply(at, chance))


def _problem(
    code: str, counties: Mapping[str, tuple[str, float, float]], until: datetime, days: int, chance: random.Random
) -> Iterator[Told]:
    name, lon, lat = counties[code]
    category = chance.choice(sorted(_SUBJECTS))
    street = chance.choice(("建设", "平安", "友谊", "胜利", "光明", "红旗"))
    place = {
        "region": code,
        "category": category,
        "subject": f"{MARK}{chance.choice(_FIRMS)}{chance.choice(_SUBJECTS[category])}",
        "address": f"{name}{MARK}{street}路{chance.randint(1, 300)}号",
        "lon": round(lon + chance.uniform(-0.02, 0.02), 5),
        "lat": round(lat + chance.uniform(-0.02, 0.02), 5),
    }
    first = (until - timedelta(days=chance.randint(0, days))).astimezone(BEIJING).date()
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
        day = first + timedelta(days=chance.randint(0, 9))
        at = datetime.combine(day, time(chance.randint(6, 22), chance.randint(0, 59)), BEIJING)
        yield Told(_letter(place, at, chance), None, None, *_reply(at, chance))


def _letter(place: Mapping[str, Any], at: datetime, chance: random.Random) -> Given:
    texts = _TEXTS.get(place["category"]) or ("污染严重，味道很大",)
    name = f"{MARK}{chance.choice('冯陈褚卫蒋沈韩杨')}{chance.choice(['某甲', '某乙', '某丙'])}"
    phone = f"199{chance.randint(0, 99_999_999):08d}"
    tail = f"，联系人{name}，电话{phone}" if chance.random() < 0.3 else ""
    moved = chance.uniform(-0.001, 0.001)
    lon, lat = place["lon"], place["lat"]
    return Given(
        id="",
        received_at=at,
        text="，".join(filter(None, (f"{place['subject']}{chance.choice(texts)}", chance.choice(_AGAIN)))) + tail,
        region=place["region"],
        channel=chance.choice(_CHANNELS),
        subject=place["subject"],
        address=place["address"],
        lon=None if lon is None else round(lon + moved, 5),
        lat=None if lat is None else round(lat + moved / 2, 5),
        name=name,
        phone=phone,
        example=True,
    )


def _reply(at: datetime, chance: random.Random) -> tuple[str | None, datetime | None]:
    if chance.random() < 0.2:
        return None, None
    return chance.choice(_REPLIES), at + timedelta(days=chance.choice((2, 4, 6, 9, 14, 24)), hours=3)


def _numbered(number: int, told: Told, until: datetime) -> Told:
    """With its number; what lies after the story's moment has not happened."""
    given = told.given
    fields = {name: getattr(given, name) for name in given.__dataclass_fields__}
    fields["id"] = f"SL{given.received_at:%Y%m%d}{number:04d}"
    answered = told.answered_at is not None and told.answered_at <= until
    linked = told.linked_at is not None and told.linked_at <= until
    return Told(
        Given(**fields),
        told.number if linked else None,
        told.linked_at if linked else None,
        told.answer if answered else None,
        told.answered_at if answered else None,
    )
